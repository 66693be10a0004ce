"""Two parts on their way: one that is being sent, and the one before it, whose answer is awaited meanwhile.

An endpoint has a third of the time of a part left when its last byte has come: it reckons its checksum and writes it
down. More parts at once would be faster still, but each is one that a worker may lose half-way; of these two the
earlier has left whole, and is among the endpoint's parts when the next attempt asks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any, Self

from workers.destinations._s3_parts import Part

AT_ONCE = 2
"""Requests, each on a connection of its own."""
LEAVE_SECONDS = 1.0
"""How long a block that broke off waits for its requests: one that is just dialling cannot be hung up."""


class Line:
    """`with Line(hang_up) as line:` no request outlives the block. `hang_up` ends all connections, from any thread.

    What is called for a part runs in another thread.
    """

    def __init__(self, hang_up: Callable[[], None]) -> None:
        self._hang_up = hang_up
        self._threads = ThreadPoolExecutor(AT_ONCE, "s3-line")
        self._parts: deque[Part] = deque(maxlen=AT_ONCE)
        self._answers: set[Future[dict[str, Any]]] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            for part in self._parts:
                part.halt()
            self._hang_up()
            wait(self._answers, LEAVE_SECONDS)
        self._threads.shutdown(wait=all(answer.done() for answer in self._answers), cancel_futures=True)

    def send(self, part: Part, request: Callable[[], dict[str, Any]]) -> Future[dict[str, Any]]:
        """The answer to come; returns when the last byte has left. Raises what this or an earlier request raises."""
        while len(self._answers) == AT_ONCE:
            self._wait()
        self._parts.append(part)
        answer = self._threads.submit(request)
        self._answers.add(answer)
        while not part.gone.done() and not answer.done():
            self._wait(part.gone)
        return answer

    def settle(self) -> None:
        """Wait for all answers. Raises what a request raises."""
        while self._answers:
            self._wait()

    def _wait(self, *more: Future[None]) -> None:
        """Until something happens; an answer that is an error is raised at once, whatever else is on its way."""
        anything: list[Future[Any]] = [*self._answers, *more]
        waited = wait(anything, return_when=FIRST_COMPLETED)
        for answer in self._answers & waited.done:
            self._answers.discard(answer)
            answer.result()
