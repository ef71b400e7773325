"""12345 tickets in the record: the aggregate as a document, its events, and what was said, kept apart from both."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from domain.attachment import AttachmentId
from domain.ids import ReportId
from domain.ticket import PromiseKind, Ticket
from domain.ticket_events import TicketEvent
from store.codec import encode
from store.pool import Connection
from store.queries import sql

_COLUMNS = (
    "report_id", "version", "state", "tier", "overdue", "contact_due_at", "answer_due_at", "due_at", "next_due_at",
    "ended_at", "doc",
)  # fmt: skip
_decoder = msgspec.json.Decoder(Ticket)


@dataclass(frozen=True, slots=True)
class Words:
    """What was said to or by the caller in one step of a ticket. Personal communication."""

    report: ReportId
    version: int
    verb: str
    at: datetime
    words: str


def decode_ticket(document: bytes) -> Ticket:
    """A ticket as stored by ``store.codec.encode``."""
    return _decoder.decode(document)


class Tickets:
    """The tickets of one unit of work. All methods take batches; none makes a query per row."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def load(self, reports: Sequence[ReportId]) -> dict[ReportId, Ticket]:
        """The tickets of these reports; a report without one is absent. Lock them when opening the unit."""
        if not reports:
            return {}
        rows = await self._connection.fetch(sql("tickets_load"), reports)
        return {row["report_id"]: decode_ticket(row["doc"]) for row in rows}

    async def add(self, tickets: Sequence[Ticket]) -> None:
        """Store new tickets. The caller holds the reports' locks and found them unfiled in this unit."""
        await self._copy("tickets", _COLUMNS, [_row(ticket) for ticket in tickets])

    async def save(self, tickets: Sequence[Ticket]) -> None:
        """Store changed tickets. The caller holds their locks."""
        if tickets:
            await self._connection.execute(sql("tickets_save"), *zip(*map(_row, tickets), strict=True))

    async def append(self, events: Sequence[TicketEvent], words: Sequence[Words] = ()) -> None:
        """Add events, and beside them what was said. A version that exists already breaks a primary key."""
        rows = [(e.report, e.version, f"ticket.{e.type}", e.at, str(e.report), encode(e)) for e in events]
        await self._copy("events", ("subject", "version", "type", "at", "route", "doc"), rows)
        said = [(w.report, w.version, w.verb, w.at, w.words) for w in words]
        await self._copy("ticket_answers", ("report_id", "version", "verb", "at", "words"), said)

    async def link_photos(self, photos: Sequence[tuple[AttachmentId, ReportId, str]]) -> None:
        """Put photos behind reports, each by the call centre that names it; another's uploads are passed over."""
        if photos:
            await self._connection.execute(sql("tickets_link_photos"), *zip(*photos, strict=True))

    async def due(self, limit: int) -> list[ReportId]:
        """At most ``limit`` tickets with a promise that is due by the database's clock, the oldest first."""
        rows = await self._connection.fetch(sql("tickets_due"), limit)
        return [row["report_id"] for row in rows]

    async def _copy(self, table: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
        if rows:
            await self._connection.copy_records_to_table(table, columns=columns, records=rows)


def _row(ticket: Ticket) -> tuple[object, ...]:
    """A ticket in the order of ``_COLUMNS``, which is that of ``tickets_save``."""
    return (
        ticket.report, ticket.version, ticket.state, ticket.tier, ticket.overdue,
        ticket.latest(PromiseKind.CONTACT).due_at, ticket.latest(PromiseKind.ANSWER).due_at, ticket.due_at,
        ticket.next_due_at, ticket.ended_at, encode(ticket),
    )  # fmt: skip
