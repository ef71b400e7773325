"""Limits: where they come from (stage, condition, season, level, urgency, rework, plan) and what they add up to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.case import Clock, DeadlineState, State
from domain.catalogue import Season, Urgency
from domain.clock import Limit, TimeUnit
from domain.limits import limit_of
from domain.place import Level
from domain.policy import LimitRule, Policy
from tests.build import TICK, Story, a_story, deadline, steps_on
from tests.values import (
    CALENDAR,
    DISPATCHER,
    DRAINS,
    ROADS,
    a_condition,
    a_policy,
    a_share,
    an_activation,
    an_opening,
    at,
)

HOURS = TimeUnit.WORK_HOUR


def with_rules(*rules: LimitRule, **changes: object) -> Policy:
    return a_policy(limits=(*a_policy().limits, *rules), **changes)


def dispatched(policy: Policy | None = None, **opening: object) -> Story:
    story = Story(policy=policy)
    return story.do(story.file(**opening)).do(story.dispatch(ROADS, DRAINS))


def test_each_stage_has_its_limit_and_says_where_it_comes_from() -> None:
    story = Story(at("Fri 2026-11-20 16:00"))
    story.do(story.register(), at("Fri 2026-11-20 17:00")).do(story.file(), at("Fri 2026-11-20 17:10"))
    story.do(story.dispatch(), at("Fri 2026-11-20 17:20")).do(story.accept())
    story.do(story.finish(), at("Sat 2026-11-21 09:00"))
    assert [(d.clock, d.due_at, d.origin) for d in story.case.deadlines] == [
        (Clock.INTAKE, at("Fri 2026-11-20 17:15"), "policy.limits.intake"),
        (Clock.DISPATCH, at("Fri 2026-11-20 17:25"), "policy.limits.dispatch"),
        (Clock.DISPOSAL, at("Mon 2026-11-23 11:20"), f"condition {a_condition().id}"),
        (Clock.CHECK, at("Sat 2026-11-21 09:30"), "policy.limits.check"),
    ]


def test_without_a_condition_the_city_has_a_limit_of_its_own() -> None:
    story = dispatched(a_policy(default_limit=Limit(2, TimeUnit.URGENT_WORK_HOUR)), condition=None)
    running = deadline(story, Clock.DISPOSAL)
    assert (running.due_at - running.set_at, running.origin) == (timedelta(hours=2), "policy.default_limit")


def test_accepting_joining_and_urging_do_not_restart_the_clock() -> None:
    story = dispatched()
    running = deadline(story, Clock.DISPOSAL)
    story.do(story.accept(DRAINS)).do(story.accept()).do(story.join()).do(story.urge()).do(story.supervise())
    assert story.case.running(Clock.DISPOSAL) == running


# --- which rule holds


@pytest.mark.parametrize(("urgency", "minutes"), [(Urgency.NORMAL, 15), (Urgency.URGENT, 5), (Urgency.CRITICAL, 15)])
def test_a_rule_for_the_urgency_beats_the_one_for_all(urgency: Urgency, minutes: int) -> None:
    rule = LimitRule(Clock.DISPATCH, Limit(5, TimeUnit.MINUTE), Urgency.URGENT)
    story = Story(policy=with_rules(rule))
    story.do(story.file(urgency=urgency))
    one = deadline(story, Clock.DISPATCH)
    assert one.due_at - one.set_at == timedelta(minutes=minutes)


def test_urgency_counts_before_level_and_both_before_one() -> None:
    rules = (
        LimitRule(Clock.CASE, Limit(1, HOURS), level=Level.DISTRICT),
        LimitRule(Clock.CASE, Limit(2, HOURS), Urgency.URGENT),
        LimitRule(Clock.CASE, Limit(3, HOURS), Urgency.CRITICAL),
        LimitRule(Clock.CASE, Limit(4, HOURS), Urgency.CRITICAL, Level.DISTRICT),
    )
    found = {}
    for urgency in Urgency:
        story = Story(policy=with_rules(*rules))
        found[urgency] = deadline(story.do(story.file(urgency=urgency)), Clock.CASE).limit.value
    assert found == {Urgency.NORMAL: 1, Urgency.URGENT: 2, Urgency.CRITICAL: 4}


def test_only_a_rule_that_names_the_level_beats_the_conditions_own_limit() -> None:
    general = LimitRule(Clock.DISPOSAL, Limit(9, HOURS))
    level = LimitRule(Clock.DISPOSAL, Limit(8, HOURS), level=Level.DISTRICT)
    assert deadline(dispatched(with_rules(general)), Clock.DISPOSAL).limit == a_condition().limit
    assert deadline(dispatched(with_rules(general), condition=None), Clock.DISPOSAL).limit == general.limit
    assert deadline(dispatched(with_rules(general, level)), Clock.DISPOSAL).limit == level.limit


def test_the_limit_of_a_dispatch_rule_beats_the_level_and_the_condition_but_not_the_rework_limit() -> None:
    """«汛期积水 2 小时»: the rule that sent the case says how long it may take, and the deadline says which rule."""
    level = LimitRule(Clock.DISPOSAL, Limit(8, HOURS), level=Level.DISTRICT)
    policy = replace(with_rules(level), rework_limit=Limit(1, HOURS))
    story = Story(policy=policy)
    story.do(story.file())
    story.do(story.dispatch(limit=Limit(2, HOURS), rule="flood"))
    found = deadline(story, Clock.DISPOSAL)
    assert (found.limit, found.origin) == (Limit(2, HOURS), "rule flood")
    again = limit_of(story.case, story.fails(), Clock.DISPOSAL, None, story.now, policy)
    assert again[1] == "policy.rework_limit"


def test_a_season_has_its_own_limit_on_the_day_disposal_begins() -> None:
    """种植季节: in November and December it may take 20 工作日."""
    planting = Season((11, 1), (12, 31), Limit(20, TimeUnit.WORK_DAY))
    condition = a_condition(seasons=(planting,))
    in_season, before = Story(), Story(at("Fri 2026-10-30 09:00"))
    for story in (in_season, before):
        story.do(story.file(condition=condition)).do(story.dispatch())
    assert str(deadline(in_season, Clock.DISPOSAL).limit) == "20 work_day"
    assert deadline(before, Clock.DISPOSAL).limit == a_condition().limit


def test_rework_has_the_citys_rework_limit() -> None:
    story = a_story(State.PENDING_CHECK, policy=a_policy(rework_limit=Limit(1, HOURS)))
    story.do(story.fails())
    again = deadline(story, Clock.DISPOSAL, 2)
    assert (str(again.limit), again.origin) == ("1 work_hour", "policy.rework_limit")


def test_a_condition_may_count_on_another_calendar() -> None:
    """A team that works on Saturdays: the calendar is the one the condition names, frozen on the deadline."""
    saturdays = replace(CALENDAR, rest_weekdays=frozenset({6}))
    found = {}
    for name in ("", "six-day", "unknown"):
        story = Story(at("Fri 2026-11-20 16:58"), a_policy(calendars={"six-day": saturdays}))
        story.do(story.file(condition=a_condition(calendar=name))).do(story.dispatch())
        found[name] = deadline(story, Clock.DISPOSAL).due_at
    assert found == {
        "": at("Mon 2026-11-23 11:00"),
        "six-day": at("Sat 2026-11-21 11:00"),
        "unknown": at("Mon 2026-11-23 11:00"),
    }


def test_a_plan_gives_minutes_to_its_units_and_helpers_that_come_later_have_the_conditions_limit() -> None:
    story = a_story(State.PENDING_DISPATCH)
    story.do(story.activate(an_activation(a_share(ROADS, 30), a_share(DRAINS, 10))))
    assert [t.part for t in story.case.tasks] == ["lead", "assist"], "a plan without a lead is led by its first unit"
    story.do(story.reinforce("parks"))
    limits = [str(d.limit) for d in story.case.deadlines if d.clock is Clock.ASSIST]
    assert limits == ["10 minute", "4 work_hour"]


def test_a_unit_that_a_plan_names_twice_is_called_once() -> None:
    story = a_story(State.PENDING_DISPATCH)
    story.do(story.activate(an_activation(a_share(ROADS), a_share(DRAINS), a_share(ROADS, 5))))
    assert [t.unit for t in story.case.tasks] == [ROADS, DRAINS]


# --- the whole case, and what adds up


def test_the_whole_case_has_a_limit_beside_its_stages_from_filing_to_the_end() -> None:
    story = Story(policy=with_rules(LimitRule(Clock.CASE, Limit(2, TimeUnit.WORK_DAY))))
    story.do(story.register())
    assert story.case.running(Clock.CASE) is None
    filed = story.do(story.file()).now
    story.do(story.dispatch()).do(story.send_back()).do(story.dispatch()).do(story.accept())
    story.do(story.suspend(1)).do(story.grant())
    assert deadline(story, Clock.CASE).state is DeadlineState.PAUSED
    story.do(story.resume()).do(story.finish()).do(story.passes())
    whole = deadline(story, Clock.CASE)
    assert (whole.set_at, whole.cycle, whole.state) == (filed, 1, DeadlineState.MET)
    story.do(story.reopen())
    assert deadline(story, Clock.CASE, 2).set_at == story.now


def test_once_each_visit_is_new_and_cumulative_they_add_up() -> None:
    """累计耗时: of 4 工作时 one was used on the first visit, so three are left for the second."""
    for cumulative, hours in ((frozenset(), 4), (frozenset({Clock.DISPOSAL}), 3)):
        story = a_story(State.PENDING_DISPOSAL, policy=a_policy(cumulative=cumulative))
        start = deadline(story, Clock.DISPOSAL).set_at
        story.do(story.send_back(), start + timedelta(hours=1))
        story.do(story.dispatch(actor=DISPATCHER), at("Mon 2026-11-16 14:00"))
        assert deadline(story, Clock.DISPOSAL, 2).due_at == at("Mon 2026-11-16 14:00") + timedelta(hours=hours)


def test_the_time_of_a_suspension_is_not_used_up() -> None:
    story = a_story(State.DISPOSING, policy=a_policy(cumulative=frozenset({Clock.DISPOSAL})))
    story.do(story.suspend(), at("Mon 2026-11-16 10:02")).do(story.grant(), at("Mon 2026-11-16 10:02"))
    story.do(story.resume(), at("Fri 2026-11-20 09:00")).do(story.finish(), at("Fri 2026-11-20 10:00"))
    story.do(story.fails(), at("Fri 2026-11-20 14:00"))
    assert deadline(story, Clock.DISPOSAL, 2).due_at == at("Fri 2026-11-20 16:00"), "two of four hours were used"


def test_nothing_left_is_due_at_once() -> None:
    story = a_story(State.PENDING_DISPOSAL, policy=a_policy(cumulative=frozenset({Clock.DISPOSAL})))
    story.breaks(Clock.DISPOSAL)
    story.do(story.send_back()).do(story.dispatch(actor=DISPATCHER), at("Tue 2026-11-17 09:00"))
    assert deadline(story, Clock.DISPOSAL, 2).due_at == at("Tue 2026-11-17 09:00")


def test_in_a_drill_a_days_limit_is_over_in_minutes() -> None:
    drill = a_story(State.DISPOSING, policy=a_policy(exercise_pace=240.0))
    running = deadline(drill, Clock.DISPOSAL)
    assert running.due_at - running.set_at == timedelta(minutes=1)
    drill.do(drill.finish(), running.due_at + TICK)
    assert drill.case.overdue


def test_a_step_that_the_city_has_not_leaves_no_clock_behind() -> None:
    for step, clock in (("call_back", Clock.CALL_BACK), ("close", Clock.CLOSE), ("filing", Clock.FILING)):
        on, off = a_policy(steps=steps_on(step)), a_policy()
        made = []
        for policy in (on, off):
            story = Story(policy=policy)
            story.do(story.register() if step == "filing" else story.file())
            if step == "filing":
                story.do(story.admit() if policy is on else story.file())
            else:
                story.do(story.dispatch()).do(story.accept()).do(story.finish()).do(story.passes())
            made.append(any(d.clock is clock for d in story.case.deadlines))
        assert made == [True, False]


def test_an_opening_of_a_grave_case_counts_by_its_urgency_from_the_first_minute() -> None:
    rule = LimitRule(Clock.INTAKE, Limit(3, TimeUnit.MINUTE), Urgency.CRITICAL)
    story = Story(policy=with_rules(rule))
    opening = an_opening(urgency=Urgency.CRITICAL)
    story.do(replace(story.register(), opening=opening))
    assert str(deadline(story, Clock.INTAKE).limit) == "3 minute"
