"""12345 tickets: opened with the filing of their reports, acted on by those who speak to callers, and the clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from domain.actor import SYSTEM, Actor
from domain.catalogue import Category, Urgency
from domain.errors import CityloopError, NotFound
from domain.ids import ReportId
from domain.policy import Policy
from domain.report import Report, Source
from domain.ticket import Appeal, Ticket
from domain.ticket_events import TicketCommand, TicketEvent, TicketOpening, TicketVerb
from domain.ticket_law import decide
from handlers.batch import in_halves
from handlers.outcomes import AlreadyDone, Done, Failed, Outcome
from handlers.ports import Office
from handlers.repeats import Keyed, Memory, locks
from store.tickets import Words
from store.unit import Unit


@dataclass(frozen=True, slots=True)
class Heard:
    """A report that is being filed, with what the advisers make of it."""

    report: Report
    category: Category | None
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class TicketRequest:
    """A command, and the client's Idempotency-Key with the fingerprint of what it asked, if it sent one."""

    command: TicketCommand
    key: str | None = None
    fingerprint: bytes = b""

    @property
    def keyed(self) -> Keyed:
        """The command as the memory of answers knows it."""
        return Keyed(self.command.actor.id, self.key, self.fingerprint)


class TicketDocket:
    """The tickets of one unit of work: decides commands one after another and saves all of them at the end."""

    def __init__(self, tickets: dict[ReportId, Ticket], unit: Unit, policy: Policy) -> None:
        self._tickets = tickets
        self._unit = unit
        self._policy = policy
        self._known = frozenset(tickets)
        self._events: list[TicketEvent] = []
        self._words: list[Words] = []

    def apply(self, command: TicketCommand) -> Outcome:
        """Decide one command on the docket's current state of its ticket."""
        ticket = self._tickets.get(command.report)
        if ticket is None and command.verb is not TicketVerb.OPEN:
            return Failed(NotFound("ticket"))
        try:
            decision = decide(ticket, command, self._unit.at, self._policy.tickets, self._policy.due)
        except CityloopError as error:
            return Failed(error)
        after = decision.ticket
        if not decision.events:
            return AlreadyDone(after.report, after.version)
        self._tickets[after.report] = after
        self._events.extend(decision.events)
        if command.words:
            self._words.append(Words(after.report, after.version, command.verb, after.updated_at, command.words))
        return Done(after.report, after.version)

    async def save(self) -> None:
        """Write every changed ticket, every event and every word, in a handful of statements."""
        changed = dict.fromkeys(event.report for event in self._events)
        await self._unit.tickets.add([self._tickets[report] for report in changed if report not in self._known])
        await self._unit.tickets.save([self._tickets[report] for report in changed if report in self._known])
        await self._unit.tickets.append(self._events, self._words)
        shown = [(photo, event.report, _centre(event.actor)) for event in self._events for photo in event.photos]
        await self._unit.tickets.link_photos(shown)


def _centre(actor: Actor) -> str:
    """The name a call centre goes by as a client, whichever door it speaks through."""
    return actor.id.removeprefix("hotline:")


async def open_many(unit: Unit, heard: Sequence[Heard], policy: Policy) -> None:
    """Open a ticket for each of these reports that came by the hotline, in the unit that files them.

    The caller holds the reports' locks and has found them unfiled. Two statements for the batch, or none.
    """
    docket = TicketDocket({}, unit, policy)
    for one in heard:
        if one.report.source is Source.HOTLINE:
            tier = policy.tickets.tier(one.urgency, one.category)
            opening = TicketOpening(one.report.received_at, tier, _appeal(one.report))
            outcome = docket.apply(TicketCommand(TicketVerb.OPEN, SYSTEM, one.report.id, opening=opening))
            if isinstance(outcome, Failed):
                raise outcome.error
    await docket.save()


def _appeal(report: Report) -> Appeal:
    """What the hotline says the caller wants; a call for help where it says nothing."""
    said = report.extra.get("appeal")
    return next((appeal for appeal in Appeal if appeal == said), Appeal.HELP)


async def act_many(office: Office, requests: Sequence[TicketRequest]) -> list[Outcome]:
    """Carry out a batch of commands on tickets in one transaction; one outcome each, in order.

    A command refused by the law fails alone. A repeated Idempotency-Key is answered from memory, also when the ticket
    has moved on since; a client's keys are one space for cases and tickets. Raises ``Unavailable`` if the database is
    away.
    """
    reports = [request.command.report for request in requests]
    keyed = [request.keyed for request in requests]
    async with office.store.unit(lock=[*reports, *locks(keyed)]) as unit:
        memory = await Memory.of(unit, keyed)
        docket = TicketDocket(await unit.tickets.load(reports), unit, office.advisers.policy)
        acts = [partial(docket.apply, request.command) for request in requests]
        outcomes = [memory.once(asked, act) for asked, act in zip(keyed, acts, strict=True)]
        await docket.save()
        await memory.save()
    return outcomes


async def expire_tickets(office: Office, limit: int = 500) -> int:
    """Expire what is due on at most ``limit`` tickets; returns how many expired (0: nothing was due).

    Judged by the database's clock; safe to run twice at once: the second finds no promise that still runs.
    """
    async with office.store.unit() as unit:
        due = await unit.tickets.due(limit)
    requests = [TicketRequest(TicketCommand(TicketVerb.EXPIRE, SYSTEM, report)) for report in due]
    outcomes = await in_halves(partial(act_many, office), requests)
    return sum(isinstance(outcome, Done) for outcome in outcomes)
