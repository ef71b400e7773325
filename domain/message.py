"""What a call centre sends about a 12345 ticket after it, and what each kind of message asks of ticket and cases.

Pure: the office finds the ticket and its cases, these functions say which commands a message means, the law decides.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.actor import Actor, Role
from domain.attachment import AttachmentId
from domain.case import Case, State
from domain.commands import Command, Said, Verb
from domain.ids import ReportId
from domain.oversight import CallBack
from domain.place import Point
from domain.ticket_events import TicketCommand, TicketVerb


class MessageKind(StrEnum):
    """补充 (further words, place or photos), 催单 (urging), 撤单 (withdrawal), 回访结果 (the caller's verdicts)."""

    SUPPLEMENT = "supplement"
    URGE = "urge"
    WITHDRAW = "withdraw"
    SATISFACTION = "satisfaction"


class MessageOutcome(StrEnum):
    """What became of a message: all of it done, part of it (a withdrawal after the case was filed), or none."""

    DONE = "done"
    PARTLY = "partly"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``client`` (``hotline:<centre>``) guarantees ``key`` to be unique for ever, over all kinds.

    ``ticket_no`` is the number of the ticket as the same client sent it. ``words`` are the caller's own: personal
    communication. ``reason`` is a code and travels with events. ``said`` belongs to a satisfaction.
    """

    kind: MessageKind
    client: str
    key: str
    ticket_no: str
    sent_at: datetime
    words: str = ""
    reason: str = ""
    photos: tuple[AttachmentId, ...] = ()
    position: Point | None = None
    said: Said | None = None

    @property
    def actor(self) -> Actor:
        """Who acts: the call centre, which speaks for its callers."""
        return Actor(self.client, Role.HOTLINE)


def on_ticket(message: Message, report: ReportId) -> TicketCommand | None:
    """What the message asks of the ticket; None where it asks nothing. Words of an urging are further words."""
    match message.kind:
        case MessageKind.SUPPLEMENT:
            verb = TicketVerb.SUPPLEMENT
        case MessageKind.URGE if not message.words:
            return None
        case MessageKind.URGE:
            verb = TicketVerb.SUPPLEMENT
        case MessageKind.WITHDRAW:
            verb = TicketVerb.WITHDRAW
        case MessageKind.SATISFACTION:
            verb = TicketVerb.CALL_BACK
    return TicketCommand(
        verb,
        message.actor,
        report,
        call_back=_call_back(message),
        words=message.words,
        photos=message.photos,
        position=message.position,
    )


def _call_back(message: Message) -> CallBack | None:
    said = message.said
    return CallBack(message.actor, message.sent_at, said.contacted, said.solved, said.satisfied) if said else None


def on_cases(message: Message, report: ReportId, cases: Sequence[Case]) -> Iterator[Command]:
    """What the message asks of ``cases``: those that the report stands behind, and has not been taken back from.

    An urging goes to those still open, a call-back to those closed, a withdrawal to each: the law says where it is
    too late. Nothing a caller said goes with it, for a case's events are published.
    """
    match message.kind:
        case MessageKind.URGE:
            yield from (Command(Verb.URGE, message.actor, case.id) for case in cases if case.open)
        case MessageKind.WITHDRAW:
            yield from (
                Command(Verb.WITHDRAW, message.actor, case.id, report=report, reason=message.reason)
                for case in cases
                if case.open
            )
        case MessageKind.SATISFACTION:
            yield from (
                Command(Verb.CALL_BACK, message.actor, case.id, report=report, said=message.said)
                for case in cases
                if case.state is State.CLOSED
            )
        case MessageKind.SUPPLEMENT:
            return
