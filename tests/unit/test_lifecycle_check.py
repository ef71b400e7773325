"""核查 and 结案: on the spot or at the desk, rework, the closing condition and its evidence."""

from dataclasses import replace
from datetime import timedelta

from domain.case import Clock, DeadlineState, State
from domain.policy import OnSite
from domain.task import Part, TaskState
from tests.build import Story, a_story, deadline, part_of, refused, steps_on
from tests.values import CHIEF, DESK, OFFICER, ROADS, SYSTEM, a_condition, a_point, a_policy

ON_SPOT = a_policy(on_site=OnSite(photos=1, within_m=100.0, required=True))
CLOSE = a_policy(steps=steps_on("close"))


def finished(**condition: bool) -> Story:
    """Done, and waiting for the check, filed under a condition with these properties."""
    story = Story()
    story.do(story.file(condition=a_condition(**condition))).do(story.dispatch()).do(story.accept())
    return story.do(story.finish())


def test_an_inspector_checks_on_the_spot_with_photos_from_the_place() -> None:
    story = a_story(State.PENDING_CHECK, policy=ON_SPOT)
    assert refused(story, story.passes()) == "guard-not-met", "not at the desk"
    story.do(story.check())
    task = part_of(story.case, Part.CHECK)
    assert (deadline(story, Clock.ON_SITE).task, task.worker) == (task.id, "inspector-1")
    whole = story.passes()
    assert refused(story, replace(whole, photos=())) == "photos-required"
    assert refused(story, replace(whole, position=None)) == "position-required"
    assert refused(story, replace(whole, position=a_point(116.402, 39.9))) == "too-far-away"
    story.do(whole)
    assert (story.case.state, story.case.closing) == (State.CLOSED, "met")
    assert part_of(story.case, Part.CHECK).position == story.case.point
    assert deadline(story, Clock.ON_SITE).state is deadline(story, Clock.CHECK).state is DeadlineState.MET


def test_where_nobody_knows_the_point_nobody_asks_how_near_the_inspector_was() -> None:
    story = Story(policy=ON_SPOT)
    story.do(story.file(point=None)).do(story.dispatch()).do(story.accept()).do(story.finish()).do(story.check())
    story.do(story.passes())
    assert story.case.state is State.CLOSED


def test_a_check_is_called_back_and_sent_to_another() -> None:
    story = a_story(State.CHECKING)
    story.do(story.returns(OFFICER))
    assert (story.case.state, part_of(story.case, Part.CHECK).state) == (State.PENDING_CHECK, TaskState.CANCELLED)
    story.do(story.check(who="inspector-2"))
    assert story.ask(story.check(SYSTEM)).events == ()
    assert refused(story, replace(story.passes(), actor=replace(OFFICER, id="o"))) == "actor-not-allowed"


# --- 返工


def test_rework_goes_to_the_unit_that_did_the_work_and_keeps_its_first_result() -> None:
    story = a_story(State.DISPOSING)
    story.do(story.finish(note="filled with sand"))
    first = story.task(ROADS)
    story.do(story.fails())
    again = story.task(ROADS)
    assert story.case.state is State.PENDING_DISPOSAL
    assert (again.unit, again.part, again.state, again.round) == (ROADS, Part.LEAD, TaskState.OFFERED, 1)
    story.do(story.accept()).do(story.finish(note="asphalted"))
    assert part_of(story.case, Part.LEAD) == first
    assert [t.result for t in story.case.tasks] == ["filled with sand", "asphalted"]
    assert story.case.reworks == 1


def test_rework_has_its_own_clock_and_leaves_the_first_one_as_it_ended() -> None:
    story = a_story(State.CHECKING)
    first = deadline(story, Clock.DISPOSAL)
    story.do(story.fails())
    assert deadline(story, Clock.DISPOSAL) == first
    second = deadline(story, Clock.DISPOSAL, 2)
    assert (second.set_at, second.state) == (story.now, DeadlineState.RUNNING)


def test_a_second_rework_is_a_second_round_and_a_task_is_never_overwritten() -> None:
    story = a_story(State.PENDING_CHECK)
    done = story.task(ROADS)
    assert refused(story, story.fails(new_tasks=(done.id,))) == "task-ids-invalid"
    for _ in range(2):
        story.do(story.fails()).do(story.accept()).do(story.finish())
    assert [t.round for t in story.case.tasks] == [0, 1, 2]
    assert refused(story, story.fails(reason="")) == "reason-required"


def test_rework_sent_back_is_nobodys_until_it_is_dispatched_again() -> None:
    story = a_story(State.PENDING_CHECK)
    story.do(story.fails()).do(story.send_back())
    assert (story.case.state, story.case.lead) == (State.PENDING_DISPATCH, None)


# --- 结案


def test_closing_is_a_step_of_its_own_where_the_city_says_so() -> None:
    story = a_story(State.PENDING_CHECK, policy=CLOSE)
    story.do(story.passes())
    assert (story.case.state, story.case.closing) == (State.PENDING_CLOSE, "")
    assert deadline(story, Clock.CLOSE).state is DeadlineState.RUNNING
    assert refused(story, story.close("")) == refused(story, story.close("whatever")) == "closing-required"
    story.do(story.returns(CHIEF))
    assert story.case.state is State.PENDING_CHECK
    story.do(story.passes()).do(story.close(actor=DESK))
    assert (story.case.state, story.case.closing) == (State.CLOSED, "met")


def test_closing_by_notice_only_where_the_condition_allows_it() -> None:
    """告知性结案: the thing itself cannot be put right now."""
    strict = finished()
    assert refused(strict, strict.passes(closing="notice")) == "closing-by-notice"
    story = finished(by_notice=True, evidence=True)
    story.do(story.passes(closing="notice", photos=()))
    assert (story.case.state, story.case.closing) == (State.CLOSED, "notice")


def test_evidence_is_shown_by_whoever_was_there() -> None:
    story = finished(evidence=True)
    assert refused(story, story.passes(photos=())) == "evidence-required"
    story.do(story.passes(photos=("after",)))
    worked = Story()
    worked.do(worked.file(condition=a_condition(evidence=True))).do(worked.dispatch()).do(worked.accept())
    worked.do(worked.finish(photos=("after",))).do(worked.passes(photos=()))
    assert story.case.state is worked.case.state is State.CLOSED


def test_an_ended_case_binds_nobody_and_what_was_not_done_is_not_called_done() -> None:
    story = a_story(State.DISPOSING)
    story.do(story.supervise()).do(story.finish()).do(story.passes())
    assert (story.case.ended_at, story.case.open) == (story.now, False)
    assert {d.clock: d.state for d in story.case.deadlines} == {
        Clock.DISPATCH: DeadlineState.MET,
        Clock.DISPOSAL: DeadlineState.MET,
        Clock.CHECK: DeadlineState.MET,
        Clock.REPLY: DeadlineState.STOPPED,
    }


def test_the_check_may_be_late_too() -> None:
    story = a_story(State.PENDING_CHECK)
    story.do(story.passes(), story.now + timedelta(hours=1))
    assert deadline(story, Clock.CHECK).state is DeadlineState.MISSED
    assert story.case.overdue
