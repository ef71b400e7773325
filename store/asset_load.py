"""Loading the register of components: batches are copied beside it and brought in by one statement each.

One load at a time, on a connection of its own. Loading the same rows again writes nothing.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date

import asyncpg

from domain.errors import Unavailable
from store.queries import sql
from store.translate import translated

_LOCK = 0x617373657473  # «assets»
_BATCH_SECONDS = 300.0


@dataclass(slots=True)
class Fates:
    """What became of rows: new, changed, as they were, or older than what is known (nothing was written for those)."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    older: int = 0


# one row of the register; the fields in the order of COLUMNS
AssetRow = tuple[
    str, str, str | None, str, str, str, str, str, str, str, str | None, str | None, str, date, date | None, str,
    str, str, str, str, float | None, float | None, str | None, int | None, int | None, str, str,
]  # fmt: skip
COLUMNS = (
    "code", "name", "category", "state", "authority_code", "authority_name", "owner_code", "owner_name",
    "maintainer_code", "maintainer_name", "grid", "grid_by_point", "area", "first_on", "changed_on", "source",
    "street_code", "street_name", "community_code", "community_name", "lon", "lat", "accuracy", "cell_x", "cell_y",
    "note", "doc",
)  # fmt: skip


class AssetLoad:
    """A load that has the register to itself."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def bring(self, rows: Sequence[AssetRow]) -> Fates:
        """Bring a batch in, no code twice; durable when it returns, unless ``together`` is around it.

        A row whose date (变更日期, else 初始日期) lies before that of the register changes nothing; one that says no
        change date keeps the register's. Raises ``Unavailable`` when the database is away.
        """
        with translated():
            async with self._connection.transaction():
                await self._connection.execute("TRUNCATE assets_staged")
                await self._connection.copy_records_to_table(
                    "assets_staged", columns=COLUMNS, records=rows, timeout=_BATCH_SECONDS
                )
                fates = await self._connection.fetch(sql("assets_merge"), timeout=_BATCH_SECONDS)
        return Fates(**{row["fate"]: row["number"] for row in fates})

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """All batches brought in within are there at once on a clean exit, or not at all.

        Nothing that other processes announce is published before it ends: the outbox reads below the oldest writer.
        """
        with translated():
            async with self._connection.transaction():
                yield


@asynccontextmanager
async def loading(dsn: str) -> AsyncIterator[AssetLoad]:
    """The register, for one load. Raises ``Unavailable`` if the database is away or another load runs."""
    with translated():
        connection = await asyncpg.connect(
            dsn,
            timeout=10,
            command_timeout=30,
            server_settings={
                "application_name": "cityloop-assets",
                "idle_in_transaction_session_timeout": "60s",
                "timezone": "UTC",
                "jit": "off",
                # a batch is small and the register large: reading all of it for every batch is never the way
                "enable_hashjoin": "off",
                "enable_mergejoin": "off",
            },
        )
    try:
        with translated():
            if not await connection.fetchval(sql("assets_load_begin"), _LOCK):
                raise Unavailable("assets-load-running", "已有部件导入在进行", "wait for the other load to end")
        yield AssetLoad(connection)
    finally:
        await connection.close(timeout=10)
