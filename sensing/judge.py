"""Readings that are ready, judged by all rules of their kind at once: what begins and what ends.

Called by ``sensing.fleet``. A quiet reading costs a few comparisons in a column; only devices with something beyond a
limit, or an alarm standing, go through a rule's course.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sensing import baseline
from sensing.layout import IDLE, IMPOSSIBLE, NEVER, RAISED, Layout, firsts
from sensing.order import Ordered
from sensing.reading import Counts, Mask, Rows, State, Times, Values
from sensing.rules import Baseline, Direction, Range, Rule, RuleKind, Silence, Stuck, Threshold
from sensing.scan import course

Turn = tuple[int, int, int, bool, int, int, int, float]
"""Trigger, row, event time, whether it ends, level, rule's number, since, value: sorted, the order to be told in."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the rules compare with: by rule's number (raise, clear), and what is possible, each one number or a column
    by row where single devices have their own."""

    raise_at: Mapping[int, Values | float]
    clear_at: Mapping[int, Values | float]
    low: Values | float
    high: Values | float


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of it: turns of rules in any order, and where devices began to send impossible values.

    These are (trigger, row, at, value). ``good`` are the readings that were possible.
    """

    good: Ordered
    turns: list[Turn] = field(default_factory=list)
    impossible: list[tuple[int, int, int, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Readings by device, with the possible reading before each one, at ``NEVER`` where there is none."""

    of: Ordered
    starts: Rows
    sizes: Rows
    devices: Rows
    last_at: Times
    last_value: Values


def judged(layout: Layout, state: State, limits: Limits, ready: Ordered, counts: Counts) -> Judged:
    """Judge readings sorted by device and time, all newer than what was judged; ``state`` is changed."""
    if not len(ready.rows):
        return Judged(ready)
    turns: list[Turn] = []
    starts = firsts(ready.rows)
    ends = np.append(starts[1:], len(ready.rows)) - 1
    devices = ready.rows[starts]
    state["judged"][devices] = ready.at[ends]
    for number in layout.places(RuleKind.SILENCE):
        _back(layout, state, number, ready, starts, turns)
    possible = (ready.values >= _of(limits.low, ready.rows)) & (ready.values <= _of(limits.high, ready.rows))
    impossible: list[tuple[int, int, int, float]] = []
    good = ready
    flags = state["flags"][devices]
    if not possible.all() or bool((flags & IMPOSSIBLE).any()):
        impossible = _impossible(state, ready, possible, starts, ends)
        counts.out_of_range += len(possible) - int(possible.sum())
        good = Ordered(ready.rows[possible], ready.at[possible], ready.values[possible], ready.trigger[possible])
    for number in layout.places(RuleKind.RANGE):
        columns = _Columns(ready, starts, ends - starts + 1, devices, ready.at, ready.values)
        _apply(layout, state, number, columns, ~possible, possible, ready.at, turns)
    counts.judged += len(good.rows)
    if len(good.rows):
        _by_value(layout, state, limits, good, turns)
    return Judged(good, turns, impossible)


def _by_value(layout: Layout, state: State, limits: Limits, good: Ordered, turns: list[Turn]) -> None:
    starts = firsts(good.rows)
    ends = np.append(starts[1:], len(good.rows)) - 1
    devices = good.rows[starts]
    last_at, last_value = np.empty_like(good.at), np.empty_like(good.values)
    last_at[1:], last_value[1:] = good.at[:-1], good.values[:-1]
    last_at[starts], last_value[starts] = state["value_at"][devices], state["value"][devices]
    columns = _Columns(good, starts, ends - starts + 1, devices, last_at, last_value)
    for number, rule in enumerate(layout.rules):
        if isinstance(rule, Silence | Range):
            continue
        up, down, origin = _asked(layout, state, limits, number, rule, columns)
        if rule.active is not None:
            holds = rule.active.holds(good.at)
            up, down = up & holds, down | ~holds
        _apply(layout, state, number, columns, up, down, origin, turns)
    state["value_at"][devices], state["value"][devices] = good.at[ends], good.values[ends]


def _asked(
    layout: Layout, state: State, limits: Limits, number: int, rule: Rule, columns: _Columns
) -> tuple[Mask, Mask, Times]:
    """Which readings are beyond the rule's limit, which are back, and when a breach beginning with each began."""
    of = columns.of
    heard = columns.last_at != NEVER
    if isinstance(rule, Stuck):
        same = np.abs(of.values - columns.last_value) <= rule.epsilon
        return same & heard, ~same & heard, columns.last_at
    sought = of.values
    if isinstance(rule, Baseline):
        sought = _surprise(layout, state, number, columns)
    elif rule.how is RuleKind.RATE:
        # never heard before: no rate, neither beyond nor back
        minutes = np.where(heard, of.at - columns.last_at, np.nan) / 60_000
        sought = (of.values - columns.last_value) / minutes
    raise_at, clear_at = _of(limits.raise_at[number], of.rows), _of(limits.clear_at[number], of.rows)
    direction = rule.direction if isinstance(rule, Threshold) else Direction.UP
    if direction is Direction.BOTH:
        sought = np.abs(sought)
    if direction is Direction.DOWN:
        return sought <= raise_at, sought > clear_at, of.at
    return sought >= raise_at, sought < clear_at, of.at


def _apply(
    layout: Layout,
    state: State,
    number: int,
    columns: _Columns,
    up: Mask,
    down: Mask,
    origin: Times,
    turns: list[Turn],
) -> None:
    """Run the rule's course for the devices it may concern, and add its turns."""
    rule, of, starts, sizes = layout.rules[number], columns.of, columns.starts, columns.sizes
    code = state["code"][columns.devices, number]
    concerned = code != IDLE
    if up.any():
        concerned |= np.logical_or.reduceat(up, starts)
    elif not concerned.any():
        return
    where = np.flatnonzero(np.repeat(concerned, sizes))
    sizes = sizes[concerned]
    starts = np.cumsum(sizes) - sizes
    devices = columns.devices[concerned]
    hold_ms = round(getattr(rule, "hold_s", 0.0) * 1000)
    turned, code, since = course(
        up[where], down[where], of.at[where], origin[where], starts, sizes,
        code[concerned], state["since"][devices, number], hold_ms,
    )  # fmt: skip
    state["code"][devices, number] = code
    state["since"][devices, number] = since
    if len(turned.where):
        at = where[turned.where]
        _add(turns, layout, number, of, at, turned.begins.tolist(), turned.since.tolist())


def _add(
    turns: list[Turn],
    layout: Layout,
    number: int,
    of: Ordered,
    at: Rows,
    begins: Sequence[bool],
    since: Sequence[int],
) -> None:
    level = layout.levels[number]
    columns = (of.trigger[at].tolist(), of.rows[at].tolist(), of.at[at].tolist(), begins, since, of.values[at].tolist())
    for trigger, row, time, begin, start, value in zip(*columns, strict=True):
        turns.append((trigger, row, time, not begin, level, number, start, value))


def _back(layout: Layout, state: State, number: int, ready: Ordered, starts: Rows, turns: list[Turn]) -> None:
    """Devices that had been silent and are heard."""
    devices = ready.rows[starts]
    silent = state["code"][devices, number] == RAISED
    if silent.any():
        back = devices[silent]
        _add(turns, layout, number, ready, starts[silent], [False] * len(back), state["since"][back, number].tolist())
        state["code"][back, number] = IDLE


def _impossible(
    state: State, ready: Ordered, possible: Mask, starts: Rows, ends: Rows
) -> list[tuple[int, int, int, float]]:
    """Where runs of impossible values begin; the flags are set."""
    devices = ready.rows[starts]
    fine_before = np.empty_like(possible)
    fine_before[1:] = possible[:-1]
    fine_before[starts] = state["flags"][devices] & IMPOSSIBLE == 0
    first = ~possible & fine_before
    state["flags"][devices] &= ~np.uint8(IMPOSSIBLE)
    state["flags"][devices[~possible[ends]]] |= np.uint8(IMPOSSIBLE)
    return list(
        zip(
            ready.trigger[first].tolist(),
            ready.rows[first].tolist(),
            ready.at[first].tolist(),
            ready.values[first].tolist(),
            strict=True,
        )
    )


def _surprise(layout: Layout, state: State, number: int, columns: _Columns) -> Values:
    """How unusual each reading is: the devices' first readings of the batch together, then their second, and so on."""
    of, column = columns.of, layout.baselines[number]
    found = np.empty_like(of.values)
    left = np.flatnonzero(columns.sizes > 0)
    turn = 0
    while len(left):
        at, devices = columns.starts[left] + turn, columns.devices[left]
        memory = state["memory"][devices, column]
        found[at] = baseline.update(memory, of.at[at], of.values[at])
        state["memory"][devices, column] = memory
        turn += 1
        left = left[columns.sizes[left] > turn]
    return found


def _of(limit: Values | float, rows: Rows) -> Values | float:
    return limit[rows] if isinstance(limit, np.ndarray) else limit
