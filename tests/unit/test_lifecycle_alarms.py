"""Alarms: warned, breached, escalated; each exactly once, to the instant, and never by starting a clock anew."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.case import Clock, Deadline, DeadlineState, State
from domain.commands import Verb
from domain.place import Level
from domain.policy import Ladder
from tests.build import TICK, Story, a_story, deadline, refused
from tests.values import DRAINS, a_policy, an_activation, at


def disposal(story: Story) -> Deadline:
    """The promise whose alarms these stories hear."""
    return deadline(story, Clock.DISPOSAL)


@pytest.mark.parametrize(
    ("late", "state"), [(-TICK, "met"), (timedelta(), "met"), (TICK, "missed")], ids=["before", "at", "after"]
)
def test_a_promise_is_kept_up_to_its_exact_instant(late: timedelta, state: str) -> None:
    story = a_story(State.DISPOSING)
    due = disposal(story).due_at
    story.do(story.finish(), due + late)
    ended = disposal(story)
    assert (ended.state, ended.ended_at) == (state, due + late)
    assert story.case.overdue is (state == "missed")


def test_the_ladder_of_four_working_hours_from_two_past_nine() -> None:
    """Warned at 80 % (3 h 12), breached at 4 h, escalated at 6 h and at 8 h of working time."""
    story = a_story(State.DISPOSING)
    heard = []
    for _ in range(4):
        one = disposal(story)
        assert refused(story, story.ring(one), one.alarm_at) == "deadline-not-due"
        story.do(story.ring(one), one.alarm_at + TICK)
        heard.append((story.happened[-1].type, one.alarm_at, disposal(story).state))
    assert heard == [
        ("warned", at("Mon 2026-11-16 14:14"), "running"),
        ("expired", at("Mon 2026-11-16 15:02"), "missed"),
        ("escalated", at("Mon 2026-11-16 17:02"), "missed"),
        ("escalated", at("Tue 2026-11-17 09:02"), "missed"),
    ]
    assert (disposal(story).alarms, disposal(story).alarm_at, story.case.escalation) == ((), None, 3)
    assert (disposal(story).due_at, disposal(story).cycle) == (at("Mon 2026-11-16 15:02"), 1)


def test_each_alarm_rings_once_and_in_order() -> None:
    story = a_story(State.DISPOSING)
    late = disposal(story).due_at + timedelta(days=30)
    warn = story.ring(disposal(story))
    breach, rung = replace(warn, verb=Verb.EXPIRE, share=1.0), replace(warn, verb=Verb.ESCALATE, share=1.5)
    for early in (breach, rung):
        assert story.ask(early, late).events == (), "not before the warning"
    for command in (warn, breach, rung):
        story.do(command, late)
        assert story.ask(command).events == ()
    assert story.ask(replace(warn, verb=Verb.ESCALATE, share=2.0)).events != ()


def test_an_alarm_says_what_it_is() -> None:
    """A warning that names the breach would take its place, and nobody would be late."""
    story = a_story(State.DISPOSING)
    story.do(story.ring(disposal(story)), disposal(story).alarm_at + TICK)
    breach = story.ring(disposal(story))
    for verb in (Verb.WARN, Verb.ESCALATE):
        assert story.ask(replace(breach, verb=verb), disposal(story).due_at + TICK).events == ()


def test_late_work_does_not_erase_the_overrun_and_ends_the_alarms() -> None:
    story = a_story(State.DISPOSING).breaks(Clock.DISPOSAL)
    rung = story.ring(disposal(story))
    story.do(story.finish()).do(story.passes())
    missed = disposal(story)
    assert (missed.state, missed.alarm_at, story.case.overdue) == (DeadlineState.MISSED, None, True)
    assert story.ask(rung, story.now + timedelta(days=9)).events == ()


def test_a_clock_that_comes_after_the_work_finds_nothing_to_do() -> None:
    story = a_story(State.DISPOSING)
    warn, due = story.ring(disposal(story)), disposal(story).due_at
    story.do(story.finish(), due)
    assert story.ask(warn, due + TICK).events == ()


def test_an_extension_is_warned_of_again_and_a_pause_only_moves_what_is_left() -> None:
    extended = a_story(State.DISPOSING)
    extended.do(extended.ring(disposal(extended)), disposal(extended).alarm_at + TICK)
    extended.do(extended.extend()).do(extended.grant())
    assert disposal(extended).alarms == (0.8, 1.0, 1.5, 2.0)
    paused = a_story(State.DISPOSING)
    paused.do(paused.ring(disposal(paused)), disposal(paused).alarm_at + TICK)
    paused.do(paused.suspend()).do(paused.grant()).do(paused.resume())
    assert disposal(paused).alarms == (1.0, 1.5, 2.0)
    assert disposal(paused).alarm_at == disposal(paused).due_at


def test_a_paused_clock_is_silent() -> None:
    story = a_story(State.SUSPENDED)
    silent = disposal(story)
    assert silent.alarm_at is None
    command = replace(story.ring(), verb=Verb.WARN, clock=Clock.DISPOSAL, cycle=1, share=0.8)
    assert refused(story, command, story.now + timedelta(days=9)) == "deadline-not-due"


def test_the_end_of_a_suspension_is_no_breach() -> None:
    story = a_story(State.SUSPENDED)
    expire = replace(story.ring(), verb=Verb.EXPIRE, clock=Clock.SUSPENSION, cycle=1, share=1.0)
    assert story.ask(expire, story.now + timedelta(days=30)).events == ()


def test_each_clock_has_the_ladder_the_city_gives_it() -> None:
    story = a_story(State.PENDING_DISPOSAL, DRAINS, policy=a_policy(ladders={Clock.ASSIST: Ladder(0.5, (3.0,))}))
    assert deadline(story, Clock.ASSIST).alarms == (0.5, 1.0, 3.0)
    assert disposal(story).alarms == (1.0,)


def test_in_a_plan_each_rung_calls_the_level_above() -> None:
    levels = (Level.STREET, Level.DISTRICT, Level.CITY, Level.PROVINCE)
    story = a_story(State.PENDING_DISPATCH)
    story.do(story.activate(an_activation(levels=levels)))
    climbed = []
    for _ in range(4):
        one = disposal(story)
        story.do(story.ring(one), max(story.now, one.alarm_at + TICK))
        climbed.append(story.case.level)
    assert climbed == [Level.DISTRICT, Level.DISTRICT, Level.CITY, Level.PROVINCE]


def test_without_a_plan_a_rung_moves_no_level() -> None:
    story = a_story(State.DISPOSING).breaks(Clock.DISPOSAL)
    story.do(story.ring(disposal(story)), disposal(story).alarm_at + TICK)
    assert (story.happened[-1].type, story.case.level) == ("escalated", Level.DISTRICT)
