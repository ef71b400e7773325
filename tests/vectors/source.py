"""A source that holds some records and then ends."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from streams.door import Door
from streams.raw import Raw

T = TypeVar("T")


class _List:
    """Records, a hundred at a time."""

    def __init__(self, raws: Sequence[Raw]) -> None:
        self._batches = iter([raws[at : at + 100] for at in range(0, len(raws), 100)])

    async def take(self, most: int, within: float) -> "_Taken":
        for batch in self._batches:
            return _Taken(batch)
        raise asyncio.CancelledError

    async def interrupted(self, seconds: float) -> bool:
        await asyncio.sleep(0)
        return False

    async def fail(self, reason: Exception) -> None:
        raise AssertionError("the worker stopped") from reason


@dataclass(frozen=True, slots=True)
class _Taken:
    raws: Sequence[Raw]

    def finish(self) -> None:
        """Acknowledged."""

    def drop(self) -> None:
        """Never."""
        raise AssertionError("a batch was let go")


async def through(door: Door[T], raws: Sequence[Raw]) -> None:
    """Put records through a door, and return when it has done with them all."""
    with suppress(asyncio.CancelledError):
        await door.run(_List(raws))
