"""Which of several units leads: two maintenance companies share a district, by night one of them sleeps."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.balance import SLACK, Balance
from dispatch.duty import OnDuty
from domain.case import Verdict
from domain.lattice import metres
from domain.place import Crs, Point

HERE = Point(116.40, 39.90, Crs.WGS84)
METRE = 1 / 111_320


def north(by: float) -> Point:
    return Point(HERE.lon, HERE.lat + by * METRE, Crs.CGCS2000)


def choice(*units: str, assist: tuple[str, ...] = ()) -> Verdict:
    return Verdict(units[0], assist, assist, "shared", "book", "rule shared: area east", choice=units)


def duty(off: str = "", **posts: float) -> OnDuty:
    return OnDuty((), frozenset(off.split()), {unit: (north(by),) for unit, by in posts.items()})


def led(verdict: Verdict, on: OnDuty, load: dict[str, int] | None = None, point: Point | None = HERE) -> Verdict:
    return Balance(on, load or {}).settle_many([verdict], [point])[0]


def test_the_company_that_sleeps_gets_nothing_however_idle_and_near() -> None:
    found = led(choice("anjie", "botong"), duty("anjie", anjie=10, botong=9000), {"botong": 40})
    assert found.lead == "botong"
    assert "botong leads: on duty, 40 open tasks, 9.0 km away, off duty: anjie" in found.reason


def test_where_all_sleep_one_of_them_leads_all_the_same() -> None:
    found = led(choice("anjie", "botong"), duty("anjie botong"), {"anjie": 5})
    assert found.lead == "botong"
    assert "nobody is on duty" in found.reason


def test_the_nearer_one_leads_while_it_is_hardly_busier() -> None:
    on = duty(anjie=3000, botong=200)
    assert led(choice("anjie", "botong"), on, {"botong": SLACK}).lead == "botong"
    assert led(choice("anjie", "botong"), on, {"botong": SLACK + 1}).lead == "anjie"


@pytest.mark.parametrize("point", [None, HERE])
def test_where_one_way_is_unknown_the_one_with_less_to_do_leads(point: Point | None) -> None:
    on = duty(anjie=3000) if point else duty(anjie=1, botong=9000)
    assert led(choice("anjie", "botong"), on, {"anjie": 1}, point).lead == "botong"


def test_equals_go_by_the_order_of_the_rule() -> None:
    assert led(choice("botong", "anjie"), duty()).lead == "botong"
    assert led(choice("anjie", "botong"), duty()).lead == "anjie"


def test_who_leads_does_not_assist_itself() -> None:
    found = led(choice("anjie", "botong", assist=("botong", "police")), duty("anjie"))
    assert (found.lead, found.assist, found.optional) == ("botong", ("police",), ("police",))


def test_no_choice_is_left_as_it_is_and_counts() -> None:
    only, desk = Verdict("anjie", rule="own"), Verdict(None, reason="nobody")
    found = Balance(duty(), {}).settle_many([choice("anjie", "botong"), only, desk], [None] * 3)
    assert found[1] is only
    assert found[2] is desk
    assert found[0].lead == "botong", "the batch gives anjie a case of its own"


# --- For any choice

UNITS = "abcd"
CHOICES = st.lists(st.sampled_from(UNITS), min_size=2, unique=True).map(tuple)
POINTS = st.none() | st.integers(-5000, 5000).map(lambda by: north(by))
STATES = st.builds(
    lambda off, posts: OnDuty((), off, posts),
    st.frozensets(st.sampled_from(UNITS)),
    st.dictionaries(st.sampled_from(UNITS), st.lists(POINTS.filter(bool), min_size=1, max_size=2).map(tuple)),
)
LOADS = st.dictionaries(st.sampled_from(UNITS), st.integers(0, 8))
BATCHES = st.lists(st.tuples(CHOICES, POINTS), max_size=12)


@given(BATCHES, STATES, LOADS)
def test_never_outside_the_choice_never_off_duty_while_another_is_on_and_never_busier_than_need_be(
    batch: list[tuple[tuple[str, ...], Point | None]], on: OnDuty, load: dict[str, int]
) -> None:
    verdicts = Balance(on, load).settle_many([choice(*units) for units, _ in batch], [point for _, point in batch])
    held = Counter(load)
    for (units, point), verdict in zip(batch, verdicts, strict=True):
        lead = verdict.lead or ""
        able = [unit for unit in units if on.is_on(unit)] or list(units)
        assert lead in able
        assert held[lead] <= min(held[unit] for unit in able) + SLACK
        fair = [unit for unit in able if held[unit] <= min(held[u] for u in able) + SLACK]
        ways = [min(metres(point, post) for post in on.posts[u]) for u in fair if point and u in on.posts]
        if len(ways) == len(fair):
            assert point is not None
            assert min(metres(point, post) for post in on.posts[lead]) == min(ways)
        else:
            assert held[lead] == min(held[unit] for unit in fair)
        assert verdict.choice == units
        held[lead] += 1


@given(STATES, LOADS, st.lists(POINTS, max_size=30))
def test_the_load_of_those_who_share_never_grows_more_uneven_than_needed(
    on: OnDuty, load: dict[str, int], points: list[Point | None]
) -> None:
    verdicts = Balance(on, load).settle_many([choice(*UNITS)] * len(points), points)
    able = [unit for unit in UNITS if on.is_on(unit)] or list(UNITS)
    before = [load.get(unit, 0) for unit in able]
    given_ = Counter(verdict.lead for verdict in verdicts)
    after = [load.get(unit, 0) + given_[unit] for unit in able]
    assert max(after) - min(after) <= max(max(before) - min(before), SLACK + 1)


@given(BATCHES, STATES, LOADS)
def test_the_same_city_gives_the_same_answer(
    batch: list[tuple[tuple[str, ...], Point | None]], on: OnDuty, load: dict[str, int]
) -> None:
    asked = [choice(*units) for units, _ in batch], [point for _, point in batch]
    assert Balance(on, load).settle_many(*asked) == Balance(on, load).settle_many(*asked)
