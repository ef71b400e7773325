"""Stored cases for a replay: filed ones, with the components they name, batch by batch in one reading transaction."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.asset import Asset
from domain.case import Case
from store.assets import Assets
from store.codec import decode_case
from store.pool import Pool
from store.queries import sql
from store.translate import translated

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class FiledBatch:
    """Cases, and by code the components they are about."""

    cases: Sequence[Case]
    assets: Mapping[str, Asset]


async def filed_since(pool: Pool, since: datetime, most: int) -> AsyncIterator[FiledBatch]:
    """The newest ``most`` filed cases reported since a time. Raises ``Unavailable`` when the database is away."""
    with translated():
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            assets = Assets(connection)
            cursor = await connection.cursor(sql("cases_filed_since"), since, most)
            while rows := await cursor.fetch(_AT_ONCE):
                cases = [decode_case(row["doc"]) for row in rows]
                codes = sorted({case.component for case in cases if case.component})
                yield FiledBatch(cases, await assets.known(codes) if codes else {})
