"""Token buckets give what they promise and no more, say truly when there is more, and forget nobody who owes."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.limits import SECOND, Buckets, Rate, RateText, Short, rates

MINUTE = 60 * SECOND
RATES = st.builds(Rate, st.integers(1, 100), st.sampled_from([1, 60, 86_400]), st.integers(1, 50))
GAPS = st.integers(0, 3 * MINUTE)


@st.composite
def askings(draw: st.DrawFn) -> tuple[Rate, list[tuple[int, int]]]:
    """A rate, and who asks for how much at which moments; never for more than a bucket holds."""
    rate = draw(RATES)
    times = accumulate(draw(st.lists(GAPS, min_size=1, max_size=60)), initial=draw(st.integers(0, 10**18)))
    return rate, [(at, draw(st.integers(1, rate.burst))) for at in times]


@given(askings())
def test_in_no_stretch_of_time_is_more_given_than_the_burst_and_what_was_earned(
    case: tuple[Rate, list[tuple[int, int]]],
) -> None:
    rate, asked = case
    buckets = Buckets()
    given_out = [(at, cost) for at, cost in asked if buckets.take("a", (rate,), cost, at) is None]

    for i, (start, _) in enumerate(given_out):
        total = 0
        for at, cost in given_out[i:]:
            total += cost
            assert (total - rate.burst) * rate.seconds * SECOND <= (at - start) * rate.amount


@given(askings(), st.lists(RATES, max_size=2))
def test_who_comes_again_when_he_was_told_to_is_let_in_and_a_moment_earlier_is_not(
    case: tuple[Rate, list[tuple[int, int]]], others: list[Rate]
) -> None:
    rate, asked = case
    held = (rate, *others)
    buckets = Buckets()
    for at, cost in asked:
        short = buckets.take("a", held, cost, at)
        if short is not None:
            assert buckets.take("a", held, cost, at + short.wait - 1) is not None
            assert buckets.take("a", held, cost, at + short.seconds * SECOND) is None
            return


@given(askings())
def test_what_is_refused_costs_nothing(case: tuple[Rate, list[tuple[int, int]]]) -> None:
    rate, asked = case
    often, once = Buckets(), Buckets()
    for at, cost in asked:
        first = often.take("a", (rate,), cost, at)
        if first is not None:
            assert [often.take("a", (rate,), cost, at) for _ in range(3)] == [first] * 3
        assert once.take("a", (rate,), cost, at) == first


@given(askings(), st.integers(1, 4))
def test_a_small_book_forgets_only_who_owes_nothing(case: tuple[Rate, list[tuple[int, int]]], limit: int) -> None:
    """Others come and go between, and have their buckets full again; who is watched is counted as if he were alone."""
    rate, asked = case
    quick = (Rate(1000, 1, 1000),)
    alone, crowded = Buckets(), Buckets(limit)
    for n, (at, cost) in enumerate(asked):
        told = alone.take("a", (rate,), cost, at)
        assert crowded.take("a", (rate,), cost, at) == told
        crowded.take(f"other {n}", quick, 1, at)
        assert len(crowded) <= limit


def test_one_is_not_held_to_what_another_asked() -> None:
    buckets, rate = Buckets(), (Rate(1, 60, 1),)
    assert buckets.take("a", rate, 1, 0) is None
    assert buckets.take("a", rate, 1, 0) == Short(rate[0], MINUTE)
    assert buckets.take("b", rate, 1, 0) is None


def test_five_a_minute_and_thirty_a_day() -> None:
    """An address without a key: it may not come back every minute for the whole day."""
    buckets, held, now = Buckets(), rates("5/min|30/day"), 0
    taken = 0
    for _ in range(24 * 60):
        while buckets.take("address", held, 1, now) is None:
            taken += 1
        now += MINUTE
        assert now > 10 * MINUTE or taken <= 31
    assert 30 < taken <= 30 + 30


def test_a_day_of_reports_larger_than_the_bucket_is_let_in_once_and_owed_afterwards() -> None:
    buckets, rate = Buckets(), (Rate(60, 60, 100),)
    assert buckets.take("phone", rate, 500, 0) is None
    refused = buckets.take("phone", rate, 1, 0)
    assert refused is not None
    assert refused.seconds == 401
    assert buckets.take("phone", rate, 500, 499 * SECOND) is not None
    assert buckets.take("phone", rate, 500, 500 * SECOND) is None


def test_a_full_book_turns_nobody_away() -> None:
    buckets, rate = Buckets(limit=10), (Rate(1, 86_400, 1),)
    for n in range(10):
        assert buckets.take(n, rate, 1, 0) is None
    assert [buckets.take("late", rate, 1, at) for at in range(5)] == [None] * 5
    assert len(buckets) == 10
    assert buckets.take(3, rate, 1, 5) is not None, "who is in the book stays held to it"


def test_without_a_rate_nothing_is_counted() -> None:
    buckets = Buckets()
    assert [buckets.take("hotline", (), 500, 0) for _ in range(100)] == [None] * 100
    assert len(buckets) == 0


@pytest.mark.parametrize(
    ("text", "burst", "rate"),
    [
        ("10/s", 0, Rate(10, 1, 100)),
        ("10/秒", 20, Rate(10, 1, 20)),
        ("60/min", 0, Rate(60, 60, 60)),
        ("60 / 分钟", 0, Rate(60, 60, 60)),
        ("2/h", 0, Rate(2, 3600, 2)),
        ("30/天", 0, Rate(30, 86_400, 30)),
    ],
)
def test_a_rate_as_people_write_it(text: str, burst: int, rate: Rate) -> None:
    assert Rate.parse(text, burst) == rate


@pytest.mark.parametrize("text", ["", "10", "0/s", "10/week", "-1/s", "1.5/s", "10/s|", "|10/s", "9" * 9 + "/s"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        rates(text)


def test_a_setting_may_be_empty() -> None:
    assert RateText("").rates == ()
    assert RateText("5/min|30/day").rates == (Rate(5, 60, 5), Rate(30, 86_400, 30))
    with pytest.raises(ValueError, match="often"):
        RateText("often")
