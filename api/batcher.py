"""Requests that arrive while a transaction runs share the next one: a group commit for HTTP."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Final, Generic, TypeVar

from api.pace import Pace
from api.twins import Twins
from domain.errors import Unavailable
from handlers.batch import in_halves
from handlers.outcomes import AlreadyDone, Done, Failed, Outcome

T = TypeVar("T")

LANES: Final = 2
BATCH: Final = 100
PATIENCE: Final = 1.0
"""Seconds a request may expect to wait for its transaction; one that waits longer is sent again anyway."""


def _nobody(_item: object) -> bool:
    return False


def _no_key(_item: object) -> None:
    return None


class Batcher(Generic[T]):
    """Hands items to a handler in batches. A lone request waits for nobody; a crowd costs one commit, not many.

    ``batch`` bounds a batch, ``lanes`` the transactions at once. How many may wait follows from how fast they are
    carried (``api.pace``): who would wait longer than ``patience`` seconds is refused at once. Items that are
    ``first`` go before all others, and there is a batch's room for them when there is none left for others. Of two
    with one ``key`` at the same moment the second waits for the first (``api.twins``).
    """

    def __init__(
        self,
        run: Callable[[Sequence[T]], Awaitable[Sequence[Outcome]]],
        *,
        batch: int = BATCH,
        lanes: int = LANES,
        patience: float = PATIENCE,
        first: Callable[[T], bool] = _nobody,
        key: Callable[[T], Hashable | None] = _no_key,
    ) -> None:
        self._run = run
        self._batch = batch
        self._lanes = lanes
        self._patience = patience
        self._first = first
        self._key = key
        self._twins = Twins()
        self._pace = Pace(lanes, batch)
        self._urgent: deque[tuple[T, asyncio.Future[Outcome]]] = deque()
        self._waiting: deque[tuple[T, asyncio.Future[Outcome]]] = deque()
        self._busy = 0
        self._running: set[asyncio.Task[None]] = set()

    async def submit(self, item: T, *, patience: float = 0.0) -> Done | AlreadyDone:
        """The item's outcome. Raises what it failed with, or ``Unavailable`` when it would have to wait too long.

        ``patience`` is for who can wait longer than usual, in seconds.
        """
        key = self._key(item)
        if key is None:
            return await self._submit(item, patience)
        async with self._twins.alone(key):
            return await self._submit(item, patience)

    async def _submit(self, item: T, patience: float) -> Done | AlreadyDone:
        urgent = self._first(item)
        room = self._pace.room(max(patience, self._patience)) + (self._batch if urgent else 0)
        if len(self._waiting) + len(self._urgent) >= room:
            raise Unavailable("busy", "系统繁忙，请稍后重试", "too many requests are waiting")
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        (self._urgent if urgent else self._waiting).append((item, future))
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
        while batch := self._next():
            start = time.perf_counter()
            outcomes: Sequence[Outcome]
            try:
                outcomes = await in_halves(self._run, [item for item, _ in batch])
            except Exception as error:  # nobody may wait for an answer that never comes
                outcomes = [Failed(error)] * len(batch)
            self._pace.note(len(batch), time.perf_counter() - start)
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                if not future.done():  # the client may have hung up; its item took effect all the same
                    future.set_result(outcome)
        # in the same breath as the last look at the queue: who comes next must find the lane free
        self._busy -= 1

    def _next(self) -> list[tuple[T, asyncio.Future[Outcome]]]:
        batch = [self._urgent.popleft() for _ in range(min(self._batch, len(self._urgent)))]
        more = min(self._batch - len(batch), len(self._waiting))
        return batch + [self._waiting.popleft() for _ in range(more)]
