"""What has happened is told to the world: settled events leave in commit order, by one process at a time."""

from collections.abc import Awaitable, Callable, Sequence

from store.events import Entry
from store.seat import Seat

__all__ = ["Entry", "Publish", "Seat", "announce"]

Publish = Callable[[Sequence[Entry]], Awaitable[None]]


async def announce(seat: Seat, publish: Publish, limit: int = 1000) -> int:
    """Publish the next batch of settled events, then note it; returns how many.

    ``publish`` returns only when the broker has them all. If it fails, nothing is noted and the batch is told again:
    consumers know repeats by (subject, version).
    """
    entries = await seat.next(limit)
    if entries:
        await publish(entries)
        await seat.done(entries)
    return len(entries)
