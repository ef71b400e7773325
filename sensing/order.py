"""Readings into the order of their event times: what is late, what is known, what must still wait for earlier ones.

A reading is late when it is older than the newest one that came before it by more than its kind's bound, or older than
what was judged. So what becomes of it depends on the readings before it and never on where a batch ends.
"""

from bisect import insort
from dataclasses import dataclass
from typing import Final

import numpy as np

from sensing.layout import Layout, firsts
from sensing.reading import Counts, Mask, Rows, State, Times, Values

_WIDE: Final = 1 << 42  # milliseconds until the year 2109; above them a number of up to two million fits beside


@dataclass(frozen=True, slots=True)
class Ordered:
    """Readings ready to be judged, sorted by row and event time.

    ``trigger`` is the place in the batch of the reading that made this one ready: itself, or a newer one it waited for.
    """

    rows: Rows
    at: Times
    values: Values
    trigger: Rows


def arranged(layout: Layout, state: State, came: Ordered, counts: Counts) -> Ordered:
    """Take readings in (``came`` in the order of arrival, ``trigger`` their places); those that are ready come back."""
    rows, at, values, place = came.rows, came.at, came.values, came.trigger
    if len(rows) > 1 and bool((rows[1:] < rows[:-1]).any()):
        order = np.argsort(rows, kind="stable")
        rows, at, values, place = rows[order], at[order], values[order], place[order]
    starts = firsts(rows)
    before = state["newest"][rows]
    floor = np.empty_like(before)  # the newest time that came before, of the state or of this batch
    floor[0] = before[0]
    np.copyto(floor[1:], at[:-1])
    floor[starts] = before[starts]
    rising = bool((at > floor).all())
    if not rising:
        # one running maximum over all devices: each is lifted above the one before it
        lift = np.repeat(np.arange(len(starts), dtype=np.int64) * _WIDE, np.diff(np.append(starts, len(rows))))
        newest = np.maximum.accumulate(np.maximum(at, before) + lift) - lift
        floor[1:] = newest[:-1]
        floor[starts] = before[starts]
    else:
        newest = at
    if layout.late_ms:
        return _waiting(layout, state, Ordered(rows, at, values, place), floor, newest, counts)
    ends = np.append(starts[1:], len(rows)) - 1
    state["newest"][rows[ends]] = newest[ends]
    if rising:
        return Ordered(rows, at, values, place)
    keep = at > floor
    known = int((at == floor).sum())
    counts.duplicate += known
    counts.late += len(at) - int(keep.sum()) - known
    return Ordered(rows[keep], at[keep], values[keep], place[keep])


def due(layout: Layout, state: State, rows: Rows, now: int) -> Ordered:
    """The readings of ``rows`` that waited as long as the bound by the clock: nothing earlier is expected any more."""
    held = rows[state["waiting"][rows] > 0]
    which, at, values = _held(state, held)
    ready = at <= now - layout.late_ms
    _hold(state, held, which[~ready], at[~ready], values[~ready])
    return Ordered(which[ready], at[ready], values[ready], np.zeros(int(ready.sum()), np.int64))


def _waiting(layout: Layout, state: State, came: Ordered, floor: Times, newest: Times, counts: Counts) -> Ordered:
    """As ``arranged`` for kinds whose readings wait. ``newest`` and ``floor``: newest time with and before each."""
    rows, at = came.rows, came.at
    starts = firsts(rows)
    sizes = np.diff(np.append(starts, len(rows)))
    devices = rows[starts]
    crowded = state["waiting"][devices] + sizes > layout.kind.waiting
    if crowded.any():
        return _with_crowded(layout, state, came, floor, newest, counts, np.repeat(crowded, sizes))
    ends = starts + sizes - 1
    state["newest"][devices] = newest[ends]
    judged = state["judged"][rows]
    on_time = at >= np.maximum(floor - layout.late_ms, judged)
    counts.late += len(at) - int(on_time.sum())
    which, held_at, held_values = _held(state, devices)
    # those that waited came before all of this batch
    every = np.concatenate((which, rows[on_time]))
    times = np.concatenate((held_at, at[on_time]))
    values = np.concatenate((held_values, came.values[on_time]))
    own = np.concatenate((np.full(len(which), -1), np.flatnonzero(on_time)))
    order = np.lexsort((own, times, every))
    every, times, values, own = every[order], times[order], values[order], own[order]
    new = np.ones(len(every), bool)
    new[1:] = (every[1:] != every[:-1]) | (times[1:] != times[:-1])
    new &= times > state["judged"][every]
    counts.duplicate += len(new) - int(new.sum())
    every, times, values, own = every[new], times[new], values[new], own[new]
    ready = times <= state["newest"][every] - layout.late_ms
    _hold(state, devices, every[~ready], times[~ready], values[~ready])
    every, times, values, own = every[ready], times[ready], values[ready], own[ready]
    # the first reading of its device that was newer by the bound, with every device lifted above the one before it
    lift = np.repeat(np.arange(len(starts), dtype=np.int64) * _WIDE, sizes)
    sought = np.searchsorted(devices, every) * _WIDE + times + layout.late_ms
    trigger = came.trigger[np.maximum(np.searchsorted(newest + lift, sought), own)]
    return Ordered(every, times, values, trigger)


def _with_crowded(
    layout: Layout, state: State, came: Ordered, floor: Times, newest: Times, counts: Counts, crowded: Mask
) -> Ordered:
    """The devices that might not have room for all that waits, one reading at a time; the others as ever."""
    calm = ~crowded
    parts = [_one_by_one(layout, state, *_cut(came, crowded), counts)]
    if calm.any():
        rest = Ordered(came.rows[calm], came.at[calm], came.values[calm], came.trigger[calm])
        parts.append(_waiting(layout, state, rest, floor[calm], newest[calm], counts))
    rows, at, values, trigger = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("rows", "at", "values", "trigger")
    )
    order = np.argsort(rows, kind="stable")
    return Ordered(rows[order], at[order], values[order], trigger[order])


def _cut(came: Ordered, mask: Mask) -> tuple[list[int], list[int], list[float], list[int]]:
    return (
        came.rows[mask].tolist(),
        came.at[mask].tolist(),
        came.values[mask].tolist(),
        came.trigger[mask].tolist(),
    )


def _one_by_one(
    layout: Layout,
    state: State,
    rows: list[int],
    at: list[int],
    values: list[float],
    trigger: list[int],
    counts: Counts,
) -> Ordered:
    """The same in plain steps; with more waiting than there is room for, the oldest is judged before its time."""
    ready: list[tuple[int, int, float, int]] = []
    row, queue, newest, judged = -1, list[tuple[int, float]](), 0, 0
    for i, device in enumerate(rows):
        if device != row:
            row = device
            many = int(state["waiting"][row])
            queue = list(
                zip(state["wait_at"][row][:many].tolist(), state["wait_value"][row][:many].tolist(), strict=True)
            )
            newest, judged = int(state["newest"][row]), int(state["judged"][row])
        time = at[i]
        if time < max(newest - layout.late_ms, judged):
            counts.late += 1
        elif time == judged or any(time == waits for waits, _ in queue):
            counts.duplicate += 1
        else:
            insort(queue, (time, values[i]))
            newest = max(newest, time)
            while queue and (queue[0][0] <= newest - layout.late_ms or len(queue) > layout.kind.waiting):
                judged, value = queue.pop(0)
                ready.append((row, judged, value, trigger[i]))
        if i + 1 == len(rows) or rows[i + 1] != row:
            state["newest"][row] = newest
            times, waits = zip(*queue, strict=True) if queue else ((), ())
            _hold(state, np.array([row]), np.full(len(queue), row), np.array(times, np.int64), np.array(waits, float))
    columns = list(zip(*ready, strict=True)) or [(), (), (), ()]
    return Ordered(
        np.array(columns[0], np.int64),
        np.array(columns[1], np.int64),
        np.array(columns[2], np.float64),
        np.array(columns[3], np.int64),
    )


def _held(state: State, devices: Rows) -> tuple[Rows, Times, Values]:
    """The readings of ``devices`` that wait, by device and time."""
    many = state["waiting"][devices]
    there = np.arange(state["wait_at"].shape[1]) < many[:, None]
    return np.repeat(devices, many), state["wait_at"][devices][there], state["wait_value"][devices][there]


def _hold(state: State, devices: Rows, rows: Rows, at: Times, values: Values) -> None:
    """Let these readings, sorted by device and time, wait and no others of ``devices``."""
    state["waiting"][devices] = 0
    if len(rows):
        starts = firsts(rows)
        sizes = np.diff(np.append(starts, len(rows)))
        place = np.arange(len(rows)) - np.repeat(starts, sizes)
        state["waiting"][rows[starts]] = sizes
        state["wait_at"][rows, place] = at
        state["wait_value"][rows, place] = values
