"""The fleet judges whole columns; one device at a time, in plain steps, comes to the same: any batches, any order."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from domain.device import Device
from sensing.device import Kind
from sensing.fleet import Fleet
from sensing.reading import Readings
from sensing.rules import Direction, Neighbours, Range, Rate, Silence, Stuck, Threshold
from sensing.signal import Change, Signal
from sensing.times import Maintenance, Window

T0 = 1_763_769_600_000  # 08:00 in the city
Told = tuple[str, str, Change, int, int]
Reading = tuple[int, int, float]

RULES = (
    Threshold(id="deep-3", kind="water", level=3, alarm="deep", raise_at=3, clear_at=2, hold_s=2),
    Threshold(id="deep-1", kind="water", level=1, alarm="deep", raise_at=5, clear_at=4),
    Threshold(id="dry", kind="water", level=2, raise_at=0, clear_at=1, direction=Direction.DOWN, hold_s=1),
    Rate(id="fast", kind="water", level=2, raise_at=180, clear_at=60, direction=Direction.BOTH),
    Stuck(id="stuck", kind="water", hold_s=4),
    Range(id="broken", kind="water", hold_s=1),
    Silence(id="silent", kind="water", after_s=6),
    Threshold(id="early", kind="water", raise_at=4, clear_at=4, active=Window("early", 0, 8 * 3600 + 10)),
)
MAINTENANCE = (Maintenance("m", T0 + 4000, T0 + 9000, device="d1"),)


def kind(lateness_s: float, waiting: int = 8, flaps: int = 2) -> Kind:
    return Kind(
        "water", "水位", low=-1, high=7, lateness_s=lateness_s, flaps=flaps, flap_s=5, waiting=waiting, rules=RULES
    )


DEVICES = [Device(f"d{n}", "water", "gw", network="line") for n in range(3)]


@dataclass
class Course:
    """One rule of one device: when its breach began, whether it stands."""

    begun: int | None = None
    raised: int | None = None

    def step(self, at: int, up: bool, down: bool, origin: int, hold_s: float) -> tuple[bool, int] | None:
        """Begins or ends here, and since when it was."""
        if self.raised is not None:
            if down:
                since, self.raised, self.begun = self.raised, None, None
                return False, since
            return None
        if not up:
            self.begun = None
            return None
        self.begun = origin if self.begun is None else self.begun
        if at - self.begun >= hold_s * 1000:
            self.raised = self.begun
            return True, self.raised
        return None


@dataclass
class Standing:
    """One alarm of one device, as people are told of it. ``until``: a maintenance window ends that it waits for."""

    up: dict[str, int] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)
    begun: list[int] = field(default_factory=list)
    turned: int = 0
    until: int = 0
    flapping: bool = False


class Plain:
    """The same judgement for one device, a reading at a time; every alarm is looked at with every reading."""

    def __init__(self, of: Kind, name: str, closed: Iterable[Maintenance]) -> None:
        self.of, self.name, self.late = of, name, round(of.lateness_s * 1000)
        self.rules = {rule.id: rule for rule in of.rules}
        self.closed = [one for one in closed if one.device == name]
        self.queue: list[tuple[int, float]] = []
        self.newest = self.judged = -1
        self.last: tuple[int, float] | None = None
        self.courses = {rule.id: Course() for rule in of.rules}
        self.alarms = {rule.family: Standing() for rule in of.rules}
        self.said: list[Told] = []

    def watch(self, at: int, value: float) -> None:
        if at < max(self.newest - self.late, self.judged) or at in (self.judged, *(one for one, _ in self.queue)):
            return
        self.queue = sorted([*self.queue, (at, value)])
        self.newest = max(self.newest, at)
        while self.queue and (self.queue[0][0] <= self.newest - self.late or len(self.queue) > self.of.waiting):
            self.judge(*self.queue.pop(0))

    def tick(self, now: int) -> None:
        while self.queue and self.queue[0][0] <= now - self.late:
            self.judge(*self.queue.pop(0))
        silent = self.courses["silent"]
        if self.newest >= 0 and now - self.newest >= 6000 and silent.raised is None:
            silent.raised = self.newest
            self.turn("silent", now, True, self.newest)
        for family, alarm in sorted(self.alarms.items()):
            flapped = alarm.flapping and alarm.turned + 5000 <= now - self.late
            if flapped or (alarm.until and alarm.until <= now - self.late):
                self.settle(family, now)

    def judge(self, at: int, value: float) -> None:
        self.judged = at
        fine = -1 <= value <= 7
        turns = [
            (not turned[0], self.rules[rule].level, number, rule, turned[1])
            for number, rule in enumerate(self.courses)
            if (turned := self.course(rule, at, value, fine))
        ]
        for ends, _, _, rule, since in sorted(turns):
            self.turn(rule, at, not ends, since)
        if fine:
            for family in sorted(self.alarms):
                self.settle(family, at)
            self.last = at, value

    def course(self, rule: str, at: int, value: float, fine: bool) -> tuple[bool, int] | None:
        course, last = self.courses[rule], self.last
        if rule == "silent":
            return course.step(at, False, True, at, 0)
        if rule == "broken":
            return course.step(at, not fine, fine, at, 1)
        if not fine:
            return None
        match rule:
            case "deep-3":
                return course.step(at, value >= 3, value < 2, at, 2)
            case "deep-1":
                return course.step(at, value >= 5, value < 4, at, 0)
            case "dry":
                return course.step(at, value <= 0, value > 1, at, 1)
            case "early":
                open_ = at < T0 + 10_000
                return course.step(at, open_ and value >= 4, not open_ or value < 4, at, 0)
        if last is None:
            return course.step(at, False, False, at, 0)
        if rule == "fast":
            rate = abs(value - last[1]) / (at - last[0]) * 60_000
            return course.step(at, rate >= 180, rate < 60, at, 0)
        return course.step(at, value == last[1], value != last[1], last[0], 4)

    def turn(self, rule: str, at: int, begins: bool, since: int) -> None:
        family = self.rules[rule].family
        alarm = self.alarms[family]
        if alarm.flapping:
            self.settle(family, at)
        was = bool(alarm.up)
        if begins:
            alarm.up[rule] = since
        else:
            alarm.up.pop(rule, None)
        if was != bool(alarm.up):
            alarm.turned = at
        if begins and not was and self.of.flaps:
            if not alarm.begun or at - alarm.begun[0] > 5000:
                alarm.begun = []
            alarm.begun.append(at)
            alarm.flapping |= len(alarm.begun) > self.of.flaps
        self.settle(family, at)

    def settle(self, family: str, at: int) -> None:
        alarm, level = self.alarms[family], {rule.id: (rule.level, rule.id) for rule in self.of.rules}
        alarm.until = 0
        if alarm.flapping and at >= alarm.turned + 5000:
            alarm.flapping, alarm.begun = False, []
        gravest = min(alarm.up, key=lambda one: level[one], default=None)
        if gravest is None and not alarm.flapping:
            self.said += [(self.name, rule, Change.CLEARED, since, at) for rule, since in alarm.told.items()]
            alarm.told = {}
        if gravest and all(level[gravest][0] < level[one][0] for one in alarm.told):
            ends = [one.last_ms for one in self.closed if one.first_ms <= at < one.last_ms]
            if ends:
                alarm.until = max(ends)
            else:
                alarm.told[gravest] = alarm.up[gravest]
                self.said.append((self.name, gravest, Change.RAISED, alarm.up[gravest], at))


def told(signals: Iterable[Signal]) -> list[Told]:
    return [(s.device, s.rule, s.change, s.since_ms, s.at_ms) for s in signals if s.change is not Change.FLAGGED]


def by_device(said: Sequence[Told]) -> dict[str, list[Told]]:
    """In the order in which one device's alarms were told; what is told at one time by name."""
    return {
        device.id: sorted((one for one in said if one[0] == device.id), key=lambda one: (one[4], one))
        for device in DEVICES
    }


def columns(readings: Sequence[Reading]) -> Readings:
    rows, at, values = zip(*readings, strict=True) if readings else ((), (), ())
    return Readings(np.array(rows, np.int32), np.array(at, np.int64), np.array(values, float), T0 + 10**9)


# One number is a tick of the clock so many seconds after the beginning.
Step = Reading | int
READING = st.tuples(
    st.integers(0, 2),
    st.integers(0, 30).map(lambda s: T0 + s * 500),
    st.sampled_from([-3, 0, 1, 1.5, 2, 3, 3.5, 4, 5, 6, 9]),
)
STREAM = st.lists(READING | READING | READING | READING | st.integers(0, 30).map(lambda s: T0 + s * 700), max_size=60)
RISING = st.lists(READING, max_size=60).map(lambda many: sorted(many, key=lambda one: one[1]))


def judged(fleet: Fleet, stream: Sequence[Step], cuts: Iterable[int], packed: bool = False) -> list[Told]:
    """The stream in batches that end at ``cuts`` and before every tick; ``packed``: kept as bytes between them."""
    said: list[Told] = []
    batch: list[Reading] = []
    ends = set(cuts)
    for n, step in enumerate(stream):
        if n in ends or isinstance(step, int):
            said += told(fleet.watch(columns(batch)))
            batch = []
            if packed:
                fleet = again(fleet)
        if isinstance(step, int):
            said += told(fleet.tick(step))
        else:
            batch.append(step)
    return said + told(fleet.watch(columns(batch)))


def again(fleet: Fleet) -> Fleet:
    """A fleet that takes up the state of another, in other rows and each device by itself."""
    other = Fleet(fleet.kinds.values(), reversed(DEVICES), MAINTENANCE)
    pieces = fleet.pack_each(_rows(fleet))
    other.unpack_each(_rows(other), pieces)
    third = Fleet(fleet.kinds.values(), DEVICES, MAINTENANCE)
    third.unpack([0, 1, 2], other.pack([0, 1, 2]))
    return third


def _rows(fleet: Fleet) -> NDArray[np.int64]:
    return np.array([fleet.row_of(device.id) for device in DEVICES])


@pytest.mark.parametrize(("lateness_s", "waiting"), [(0, 8), (3, 8), (3, 2)], ids=["at once", "waiting", "crowded"])
@settings(max_examples=200, deadline=None)
@given(stream=STREAM, cuts=st.sets(st.integers(0, 60)), packed=st.booleans())
def test_columns_and_plain_steps_agree(
    lateness_s: float, waiting: int, stream: list[Step], cuts: set[int], packed: bool
) -> None:
    of = kind(lateness_s, waiting)
    plain = [Plain(of, device.id, MAINTENANCE) for device in DEVICES]
    for step in stream:
        if isinstance(step, int):
            for one in plain:
                one.tick(step)
        else:
            plain[step[0]].watch(step[1], step[2])
    expected = by_device([said for one in plain for said in one.said])
    assert by_device(judged(Fleet([of], DEVICES, MAINTENANCE), stream, cuts, packed)) == expected


@settings(max_examples=200, deadline=None)
@given(stream=RISING, order=st.randoms(use_true_random=False), cuts=st.sets(st.integers(0, 60)))
def test_the_order_of_arrival_within_the_bound_changes_nothing(
    stream: list[Reading], order: random.Random, cuts: set[int]
) -> None:
    """Each reading may come up to the bound after those that are newer."""
    distinct = list({(row, at): (row, at, value) for row, at, value in stream}.values())
    shuffled = sorted(distinct, key=lambda one: one[1] + order.randint(0, 3000))
    end = [T0 + 60_000]
    of = kind(3, waiting=60)
    fleet, other = Fleet([of], DEVICES, MAINTENANCE), Fleet([of], DEVICES, MAINTENANCE)
    assert by_device(judged(fleet, [*shuffled, *end], cuts)) == by_device(judged(other, [*distinct, *end], []))
    assert fleet.counts.late == other.counts.late == 0
    assert fleet.counts.judged + fleet.counts.out_of_range == len(distinct)


@settings(max_examples=200, deadline=None)
@given(stream=STREAM, cuts=st.sets(st.integers(0, 60)), lateness_s=st.sampled_from([0, 3]))
def test_neighbours_agree_alike_wherever_batches_end(stream: list[Step], cuts: set[int], lateness_s: int) -> None:
    rule = Neighbours(id="both", kind="water", raise_at=4, clear_at=3, at_least=2)
    of = Kind("water", "水位", lateness_s=lateness_s, flaps=2, flap_s=5, rules=(rule,))
    whole, cut = Fleet([of], DEVICES, MAINTENANCE), Fleet([of], DEVICES, MAINTENANCE)
    assert judged(whole, stream, []) == judged(cut, stream, cuts)


@settings(max_examples=200, deadline=None)
@given(stream=STREAM, cuts=st.sets(st.integers(0, 60)))
def test_whatever_is_raised_is_cleared_once_under_the_same_key(stream: list[Step], cuts: set[int]) -> None:
    standing: set[tuple[str, str, int]] = set()
    raised: set[tuple[str, str, int]] = set()
    for device, rule, change, since, at in judged(Fleet([kind(3)], DEVICES, MAINTENANCE), stream, cuts):
        key = device, rule, since
        assert since <= at
        if change is Change.RAISED:
            assert key not in raised
            raised.add(key)
            standing.add(key)
        else:
            assert key in standing
            standing.remove(key)


@settings(max_examples=100, deadline=None)
@given(stream=STREAM)
def test_every_reading_is_counted_once(stream: list[Step]) -> None:
    fleet = Fleet([kind(0)], DEVICES)
    judged(fleet, stream, [])
    counts = fleet.counts.as_dict()
    counts.pop("in_maintenance")
    assert sum(counts.values()) == sum(not isinstance(step, int) for step in stream)
