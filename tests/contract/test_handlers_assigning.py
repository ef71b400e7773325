"""The office assigns: the rulebook names units and says why; where it has nothing to say the desk decides."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from domain.case import Clock, DeadlineState, State
from domain.commands import Verb
from domain.ids import CaseId
from domain.task import Part, TaskState
from handlers.assign import assign_many
from handlers.outcomes import AlreadyDone, Done
from handlers.ports import Office, new_id
from store.pool import Pool
from tests.demo_city import (
    DISPATCHER,
    NO_RULE,
    SEWER_COVER,
    a_call,
    case_of,
    cases_of,
    dispatched,
    filed,
    history,
    in_district,
    on_case,
    on_task,
    perform,
)


async def test_the_rulebook_names_lead_and_assistants_and_says_why(office: Office, pool: Pool) -> None:
    n = in_district("439901002")
    (case_id,) = await dispatched(office, a_call(n, SEWER_COVER))
    case = await case_of(office, case_id)
    assert case.state is State.PENDING_DISPOSAL
    assert case.verdict is not None
    assert (case.verdict.lead, case.verdict.rule) == ("drainage", "sewer-cover-open")
    assert case.verdict.assist == ("traffic-police", "street-yunqi")
    assert case.verdict.rulebook
    assert case.verdict.reason
    assert any(line.startswith("sewer-cover:") for line in case.verdict.passed_over)
    assert [(t.unit, t.part, t.state) for t in case.tasks] == [
        ("drainage", Part.LEAD, TaskState.OFFERED),
        ("traffic-police", Part.ASSIST, TaskState.OFFERED),
        ("street-yunqi", Part.ASSIST, TaskState.OFFERED),
    ]
    dispatch, disposal, *assisting = case.deadlines
    assert (dispatch.clock, dispatch.state) == (Clock.DISPATCH, DeadlineState.MET)
    assert disposal.clock is Clock.DISPOSAL
    assert disposal.due_at - disposal.set_at == timedelta(hours=2), "2 紧急工作时 run through the night"
    assert [(d.clock, d.task) for d in assisting] == [(Clock.ASSIST, t.id) for t in case.tasks[1:]]
    assert await history(pool, case_id) == ["filed", "dispatched"]


async def test_assigning_again_changes_nothing(office: Office) -> None:
    cases = await dispatched(office, a_call(60), a_call(61))
    before = await cases_of(office, cases)
    assert await assign_many(office, cases) == [AlreadyDone(case) for case in cases]
    assert await cases_of(office, cases) == before
    unknown = CaseId(new_id())
    assert await assign_many(office, [unknown]) == [AlreadyDone(unknown)]


async def test_two_workers_that_assign_one_case_at_once_make_its_tasks_once(office: Office, pool: Pool) -> None:
    cases = await filed(office, *(a_call(300 + n, SEWER_COVER) for n in range(5)))
    outcomes = await asyncio.gather(*(assign_many(office, cases) for _ in range(4)))
    assert sum(isinstance(o, Done) for each in outcomes for o in each) == 5
    for case in await cases_of(office, cases):
        assert len(case.tasks) == 3
        assert await history(pool, case.id) == ["filed", "dispatched"]


async def test_where_no_rule_matches_the_duty_desk_decides(office: Office, pool: Pool) -> None:
    (case_id,) = await filed(office, a_call(70, NO_RULE))
    (outcome,) = await assign_many(office, [case_id])
    assert isinstance(outcome, Done)
    case = await case_of(office, case_id)
    assert case.state is State.PENDING_DISPATCH
    assert case.verdict is not None
    assert case.verdict.lead is None
    assert case.verdict.reason
    assert await history(pool, case_id) == ["filed", "deferred"]
    assert await assign_many(office, [case_id]) == [AlreadyDone(case_id)]
    verdict = replace(case.verdict, lead="gas", rule="by hand")
    by_hand = on_case(case, Verb.DISPATCH, DISPATCHER, verdict=verdict, new_tasks=(new_id(),))
    assert await perform(office, by_hand) == [Done(case_id, 3)]
    case = await case_of(office, case_id)
    assert [task.unit for task in case.tasks] == ["gas"]


async def test_a_case_sent_back_finds_another_unit_and_at_last_the_desk(office: Office, pool: Pool) -> None:
    (case_id,) = await dispatched(office, a_call(71))
    asked = []
    for _ in range(2):
        case = await case_of(office, case_id)
        asked.append(case.tasks[-1].unit)
        await perform(office, on_task(case, Verb.SEND_BACK, reason="not-our-duty"))
        case = await case_of(office, case_id)
        assert (case.state, case.verdict, case.lead) == (State.PENDING_DISPATCH, None, None)
        await assign_many(office, [case_id])
    assert asked == ["lighting", "roads"]
    case = await case_of(office, case_id)
    assert case.state is State.PENDING_DISPATCH
    assert case.verdict is not None
    assert case.verdict.lead is None, "both units the rules know have refused"
    assert any("sent this case back" in line for line in case.verdict.passed_over)
    assert case.send_backs == 2
    assert await history(pool, case_id) == ["filed", *["dispatched", "sent_back"] * 2, "deferred"]


async def test_when_the_lead_sends_back_its_assistants_are_released(office: Office) -> None:
    (case_id,) = await dispatched(office, a_call(72, SEWER_COVER))
    case = await case_of(office, case_id)
    await perform(office, replace(on_task(case, Verb.ACCEPT, "traffic-police"), expected=None))
    await perform(office, on_task(await case_of(office, case_id), Verb.SEND_BACK, "drainage", reason="not-ours"))
    case = await case_of(office, case_id)
    assert [(task.part, task.state) for task in case.tasks] == [
        (Part.LEAD, TaskState.SENT_BACK),
        (Part.ASSIST, TaskState.CANCELLED),
        (Part.ASSIST, TaskState.CANCELLED),
    ]
    await assign_many(office, [case_id])
    case = await case_of(office, case_id)
    assert [task.unit for task in case.tasks if task.open and task.part is Part.LEAD] == ["roads"]
