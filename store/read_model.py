"""What all read models share: one pool, named queries, the driver's errors translated."""

import asyncpg

from store.pool import Pool
from store.queries import sql
from store.translate import translated


class ReadModel:
    """Reads by named queries. Every method of a read model raises ``Unavailable`` when the database is away."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def _fetch(self, name: str, *values: object) -> list[asyncpg.Record]:
        with translated():
            rows: list[asyncpg.Record] = await self._pool.fetch(sql(name), *values)
            return rows
