"""The closed loop told as stories: what happens to a case, its tasks and its deadlines on the way to its end."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.case import Clock, DeadlineState, State
from domain.errors import Conflict, Refused
from domain.ids import ReportId, TaskId
from domain.task import Part, TaskState
from tests.build import (
    DISPATCHER,
    DRAINS,
    PARKS,
    ROADS,
    Story,
    a_story,
    a_verdict,
    an_id,
    deadline,
    part_of,
)

TICK = timedelta(microseconds=1)


def told_through() -> Story:
    """Sent back once, overdue once, reworked once, joined twice, closed: a case that has seen everything."""
    story = Story()
    story.do(story.register(category=None, condition=None)).do(story.join()).do(story.file())
    story.do(story.dispatch(ROADS, DRAINS)).do(story.accept(DRAINS)).do(story.send_back(ROADS))
    story.do(story.defer()).do(story.dispatch(PARKS, DRAINS, actor=DISPATCHER)).do(story.accept(PARKS))
    story.do(story.expire(), deadline(story, Clock.DISPOSAL, 2).due_at + TICK)
    story.do(story.finish(PARKS, "first try")).do(story.accept(DRAINS)).do(story.finish(DRAINS)).do(story.fails())
    story.do(story.join()).do(story.accept(PARKS)).do(story.finish(PARKS, "second try")).do(story.passes())
    return story


# --- The history


def test_versions_begin_at_one_and_have_no_gaps() -> None:
    story = told_through()
    assert [event.version for event in story.happened] == list(range(1, len(story.happened) + 1))
    assert story.case.version == len(story.happened) == 18


def test_the_history_alone_gives_the_case() -> None:
    story = told_through()
    assert story.replayed() == story.case
    assert story.case.state is State.CLOSED


def test_time_never_runs_backwards_in_a_history_though_the_servers_clock_may() -> None:
    story = a_story(State.PENDING_DISPOSAL)
    before = story.case.updated_at
    story.do(story.accept(), before - timedelta(hours=1))
    assert story.case.updated_at == story.happened[-1].at == before


def test_every_reporter_stays_on_the_case() -> None:
    story = a_story(State.DISPOSING)
    first, second = story.case.reports[0], ReportId(an_id())
    story.do(story.join(second)).do(story.send_back())
    assert story.case.reports == (first, second)


def test_who_looked_at_another_version_is_told_the_current_one() -> None:
    story = a_story(State.PENDING_DISPOSAL)
    for expected in (story.case.version - 1, story.case.version + 1):
        with pytest.raises(Conflict) as caught:
            story.ask(replace(story.accept(), expected=expected))
        assert caught.value.current_version == story.case.version
    story.do(replace(story.accept(), expected=story.case.version))
    assert story.case.state is State.DISPOSING


def test_of_two_who_looked_at_the_same_version_one_wins() -> None:
    story = a_story(State.PENDING_DISPOSAL)
    seen = story.case.version
    accept, refuse = replace(story.accept(), expected=seen), replace(story.send_back(), expected=seen)
    story.do(accept)
    with pytest.raises(Conflict):
        story.ask(refuse)


# --- Sent back


def test_sent_back_by_the_lead_the_case_has_no_verdict_and_nobody_works_on_it() -> None:
    story = a_story(State.DISPOSING, DRAINS, PARKS)
    story.do(story.accept(DRAINS)).do(story.send_back(ROADS, "not-ours"))
    assert story.case.state is State.PENDING_DISPATCH
    assert story.case.verdict is None
    assert story.case.send_backs == 1
    assert {(t.unit, t.state, t.reason) for t in story.case.tasks} == {
        (ROADS, TaskState.SENT_BACK, "not-ours"),
        (DRAINS, TaskState.SENT_BACK, "lead-sent-back"),
        (PARKS, TaskState.SENT_BACK, "lead-sent-back"),
    }
    assert all(t.ended_at == story.now for t in story.case.tasks)


def test_what_an_assistant_had_finished_stays_finished_when_the_lead_sends_back() -> None:
    story = a_story(State.DISPOSING, DRAINS)
    story.do(story.accept(DRAINS)).do(story.finish(DRAINS, "pumped dry"))
    done = story.task(DRAINS)
    story.do(story.send_back(ROADS))
    assert story.task(DRAINS) == done


def test_a_case_sent_back_may_be_dispatched_again() -> None:
    story = a_story(State.PENDING_DISPOSAL)
    story.do(story.send_back(ROADS)).do(story.dispatch(PARKS))
    assert story.case.state is State.PENDING_DISPOSAL
    assert story.case.lead == story.task(PARKS)
    assert deadline(story, Clock.DISPATCH, 2).state is DeadlineState.MET


def test_the_first_dispatch_and_the_filing_keep_their_dates() -> None:
    story = a_story(State.REPORTED)
    filed = story.do(story.file()).now
    first = story.do(story.dispatch(ROADS)).now
    story.do(story.send_back(ROADS)).do(story.dispatch(PARKS)).do(story.accept(PARKS)).do(story.finish(PARKS))
    assert (story.case.filed_at, story.case.dispatched_at) == (filed, first)


def test_an_assistant_who_sends_back_does_not_stop_the_lead() -> None:
    story = a_story(State.DISPOSING, DRAINS)
    verdict = story.case.verdict
    story.do(story.send_back(DRAINS))
    assert story.case.state is State.DISPOSING
    assert story.case.verdict == verdict
    assert story.task(ROADS).open


@pytest.mark.parametrize("state", [State.PENDING_DISPOSAL, State.DISPOSING])
def test_sending_back_needs_a_reason(state: State) -> None:
    story = a_story(state)
    with pytest.raises(Refused) as caught:
        story.ask(story.send_back(reason=""))
    assert caught.value.code == "reason-required"


def test_refusing_a_citizen_and_failing_a_check_need_a_reason() -> None:
    waiting, checked = a_story(State.REPORTED), a_story(State.PENDING_CHECK)
    for story, command in ((waiting, waiting.refuse()), (checked, checked.fails())):
        with pytest.raises(Refused) as caught:
            story.ask(replace(command, reason=""))
        assert caught.value.code == "reason-required"


# --- Several units on one case


def test_the_lead_may_finish_first_and_the_case_waits_for_its_assistant() -> None:
    story = a_story(State.DISPOSING, DRAINS)
    story.do(story.finish(ROADS))
    assert story.case.state is State.DISPOSING
    story.do(story.accept(DRAINS)).do(story.finish(DRAINS))
    assert story.case.state is State.PENDING_CHECK


def test_an_assistant_may_finish_first_and_the_case_waits_for_the_lead() -> None:
    story = a_story(State.PENDING_DISPOSAL, DRAINS)
    story.do(story.accept(DRAINS)).do(story.finish(DRAINS))
    assert story.case.state is State.PENDING_DISPOSAL
    story.do(story.accept(ROADS)).do(story.finish(ROADS))
    assert story.case.state is State.PENDING_CHECK


def test_the_last_assistants_sending_back_does_not_keep_a_finished_case_waiting() -> None:
    story = a_story(State.DISPOSING, DRAINS, PARKS)
    story.do(story.finish(ROADS)).do(story.send_back(DRAINS))
    assert story.case.state is State.DISPOSING
    story.do(story.send_back(PARKS))
    assert story.case.state is State.PENDING_CHECK


def test_dispatch_makes_one_lead_task_and_one_for_each_assistant() -> None:
    story = a_story(State.PENDING_DISPOSAL, DRAINS, PARKS)
    parts = [(t.unit, t.part, t.state) for t in story.case.tasks]
    assert parts == [
        (ROADS, Part.LEAD, TaskState.OFFERED),
        (DRAINS, Part.ASSIST, TaskState.OFFERED),
        (PARKS, Part.ASSIST, TaskState.OFFERED),
    ]


def test_no_rule_leaves_the_case_with_the_dispatchers_and_says_so() -> None:
    story = a_story(State.PENDING_DISPATCH)
    story.do(story.defer())
    assert story.case.state is State.PENDING_DISPATCH
    assert story.case.tasks == ()
    assert story.case.verdict == a_verdict(None)
    assert story.case.running(Clock.DISPATCH) == deadline(story, Clock.DISPATCH)
    story.do(story.dispatch(ROADS, actor=DISPATCHER))
    assert story.case.state is State.PENDING_DISPOSAL


def test_a_dispatcher_must_name_somebody() -> None:
    story = a_story(State.PENDING_DISPATCH)
    for verdict in (None, a_verdict(None)):
        with pytest.raises(Refused) as caught:
            story.ask(replace(story.dispatch(actor=DISPATCHER), verdict=verdict))
        assert caught.value.code == "unit-required"


def test_deferring_keeps_a_verdict_that_names_nobody() -> None:
    story = a_story(State.PENDING_DISPATCH)
    for verdict in (None, a_verdict(ROADS)):
        with pytest.raises(Refused):
            story.ask(replace(story.defer(), verdict=verdict))


def test_a_verdict_that_names_nobody_makes_no_case_without_an_owner() -> None:
    story = a_story(State.PENDING_DISPATCH)
    with pytest.raises(Refused):
        story.ask(replace(story.dispatch(actor=DISPATCHER), verdict=a_verdict(""), new_tasks=()))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_dispatch_brings_a_task_for_each_unit_or_is_refused(count: int) -> None:
    story = a_story(State.PENDING_DISPATCH)
    tasks = tuple(TaskId(an_id()) for _ in range(count))
    with pytest.raises(Refused):
        story.ask(replace(story.dispatch(ROADS, DRAINS), new_tasks=tasks))


@pytest.mark.parametrize("assist", [(ROADS,), (DRAINS, DRAINS)], ids=["the lead assists itself", "named twice"])
def test_a_unit_has_one_task_on_a_dispatch(assist: tuple[str, ...]) -> None:
    story = a_story(State.PENDING_DISPATCH)
    try:
        units = [task.unit for task in story.ask(story.dispatch(ROADS, *assist)).case.tasks]
    except Refused:
        return
    assert len(units) == len(set(units))


# --- Rework


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
    story = a_story(State.PENDING_CHECK)
    first = deadline(story, Clock.DISPOSAL)
    story.do(story.fails())
    assert deadline(story, Clock.DISPOSAL) == first
    second = deadline(story, Clock.DISPOSAL, 2)
    assert second.set_at == story.now
    assert second.state is DeadlineState.RUNNING


def test_a_task_of_an_earlier_round_is_never_overwritten() -> None:
    story = a_story(State.PENDING_CHECK)
    done = story.task(ROADS)
    command = replace(story.fails(), new_tasks=(done.id,))
    try:
        after = story.ask(command).case
    except Refused:
        return
    assert done in after.tasks


def test_rework_sent_back_is_nobodys_until_it_is_dispatched_again() -> None:
    story = a_story(State.PENDING_CHECK)
    story.do(story.fails()).do(story.send_back())
    assert story.case.state is State.PENDING_DISPATCH
    assert story.case.lead is None, "the list of a unit must not show a case it has sent back"
