"""Named times and effective dates: nights that run over midnight, flood season, make-up days, units that change."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from dispatch.roster import Roster, Unit
from dispatch.rules import Validity
from dispatch.tree import Tree
from dispatch.windows import Window, windows_at
from domain.errors import Invalid
from tests.build import a_policy

CALENDAR = a_policy().calendar
NIGHT = Window("night", start=time(22), end=time(6))
FLOOD = Window("flood", season=((6, 1), (9, 30)))
WINTER = Window("winter", season=((11, 15), (3, 15)))
FRIDAY_NIGHT = Window("friday night", frozenset({4}), start=time(22), end=time(6))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CALENDAR.zone)


def names(text: str, *windows: Window) -> frozenset[str]:
    return windows_at(windows, at(text), CALENDAR)


@pytest.mark.parametrize(("moment", "holds"), [("21:59", False), ("22:00", True), ("05:59", True), ("06:00", False)])
def test_a_night_runs_over_midnight_and_ends_in_the_morning(moment: str, holds: bool) -> None:
    assert (names(f"2026-11-20T{moment}", NIGHT) == {"night"}) is holds


def test_the_small_hours_belong_to_the_day_the_night_began_on() -> None:
    assert names("2026-11-21T03:00", FRIDAY_NIGHT) == {"friday night"}  # Saturday morning
    assert names("2026-11-20T03:00", FRIDAY_NIGHT) == set()  # Friday morning is Thursday's night


def test_a_season_may_run_over_the_new_year() -> None:
    assert names("2027-01-01T12:00", WINTER, FLOOD) == {"winter"}
    assert names("2026-09-30T23:59", WINTER, FLOOD) == {"flood"}
    assert names("2026-10-01T00:00", WINTER, FLOOD) == set()


def test_working_days_are_those_of_the_calendar() -> None:
    office = Window("office", working=True, start=time(9), end=time(17))
    off = Window("off", working=False)
    days = [date(2026, 11, 16) + timedelta(days=n) for n in range(7)]
    for day in days:
        found = names(f"{day}T10:00", office, off)
        assert found == ({"office"} if CALENDAR.works_on(day) else {"off"})


def test_the_moment_is_read_in_the_citys_time() -> None:
    assert windows_at([NIGHT], datetime(2026, 11, 20, 15, tzinfo=UTC), CALENDAR) == {"night"}  # 23:00 in Shanghai


def test_a_unit_that_ended_is_followed_by_its_successors_and_one_without_is_nobody() -> None:
    ended, then = date(2026, 6, 30), date(2026, 7, 1)
    roster = Roster(
        [
            Unit("a", "甲局", valid=Validity(last=ended), successor="b"),
            Unit("b", "乙局", valid=Validity(then, then), successor="c"),
            Unit("c", "丙局"),
            Unit("x", "子局", valid=Validity(last=ended), successor="y"),
            Unit("y", "丑局", valid=Validity(last=ended), successor="x"),
            Unit("old", "老街道", "street", ("s",), valid=Validity(last=ended)),
            Unit("new", "新街道", "street", ("s",), valid=Validity(then)),
        ]
    )
    assert [roster.resolve("a", (), day) for day in (ended, then, then + timedelta(days=1))] == ["a", "b", "c"]
    assert roster.resolve("x", (), then) is None
    assert [roster.resolve("@street", ("s",), day) for day in (ended, then)] == ["old", "new"]


def test_days_include_both_ends() -> None:
    first, last = date(2026, 1, 1), date(2026, 1, 31)
    valid = Validity(first, last)
    assert [valid.holds(day) for day in (first, last)] == [True, True]
    assert not valid.holds(last + timedelta(days=1))
    assert valid.meets(Validity(last))
    assert not valid.meets(Validity(last + timedelta(days=1)))


def test_a_tree_knows_its_leaves_and_the_fewest_nodes_over_them() -> None:
    tree = Tree.build([("a", "b", "c"), ("a", "b", "d"), ("a", "e")])
    assert tree.leaves == ("c", "d", "e")
    assert tree.covering([0, 1]) == ("b",)
    assert tree.covering([0, 1, 2]) == ("",)
    assert tree.covering([0, 2]) == ("c", "e")
    with pytest.raises(Invalid, match="tree-ambiguous"):
        Tree.build([("a", "b"), ("c", "b")])
