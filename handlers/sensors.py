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
from handlers.sensor_records import Heard, LookedUp, Tick
from handlers.sensor_watch import States, Watch
from sensing.reading import Rows, Values
from sensing.signal import Change, Signal
from store.devices import Heard as HeardOf
from store.reading_files import ReadingFiles
from store.readings import RawReadings
from store.unit import Unit

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

    async def hold(self, states: States) -> None:
        """Write states; returns when they are safe. Raises ``Unavailable``: some may be, and all are to come again."""

    def held(self, devices: Mapping[str, Sequence[str]]) -> States:
        """What was last written of gateways with these devices."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of raw readings, for how many days, and the files where they are kept in files."""

    keeping: Keeping
    days: int
    files: ReadingFiles


@dataclass(slots=True)
class SensorDesk:
    """One worker's desk. ``log`` names what the readings come by, ``partition_of`` finds a gateway's partition of it.

    Offsets belong to one log: the same topic made anew is another.

    Used by one task at a time, but for ``refresh``.
    """

    office: Office
    pack: SensorPack
    kept: Kept
    log: str
    partition_of: Callable[[str], int]
    meter: SensorMeter = field(default_factory=NoMeter)
    memory: Memory | None = None
    watch: Watch | None = None
    _own: frozenset[int] = frozenset()
    _position: int = 0
    _missing: set[str] = field(default_factory=set)
    _counted: dict[str, int] = field(default_factory=dict)

    async def take_over(self, states: Mapping[int, States]) -> None:
        """Watch the devices of these partitions and no others, from what is remembered of their gateways."""
        changes = await _insist(lambda: self.office.store.devices_since())
        watch = Watch(self.pack.kinds, self.pack.windows, self.partition_of, self.log)
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
        self._missing.clear()
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
        readings = await self._looked_up(watch, [each for each in records if isinstance(each, Heard)])
        signals, touched = watch.judge(records, readings)
        try:
            await self._enter(watch, readings, signals)
            await memory.hold(watch.states(touched))
        except BaseException:
            # as if they had never been judged: they will be again
            watch.remember(memory.held(watch.beside(touched)))
            raise
        self._tally(watch, signals)
        return [_NOBODY] * len(records)

    async def _looked_up(self, watch: Watch, heard: Sequence[Heard]) -> LookedUp:
        """The readings with their devices; one never heard before may have been registered a moment ago."""
        readings = watch.look_up(heard)
        strange = np.flatnonzero(readings.rows < 0)
        new = {device for device, _ in readings.names(strange)} - self._missing if len(strange) else set()
        if not new:
            return readings
        await self.refresh()
        self._missing |= new
        return watch.look_up(heard)

    async def _enter(self, watch: Watch, readings: LookedUp, signals: Sequence[Signal]) -> None:
        turns = [signal for signal in signals if signal.change is not Change.FLAGGED]
        if not readings.heard and not turns:
            return
        async with self.office.store.unit(lock=[INCIDENTS] if turns else ()) as unit:
            if readings.heard:
                await self._keep(unit, watch, readings)
            if turns:
                self._count(await tell(self.office, unit, self.pack, watch.devices, turns))

    async def _keep(self, unit: Unit, watch: Watch, readings: LookedUp) -> None:
        """The readings into the record, each once for ever."""
        ends = {each.partition: each.offset + 1 for each in readings.heard}
        marks = await unit.readings.marks(self.log, list(ends))
        fresh = np.array([each.offset >= marks.get(each.partition, 0) for each in readings.heard])[readings.record]
        if not fresh.any():
            return
        batch, unknown = watch.raw(readings, fresh), list[HeardOf]()
        strange = np.flatnonzero(fresh & (readings.rows < 0))
        if len(strange):
            names = readings.names(strange)
            known = await unit.devices.known(sorted({device for device, _ in names}))
            batch = _joined([batch, _elsewhere(readings, strange, names, known)])
            unknown = _unknown(readings.values[strange], names, known)
        self.meter.readings("heard", len(batch))
        if self.kept.keeping is Keeping.DATABASE:
            self.meter.readings("odd", await unit.readings.keep(batch, self.kept.days))
        elif self.kept.keeping is Keeping.FILES:
            await unit.reading_files.keep(self.kept.files, batch)
        await unit.devices.heard(unknown)
        self.meter.readings("unknown", sum(one.readings for one in unknown))
        await unit.readings.advance(self.log, ends)

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


def _elsewhere(
    readings: LookedUp, places: Rows, names: Sequence[tuple[str, str]], known: Mapping[str, Device]
) -> RawReadings:
    """Readings of devices that are registered, but with another gateway or out of use: kept, and not judged."""
    found = [
        (place, known[device], gateway)
        for place, (device, gateway) in zip(places, names, strict=True)
        if device in known
    ]
    here = np.array([place for place, _, _ in found], np.int64)
    numbers = np.array([device.no for _, device, _ in found], np.int32)
    wrong = np.array([device.gateway != gateway for _, device, gateway in found], bool)
    flags = np.where(wrong, ReadingFlag.WRONG_GATEWAY, 0).astype(np.int16)
    return RawReadings(numbers, readings.at[here], readings.values[here], flags)


def _unknown(values: Values, names: Sequence[tuple[str, str]], known: Mapping[str, Device]) -> list[HeardOf]:
    """Devices that nobody registered with that gateway; ``values`` are those of ``names``, the last one is told."""
    unknown: dict[tuple[str, str], HeardOf] = {}
    for (name, gateway), value in zip(names, values.tolist(), strict=True):
        if name in known and known[name].gateway == gateway:
            continue
        reason = UnknownReason.GATEWAY_MISMATCH if name in known else UnknownReason.UNKNOWN
        before = unknown.get((name, gateway))
        readings = 1 + (before.readings if before else 0)
        unknown[name, gateway] = HeardOf(name, gateway, reason, readings, value)
    return list(unknown.values())


def _joined(batches: Sequence[RawReadings]) -> RawReadings:
    return RawReadings(
        np.concatenate([each.devices for each in batches]),
        np.concatenate([each.at for each in batches]),
        np.concatenate([each.values for each in batches]),
        np.concatenate([each.flags for each in batches]),
    )
