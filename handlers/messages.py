"""What call centres send about their tickets: taken into the record, carried out in order, or kept waiting.

Order is not guaranteed between topics: a message may overtake its ticket. Then it waits in the record; the sweep tries
again, and every later message of that ticket goes behind it.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256

from domain.commands import Command
from domain.errors import CityloopError, Refused
from domain.ids import ReportId
from domain.message import Message, MessageOutcome, on_cases, on_ticket
from handlers.batch import in_halves
from handlers.outcomes import AlreadyDone, Declined, Done, Failed, Outcome
from handlers.perform import Request, perform_many
from handlers.ports import Office
from handlers.repeats import key_lock
from handlers.tickets import TicketRequest, act_many
from store.codec import encode
from store.messages import Name, Settlement, Waiting

log = logging.getLogger(__name__)

Record = tuple[str, int, int]
"""Where a message came by: topic, partition, offset."""
Verdict = Outcome | Declined

_NOTHING_OPEN = "verb-not-allowed"


@dataclass(frozen=True, slots=True)
class Received:
    """A message and the record it came by."""

    message: Message
    record: Record


async def hear_many(office: Office, received: Sequence[Received]) -> list[Verdict]:
    """Take in messages and carry them out, those of one ticket in order; one outcome each.

    Each takes effect once for ever by its number, whatever is repeated or dies. One whose ticket is unknown fails with
    ``ticket-unknown`` and waits; one whose report is not filed yet waits without a word. What the law refuses is
    ``Declined``. Raises ``Unavailable`` if the database is away.
    """
    prints = [sha256(encode(one.message)).digest() for one in received]
    names = [_name(one.message) for one in received]
    async with office.store.unit(lock=[key_lock(*name) for name in names]) as unit:
        await unit.messages.keep([(o.message, p, o.record) for o, p in zip(received, prints, strict=True)])
        known = await unit.messages.known(names)
    verdicts = await _settle(office, [(one.message.client, one.message.ticket_no) for one in received])
    outcomes: list[Verdict] = []
    unknown: list[tuple[Name, Record]] = []
    told: set[Name] = set()
    for name, own, one in zip(names, prints, received, strict=True):
        kept = known[name]
        if kept.fingerprint != own:
            outcomes.append(Failed(Refused("idempotency-key-reused", "同一编号已用于不同内容", "use a new message id")))
        elif name in verdicts:
            outcomes.append(verdicts.pop(name))
        elif kept.report is None:
            outcomes.append(Failed(Refused("ticket-unknown", "工单尚未收到", "kept, and tried again by itself")))
            unknown.append((name, one.record))
        else:
            outcomes.append(AlreadyDone(kept.report) if kept.settled or name in told else Done(kept.report))
        told.add(name)
    if unknown:
        async with office.store.unit() as unit:
            await unit.messages.park(unknown)
    return outcomes


async def hear_again(office: Office, limit: int = 200) -> int:
    """Try again what waits and is due; returns how many messages were settled. Safe to run twice at once."""
    async with office.store.unit() as unit:
        tickets = await unit.messages.due(limit)
    verdicts = await _settle(office, tickets) if tickets else {}
    for verdict in verdicts.values():
        if isinstance(verdict, Failed) and not isinstance(verdict.error, CityloopError):
            log.error("a message fails and waits on: %s", type(verdict.error).__name__)
    return sum(isinstance(verdict, (Done, Declined)) for verdict in verdicts.values())


async def _settle(office: Office, tickets: Sequence[Name]) -> dict[Name, Verdict]:
    """Carry out all that waits on those of these tickets that are there; what became of each such message."""
    async with office.store.unit() as unit:
        waiting = await unit.messages.waiting(tickets)
    queues: dict[ReportId, list[Waiting]] = defaultdict(list)
    for one in waiting:
        if one.report is not None and one.ticketed:
            queues[one.report].append(one)
    verdicts: dict[Name, Verdict] = {}
    # the tickets side by side, the messages of each one after another
    for turn in range(max(map(len, queues.values()), default=0)):
        verdicts |= await _carry_out(office, {r: queue[turn] for r, queue in queues.items() if turn < len(queue)})
    return verdicts


async def _carry_out(office: Office, turns: Mapping[ReportId, Waiting]) -> dict[Name, Verdict]:
    """One message of each of several tickets: first what it asks of the ticket, then of its cases.

    Whoever dies in between finds what was done by its key, and does the rest.
    """
    async with office.store.unit() as unit:
        ids = await unit.messages.cases(list(turns))
        cases = await unit.cases.load([case for own in ids.values() for case in own])
    asked: list[tuple[Name, TicketRequest]] = []
    further: list[tuple[Name, Request]] = []
    for report, one in turns.items():
        name, own = _name(one.message), [cases[case] for case in ids.get(report, ())]
        command = on_ticket(one.message, report)
        if command is not None:
            (position,) = office.advisers.where.in_wgs84([command.position])
            command = replace(command, position=position)
            asked.append((name, TicketRequest(command, one.message.key, one.fingerprint)))
        further += [(name, _request(one, each)) for each in on_cases(one.message, report, own)]
    became: dict[Name, list[Outcome]] = {_name(one.message): [] for one in turns.values()}
    for (name, _), outcome in zip(
        asked, await in_halves(partial(act_many, office), [a for _, a in asked]), strict=True
    ):
        became[name].append(outcome)
    done = await in_halves(partial(perform_many, office), [request for _, request in further])
    for (name, _), outcome in zip(further, done, strict=True):
        became[name].append(outcome)
    verdicts = {_name(one.message): _verdict(report, became[_name(one.message)]) for report, one in turns.items()}
    settled = [_settlement(name, became[name]) for name, verdict in verdicts.items() if not isinstance(verdict, Failed)]
    if settled:
        async with office.store.unit() as unit:
            await unit.messages.settle(settled)
    return verdicts


def _request(one: Waiting, command: Command) -> Request:
    # message numbers hold no blank, so that this is nobody's number
    return Request(command, f"{one.message.key} {command.case}", one.fingerprint)


def _verdict(report: ReportId, became: Sequence[Outcome]) -> Verdict:
    """Failed by a fault of ours, done if any part of it took effect, else declined by the law."""
    for outcome in became:
        if isinstance(outcome, Failed) and not isinstance(outcome.error, CityloopError):
            return outcome
    done = [outcome for outcome in became if isinstance(outcome, (Done, AlreadyDone))]
    return Done(report, done[0].version) if done else Declined(report, _refusal(became) or _NOTHING_OPEN)


def _settlement(name: Name, became: Sequence[Outcome]) -> Settlement:
    refusal = _refusal(became)
    if not any(isinstance(outcome, (Done, AlreadyDone)) for outcome in became):
        return Settlement(*name, MessageOutcome.DECLINED, refusal or _NOTHING_OPEN)
    return Settlement(*name, MessageOutcome.PARTLY if refusal else MessageOutcome.DONE, refusal)


def _refusal(became: Iterable[Outcome]) -> str:
    errors = (outcome.error for outcome in became if isinstance(outcome, Failed))
    return next((error.code for error in errors if isinstance(error, CityloopError)), "")


def _name(message: Message) -> Name:
    return message.client, message.key
