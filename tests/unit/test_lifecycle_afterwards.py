"""After the end: 回访 with three verdicts, 重办 by rule, 抽查."""

from dataclasses import replace

import pytest

from domain.case import Clock, DeadlineState, State
from domain.policy import Reopening
from domain.task import Part, TaskState
from tests.build import TICK, a_story, deadline, part_of, refused, steps_on
from tests.values import CHIEF, DESK, HOTLINE, INSPECTOR, PARKS, SUPERVISOR, SYSTEM, a_policy

CALLED = a_policy(steps=steps_on("call_back"))


# --- 回访


def test_the_three_verdicts_are_kept_apart() -> None:
    story = a_story(State.CLOSED)
    report = story.reports[0]
    story.do(story.call_back(solved=True, satisfied=False, report=report, note="太慢"))
    said = story.case.call_backs[-1]
    assert (said.contacted, said.solved, said.satisfied, said.report) == (True, True, False, report)
    assert story.case.state is State.EVALUATED, "dissatisfied re-opens nothing unless the city says so"


@pytest.mark.parametrize(
    ("rule", "solved", "satisfied", "again"),
    [
        (Reopening(), False, None, True),
        (Reopening(), None, False, False),
        (Reopening(dissatisfied=True), True, False, True),
        (Reopening(unsolved=False), False, False, False),
        (Reopening(), None, None, False),
        (Reopening(most=0), False, False, False),
    ],
)
def test_what_re_opens_a_case_is_the_citys_rule(
    rule: Reopening, solved: bool | None, satisfied: bool | None, again: bool
) -> None:
    story = a_story(State.CLOSED, policy=a_policy(reopening=rule))
    story.do(story.call_back(solved, satisfied))
    assert story.case.state is (State.PENDING_DISPATCH if again else State.EVALUATED)
    assert (story.case.reopened, story.case.open) == (int(again), again)


def test_a_case_is_re_opened_by_rule_so_often_and_no_oftener() -> None:
    story = a_story(State.CLOSED)
    for _ in range(2):
        story.do(story.call_back(solved=False)).do(story.dispatch(PARKS)).do(story.accept(PARKS))
        story.do(story.finish(PARKS)).do(story.passes())
    story.do(story.call_back(solved=False))
    assert (story.case.state, story.case.reopened) == (State.EVALUATED, 2)
    assert len(story.case.call_backs) == 3


def test_a_re_opened_case_is_dispatched_anew_and_remembers_the_work_that_was_done() -> None:
    story = a_story(State.CLOSED)
    work = part_of(story.case, Part.LEAD)
    filed = story.case.filed_at
    story.do(story.call_back(solved=False))
    assert (story.case.verdict, story.case.ended_at, story.case.filed_at) == (None, None, filed)
    assert deadline(story, Clock.DISPATCH, 2).state is DeadlineState.RUNNING
    story.do(story.dispatch(PARKS))
    assert part_of(story.case, Part.LEAD) == work
    assert story.case.lead == story.task(PARKS)


def test_somebody_owes_a_call_back_where_the_city_asks_for_it() -> None:
    story = a_story(State.CLOSED, policy=CALLED)
    owed = deadline(story, Clock.CALL_BACK)
    assert owed.state is DeadlineState.RUNNING
    late = a_story(State.CLOSED, policy=CALLED)
    story.do(story.call_back(), owed.due_at)
    assert deadline(story, Clock.CALL_BACK).state is DeadlineState.MET
    late.breaks(Clock.CALL_BACK)
    late.do(late.call_back())
    assert deadline(late, Clock.CALL_BACK).state is DeadlineState.MISSED
    assert late.case.overdue
    assert not a_story(State.CLOSED).case.running(Clock.CALL_BACK)


def test_re_opened_for_another_reason_nobody_has_called_back() -> None:
    story = a_story(State.CLOSED, policy=CALLED)
    story.do(story.reopen())
    assert deadline(story, Clock.CALL_BACK).state is DeadlineState.STOPPED


def test_a_call_back_reports_something() -> None:
    story = a_story(State.CLOSED)
    assert refused(story, replace(story.call_back(), said=None)) == "verdicts-required"
    for actor in (DESK, HOTLINE):
        assert story.ask(replace(story.call_back(), actor=actor)).case.call_backs[0].by == actor


# --- 重办


@pytest.mark.parametrize("state", [State.CLOSED, State.EVALUATED, State.FORCE_CLOSED])
def test_the_chief_re_opens_what_was_closed(state: State) -> None:
    story = a_story(state)
    assert refused(story, replace(story.reopen(), reason="")) == "reason-required"
    story.do(story.reopen())
    assert (story.case.state, story.case.reopened) == (State.PENDING_DISPATCH, 1)


def test_what_was_force_closed_before_filing_goes_back_to_the_desk() -> None:
    story = a_story(State.REPORTED)
    story.do(story.force_close()).do(story.reopen())
    assert story.case.state is State.REPORTED


# --- 抽查


def test_a_spot_check_that_finds_it_well_changes_nothing() -> None:
    story = a_story(State.CLOSED)
    story.do(story.spot_check(SYSTEM))
    task = part_of(story.case, Part.SPOT_CHECK)
    assert (deadline(story, Clock.SPOT_CHECK).task, story.case.state) == (task.id, State.CLOSED)
    assert story.ask(story.spot_check(SYSTEM)).events == ()
    story.do(story.passes(closing="notice"))
    done = part_of(story.case, Part.SPOT_CHECK)
    assert (done.state, done.passed, story.case.state) == (TaskState.DONE, True, State.CLOSED)
    assert (story.case.closing, story.happened[-1].closing) == ("met", ""), "how it was closed stays"
    assert deadline(story, Clock.SPOT_CHECK).state is DeadlineState.MET


def test_a_spot_check_asks_for_no_evidence_of_closing() -> None:
    story = a_story(State.EVALUATED)
    story.do(story.spot_check()).do(story.passes(photos=()))
    assert story.case.state is State.EVALUATED


def test_a_spot_check_that_finds_it_undone_re_opens_it() -> None:
    story = a_story(State.EVALUATED)
    story.do(story.spot_check(SUPERVISOR)).do(story.fails())
    assert (story.case.state, story.case.reopened, story.case.reworks) == (State.PENDING_DISPATCH, 1, 0)
    assert part_of(story.case, Part.SPOT_CHECK).passed is False


def test_an_inspector_who_was_not_drawn_has_nothing_to_say() -> None:
    story = a_story(State.CLOSED)
    assert refused(story, replace(story.passes(), actor=INSPECTOR)) == "guard-not-met"
    story.do(story.spot_check(who="inspector-2"))
    assert refused(story, replace(story.passes(), actor=INSPECTOR)) == "task-not-yours"


def test_when_a_case_is_re_opened_the_spot_check_on_it_is_over() -> None:
    story = a_story(State.CLOSED)
    story.do(story.spot_check()).do(story.reopen(CHIEF), story.now + TICK)
    assert part_of(story.case, Part.SPOT_CHECK).state is TaskState.CANCELLED
    assert deadline(story, Clock.SPOT_CHECK).state is DeadlineState.STOPPED
