"""The drift alarm: it hears a rule gone bad within days, and raises no more false alarms than it says."""

from fractions import Fraction
from math import comb, isclose
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dispatch.drift import FALSE_ALARMS, LOOKS, chance, drifting
from domain.accuracy import Tally


def plainly(week: Tally, past: Tally) -> Fraction:
    """The same by whole numbers: of all ways to pick the week's dispatches, those with as many send-backs or more."""
    bad, of_all = week.sent_back + past.sent_back, week.dispatched + past.dispatched
    ways = sum(
        comb(bad, k) * comb(of_all - bad, week.dispatched - k)
        for k in range(week.sent_back, min(bad, week.dispatched) + 1)
    )
    return Fraction(ways, comb(of_all, week.dispatched))


TALLIES = st.integers(0, 120).flatmap(lambda n: st.integers(0, n).map(lambda k: Tally(n, k)))


@given(TALLIES, TALLIES)
@example(Tally(0, 0), Tally(0, 0))
@example(Tally(5, 5), Tally(100, 0))
@example(Tally(5, 5), Tally(3, 3))
def test_the_chance_is_the_one_counted_out_in_whole_numbers(week: Tally, past: Tally) -> None:
    assert isclose(chance(week, past), float(plainly(week, past)), rel_tol=1e-8, abs_tol=1e-9)


@given(st.integers(0, 40), st.integers(0, 80), st.integers(0, 120))
def test_an_alarm_at_a_bound_is_as_rare_as_the_bound_says(week: int, past: int, bad: int) -> None:
    """Over all ways the send-backs of one quality can fall: what makes the stated rate of false alarms true."""
    bad = min(bad, week + past)
    outcomes = range(max(0, bad - past), min(bad, week) + 1)
    ways = {k: Fraction(comb(bad, k) * comb(week + past - bad, week - k), comb(week + past, week)) for k in outcomes}
    assert sum(ways.values()) == 1
    for bound in (0.2, 0.05, 0.001):
        rings = sum(p for k, p in ways.items() if chance(Tally(week, k), Tally(past, bad - k)) <= bound)
        assert float(rings) <= bound * (1 + 1e-9)


@given(TALLIES, TALLIES)
def test_more_send_backs_are_never_less_alarming(week: Tally, past: Tally) -> None:
    if week.sent_back < week.dispatched:
        worse = Tally(week.dispatched, week.sent_back + 1)
        assert chance(worse, past) <= chance(week, past) + 1e-9


def test_numbers_of_a_large_city_overflow_nothing() -> None:
    assert chance(Tally(200_000, 100_000), Tally(1_600_000, 10_000)) == 0.0
    assert chance(Tally(200_000, 0), Tally(1_600_000, 800_000)) == 1.0
    assert 0.4 < chance(Tally(200_000, 10_000), Tally(1_600_000, 80_000)) < 0.6


def test_a_rule_gone_bad_is_heard_and_its_neighbours_are_not() -> None:
    """Somebody let 道路破损 lead to the wrong unit: of 30 cases since, 12 came back, where 2 in 100 did before."""
    calm = {f"rule-{n}": (Tally(40, 1), Tally(320, 6)) for n in range(80)}
    (found,) = drifting({**calm, "road-damage": (Tally(30, 12), Tally(400, 8))})
    assert found.name == "road-damage"
    assert (found.week.accuracy, found.past.accuracy) == (0.6, 0.98)
    assert found.chance < FALSE_ALARMS / (LOOKS * 81)


def test_what_was_always_bad_is_no_news_and_neither_is_what_has_no_past() -> None:
    assert drifting({"old": (Tally(50, 20), Tally(400, 160)), "new": (Tally(50, 50), Tally(0, 0))}) == []
    assert drifting({"idle": (Tally(0, 0), Tally(400, 0)), "better": (Tally(60, 0), Tally(400, 200))}) == []
    assert drifting({}) == []


def test_the_surest_comes_first() -> None:
    past = Tally(400, 8)
    found = drifting({"a": (Tally(30, 14), past), "b": (Tally(30, 20), past), "c": (Tally(30, 14), past)})
    assert [one.name for one in found] == ["b", "a", "c"]


@pytest.mark.parametrize("rate", [0.005, 0.02, 0.1, 0.4])
def test_years_in_which_nothing_changes_are_quiet(rate: float) -> None:
    """40 rules, a look a day through 20 weeks: the bound allows one alarm in 20 weeks of 168 looks each."""
    dice, days = Random(20261121), 63 + 140
    sent = {n: [sum(dice.random() < rate for _ in range(6)) for _ in range(days)] for n in range(40)}
    alarms = set()
    for day in range(63, days):
        tallies = {
            str(n): (Tally(42, sum(rule[day - 7 : day])), Tally(336, sum(rule[day - 63 : day - 7])))
            for n, rule in sent.items()
        }
        alarms |= {(one.name, day // 7) for one in drifting(tallies)}
    assert len(alarms) <= 1
