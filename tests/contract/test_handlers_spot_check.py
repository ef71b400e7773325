"""抽查: a draw nobody can steer and everybody can repeat, a quota for each unit, and nobody sent twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from domain.case import State
from domain.commands import Verb
from domain.ids import CaseId
from domain.task import Part
from handlers.assign import assign_many
from handlers.outcomes import AlreadyDone, Done, Failed
from handlers.ports import Office
from handlers.spot_check import Draw, draw
from store.pool import Pool, connect
from tests.conftest import fresh_database
from tests.demo_city import (
    COARSE,
    SEWER_COVER,
    SUPERVISOR,
    a_call,
    an_office,
    case_of,
    cases_of,
    code_of,
    dispatched,
    done,
    history,
    inspector,
    on_case,
    on_duty,
    to_the_end,
)
from tests.record import consistent

LAMPS, COVERS = 5, 4


@pytest.fixture
async def closed(postgres_dsn: str) -> AsyncIterator[tuple[Office, Pool, list[CaseId]]]:
    """A city of its own with closed cases of two units, and three inspectors on duty."""
    async with fresh_database(postgres_dsn) as dsn:
        pool = await connect(dsn, size=4, application="tests-draw")
        office = an_office(pool)
        lamps = [a_call(**COARSE) for _ in range(LAMPS)]
        covers = [a_call(category=SEWER_COVER, **COARSE) for _ in range(COVERS)]
        ids = await dispatched(office, *lamps, *covers)
        for case in ids:
            await to_the_end(office, case)
        await dispatched(office, a_call(**COARSE))
        await on_duty(office, pool, {"i-1": None, "i-2": None, "i-3": None})
        yield office, pool, ids
        await pool.close()


def today(seed: str = "2026-W47", quota: int = 3) -> Draw:
    now = datetime.now(UTC)
    return Draw(seed, quota, now - timedelta(hours=1), now + timedelta(hours=1))


async def test_a_quota_of_each_unit_is_drawn_and_somebody_is_sent_to_each(
    closed: tuple[Office, Pool, list[CaseId]],
) -> None:
    office, pool, ids = closed
    drawn = await draw(office, today(), SUPERVISOR)
    assert Counter(unit for _, unit, _, _ in drawn) == {"lighting": 3, "drainage": 3}
    assert all(isinstance(outcome, Done) for *_, outcome in drawn)
    assert Counter(who for *_, who, _ in drawn) == {"i-1": 2, "i-2": 2, "i-3": 2}, "the work is shared out"
    chosen = {case.no: case for case in await cases_of(office, ids)}
    for no, unit, who, _ in drawn:
        case = chosen[no]
        task = case.tasks[-1]
        assert (case.state, task.part, task.worker, task.unit) == (State.CLOSED, Part.SPOT_CHECK, who, None)
        assert case.lead is not None
        assert case.lead.unit == unit
        assert (await history(pool, case.id))[-1] == "drawn"
    assert await consistent(pool) == LAMPS + COVERS + 1


async def test_everybody_can_repeat_the_draw_by_hand(closed: tuple[Office, Pool, list[CaseId]]) -> None:
    office, _, ids = closed
    cases = await cases_of(office, ids)
    for seed in ("a", "b", "城市"):
        async with office.store.unit() as unit:
            asked = today(seed, 2)
            drawn = await unit.cases.drawn(asked.seed, asked.quota, asked.since, asked.until)
        by_hand: list[CaseId] = []
        for lead in ("lighting", "drainage"):
            own = [case for case in cases if case.lead and case.lead.unit == lead]
            by_hand += [c.id for c in sorted(own, key=lambda c: sha256(f"{seed}{c.no}".encode()).digest())[:2]]
        assert set(drawn) == set(by_hand)
    seeds = {frozenset(no for no, *_ in await draw(office, today(str(n), 1), SUPERVISOR)) for n in range(12)}
    assert len(seeds) > 3, "the seed decides"


async def test_a_draw_that_is_repeated_sends_nobody_twice(closed: tuple[Office, Pool, list[CaseId]]) -> None:
    office, pool, _ = closed
    first = await draw(office, today(), SUPERVISOR)
    again = await draw(office, today(), SUPERVISOR)
    assert [entry[:3] for entry in again] == [entry[:3] for entry in first], "with the inspector who has it"
    assert all(isinstance(outcome, AlreadyDone) for *_, outcome in again)
    case = await case_of(office, CaseId(first[0][3].subject)) if isinstance(first[0][3], Done) else None
    assert case is not None
    task = case.tasks[-1]
    await done(office, on_case(case, Verb.PASS, inspector(task.worker), task=task.id, photos=("p",)))
    once_more = await draw(office, today(), SUPERVISOR)
    assert all(isinstance(outcome, AlreadyDone) for *_, outcome in once_more), "not even where it was looked at"
    sent = await pool.fetch("SELECT count(*) FROM tasks WHERE part = 'spot_check' GROUP BY case_id")
    assert {row["count"] for row in sent} == {1}
    await consistent(pool)


async def test_two_who_draw_at_once_send_one_inspector_to_each(closed: tuple[Office, Pool, list[CaseId]]) -> None:
    office, pool, _ = closed
    draws = await asyncio.gather(*(draw(office, today(), SUPERVISOR) for _ in range(4)))
    assert sum(isinstance(outcome, Done) for drawn in draws for *_, outcome in drawn) == 6
    assert await pool.fetchval("SELECT count(*) FROM tasks WHERE part = 'spot_check'") == 6
    await consistent(pool)


async def test_a_larger_quota_adds_to_the_smaller_one(closed: tuple[Office, Pool, list[CaseId]]) -> None:
    office, _, _ = closed
    small = {no for no, *_ in await draw(office, today(quota=2), SUPERVISOR)}
    large = await draw(office, today(quota=100), SUPERVISOR)
    assert small < {no for no, *_ in large}
    assert Counter(type(outcome) for *_, outcome in large) == {Done: LAMPS + COVERS - 4, AlreadyDone: 4}


async def test_only_what_was_closed_in_the_period_is_drawn(closed: tuple[Office, Pool, list[CaseId]]) -> None:
    office, _, ids = closed
    ends = sorted(case.ended_at for case in await cases_of(office, ids) if case.ended_at)
    asked = replace(today(quota=100), since=ends[2], until=ends[5])
    assert len(await draw(office, asked, SUPERVISOR)) == 3, "from since, to before until"
    assert await draw(office, replace(asked, until=asked.since), SUPERVISOR) == []


async def test_where_nobody_is_on_duty_the_draw_says_so_and_can_be_repeated(
    closed: tuple[Office, Pool, list[CaseId]],
) -> None:
    office, pool, _ = closed
    await on_duty(office, pool, {})
    drawn = await draw(office, today(), SUPERVISOR)
    assert [code_of(outcome) for *_, outcome in drawn] == ["inspector-required"] * 6
    assert {who for *_, who, _ in drawn} == {None}
    await on_duty(office, pool, {"late": None})
    assert {type(outcome) for *_, outcome in await draw(office, today(), SUPERVISOR)} == {Done}


async def test_work_that_fails_the_spot_check_is_done_again_and_may_be_drawn_again(
    closed: tuple[Office, Pool, list[CaseId]],
) -> None:
    office, pool, _ = closed
    first = await draw(office, today(), SUPERVISOR)
    (outcome,) = [o for *_, o in first[:1]]
    assert not isinstance(outcome, Failed)
    case = await case_of(office, CaseId(outcome.subject))
    task = case.tasks[-1]
    failed = on_case(case, Verb.FAIL, inspector(task.worker), task=task.id, reason="dark", photos=("p",))
    await done(office, failed)
    case = await case_of(office, case.id)
    assert (case.state, case.verdict, case.reopened) == (State.PENDING_DISPATCH, None, 1)
    await assign_many(office, [case.id])
    assert (await to_the_end(office, case.id)).state is State.CLOSED
    again = {no: outcome for no, *_, outcome in await draw(office, today(), SUPERVISOR)}
    assert isinstance(again[case.no], Done), "it is other work now"
    await consistent(pool)
