"""Disposal: workers sent and called back, several units on one case, the department's word, stages on the way."""

from dataclasses import replace

from domain.case import Clock, DeadlineState, State
from domain.task import Part, TaskState
from tests.build import TICK, Story, a_story, deadline, refused, steps_on
from tests.values import DRAINS, PARKS, ROADS, a_condition, a_milestone, a_policy, worker

CONFIRM = a_policy(steps=steps_on("confirm"))


def test_a_unit_sends_a_worker_which_accepts_the_task_and_calls_him_back() -> None:
    story = a_story(State.PENDING_DISPOSAL)
    due = deadline(story, Clock.DISPOSAL)
    assert refused(story, story.assign(who="")) == "worker-required"
    story.do(story.assign(who="老王"))
    task = story.task(ROADS)
    assert (story.case.state, task.state, task.worker) == (State.DISPOSING, TaskState.ACCEPTED, "老王")
    story.do(story.assign(who="小李"))
    assert (story.task(ROADS).worker, story.task(ROADS).accepted_at) == ("小李", task.accepted_at)
    story.do(story.unassign())
    task = story.task(ROADS)
    assert (story.case.state, task.state, task.worker) == (State.PENDING_DISPOSAL, TaskState.OFFERED, "")
    assert deadline(story, Clock.DISPOSAL) == due, "neither restarts the clock"


def test_nobody_is_called_back_who_was_not_sent() -> None:
    story = a_story(State.DISPOSING, DRAINS)
    assert refused(story, story.unassign()) == "task-not-yours"
    story.do(story.assign(DRAINS))
    assert story.case.state is State.DISPOSING
    story.do(story.unassign(DRAINS))
    assert story.task(DRAINS).state is TaskState.OFFERED


def test_the_lead_finishes_only_when_the_required_assistants_have_reported() -> None:
    story = a_story(State.DISPOSING, DRAINS, PARKS)
    assert refused(story, story.finish()) == "guard-not-met"
    story.do(story.accept(DRAINS)).do(story.finish(DRAINS, "抽干了")).do(story.send_back(PARKS))
    assert story.case.state is State.DISPOSING
    story.do(story.finish())
    assert story.case.state is State.PENDING_CHECK
    assert story.task(DRAINS).result == "抽干了"


def test_an_optional_assistant_keeps_nobody_waiting_and_is_told_it_is_over() -> None:
    story = a_story(State.PENDING_DISPATCH)
    story.do(story.dispatch(ROADS, DRAINS, optional=(DRAINS,))).do(story.accept()).do(story.finish())
    left = story.task(DRAINS)
    assert (story.case.state, left.state, left.reason) == (State.PENDING_CHECK, TaskState.CANCELLED, "finish")
    assert next(d for d in story.case.deadlines if d.task == left.id).state is DeadlineState.STOPPED


def test_an_assistant_may_report_before_the_lead_has_begun() -> None:
    story = a_story(State.PENDING_DISPOSAL, DRAINS)
    story.do(story.accept(DRAINS)).do(story.finish(DRAINS))
    assert story.case.state is State.PENDING_DISPOSAL
    story.do(story.accept()).do(story.finish())
    assert story.case.state is State.PENDING_CHECK


def test_each_unit_has_its_own_clock_and_its_own_result_against_it() -> None:
    story = a_story(State.DISPOSING, DRAINS, PARKS)
    drains, parks = deadline(story, Clock.ASSIST), deadline(story, Clock.ASSIST, 2)
    assert (drains.task, parks.task) == (story.task(DRAINS).id, story.task(PARKS).id)
    story.do(story.accept(DRAINS)).do(story.finish(DRAINS), drains.due_at)
    story.do(story.accept(PARKS)).do(story.finish(PARKS), parks.due_at + TICK)
    assert deadline(story, Clock.ASSIST).state is DeadlineState.MET
    assert deadline(story, Clock.ASSIST, 2).state is DeadlineState.MISSED
    assert deadline(story, Clock.DISPOSAL).state is DeadlineState.RUNNING


def test_the_department_confirms_before_its_clock_stops() -> None:
    """处置时限 ends when the department hands back, not when its worker is done (domain.md §1.8)."""
    story = a_story(State.DISPOSED, policy=CONFIRM)
    assert deadline(story, Clock.DISPOSAL).state is DeadlineState.RUNNING
    assert refused(story, story.confirm(DRAINS)) == "guard-not-met"
    story.do(story.confirm())
    assert (story.case.state, deadline(story, Clock.DISPOSAL).state) == (State.PENDING_CHECK, DeadlineState.MET)


def test_the_department_may_send_its_worker_out_again() -> None:
    story = a_story(State.DISPOSED, policy=CONFIRM)
    story.do(story.returns(worker(ROADS), "not-level"))
    task = story.task(ROADS)
    assert (story.case.state, task.state, task.ended_at) == (State.DISPOSING, TaskState.ACCEPTED, None)
    story.do(story.finish(note="压实了")).do(story.confirm())
    assert (story.task(ROADS).result, story.case.reworks) == ("压实了", 0)


def test_stages_of_a_limit_are_reached_one_after_another() -> None:
    """分阶段时限: 停工 in 1 工作时, 处罚 in 3, and the whole in 4."""
    staged = a_condition(stages=(a_milestone(1, "停工"), a_milestone(3, "处罚")))
    story = Story()
    story.do(story.file(condition=staged)).do(story.dispatch()).do(story.accept())
    stop, fine = deadline(story, Clock.MILESTONE), deadline(story, Clock.MILESTONE, 2)
    assert (stop.origin, fine.origin) == ("milestone 停工", "milestone 处罚")
    assert stop.due_at < fine.due_at < deadline(story, Clock.DISPOSAL).due_at
    assert refused(story, story.reach(DRAINS)) == "guard-not-met"
    story.do(story.reach(), stop.due_at).do(story.reach(), fine.due_at + TICK)
    assert deadline(story, Clock.MILESTONE).state is DeadlineState.MET
    assert deadline(story, Clock.MILESTONE, 2).state is DeadlineState.MISSED
    assert refused(story, story.reach()) == "milestone-none"


def test_work_taken_away_ends_the_stages_and_a_new_dispatch_begins_them_anew() -> None:
    story = Story()
    story.do(story.file(condition=a_condition(stages=(a_milestone(1),)))).do(story.dispatch()).do(story.send_back())
    assert deadline(story, Clock.MILESTONE).state is DeadlineState.STOPPED
    story.do(story.dispatch(PARKS))
    assert deadline(story, Clock.MILESTONE, 2).set_at == story.now


def test_a_plan_calls_several_units_at_once_in_minutes_and_the_case_stays_a_case() -> None:
    story = a_story(State.PENDING_DISPATCH)
    story.do(story.activate())
    assert story.case.state is State.PENDING_DISPOSAL
    assert [(t.unit, t.part, str(t.limit)) for t in story.case.tasks] == [
        (DRAINS, Part.LEAD, "20 minute"),
        (ROADS, Part.ASSIST, "15 minute"),
    ]
    dues = {d.clock: (d.due_at - d.set_at).total_seconds() / 60 for d in story.case.deadlines if d.open}
    assert dues == {Clock.DISPOSAL: 20, Clock.ASSIST: 15}
    assert deadline(story, Clock.DISPOSAL).origin == "plan flood"
    assert story.case.plan is not None
    assert story.ask(replace(story.activate(), actor=story.happened[0].actor)).events == ()


def test_a_plan_in_the_middle_of_the_work_brings_help_to_the_lead_that_is_there() -> None:
    story = a_story(State.DISPOSING)
    before = deadline(story, Clock.DISPOSAL)
    story.do(story.activate())
    assert [(t.unit, t.part) for t in story.case.tasks] == [(ROADS, Part.LEAD), (DRAINS, Part.ASSIST)]
    assert deadline(story, Clock.DISPOSAL) == before
