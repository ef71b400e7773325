"""What one may ask of a 12345 ticket, what has happened to it, and the ticket that its history gives.

What is said to or by the caller (``TicketCommand.words``) is no part of an event; the handler keeps it apart, under
the version of the event.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.actor import Actor
from domain.attachment import AttachmentId
from domain.errors import Fault, Invalid
from domain.ids import ReportId
from domain.oversight import CallBack
from domain.place import Point
from domain.ticket import FINAL, OWING, Appeal, Promise, Ticket, TicketState, Tier


class TicketVerb(StrEnum):
    """Everything that can be done to a ticket; what has happened is its past participle in ``NAMES``."""

    OPEN = "open"
    CONTACT = "contact"
    ANSWER = "answer"
    SUPPLEMENT = "supplement"
    REGRADE = "regrade"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    CALL_BACK = "call-back"


NAMES: dict[TicketVerb, str] = {
    TicketVerb.OPEN: "opened",
    TicketVerb.CONTACT: "contacted",
    TicketVerb.ANSWER: "answered",
    TicketVerb.SUPPLEMENT: "supplemented",
    TicketVerb.REGRADE: "regraded",
    TicketVerb.WITHDRAW: "withdrawn",
    TicketVerb.EXPIRE: "expired",
    TicketVerb.CALL_BACK: "called_back",
}


@dataclass(frozen=True, slots=True)
class TicketOpening:
    """What a ticket starts from; its limits count from ``received_at``, whenever the report is filed."""

    received_at: datetime
    tier: Tier
    appeal: Appeal = Appeal.HELP


@dataclass(frozen=True, slots=True)
class TicketCommand:
    """One request to the law. ``expected`` is the version the caller looked at; None for the system's own commands.

    ``words`` is the answer, the note of a talk, or what the caller said: personal communication, never in an event.
    ``reason`` is the desk's own and is. ``call_back`` holds the caller's three verdicts; who and when are set here.
    ``photos`` and ``position`` are what a caller adds (补充) beside words.
    """

    verb: TicketVerb
    actor: Actor
    report: ReportId
    expected: int | None = None
    opening: TicketOpening | None = None
    tier: Tier | None = None
    call_back: CallBack | None = None
    reason: str = ""
    words: str = ""
    photos: tuple[AttachmentId, ...] = ()
    position: Point | None = None


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """One step of one ticket; ``promises`` are all of them after it, empty where it changed none."""

    report: ReportId
    version: int
    type: str
    at: datetime
    actor: Actor
    state: TicketState
    opening: TicketOpening | None = None
    tier: Tier | None = None
    promises: tuple[Promise, ...] = ()
    call_back: CallBack | None = None
    reason: str = ""
    photos: tuple[AttachmentId, ...] = ()
    position: Point | None = None


@dataclass(frozen=True, slots=True)
class TicketDecision:
    """The ticket after the command, and what happened. No event means the command had taken effect before."""

    ticket: Ticket
    events: tuple[TicketEvent, ...]


def evolve(ticket: Ticket | None, event: TicketEvent) -> Ticket:
    """The ticket after an event. Pure book-keeping: everything was decided when the event was made."""
    if ticket is None:
        if event.opening is None:
            raise missing("/opening")
        start = event.opening.received_at
        return Ticket(
            event.report, event.version, event.state, event.opening.appeal, event.opening.tier, start, event.at, start,
            event.promises,
        )  # fmt: skip
    reopened = event.call_back is not None and event.state in OWING
    return replace(
        ticket,
        version=event.version,
        state=event.state,
        tier=event.tier or ticket.tier,
        updated_at=event.at,
        counts_from=event.at if reopened else ticket.counts_from,
        promises=event.promises or ticket.promises,
        call_backs=(*ticket.call_backs, event.call_back) if event.call_back else ticket.call_backs,
        reopened=ticket.reopened + reopened,
        ended_at=event.at if event.state in FINAL else None,
    )


def missing(pointer: str) -> Invalid:
    """The error for what a verb needs and was not given."""
    return Invalid("field-missing", "缺少必填字段", f"at {pointer}", (Fault(pointer, "field-missing"),))
