"""What a batch costs: statements are counted on the wire, and a large batch needs no more than a small one."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.commands import Verb
from domain.ids import ReportId
from handlers.accept import accept_many
from handlers.assign import assign_many
from handlers.file import file_many
from handlers.outcomes import Done, Failed, Outcome
from handlers.overdue import ring_due
from handlers.perform import Request, perform_many
from handlers.ports import Office, new_id
from store.pool import Pool, connect
from tests.demo_city import (
    DESK,
    SEWER_COVER,
    a_call,
    accepted,
    an_office,
    calls,
    cases_of,
    dispatched,
    filed,
    ids,
    merging,
    on_case,
    on_duty,
    on_task,
)
from tests.wire import wire

DEAD_ANIMAL = "06037"
Work = Callable[[Office, int], Awaitable[Callable[[], Awaitable[Sequence[Outcome]]]]]


async def _accept(office: Office, size: int) -> Callable[[], Awaitable[Sequence[Outcome]]]:
    reports = calls(size)
    return lambda: accept_many(office, reports)


async def _accept_again(office: Office, size: int) -> Callable[[], Awaitable[Sequence[Outcome]]]:
    reports = calls(size)
    await accept_many(office, reports)
    return lambda: accept_many(office, [replace(report, id=ReportId(new_id())) for report in reports])


async def _file(office: Office, size: int) -> Callable[[], Awaitable[Sequence[Outcome]]]:
    first = {3: 200, 2: 210, 60: 220}[size]  # where no case of the kind is open: to join costs statements of its own
    ids = await accepted(office, *(a_call(first + n, DEAD_ANIMAL) for n in range(size)))
    return lambda: file_many(office, ids)


async def _assign(office: Office, size: int) -> Callable[[], Awaitable[Sequence[Outcome]]]:
    cases = await filed(office, *(a_call(n, SEWER_COVER, point=None, area_names=("临湖区",)) for n in range(size)))
    return lambda: assign_many(office, cases)


async def _perform(office: Office, size: int) -> Callable[[], Awaitable[Sequence[Outcome]]]:
    reports = [a_call(n, point=None, area_names=("临湖区",)) for n in range(size)]
    cases = await cases_of(office, await dispatched(office, *reports))
    requests = [Request(on_task(case, Verb.ACCEPT), str(new_id()), b"x") for case in cases]
    return lambda: perform_many(office, requests)


async def _merge(office: Office, size: int) -> Callable[[], Awaitable[Sequence[Outcome]]]:
    reports = [a_call(n, point=None, area_names=("临湖区",)) for n in range(2 * size)]
    cases = await cases_of(office, await dispatched(office, *reports))
    requests = [merging(one, main.id) for one, main in zip(cases[::2], cases[1::2], strict=True)]
    return lambda: perform_many(office, requests)


async def _send(office: Office, size: int) -> Callable[[], Awaitable[Sequence[Outcome]]]:
    reports = [a_call(n, None, text="说不清楚", point=None, area_names=("临湖区",)) for n in range(size)]
    cases = await cases_of(office, await filed(office, *reports))
    requests = [Request(on_case(case, Verb.VERIFY, DESK, new_tasks=ids())) for case in cases]
    return lambda: perform_many(office, requests)


async def _ring(office: Office, size: int) -> Callable[[], Awaitable[Sequence[Outcome]]]:
    policy = replace(office.advisers.policy, exercise_pace=1e9)
    hurried = replace(office, advisers=replace(office.advisers, policy=policy))
    cases = await filed(hurried, *(a_call(n, point=None, area_names=("临湖区",)) for n in range(size)))

    async def ring() -> Sequence[Outcome]:
        assert await ring_due(hurried) == size
        return [Done(case) for case in cases]

    return ring


@pytest.mark.parametrize("work", [_accept, _accept_again, _file, _assign, _perform, _merge, _send, _ring])
async def test_a_large_batch_costs_no_more_statements_than_a_small_one(fresh_dsn: str, work: Work) -> None:
    async with wire(fresh_dsn) as line:
        pool = await connect(line.dsn, size=1, application="tests-counted")
        try:
            office, cost = an_office(pool), {}
            await on_duty(office, pool, {"i-1": None, "i-2": None})
            for size in (3, 2, 60):  # the first only warms up: statements are prepared once a connection
                run = await work(office, size)
                before = line.statements
                outcomes = await run()
                cost[size] = line.statements - before
                assert len(outcomes) == size
                assert not any(isinstance(outcome, Failed) for outcome in outcomes)
        finally:
            await pool.close()
    assert 0 < cost[60] <= 15
    assert cost[60] <= cost[2], cost


async def test_the_counter_can_count(fresh_dsn: str) -> None:
    """The control: work in batches of one costs more statements, and the wire sees them."""
    async with wire(fresh_dsn) as line:
        pool = await connect(line.dsn, size=1, application="tests-counted")
        try:
            office = an_office(pool)
            await accept_many(office, calls(1))
            before = line.statements
            for report in calls(10):
                await accept_many(office, [report])
            assert line.statements - before >= 10
        finally:
            await pool.close()


async def test_the_clock_of_the_record_is_the_databases(office: Office, pool: Pool) -> None:
    liar = a_call(170, received_at=datetime(2031, 1, 1, tzinfo=UTC))
    await accepted(office, liar)
    noted = await pool.fetchval("SELECT received_at FROM reports WHERE id = $1", liar.id)
    assert abs(noted - datetime.now(UTC)) < timedelta(minutes=1)
