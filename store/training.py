"""Texts for training the classifier: what callers wrote, with the category that people decided or confirmed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from store.pool import Pool
from store.queries import sql
from store.translate import translated

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class TrainingText:
    """One report's words and the category key of its case; reports of one case speak of one matter."""

    report: UUID
    case: UUID
    category: str
    text: str


async def training_texts(pool: Pool, since: datetime) -> AsyncIterator[TrainingText]:
    """The texts of cases that changed at ``since`` or later. Raises ``Unavailable`` when the database is away."""
    with translated():
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            async for row in connection.cursor(sql("training_texts"), since, prefetch=_AT_ONCE):
                yield TrainingText(row["id"], row["case_id"], row["category"], row["text"])
