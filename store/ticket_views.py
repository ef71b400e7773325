"""Read models of 12345 tickets for the doors; part of ``store.views``. Scoped like everything else there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.ticket import OWING, Ticket, TicketState, Tier
from store.codec import decode_plain
from store.read_model import ReadModel
from store.tickets import decode_ticket


@dataclass(frozen=True, slots=True)
class TicketScope:
    """Whose tickets a caller may see: those of its own origins, or of areas, or behind cases its unit has a task on.

    ``origins`` None and ``areas`` empty mean all; ``areas`` are area keys (``a/b/``).
    """

    origins: tuple[str, ...] | None = None
    areas: tuple[str, ...] = ()
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """What a list is narrowed to; without a state, to tickets whose caller still waits. The cursor is the last row."""

    state: TicketState | None = None
    tier: Tier | None = None
    overdue: bool | None = None
    after: tuple[datetime, UUID] | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class TicketLine:
    """A ticket with what its caller said, and who sent it in."""

    ticket: Ticket
    text: str
    origin: str


@dataclass(frozen=True, slots=True)
class TicketView:
    """A ticket whole: its report's words, and its cases as (no, state, opened)."""

    ticket: Ticket
    text: str
    origin: str
    address: str
    cases: tuple[Mapping[str, Any], ...]


class TicketViews(ReadModel):
    """The read models on one pool. Raises ``Unavailable`` when the database is away."""

    async def page(self, narrowed: TicketFilter, scope: TicketScope) -> list[TicketLine]:
        """Tickets by the earliest date owed, at most ``limit``."""
        due_at, report = narrowed.after or (None, None)
        rows = await self._fetch(
            "tickets_page",
            [narrowed.state] if narrowed.state else sorted(OWING),
            narrowed.tier,
            narrowed.overdue,
            due_at,
            report,
            scope.origins,
            scope.areas,
            scope.unit,
            narrowed.limit,
        )
        return [TicketLine(decode_ticket(row["doc"]), row["text"], row["origin"]) for row in rows]

    async def one(self, report: UUID, scope: TicketScope) -> TicketView | None:
        """The ticket of a report."""
        rows = await self._fetch("tickets_one", report, scope.origins, scope.areas, scope.unit)
        if not rows:
            return None
        (row,) = rows
        cases = zip(row["nos"], row["states"], row["opened"], strict=True)
        return TicketView(
            ticket=decode_ticket(row["doc"]),
            text=row["text"],
            origin=row["origin"],
            address=row["address"],
            cases=tuple({"no": no, "state": state, "opened": opened} for no, state, opened in cases),
        )

    async def answers(self, report: UUID) -> list[Mapping[str, Any]]:
        """Every answer to a ticket in order, as (version, at, words)."""
        return [dict(row) for row in await self._fetch("tickets_answers", report)]

    async def history(self, report: UUID) -> list[Mapping[str, Any]]:
        """The events of a ticket in order, as plain data, each with what was said in it as ``words``."""
        rows = await self._fetch("tickets_history", report)
        return [{**decode_plain(row["doc"]), "words": row["words"]} for row in rows]
