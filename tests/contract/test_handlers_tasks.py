"""The list a department works through follows its cases: who leads may change, and everybody has their own clock."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from domain.case import Case, Clock, State
from domain.catalogue import Urgency
from domain.commands import Verb
from domain.ids import CaseId
from domain.place import Level
from domain.plan import Alert, Plan
from domain.task import Part, TaskState
from handlers.assign import assign_many
from handlers.outcomes import AlreadyDone, Done, Failed
from handlers.ports import Office
from store.pool import Pool
from store.views import Views
from tests.demo_city import (
    COARSE,
    DISPATCHER,
    LAMP,
    NO_RULE,
    OFFICER,
    SEWER_COVER,
    a_call,
    an_office,
    case_of,
    cases_of,
    dispatched,
    done,
    filed,
    history,
    ids,
    on_case,
    on_task,
    pack,
    perform,
    to_check,
    to_the_end,
    worker,
)
from tests.record import consistent, drift
from tests.values import a_share


async def rows(pool: Pool, case: CaseId) -> list[tuple[str, str, str]]:
    """Unit, part and state of a case's tasks as the record lists them."""
    found = await pool.fetch("SELECT unit, part, state FROM tasks WHERE case_id = $1 ORDER BY offered_at, id", case)
    return sorted((row["unit"], row["part"], row["state"]) for row in found)


@pytest.fixture
def first_leads(pool: Pool) -> Office:
    """An office of a city where who accepts first carries the case (首接负责)."""
    return an_office(pool, first_accepts_leads=True)


async def test_who_accepts_first_takes_the_lead_under_the_index_that_allows_one(
    first_leads: Office, pool: Pool
) -> None:
    (case_id,) = await dispatched(first_leads, a_call(category=SEWER_COVER, **COARSE))
    case = await case_of(first_leads, case_id)
    first = case.tasks[1].unit
    assert first is not None
    await done(first_leads, on_task(case, Verb.ACCEPT, first))
    after = await case_of(first_leads, case_id)
    assert after.lead is not None
    assert (after.state, after.lead.unit) == (State.DISPOSING, first)
    assert (first, "lead", "accepted") in await rows(pool, case_id)
    assert ("drainage", "assist", "offered") in await rows(pool, case_id)
    assert await pool.fetchval("SELECT unit FROM cases WHERE id = $1", case_id) == first
    await drift(pool, after)
    assert (await to_the_end(first_leads, case_id)).state is State.CLOSED
    await consistent(pool, case_id)


async def test_many_leads_change_hands_in_one_batch(first_leads: Office, pool: Pool) -> None:
    given = await dispatched(first_leads, *(a_call(category=SEWER_COVER, **COARSE) for _ in range(12)))
    cases = await cases_of(first_leads, given)
    takes = [on_task(case, Verb.ACCEPT, case.tasks[1].unit) for case in cases]
    then = [replace(on_task(case, Verb.ACCEPT, "drainage"), expected=None) for case in cases]
    outcomes = await perform(first_leads, *takes, *then)
    assert [type(outcome) for outcome in outcomes] == [Done] * 24
    leads = await pool.fetch("SELECT unit FROM tasks WHERE part = 'lead' AND case_id = ANY ($1)", given)
    assert [row["unit"] for row in leads] == [case.tasks[1].unit for case in cases]
    await consistent(pool, *given)


async def test_of_all_units_that_accept_at_once_one_leads(first_leads: Office, pool: Pool) -> None:
    for _ in range(10):
        (case_id,) = await dispatched(first_leads, a_call(category=SEWER_COVER, **COARSE))
        case = await case_of(first_leads, case_id)
        takes = [replace(on_task(case, Verb.ACCEPT, task.unit), expected=None) for task in case.tasks]
        outcomes = [o for (o,) in await asyncio.gather(*(perform(first_leads, take) for take in takes))]
        assert all(isinstance(outcome, Done) for outcome in outcomes), "each accepts; one of them leads"
        after = await case_of(first_leads, case_id)
        (lead,) = [task for task in after.tasks if task.part is Part.LEAD]
        assert min(task.accepted_at for task in after.tasks if task.accepted_at) == lead.accepted_at
        await consistent(pool, case_id)


async def test_a_units_list_shows_what_is_open_and_nothing_else(office: Office, pool: Pool) -> None:
    (case_id,) = await dispatched(office, a_call(**COARSE))

    async def listed(unit: str) -> bool:
        return any(case.id == case_id for _, case in await Views(pool).tasks(unit, None, 1000))

    case = await case_of(office, case_id)
    assert await listed("lighting")
    await done(office, on_task(case, Verb.SEND_BACK, reason="not-ours"))
    assert not await listed("lighting")
    await assign_many(office, [case_id])
    assert await listed("roads")
    await done(office, on_case(await case_of(office, case_id), Verb.RECALL, DISPATCHER, reason="wrong-unit"))
    assert not await listed("roads")
    await consistent(pool, case_id)


async def test_a_unit_sends_somebody_and_takes_them_back(office: Office, pool: Pool) -> None:
    (case_id,) = await dispatched(office, a_call(**COARSE))
    await done(office, on_task(await case_of(office, case_id), Verb.ASSIGN, worker="老王"))
    assert await pool.fetchval("SELECT worker FROM tasks WHERE case_id = $1", case_id) == "老王"
    await done(office, on_task(await case_of(office, case_id), Verb.UNASSIGN))
    assert await pool.fetchval("SELECT worker FROM tasks WHERE case_id = $1", case_id) is None
    await consistent(pool, case_id)


async def test_rework_leaves_the_first_result_and_starts_a_round(office: Office, pool: Pool) -> None:
    (case_id,) = await dispatched(office, a_call(**COARSE))
    case = await to_check(office, case_id)
    await done(office, on_case(case, Verb.FAIL, OFFICER, reason="dark", new_tasks=ids()))
    found = await pool.fetch("SELECT round, state FROM tasks WHERE case_id = $1 ORDER BY round", case_id)
    assert [tuple(row) for row in found] == [(0, "done"), (1, "offered")]
    await to_the_end(office, case_id)
    await consistent(pool, case_id)


def with_plan(pool: Pool, **changes: Any) -> Office:
    """An office whose pack has one plan, started by every dark lamp."""
    lamp = pack().catalogue.find(LAMP)
    assert lamp is not None
    shares = (a_share("power", 30, Part.LEAD), a_share("lighting", 20))
    plan = Plan("dark", "断电", shares, frozenset({lamp.key}), Urgency.NORMAL)
    return an_office(pool, plans=(replace(plan, **changes),))


async def test_a_plan_starts_by_itself_and_calls_all_its_units_at_once(pool: Pool) -> None:
    alert = Alert("停电", "Infra", "Immediate", "Moderate", "Observed", "附近停电")
    office = with_plan(pool, alert=alert)
    (case_id,) = await filed(office, a_call(**COARSE))
    assert await assign_many(office, [case_id]) == [Done(case_id, 2)]
    case = await case_of(office, case_id)
    assert await history(pool, case_id) == ["filed", "activated"]
    assert case.plan is not None
    assert (case.plan.plan, case.plan.alert) == ("dark", alert)
    assert [(t.unit, t.part, t.state) for t in case.tasks] == [
        ("power", Part.LEAD, TaskState.OFFERED),
        ("lighting", Part.ASSIST, TaskState.OFFERED),
    ]
    clocks = {d.clock: d for d in case.deadlines}
    assert (clocks[Clock.DISPOSAL].limit.value, clocks[Clock.ASSIST].limit.value) == (30, 20), "minutes, by the plan"
    assert await assign_many(office, [case_id]) == [AlreadyDone(case_id)]
    await drift(pool, case)
    assert (await to_the_end(office, case_id)).state is State.CLOSED
    await consistent(pool, case_id)


async def test_a_plan_starts_once_and_what_comes_back_goes_by_the_rulebook(pool: Pool) -> None:
    office = with_plan(pool)
    (case_id,) = await dispatched(office, a_call(**COARSE))
    await done(office, on_task(await case_of(office, case_id), Verb.SEND_BACK, "power", reason="not-ours"))
    await assign_many(office, [case_id])
    assert await history(pool, case_id) == ["filed", "activated", "sent_back", "dispatched"]
    case = await case_of(office, case_id)
    assert [task.unit for task in case.tasks if task.open] == ["lighting"]
    await drift(pool, case)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"urgency": Urgency.CRITICAL}, id="not urgent enough"),
        pytest.param({"categories": frozenset({"gbt:event:99999"})}, id="another category"),
        pytest.param({"categories": frozenset()}, id="by command only"),
        pytest.param({"shares": (a_share("nobody-here", 30, Part.LEAD),)}, id="nobody to lead it"),
    ],
)
async def test_a_plan_that_is_not_triggered_leaves_the_case_to_the_rulebook(pool: Pool, changes: Any) -> None:
    office = with_plan(pool, **changes)
    (case_id,) = await dispatched(office, a_call(**COARSE))
    case = await case_of(office, case_id)
    assert case.plan is None
    assert [task.unit for task in case.tasks] == ["lighting"]


async def test_planned_ordinary_and_deferred_cases_are_assigned_in_one_batch(pool: Pool) -> None:
    office = with_plan(pool)
    given = await filed(
        office, a_call(**COARSE), a_call(category=SEWER_COVER, **COARSE), a_call(category=NO_RULE, **COARSE)
    )
    assert [type(outcome) for outcome in await assign_many(office, given)] == [Done] * 3
    assert [(await history(pool, case))[-1] for case in given] == ["activated", "dispatched", "deferred"]
    await consistent(pool, *given)


async def test_a_unit_raises_a_case_and_the_rulebook_is_asked_again(office: Office, pool: Pool) -> None:
    """吹哨: what a unit cannot do alone goes up, back to dispatch, and somebody is named anew."""
    (case_id,) = await dispatched(office, a_call(**COARSE))
    case = await case_of(office, case_id)
    await done(office, on_case(case, Verb.RAISE, worker("lighting"), level=Level.CITY, reason="beyond-us"))
    raised: Case = await case_of(office, case_id)
    assert (raised.state, raised.level, raised.verdict) == (State.PENDING_DISPATCH, Level.CITY, None)
    (outcome,) = await assign_many(office, [case_id])
    assert not isinstance(outcome, Failed)
    assert (await history(pool, case_id))[:3] == ["filed", "dispatched", "raised"]
    await consistent(pool, case_id)
