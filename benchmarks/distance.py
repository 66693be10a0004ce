"""A network between here and a server on this machine: a relay that hands on what it is given some milliseconds later.

`python -m benchmarks.distance TARGET MILLISECONDS` relays to that port, and prints its own.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

HOST = "127.0.0.1"


@contextmanager
def distant(port: int, milliseconds: float) -> Iterator[int]:
    """A port of this machine through which that one is so far away, for one direction."""
    command = [sys.executable, "-m", "benchmarks.distance", str(port), str(milliseconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(process.stdout.readline() if process.stdout else "")
        finally:
            process.terminate()


async def relay(target: int, seconds: float) -> None:
    """Serve until it is ended."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other_reader, other_writer = await asyncio.open_connection(HOST, target)
        await asyncio.gather(_carry(reader, other_writer, seconds), _carry(other_reader, writer, seconds))

    server = await asyncio.start_server(serve, HOST, 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    later = asyncio.get_running_loop().call_later
    try:
        while content := await reader.read(1 << 16):
            later(seconds, writer.write, content)
    except ConnectionError:
        pass  # the end of one side is the end of both
    later(seconds, writer.close)


if __name__ == "__main__":
    asyncio.run(relay(int(sys.argv[1]), float(sys.argv[2]) / 1000))
