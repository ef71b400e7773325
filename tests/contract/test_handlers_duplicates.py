"""One incident, told by many: across sources, on two floors, about one component, and come back after its end."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.case import State
from domain.commands import Verb
from domain.duplicates import DuplicateKind, Match
from domain.ids import CaseId
from domain.lattice import block
from domain.likeness import Likeness
from domain.report import Source
from handlers.duplicates import alike, put_aside
from handlers.file import file_many
from handlers.outcomes import Done
from handlers.perform import perform_many
from handlers.ports import Office
from store.asset_load import loading
from store.cases import Cases
from store.pool import Pool
from store.queries import sql
from tests.assets import LAMP, a_code, a_component, brought
from tests.demo_city import (
    DESK,
    SEWER_COVER,
    a_call,
    accepted,
    an_office,
    behind,
    case_of,
    cases_of,
    dispatched,
    filed,
    merging,
    on_case,
    perform,
    spot,
    to_the_end,
)
from tests.record import consistent

# The tests share one city: each uses grids of its own, so that its incidents are not another's.
NOW = datetime.now(UTC)


async def suspected(pool: Pool, case: CaseId) -> dict[UUID, str]:
    """What was kept beside a case when it came: the other cases, and as what."""
    rows = await pool.fetch("SELECT other_id, kind FROM duplicates WHERE case_id = $1", case)
    return {row["other_id"]: row["kind"] for row in rows}


async def matches(office: Office, case: CaseId) -> dict[CaseId, Match]:
    """What the desk is shown now."""
    return {match.case: match for match in await alike(office, await case_of(office, case))}


async def test_hotline_inspector_and_alarm_tell_of_one_shaft(office: Office, pool: Pool) -> None:
    """The caller says it is gone, the inspector photographs it, the sensor reports its tilt: one case, three voices."""
    caller = a_call(60, SEWER_COVER, text="污水井盖不见了，太危险")
    officer = a_call(60, SEWER_COVER, source=Source.INSPECTOR, origin="api:i-1", text="井盖缺失", point=spot(60, 20))
    sensor = a_call(60, SEWER_COVER, source=Source.ALARM, origin="iot:p", text="", point=spot(60, -8))
    cases = [(await filed(office, report))[0] for report in (caller, officer, sensor)]
    assert len(set(cases)) == 1
    case = await case_of(office, cases[0])
    assert await behind(office, case) == (caller.id, officer.id, sensor.id)
    rows = await pool.fetch(
        "SELECT doc ->> 'reason' AS said FROM events WHERE subject = $1 AND type = 'case.joined' ORDER BY version",
        case.id,
    )
    assert "20 m away" in rows[0]["said"]
    assert "井盖" not in rows[0]["said"], "the history holds figures, not what people wrote"
    assert "no words to compare" in rows[1]["said"]


async def test_two_floors_of_one_house_are_two_cases_and_the_desk_may_compare_them(office: Office, pool: Pool) -> None:
    below, above = await filed(
        office, a_call(62, text="3号楼5层楼道路灯不亮"), a_call(62, text="3号楼12楼楼道路灯不亮")
    )
    assert below != above
    (again,) = await filed(office, a_call(62, text="3栋五楼的灯不亮"))
    assert again == below
    assert await suspected(pool, above) == {}, "told apart by the floor, and far below the desk's threshold"


@pytest.fixture(scope="module")
async def register(fresh_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Lamps 1 to 3, all in the grid of 64."""
    rows = [a_component(n, n=64, GLBJBSM=a_code(n, LAMP), GLBJMC="路灯") for n in range(1, 4)]
    async with loading(fresh_dsn) as one:
        await brought(one, tmp_path_factory.mktemp("register") / "t.csv", *rows)


async def test_one_lamp_by_its_code_joins_although_a_phone_is_streets_away(register: None, office: Office) -> None:
    scanned = {"asset": a_code(1, LAMP)}
    (first,) = await filed(office, a_call(64, extra=scanned))
    (same,) = await filed(office, a_call(75, extra=scanned))
    assert same == first
    beside, unscanned = await filed(
        office, a_call(64, point=spot(64, 15), extra={"asset": a_code(2, LAMP)}), a_call(64, point=spot(64, 4))
    )
    assert beside != first, "the next lamp on the street is another one"
    assert unscanned in {first, beside}


async def test_what_was_closed_yesterday_and_is_back_goes_to_the_desk_and_never_into_the_closed_case(
    office: Office, pool: Pool
) -> None:
    (first,) = await dispatched(office, a_call(66, text="路灯不亮"))
    closed = await to_the_end(office, first)
    assert closed.state is State.CLOSED
    (second,) = await filed(office, a_call(66, text="路灯又不亮了"))
    assert second != first
    assert (await case_of(office, first)).version == closed.version, "the closed case is as it was"
    assert await suspected(pool, second) == {first: "rework"}
    found = await matches(office, second)
    assert found[first].kind is DuplicateKind.REWORK
    assert (await matches(office, first))[second].kind is DuplicateKind.SAME, "from the closed case the new one is seen"
    (third,) = await filed(office, a_call(66, text="还是不亮"))
    assert third == second, "callers meet on the open case"


async def test_near_but_not_near_enough_is_shown_and_merged_by_the_desk_with_the_verbs_there_are(
    office: Office, pool: Pool
) -> None:
    (first,) = await dispatched(office, a_call(68, SEWER_COVER, text="污水井盖破损"))
    (second,) = await dispatched(office, a_call(68, SEWER_COVER, text="污水井盖破损了", point=spot(68, 70)))
    assert second != first
    assert await suspected(pool, second) == {first: "same"}
    match = (await matches(office, second))[first]
    assert 0.1 <= match.score < 1
    assert {ground.sign for ground in match.grounds} == {"near", "soon", "category", "words"}
    one, _ = await cases_of(office, [second, first])
    (outcome,) = await perform_many(office, [merging(one, first)])
    assert isinstance(outcome, Done)
    assert await matches(office, first) == {}, "what is merged is no suggestion any more"
    await consistent(pool, first, second)


async def test_what_the_desk_puts_aside_stays_aside_from_either_side(office: Office, pool: Pool) -> None:
    (first,) = await filed(office, a_call(70))
    (second,) = await filed(office, a_call(70, point=spot(70, 60)))
    assert await suspected(pool, second) == {first: "same"}
    await put_aside(office, first, second, None, "desk-1")
    said = "SELECT said_by FROM duplicates WHERE case_id = $1 AND aside_until = 'infinity'"
    assert await pool.fetchval(said, second) == "desk-1"
    await put_aside(office, second, first, NOW + timedelta(days=7), "desk-2")
    rows = await pool.fetch("SELECT aside_until, said_by FROM duplicates WHERE $1 IN (case_id, other_id)", second)
    assert [tuple(row) for row in rows] == [(NOW + timedelta(days=7), "desk-2")], "one word holds, the last"
    (stranger,) = await filed(office, a_call(90))
    await put_aside(office, first, stranger, None, "desk-1")
    await put_aside(office, stranger, first, None, "desk-1")
    assert await pool.fetchval("SELECT count(*) FROM duplicates WHERE $1 IN (case_id, other_id)", stranger) == 1


async def test_a_batch_sees_its_own_neighbours(office: Office, pool: Pool) -> None:
    """Two reports of one batch 60 m apart: two cases, and the one filed later is shown beside the earlier.

    Two of one millisecond are filed in either order.
    """
    board = {"category": "03006", "text": "广告牌歪了"}  # no other test of this city reports one
    first, second = await filed(office, a_call(72, **board), a_call(72, point=spot(72, 60), **board))
    told = await suspected(pool, first), await suspected(pool, second)
    assert told in (({}, {first: "same"}), ({second: "same"}, {}))


async def test_a_city_may_ask_for_more_and_have_related_categories(pool: Pool) -> None:
    own = an_office(pool).advisers
    lamp, cover = (own.catalogue.find(code).key for code in (LAMP, SEWER_COVER))
    related = an_office(pool, likeness=Likeness(related=(frozenset({lamp, cover}),)))
    (first,) = await filed(related, a_call(74))
    (second,) = await filed(related, a_call(74, SEWER_COVER, text="灯杆旁的井盖"))
    assert second != first
    assert await suspected(pool, second) == {first: "same"}
    strict = an_office(pool, likeness=Likeness(join_from=0.99))
    (third,) = await filed(strict, a_call(74, point=spot(74, 30), text="灯坏了"))
    assert third != first
    assert first in await suspected(pool, third)


async def test_a_case_the_desk_gave_its_category_is_compared_by_what_it_is_now(office: Office) -> None:
    (lamp,) = await filed(office, a_call(76))
    (unknown,) = await filed(office, a_call(76, None, text="说不清楚"))
    assert await matches(office, unknown) == {}
    case = await case_of(office, unknown)
    catalogue = office.advisers.catalogue
    what = catalogue.find(LAMP)
    condition = catalogue.condition(what, None)
    (outcome,) = await perform(
        office, on_case(case, Verb.FILE, DESK, category=what, condition=condition, place=case.place)
    )
    assert isinstance(outcome, Done), outcome
    assert set(await matches(office, unknown)) == {lamp}


async def test_the_record_is_asked_once_for_a_batch(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    own = Cases.open_near

    async def counted(self: Cases, sought: Sequence[object], policy: object) -> object:
        asked.append(len(sought))
        return await own(self, sought, policy)  # type: ignore[arg-type]

    monkeypatch.setattr(Cases, "open_near", counted)
    ids = await accepted(office, *(a_call(100 + n) for n in range(20)))
    await file_many(office, ids)
    assert asked == [20]


async def test_candidates_are_found_by_their_index(pool: Pool) -> None:
    """A look never walks the cases: with a large history each probe is a short range of one index."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "INSERT INTO cases (id, no, version, state, source, urgency, category, area, overdue, opened_at,"
            " updated_at, occurred_at, lon, lat, cell_x, cell_y, doc, petitioned) "
            "SELECT gen_random_uuid(), 'P-' || n, 1, 'reported', 'hotline', 'normal', 'c', '', false, now(), now(),"
            " now() - n * interval '1 hour', 113 + n * 1e-5, 27, 113000 + n / 100, 27000, '{}', false"
            " FROM generate_series(1, 20000) n"
        )
        await connection.execute("ANALYZE cases")
        x, y = block(spot(0))
        plan = await connection.fetch(
            "EXPLAIN " + sql("cases_open_near"),
            ["c"], [x], [y], [NOW], [NOW], timedelta(days=30), timedelta(days=7), ["1"], [NOW],
        )  # fmt: skip
        await connection.execute("DELETE FROM cases WHERE doc::text = '{}'")
    steps = "\n".join(row[0] for row in plan)
    assert "cases_alike" in steps
    assert "reports_of_asset" in steps
    assert "Seq Scan on cases" not in steps
