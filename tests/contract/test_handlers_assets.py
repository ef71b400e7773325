"""A report that names a component: where it is and what it is come from the register, at one question a batch."""

from pathlib import Path

import pytest

from domain.report import Report
from handlers.file import file_many
from handlers.ports import Office
from store.asset_load import loading
from store.pool import Pool, connect
from tests.assets import COVER, LAMP, a_code, a_component, brought
from tests.demo_city import (
    a_call,
    accepted,
    an_office,
    case_of,
    dispatched,
    filed,
    first_of,
    grid,
    spot,
)
from tests.record import consistent
from tests.wire import wire

TRANSFORMER = "01048"  # of the class of public utilities; no rule asks for it by itself
FIRST = 60  # the grids of these tests: cases of other tests are elsewhere


@pytest.fixture(scope="module")
async def register(fresh_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Shaft covers 0 to 9 and lamps 10 to 19, each in a grid of its own; 20 has no position, 30 no known class."""
    rows = [a_component(n, n=FIRST + n) for n in range(10)]
    rows += [a_component(n, n=FIRST + n, GLBJBSM=a_code(n, LAMP), GLBJMC="路灯") for n in range(10, 20)]
    rows += [a_component(20, n=FIRST + 20, 经度="", 纬度="")]
    rows += [a_component(30, n=FIRST + 30, GLBJBSM=a_code(30, "01999"))]
    rows += [a_component(40, n=FIRST + 40, GLBJBSM=a_code(40, TRANSFORMER), QSDWMC="云湖供电公司")]
    async with loading(fresh_dsn) as one:
        await brought(one, Path(tmp_path_factory.mktemp("register")) / "t.csv", *rows)


def scanned(code: str, **changes: object) -> Report:
    """A report about a component that says nothing else."""
    return a_call(**{"category": None, "point": None, "text": "", "extra": {"asset": code}, **changes})  # type: ignore[arg-type]


async def test_a_scan_alone_is_enough_for_a_case(register: None, office: Office, pool: Pool) -> None:
    (case_id,) = await filed(office, scanned(a_code(1)))
    case = await case_of(office, case_id)
    assert (case.place.grid, case.point) == (grid(FIRST + 1), spot(FIRST + 1))
    assert case.category is not None
    assert (case.category.code, case.category.name) == (COVER, "污水井盖异常")
    assert case.condition is not None
    assert case.what is not None
    assert (case.what.by, case.what.confidence, case.what.reason) == ("component", 1.0, "component code")
    assert await consistent(pool, case_id) == 1
    assert await pool.fetchval("SELECT asset FROM reports WHERE id = $1", await first_of(office, case)) == a_code(1)


async def test_words_say_which_condition_of_the_component_holds(register: None, office: Office) -> None:
    (case_id,) = await filed(office, scanned(a_code(2), text="污水井冒水，一直往外流"))
    case = await case_of(office, case_id)
    assert case.condition is not None
    assert case.condition.id == "01002-4"
    assert case.what is not None
    assert case.what.reason.startswith("component code; heard")


async def test_words_of_something_else_are_kept_as_another_possibility(register: None, office: Office) -> None:
    (case_id,) = await filed(office, scanned(a_code(3), text="路灯不亮"))
    case = await case_of(office, case_id)
    assert case.category is not None
    assert case.category.code == COVER
    assert case.what is not None
    assert case.what.alternatives == ("gbt47678.5-2026:event:01037",)


async def test_what_the_sender_says_goes_before_what_the_component_says(register: None, office: Office) -> None:
    (case_id,) = await filed(office, scanned(a_code(4), category="06010", point=spot(FIRST + 40)))
    case = await case_of(office, case_id)
    assert case.category is not None
    assert (case.category.code, case.place.grid) == ("06010", grid(FIRST + 40))
    assert case.what is not None
    assert case.what.by == "code"


async def test_a_code_nobody_knows_is_helped_by_the_component(register: None, office: Office) -> None:
    (case_id,) = await filed(office, scanned(a_code(5), category="99999"))
    case = await case_of(office, case_id)
    assert case.category is not None
    assert case.category.code == COVER


async def test_a_component_without_a_position_gives_its_grid(register: None, office: Office) -> None:
    (case_id,) = await filed(office, scanned(a_code(20)))
    case = await case_of(office, case_id)
    assert (case.place.grid, case.point) == (grid(FIRST + 20), None)


async def test_a_component_nobody_knows_waits_for_the_desk_with_its_words(register: None, office: Office) -> None:
    """Its code may be a typing error: neither place nor category is taken from it."""
    (case_id,) = await filed(office, scanned(a_code(77), area_names=("临湖区",), text="说不清楚"))
    case = await case_of(office, case_id)
    assert (case.category, case.state) == (None, "reported")
    (other,) = await filed(office, scanned(a_code(30, "01999"), text="说不清楚"))
    unknown_class = await case_of(office, other)
    assert (unknown_class.category, unknown_class.place.grid) == (None, grid(FIRST + 30))


async def test_two_who_scan_one_label_meet_on_one_case(register: None, office: Office) -> None:
    one, other = await filed(office, scanned(a_code(6)), scanned(a_code(6), text="井盖松动"))
    assert one == other


async def test_the_register_is_asked_once_a_batch_and_only_if_a_report_names_a_component(
    register: None, fresh_dsn: str
) -> None:
    async with wire(fresh_dsn) as line:
        pool = await connect(line.dsn, size=1, application="tests-assets")
        try:
            office, cost = an_office(pool), {}
            for name, batch in {
                "warm": [scanned(a_code(11, LAMP)), a_call(FIRST + 50)],
                "warm too": [a_call(FIRST + 40 + n, "06037") for n in range(4)],
                "none": [a_call(FIRST + 51 + n, "06037") for n in range(4)],
                "some": [scanned(a_code(12, LAMP), category="06037"), a_call(FIRST + 56, "06037")],
                "all": [scanned(a_code(13 + n, LAMP), category="06037") for n in range(6)],
            }.items():
                ids = await accepted(office, *batch)
                before = line.statements
                await file_many(office, ids)
                cost[name] = line.statements - before
        finally:
            await pool.close()
    assert cost["some"] == cost["all"] == cost["none"] + 1, cost


async def test_the_owner_in_the_register_leads_where_the_rulebook_leaves_it_to_the_owner(
    register: None, office: Office
) -> None:
    """«登记了产权单位的部件先派产权单位»: ``@owner`` is our unit of the name in the register."""
    (case_id,) = await dispatched(office, scanned(a_code(40, TRANSFORMER), text="变压器箱门没关"))
    case = await case_of(office, case_id)
    assert case.component == a_code(40, TRANSFORMER)
    assert case.verdict is not None
    assert (case.verdict.rule, case.verdict.lead) == ("class-01-owner", "power")
