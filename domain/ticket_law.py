"""The law of the 12345 ticket: one table of transitions, and one function that decides.

In the manner of domain/lifecycle.py: ``decide`` is pure, and the new ticket is nothing but its events applied
(domain/ticket_events.py), so that the history alone always gives the state.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from domain.actor import Actor, Role
from domain.errors import Conflict, Fault, Invalid, Refused
from domain.oversight import CallBack
from domain.ticket import FIRST_VERSION, Ticket, TicketPolicy, TicketState
from domain.ticket_events import (
    NAMES,
    TicketCommand,
    TicketDecision,
    TicketEvent,
    TicketVerb,
    evolve,
    missing,
)
from domain.ticket_promises import Due, promises_after

Guard = Callable[[Ticket, TicketCommand, TicketPolicy], bool]


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One row of the law. ``source`` None opens a ticket; ``guard`` picks among rows of one state and verb."""

    source: TicketState | None
    verb: TicketVerb
    target: TicketState
    actors: frozenset[Role]
    says: str
    ground: str
    guard: Guard | None = None


def _reopens(ticket: Ticket, command: TicketCommand, policy: TicketPolicy) -> bool:
    return command.call_back is not None and policy.reopens(ticket, command.call_back)


def _tried_again(ticket: Ticket, command: TicketCommand, policy: TicketPolicy) -> bool:
    before = sum(call_back.at > ticket.counts_from for call_back in ticket.call_backs)
    return not _heard(command) and before + 1 < policy.call_back_attempts


def _ends(ticket: Ticket, command: TicketCommand, policy: TicketPolicy) -> bool:
    return not _reopens(ticket, command, policy) and not _tried_again(ticket, command, policy)


def _heard(command: TicketCommand) -> bool:
    said = command.call_back
    return said is not None and (said.contacted, said.solved, said.satisfied) != (None, None, None)


_SYSTEM = frozenset({Role.SYSTEM})
_DESK = frozenset({Role.DESK, Role.ADMIN})
_VOICES = _DESK | {Role.HOTLINE}
_CALLERS_BACK = _VOICES | {Role.CALLBACK}
_LETTER = "国办函〔2025〕66号"
_BEIJING = "DB11 12345市民服务热线服务与管理规范"
_SHANGHAI = "沪府办发〔2022〕26号 先行联系"
_O, _C, _A = TicketState.OPEN, TicketState.CONTACTED, TicketState.ANSWERED

TABLE: tuple[TicketRow, ...] = (
    TicketRow(None, TicketVerb.OPEN, _O, _SYSTEM, "建单", _BEIJING),
    TicketRow(_O, TicketVerb.CONTACT, _C, _VOICES | {Role.UNIT}, "先行联系", _SHANGHAI),
    TicketRow(_C, TicketVerb.CONTACT, _C, _VOICES | {Role.UNIT}, "再次联系", _SHANGHAI),
    *(TicketRow(s, TicketVerb.ANSWER, _A, _VOICES, "答复来电人", _BEIJING) for s in (_O, _C)),
    TicketRow(_A, TicketVerb.ANSWER, _A, _VOICES, "补充答复", _BEIJING),
    *(TicketRow(s, TicketVerb.SUPPLEMENT, s, _VOICES, "来电人补充诉求", _BEIJING) for s in (_O, _C, _A)),
    *(
        TicketRow(s, TicketVerb.REGRADE, s, _DESK, "调整分级，原时限留痕", f"{_LETTER} 科学确定办理时限")
        for s in (_O, _C)
    ),
    *(
        TicketRow(s, TicketVerb.WITHDRAW, TicketState.WITHDRAWN, frozenset({Role.HOTLINE}), "来电人撤回", _LETTER)
        for s in (_O, _C)
    ),
    *(TicketRow(s, TicketVerb.EXPIRE, s, _SYSTEM, "超期", f"{_LETTER} 督促限时办结") for s in (_O, _C)),
    TicketRow(_A, TicketVerb.CALL_BACK, _O, _CALLERS_BACK, "回访未解决，重办", f"{_LETTER} 跟踪回访", _reopens),
    TicketRow(_A, TicketVerb.CALL_BACK, _A, _CALLERS_BACK, "回访未接通", f"{_LETTER} 跟踪回访", _tried_again),
    TicketRow(_A, TicketVerb.CALL_BACK, TicketState.ENDED, _CALLERS_BACK, "回访办结", f"{_LETTER} 跟踪回访", _ends),
)


def allowed(ticket: Ticket, actor: Actor) -> tuple[TicketVerb, ...]:
    """The verbs this actor could use on the ticket now."""
    mine = {row.verb for row in TABLE if row.source is ticket.state and actor.role in row.actors}
    return tuple(verb for verb in TicketVerb if verb in mine)


def decide(
    ticket: Ticket | None, command: TicketCommand, at: datetime, policy: TicketPolicy, due: Due
) -> TicketDecision:
    """What the law says to a command at time ``at`` (the database's clock).

    No events where the clock strikes and nothing is over. Raises ``Conflict`` if the caller looked at another version,
    ``Refused`` if state or actor forbid it, ``Invalid`` if the answer is empty or what the verb needs was not given.
    """
    if ticket is not None and command.expected not in (None, ticket.version):
        raise Conflict(ticket.version)
    moment = max(at, ticket.updated_at) if ticket else at
    if ticket is not None and _nothing_over(ticket, command, moment):
        return TicketDecision(ticket, ())
    row = _row(ticket, command, policy)
    _check(ticket, command)
    event = TicketEvent(
        report=command.report,
        version=ticket.version + 1 if ticket else FIRST_VERSION,
        type=NAMES[command.verb],
        at=moment,
        actor=command.actor,
        state=row.target,
        # only what the verb is about: nothing else a command carries may change the ticket
        opening=command.opening if ticket is None else None,
        tier=command.tier if command.verb is TicketVerb.REGRADE else None,
        promises=promises_after(ticket, command, row.target, moment, policy, due),
        call_back=_said(command, moment) if command.verb is TicketVerb.CALL_BACK else None,
        reason=command.reason if command.verb is TicketVerb.REGRADE else "",
        photos=command.photos if command.verb is TicketVerb.SUPPLEMENT else (),
        position=command.position if command.verb is TicketVerb.SUPPLEMENT else None,
    )
    return TicketDecision(evolve(ticket, event), (event,))


def _nothing_over(ticket: Ticket, command: TicketCommand, at: datetime) -> bool:
    """Whether the clock, which may strike twice, finds nothing to do."""
    if command.verb is not TicketVerb.EXPIRE or command.actor.role is not Role.SYSTEM:
        return False
    return ticket.next_due_at is None or ticket.next_due_at >= at


def _row(ticket: Ticket | None, command: TicketCommand, policy: TicketPolicy) -> TicketRow:
    state = ticket.state if ticket else None
    rows = [row for row in TABLE if row.source is state and row.verb is command.verb]
    if not rows:
        raise Refused("verb-not-allowed", "当前状态不允许此操作", f"{command.verb} does not apply to {state}")
    mine = [row for row in rows if command.actor.role in row.actors]
    if not mine:
        raise Refused("actor-not-allowed", "无权执行此操作", f"{command.verb} is not for role {command.actor.role}")
    return next(row for row in mine if ticket is None or row.guard is None or row.guard(ticket, command, policy))


def _check(ticket: Ticket | None, command: TicketCommand) -> None:
    """What must be given or be true beyond state and role."""
    if ticket is None and command.opening is None:
        raise missing("/opening")
    if command.verb is TicketVerb.ANSWER and not command.words.strip():
        raise Invalid("text-empty", "文本不能为空", "say what the caller was told", (Fault("/text", "text-empty"),))
    if command.verb is TicketVerb.SUPPLEMENT and not (command.words.strip() or command.photos or command.position):
        raise Invalid("text-empty", "文本不能为空", "say or show something more", (Fault("/text", "text-empty"),))
    if command.verb is TicketVerb.CALL_BACK and command.call_back is None:
        raise missing("/call_back")
    if ticket is not None and command.verb is TicketVerb.REGRADE:
        if not command.reason:
            raise Refused("reason-required", "必须填写原因", "regrade needs a reason")
        if command.tier is None:
            raise missing("/tier")
        if command.tier is ticket.tier:
            raise Refused("guard-not-met", "条件不满足", f"the ticket is {ticket.tier} already")


def _said(command: TicketCommand, at: datetime) -> CallBack | None:
    # who called and when are ours to say, and the caller's words are kept apart
    said = command.call_back
    return said and replace(said, by=command.actor, at=at, report=command.report, note="")
