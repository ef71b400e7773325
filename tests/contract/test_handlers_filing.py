"""The office files: calls become cases with a place, a condition and a deadline, and one incident is one case."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from classify.classifier import Classification
from domain.case import Clock, DeadlineState, State
from domain.catalogue import Urgency
from domain.commands import Verb
from domain.errors import Conflict
from domain.ids import CaseId, CaseNo, ReportId
from domain.place import Crs, Doubt, Point
from domain.report import Report
from handlers.assign import assign_many
from handlers.batch import in_halves
from handlers.file import file_many
from handlers.outcomes import AlreadyDone, Done, Failed, Outcome
from handlers.ports import Office
from store.pool import Pool
from store.views import Views
from tests.demo_city import (
    LAMP,
    NO_RULE,
    OFFICER,
    SEWER_COVER,
    a_call,
    accepted,
    behind,
    case_of,
    cases_of,
    dispatched,
    filed,
    grid,
    history,
    on_case,
    on_task,
    perform,
    spot,
    to_the_end,
)

# The tests share one city: each uses grids of its own, so that its incidents are not another's.


async def test_a_call_becomes_a_case_with_number_place_condition_and_deadline(office: Office, pool: Pool) -> None:
    ticket = a_call(0, SEWER_COVER, text="污水井盖不见了", urgency=Urgency.NORMAL)
    (case_id,) = await filed(office, ticket)
    case = await case_of(office, case_id)
    assert case.state is State.PENDING_DISPATCH
    assert CaseNo.parse(case.no).prefix == "YH"
    assert case.place.grid == grid(0)
    assert case.place.path[0] == "439900"
    assert case.category is not None
    assert case.category.code == SEWER_COVER
    assert case.condition is not None
    assert case.condition.id == "01002-1"
    assert case.urgency is Urgency.CRITICAL, "a cover that is missing is danger to life, whatever the caller said"
    assert await behind(office, case) == (ticket.id,)
    (running,) = case.deadlines
    assert (running.clock, running.cycle, running.state) == (Clock.DISPATCH, 1, DeadlineState.RUNNING)
    assert running.due_at - running.set_at == timedelta(minutes=15)
    assert await history(pool, case_id) == ["filed"]
    linked = await pool.fetch("SELECT report_id, opened FROM case_reports WHERE case_id = $1", case_id)
    assert [tuple(row) for row in linked] == [(ticket.id, True)]


async def test_words_are_enough(office: Office) -> None:
    heard, nonsense = await filed(
        office, a_call(1, None, text="小区门口路灯不亮三天了"), a_call(2, None, text="你们猜猜看发生了什么")
    )
    one, other = await cases_of(office, [heard, nonsense])
    assert one.state is State.PENDING_DISPATCH
    assert one.category is not None
    assert one.category.code == LAMP
    assert one.what is not None
    assert one.what.by == "keywords"
    assert other.state is State.REPORTED
    assert other.category is None
    assert [d.clock for d in other.deadlines] == [Clock.INTAKE]


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        pytest.param({"point": Point(116.397, 39.908, Crs.WGS84)}, Doubt.OUTSIDE, id="another city"),
        pytest.param({"point": None}, Doubt.NOWHERE, id="nowhere"),
        pytest.param({"point": None, "area_names": ("月球",)}, Doubt.NOWHERE, id="an unknown name"),
    ],
)
async def test_a_doubtful_place_goes_to_the_desk_with_its_doubt(
    office: Office, changes: dict[str, object], doubt: Doubt
) -> None:
    (case_id,) = await filed(office, a_call(3, **changes))
    case = await case_of(office, case_id)
    assert case.state is State.REPORTED
    assert case.place.doubt is doubt
    assert not case.place.path
    assert case.category is not None, "what is known is kept"
    assert await assign_many(office, [case_id]) == [AlreadyDone(case_id)], "what was not filed is not dispatched"


async def test_a_street_by_name_is_coarse_and_certain_enough(office: Office) -> None:
    (case_id,) = await dispatched(office, a_call(4, point=None, area_names=("临湖区", "望湖街道")))
    case = await case_of(office, case_id)
    assert case.state is State.PENDING_DISPOSAL
    assert case.place.doubt is Doubt.COARSE
    assert case.place.path[-1] == "439901001"


async def test_a_phone_that_speaks_gcj02_lands_in_the_same_grid(office: Office) -> None:
    true = spot(5)
    shifted = Point(true.lon + 0.0049, true.lat - 0.0031, Crs.GCJ02)  # roughly the offset in this part of the country
    (case_id,) = await filed(office, a_call(5, point=shifted))
    case = await case_of(office, case_id)
    assert case.point is not None
    assert case.point.crs is Crs.WGS84
    assert abs(case.point.lon - shifted.lon) > 0.002, "the coordinates were converted"


async def test_neighbours_within_fifty_metres_join_and_others_do_not(office: Office, pool: Pool) -> None:
    (first,) = await filed(office, a_call(10))
    near = a_call(10, point=spot(10, north=45), text="路灯坏了")
    same, far, other = await filed(
        office, near, a_call(10, point=spot(10, north=-58)), a_call(10, SEWER_COVER, text="井盖")
    )
    assert same == first
    assert len({first, far, other}) == 3
    case = await case_of(office, first)
    assert (await behind(office, case))[1] == near.id
    assert await history(pool, first) == ["filed", "joined"]
    opened = await pool.fetchval("SELECT opened FROM case_reports WHERE report_id = $1", near.id)
    assert opened is False


async def test_callers_of_one_batch_meet_on_one_case(office: Office, pool: Pool) -> None:
    flood = [a_call(11, point=spot(11, north=n * 4)) for n in range(8)]
    cases = await filed(office, *flood, a_call(12))
    assert len(set(cases[:8])) == 1
    assert cases[8] != cases[0]
    case = await case_of(office, cases[0])
    assert case.version == 8
    assert set(await behind(office, case)) == {report.id for report in flood}
    assert case.behind == 8
    assert await history(pool, cases[0]) == ["filed"] + ["joined"] * 7


@pytest.mark.parametrize(("start", "hours"), [(13, 25), (16, -25)])
async def test_a_day_apart_it_is_another_incident(office: Office, start: int, hours: int) -> None:
    """Counted from when it happened: a record of last year that is brought in today does not meet today's."""
    now = datetime.now(UTC)
    (first,) = await filed(office, a_call(start, occurred_at=now))
    (other,) = await filed(office, a_call(start, occurred_at=now - timedelta(hours=abs(hours))))
    (same,) = await filed(office, a_call(start, occurred_at=now - timedelta(hours=2)))
    assert other != first
    assert same == first


async def test_what_happens_after_the_end_is_a_new_incident(office: Office) -> None:
    (first,) = await dispatched(office, a_call(14))
    await to_the_end(office, first)
    (second,) = await filed(office, a_call(14))
    assert second != first


async def test_a_call_joins_a_case_that_waits_at_the_desk_or_is_in_work(office: Office) -> None:
    (waiting,) = await filed(office, a_call(15, NO_RULE))
    await assign_many(office, [waiting])
    (again,) = await filed(office, a_call(15, NO_RULE))
    assert again == waiting


async def test_filing_the_same_reports_twice_changes_nothing(office: Office) -> None:
    ids = await accepted(office, *(a_call(20 + n) for n in range(3)))
    first = await file_many(office, ids)
    cases = [CaseId(outcome.subject) for outcome in first if isinstance(outcome, Done)]
    before = await cases_of(office, cases)
    assert await file_many(office, ids) == [AlreadyDone(report) for report in ids]
    assert await file_many(office, [ids[0], ids[0]]) == [AlreadyDone(ids[0])] * 2
    assert await cases_of(office, cases) == before


async def test_a_report_named_twice_in_one_batch_opens_one_case(office: Office, pool: Pool) -> None:
    (report,) = await accepted(office, a_call(23))
    outcomes = await file_many(office, [report, report])
    assert len({outcome.subject for outcome in outcomes if isinstance(outcome, Done)}) == 1
    assert await pool.fetchval("SELECT count(*) FROM case_reports WHERE report_id = $1", report) == 1


async def test_two_clerks_filing_the_same_reports_at_once_open_each_case_once(office: Office, pool: Pool) -> None:
    for start in (30, 34, 38):
        ids = await accepted(office, *(a_call(start + n) for n in range(4)))
        both = await asyncio.gather(file_many(office, ids), file_many(office, list(reversed(ids))))
        done = [outcome for outcomes in both for outcome in outcomes if isinstance(outcome, Done)]
        assert len(done) == 4
        links = await pool.fetch("SELECT case_id FROM case_reports WHERE report_id = ANY ($1)", ids)
        assert len({row["case_id"] for row in links}) == len(links) == 4


async def test_a_call_that_comes_while_its_incident_is_being_closed_is_not_lost(office: Office) -> None:
    for _ in range(5):
        (case_id,) = await dispatched(office, a_call(42))
        case = await case_of(office, case_id)
        await perform(office, on_task(case, Verb.ACCEPT))
        await perform(office, on_task(await case_of(office, case_id), Verb.FINISH))
        (report,) = await accepted(office, a_call(42))
        ends = perform(office, on_case(await case_of(office, case_id), Verb.PASS, OFFICER))
        (ended,), (outcome,) = await asyncio.gather(ends, file_many(office, [report]))
        assert isinstance(outcome, Done)
        (held,) = await cases_of(office, [CaseId(outcome.subject)])
        assert report in await behind(office, held)
        if isinstance(ended, Failed):  # the call was first, and the officer must look again
            assert isinstance(ended.error, Conflict)
            await perform(office, on_case(await case_of(office, case_id), Verb.PASS, OFFICER))
        elif held.id != case_id:
            await assign_many(office, [held.id])
            await to_the_end(office, held.id)


class Stumbling:
    """A classifier that breaks on one report."""

    def __init__(self, office: Office, culprit: ReportId) -> None:
        self._own = office.advisers.what
        self._culprit = culprit

    def classify_many(self, reports: Sequence[Report]) -> list[Classification]:
        if any(report.id == self._culprit for report in reports):
            raise KeyError("no such word")
        return self._own.classify_many(reports)


async def test_one_report_that_breaks_an_adviser_fails_alone(office: Office) -> None:
    ids = await accepted(office, *(a_call(50 + n) for n in range(7)))
    what = Stumbling(office, ids[4])
    broken = replace(office, advisers=replace(office.advisers, what=what))

    async def run(batch: Sequence[ReportId]) -> Sequence[Outcome]:
        return await file_many(broken, batch)

    outcomes = await in_halves(run, ids)
    assert [isinstance(outcome, Done) for outcome in outcomes] == [True] * 4 + [False] + [True] * 2
    assert isinstance(outcomes[4], Failed)
    assert isinstance((await file_many(office, [ids[4]]))[0], Done), "mended, it is filed like any other"


async def test_every_report_is_accounted_for(pool: Pool) -> None:
    account = await Views(pool).account()
    parts = {name: number for name, number in account.items() if name != "received"}
    assert account["received"] == sum(parts.values()) > 30
    assert account["joined"] >= 8
