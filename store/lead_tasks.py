"""Who had to act in past cases, for learning whom to send next."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from store.pool import Pool
from store.queries import sql
from store.translate import translated

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class LeadTask:
    """A unit that led a case to its result, or sent it back. ``areas`` are codes from the city down."""

    category: str
    areas: tuple[str, ...]
    unit: str
    sent_back: bool
    offered_at: datetime


async def lead_tasks(pool: Pool, since: datetime) -> AsyncIterator[LeadTask]:
    """Lead tasks offered at ``since`` (aware) or later, the oldest first, each unit of a case once for either outcome.

    Category and area are the case's as it stands now, corrected where people corrected them. Raises ``Unavailable``
    when the database is away.
    """
    with translated():
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            async for row in connection.cursor(sql("lead_tasks"), since, prefetch=_AT_ONCE):
                areas = tuple(code for code in row["area"].split("/") if code)
                yield LeadTask(row["category"], areas, row["unit"], row["sent_back"], row["offered_at"])
