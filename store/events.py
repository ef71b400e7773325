"""The history, which is also the outbox and the stream: appended by handlers, followed by readers in commit order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.events import Event
from store.codec import encode
from store.pool import Connection
from store.queries import sql


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the stream of all events. Text form ``tx-seq``; it serves as ``Last-Event-ID``."""

    tx: int = 0
    seq: int = 0

    def __str__(self) -> str:
        return f"{self.tx}-{self.seq}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as the readers see it; ``doc`` is its JSON document, not decoded."""

    position: Position
    subject: UUID
    version: int
    type: str
    at: datetime
    route: str
    doc: bytes


class Events:
    """The events of one unit of work, or of a reader."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def append(self, events: Sequence[Event]) -> None:
        """Add case events. A version that exists already breaks the primary key: no update is ever lost."""
        await self._connection.copy_records_to_table(
            "events",
            columns=("subject", "version", "type", "at", "route", "doc"),
            records=[(e.case, e.version, f"case.{e.type}", e.at, str(e.case), encode(e)) for e in events],
        )

    async def after(self, position: Position, limit: int) -> list[Entry]:
        """The next events in commit order, none of which can still be overtaken by a running transaction."""
        rows = await self._connection.fetch(sql("events_after"), position.tx, position.seq, limit)
        return [
            Entry(Position(r["tx"], r["seq"]), r["subject"], r["version"], r["type"], r["at"], r["route"], r["doc"])
            for r in rows
        ]

    async def end(self) -> Position:
        """The position after everything that is settled now."""
        row = await self._connection.fetchrow(sql("events_end"))
        return Position(row["tx"], row["seq"]) if row else Position()

    async def before(self, moment: datetime) -> Position:
        """A position before every event of a moment or later; the end if there is none."""
        row = await self._connection.fetchrow(sql("events_before"), moment)
        return Position(row["tx"], row["seq"]) if row else await self.end()

    async def position(self, reader: str) -> Position:
        """How far a reader has come; the beginning for a new one."""
        row = await self._connection.fetchrow(sql("positions_get"), reader)
        return Position(row["tx"], row["seq"]) if row else Position()

    async def move(self, reader: str, position: Position) -> None:
        """Note how far a reader has come."""
        await self._connection.execute(sql("positions_move"), reader, position.tx, position.seq)
