"""A worker process reduced to its login: `token_holder.py <connection> <barrier> <seconds of the lease>`.

It says `ready`, waits until the barrier is there, and tries the connection.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from pathlib import Path

from longshore.db import reading
from longshore.models import Connection
from workers import tokens
from workers.connect import open_destination


def main(connection_id: str, barrier: Path, lease: float) -> None:
    tokens.LEASE = timedelta(seconds=lease)
    with reading() as session:
        destination = open_destination(session.get_one(Connection, connection_id))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while not barrier.exists():
        time.sleep(0.01)
    sys.stdout.write(destination.test().account)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
