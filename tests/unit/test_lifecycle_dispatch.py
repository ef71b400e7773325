"""Dispatch: who gets the case, who refuses it, and who decides when nobody wants it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.case import Clock, DeadlineState, State
from domain.clock import Limit, TimeUnit
from domain.petition import Matter, PetitionState
from domain.policy import SendBack
from domain.task import Part, TaskState
from tests.build import TICK, a_story, deadline, refused
from tests.values import (
    CHIEF,
    DISPATCHER,
    DRAINS,
    PARKS,
    ROADS,
    a_policy,
    a_verdict,
    task_ids,
)

ASKED = a_policy(consents={**a_policy().consents, Matter.SEND_BACK: 1})


def test_dispatch_makes_one_lead_task_and_one_for_each_assistant() -> None:
    story = a_story(State.PENDING_DISPATCH)
    story.do(story.dispatch(ROADS, DRAINS, PARKS, optional=(PARKS,)))
    assert [(t.unit, t.part, t.state, t.required) for t in story.case.tasks] == [
        (ROADS, Part.LEAD, TaskState.OFFERED, True),
        (DRAINS, Part.ASSIST, TaskState.OFFERED, True),
        (PARKS, Part.ASSIST, TaskState.OFFERED, False),
    ]
    assert {d.task for d in story.case.deadlines if d.clock is Clock.ASSIST} == {t.id for t in story.case.tasks[1:]}


def test_no_rule_leaves_the_case_with_the_dispatchers_and_says_so() -> None:
    story = a_story(State.PENDING_DISPATCH)
    story.do(story.defer())
    assert (story.case.state, story.case.tasks, story.case.verdict) == (State.PENDING_DISPATCH, (), a_verdict(None))
    assert story.case.running(Clock.DISPATCH) == deadline(story, Clock.DISPATCH)
    story.do(story.dispatch(actor=DISPATCHER))
    assert story.case.state is State.PENDING_DISPOSAL


def test_a_dispatch_names_a_lead_each_unit_once_and_brings_new_ids() -> None:
    story = a_story(State.PENDING_DISPATCH)
    for verdict in (None, a_verdict(None), a_verdict("")):
        assert refused(story, replace(story.dispatch(actor=DISPATCHER), verdict=verdict)) == "unit-required"
    assert refused(story, story.dispatch(ROADS, ROADS)) == refused(story, story.dispatch(ROADS, DRAINS, DRAINS))
    for count in (0, 1, 3):
        assert refused(story, replace(story.dispatch(ROADS, DRAINS), new_tasks=task_ids(count))) == "task-ids-invalid"
    assert refused(story, replace(story.defer(), verdict=a_verdict(ROADS))) == "verdict-required"
    story.do(story.dispatch()).do(story.send_back())
    used = (story.case.tasks[0].id,)
    assert refused(story, replace(story.dispatch(PARKS), new_tasks=used)) == "task-ids-invalid"


# --- 退回


def test_sent_back_by_the_lead_nobody_works_on_it_and_the_history_says_who_refused_and_why() -> None:
    story = a_story(State.DISPOSING, DRAINS, PARKS)
    story.do(story.accept(DRAINS)).do(story.finish(DRAINS)).do(story.send_back(ROADS, "not-ours"))
    assert (story.case.state, story.case.verdict, story.case.send_backs) == (State.PENDING_DISPATCH, None, 1)
    assert story.case.lead is None
    assert [(t.unit, t.state, t.reason) for t in story.case.tasks] == [
        (ROADS, TaskState.SENT_BACK, "not-ours"),
        (DRAINS, TaskState.DONE, ""),
        (PARKS, TaskState.CANCELLED, "send-back"),
    ]
    assert deadline(story, Clock.DISPOSAL).state is DeadlineState.STOPPED, "refusing the work keeps no promise"


def test_an_assistant_who_sends_back_does_not_stop_the_lead_and_does_not_count() -> None:
    story = a_story(State.DISPOSING, DRAINS)
    story.do(story.send_back(DRAINS))
    assert (story.case.state, story.case.send_backs) == (State.DISPOSING, 0)
    assert story.task(ROADS).open
    story.do(story.finish())
    assert story.case.state is State.PENDING_CHECK, "who sent back has nothing to report"


def test_after_so_many_returns_the_joint_decision_desk_has_it_and_its_word_binds() -> None:
    story = a_story(State.PENDING_DISPATCH)
    for unit, after in ((ROADS, "pending_dispatch"), (PARKS, "pending_dispatch"), (DRAINS, "joint_decision")):
        story.do(story.dispatch(unit)).do(story.send_back(unit))
        assert story.case.state == after
    assert story.case.send_backs == 3
    assert story.ask(story.dispatch()).events == (), "no rule decides any more"
    story.do(story.dispatch(ROADS, DRAINS, actor=CHIEF))
    assert refused(story, story.send_back(ROADS)) == "joint-decision-binds"
    story.do(story.send_back(DRAINS))
    assert story.case.state is State.PENDING_DISPOSAL


def test_a_joint_decision_binds_the_unit_it_named_and_no_other() -> None:
    story = a_story(State.JOINT_DECISION)
    story.do(story.dispatch(ROADS, actor=DISPATCHER)).do(story.recall()).do(story.dispatch(PARKS, actor=DISPATCHER))
    story.do(story.send_back(PARKS))
    assert story.case.state is State.JOINT_DECISION


def test_where_the_city_asks_for_consent_the_case_stays_until_it_is_given() -> None:
    story = a_story(State.DISPOSING, policy=ASKED)
    story.do(story.send_back(reason="not-ours"))
    assert (story.case.state, story.case.send_backs) == (State.DISPOSING, 0)
    assert story.task(ROADS).open
    story.do(story.deny())
    assert story.petition().state is PetitionState.DENIED
    story.do(story.send_back(reason="not-ours")).do(story.grant(DISPATCHER))
    assert (story.case.state, story.case.send_backs) == (State.PENDING_DISPATCH, 1)
    assert (story.task(ROADS).state, story.task(ROADS).reason) == (TaskState.SENT_BACK, "not-ours")


def test_it_is_sent_back_while_it_is_new_or_never() -> None:
    limit = Limit(2, TimeUnit.WORK_HOUR)
    story = a_story(State.PENDING_DISPOSAL, policy=a_policy(send_back=SendBack(within=limit)))
    last = story.policy.due(story.task(ROADS).offered_at, limit)
    assert refused(story, story.send_back(), last + TICK) == "send-back-late"
    story.do(story.send_back(), last)
    assert story.case.state is State.PENDING_DISPATCH


def test_a_worker_is_called_back_before_the_case_is_sent_back() -> None:
    story = a_story(State.PENDING_DISPOSAL)
    story.do(story.assign())
    assert refused(story, story.send_back()) == "worker-assigned"
    story.do(story.unassign()).do(story.send_back())
    assert story.case.state is State.PENDING_DISPATCH


@pytest.mark.parametrize("state", [State.PENDING_DISPOSAL, State.DISPOSING])
def test_sending_back_needs_a_reason(state: State) -> None:
    story = a_story(state)
    assert refused(story, story.send_back(reason="")) == "reason-required"


# --- 收回, 增派, 首接负责


def test_the_dispatcher_takes_it_back_and_gives_it_to_another() -> None:
    story = a_story(State.DISPOSING, DRAINS)
    first = story.case.dispatched_at
    story.do(story.recall())
    assert {t.state for t in story.case.tasks} == {TaskState.CANCELLED}
    assert not any(d.open for d in story.case.deadlines if d.clock in (Clock.DISPOSAL, Clock.ASSIST))
    story.do(story.dispatch(PARKS, ROADS))
    assert (story.case.lead, story.case.send_backs) == (story.task(PARKS), 0)
    assert story.case.dispatched_at == first, "the first dispatch keeps its date"


def test_more_help_comes_while_the_work_goes_on() -> None:
    story = a_story(State.DISPOSING)
    assert refused(story, story.reinforce()) == "unit-required"
    assert refused(story, story.reinforce(ROADS)) == "unit-repeated"
    story.do(story.reinforce(DRAINS)).do(story.reinforce(PARKS, optional=(PARKS,)))
    assert [(t.unit, t.part, t.required) for t in story.case.tasks[1:]] == [
        (DRAINS, Part.ASSIST, True),
        (PARKS, Part.ASSIST, False),
    ]


def test_who_accepts_first_leads_where_the_city_says_so() -> None:
    story = a_story(State.PENDING_DISPOSAL, DRAINS, policy=a_policy(first_accepts_leads=True))
    due = deadline(story, Clock.DISPOSAL)
    story.do(story.accept(DRAINS))
    assert (story.case.state, story.case.lead) == (State.DISPOSING, story.task(DRAINS))
    assert [(t.unit, t.part) for t in story.case.tasks] == [(ROADS, Part.ASSIST), (DRAINS, Part.LEAD)]
    running = [d for d in story.case.deadlines if d.clock is Clock.ASSIST and d.open]
    assert [d.task for d in running] == [story.task(ROADS).id]
    assert deadline(story, Clock.DISPOSAL) == due
    assert refused(story, story.finish(DRAINS)) == "guard-not-met"
    story.do(story.accept(ROADS)).do(story.finish(ROADS)).do(story.finish(DRAINS))
    assert story.case.state is State.PENDING_CHECK


def test_once_the_lead_has_accepted_or_was_named_jointly_it_stays_the_lead() -> None:
    first = a_policy(first_accepts_leads=True)
    accepted = a_story(State.DISPOSING, DRAINS, policy=first)
    jointly = a_story(State.JOINT_DECISION, policy=first)
    jointly.do(jointly.dispatch(ROADS, DRAINS, actor=DISPATCHER))
    for story in (accepted, jointly):
        state = story.case.state
        story.do(story.accept(DRAINS))
        assert (story.case.state, story.case.lead) == (state, story.task(ROADS))


def test_the_dispatch_clock_starts_anew_with_each_return() -> None:
    story = a_story(State.PENDING_DISPOSAL)
    story.do(story.send_back(), story.now + timedelta(hours=1))
    second = deadline(story, Clock.DISPATCH, 2)
    assert (second.set_at, second.due_at) == (story.now, story.now + timedelta(minutes=15))
