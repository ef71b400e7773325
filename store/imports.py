"""Imports in the record: handed in, taken by a worker, moved on with the rows that came in, and ended."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from uuid import UUID

import asyncpg
import msgspec

from domain.table_import import Import, ImportId, ImportState, NewImport, Remark, TableOrder
from store.codec import encode
from store.pool import Connection
from store.queries import sql

_orders = msgspec.json.Decoder(TableOrder)


def import_of(row: asyncpg.Record) -> Import:
    """A row of the table."""
    return Import(
        id=row["id"],
        client=row["client"],
        key=row["key"],
        fingerprint=row["fingerprint"],
        order=_orders.decode(row["doc"]),
        state=ImportState(row["state"]),
        size=row["size"],
        rows=row["rows"],
        read=row["read"],
        accepted=row["accepted"],
        repeated=row["repeated"],
        refused=row["refused"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        failure=row["failure"],
        attempt=row["attempt"],
        tries=row["tries"],
    )


class Imports:
    """The imports of one unit of work. ``attempt`` is what ``take`` gave: an older one can change nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def announce(self, new: NewImport) -> bool:
        """Note an import; False if the client's key is known already."""
        found = await self._connection.fetchval(
            sql("imports_announce"),
            new.id, new.client, new.key, new.fingerprint, encode(new.order), new.size, new.rows,
        )  # fmt: skip
        return found is not None

    async def by_key(self, client: str, key: str) -> Import | None:
        """What a client has handed in under a key."""
        return _one(await self._connection.fetchrow(sql("imports_by_key"), client, key))

    async def one(self, wanted: ImportId, client: str) -> Import | None:
        """One import of a client."""
        return _one(await self._connection.fetchrow(sql("imports_one"), wanted, client))

    async def unfinished(self, client: str) -> int:
        """How many imports of a client wait or run."""
        number: int = await self._connection.fetchval(sql("imports_unfinished"), client)
        return number

    async def take(self, lease: timedelta) -> Import | None:
        """The oldest import that nobody works on, taken for a time; None if there is none."""
        return _one(await self._connection.fetchrow(sql("imports_take"), lease))

    async def restart(self, job: Import) -> None:
        """Forget what was found so far."""
        await self._connection.execute(sql("imports_restart"), job.id, job.attempt)

    async def hold(self, job: Import) -> bool:
        """Keep the import until the transaction ends; False if it is no longer this worker's."""
        return await self._connection.fetchval(sql("imports_hold"), job.id, job.attempt) is not None

    async def step(self, job: Import, counts: tuple[int, int, int, int], lease: timedelta) -> bool:
        """So many more rows were read, accepted, repeated, refused; False if it is no longer this worker's."""
        found = await self._connection.fetchval(sql("imports_step"), job.id, job.attempt, *counts, lease)
        return found is not None

    async def remark(self, job: Import, remarks: Sequence[Remark]) -> None:
        """Note what is to be said of rows; all remarks on a row come together."""
        by_line = groupby(sorted(remarks, key=attrgetter("line")), key=attrgetter("line"))
        numbered = [(n, remark) for _, own in by_line for n, remark in enumerate(own)]
        await self._connection.execute(
            sql("imports_remark"),
            job.id,
            [remark.line for _, remark in numbered],
            [n for n, _ in numbered],
            [remark.outcome for _, remark in numbered],
            [remark.fault.pointer for _, remark in numbered],
            [remark.fault.code for _, remark in numbered],
            [remark.fault.hint for _, remark in numbered],
        )

    async def end(self, job: Import, state: ImportState, failure: str = "") -> bool:
        """The import has come to its end; False if it is no longer this worker's."""
        found = await self._connection.fetchval(sql("imports_end"), job.id, job.attempt, state, failure)
        return found is not None

    async def cancel(self, wanted: ImportId, client: str) -> bool:
        """Cancel a client's import; False if it is over or not there."""
        return await self._connection.fetchval(sql("imports_cancel"), wanted, client) is not None

    async def holding(self, ids: Sequence[UUID]) -> frozenset[UUID]:
        """Of the given ids those of imports whose file is still needed."""
        return frozenset(row["id"] for row in await self._connection.fetch(sql("imports_holding"), ids))

    async def forget(self, since: timedelta, limit: int) -> int:
        """Forget imports that ended so long ago; returns how many."""
        return len(await self._connection.fetch(sql("imports_forget"), since, limit))


def _one(row: asyncpg.Record | None) -> Import | None:
    return import_of(row) if row else None
