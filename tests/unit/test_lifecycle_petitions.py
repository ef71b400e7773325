"""What one asks and another grants: 延期, 挂账, 作废, 超期申诉, with their limits and four eyes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.actor import Actor, Role
from domain.case import Clock, DeadlineState, State
from domain.petition import Matter, PetitionState
from tests.build import TICK, Story, a_story, deadline, refused
from tests.values import (
    CHIEF,
    DESK,
    DISPATCHER,
    DRAINS,
    ROADS,
    SUPERVISOR,
    SYSTEM,
    a_policy,
    an_actor,
    an_id,
    at,
)

# --- 延期


def test_an_extension_adds_one_more_limit_and_keeps_what_was_promised_first() -> None:
    """4 工作时 from Monday 09:02 end at 15:02; one more ends on Tuesday 09:02."""
    story = a_story(State.PENDING_DISPOSAL)
    first = deadline(story, Clock.DISPOSAL)
    assert first.due_at == at("Mon 2026-11-16 15:02")
    story.do(story.extend()).do(story.grant())
    moved = deadline(story, Clock.DISPOSAL)
    assert (moved.due_at, moved.first_due_at) == (at("Tue 2026-11-17 09:02"), first.due_at)
    assert (moved.set_at, moved.cycle, moved.alarms) == (first.set_at, 1, first.alarms)
    story.do(story.extend()).do(story.grant())
    again = deadline(story, Clock.DISPOSAL)
    assert (again.due_at, again.first_due_at) == (at("Tue 2026-11-17 15:02"), first.due_at)
    assert refused(story, story.extend()) == "petition-limit"


def test_a_refusal_does_not_count_and_one_question_waits_at_a_time() -> None:
    story = a_story(State.DISPOSING)
    before = deadline(story, Clock.DISPOSAL)
    for _ in range(3):
        story.do(story.extend())
        assert refused(story, story.extend()) == "petition-open"
        story.do(story.deny())
        assert (story.petition().state, story.petition().answer) == (PetitionState.DENIED, "no-ground")
    assert deadline(story, Clock.DISPOSAL) == before
    story.do(story.extend()).do(story.grant())
    assert deadline(story, Clock.DISPOSAL).due_at > before.due_at


def test_after_the_deadline_nobody_asks_and_nobody_grants() -> None:
    story = a_story(State.DISPOSING)
    due = deadline(story, Clock.DISPOSAL).due_at
    assert refused(story, story.extend(), due + TICK) == "deadline-passed"
    story.do(story.extend(), due)
    assert refused(story, story.grant(), due + TICK) == "deadline-passed", "what is missed stays missed"
    story.do(story.deny(), due + TICK)
    story.do(story.ring()).breaks(Clock.DISPOSAL)
    assert refused(story, story.extend()) == "deadline-passed"


# --- 挂账


def suspended(days: float = 10) -> Story:
    story = a_story(State.DISPOSING)
    return story.do(story.suspend(days)).do(story.grant())


def test_a_suspension_stops_the_clock_and_gives_back_what_was_left() -> None:
    story = a_story(State.DISPOSING, DRAINS)
    before = deadline(story, Clock.DISPOSAL)
    story.do(story.suspend(10), at("Mon 2026-11-16 10:02")).do(story.grant(), at("Mon 2026-11-16 10:02"))
    paused = deadline(story, Clock.DISPOSAL)
    assert (paused.state, paused.left, paused.alarm_at) == (DeadlineState.PAUSED, timedelta(hours=3), None)
    assert deadline(story, Clock.ASSIST).state is DeadlineState.PAUSED
    assert refused(story, story.finish()) == "verb-not-allowed"
    story.do(story.resume(), at("Fri 2026-11-20 09:00"))
    after = deadline(story, Clock.DISPOSAL)
    assert (story.case.state, after.state, after.left) == (State.DISPOSING, DeadlineState.RUNNING, None)
    assert (after.due_at, after.first_due_at) == (at("Fri 2026-11-20 12:00"), before.due_at)


def test_it_resumes_by_itself_the_moment_after_its_date_and_nobody_is_late_for_it() -> None:
    story = suspended()
    until = deadline(story, Clock.SUSPENSION).due_at
    resume = story.ring()
    assert (resume.verb, resume.actor) == ("resume", SYSTEM)
    assert refused(story, resume, until) == "deadline-not-due"
    story.do(resume, until + TICK)
    assert story.case.state is State.DISPOSING
    assert deadline(story, Clock.SUSPENSION).state is DeadlineState.MET
    assert not story.case.overdue
    assert story.ask(resume).events == ()


@pytest.mark.parametrize("accepted", [False, True])
def test_it_goes_on_where_it_was(accepted: bool) -> None:
    state = State.DISPOSING if accepted else State.PENDING_DISPOSAL
    story = a_story(state)
    story.do(story.suspend()).do(story.grant()).do(story.resume(an_actor(Role.UNIT, ROADS)))
    assert story.case.state is state


def test_a_pause_never_shortens_a_limit_wherever_it_falls() -> None:
    for hours in (0, 1, 8, 15, 24 * 5):
        story = a_story(State.DISPOSING)
        due = deadline(story, Clock.DISPOSAL).due_at
        story.do(story.suspend()).do(story.grant()).do(story.resume(), story.now + timedelta(hours=hours))
        assert deadline(story, Clock.DISPOSAL).due_at >= due


def test_a_suspension_ends_in_the_future_within_a_year_and_is_given_once() -> None:
    story = a_story(State.DISPOSING)
    for until in (None, story.now, story.now + timedelta(days=365) + TICK):
        assert refused(story, replace(story.suspend(), until=until)) == "until-invalid"
    story.do(story.suspend(1))
    assert refused(story, story.grant(), story.now + timedelta(days=2)) == "until-invalid"
    story.do(story.grant()).do(story.resume())
    assert refused(story, story.suspend()) == "petition-limit"


def test_work_that_was_late_before_the_pause_stays_late_after_it() -> None:
    story = a_story(State.DISPOSING).breaks(Clock.DISPOSAL)
    missed = deadline(story, Clock.DISPOSAL)
    story.do(story.suspend()).do(story.grant()).do(story.resume())
    assert deadline(story, Clock.DISPOSAL) == missed


# --- 作废


def test_a_case_that_should_not_be_is_voided_by_two_people() -> None:
    story = a_story(State.PENDING_DISPATCH)
    story.do(story.cancel(DISPATCHER))
    assert story.case.state is State.PENDING_DISPATCH
    assert refused(story, story.grant(DISPATCHER)) == "actor-not-allowed"
    story.do(story.grant(CHIEF))
    assert (story.case.state, story.case.ended_at) == (State.VOID, story.now)
    assert not any(d.open for d in story.case.deadlines)


def test_who_asks_does_not_answer() -> None:
    story = a_story(State.REPORTED)
    story.do(story.cancel(CHIEF))
    assert refused(story, story.grant(CHIEF)) == refused(story, story.deny(CHIEF)) == "four-eyes"
    story.do(story.grant(replace(CHIEF, id="chief-2")))
    assert story.case.state is State.VOID


def test_what_nobody_answered_lapses_when_the_case_goes_on() -> None:
    story = a_story(State.PENDING_DISPATCH)
    story.do(story.cancel()).do(story.dispatch())
    assert story.petition().state is PetitionState.LAPSED
    story.do(story.extend()).do(story.accept()).do(story.finish())
    assert story.petition().state is PetitionState.LAPSED
    assert refused(story, story.deny()) == "petition-unknown"


def test_an_id_is_used_for_one_petition() -> None:
    story = a_story(State.DISPOSING)
    story.do(story.extend()).do(story.deny())
    assert refused(story, replace(story.extend(), new_id=story.petition().id)) == "petition-id-required"
    assert refused(story, replace(story.extend(), new_id=None)) == "petition-id-required"
    assert refused(story, replace(story.deny(), petition=an_id())) == "petition-unknown"


# --- 超期申诉


def test_an_appeal_takes_two_people_and_exempts_without_erasing() -> None:
    story = a_story(State.DISPOSING).breaks(Clock.DISPOSAL)
    story.do(story.appeal())
    story.do(story.grant(DISPATCHER))
    assert story.petition().state is PetitionState.ASKED
    assert refused(story, story.grant(DISPATCHER)) == "four-eyes"
    story.do(story.grant(SUPERVISOR))
    granted, missed = story.petition(), deadline(story, Clock.DISPOSAL)
    assert (granted.state, [c.by for c in granted.consents]) == (PetitionState.GRANTED, [DISPATCHER, SUPERVISOR])
    assert (missed.state, missed.exempt, story.case.overdue) == (DeadlineState.MISSED, True, False)
    assert refused(story, story.appeal()) == "appeal-impossible"


def test_a_deadline_is_appealed_once_and_only_if_it_was_missed_and_ones_own() -> None:
    story = a_story(State.DISPOSING, DRAINS)
    assert refused(story, story.appeal()) == "appeal-impossible"
    story.breaks(Clock.DISPATCH).breaks(Clock.DISPOSAL).breaks(Clock.ASSIST)
    for command in (story.appeal(unit=DRAINS), story.appeal(Clock.ASSIST), story.appeal(Clock.DISPATCH)):
        assert refused(story, command) == "appeal-impossible", "another's promise"
    stranger = replace(story.appeal(), actor=an_actor(Role.UNIT, "parks"))
    assert refused(story, stranger) == "guard-not-met"
    story.do(story.appeal()).do(story.deny())
    assert refused(story, story.appeal()) == "petition-limit"
    story.do(story.appeal(Clock.ASSIST, unit=DRAINS))


def test_an_appeal_that_lapsed_may_be_asked_again() -> None:
    story = a_story(State.DISPOSING).breaks(Clock.DISPOSAL)
    story.do(story.appeal()).do(story.recall())
    assert story.petition().state is PetitionState.LAPSED
    story.do(story.dispatch("parks")).do(story.appeal())
    assert story.petition().state is PetitionState.ASKED


def test_who_grants_is_the_citys_choice() -> None:
    only = {**a_policy().granted_by, Matter.EXTENSION: frozenset({Role.ADMIN})}
    story = a_story(State.DISPOSING, policy=a_policy(granted_by=only))
    story.do(story.extend())
    for actor in (DISPATCHER, CHIEF, SUPERVISOR):
        assert refused(story, story.grant(actor)) == "actor-not-allowed"
    assert refused(story, story.grant(DESK)) == "actor-not-allowed"
    story.do(story.grant(Actor("boss", Role.ADMIN)))
    assert deadline(story, Clock.DISPOSAL).first_due_at is not None
