"""How alike: a score that is the same both ways, falls with distance and time, and can always say why."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.lattice import METRES_A_DEGREE
from domain.likeness import READ, Likeness, Sighting, Weights, grounds, score, shingles, sigmoid, words_alike
from domain.place import Crs, Point
from tests.build import MONDAY

TEXTS = st.text("路灯不亮坏了3号楼五层12 ,。abc\n", max_size=30)
SIGHTINGS = st.builds(
    Sighting,
    st.sampled_from(["lamp", "cover"]),
    st.floats(0, 60).map(lambda days: MONDAY + timedelta(days=days)),
    st.none() | st.builds(Point, st.floats(113, 113.02), st.floats(27, 27.02), st.just(Crs.WGS84)),
    st.sampled_from(["", "A", "B"]),
    TEXTS,
    TEXTS,
)
HOUSE = Weights()


@given(SIGHTINGS, SIGHTINGS)
def test_likeness_is_a_share_the_same_both_ways_and_has_its_reasons(one: Sighting, other: Sighting) -> None:
    found = score(one, other, HOUSE)
    assert 0 <= found <= 1
    assert found == pytest.approx(score(other, one, HOUSE))
    why = grounds(one, other, HOUSE)
    assert why
    assert all(ground.fact and 0 <= ground.value <= 1 for ground in why)
    assert found == pytest.approx(sigmoid(HOUSE.bias + sum(ground.share for ground in why)))
    assert [abs(ground.share) for ground in why] == sorted((abs(g.share) for g in why), reverse=True)


@given(SIGHTINGS)
def test_nothing_is_more_alike_than_the_same_report_again(one: Sighting) -> None:
    assert "another" not in " ".join(ground.fact for ground in grounds(one, one, HOUSE))


@given(st.floats(0, 0.01), st.floats(0, 0.01), TEXTS, TEXTS)
def test_nearer_is_never_less_alike(a: float, b: float, mine: str, theirs: str) -> None:
    here = Sighting("lamp", MONDAY, Point(113, 27, Crs.WGS84), "", mine)
    near, far = (
        Sighting("lamp", MONDAY, Point(113, 27 + north, Crs.WGS84), "", theirs) for north in (min(a, b), max(a, b))
    )
    assert score(here, near, HOUSE) >= score(here, far, HOUSE)


@given(st.floats(0, 90), st.floats(0, 90), TEXTS, TEXTS)
def test_sooner_is_never_less_alike(a: float, b: float, mine: str, theirs: str) -> None:
    here = Sighting("lamp", MONDAY, None, "", mine)
    soon, late = (Sighting("lamp", MONDAY + timedelta(days=d), None, "", theirs) for d in (min(a, b), max(a, b)))
    assert score(here, soon, HOUSE) >= score(here, late, HOUSE)


@given(TEXTS, TEXTS)
def test_words_are_a_share_and_whole_only_for_the_same_words(mine: str, theirs: str) -> None:
    one, other = shingles(mine), shingles(theirs)
    found = words_alike(one, other)
    assert 0 <= found <= 1 + 1e-9
    assert (found == pytest.approx(1)) == (one == other and bool(one))


def test_words_are_compared_as_pairs_of_characters_and_only_so_far() -> None:
    assert shingles("路灯不亮, A1") == {"路灯", "灯不", "不亮", "a1"}
    assert shingles("坑") == {"坑"}
    assert shingles("。！") == frozenset()
    assert shingles("好" * READ + "路灯") == {"好好"}


def test_the_reasons_say_each_sign_in_words_and_leave_out_what_people_wrote() -> None:
    point = Point(113, 27, Crs.WGS84)
    one = Sighting("lamp", MONDAY, point, "A", "路灯不亮", "湖滨路12号")
    other = Sighting(
        "lamp",
        MONDAY + timedelta(hours=5),
        Point(113, 27 + 20 / METRES_A_DEGREE, Crs.WGS84),
        "A",
        "路灯坏了",
        "湖滨路 12号。",
    )
    facts = {ground.sign: ground.fact for ground in grounds(one, other, HOUSE)}
    assert facts == {
        "component": "same component",
        "soon": "5 h apart",
        "near": "20 m away",
        "category": "same category",
        "address": "same address",
        "words": "words 33% alike",
    }


@pytest.mark.parametrize(
    ("mine", "theirs", "against"),
    [
        ("5楼漏水", "6楼漏水", "another 楼"),
        ("五层漏水", "5楼漏水", ""),
        ("十二楼", "12层", ""),
        ("二十一楼", "21 楼", ""),
        ("2单元502室", "2单元503室", "another 室"),
        ("3栋5楼", "4幢6层", "another 号楼、楼"),
        ("3号楼", "漏水了", ""),
        ("1楼和2楼", "2楼", ""),
        ("高楼抛物", "5楼抛物", ""),
    ],
)
def test_floors_doors_and_buildings_tell_apart(mine: str, theirs: str, against: str) -> None:
    one, other = (Sighting("leak", MONDAY, None, "", text) for text in (mine, theirs))
    assert next((g.fact for g in grounds(one, other, HOUSE) if g.sign == "apart"), "") == against


def test_a_street_without_a_number_is_no_address() -> None:
    one = Sighting("lamp", MONDAY, None, "", "", "湖滨路")
    assert not any(ground.sign == "address" for ground in grounds(one, one, HOUSE))


def test_where_nothing_speaks_for_it_that_is_said() -> None:
    one = Sighting("lamp", MONDAY)
    nothing = Weights(near=0, soon=0, category=0, words=0)
    assert [ground.fact for ground in grounds(one, one, nothing)] == ["nothing in common"]


def test_related_categories_go_both_ways_and_nowhere_else() -> None:
    city = Likeness(related=(frozenset({"a", "b"}), frozenset({"b", "c"})))
    assert city.kin("a") == {"a", "b"}
    assert city.kin("b") == {"a", "b", "c"}
    assert city.kin("d") == {"d"}


@given(st.floats(-1e4, 1e4))
def test_the_logistic_function_overflows_nowhere(x: float) -> None:
    assert 0 <= sigmoid(x) <= 1
