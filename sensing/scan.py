"""A rule's course over many devices' readings at once: beyond the limit, long enough, back again.

No loop over readings or devices: what came last before each reading is found by running maxima over positions.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensing.layout import BREACHING, IDLE, NEVER, RAISED
from sensing.reading import Mask, Rows, Times

Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Turns:
    """Where a rule's alarm begins or ends: positions in the columns, whether it ``begins``, and since when it was."""

    where: Rows
    begins: Mask
    since: Times


def course(
    up: Mask, down: Mask, at: Times, origin: Times, starts: Rows, sizes: Rows, code: Codes, since: Times, hold_ms: int
) -> tuple[Turns, Codes, Times]:
    """The turns of one rule, with its new ``code`` and ``since`` by device.

    ``up`` (beyond) and ``down`` (back) are by reading, sorted by device and time, and never both; ``origin`` is when a
    breach that begins with a reading began. ``starts`` and ``sizes`` cut the readings by device, all non-empty.
    """
    many = len(up)
    place = np.arange(many)
    start = np.repeat(starts, sizes)
    was, was_since = np.repeat(code, sizes), np.repeat(since, sizes)
    run = np.maximum(np.maximum.accumulate(np.where(up, NEVER, place)) + 1, start)
    np.minimum(run, place, out=run)
    begun = np.where((run == start) & (was == BREACHING), was_since, origin[run])
    fires = up & (at - begun >= hold_ms)
    fired = np.maximum.accumulate(np.where(fires, place, NEVER))
    ended = np.maximum.accumulate(np.where(down, place, NEVER))
    raised = np.where(np.maximum(fired, ended) >= start, fired > ended, was == RAISED)
    before = np.empty(many, bool)
    before[1:] = raised[:-1]
    before[starts] = code == RAISED
    rose = np.maximum.accumulate(np.where(raised & ~before, place, NEVER))
    alarm_since = np.where(rose >= start, begun[rose], was_since)
    where = np.flatnonzero(raised != before)
    turns = Turns(where, raised[where], alarm_since[where])
    last = starts + sizes - 1
    over = raised[last]
    new = np.where(over, RAISED, np.where(up[last], BREACHING, IDLE)).astype(np.uint8)
    return turns, new, np.where(over, alarm_since[last], np.where(up[last], begun[last], NEVER))
