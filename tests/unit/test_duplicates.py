"""The same hole in the road, reported by two people: when one report joins the other's case, and when not."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.duplicates import Candidate, DuplicateKind, same_incident, suggestions
from domain.ids import CaseId
from domain.lattice import METRES_A_DEGREE
from domain.likeness import Likeness, Sighting
from domain.place import Point
from tests.build import MONDAY, a_point, a_policy, an_id

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def north(point: Point, distance: float) -> Point:
    return a_point(point.lon, point.lat + distance / METRES_A_DEGREE)


def seen(category: str = "pothole", distance: float = 0.0, age: timedelta = HOUR, **said: str) -> Sighting:
    return Sighting(category, MONDAY - age, north(a_point(), distance), **said)


def a_case(*what: object, ended: timedelta | None = None, **said: object) -> Candidate:
    """A case about a sighting; ``ended`` so long before now."""
    return Candidate(CaseId(an_id()), seen(*what, **said), None if ended is None else MONDAY - ended)  # type: ignore[arg-type]


NOW = seen(age=timedelta())


def match(*candidates: Candidate, report: Sighting = NOW, **policy: object) -> CaseId | None:
    found = same_incident(report, candidates, a_policy(**policy))
    return found.case if found else None


def test_near_soon_and_of_one_kind_is_the_same_incident() -> None:
    case = a_case(distance=30)
    found = same_incident(NOW, [case], a_policy())
    assert found is not None
    assert (found.case, found.kind) == (case.case, DuplicateKind.SAME)
    assert found.reason == "0.86 alike: 1 h apart, 30 m away, same category, no words to compare"


@pytest.mark.parametrize("distance", [0, 49.9])
def test_within_fifty_metres_it_joins(distance: float) -> None:
    case = a_case(distance=distance)
    assert match(case) == case.case


@pytest.mark.parametrize("distance", [50.1, 500])
def test_beyond_fifty_metres_it_does_not(distance: float) -> None:
    assert match(a_case(distance=distance)) is None


def test_after_a_day_it_is_a_new_incident() -> None:
    last = a_case(age=DAY)
    assert match(last) == last.case
    assert match(a_case(age=DAY + timedelta(seconds=1))) is None


def test_old_records_brought_in_do_not_meet_what_happens_today() -> None:
    assert match(a_case(), report=seen(age=400 * DAY)) is None


def test_a_city_that_joins_nothing_says_so_by_a_window_of_no_time() -> None:
    now = a_case(age=timedelta())
    assert match(now, join_within=timedelta()) is None
    assert match(now) == now.case


def test_another_kind_of_trouble_on_the_same_spot_is_another_case() -> None:
    assert match(a_case("dead lamp")) is None


def test_of_several_the_most_alike_is_joined_whatever_their_order() -> None:
    near, far = a_case(distance=5), a_case(distance=40)
    assert match(near, far) == match(far, near) == near.case
    mine = a_case(distance=40, text="人民路口的大坑，摔了两个人")
    report = seen(age=timedelta(), text="人民路口有个大坑")
    assert match(a_case(distance=30, text="井盖旁边塌了"), mine, report=report) == mine.case, "words tell them apart"


def test_nothing_open_means_nothing_to_join() -> None:
    assert match() is None


def test_one_leak_on_two_floors_is_two_incidents() -> None:
    """One building, one point on the map, one hour: the floor is all that tells them apart."""
    report = seen("leak", age=timedelta(), text="3号楼5楼水管漏水")
    below = a_case("leak", text="3号楼12层水管漏水")
    assert match(below, report=report) is None
    same = a_case("leak", text="五层水管漏水，3栋")
    assert match(below, same, report=report) == same.case


def test_two_lamps_side_by_side_are_told_apart_by_their_codes() -> None:
    report = seen("dead lamp", age=timedelta(), component="43990101037000001", text="路灯不亮")
    beside = a_case("dead lamp", distance=20, component="43990101037000002", text="路灯不亮")
    assert match(beside, report=report) is None


def test_one_lamp_is_one_incident_however_far_the_phone_says_it_is() -> None:
    code = "43990101037000001"
    report = seen("dead lamp", age=timedelta(), component=code)
    case = a_case("dead lamp", distance=900, component=code, age=5 * HOUR)
    found = same_incident(report, [case], a_policy())
    assert found is not None
    assert found.grounds[0].sign == "component"
    leaning = a_case("leaning lamp", distance=900, component=code)
    assert match(leaning, report=report) is None, "another matter with the same lamp is for people to judge"
    assert [m.case for m in suggestions(report, [leaning], a_policy())] == [leaning.case]


def test_what_was_closed_yesterday_is_never_joined_but_shown_as_rework() -> None:
    """结案后又报: the desk re-opens the case or not; nothing disappears in a closed case."""
    closed = a_case(age=6 * DAY, ended=DAY, text="路面坑洼")
    report = seen(age=timedelta(), text="路面坑洼又出现了")
    assert match(closed, report=report) is None
    (found,) = suggestions(report, [closed], a_policy())
    assert (found.case, found.kind) == (closed.case, DuplicateKind.REWORK)
    assert "24 h apart" in found.reason
    assert suggestions(report, [a_case(age=10 * DAY, ended=8 * DAY)], a_policy()) == []


def test_the_desk_sees_what_is_near_but_not_near_enough() -> None:
    """60 m and 2 days: no machine should join it, and no desk should miss it."""
    case = a_case(distance=60, age=2 * DAY, text="路面坑洼积水")
    report = seen(age=timedelta(), text="路面坑洼积水严重")
    assert match(case, report=report) is None
    (found,) = suggestions(report, [case, a_case(distance=101), a_case(age=15 * DAY)], a_policy())
    assert found.case == case.case


def test_related_categories_are_shown_where_the_city_says_they_are_taken_for_each_other() -> None:
    case = a_case("subsidence", distance=10)
    assert suggestions(NOW, [case], a_policy()) == []
    likeness = Likeness(related=(frozenset({"pothole", "subsidence"}),))
    assert [m.case for m in suggestions(NOW, [case], a_policy(likeness=likeness))] == [case.case]
    assert match(case, likeness=likeness) is None


def test_a_new_case_is_given_three_suggestions_at_most_the_most_alike_first() -> None:
    cases = [a_case(distance=distance) for distance in (40, 10, 30, 20)]
    found = suggestions(NOW, cases, a_policy())
    assert [m.case for m in found] == [cases[1].case, cases[3].case, cases[2].case]


def test_a_city_that_asks_for_more_joins_less() -> None:
    case = a_case(distance=45, age=20 * HOUR)
    assert match(case) == case.case
    assert match(case, likeness=Likeness(join_from=0.9)) is None


@given(st.floats(0, 120), st.floats(0, 40), st.booleans())
def test_whatever_joins_would_also_be_suggested(distance: float, days: float, ended: bool) -> None:
    """The two thresholds do not cross: nothing joins by itself that the desk would not even have been shown."""
    case = a_case(distance=distance, age=timedelta(days=days), ended=timedelta() if ended else None)
    joined = same_incident(NOW, [case], a_policy())
    if joined:
        (shown,) = suggestions(NOW, [case], a_policy())
        assert shown == joined
        assert not ended
