"""The devices of one kind: their state, their limits, their alarms. Used by ``sensing.fleet``."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from heapq import heapify, heappop, heappush

import numpy as np

from domain.device import Device
from sensing import words
from sensing.desk import Desk
from sensing.device import Kind
from sensing.judge import Judged, Limits, judged
from sensing.layout import NEVER, RAISED, SUSPECT, Layout, digest
from sensing.order import Ordered, arranged, due
from sensing.reading import Counts, Mask, Rows, Times, Values
from sensing.rules import Baseline, Neighbours, Rule, RuleKind, Silence, Threshold, Vicinity
from sensing.signal import CLOCK, RANGE, Change, Signal
from sensing.times import Maintenance

Told = tuple[int, Signal]
"""A signal and the place in its batch of the reading that brought it about."""

_WAKE = 1 << 20  # comes after all rules at one reading


class OfKind:
    """All devices of a kind. Rows are numbers within it. ``watch`` and ``tick`` are as those of the fleet."""

    def __init__(self, kind: Kind, counts: Counts) -> None:
        self.layout = Layout(kind)
        self.state = self.layout.fresh(0)
        self.devices: list[Device] = []
        self.windows: tuple[Maintenance, ...] = ()
        self._counts = counts
        self._open: dict[int, list[tuple[int, int]]] = {}
        self._closed_rows: list[tuple[int, int, Mask]] = []
        self.desk = Desk(kind, lambda row: self.devices[row].id, self._vicinity, self._blocked)

    @property
    def kind(self) -> Kind:
        """The kind."""
        return self.layout.kind

    def enrol(self, new: Sequence[Device]) -> range:
        """Add devices; their rows."""
        rows = range(len(self.devices), len(self.devices) + len(new))
        fresh = self.layout.fresh(len(new))
        fresh["device"] = [digest(device.id) for device in new]
        self.state = np.concatenate((self.state, fresh)) if len(self.state) else fresh
        self.devices.extend(new)
        self.settle_in()
        return rows

    def replace(self, row: int, device: Device) -> None:
        """Give a device new properties; ``settle_in`` is called after all are replaced."""
        beyond = self.desk.leave(row)
        self.devices[row] = device
        for rule in self.layout.rules:
            if isinstance(rule, Neighbours) and rule.id in beyond:
                self.desk.beyond(rule, row, *beyond[rule.id])

    def begin_anew(self, rows: Rows) -> None:
        """Forget what is known of these devices."""
        names = self.state["device"][rows]
        self.state[rows] = self.layout.fresh(len(rows))
        self.state["device"][rows] = names
        for row in rows.tolist():
            self.desk.forget(row)

    def maintain(self, windows: Iterable[Maintenance]) -> None:
        """Take these maintenance windows in place of those before."""
        self.windows = tuple(one for one in windows if one.kind in ("", self.kind.id))
        self.settle_in()
        self.desk.recheck()

    def settle_in(self) -> None:
        """Work out anew what depends on devices and windows."""
        self.__dict__.pop("limits", None)
        self._open, self._closed_rows = defaultdict(list), []
        for window in self.windows:
            meant = [n for n, one in enumerate(self.devices) if window.means(one.id, one.kind, one.grid or "")]
            mask = np.zeros(len(self.devices), bool)
            mask[meant] = True
            self._closed_rows.append((window.first_ms, window.last_ms, mask))
            for row in meant:
                self._open[row].append((window.first_ms, window.last_ms))

    @cached_property
    def limits(self) -> Limits:
        """What is compared with, from the rules and what single devices have of their own."""
        raise_at: dict[int, Values | float] = {}
        clear_at: dict[int, Values | float] = {}
        for number, rule in enumerate(self.layout.rules):
            if not isinstance(rule, Threshold | Baseline):
                continue
            raise_at[number], clear_at[number] = rule.raise_at, rule.clear_at
            own = self._own(rule)
            if own:
                raised, cleared = np.full(len(self.devices), rule.raise_at), np.full(len(self.devices), rule.clear_at)
                for row, (beyond, back) in own.items():
                    raised[row], cleared[row] = beyond, back
                raise_at[number], clear_at[number] = raised, cleared
        return Limits(raise_at, clear_at, self.kind.low, self.kind.high)

    def watch(self, rows: Rows, at: Times, values: Values, place: Rows, received: Times) -> list[Told]:
        """Judge readings in the order they came; ``place`` are their places in the batch."""
        flagged: list[Told] = []
        ahead = at > received + round(self.kind.skew_s * 1000)
        was_ahead = self.state["flags"][rows] & SUSPECT != 0
        if ahead.any() or was_ahead.any():
            flagged = self._clocks(rows, at, values, place, ahead, received)
            fine = ~ahead
            self._counts.clock_suspect += int(ahead.sum())
            rows, at, values, place = rows[fine], at[fine], values[fine], place[fine]
        if not len(rows):
            return flagged
        ready = arranged(self.layout, self.state, Ordered(rows, at, values, place), self._counts)
        return flagged + self._judge(ready)

    def tick(self, now: int, rows: Rows) -> list[Told]:
        """Judge what waited long enough, and see who is silent and what was deferred until now."""
        told: list[Told] = []
        if self.layout.late_ms:
            ready = due(self.layout, self.state, rows, now)
            self.desk.turned.update(ready.rows.tolist())
            told += self._judge(ready)
        for number in self.layout.places(RuleKind.SILENCE):
            told += [(0, signal) for signal in self._silent(number, now, rows)]
        asked = set(rows.tolist()) if len(rows) < len(self.devices) else range(len(self.devices))
        for (row, family), until in sorted(self.desk.deferred.items()):
            if until <= now - self.layout.late_ms and row in asked:
                told += [(0, one) for one in self.desk.wake(row, family, now, float(self.state["value"][row]))]
        self.desk.put_off.clear()
        told += [(0, one) for one in self.desk.tidy(now, self.state["judged"])]
        return told

    def _judge(self, ready: Ordered) -> list[Told]:
        found = judged(self.layout, self.state, self.limits, ready, self._counts)
        self._count_maintained(found.good)
        told: list[Told] = []
        for trigger, row, at, value in found.impossible:
            why = words.impossible(self.kind, value, self.kind.low, self.kind.high)
            told.append((trigger, self._flag(RANGE, row, at, value, why)))
        if found.turns or self.desk.deferred:
            told += self._tell(found)
        return told

    def _tell(self, found: Judged) -> Iterator[Told]:
        """Turns to the desk in their order, and between them whatever was deferred until one of these readings."""
        good, desk = found.good, self.desk
        queue = list(found.turns)
        families: list[str] = []

        def wake(row: int, family: str, until: int, after: int) -> None:
            first, last = np.searchsorted(good.rows, (row, row + 1))
            here = np.flatnonzero((good.at[first:last] >= until) & (good.trigger[first:last] >= after))
            if len(here):
                n = int(first + here[0])
                families.append(family)
                entry = int(good.trigger[n]), row, int(good.at[n]), True, _WAKE, len(families) - 1, 0
                heappush(queue, (*entry, float(good.values[n])))

        heapify(queue)
        for (row, family), until in desk.deferred.items():
            wake(row, family, until, -1)
        while queue:
            trigger, row, at, ends, level, number, since, value = heappop(queue)
            if level == _WAKE:
                signals = desk.wake(row, families[number], at, value)
            else:
                signals = desk.turn(self.layout.rules[number], row, at, not ends, since, value)
            for signal in signals:
                yield trigger, signal
            for one, family, until in desk.put_off:
                wake(one, family, until, trigger)
            desk.put_off.clear()

    def _silent(self, number: int, now: int, rows: Rows) -> Iterator[Signal]:
        rule = self.layout.rules[number]
        if not isinstance(rule, Silence) or (rule.active and not rule.active.holds(np.array([now]))[0]):
            return
        last = self.state["newest"][rows]
        silent = (last != NEVER) & (now - last >= rule.after_s * 1000) & (self.state["code"][rows, number] != RAISED)
        found = rows[silent]
        self.state["code"][found, number] = RAISED
        self.state["since"][found, number] = last[silent]
        for row, since in zip(found.tolist(), last[silent].tolist(), strict=True):
            yield from self.desk.turn(rule, row, now, True, since, float(self.state["value"][row]))

    def _clocks(self, rows: Rows, at: Times, values: Values, place: Rows, ahead: Mask, received: Times) -> list[Told]:
        """Where devices begin to send readings from the future; the flags are set."""
        told: list[Told] = []
        concerned = np.isin(rows, rows[ahead]) | (self.state["flags"][rows] & SUSPECT != 0)
        flags = self.state["flags"]
        for n in np.flatnonzero(concerned).tolist():
            row = int(rows[n])
            if ahead[n] and not flags[row] & SUSPECT:
                why = words.clock_wrong(self.kind, int(at[n] - received[n]))
                told.append((int(place[n]), self._flag(CLOCK, row, int(at[n]), float(values[n]), why)))
            flags[row] = flags[row] | SUSPECT if ahead[n] else flags[row] & ~np.uint8(SUSPECT)
        return told

    def _flag(self, rule: str, row: int, at: int, value: float, why: str) -> Signal:
        return Signal(self.devices[row].id, rule, Change.FLAGGED, 0, at, at, value, why)

    def _own(self, rule: Rule) -> dict[int, tuple[float, float]]:
        """Limits of single devices: what the rule says of them, and above that what they say themselves."""
        own: dict[int, tuple[float, float]] = {}
        said = rule.limits if isinstance(rule, Threshold) else {}
        for row, device in enumerate(self.devices) if said or any(one.limits for one in self.devices) else ():
            limits = device.limits.get(rule.id) or said.get(device.id)
            if limits:
                own[row] = limits
        return own

    def _vicinity(self, row: int, rule: Neighbours) -> str:
        device = self.devices[row]
        return device.grid or "" if rule.within is Vicinity.GRID else device.network or ""

    def _blocked(self, row: int, at: int) -> int | None:
        ends = [last for first, last in self._open.get(row, ()) if first <= at < last]
        return max(ends) if ends else None

    def _count_maintained(self, good: Ordered) -> None:
        if not self._closed_rows or not len(good.rows):
            return
        within = np.zeros(len(good.rows), bool)
        for first, last, mask in self._closed_rows:
            within |= mask[good.rows] & (good.at >= first) & (good.at < last)
        self._counts.in_maintenance += int(within.sum())
