"""Inspectors: who is on duty, who is nearest, and when the office sends one by itself (核实, 核查)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.case import Case, State
from domain.commands import Verb
from domain.place import Crs, Point
from domain.policy import OnSite, Steps
from domain.report import Source
from domain.task import Part, TaskState
from handlers.assign import assign_many
from handlers.inspect import go_off_duty, go_on_duty
from handlers.outcomes import AlreadyDone, Done
from handlers.ports import Office
from store.pool import Pool
from store.views import Views
from tests.demo_city import (
    DESK,
    OFFICER,
    a_call,
    an_office,
    case_of,
    cases_of,
    code_of,
    dispatched,
    done,
    filed,
    history,
    ids,
    inspector,
    on_case,
    on_duty,
    perform,
    spot,
    to_check,
    worker,
)
from tests.record import consistent, drift

DOUBTFUL: dict[str, Any] = {"category": None, "text": "说不清楚"}


async def sent(office: Office, case: Case, verb: Verb = Verb.VERIFY, **more: Any) -> Case:
    """The case after somebody sends the nearest inspector."""
    await done(office, on_case(case, verb, DESK, new_tasks=ids(), **more))
    return await case_of(office, case.id)


def visit(case: Case) -> tuple[str, Part, TaskState]:
    """The latest task of an inspector: who, what for, and how it stands."""
    task = next(task for task in reversed(case.tasks) if task.on_site)
    return task.worker, task.part, task.state


async def judged(office: Office, case: Case, verb: Verb, **more: Any) -> Case:
    """The case after the inspector who was sent said what they saw."""
    task = next(task for task in case.tasks if task.on_site and task.open)
    given = {"photos": ("p-1",), "position": case.point, "note": "见照片", **more}
    await done(office, on_case(case, verb, inspector(task.worker), task=task.id, **given))
    return await case_of(office, case.id)


async def test_the_nearest_of_those_on_duty_is_sent_and_finds_it_on_the_list(office: Office, pool: Pool) -> None:
    await on_duty(office, pool, {"far": spot(0, north=900), "near": spot(0, north=40), "blind": None})
    case = await case_of(office, (await filed(office, a_call(0, **DOUBTFUL)))[0])
    case = await sent(office, case)
    assert (case.state, visit(case)) == (State.VERIFYING, ("near", Part.VERIFY, TaskState.OFFERED))
    row = await pool.fetchrow("SELECT unit, worker, part, ended_at FROM tasks WHERE case_id = $1", case.id)
    assert row is not None
    assert tuple(row) == (None, "near", "verify", None)
    assert [c.id for _, c in await Views(pool).tasks_of_worker("near", None, 10)] == [case.id]
    assert await Views(pool).tasks_of_worker("far", None, 10) == []
    after = await judged(office, case, Verb.PASS)
    assert (after.state, after.verified) == (State.REPORTED, True)
    assert await Views(pool).tasks_of_worker("near", None, 10) == []
    await drift(pool, after)


async def test_whoever_moves_is_nearest_where_they_are_now_and_nobody_once_off_duty(office: Office, pool: Pool) -> None:
    await on_duty(office, pool, {"a": spot(1), "b": spot(2)})
    await go_on_duty(office, "a", spot(2, north=30))
    await go_on_duty(office, "b", spot(1, north=30))
    one, other, third = await cases_of(office, await filed(office, *(a_call(n, **DOUBTFUL) for n in (1, 2, 3))))
    assert visit(await sent(office, one))[0] == "b"
    assert visit(await sent(office, other))[0] == "a"
    await go_off_duty(office, "a")
    assert visit(await sent(office, third))[0] == "b"
    await go_off_duty(office, "b")
    await go_off_duty(office, "b")
    (fourth,) = await cases_of(office, await filed(office, a_call(4, **DOUBTFUL)))
    assert code_of((await perform(office, on_case(fourth, Verb.VERIFY, DESK, new_tasks=ids())))[0]) == (
        "inspector-required"
    )
    assert await pool.fetchval("SELECT count(*) FROM presences") == 0


async def test_a_phone_in_gcj02_is_put_where_it_is(office: Office, pool: Pool) -> None:
    true = spot(5)
    await on_duty(office, pool, {"a": Point(true.lon + 0.0049, true.lat - 0.0031, Crs.GCJ02), "b": spot(5, north=300)})
    case = await case_of(office, (await filed(office, a_call(5, **DOUBTFUL)))[0])
    assert visit(await sent(office, case))[0] == "a"


async def test_a_phone_not_heard_of_for_hours_is_not_on_duty_and_one_shut_out_neither(
    office: Office, pool: Pool
) -> None:
    await on_duty(office, pool, {"a": spot(6), "b": spot(6, north=400), "c": spot(6, north=800)})
    await pool.execute("UPDATE presences SET seen_at = now() - interval '13 hours' WHERE client = 'a'")
    await pool.execute("UPDATE clients SET active = false WHERE id = 'b'")
    case = await case_of(office, (await filed(office, a_call(6, **DOUBTFUL)))[0])
    assert visit(await sent(office, case))[0] == "c"
    async with office.store.unit() as unit:
        known = await unit.presences.on_duty(timedelta(hours=12))
    assert [(one.inspector, one.open_tasks) for one in known] == [("c", 1)]


async def test_inspectors_go_where_they_are_responsible(office: Office, pool: Pool) -> None:
    case = await case_of(office, (await filed(office, a_call(7, **DOUBTFUL)))[0])
    district = "/".join(case.place.path[:2]) + "/"
    await on_duty(office, pool, {"stranger": spot(7)}, "439900/elsewhere/")
    (outcome,) = await perform(office, on_case(case, Verb.VERIFY, DESK, new_tasks=ids()))
    assert code_of(outcome) == "inspector-required"
    await on_duty(office, pool, {"own": spot(7, north=2000)}, district)
    assert visit(await sent(office, case))[0] == "own"


async def test_a_batch_of_checks_is_shared_out(office: Office, pool: Pool) -> None:
    """Each task given counts for those after it, and what is already with somebody counts too."""
    await on_duty(office, pool, {"a": None, "b": None})
    cases = await cases_of(office, await filed(office, *(a_call(20 + n, **DOUBTFUL) for n in range(6))))
    outcomes = await perform(office, *(on_case(case, Verb.VERIFY, DESK, new_tasks=ids()) for case in cases))
    assert [type(outcome) for outcome in outcomes] == [Done] * 6
    who = [visit(case)[0] for case in await cases_of(office, [case.id for case in cases])]
    assert sorted(who) == ["a"] * 3 + ["b"] * 3
    await consistent(pool, *(case.id for case in cases))


async def test_somebody_else_looks_the_second_time(office: Office, pool: Pool) -> None:
    await on_duty(office, pool, {"a": spot(30), "b": spot(30, north=500)})
    (case_id,) = await dispatched(office, a_call(30))
    case = await sent(office, await to_check(office, case_id), Verb.CHECK)
    assert visit(case)[0] == "a"
    await judged(office, case, Verb.FAIL, reason="dark", new_tasks=ids())
    case = await sent(office, await to_check(office, case_id), Verb.CHECK)
    assert visit(case)[0] == "b"
    assert (await judged(office, case, Verb.PASS)).state is State.CLOSED
    await consistent(pool, case_id)


async def test_a_named_inspector_goes_whoever_is_nearer(office: Office, pool: Pool) -> None:
    await on_duty(office, pool, {"a": spot(31), "b": spot(31, north=500)})
    case = await case_of(office, (await filed(office, a_call(31, **DOUBTFUL)))[0])
    assert visit(await sent(office, case, worker="b"))[0] == "b"


async def test_only_who_was_sent_may_judge_from_the_place_with_photos(pool: Pool) -> None:
    office = an_office(pool, on_site=OnSite(2, 100.0, required=True))
    await on_duty(office, pool, {"a": spot(32), "b": spot(32)})
    (case_id,) = await dispatched(office, a_call(32))
    waiting = await to_check(office, case_id)
    assert code_of((await perform(office, on_case(waiting, Verb.PASS, OFFICER)))[0]) == "guard-not-met"
    case = await sent(office, waiting, Verb.CHECK, worker="a")
    task = case.tasks[-1].id
    good = on_case(case, Verb.PASS, inspector("a"), task=task, photos=("1", "2"), position=spot(32, north=90))
    tried = [
        replace(good, actor=inspector("b")),
        replace(good, photos=("1",)),
        replace(good, position=None),
        replace(good, position=spot(32, north=120)),
        replace(good, actor=worker("lighting")),
    ]
    assert [code_of(outcome) for outcome in await perform(office, *tried)] == [
        "task-not-yours", "photos-required", "position-required", "too-far-away", "actor-not-allowed",
    ]  # fmt: skip
    await done(office, good)
    after = await case_of(office, case_id)
    assert after.state is State.CLOSED
    assert after.tasks[-1].photos == ("1", "2")
    await drift(pool, after)


# What the office does by itself, as the policy says


async def test_reports_of_a_source_are_verified_first_where_the_policy_says_so(pool: Pool) -> None:
    office = an_office(pool, auto_verify=frozenset({Source.HOTLINE}))
    await on_duty(office, pool, {"a": spot(40)})
    seen, alarm = await filed(office, a_call(40), a_call(41, source=Source.ALARM, origin="alarm:x"))
    assert [case.state for case in await cases_of(office, [seen, alarm])] == [State.REPORTED, State.PENDING_DISPATCH]
    assert [type(outcome) for outcome in await assign_many(office, [seen, alarm])] == [Done, Done]
    case = await case_of(office, seen)
    assert (case.state, visit(case)) == (State.VERIFYING, ("a", Part.VERIFY, TaskState.OFFERED))
    assert await assign_many(office, [seen]) == [AlreadyDone(seen)]
    case = await judged(office, case, Verb.FAIL, reason="nothing-there")
    assert (case.state, case.verified) == (State.REPORTED, False)
    assert await assign_many(office, [seen]) == [AlreadyDone(seen)], "it was looked at; the desk decides"
    await done(office, on_case(case, Verb.REFUSE, DESK, reason="not-found-on-site"))
    await consistent(pool, seen, alarm)


@pytest.mark.parametrize("steps", [Steps(), Steps(confirm=True)], ids=["finished", "finished and confirmed"])
async def test_finished_work_is_checked_on_the_spot_where_the_policy_says_so(pool: Pool, steps: Steps) -> None:
    office = an_office(pool, auto_check=True, steps=steps)
    n = 42 + steps.confirm
    await on_duty(office, pool, {"a": spot(n)})
    (case_id,) = await dispatched(office, a_call(n))
    case = await case_of(office, case_id)
    task = {"actor": worker("lighting"), "task": case.tasks[0].id}
    await done(office, replace(on_case(case, Verb.ACCEPT, worker("lighting")), **task))
    case = await case_of(office, case_id)
    await done(office, replace(on_case(case, Verb.FINISH, worker("lighting")), **task))
    if steps.confirm:
        assert await assign_many(office, [case_id]) == [AlreadyDone(case_id)], "the department has not confirmed it"
        await done(office, on_case(await case_of(office, case_id), Verb.CONFIRM, worker("lighting")))
    (outcome,) = await assign_many(office, [case_id])
    assert isinstance(outcome, Done)
    case = await case_of(office, case_id)
    assert (case.state, visit(case)) == (State.CHECKING, ("a", Part.CHECK, TaskState.OFFERED))
    assert (await judged(office, case, Verb.PASS)).state is State.CLOSED
    assert (await history(pool, case_id))[-2:] == ["sent_to_check", "passed"]
    await consistent(pool, case_id)


async def test_where_nobody_is_on_duty_the_case_waits_and_is_sent_for_later(pool: Pool) -> None:
    office = an_office(pool, auto_check=True)
    await on_duty(office, pool, {})
    (case_id,) = await dispatched(office, a_call(44))
    before = await to_check(office, case_id)
    assert await assign_many(office, [case_id]) == [AlreadyDone(case_id)]
    assert await case_of(office, case_id) == before
    await on_duty(office, pool, {"a": spot(44)})
    assert [type(outcome) for outcome in await assign_many(office, [case_id])] == [Done]


async def test_without_these_switches_nobody_is_sent(office: Office, pool: Pool) -> None:
    await on_duty(office, pool, {"a": spot(45)})
    (doubtful,) = await filed(office, a_call(46, **DOUBTFUL))
    (case_id,) = await dispatched(office, a_call(45))
    await to_check(office, case_id)
    assert await assign_many(office, [case_id, doubtful]) == [AlreadyDone(case_id), AlreadyDone(doubtful)]
