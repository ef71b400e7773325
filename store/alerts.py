"""Messages to the public, for the doors. Not scoped as other views are: what was told to everybody is no secret."""

import asyncpg
import msgspec

from domain.bulletin import Bulletin
from store.pool import Pool
from store.queries import sql
from store.translate import translated

_bulletins = msgspec.json.Decoder(Bulletin)


class Alerts:
    """The messages on one pool. Raises ``Unavailable`` when the database is away."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def standing(self) -> list[Bulletin]:
        """What is warned of now: of each open case its last message, unless that was cancelled or has expired."""
        return await self._fetch("view_alerts")

    async def of_case(self, no: str) -> list[Bulletin]:
        """Every message of a case, the first first; none where there is no such case or it has told nothing."""
        return await self._fetch("view_alerts_of_case", no)

    async def _fetch(self, name: str, *values: object) -> list[Bulletin]:
        with translated():
            rows: list[asyncpg.Record] = await self._pool.fetch(sql(name), *values)
        return [_bulletins.decode(row["alert"]) for row in rows]
