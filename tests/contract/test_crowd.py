"""One incident and its crowd: what a report more costs does not depend on how many stand behind the case already."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import asyncpg
import pytest

from domain.case import Case
from domain.commands import Verb
from domain.ids import CaseId, ReportId
from handlers.accept import accept_many
from handlers.file import file_many
from handlers.outcomes import Done
from handlers.perform import Request, perform_many
from handlers.ports import Office
from store.pool import connect
from store.views import Views
from tests.demo_city import COARSE, DESK, a_call, an_office, case_of, filed, merging, on_case, splitting
from tests.record import drift
from tests.wire import Wire, wire

CROWD, BATCH = 4000, 100


@dataclass(frozen=True, slots=True)
class Cost:
    """What some work cost on the wire to the database."""

    statements: int
    sent: int
    received: int


class Meter:
    """An office whose wire to the database is read."""

    def __init__(self, line: Wire, office: Office, dsn: str) -> None:
        self._line = line
        self.office = office
        self.dsn = dsn

    async def files(self, ids: Sequence[ReportId]) -> Cost:
        """What it costs to file these."""
        line = self._line
        before = (line.statements, line.sent, line.received)
        outcomes = await file_many(self.office, ids)
        assert all(isinstance(outcome, Done) for outcome in outcomes)
        return Cost(line.statements - before[0], line.sent - before[1], line.received - before[2])

    async def performs(self, *requests: Request) -> Cost:
        """What it costs to carry these out."""
        line = self._line
        before = (line.statements, line.sent, line.received)
        outcomes = await perform_many(self.office, requests)
        assert all(isinstance(outcome, Done) for outcome in outcomes), outcomes
        return Cost(line.statements - before[0], line.sent - before[1], line.received - before[2])


@pytest.fixture
async def meter(fresh_dsn: str) -> AsyncIterator[Meter]:
    """One connection, so that every statement is prepared once."""
    async with wire(fresh_dsn) as line:
        pool = await connect(line.dsn, size=1, application="tests-counted")
        yield Meter(line, an_office(pool), fresh_dsn)
        await pool.close()


async def came(office: Office, n: int, count: int) -> list[ReportId]:
    """So many callers about the same thing."""
    reports = [a_call(n) for _ in range(count)]
    await accept_many(office, reports)
    return [report.id for report in reports]


async def test_the_four_thousandth_report_joins_as_cheaply_as_the_second(meter: Meter) -> None:
    office = meter.office
    (case,) = await filed(office, a_call(20))
    await meter.files(await came(office, 20, BATCH))  # prepares the statements
    early = await meter.files(await came(office, 20, BATCH))
    short = await stored(meter.dsn, case)
    while (await case_of(office, case)).behind < CROWD:
        await meter.files(await came(office, 20, 500))
    late = await meter.files(await came(office, 20, BATCH))
    assert late.statements <= early.statements
    assert late.sent < early.sent + 200, "but for the digits of a few numbers"
    assert late.received < early.received + 200
    assert await stored(meter.dsn, case) < short + 20
    await drift_of(meter, case)


async def stored(dsn: str, case: CaseId) -> int:
    """Bytes of a case's document."""
    connection = await asyncpg.connect(dsn)
    size: int = await connection.fetchval("SELECT length(doc::text) FROM cases WHERE id = $1", case)
    await connection.close()
    return size


async def drift_of(meter: Meter, case: CaseId) -> None:
    """The history says who stands behind the case, the rows do, and the document says how many."""
    pool = await connect(meter.dsn, size=2, application="tests")
    await drift(pool, await case_of(meter.office, case))
    await pool.close()


async def test_what_is_merged_into_a_crowd_and_split_again_costs_what_it_brings(meter: Meter) -> None:
    """A merge looks at those who come, never at all who are there."""
    office, cost = meter.office, {}
    (main,) = await filed(office, a_call(22))
    for behind in (1, 2000):
        if missing := behind - (await case_of(office, main)).behind:
            await file_many(office, await came(office, 22, missing))
        for turn in range(2):  # the first only prepares the statements
            one = await another(office)
            there = await meter.performs(merging(one, main))
            back = await meter.performs(splitting(await case_of(office, one.id), main))
            cost[behind, turn] = (there, back)
    for few, many in zip(cost[1, 1], cost[2000, 1], strict=True):
        assert many.statements <= few.statements
        assert many.sent < few.sent + 200
        assert many.received < few.received + 200
    await drift_of(meter, main)


async def another(office: Office) -> Case:
    """Another case, nowhere near, with two reports behind it."""
    one, two = [await case_of(office, case) for case in await filed(office, a_call(**COARSE), a_call(**COARSE))]
    async with office.store.unit() as unit:
        (report,) = (await unit.cases.crowd([two.id], [], [two.id])).behind(two.id)
    await perform_many(office, [Request(on_case(one, Verb.JOIN, DESK, report=report))])
    return await case_of(office, one.id)


async def test_a_crowd_is_shown_page_by_page(meter: Meter) -> None:
    (case_id,) = await filed(meter.office, a_call(24))
    await file_many(meter.office, await came(meter.office, 24, 460))
    case = await case_of(meter.office, case_id)
    pool = await connect(meter.dsn, size=2, application="tests")
    views = Views(pool)
    assert len((await views.behind(case)).reports) == 200, "no more than a page with the case itself"
    await pool.close()
