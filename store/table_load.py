"""Loading a register from a table: batches are copied beside it and brought in by one statement each.

One load of a register at a time, on a connection of its own. Loading the same rows again writes nothing.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import asyncpg

from domain.errors import Unavailable
from store.queries import sql
from store.translate import translated

_BATCH_SECONDS = 300.0
R = TypeVar("R", bound=tuple[Any, ...])


@dataclass(slots=True)
class Fates:
    """What became of rows: new, changed, as they were, or older than what is known (nothing was written for those)."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    older: int = 0


@dataclass(frozen=True, slots=True)
class Register:
    """Where rows go: the table they are copied to, its columns, the query that merges them, the lock of a load."""

    staged: str
    columns: tuple[str, ...]
    merge: str
    lock: int
    busy: Unavailable


class TableLoad(Generic[R]):
    """A load that has the register to itself."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]", register: Register) -> None:
        self._connection = connection
        self._register = register

    async def bring(self, rows: Sequence[R]) -> Fates:
        """Bring a batch in, no key twice; durable when it returns, unless ``together`` is around it.

        Raises ``Unavailable`` when the database is away.
        """
        register = self._register
        with translated():
            async with self._connection.transaction():
                await self._connection.execute(f"TRUNCATE {register.staged}")
                await self._connection.copy_records_to_table(
                    register.staged, columns=register.columns, records=rows, timeout=_BATCH_SECONDS
                )
                fates = await self._connection.fetch(sql(register.merge), timeout=_BATCH_SECONDS)
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
async def load_connection(
    dsn: str, application: str, register: Register
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection for one load. Raises ``Unavailable`` if the database is away or another load runs."""
    with translated():
        connection = await asyncpg.connect(
            dsn,
            timeout=10,
            command_timeout=30,
            server_settings={
                "application_name": application,
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
            if not await connection.fetchval(sql("load_begin"), register.lock):
                raise register.busy
        yield connection
    finally:
        await connection.close(timeout=10)
