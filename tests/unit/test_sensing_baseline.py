"""The baseline hears what is unusual for a device and keeps silent about the rest, whatever its unit of measure."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from sensing.baseline import DTYPE, LIMIT, WARM_UP, start, together, update

Floats = NDArray[np.float64]

_EVERY_MS = 5 * 60_000
_DAY = 288
_MONDAY_MS = 1_763_913_600_000  # 2025-11-24 00:00 in Beijing
_DEVICES = 12
_DAYS = 16
_THEN = 12 * _DAY  # a Saturday, the second weekend that is heard


def _times(readings: int) -> NDArray[np.int64]:
    return _MONDAY_MS + _EVERY_MS * np.arange(readings)


def _played(values: Floats, at: NDArray[np.int64] | None = None) -> Floats:
    """The surprise of values (n, devices), each row a round."""
    state = start(values.shape[1])
    times = _times(len(values)) if at is None else at
    rounds = [update(state, np.full(values.shape[1], when), row) for when, row in zip(times, values, strict=True)]
    return np.array(rounds)


@pytest.fixture(scope="module")
def steady() -> Floats:
    """Sixteen days about 50, with noise of deviation 1."""
    return 50 + np.random.default_rng(1).normal(size=(_DAYS * _DAY, _DEVICES))


@pytest.fixture(scope="module")
def daily() -> Floats:
    """The same with a rhythm: 20 more at six in the morning, 20 less at six in the evening."""
    rhythm = 20 * np.sin(2 * np.pi * np.arange(_DAYS * _DAY) / _DAY)
    return 50 + rhythm[:, None] + np.random.default_rng(2).normal(size=(_DAYS * _DAY, _DEVICES))


def test_ordinary_days_raise_nothing(steady: Floats, daily: Floats) -> None:
    alarms = sum((_played(values) >= LIMIT).sum() for values in (steady, daily))
    assert alarms * 20_000 < steady.size + daily.size


def test_a_spike_is_heard_at_once(steady: Floats) -> None:
    values = steady[: _THEN + 1].copy()
    values[_THEN] += 15
    surprise = _played(values)
    assert (surprise[_THEN] >= LIMIT).all()
    assert (surprise[_THEN - _DAY : _THEN] < LIMIT).all()


@pytest.mark.parametrize(("shift", "within"), [(8, 2), (-8, 2), (5, 8), (3, 24), (-3, 24)])
def test_a_level_shift_is_heard_the_sooner_the_greater_it_is(steady: Floats, shift: float, within: int) -> None:
    values = steady[: _THEN + within].copy()
    values[_THEN:] += shift
    assert (_played(values)[_THEN:].max(axis=0) >= LIMIT).all()


def test_a_slow_drift_is_heard_though_no_single_reading_stands_out(daily: Floats) -> None:
    values = daily[: _THEN + _DAY].copy()
    values[_THEN:] += 8 * np.arange(_DAY)[:, None] / _DAY
    within = np.abs(values[_THEN:] - 50).max() < np.abs(daily[:_THEN] - 50).max() + 8
    assert within
    assert (_played(values)[_THEN:].max(axis=0) >= LIMIT).all()


def test_a_broken_rhythm_is_heard_though_every_value_is_an_ordinary_one(daily: Floats) -> None:
    values = daily.copy()
    values[_THEN : _THEN + _DAY] = np.roll(daily[_THEN : _THEN + _DAY], _DAY // 2, axis=0)
    surprise = _played(values)
    assert (surprise[_THEN : _THEN + 12].max(axis=0) >= LIMIT).all()
    assert (surprise[_THEN - _DAY : _THEN] < LIMIT).all()


def test_a_gap_of_a_day_is_no_news(daily: Floats) -> None:
    heard = np.r_[: _THEN - _DAY // 3, _THEN + _DAY - _DAY // 3 : len(daily)]
    surprise = _played(daily[heard], _times(len(daily))[heard])
    assert (surprise[_THEN - _DAY // 3 :] < LIMIT).all()


def test_a_quiet_weekend_is_learnt(daily: Floats) -> None:
    values = daily.copy()
    weekend = np.arange(len(values)) // _DAY % 7 >= 5
    values[weekend] = 0.2 * values[weekend]
    surprise = _played(values)
    first, second = surprise[5 * _DAY : 7 * _DAY], surprise[12 * _DAY : 14 * _DAY]
    assert (first.max(axis=0) >= LIMIT).all()
    assert (second < LIMIT).all()


def test_what_comes_again_and_again_surprises_less(steady: Floats) -> None:
    values = steady.copy()
    values[_DAY::36] += 15
    surprise = _played(values)
    assert (surprise[_DAY] >= LIMIT).all()
    assert (surprise[-_DAY:] < LIMIT).all()


def test_a_machine_with_more_sensors_must_surprise_more() -> None:
    few, many = np.array([[0.0, 7.0]]), np.array([[0.0] * 31 + [7.0]])
    assert together(np.array([[7.0]])) == 7
    assert 7 > together(few) > together(many) > 0
    assert together(np.zeros((3, 8))).tolist() == [0, 0, 0]


def test_a_device_costs_less_than_half_a_kilobyte() -> None:
    assert DTYPE.itemsize <= 512
    assert not DTYPE.hasobject


_values = arrays(
    np.float64, st.tuples(st.integers(1, 250), st.integers(1, 4)), elements=st.floats(-1e3, 1e3), fill=st.nothing()
)
_anything = arrays(
    np.float64, st.tuples(st.integers(1, 150), st.just(1)), elements=st.floats(allow_nan=False, allow_infinity=False)
)


@given(_values)
@settings(max_examples=15, deadline=None)
def test_all_at_once_is_one_by_one(values: Floats) -> None:
    singly = [_played(values[:, [device]])[:, 0] for device in range(values.shape[1])]
    assert np.array_equal(_played(values), np.array(singly).T)


@given(st.floats(-1e9, 1e9), st.integers(0, 2**32 - 1), st.sampled_from([10**3, 10**5, 10**7]))
@settings(max_examples=15, deadline=None)
def test_a_constant_never_surprises_but_its_first_change_does(value: float, seed: int, most_ms: int) -> None:
    at = _MONDAY_MS + np.random.default_rng(seed).integers(1, most_ms, 600).cumsum()
    at[-1] = at[-2] + 1  # at an hour that was heard before
    assume(at[-1] // 3_600_000 == at[-2] // 3_600_000)
    values = np.full((600, 1), value)
    assert not _played(values, at).any()
    values[-1] += 1
    assert _played(values, at)[-1] >= LIMIT


@given(st.integers(0, 2**32 - 1), st.integers(-30, 30), st.integers(-(2**20), 2**20), st.booleans())
@settings(max_examples=15, deadline=None)
def test_the_unit_of_measure_does_not_count(seed: int, power: int, shift: int, over: bool) -> None:
    dice = np.random.default_rng(seed)
    values = np.round(256 * dice.normal(size=(400, 2)).cumsum(axis=0)) / 256  # exact in binary, so is what follows
    other = (-values if over else values) * 2.0**power + shift * 2.0**power
    assert np.array_equal(_played(values), _played(other))


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3))
@settings(max_examples=15, deadline=None)
def test_a_unit_that_rounds_counts_no_more_than_rounding(seed: int, scale: float) -> None:
    values = 20 + np.random.default_rng(seed).normal(size=(400, 2))
    assert _played(values) == pytest.approx(_played(scale * values), abs=0.05)


@given(_anything)
@settings(max_examples=30, deadline=None)
def test_whatever_comes_surprise_is_a_number_from_0_to_18(values: Floats) -> None:
    tail = np.array([[1e308], [-1e308], [5e-324], [0.0]])
    surprise = _played(np.concatenate([values, np.tile(values, (WARM_UP, 1))[: 2 * WARM_UP], tail]))
    assert np.isfinite(surprise).all()
    assert ((surprise >= 0) & (surprise <= 18)).all()
    assert not surprise[:WARM_UP].any()


@given(st.integers(0, 2**32 - 1), st.integers(1, 399))
@settings(max_examples=15, deadline=None)
def test_the_state_is_all_there_is_to_remember(seed: int, cut: int) -> None:
    values = np.random.default_rng(seed).normal(size=(400, 3))
    at = _times(400)
    state = start(3)
    for when, row in zip(at[:cut], values[:cut], strict=True):
        update(state, np.full(3, when), row)
    again = np.frombuffer(state.tobytes(), DTYPE).copy()
    rest = [update(again, np.full(3, when), row) for when, row in zip(at[cut:], values[cut:], strict=True)]
    assert np.array_equal(np.array(rest), _played(values)[cut:])
