"""Requests that arrive while a transaction runs share the next one: a group commit for HTTP."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from domain.errors import Unavailable
from handlers.batch import in_halves
from handlers.outcomes import AlreadyDone, Done, Failed, Outcome

T = TypeVar("T")


class Batcher(Generic[T]):
    """Hands items to a handler in batches. A lone request waits for nobody; a crowd costs one commit, not many.

    ``batch`` bounds a batch, ``lanes`` the transactions at once, ``room`` the requests that may wait; above it a
    request is refused at once, because one that waits long is sent again anyway.
    """

    def __init__(
        self,
        run: Callable[[Sequence[T]], Awaitable[Sequence[Outcome]]],
        *,
        batch: int = 100,
        lanes: int = 2,
        room: int = 2000,
    ) -> None:
        self._run = run
        self._batch = batch
        self._lanes = lanes
        self._room = room
        self._waiting: deque[tuple[T, asyncio.Future[Outcome]]] = deque()
        self._busy = 0
        self._running: set[asyncio.Task[None]] = set()

    async def submit(self, item: T) -> Done | AlreadyDone:
        """The item's outcome. Raises what it failed with, or ``Unavailable`` when there is no room."""
        if len(self._waiting) >= self._room:
            raise Unavailable("busy", "系统繁忙，请稍后重试", "too many requests are waiting")
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._busy < self._lanes:
            self._busy += 1
            lane = asyncio.create_task(self._drain())
            self._running.add(lane)  # the loop itself holds tasks only weakly
            lane.add_done_callback(self._running.discard)
        outcome = await future
        if isinstance(outcome, Failed):
            raise outcome.error
        return outcome

    async def _drain(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(self._batch, len(self._waiting)))]
            outcomes: Sequence[Outcome]
            try:
                outcomes = await in_halves(self._run, [item for item, _ in batch])
            except Exception as error:  # nobody may wait for an answer that never comes
                outcomes = [Failed(error)] * len(batch)
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                if not future.done():  # the client may have hung up; its item took effect all the same
                    future.set_result(outcome)
        # in the same breath as the last look at the queue: who comes next must find the lane free
        self._busy -= 1
