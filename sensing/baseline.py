"""How surprising a reading is beside the device's own past: a detector for series that nobody has set limits for.

What is expected is the device's own level at that time of day; what is judged is how far, and for how long, readings
stay away from it. No labels, no units, one row of fixed size a device; ``sensing.judge`` calls it for all devices of a
round at once. What its figures are worth: docs/evaluation.md, «Sensors».
"""

from math import log10
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sensing.baseline_row import FLOOR, HOURS, HUGE, ROW, SETTLED, Tuning
from sensing.baseline_tail import begin, decades
from sensing.reading import State, Times, Values

LIMIT: Final = 6.0
"""The surprise worth an alarm: one false alarm in about 5,000 readings of the series it was settled on."""
WARM_UP: Final = 100
"""Readings of a device before anything can surprise. Until twice the longest window, it surprises in proportion."""

DTYPE: Final = np.dtype([("baseline1", f"V{ROW.itemsize}")])
"""The state of one device, to be kept and copied as it is. The name changes when the meaning does."""

_BEIJING_MS: Final = 8 * 3_600_000
_DAY_MS: Final = 86_400_000
_LARGEST: Final = float(np.finfo(np.float64).max)
_DECADE: Final = 2.9


def start(rows: int) -> State:
    """The state of devices that were never heard, shape (rows,)."""
    state = np.zeros(rows, ROW)
    begin(state)
    return state.view(DTYPE)


def update(state: State, at: Times, values: Values, tuning: Tuning = SETTLED) -> Values:
    """One reading a row: how surprising each is, from 0 to 18; the state (n,) is changed in place.

    ``at`` is epoch milliseconds UTC, later than the row's last; ``values`` are finite, in any unit of measure: scaling
    or shifting a series changes nothing but rounding. Surprise is the sum of three witnesses' decades: how rare it is
    for this device that its readings are so far off its habits over 144 of them (one way), over 48 and over 6 (either
    way). Three times 1 in 100 makes 6: see ``LIMIT``.
    """
    rows = state.view(ROW)
    past = rows["readings"].astype(np.float64)
    off = _off(rows, past, at, values, tuning)
    far = np.abs(off)
    step = np.maximum(2 / (np.array(tuning.windows) + 1), 1 / (past + 1)[:, None])
    away = rows["away"] + step * (np.stack([off, far, far], axis=1) - rows["away"])
    rows["away"] = away
    found = decades(rows, past, np.log(np.clip(np.abs(away), FLOOR, HUGE)), tuning)
    rows["readings"] += 1
    trust = np.where(past >= WARM_UP, np.minimum(past / (2 * max(tuning.windows)), 1), 0)
    return np.asarray(found.sum(axis=1) * trust, np.float64)


def together(surprises: NDArray[np.float64]) -> Values:
    """The surprise of a machine with k sensors: the greatest of each row (n, k), less what the choice of k makes.

    Among k sensors one is k times as likely to go beyond a limit, and ten times fewer false alarms cost 2.9 of
    surprise: the slope from limit 5 to 8 over the single series of docs/evaluation.md.
    """
    greatest: Values = surprises.max(axis=1)
    return np.maximum(greatest - _DECADE * log10(surprises.shape[1]), 0)


def _off(rows: State, past: Values, at: Times, values: Values, tuning: Tuning) -> Values:
    """How far readings are off what the device is used to at this hour of a workday or weekend; learns them.

    In units of the device's first change; 0 at an hour that was heard on no kind of day yet.
    """
    level = _level(rows, past, values)
    day, time = np.divmod(at + _BEIJING_MS, _DAY_MS)
    hour = time * HOURS // _DAY_MS
    weekend = (day + 3) % 7 >= 5  # 1970-01-01 was a Thursday
    index, place, other = np.arange(len(rows)), hour + HOURS * weekend, hour + HOURS * ~weekend
    visits = rows["visits"][index, place].astype(np.float64)
    known = rows["profile"][index, np.where(visits > 0, place, other)].astype(np.float64)
    heard = (visits > 0) | (rows["visits"][index, other] > 0)
    off = np.where(heard, level - known, 0.0)
    off[np.abs(off) <= FLOOR * np.abs(level)] = 0
    follow = np.maximum(1 / (visits + 1), tuning.refresh)
    rows["profile"][index, place] = np.where(visits > 0, known + follow * (level - known), level)
    rows["visits"][index, place] = np.minimum(visits + 1, 255)
    return off


def _level(rows: State, past: Values, values: Values) -> Values:
    """The values from the device's first one on, in units of its first change."""
    origin = np.where(past == 0, values, rows["origin"])
    with np.errstate(over="ignore"):
        level = np.clip(values - origin, -_LARGEST, _LARGEST)
        unit = np.where(rows["unit"] == 0, np.abs(level), rows["unit"])
        level = np.clip(level / np.where(unit == 0, 1, unit), -HUGE, HUGE)
    rows["origin"], rows["unit"] = origin, unit
    return level
