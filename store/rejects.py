"""What we could not use: kept with address, bytes and reason; listed, shown and replayed by the CLI."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

import asyncpg

from store.codec import decode_plain, encode
from store.pool import Connection
from store.queries import sql


@dataclass(frozen=True, slots=True)
class Rejected:
    """One unusable record, or one unusable item of a record. Header values are hexadecimal: they may be any bytes."""

    topic: str
    partition: int
    offset: int
    item: int
    key: bytes | None
    headers: Sequence[tuple[str, str]]
    value: bytes | None
    code: str
    reason: str
    traceback: str = ""
    id: int = 0
    rejected_at: datetime | None = None
    replayed_at: datetime | None = field(default=None)

    @property
    def address(self) -> tuple[str, int, int]:
        """The record it came by: topic, partition, offset."""
        return self.topic, self.partition, self.offset


class Rejects:
    """The rejects of one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def keep(self, rejected: Sequence[Rejected]) -> None:
        """Store rejects; the same record rejected again after a redelivery is kept once."""
        await self._connection.execute(
            sql("rejects_keep"),
            [r.topic for r in rejected],
            [r.partition for r in rejected],
            [r.offset for r in rejected],
            [r.item for r in rejected],
            [r.key for r in rejected],
            [encode(r.headers) for r in rejected],
            [r.value for r in rejected],
            [sha256(r.value or b"").digest() for r in rejected],
            [_storable(r.code) for r in rejected],
            [_storable(r.reason) for r in rejected],
            [_storable(r.traceback) for r in rejected],
        )

    async def find(self, *, code: str | None = None, after: int = 0, limit: int = 100) -> list[Rejected]:
        """Rejects not replayed yet, in order of arrival, after a given id."""
        rows = await self._connection.fetch(sql("rejects_find"), code, after, limit)
        return [_rejected(row) for row in rows]

    async def get(self, reject: int) -> Rejected | None:
        """One reject by id."""
        row = await self._connection.fetchrow(sql("rejects_get"), reject)
        return _rejected(row) if row else None

    async def replayed(self, ids: Sequence[int]) -> None:
        """Note that these were put back through their door."""
        await self._connection.execute(sql("rejects_replayed"), ids)


def _storable(text: str) -> str:
    """PostgreSQL's text knows no NUL, and no half characters; the record's own bytes are kept beside, untouched."""
    return text.replace("\0", "␀").encode("utf-8", "replace").decode()


def _rejected(row: asyncpg.Record) -> Rejected:
    values = dict(row)
    del values["digest"]
    return Rejected(offset=values.pop("record_offset"), headers=decode_plain(values.pop("headers")), **values)
