"""Which inspector goes to the spot (核实, 核查): the nearest on duty in the area, by a position that can be trusted."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dispatch.inspectors import FRESH, Presence, Spot, nearest_many
from domain.lattice import metres
from domain.place import Crs, Point
from tests.build import MONDAY

EAST_1 = ("city", "east", "east-1")
SPOT = Point(116.40, 39.90, Crs.WGS84)
METRE = 1 / 111_320


def north(by: float, crs: Crs = Crs.WGS84) -> Point:
    """So many metres north of the spot."""
    return Point(SPOT.lon, SPOT.lat + by * METRE, crs)


def present(name: str, away: float | None = 100, **changes: Any) -> Presence:
    """An inspector of the whole city, seen a minute ago, so many metres from the spot; None: nobody knows where."""
    point = None if away is None else north(away)
    return replace(Presence(name, point, MONDAY - timedelta(minutes=1), (), 0), **changes)


def sent(
    *people: Presence,
    areas: tuple[str, ...] = EAST_1,
    point: Point | None = SPOT,
    not_these: frozenset[str] = frozenset(),
    fresh: timedelta = FRESH,
) -> str | None:
    """Who is sent to one spot."""
    return nearest_many([Spot(point, areas, not_these)], people, MONDAY, fresh)[0]


# --- The nearest


def test_the_nearest_goes_even_if_busier() -> None:
    assert sent(present("li", 300), present("wang", 80, open_tasks=5), present("zhao", 1200)) == "wang"


def test_of_two_on_the_same_corner_the_one_with_less_to_do_and_then_the_lower_number() -> None:
    assert sent(present("a", 80, open_tasks=2), present("b", 80, open_tasks=1)) == "b"
    assert sent(present("b", 80), present("a", 80)) == "a"


def test_who_reported_it_does_not_verify_it() -> None:
    people = (present("li", 10), present("wang", 500))
    assert sent(*people, not_these=frozenset({"li"})) == "wang"
    assert sent(*people, not_these=frozenset({"li", "wang"})) is None


def test_nobody_on_duty_is_an_answer() -> None:
    assert sent() is None


# --- Whose area it is


def test_an_inspector_of_the_district_goes_to_its_streets_and_not_next_door() -> None:
    next_door = present("near", 10, areas=("west",))
    assert sent(next_door, present("far", 900, areas=("east",))) == "far"
    assert sent(next_door, present("far", 900, areas=("west", "east-1"))) == "far"
    assert sent(next_door) is None


def test_an_inspector_of_one_street_is_not_sent_where_only_the_district_is_known() -> None:
    assert sent(present("street", 10, areas=("east-1",)), areas=("city", "east")) is None


def test_an_area_code_that_begins_alike_is_another_area() -> None:
    assert sent(present("li", areas=("east-1",)), areas=("city", "east", "east-10")) is None


def test_where_the_place_is_unknown_only_those_of_the_whole_city_can_go() -> None:
    assert sent(present("east", 10, areas=("east",)), present("city", 900), areas=()) == "city"


# --- Positions that cannot be used


def test_an_old_position_is_no_position() -> None:
    old = present("old", 10, seen_at=MONDAY - FRESH - timedelta(seconds=1))
    assert sent(old, present("new", 900)) == "new"
    assert sent(replace(old, seen_at=MONDAY - FRESH), present("new", 900)) == "old"
    assert sent(old, present("new", 900), fresh=timedelta(hours=1)) == "old"


def test_a_phone_whose_clock_is_ahead_is_still_there() -> None:
    assert sent(present("li", 10, seen_at=MONDAY + timedelta(seconds=40)), present("wang", 900)) == "li"


def test_without_positions_the_one_with_least_to_do() -> None:
    hours_ago = MONDAY - timedelta(hours=3)
    people = (
        present("a", None, open_tasks=3),
        present("b", 10, open_tasks=2, seen_at=hours_ago),
        present("c", None, open_tasks=2),
        present("idle", None, areas=("west",)),
    )
    assert sent(*people) == "b"
    assert sent(*people, not_these=frozenset({"b"})) == "c"


def test_a_case_without_a_point_goes_to_the_one_with_least_to_do() -> None:
    people = [present("near", 1, open_tasks=4), present("far", 900, open_tasks=1)]
    assert sent(*people, point=None) == "far"


def test_a_position_in_a_shifted_system_is_not_compared_with_a_surveyed_one() -> None:
    """GCJ-02 lies some 500 m away from WGS-84: «10 m» would be chance. CGCS2000 and WGS-84 differ by decimetres."""
    shifted = present("li", point=north(10, Crs.GCJ02))
    assert sent(shifted, present("wang", 900)) == "wang"
    assert sent(present("li", point=north(10, Crs.CGCS2000)), present("wang", 900)) == "li"
    assert sent(shifted, present("wang", 1), point=north(0, Crs.GCJ02)) == "li"


# --- Many at once


def test_a_stack_of_cases_without_positions_is_shared_out() -> None:
    people = [present("a", None, open_tasks=1), present("b", None), present("c", None)]
    assert nearest_many([Spot(SPOT, EAST_1)] * 5, people, MONDAY) == ["b", "c", "a", "b", "c"]


def test_two_side_by_side_take_turns() -> None:
    assert nearest_many([Spot(SPOT, EAST_1)] * 3, [present("a"), present("b")], MONDAY) == ["a", "b", "a"]


# --- For any shift

POINTS = st.builds(
    lambda east, up, crs: Point(SPOT.lon + east * METRE, SPOT.lat + up * METRE, crs),
    st.integers(-500, 500), st.integers(-500, 500), st.sampled_from([Crs.WGS84, Crs.CGCS2000, Crs.GCJ02]),
)  # fmt: skip
PATHS = st.sampled_from([EAST_1, ("city", "east"), ("city", "west", "west-1"), ()])
SHIFTS = st.lists(
    st.builds(
        Presence,
        st.sampled_from("abcdefgh"),
        st.none() | POINTS,
        st.integers(-1, 40).map(lambda minutes: MONDAY - timedelta(minutes=minutes)),
        st.lists(st.sampled_from(["city", "east", "west", "east-1", "west-1"]), unique=True, max_size=2).map(tuple),
        st.integers(0, 3),
    ),
    unique_by=lambda presence: presence.inspector,
    max_size=8,
)
SPOTS = st.builds(Spot, st.none() | POINTS, PATHS, st.frozensets(st.sampled_from("abcd"), max_size=2))


@given(SPOTS, SHIFTS)
def test_whoever_is_sent_may_go_and_is_never_beaten(spot: Spot, people: list[Presence]) -> None:
    (chosen,) = nearest_many([spot], people, MONDAY)
    able = [
        person
        for person in people
        if person.inspector not in spot.not_these
        and (not person.areas or any(area in spot.areas for area in person.areas))
    ]
    assert (chosen is not None) == bool(able)
    if chosen is None:
        return
    (winner,) = [person for person in able if person.inspector == chosen]

    def away(person: Presence) -> float | None:
        """Metres to the spot where they can be told."""
        if spot.point is None or person.point is None or MONDAY - person.seen_at > FRESH:
            return None
        alike = (spot.point.crs is Crs.GCJ02) == (person.point.crs is Crs.GCJ02)
        return metres(spot.point, person.point) if alike else None

    near = [found for person in able if (found := away(person)) is not None]
    rivals = [person for person in able if not near or away(person) == min(near)]
    assert winner in rivals
    assert (winner.open_tasks, winner.inspector) == min((r.open_tasks, r.inspector) for r in rivals)


@given(st.lists(SPOTS, max_size=6), SHIFTS)
def test_many_are_as_one_after_the_other_with_one_task_more_each_time(
    spots: list[Spot], people: list[Presence]
) -> None:
    shift = {person.inspector: person for person in people}
    one_by_one = []
    for spot in spots:
        (who,) = nearest_many([spot], shift.values(), MONDAY)
        one_by_one.append(who)
        if who is not None:
            shift[who] = replace(shift[who], open_tasks=shift[who].open_tasks + 1)
    assert nearest_many(spots, people, MONDAY) == one_by_one


@given(SPOTS, SHIFTS, st.randoms(use_true_random=False))
def test_the_order_in_which_the_shift_is_listed_decides_nothing(
    spot: Spot, people: list[Presence], shuffle: Any
) -> None:
    before = nearest_many([spot] * 3, people, MONDAY)
    shuffle.shuffle(people)
    assert nearest_many([spot] * 3, people, MONDAY) == before
