"""Intake: 核实, 受理, 立案 and the ways out of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.case import Clock, DeadlineState, State
from domain.ids import ReportId
from domain.policy import OnSite
from domain.task import Part, TaskState
from tests.build import Story, a_story, deadline, part_of, refused, steps_on
from tests.values import (
    CHIEF,
    DESK,
    DISPATCHER,
    SYSTEM,
    a_category,
    a_condition,
    a_point,
    a_policy,
    an_id,
    worker,
)

FILING = a_policy(steps=steps_on("filing"))


# --- 核实


def test_an_inspector_verifies_before_filing_with_a_task_and_a_clock_of_its_own() -> None:
    story = a_story(State.VERIFYING)
    task = part_of(story.case, Part.VERIFY)
    assert (task.worker, task.state, task.unit) == ("inspector-1", TaskState.OFFERED, None)
    assert deadline(story, Clock.VERIFY).task == task.id
    assert story.case.running(Clock.INTAKE) == deadline(story, Clock.INTAKE), "the intake clock goes on"
    story.do(story.passes(note="确有其事"))
    assert (story.case.state, story.case.verified) == (State.REPORTED, True)
    done = part_of(story.case, Part.VERIFY)
    assert (done.state, done.passed, done.result, done.photos) == (TaskState.DONE, True, "确有其事", ("photo-0",))
    assert deadline(story, Clock.VERIFY).state is DeadlineState.MET


def test_what_the_inspector_did_not_find_is_the_desks_to_refuse() -> None:
    story = a_story(State.VERIFYING)
    story.do(story.fails())
    assert (story.case.state, story.case.verified) == (State.REPORTED, False)
    story.do(story.refuse("not-found"))
    assert (story.case.state, story.case.end_reason) == (State.NOT_ACCEPTED, "not-found")


def test_only_the_inspector_who_was_sent_may_say_and_from_the_spot() -> None:
    story = a_story(State.VERIFYING, policy=a_policy(on_site=OnSite(photos=2, within_m=50)))
    whole = story.passes()
    assert refused(story, replace(whole, actor=replace(whole.actor, id="inspector-2"))) == "task-not-yours"
    assert refused(story, replace(whole, photos=("one",))) == "photos-required"
    assert refused(story, replace(whole, position=None)) == "position-required"
    assert refused(story, replace(whole, position=a_point(116.41, 39.90))) == "too-far-away"
    story.do(replace(whole, position=a_point(116.4003, 39.90)))
    assert story.case.verified


def test_the_city_may_stop_the_intake_clock_while_an_inspector_is_on_the_way() -> None:
    story = a_story(State.VERIFYING, policy=a_policy(verifying_pauses_intake=True))
    before = deadline(story, Clock.INTAKE)
    assert before.state is DeadlineState.PAUSED
    story.do(story.passes(), story.now + timedelta(minutes=25))
    after = deadline(story, Clock.INTAKE)
    assert after.state is DeadlineState.RUNNING
    assert (after.due_at - before.due_at, after.first_due_at) == (timedelta(minutes=25), before.due_at)


def test_the_desk_may_call_the_inspector_back() -> None:
    story = a_story(State.VERIFYING)
    story.do(story.returns(DESK))
    assert story.case.state is State.REPORTED
    assert part_of(story.case, Part.VERIFY).state is TaskState.CANCELLED
    assert deadline(story, Clock.VERIFY).state is DeadlineState.STOPPED
    assert story.ask(story.verify(SYSTEM)).events == (), "the system sends an inspector once"
    story.do(story.verify())
    assert story.case.state is State.VERIFYING


def test_somebody_is_named_when_an_inspector_is_sent() -> None:
    story = a_story(State.REPORTED)
    assert refused(story, replace(story.verify(), worker="")) == "inspector-required"
    assert refused(story, replace(story.verify(), new_tasks=())) == "task-ids-invalid"


# --- 受理, 立案


def test_accepting_and_filing_are_two_steps_where_the_city_says_so() -> None:
    story = a_story(State.REPORTED, policy=FILING)
    assert refused(story, story.file()) == "guard-not-met"
    story.do(story.admit()).do(story.file(CHIEF))
    assert story.case.state is State.PENDING_DISPATCH
    assert [(d.clock, d.state) for d in story.case.deadlines] == [
        (Clock.INTAKE, DeadlineState.MET),
        (Clock.FILING, DeadlineState.MET),
        (Clock.DISPATCH, DeadlineState.RUNNING),
    ]


def test_where_it_is_one_step_there_is_no_other() -> None:
    story = a_story(State.REPORTED)
    assert refused(story, story.admit()) == "guard-not-met"
    story.do(story.file())
    assert (story.case.state, story.case.filed_at) == (State.PENDING_DISPATCH, story.now)


def test_the_chief_declines_or_gives_back_to_the_desk() -> None:
    declined, back = a_story(State.PENDING_FILING), a_story(State.PENDING_FILING)
    declined.do(declined.decline("not-standing"))
    assert (declined.case.state, declined.case.end_reason) == (State.NOT_FILED, "not-standing")
    back.do(back.returns(CHIEF))
    assert back.case.state is State.REPORTED
    assert deadline(back, Clock.FILING).state is DeadlineState.STOPPED
    assert deadline(back, Clock.INTAKE).state is DeadlineState.RUNNING


def test_what_comes_back_from_dispatch_is_not_filed_any_more() -> None:
    for policy, state in ((FILING, State.PENDING_FILING), (a_policy(), State.REPORTED)):
        story = a_story(State.PENDING_DISPATCH, policy=policy)
        story.do(story.defer()).do(story.returns(DISPATCHER))
        assert (story.case.state, story.case.filed_at) == (state, None)
        story.do(story.file())
        assert story.case.verdict is None, "filed anew, it is judged anew"


def test_filing_needs_category_and_place_and_a_condition_of_the_category() -> None:
    story = Story()
    story.do(story.register(category=None, condition=None))
    for missing in ("category", "place"):
        assert refused(story, story.file(**{missing: None})) == "filing-incomplete"
    assert refused(story, story.file(category=a_category("02001"), condition=a_condition())) == "condition-mismatch"
    assert refused(Story(), Story().file(category=None, condition=None)) == "filing-incomplete"


def test_the_desk_corrects_what_was_guessed_and_a_wrong_guess_leaves_no_limit_behind() -> None:
    story = Story()
    story.do(story.register())
    right = a_category("02001", name="暴露垃圾")
    story.do(story.file(category=right, condition=None))
    assert (story.case.category, story.case.condition) == (right, None)
    story.do(story.dispatch())
    assert deadline(story, Clock.DISPOSAL).origin == "policy.default_limit"


@pytest.mark.parametrize("step", ["refuse", "decline", "withdraw"])
def test_ending_it_needs_a_reason_one_of_the_citys_where_it_has_codes(step: str) -> None:
    state = State.PENDING_FILING if step == "decline" else State.REPORTED
    story = a_story(state)
    command = getattr(story, step)()
    assert refused(story, replace(command, reason="")) == "reason-required"
    story.policy = replace(story.policy, reasons={command.verb: frozenset({"R01"})})
    assert refused(story, command) == "reason-unknown"
    story.do(replace(command, reason="R01"))
    assert not story.case.open


# --- 撤回, 并入


def test_a_caller_takes_the_only_report_back_and_the_case_is_withdrawn() -> None:
    story = a_story(State.REPORTED)
    first = story.reports[0]
    story.do(story.withdraw())
    assert (story.case.state, story.reports, story.withdrew(first)) == (State.WITHDRAWN, (), True)


def test_with_another_report_behind_it_the_case_goes_on() -> None:
    story, other = a_story(State.VERIFYING), ReportId(an_id())
    first = story.reports[0]
    story.do(story.join(other)).do(story.withdraw(first))
    assert (story.case.state, story.reports, story.withdrew(first)) == (State.VERIFYING, (other,), True)
    assert refused(story, story.withdraw(first)) == "report-required"
    story.do(story.withdraw(other))
    assert story.case.state is State.WITHDRAWN
    assert part_of(story.case, Part.VERIFY).state is TaskState.CANCELLED


def test_after_acceptance_nobody_withdraws() -> None:
    for state in (State.PENDING_FILING, State.PENDING_DISPATCH, State.DISPOSING):
        story = a_story(state)
        assert refused(story, story.withdraw()) == "verb-not-allowed"


def test_every_reporter_stays_on_the_case_and_joins_once() -> None:
    story, second = a_story(State.DISPOSING), ReportId(an_id())
    first = story.reports[0]
    story.do(story.join(second)).do(story.send_back())
    assert story.reports == (first, second)
    assert story.ask(story.join(second)).events == ()
    assert refused(story, story.join(second, DESK)) == "report-joined"
    assert refused(story, story.join(second, worker("roads"))) == "actor-not-allowed"
    assert refused(story, replace(story.join(), report=None)) == "report-required"


def test_who_was_turned_away_may_be_taken_up_again_by_the_chief() -> None:
    for state in (State.NOT_ACCEPTED, State.NOT_FILED):
        story = a_story(state)
        assert refused(story, story.reopen(DESK)) == "actor-not-allowed"
        story.do(story.reopen())
        assert (story.case.state, story.case.ended_at, story.case.reopened) == (State.REPORTED, None, 1)
        assert story.case.running(Clock.INTAKE)
