"""Promises on a case: where they come from, kept or missed to the instant; and what the system says twice."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.case import Clock, DeadlineState, State
from domain.clock import Limit, TimeUnit
from domain.errors import Refused
from tests.build import (
    CALENDAR,
    DRAINS,
    ROADS,
    Story,
    a_condition,
    a_policy,
    a_story,
    at,
    deadline,
    worker,
)

TICK = timedelta(microseconds=1)


def test_each_stage_has_its_limit_and_says_where_it_comes_from() -> None:
    story = Story(at("Fri 2026-11-20 16:00"))
    story.do(story.register(), at("Fri 2026-11-20 17:00")).do(story.file(), at("Fri 2026-11-20 17:10"))
    story.do(story.dispatch(), at("Fri 2026-11-20 17:20")).do(story.accept()).do(
        story.finish(), at("Sat 2026-11-21 09:00")
    )
    dues = [(d.clock, d.due_at, d.origin) for d in story.case.deadlines]
    condition = a_condition()
    assert dues == [
        (Clock.FILING, at("Fri 2026-11-20 17:15"), "policy.stage_limits.filing: 15 minute"),
        (Clock.DISPATCH, at("Fri 2026-11-20 17:25"), "policy.stage_limits.dispatch: 15 minute"),
        (Clock.DISPOSAL, at("Mon 2026-11-23 11:20"), f"condition {condition.id}: 4 work_hour"),
        (Clock.CHECK, at("Sat 2026-11-21 09:30"), "policy.stage_limits.check: 30 minute"),
    ]


def test_without_a_condition_the_city_has_a_limit_of_its_own() -> None:
    story = Story(policy=a_policy(default_limit=Limit(2, TimeUnit.URGENT_WORK_HOUR)))
    story.do(story.file(condition=None)).do(story.dispatch())
    running = story.case.running(Clock.DISPOSAL)
    assert running is not None
    assert running.due_at - running.set_at == timedelta(hours=2)
    assert running.origin == "policy.default_limit: 2 urgent_work_hour"


def test_accepting_does_not_restart_the_disposal_clock() -> None:
    story = a_story(State.PENDING_DISPOSAL, DRAINS)
    running = story.case.running(Clock.DISPOSAL)
    story.do(story.accept(DRAINS)).do(story.accept(ROADS)).do(story.join()).do(story.finish(ROADS))
    assert story.case.running(Clock.DISPOSAL) == running


@pytest.mark.parametrize(
    ("late", "state"), [(-TICK, "met"), (timedelta(), "met"), (TICK, "missed")], ids=["before", "at", "after"]
)
def test_a_promise_is_kept_up_to_its_exact_instant(late: timedelta, state: str) -> None:
    story = a_story(State.DISPOSING)
    due = deadline(story, Clock.DISPOSAL).due_at
    story.do(story.finish(), due + late)
    ended = deadline(story, Clock.DISPOSAL)
    assert (ended.state, ended.ended_at) == (state, due + late)
    assert story.case.overdue is (state == "missed")


@pytest.mark.parametrize("late", [-TICK, timedelta()], ids=["before", "at"])
def test_the_clock_calls_nobody_late_who_could_still_be_in_time(late: timedelta) -> None:
    story = a_story(State.DISPOSING)
    with pytest.raises(Refused) as caught:
        story.ask(story.expire(), deadline(story, Clock.DISPOSAL).due_at + late)
    assert caught.value.code == "deadline-not-due"


def test_a_deadline_is_overdue_exactly_once() -> None:
    story = a_story(State.DISPOSING)
    expire, late = story.expire(), deadline(story, Clock.DISPOSAL).due_at + TICK
    story.do(expire, late)
    assert (story.case.overdue, story.case.escalation, story.case.state) == (True, 1, State.DISPOSING)
    before = story.case
    story.do(expire, late + timedelta(hours=1))
    assert story.case == before


def test_late_work_does_not_erase_the_overrun() -> None:
    story = a_story(State.DISPOSING)
    story.do(story.expire(), deadline(story, Clock.DISPOSAL).due_at + TICK)
    missed = deadline(story, Clock.DISPOSAL)
    story.do(story.finish()).do(story.passes())
    assert story.case.state is State.CLOSED
    assert deadline(story, Clock.DISPOSAL) == missed
    assert story.case.overdue


def test_a_clock_that_comes_after_the_work_finds_nothing_to_do() -> None:
    story = a_story(State.DISPOSING)
    expire, due = story.expire(), deadline(story, Clock.DISPOSAL).due_at
    story.do(story.finish(), due)
    assert story.ask(expire, due + TICK).events == ()


def test_work_sent_back_was_not_done_in_time() -> None:
    """按期处置 counts promises kept; a unit that refuses the work has kept none."""
    story = a_story(State.PENDING_DISPOSAL)
    story.do(story.send_back())
    assert deadline(story, Clock.DISPOSAL).state is not DeadlineState.MET


def test_an_ended_case_has_no_running_deadline_and_keeps_its_reason() -> None:
    closed, refused = a_story(State.CLOSED), a_story(State.NOT_ACCEPTED)
    for story in (closed, refused):
        assert story.case.ended_at == story.now
        assert all(d.state is DeadlineState.MET for d in story.case.deadlines)
    assert refused.case.end_reason == "out-of-scope"


def test_in_a_drill_a_days_limit_is_over_in_minutes() -> None:
    drill = a_story(State.DISPOSING, policy=a_policy(calendar=CALENDAR, exercise_pace=240.0))
    running = drill.case.running(Clock.DISPOSAL)
    assert running is not None
    assert running.due_at - running.set_at == timedelta(minutes=1)


# --- What the system does twice


@pytest.mark.parametrize("step", ["dispatch", "defer", "join", "expire"])
def test_what_the_system_says_twice_happens_once(step: str) -> None:
    story, moment = a_story(State.PENDING_DISPATCH), None
    if step == "expire":
        moment = deadline(story, Clock.DISPATCH).due_at + TICK
    command = getattr(story, step)()
    story.do(command, moment)
    before = story.case
    assert story.ask(command, moment).case == before
    assert story.ask(command, moment).events == ()


@pytest.mark.parametrize("step", ["join", "expire"])
def test_that_no_rule_matched_is_remembered_whatever_happens_while_the_case_waits(step: str) -> None:
    story = a_story(State.PENDING_DISPATCH)
    defer = story.defer()
    story.do(defer)
    story.do(getattr(story, step)(), deadline(story, Clock.DISPATCH).due_at + TICK)
    assert story.case.verdict == defer.verdict
    assert story.ask(defer).events == (), "a redelivered reaction must not judge it a second time"


def test_only_who_may_join_is_told_that_it_was_joined_before() -> None:
    story = a_story(State.DISPOSING)
    with pytest.raises(Refused):
        story.ask(story.join(story.case.reports[0], worker(ROADS)))


def test_joining_means_joining_something() -> None:
    story = a_story(State.DISPOSING)
    with pytest.raises(Refused):
        story.ask(replace(story.join(), report=None))
