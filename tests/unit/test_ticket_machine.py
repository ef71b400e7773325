"""Callers, hotline, desk, units and the clock act at random, in and out of turn; what comes out is a lawful ticket."""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.actor import SYSTEM, Role
from domain.errors import Conflict, Invalid, Refused
from domain.ticket import FINAL, OWING, Promise, PromiseState, Ticket, Tier
from domain.ticket_events import TicketCommand, TicketVerb
from domain.ticket_law import TABLE, allowed
from tests.build import MONDAY, an_actor
from tests.tickets import TicketStory, a_call_back

SAID = st.sampled_from([True, False, None])
WAITS = st.sampled_from([timedelta(), timedelta(minutes=20), timedelta(hours=30), timedelta(days=8)])
ROWS = {(row.source, row.verb, row.target, role) for row in TABLE for role in row.actors}


class Hotline(RuleBasedStateMachine):
    """One ticket and all the people around it."""

    def __init__(self) -> None:
        super().__init__()
        self.story = TicketStory(MONDAY)
        self.ended: list[Promise] = []

    @property
    def ticket(self) -> Ticket:
        return self.story.ticket

    @initialize(tier=st.sampled_from(Tier), late=WAITS)
    def a_call_comes_in(self, tier: Tier, late: timedelta) -> None:
        self.story = TicketStory(MONDAY, tier)
        self.story.do(TicketVerb.OPEN, MONDAY + late)

    def attempt(self, command: TicketCommand) -> None:
        """Ask, and hold the answer against the table."""
        before, seen = self.ticket, len(self.story.happened)
        try:
            self.story.take(command)
        except (Refused, Invalid) as refusal:
            assert isinstance(refusal, Conflict) is (command.expected not in (None, before.version))  # noqa: PT017
            assert self.ticket == before
            return
        happened = self.story.happened[seen:]
        if not happened:
            assert command.verb is TicketVerb.EXPIRE
            assert self.ticket == before
            return
        assert (before.state, command.verb, self.ticket.state, command.actor.role) in ROWS
        assert command.verb in allowed(before, command.actor)
        assert self.ticket.version == before.version + 1

    @rule(wait=WAITS)
    def time_passes(self, wait: timedelta) -> None:
        self.story.now += wait

    @rule(slip=st.sampled_from([timedelta(), timedelta(microseconds=1), timedelta(minutes=-3)]))
    def it_is_almost_too_late(self, slip: timedelta) -> None:
        self.story.now = max(self.story.now, self.ticket.due_at + slip)

    @rule()
    def the_clock_strikes_twice(self) -> None:
        self.attempt(self.story.command(TicketVerb.EXPIRE))
        assert self.story.ask(self.story.command(TicketVerb.EXPIRE)).events == ()

    @rule(
        verb=st.sampled_from([TicketVerb.CONTACT, TicketVerb.ANSWER, TicketVerb.CALL_BACK]), said=st.tuples(SAID, SAID)
    )
    def the_work_goes_on(self, verb: TicketVerb, said: tuple[bool | None, bool | None]) -> None:
        self.attempt(self.story.command(verb, call_back=a_call_back(None, *said)))

    @rule(tier=st.sampled_from(Tier))
    def the_desk_regrades(self, tier: Tier) -> None:
        self.attempt(self.story.command(TicketVerb.REGRADE, tier=tier))

    @rule(verb=st.sampled_from(TicketVerb), role=st.sampled_from(Role), stale=st.sampled_from([None, 0, 1]))
    def anybody_asks_anything(self, verb: TicketVerb, role: Role, stale: int | None) -> None:
        actor = SYSTEM if role is Role.SYSTEM else an_actor(role, "roads" if role is Role.UNIT else None)
        expected = None if stale is None else self.ticket.version - stale
        self.attempt(self.story.command(verb, actor, expected=expected))

    @invariant()
    def the_history_gives_the_ticket(self) -> None:
        if self.story.happened:
            assert self.story.replayed() == self.ticket

    @invariant()
    def what_was_promised_stays_on_record(self) -> None:
        if not self.story.happened:
            return
        ended = [promise for promise in self.ticket.promises if not promise.owed]
        assert all(promise in ended for promise in self.ended), "an ended promise is never rewritten"
        self.ended = ended
        for promise in ended:
            late = promise.ended_at is not None and promise.ended_at > promise.due_at
            assert (promise.state is PromiseState.MISSED) is late

    @invariant()
    def somebody_owes_an_answer_exactly_while_the_caller_waits(self) -> None:
        if not self.story.happened:
            return
        ticket = self.ticket
        owed = [promise.kind for promise in ticket.promises if promise.owed]
        assert len(owed) == len(set(owed))
        assert bool(owed) is (ticket.state in OWING)
        assert (ticket.state in FINAL) is (ticket.ended_at is not None)
        assert ticket.next_due_at is None or ticket.next_due_at >= ticket.due_at
        assert ticket.reopened <= self.story.policy.reopen_most


Hotline.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestHotline = Hotline.TestCase
