"""What names and old cases tell of units: local kinds, and new names of old units."""

from datetime import date, timedelta

from dispatch.history import Past
from dispatch.roster import Roster
from dispatch.units_found import Local, kinds, successions, units_found

AREAS = {
    "d": "云湖区", "s1": "东山街道", "s2": "西河街道", "c1": "东山社区", "c2": "柳林社区", "c3": "石桥社区"
}  # fmt: skip
PATHS = {"c1": ("d", "s1", "c1"), "c2": ("d", "s1", "c2"), "c3": ("d", "s2", "c3")}
FIRST = date(2026, 3, 2)


def worked(unit: str, *places: str, start: int = 0) -> list[Past]:
    """Cases of a unit in these places, a day apart."""
    days = (FIRST + timedelta(days=start + n) for n in range(len(places)))
    return [Past(day, ("class:01", "stall"), PATHS[place], unit) for day, place in zip(days, places, strict=True)]


def test_units_that_bear_their_areas_name_are_of_one_kind() -> None:
    history = [
        *worked("东山街道综合执法队", "c1", "c2", "c1"),
        *worked("西河办事处综合执法队", "c3", "c3"),
        *worked("柳林社区", "c2", "c2"),
        *worked("石桥社区工作站", "c3"),
        *worked("供电局", "c1", "c3"),
    ]
    assert kinds(history, {}, AREAS) == {
        "东山街道综合执法队": Local("综合执法队", "s1"),
        "西河办事处综合执法队": Local("综合执法队", "s2"),
        "柳林社区": Local("社区", "c2"),
        "石桥社区工作站": Local("社区", "c3"),
    }


def test_a_unit_that_works_all_over_the_city_is_of_no_kind_whatever_its_name() -> None:
    history = [*worked("东山自来水公司", "c1", "c3", "c3"), *worked("西河自来水公司", "c3", "c3")]
    assert kinds(history, {}, AREAS) == {"西河自来水公司": Local("自来水公司", "s2")}


def test_an_area_has_one_unit_of_a_kind_the_one_with_most_cases() -> None:
    history = [*worked("东山执法队", "c1", "c2", "c1"), *worked("东山街道执法队", "c1"), *worked("西河执法队", "c3")]
    assert "东山街道执法队" not in kinds(history, {}, AREAS)


def test_a_unit_that_goes_on_under_a_new_name_is_found_with_its_day() -> None:
    old, new = "柳林社区", "柳林社区（东山街道办事处）"
    history = [*worked(old, *["c2"] * 10), *worked(new, *["c2"] * 8, start=10), *worked(old, "c2", start=14)]
    (step,) = successions(history, {})
    assert (step.old, step.new, step.since, step.against) == (old, new, FIRST + timedelta(days=10), 1)


def test_units_of_like_names_that_work_side_by_side_are_two() -> None:
    one, other = "城建办（东山街道办事处）", "城建办（西河街道办事处）"
    assert successions([*worked(one, *["c1"] * 6), *worked(other, *["c3"] * 6, start=6)], {}) == []
    assert successions([*worked(one, *["c1"] * 6), *worked(other, *["c1"] * 6)], {}) == []


def test_the_roster_knows_the_old_name_before_its_day_and_the_new_one_from_then_on() -> None:
    old, new = "柳林社区", "柳林社区（东山街道办事处）"
    history = [*worked(old, *["c2"] * 6), *worked(new, *["c2"] * 6, start=6), *worked("石桥社区", "c3")]
    roster = Roster(units_found(history, {}, AREAS))
    change = FIRST + timedelta(days=6)
    assert roster.resolve(old, (), change - timedelta(days=1)) == old
    assert roster.resolve(old, (), change) == new
    assert roster.resolve("@社区", PATHS["c2"], change - timedelta(days=1)) == old
    assert roster.resolve("@社区", PATHS["c2"], change) == new
