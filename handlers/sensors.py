"""Readings of devices are kept and judged; what they come to is told the city. Behind the sensors' door.

In this order, so that whoever dies on the way does it again to the same end: judged in memory, kept and told in one
transaction, remembered in the table, acknowledged. What was kept before is known by its offset, an alarm by its key.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar
from uuid import UUID

import numpy as np

from domain.device import Device, Keeping, ReadingFlag, UnknownReason
from domain.errors import Unavailable
from handlers.outcomes import Done, Outcome
from handlers.ports import Office
from handlers.sensor_incidents import INCIDENTS, abandon, tell
from handlers.sensor_pack import SensorPack
from handlers.sensor_watch import Heard, Tick, Understood, Watch
from sensing.signal import Change, Signal
from store.devices import Heard as HeardOf
from store.reading_files import ReadingFiles
from store.readings import RawReadings
from store.unit import Unit

__all__ = ["Heard", "SensorDesk", "Tick"]

log = logging.getLogger(__name__)

T = TypeVar("T")

_NOBODY: Final = Done(UUID(int=0))
_PAUSE: Final = 1.0


class SensorMeter(Protocol):
    """Told what happens; must be quick and must not raise."""

    def readings(self, outcome: str, number: int) -> None:
        """So many more readings."""

    def alarms(self, outcome: str, number: int) -> None:
        """So many more alarms of devices, or incidents of theirs."""


class NoMeter:
    """Counts nothing."""

    def readings(self, outcome: str, number: int) -> None:
        """Do nothing."""

    def alarms(self, outcome: str, number: int) -> None:
        """Do nothing."""


class Memory(Protocol):
    """What outlives the worker: the state of each gateway's devices."""

    async def hold(self, states: Mapping[str, bytes]) -> None:
        """Write states; returns when they are safe. Raises ``Unavailable``."""

    def held(self, gateway: str) -> bytes | None:
        """The state of a gateway as it was last written."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of raw readings, for how many days, and the files where they are kept in files."""

    keeping: Keeping
    days: int
    files: ReadingFiles


@dataclass(slots=True)
class SensorDesk:
    """One worker's desk. ``topic`` is the name of the readings' topic, ``partition_of`` finds a gateway's partition.

    Used by one task at a time, but for ``refresh``.
    """

    office: Office
    pack: SensorPack
    kept: Kept
    topic: str
    partition_of: Callable[[str], int]
    meter: SensorMeter = field(default_factory=NoMeter)
    memory: Memory | None = None
    watch: Watch | None = None
    _own: frozenset[int] = frozenset()
    _position: int = 0
    _counted: dict[str, int] = field(default_factory=dict)

    async def take_over(self, states: Mapping[int, Mapping[str, bytes]]) -> None:
        """Watch the devices of these partitions and no others, from what is remembered of their gateways."""
        changes = await _insist(lambda: self.office.store.devices_since())
        watch = Watch(self.pack.kinds, self.pack.windows, self.partition_of)
        self._own = frozenset(states)
        watch.enrol(self._of_own(changes.devices))
        for remembered in states.values():
            watch.remember(remembered)
        self.watch, self._position, self._counted = watch, changes.position, {}
        await _insist(self._abandon)
        log.info("watching %d devices of %d partitions", len(watch), len(states))

    async def refresh(self) -> None:
        """Take over what was registered or changed since. Raises ``Unavailable``."""
        if self.watch is None:
            return
        changes = await self.office.store.devices_since(self._position)
        # a rebalance in the meantime has read them all
        if changes.position > self._position:
            self._position = changes.position
            if changed := self._of_own(changes.devices):
                self.watch.enrol(changed)
            if not all(device.active for device in changes.devices):
                await self._abandon()

    async def judge_many(self, records: Sequence[Heard | Tick]) -> list[Outcome]:
        """Keep and judge records in their order. Raises ``Unavailable``: then nothing of them was promised."""
        watch, memory = self.watch, self.memory
        if watch is None or memory is None:
            raise Unavailable("sensors-not-ready", "感知状态尚未恢复", "the table is being read")
        understood = [watch.understood(each) if isinstance(each, Heard) else each for each in records]
        signals, touched = watch.judge(understood)
        try:
            await self._enter(watch, [each for each in understood if isinstance(each, Understood)], signals)
            await memory.hold(watch.states(touched))
        except BaseException:
            # as if they had never been judged: they will be again
            watch.remember({gateway: memory.held(gateway) for gateway in touched})
            raise
        self._tally(watch, signals)
        return [_NOBODY] * len(records)

    async def _enter(self, watch: Watch, heard: Sequence[Understood], signals: Sequence[Signal]) -> None:
        turns = [signal for signal in signals if signal.change is not Change.FLAGGED]
        if not heard and not turns:
            return
        async with self.office.store.unit(lock=[INCIDENTS] if turns else ()) as unit:
            if heard:
                await self._keep(unit, heard)
            if turns:
                self._count(await tell(self.office, unit, self.pack, watch.devices, turns))

    async def _keep(self, unit: Unit, heard: Sequence[Understood]) -> None:
        """The readings into the record, each once for ever."""
        ends = {each.heard.partition: each.heard.offset + 1 for each in heard}
        marks = await unit.readings.marks(self.topic, list(ends))
        fresh = [each for each in heard if each.heard.offset >= marks.get(each.heard.partition, 0)]
        if not fresh:
            return
        known = await unit.devices.known(sorted({name for each in fresh for name in _strangers(each)}))
        batches = [each.readings for each in fresh]
        unknown: dict[tuple[str, str], HeardOf] = {}
        for each in fresh:
            if len(each.strangers):
                batches += _elsewhere(each, known)
                _note(each, known, unknown)
        batch = _joined(batches)
        self.meter.readings("heard", len(batch))
        if self.kept.keeping is Keeping.DATABASE:
            self.meter.readings("odd", await unit.readings.keep(batch, self.kept.days))
        elif self.kept.keeping is Keeping.FILES:
            await unit.reading_files.keep(self.kept.files, batch)
        await unit.devices.heard(unknown.values())
        self.meter.readings("unknown", sum(one.readings for one in unknown.values()))
        await unit.readings.advance(self.topic, ends)

    async def _abandon(self) -> None:
        """Clear what no reading will clear any more."""
        async with self.office.store.unit(lock=[INCIDENTS]) as unit:
            self._count(await abandon(self.office, unit, self.pack, unit.at))

    def _count(self, told: Mapping[str, int]) -> None:
        for outcome, number in told.items():
            self.meter.alarms(outcome, number)

    def _tally(self, watch: Watch, signals: Sequence[Signal]) -> None:
        counts = watch.fleet.counts.as_dict()
        for name, total in counts.items():
            self.meter.readings(name, total - self._counted.get(name, 0))
        self._counted = counts
        self.meter.alarms("flagged", sum(signal.change is Change.FLAGGED for signal in signals))

    def _of_own(self, devices: Sequence[Device]) -> list[Device]:
        return [device for device in devices if self.partition_of(device.gateway) in self._own]


async def _insist(attempt: Callable[[], Awaitable[T]]) -> T:
    while True:
        try:
            return await attempt()
        except Unavailable as error:
            log.warning("sensors wait: %s", error)
            await asyncio.sleep(_PAUSE)


def _strangers(each: Understood) -> list[str]:
    return [each.heard.devices[place] for place in each.strangers.tolist()]


def _elsewhere(each: Understood, known: Mapping[str, Device]) -> list[RawReadings]:
    """Readings of devices that are registered with another gateway, or a moment ago: kept, and not judged."""
    places = [place for place in each.strangers.tolist() if each.heard.devices[place] in known]
    if not places:
        return []
    devices = [known[each.heard.devices[place]] for place in places]
    numbers = np.array([device.no for device in devices], np.int32)
    wrong = np.array([device.gateway != each.heard.gateway for device in devices])
    flags = np.where(wrong, ReadingFlag.WRONG_GATEWAY, 0).astype(np.int16)
    return [RawReadings(numbers, each.heard.at[places], each.heard.values[places], flags)]


def _note(each: Understood, known: Mapping[str, Device], unknown: dict[tuple[str, str], HeardOf]) -> None:
    for place in each.strangers.tolist():
        name, gateway = each.heard.devices[place], each.heard.gateway
        if name in known and known[name].gateway == gateway:
            continue
        reason = UnknownReason.GATEWAY_MISMATCH if name in known else UnknownReason.UNKNOWN
        before = unknown.get((name, gateway))
        readings = 1 + (before.readings if before else 0)
        unknown[name, gateway] = HeardOf(name, gateway, reason, readings, float(each.heard.values[place]))


def _joined(batches: Sequence[RawReadings]) -> RawReadings:
    return RawReadings(
        np.concatenate([each.devices for each in batches]),
        np.concatenate([each.at for each in batches]),
        np.concatenate([each.values for each in batches]),
        np.concatenate([each.flags for each in batches]),
    )
