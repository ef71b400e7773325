"""What a step does to the promises made to the caller: made, kept, missed, stopped or replaced."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from domain.clock import Limit
from domain.ticket import Promise, PromiseKind, PromiseState, Ticket, TicketPolicy, TicketState, Tier
from domain.ticket_events import TicketCommand, TicketVerb

Due = Callable[[datetime, Limit], datetime]
"""When a limit that starts at a moment runs out: the city's calendar, ``domain.policy.Policy.due``."""


def promises_after(
    ticket: Ticket | None, command: TicketCommand, target: TicketState, at: datetime, policy: TicketPolicy, due: Due
) -> tuple[Promise, ...]:
    """All promises after the step, or none where it changes none."""
    if ticket is None:
        opening = command.opening
        return _made(opening.tier, opening.received_at, policy, due) if opening else ()
    old = ticket.promises
    match command.verb:
        case TicketVerb.CONTACT:
            new = tuple(_done(p, at) if p.kind is PromiseKind.CONTACT else p for p in old)
        case TicketVerb.ANSWER:  # whoever was answered was spoken to
            new = tuple(_done(p, at) for p in old)
        case TicketVerb.WITHDRAW:
            new = tuple(_done(p, at, PromiseState.STOPPED) for p in old)
        case TicketVerb.EXPIRE:
            over = {p for p in old if p.state is PromiseState.RUNNING and p.due_at < at}
            new = tuple(replace(p, state=PromiseState.MISSED) if p in over else p for p in old)
        case TicketVerb.REGRADE if command.tier:
            kept = (_done(p, at, PromiseState.STOPPED) if p.kind is PromiseKind.ANSWER else p for p in old)
            new = (*kept, _regraded(ticket, policy.limits[command.tier], at, due))
        case TicketVerb.CALL_BACK if target is TicketState.OPEN:
            new = (*old, *_made(ticket.tier, at, policy, due))
        case _:
            new = old
    return new if new != old else ()


def _made(tier: Tier, start: datetime, policy: TicketPolicy, due: Due) -> tuple[Promise, ...]:
    limits = {PromiseKind.CONTACT: policy.contact, PromiseKind.ANSWER: policy.limits[tier]}
    return tuple(Promise(kind, limit, start, due(start, limit)) for kind, limit in limits.items())


def _regraded(ticket: Ticket, limit: Limit, at: datetime, due: Due) -> Promise:
    """A laxer limit counts from the receipt, so that no regrading gains time twice; a stricter one from now, because
    nobody can have missed it before it was set, and never beyond the date that was promised."""
    from_receipt, promised = due(ticket.counts_from, limit), ticket.latest(PromiseKind.ANSWER).due_at
    if from_receipt >= promised:
        return Promise(PromiseKind.ANSWER, limit, ticket.counts_from, from_receipt)
    return Promise(PromiseKind.ANSWER, limit, at, min(promised, due(at, limit)))


def _done(promise: Promise, at: datetime, in_time: PromiseState = PromiseState.MET) -> Promise:
    """An owed promise ended now: as said if in time, else missed; one that has ended stays as it is."""
    if not promise.owed:
        return promise
    return replace(promise, state=PromiseState.MISSED if at > promise.due_at else in_time, ended_at=at)
