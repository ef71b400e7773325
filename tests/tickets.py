"""Builders for 12345 tickets: a ticket is brought where a test needs it through the law itself."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from domain.actor import SYSTEM, Actor, Role
from domain.clock import due
from domain.ids import ReportId
from domain.oversight import CallBack
from domain.ticket import Promise, PromiseKind, PromiseState, Ticket, TicketPolicy, TicketState, Tier
from domain.ticket_events import TicketCommand, TicketDecision, TicketEvent, TicketOpening, TicketVerb, evolve
from domain.ticket_law import decide
from tests.build import CALENDAR, MONDAY, an_actor, an_id

HOTLINE = an_actor(Role.HOTLINE)
DESK = an_actor(Role.DESK)
SPOKEN = "电话里说的话不进事件"
"""Words that nobody may meet in an event."""

due_in_the_city = partial(due, calendar=CALENDAR)


def a_call_back(
    contacted: bool | None = True, solved: bool | None = True, satisfied: bool | None = True, by: Actor = HOTLINE
) -> CallBack:
    """What a caller says when called back; content with everything unless said otherwise."""
    return CallBack(by, MONDAY, contacted, solved, satisfied, note=SPOKEN)


UNREACHED = a_call_back(None, None, None)
UNSOLVED = a_call_back(solved=False)


class TicketStory:
    """One ticket on its way: every step asks the law, a minute after the one before, and is remembered."""

    def __init__(self, start: datetime = MONDAY, tier: Tier = Tier.GENERAL, **policy: Any) -> None:
        self.policy = TicketPolicy(**policy)
        self.report = ReportId(an_id())
        self.opening = TicketOpening(start, tier)
        self.now = start
        self.happened: list[TicketEvent] = []
        self._ticket: Ticket | None = None

    @property
    def ticket(self) -> Ticket:
        """The ticket as it stands."""
        assert self._ticket is not None, "the story has not begun"
        return self._ticket

    def command(self, verb: TicketVerb, actor: Actor | None = None, **more: Any) -> TicketCommand:
        """A verb with everything it asks for, by one who may use it."""
        usual = {TicketVerb.OPEN: SYSTEM, TicketVerb.EXPIRE: SYSTEM, TicketVerb.REGRADE: DESK}
        given = TicketCommand(
            verb,
            actor or usual.get(verb, HOTLINE),
            self.report,
            opening=self.opening,
            tier=next(tier for tier in Tier if self._ticket is None or tier is not self._ticket.tier),
            call_back=a_call_back(),
            reason="because",
            words=SPOKEN,
        )
        return replace(given, **more)

    def ask(self, command: TicketCommand, moment: datetime | None = None) -> TicketDecision:
        """What the law would say; nothing happens."""
        return decide(self._ticket, command, moment or self.now, self.policy, due_in_the_city)

    def do(self, verb: TicketVerb, moment: datetime | None = None, **more: Any) -> "TicketStory":
        """A step that the law allows."""
        self.now = moment or self.now + timedelta(minutes=1)
        return self.take(self.command(verb, **more))

    def take(self, command: TicketCommand) -> "TicketStory":
        """A command carried out now."""
        decision = self.ask(command)
        self._ticket = decision.ticket
        self.happened += decision.events
        return self

    def replayed(self) -> Ticket:
        """The ticket that its history alone gives."""
        ticket = None
        for event in self.happened:
            ticket = evolve(ticket, event)
        assert ticket is not None
        return ticket

    def promise(self, kind: PromiseKind) -> Promise:
        """The present promise of a kind."""
        return self.ticket.latest(kind)

    @property
    def kept(self) -> dict[PromiseKind, PromiseState]:
        """How the present promises stand."""
        return {kind: self.promise(kind).state for kind in PromiseKind}


_ROADS: dict[TicketState, Callable[[TicketStory], TicketStory]] = {
    TicketState.OPEN: lambda story: story.do(TicketVerb.OPEN),
    TicketState.CONTACTED: lambda story: story.do(TicketVerb.OPEN).do(TicketVerb.CONTACT),
    TicketState.ANSWERED: lambda story: story.do(TicketVerb.OPEN).do(TicketVerb.ANSWER),
    TicketState.ENDED: lambda story: story.do(TicketVerb.OPEN).do(TicketVerb.ANSWER).do(TicketVerb.CALL_BACK),
    TicketState.WITHDRAWN: lambda story: story.do(TicketVerb.OPEN).do(TicketVerb.WITHDRAW),
}


def a_ticket_story(
    state: TicketState | None = None, start: datetime = MONDAY, tier: Tier = Tier.GENERAL, **policy: Any
) -> TicketStory:
    """A story whose ticket stands in ``state``; without one it has not begun."""
    story = TicketStory(start, tier, **policy)
    return story if state is None else _ROADS[state](story)
