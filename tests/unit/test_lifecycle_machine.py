"""Everybody acts at random on two cases, in and out of turn; what comes out is always lawful."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.actor import SYSTEM, Actor
from domain.case import CLOSED_STATES, ENDED, Case, Clock, Deadline, DeadlineState, State
from domain.catalogue import Urgency
from domain.commands import Command, Verb
from domain.deadlines import STAGE_OF
from domain.errors import Conflict, Refused
from domain.events import NAMES
from domain.evolution import evolve
from domain.ids import ReportId, TaskId
from domain.lifecycle import TABLE, allowed, decide
from domain.task import Part, Task, TaskState
from domain.trials import trials
from store import codec
from tests.build import TICK, Story, a_story
from tests.crowd import ACTORS, POLICIES, in_between, in_turn, out_of_turn
from tests.values import a_condition, a_milestone, an_opening

ROWS = {(row.source, row.verb, row.target, role) for row in TABLE for role in row.actors}
PICKS = st.integers(0, 2**16)
WHICH = st.integers(0, 1)
WAITS = st.sampled_from([timedelta(), timedelta(minutes=20), timedelta(hours=30), timedelta(days=7)])
SIDES = {Verb.MERGE: Verb.ABSORB, Verb.SPLIT: Verb.RELEASE}
WITH_LEAD = {State.PENDING_DISPOSAL, State.DISPOSING, State.SUSPENDED}
NEED_A_STEP = {State.DISPOSED, State.PENDING_CLOSE}
DONE_BY_LEAD = {State.DISPOSED, State.PENDING_CHECK, State.CHECKING, State.PENDING_CLOSE, State.CLOSED}


class ClosedLoop(RuleBasedStateMachine):
    """Two cases, and all the people around them."""

    def __init__(self) -> None:
        super().__init__()
        self.stories: tuple[Story, Story] = (Story(), Story())
        self.read_back: list[Case | None] = [None, None]
        self.seen = [0, 0]
        self.results: dict[tuple[TaskId, int], Task] = {}
        self.reports: set[ReportId] = set()

    @initialize(
        policy=st.sampled_from(sorted(POLICIES)),
        start=st.sampled_from(State),
        verb=st.sampled_from([Verb.REGISTER, Verb.ADMIT, Verb.FILE]),
        staged=st.booleans(),
        grave=st.booleans(),
    )
    def begin(self, policy: str, start: State, verb: Verb, staged: bool, grave: bool) -> None:
        """One case that has come somewhere already, one at its beginning."""
        rules = POLICIES[policy if start not in NEED_A_STEP else "everything on"]
        condition = a_condition(stages=(a_milestone(1), a_milestone(2, "处罚")), evidence=True) if staged else None
        opening = an_opening(condition=condition, urgency=Urgency.CRITICAL if grave else Urgency.NORMAL)
        other = Story(policy=rules).do(Command(verb, SYSTEM, opening=opening))
        self.stories = (a_story(start, policy=rules), other)
        self.stories[1].now = self.stories[0].now = max(story.now for story in self.stories)
        for story in self.stories:
            self.reports.update(story.reports)

    # --- what may come

    @rule(wait=WAITS)
    def time_passes(self, wait: timedelta) -> None:
        for story in self.stories:
            story.now += wait

    @rule(which=WHICH, picks=st.lists(PICKS, min_size=1, max_size=6))
    def the_work_goes_on(self, which: int, picks: list[int]) -> None:
        for pick in picks:
            steps = in_turn(self.stories[which])
            self.attempt(which, steps[pick % len(steps)])

    @rule(which=WHICH, picks=st.lists(PICKS, min_size=1, max_size=3))
    def something_comes_between(self, which: int, picks: list[int]) -> None:
        for pick in picks:
            steps = in_between(self.stories[which], self.stories[1 - which], pick)
            self.attempt(which, steps[pick // 8 % len(steps)])

    @rule(which=WHICH, verb=st.sampled_from(Verb), actor=st.sampled_from(ACTORS), pick=PICKS)
    def anybody_asks_anything(self, which: int, verb: Verb, actor: Actor, pick: int) -> None:
        self.attempt(which, out_of_turn(self.stories[which], self.stories[1 - which], verb, actor, pick))

    @rule(which=WHICH, late=st.sampled_from([-TICK, timedelta(), TICK, TICK, TICK]))
    def the_next_alarm_rings(self, which: int, late: timedelta) -> None:
        story = self.stories[which]
        alarms = [d.alarm_at for d in story.case.deadlines if d.alarm_at is not None]
        if alarms:
            for one in self.stories:
                one.now = max(one.now, min(alarms) + late)
            moment = max(story.now, story.case.updated_at)
            rang = self.attempt(which, story.ring())
            assert rang == (moment > min(alarms))

    @rule(which=WHICH, actor=st.sampled_from(ACTORS))
    def no_button_always_fails(self, which: int, actor: Actor) -> None:
        story = self.stories[which]
        moment = max(story.now, story.case.updated_at)
        for verb in allowed(story.case, actor, story.policy, moment):
            made = trials(story.case, verb, actor, moment, story.policy)
            assert any(takes(story, trial, moment) for trial in made), verb

    def attempt(self, which: int, command: Command) -> bool:
        """Ask, and hold the answer against the table. Returns whether something happened."""
        story, other = self.stories[which], self.stories[1 - which]
        before, seen = story.case, len(story.happened)
        try:
            if command.verb in SIDES and command.other is other.case:
                mirrored = Command(SIDES[command.verb], command.actor, other.case.id, other=before)
                story.ask(command)
                other.ask(mirrored)
                story.do(command, story.now)
                other.do(mirrored, story.now)
            elif command.verb in {*SIDES, *SIDES.values()}:
                story.ask(command)
                return False
            else:
                story.do(command, story.now)
        except Refused as refusal:
            assert isinstance(refusal, Conflict) == (command.expected not in (None, before.version))  # noqa: PT017
            assert story.case is before
            assert len(story.happened) == seen
            return False
        happened = story.happened[seen:]
        if not happened:
            assert command.actor is SYSTEM
            assert story.case == before
            return False
        after = story.case
        assert (before.state, command.verb, after.state, command.actor.role) in ROWS
        assert command.verb in allowed(before, command.actor, story.policy, story.now), f"no button {command.verb}"
        self.reports.update(story.reports)
        assert after.behind == len(story.reports), "the number on the case is that of those behind it"
        if command.actor is SYSTEM:
            again = story.ask(replace(command, expected=None))
            assert (again.events, again.case) == ((), after)
        promises_kept(before, after, command)
        if after.state is State.CLOSED and before.open:
            closed_by_work_and_check(story)
        return True

    # --- what always holds

    @invariant()
    def the_history_as_stored_gives_the_state(self) -> None:
        for which, story in enumerate(self.stories):
            if not story.happened or len(story.happened) == self.seen[which]:
                continue
            for event in story.happened[self.seen[which] :]:
                stored = codec.decode_event(codec.encode(event))
                assert stored == event
                self.read_back[which] = evolve(self.read_back[which], stored)
            self.seen[which] = len(story.happened)
            assert self.read_back[which] == story.case == codec.decode_case(codec.encode(story.case))
            assert [event.version for event in story.happened] == list(range(1, len(story.happened) + 1))
            assert [event.at for event in story.happened] == sorted(event.at for event in story.happened)

    @precondition(lambda self: self.reports)
    @invariant()
    def no_reporter_is_lost_and_both_sides_of_a_merge_agree(self) -> None:
        one, two = (story.case for story in self.stories)
        kept = {r for story in self.stories for r in self.reports if r in story.reports or story.withdrew(r)}
        assert self.reports <= kept
        for case, other in ((one, two), (two, one)):
            assert (case.merged_into == other.id) == (case.id in other.absorbed)
            assert (case.state is State.MERGED) == (case.merged_into is not None)

    @precondition(lambda self: self.reports)
    @invariant()
    def somebody_owns_an_open_case_and_has_a_date(self) -> None:
        for story in self.stories:
            case = story.case
            assert (case.state in ENDED) == (case.ended_at is not None)
            if not case.open:
                binding = {d.clock for d in case.deadlines if d.open}
                assert binding <= ({Clock.CALL_BACK, Clock.SPOT_CHECK} if case.state in CLOSED_STATES else set())
                continue
            stage = case.running(STAGE_OF[case.state])
            assert stage is not None, f"nobody has a date in {case.state}"
            assert (case.state is State.SUSPENDED) == (case.running(Clock.SUSPENSION) is not None)
            owned(case)

    @precondition(lambda self: self.reports)
    @invariant()
    def a_result_is_never_overwritten(self) -> None:
        for story in self.stories:
            for task in story.case.tasks:
                if task.state is TaskState.DONE and story.case.state is not State.DISPOSED:
                    kept = self.results.setdefault((task.id, task.round), task)
                    assert kept.result == task.result or task.part is Part.LEAD
            assert len({task.id for task in story.case.tasks}) == len(story.case.tasks)


def takes(story: Story, trial: Command, moment: datetime) -> bool:
    try:
        return bool(decide(story.case, trial, moment, story.policy).events)
    except Refused:
        return False


def owned(case: Case) -> None:
    """Whose turn it is: of a unit or an inspector by an open task, else of the role that the state names."""
    leads = [t for t in case.tasks if t.part is Part.LEAD and t.open]
    visits = [t.part for t in case.tasks if t.on_site and t.open]
    assert len(leads) == (case.state in WITH_LEAD)
    assert visits == {State.VERIFYING: [Part.VERIFY], State.CHECKING: [Part.CHECK]}.get(case.state, [])
    if case.state in WITH_LEAD:
        assert leads == [case.lead]
        wanted = case.resumes if case.state is State.SUSPENDED else case.state
        assert leads[0].state is (TaskState.OFFERED if wanted is State.PENDING_DISPOSAL else TaskState.ACCEPTED)
    elif case.state in DONE_BY_LEAD:
        assert case.lead is not None
        assert case.lead.state is TaskState.DONE
    if case.state not in WITH_LEAD:
        assert not any(t.open for t in case.tasks if t.unit)


def promises_kept(before: Case, after: Case, command: Command) -> None:
    """No deadline vanishes, is shortened by anything but a merge, or forgets that it was missed."""
    now: dict[tuple[Clock, int], Deadline] = {(d.clock, d.cycle): d for d in after.deadlines}
    assert len(now) == len(after.deadlines)
    for old in before.deadlines:
        new = now[old.clock, old.cycle]
        assert (new.set_at, new.limit, new.origin, new.task) == (old.set_at, old.limit, old.origin, old.task)
        assert new.due_at >= old.due_at or command.verb is Verb.ABSORB
        assert new.first_due_at == (old.first_due_at or (old.due_at if new.due_at != old.due_at else None))
        assert old.state is not DeadlineState.MISSED or new.state is DeadlineState.MISSED
        assert new.exempt >= old.exempt
        if old.ended_at is not None:
            assert replace(new, exempt=old.exempt) == old
    assert after.escalation == before.escalation + (command.verb in (Verb.EXPIRE, Verb.ESCALATE))


def closed_by_work_and_check(story: Story) -> None:
    """处置 and 核查 came before 结案, in this order."""
    lead = story.case.lead
    assert lead is not None
    assert lead.ended_at is not None
    passed = [event.version for event in story.happened if event.type == NAMES[Verb.PASS]]
    done = [event.version for event in story.happened if any(t.id == lead.id and not t.open for t in event.tasks)]
    assert passed[-1] > done[-1]


ClosedLoop.TestCase.settings = settings(max_examples=500, stateful_step_count=50, deadline=None)
TestClosedLoop = ClosedLoop.TestCase
