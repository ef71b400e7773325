"""Filing conditions: seasons and stages, and which category a code means."""

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalogue import Catalogue, Category, Condition, Kind, Milestone, Season
from domain.clock import Limit, TimeUnit
from domain.errors import Invalid
from store.codec import encode
from tests.build import a_condition

FIFTEEN, THIRTY = Limit(15, TimeUnit.WORK_DAY), Limit(30, TimeUnit.WORK_DAY)
PLANTING = Season((3, 1), (4, 30), FIFTEEN)
SNOW = Season((11, 15), (2, 29), Limit(4, TimeUnit.WORK_HOUR))
HALT = Milestone("停工", Limit(4, TimeUnit.WORK_HOUR))
FINE = Milestone("处罚", Limit(7, TimeUnit.WORK_DAY))

days = st.dates(date(2000, 1, 1), date(2000, 12, 31))


@pytest.mark.parametrize(
    ("day", "limit"),
    [
        (date(2026, 2, 28), SNOW.limit),
        (date(2028, 2, 29), SNOW.limit),
        (date(2026, 3, 1), FIFTEEN),
        (date(2026, 4, 30), FIFTEEN),
        (date(2026, 5, 1), THIRTY),
        (date(2026, 11, 14), THIRTY),
        (date(2026, 11, 15), SNOW.limit),
        (date(2027, 1, 1), SNOW.limit),
    ],
)
def test_a_season_has_a_limit_of_its_own_also_over_the_new_year(day: date, limit: Limit) -> None:
    assert a_condition(limit=THIRTY, seasons=(PLANTING, SNOW)).limit_on(day) == limit


@given(days, days, days)
def test_a_season_and_the_rest_of_the_year_share_no_day(first: date, last: date, day: date) -> None:
    """What lies between the day after a season and the day before it is exactly what the season leaves."""
    before, after = first - timedelta(days=1), last + timedelta(days=1)
    season = Season((first.month, first.day), (last.month, last.day), FIFTEEN)
    rest = Season((after.month, after.day), (before.month, before.day), THIRTY)
    if after == first or (after.month, after.day) == (first.month, first.day):
        assert season.covers(day)
    else:
        assert season.covers(day) is not rest.covers(day)
        assert not season.overlaps(rest)


@given(days, days, days, days)
def test_seasons_overlap_where_a_day_lies_in_both(a: date, b: date, c: date, d: date) -> None:
    one = Season((a.month, a.day), (b.month, b.day), FIFTEEN)
    other = Season((c.month, c.day), (d.month, d.day), THIRTY)
    year = [date(2000, 1, 1) + timedelta(days=n) for n in range(366)]

    assert one.overlaps(other) is any(one.covers(day) and other.covers(day) for day in year)
    if one.overlaps(other):
        with pytest.raises(Invalid, match="season-overlap"):
            a_condition(seasons=(one, other))


@pytest.mark.parametrize("day", [(2, 30), (13, 1), (0, 1), (6, 31)])
def test_a_season_begins_and_ends_on_days_there_are(day: tuple[int, int]) -> None:
    with pytest.raises(Invalid, match="season-invalid"):
        Season(day, (12, 1), FIFTEEN)


def test_illegal_building_is_halted_then_fined_then_torn_down() -> None:
    condition = a_condition(limit=Limit(20, TimeUnit.WORK_DAY), stages=(HALT, FINE))

    assert [stage.name for stage in condition.stages] == ["停工", "处罚"]
    for stages in [(FINE, HALT), (HALT, HALT), (HALT, Milestone("拆除", Limit(20, TimeUnit.WORK_DAY)))]:
        with pytest.raises(Invalid, match="stages-not-ascending"):
            a_condition(limit=Limit(20, TimeUnit.WORK_DAY), stages=stages)


def test_a_season_is_no_shorter_than_the_stages() -> None:
    with pytest.raises(Invalid, match="stages-not-ascending"):
        a_condition(limit=THIRTY, stages=(FINE,), seasons=(Season((3, 1), (4, 30), Limit(5, TimeUnit.WORK_DAY)),))


def test_hours_of_the_clock_and_working_hours_are_not_compared() -> None:
    stages = (Milestone("围挡", Limit(24, TimeUnit.URGENT_WORK_HOUR)),)

    assert a_condition(limit=Limit(2, TimeUnit.WORK_DAY), stages=stages).stages == stages


def test_a_condition_is_stored_whole() -> None:
    condition = a_condition(
        limit=THIRTY, evidence=True, by_notice=True, calendar="综合执法", seasons=(PLANTING,), stages=(HALT,), note="注"
    )

    assert msgspec.json.decode(encode(condition), type=Condition) == condition


OLD = Catalogue.of(
    "own",
    [
        Category("own", Kind.COMPONENT, "0101", "上水井盖", "01", "公用设施"),
        Category("own", Kind.EVENT, "0101", "私搭乱建", "01", "市容环境"),
        Category("own", Kind.COMPONENT, "01002", "污水井盖", "01", "市政公用设施"),
        Category("own", Kind.EVENT, "01002", "污水井盖异常", "01", "市政公用设施类", "01002"),
    ],
    [],
)


@pytest.mark.parametrize(
    ("code", "kind", "name"),
    [
        ("0101", Kind.EVENT, "私搭乱建"),
        ("0101", Kind.COMPONENT, "上水井盖"),
        ("own:component:0101", Kind.EVENT, "上水井盖"),
        ("01002", Kind.COMPONENT, "污水井盖异常"),
        ("01002", Kind.EVENT, "污水井盖异常"),
    ],
)
def test_a_component_is_not_taken_for_an_event_that_only_shares_its_digits(code: str, kind: Kind, name: str) -> None:
    """In the numbers of 2013 they share them by chance, in those of 2026 because the event is its defect."""
    assert OLD.find(code, kind).name == name
