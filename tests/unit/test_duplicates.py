"""The same hole in the road, reported by two people: when one report joins the other's case, and when not."""

from datetime import timedelta
from math import asin, cos, radians, sin, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.duplicates import Candidate, cell, metres, same_incident
from domain.ids import CaseId
from domain.place import Point
from tests.build import MONDAY, a_point, a_policy, an_id

LON = st.floats(73, 136)
LAT = st.floats(3, 54)
M = 1 / 111_320  # a metre in degrees of latitude


def north(point: Point, distance: float) -> Point:
    return a_point(point.lon, point.lat + distance * M)


def open_case(category: str = "pothole", distance: float = 0.0, age: timedelta = timedelta(hours=1)) -> Candidate:
    return Candidate(CaseId(an_id()), category, MONDAY - age, north(a_point(), distance))


def match(*candidates: Candidate) -> CaseId | None:
    found = same_incident("pothole", a_point(), MONDAY, candidates, a_policy())
    return found.case if found else None


def test_near_soon_and_of_one_kind_is_the_same_incident() -> None:
    case = open_case(distance=30)
    found = same_incident("pothole", a_point(), MONDAY, [case], a_policy())
    assert found is not None
    assert found.case == case.case
    assert found.reason == "same category, 30 m away, still open"


@pytest.mark.parametrize("distance", [0, 49.9])
def test_within_fifty_metres_it_joins(distance: float) -> None:
    case = open_case(distance=distance)
    assert match(case) == case.case


@pytest.mark.parametrize("distance", [50.1, 500])
def test_beyond_fifty_metres_it_does_not(distance: float) -> None:
    assert match(open_case(distance=distance)) is None


def test_after_a_day_it_is_a_new_incident() -> None:
    day = timedelta(hours=24)
    last = open_case(age=day)
    assert match(last) == last.case
    assert match(open_case(age=day + timedelta(seconds=1))) is None


def test_old_records_brought_in_do_not_meet_what_happens_today() -> None:
    found = same_incident("pothole", a_point(), MONDAY - timedelta(days=400), [open_case()], a_policy())
    assert found is None


def test_a_city_that_joins_nothing_says_so_by_a_window_of_no_time() -> None:
    now = open_case(age=timedelta())
    assert same_incident("pothole", a_point(), MONDAY, [now], a_policy(join_within=timedelta())) is None
    assert match(now) == now.case


def test_another_kind_of_trouble_on_the_same_spot_is_another_case() -> None:
    assert match(open_case("dead lamp")) is None


def test_of_several_the_nearest_is_joined_whatever_their_order() -> None:
    near, far = open_case(distance=5), open_case(distance=40)
    assert match(near, far) == match(far, near) == near.case


def test_nothing_open_means_nothing_to_join() -> None:
    assert match() is None


@given(st.floats(0, 50), st.floats(0, 50))
def test_nearer_is_more_alike_and_likeness_is_a_share(a: float, b: float) -> None:
    scores = []
    for distance in sorted((a, b)):
        found = same_incident("pothole", a_point(), MONDAY, [open_case(distance=distance * 0.999)], a_policy())
        assert found is not None
        scores.append(found.score)
    assert 1 >= scores[0] >= scores[1] >= 0.5


@given(LON, LAT, st.floats(-0.0009, 0.0009), st.floats(-0.0009, 0.0009))
def test_every_case_near_enough_lies_in_the_cells_that_are_searched(
    lon: float, lat: float, east: float, north_by: float
) -> None:
    """The memory looks in a point's cell and its eight neighbours; nothing within the radius may hide beyond them."""
    here, there = a_point(lon, lat), a_point(lon + east, lat + north_by)
    if metres(here, there) <= a_policy().join_within_m:
        (x, y), (u, v) = cell(here), cell(there)
        assert abs(x - u) <= 1
        assert abs(y - v) <= 1


def great_circle(a: Point, b: Point) -> float:
    up, across = radians(b.lat - a.lat) / 2, radians(b.lon - a.lon) / 2
    h = sin(up) ** 2 + cos(radians(a.lat)) * cos(radians(b.lat)) * sin(across) ** 2
    return 2 * 6_378_137 * asin(sqrt(h))


@given(LON, LAT, st.floats(-0.06, 0.06), st.floats(-0.06, 0.06))
def test_distances_are_true_to_half_a_percent(lon: float, lat: float, east: float, up: float) -> None:
    here, there = a_point(lon, lat), a_point(lon + east, lat + up)
    true = great_circle(here, there)
    assert abs(metres(here, there) - true) <= 0.005 * true + 1e-6
    assert metres(here, there) == metres(there, here)
