"""Everybody acts at random, in and out of turn; what comes out is always a lawful case."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.case import ENDED, Case, Deadline, DeadlineState, State
from domain.commands import SYSTEM, Command, Role, Verb
from domain.errors import Conflict, Refused
from domain.ids import ReportId, TaskId
from domain.lifecycle import TABLE, allowed
from domain.task import Part, Task, TaskState
from tests.build import (
    DISPATCHER,
    DRAINS,
    MONDAY,
    PARKS,
    ROADS,
    Story,
    a_category,
    a_condition,
    a_place,
    a_verdict,
    an_actor,
    an_id,
    an_opening,
    worker,
)

UNITS = (ROADS, DRAINS, PARKS)
ROLES = st.sampled_from(Role)
ROWS = {(row.source, row.verb, row.target, role) for row in TABLE for role in row.actors}
WAITS = st.sampled_from([timedelta(), timedelta(minutes=20), timedelta(hours=30), timedelta(days=7)])
IDEMPOTENT = {Verb.JOIN, Verb.DISPATCH, Verb.DEFER, Verb.EXPIRE}
ON_CASE = [verb for verb in Verb if verb is not Verb.REGISTER]


class ClosedLoop(RuleBasedStateMachine):
    """One case and all the people around it."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story(MONDAY)
        self.by_system: list[Command] = []
        self.ended: dict[tuple[str, int], Deadline] = {}
        self.done: dict[TaskId, Task] = {}

    @property
    def case(self) -> Case:
        return self.story.case

    @initialize(verb=st.sampled_from([Verb.REGISTER, Verb.FILE]), sure=st.booleans())
    def begin(self, verb: Verb, sure: bool) -> None:
        known = {} if sure or verb is Verb.FILE else {"category": None, "condition": None}
        self.story.do(Command(verb, SYSTEM, opening=an_opening(**known)))

    def attempt(self, command: Command) -> None:
        """Ask, and hold the answer against the table."""
        before, seen = self.case, len(self.story.happened)
        try:
            self.story.do(command, self.story.now)
        except Refused as refusal:
            stale = command.expected not in (None, before.version)
            assert stale is isinstance(refusal, Conflict)  # noqa: PT017  (either answer may be right)
            return
        assert command.expected in (None, before.version)
        happened = self.story.happened[seen:]
        assert len(happened) <= 1
        if not happened:
            assert self.case == before
            assert command.verb is Verb.JOIN or command.actor is SYSTEM
            return
        assert (before.state, command.verb, self.case.state, command.actor.role) in ROWS
        assert command.verb in allowed(before, command.actor)
        if command.actor is SYSTEM and command.verb in IDEMPOTENT:
            self.by_system.append(replace(command, expected=None))
            again = self.story.ask(self.by_system[-1])
            assert again.events == ()
            assert again.case == self.case

    @rule(wait=WAITS)
    def time_passes(self, wait: timedelta) -> None:
        self.story.now += wait

    @rule(early=st.sampled_from([timedelta(), timedelta(microseconds=1), timedelta(microseconds=-1)]))
    def it_is_almost_too_late(self, early: timedelta) -> None:
        running = [d.due_at for d in self.case.deadlines if d.state is DeadlineState.RUNNING]
        self.story.now = max([self.story.now, *(due - early for due in running)])

    # in turn

    def fitting(self) -> list[Command]:
        """What the people whose turn it is could do now, the usual steps more than once."""
        story, case = self.story, self.case
        if case.state is State.REPORTED:
            return [story.file(), story.file(), story.refuse()]
        if case.state is State.PENDING_DISPATCH:
            return [story.dispatch(ROADS, DRAINS, PARKS), story.dispatch(PARKS, actor=DISPATCHER), story.defer()]
        if case.state is State.PENDING_CHECK:
            return [story.passes(), story.fails(), story.fails()]
        steps = []
        for task in case.tasks:
            verb = {TaskState.OFFERED: Verb.ACCEPT, TaskState.ACCEPTED: Verb.FINISH}.get(task.state)
            if verb is not None:
                work = Command(verb, worker(task.unit), case.id, task=task.id, note=f"work {an_id().int}")
                steps += [work, work, replace(work, verb=Verb.SEND_BACK, reason="not-ours")]
        return steps

    @precondition(lambda self: self.case.open)
    @rule(pick=st.integers(0, 2**16), steps=st.integers(1, 3))
    def the_work_goes_on(self, pick: int, steps: int) -> None:
        for _ in range(steps):
            if fitting := self.fitting():
                self.attempt(fitting[pick % len(fitting)])
                pick //= len(fitting)

    @rule(version=st.booleans(), lead=st.sampled_from(UNITS), assist=st.sets(st.sampled_from(UNITS)), role=ROLES)
    def dispatched(self, version: bool, lead: str, assist: set[str], role: Role) -> None:
        helpers = sorted(assist - {lead})
        command = self.story.dispatch(lead, *helpers, actor=an_actor(role))
        self.attempt(replace(command, expected=self.case.version if version else None))

    @rule()
    def somebody_reports_it_again(self) -> None:
        self.attempt(self.story.join())

    @rule()
    def the_clock_strikes(self) -> None:
        self.attempt(self.story.expire())

    # out of turn

    @rule(data=st.data(), verb=st.sampled_from(ON_CASE), role=ROLES, unit=st.sampled_from(UNITS))
    def anybody_asks_anything(self, data: st.DataObject, verb: Verb, role: Role, unit: str) -> None:
        task = data.draw(st.sampled_from([None, TaskId(an_id()), *(t.id for t in self.case.tasks)]))
        verdict = a_verdict(None) if verb is Verb.DEFER else a_verdict(unit)
        command = Command(
            verb,
            an_actor(role, unit if role is Role.UNIT else None),
            self.case.id,
            expected=data.draw(st.sampled_from([None, self.case.version, self.case.version - 1])),
            report=ReportId(an_id()),
            task=task,
            new_tasks=(TaskId(an_id()),),
            verdict=verdict if verb in (Verb.DISPATCH, Verb.DEFER) else None,
            reason=data.draw(st.sampled_from(["", "because"])),
        )
        if verb is Verb.FILE:
            command = replace(command, category=a_category(), condition=a_condition(), place=a_place())
        self.attempt(command)

    @precondition(lambda self: self.by_system)
    @rule(data=st.data())
    def a_message_comes_twice(self, data: st.DataObject) -> None:
        """Late repeats of joins and expiries never count; verdicts are judged anew and not repeated."""
        command = data.draw(st.sampled_from(self.by_system))
        if command.verb in (Verb.JOIN, Verb.EXPIRE):
            assert self.story.ask(command).events == ()

    # what always holds

    @invariant()
    def the_history_has_no_gaps_and_gives_the_state(self) -> None:
        happened = self.story.happened
        assert [e.version for e in happened] == list(range(1, len(happened) + 1))
        assert [e.at for e in happened] == sorted(e.at for e in happened)
        assert self.story.replayed() == self.case

    @invariant()
    def an_open_case_has_a_deadline_or_is_known_to_be_late(self) -> None:
        running = [d for d in self.case.deadlines if d.state is DeadlineState.RUNNING]
        latest = self.case.deadlines[-1]
        if self.case.open:
            assert len(running) == 1 or (not running and latest.state is DeadlineState.MISSED and self.case.overdue)
        else:
            assert not running

    @invariant()
    def an_ended_deadline_stays_as_it_ended(self) -> None:
        for one in self.case.deadlines:
            kept = self.ended.setdefault((one.clock, one.cycle), one) if one.ended_at else one
            assert kept == one
        assert self.case.escalation <= sum(d.state is DeadlineState.MISSED for d in self.case.deadlines)

    @invariant()
    def a_result_is_never_overwritten(self) -> None:
        for task in self.case.tasks:
            if not task.open:
                assert self.done.setdefault(task.id, task) == task
        assert self.done.keys() <= {t.id for t in self.case.tasks}

    @invariant()
    def somebody_owns_the_case(self) -> None:
        state, tasks = self.case.state, self.case.tasks
        leads = [t for t in tasks if t.part is Part.LEAD and t.open]
        assert len(leads) <= 1
        if state is State.PENDING_DISPOSAL:
            assert [t.state for t in leads] == [TaskState.OFFERED]
        elif state is State.DISPOSING:
            assert any(t.open for t in tasks)
            assert all(t.state is TaskState.ACCEPTED for t in leads)
        else:
            assert not any(t.open for t in tasks)
        if state in (State.PENDING_DISPOSAL, State.DISPOSING, State.PENDING_CHECK):
            assert self.case.lead is not None
            assert self.case.verdict is not None
            assert self.case.lead.unit == self.case.verdict.lead

    @invariant()
    def only_ended_cases_have_an_end(self) -> None:
        assert (self.case.state in ENDED) == (self.case.ended_at is not None)
        assert self.case.open or not any(allowed(self.case, an_actor(role, ROADS)) for role in Role)


ClosedLoop.TestCase.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
TestClosedLoop = ClosedLoop.TestCase
