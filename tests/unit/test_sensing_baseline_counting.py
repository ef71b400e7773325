"""How the evaluation counts: an alarm in a window hits it, one outside is false, and an alarm is told once."""

import numpy as np
import pytest

from bench.evaluate.sensing import Score, Series, score


def _series(*windows: tuple[int, int], readings: int = 2000) -> Series:
    inside = np.zeros(readings, bool)
    for begin, end in windows:
        inside[begin:end] = True
    return Series("nab", "nab x", np.arange(readings), np.zeros((readings, 1)), inside)


def _found(*places: int, readings: int = 2000) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    found = np.zeros(readings)
    found[list(places)] = 7
    return found


def test_windows_begin_and_end_where_the_labels_do() -> None:
    assert _series((0, 10), (500, 600), (1990, 2000)).windows == [(0, 10), (500, 600), (1990, 2000)]


def test_an_alarm_in_a_window_hits_it_and_one_outside_is_false() -> None:
    counted = score(_series((500, 600), (900, 950)), _found(499, 599, 700), 6)
    assert (counted.hits, counted.windows, counted.false, counted.readings) == (1, 2, 2, 2)
    assert counted.false_rate == 1


def test_an_alarm_that_lasts_is_told_once_an_hour_of_sixty_readings() -> None:
    counted = score(_series((500, 600)), _found(*range(700, 820)), 6)
    assert (counted.hits, counted.false, counted.readings) == (0, 2, 120)


def test_nab_pays_for_early_hits_and_fines_false_alarms() -> None:
    one = _series((500, 600))
    early, late, silent, false = (score(one, _found(*places), 6).gained for places in ((500,), (599,), (), (400,)))
    assert early == pytest.approx(2, abs=0.01)
    assert late == pytest.approx(1, abs=0.03)
    assert silent == 0
    assert false == -0.11
    assert -0.11 < score(one, _found(605), 6).gained < 0


def test_scores_add_up() -> None:
    part = score(_series((500, 600)), _found(500), 6)
    assert part + Score() == part
    assert (part + part).points == 4000
