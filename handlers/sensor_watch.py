"""What a sensors' worker keeps in memory: the fleet of its partitions' devices, and how far each gateway was judged.

State goes out and comes back as bytes, with the offset up to which its devices have been judged: a record that comes
again after that changes nothing, and one that was not yet judged there is judged just as it would have been. Where few
of a gateway's devices changed, theirs alone goes out: one reading must not cost the writing of two hundred states.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import repeat
from struct import Struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.device import Device, ReadingFlag
from handlers.sensor_records import NOBODY, Heard, LookedUp, Tick
from sensing.device import Kind
from sensing.fleet import Fleet
from sensing.reading import Readings
from sensing.signal import Signal
from sensing.times import Maintenance
from store.readings import RawReadings

_STAMP: Final = Struct(">16sqq")
_WHOLE: Final = ""
_FEW: Final = 8
"""A gateway's state goes out whole unless so many times the devices that changed are still less than all it has."""

States = Mapping[str, Mapping[str, bytes]]
"""State by gateway and device; under the device "" that of all its devices. What was written last holds."""


class Watch:
    """The devices of some partitions. Kept by one task.

    ``kinds`` and ``windows`` are the city pack's, ``log`` is what the offsets are of.
    """

    def __init__(
        self, kinds: Sequence[Kind], windows: Sequence[Maintenance], partition_of: Callable[[str], int], log: str
    ) -> None:
        self.fleet = Fleet(kinds, (), windows)
        self._kinds = {kind.id: kind for kind in kinds}
        self._partition_of = partition_of
        self._log = sha256(log.encode()).digest()[:16]
        self._rows: dict[str, int] = {}
        self._devices: dict[str, Device] = {}
        self._applied = np.zeros(0, np.int64)
        self._version: dict[str, int] = {}
        self._seen: dict[str, tuple[list[str], NDArray[np.int64]]] = {}
        self._of_gateway: dict[str, NDArray[np.int64]] = {}
        self._of_partition: dict[int, NDArray[np.int64]] = {}
        self._gateway_numbers: dict[str, int] = {}
        self._columns = _Columns(0)

    def __len__(self) -> int:
        return len(self._devices)

    @property
    def devices(self) -> Mapping[str, Device]:
        """The devices that are watched, by id."""
        return self._devices

    def enrol(self, devices: Iterable[Device]) -> None:
        """Watch these devices, or take over what changed about them; one out of use is watched no longer."""
        known = [device for device in devices if device.kind in self._kinds]
        for device in known:
            if not device.active:
                self._rows.pop(device.id, None)
                self._devices.pop(device.id, None)
        used = [device for device in known if device.active]
        moved = [row for row in map(self._moved, used) if row is not None]
        self._applied[moved] = NOBODY
        self.fleet.enrol(used)
        self._applied = np.append(self._applied, np.full(len(self.fleet) - len(self._applied), NOBODY))
        for device in used:
            self._rows[device.id] = self.fleet.row_of(device.id) or 0
            self._devices[device.id] = device
        self._settle_in()

    def look_up(self, heard: Sequence[Heard]) -> LookedUp:
        """Look the devices of records up, of all at once."""
        sizes = [len(each.devices) for each in heard]
        rows = np.concatenate([_NO_ROWS, *map(self._named, heard)])
        gateways = [self._gateway_numbers.get(each.gateway, NOBODY) for each in heard]
        rows[self._columns.gateways[rows] != np.repeat(np.array(gateways, np.int64), sizes)] = NOBODY
        return LookedUp(
            heard,
            record=np.repeat(np.arange(len(heard)), sizes),
            offsets=np.repeat(np.array([each.offset for each in heard], np.int64), sizes),
            received=np.repeat(np.array([each.received for each in heard], np.int64), sizes),
            rows=rows,
            at=np.concatenate([_NO_ROWS, *(each.at for each in heard)]),
            values=np.concatenate([_NO_VALUES, *(each.values for each in heard)]),
        )

    def raw(self, readings: LookedUp, where: NDArray[np.bool_]) -> RawReadings:
        """The readings ``where`` says of devices this worker knows, as they are kept."""
        where = where & (readings.rows != NOBODY)
        rows, at, values = readings.rows[where], readings.at[where], readings.values[where]
        columns = self._columns
        flags = np.zeros(len(rows), np.int16)
        flags[at > readings.received[where] + columns.skew_ms[rows]] |= ReadingFlag.CLOCK_SUSPECT
        flags[(values < columns.low[rows]) | (values > columns.high[rows])] |= ReadingFlag.OUT_OF_RANGE
        return RawReadings(columns.numbers[rows], at, values, flags)

    def judge(self, records: Sequence[Heard | Tick], readings: LookedUp) -> tuple[list[Signal], NDArray[np.int64]]:
        """What the rules say of records in their order, and the rows of the devices whose state is another now.

        ``readings`` are those of the records, looked up.
        """
        signals: list[Signal] = []
        touched: list[NDArray[np.int64]] = []
        begin = end = 0
        for record in records:
            if isinstance(record, Tick):
                signals += self._judge(readings, begin, end, touched)
                begin = end
                signals += self._tick(record)
            else:
                end += len(record.devices)
        signals += self._judge(readings, begin, end, touched)
        touched.append(np.array(self.fleet.turned(), np.int64))
        changed = np.zeros(len(self.fleet), bool)
        changed[np.concatenate(touched)] = True
        return signals, np.flatnonzero(changed)

    def states(self, rows: NDArray[np.int64]) -> dict[str, dict[str, bytes]]:
        """What is to be remembered after ``rows``, each once, changed; to be written before this is asked again."""
        of = self._columns.gateways[rows]
        order = np.argsort(of, kind="stable")[np.count_nonzero(of == NOBODY) :]
        rows, of = rows[order], of[order]
        states: dict[str, dict[str, bytes]] = {}
        single: list[NDArray[np.int64]] = []
        for here in np.split(rows, np.flatnonzero(np.diff(of)) + 1) if len(rows) else ():
            gateway = self.fleet.device(int(here[0])).gateway
            every = self._of_gateway[gateway]
            self._version[gateway] = self._version.get(gateway, 0) + 1
            states[gateway] = {}
            if len(here) * _FEW < len(every) or len(every) == 1:
                single.append(here)
            else:
                stamp = _STAMP.pack(self._log, self._version[gateway], self._applied[every].max())
                states[gateway][_WHOLE] = stamp + self.fleet.pack(every)
        few = np.concatenate([_NO_ROWS, *single])
        packed = zip(few.tolist(), self._applied[few].tolist(), self.fleet.pack_each(few), strict=True)
        for row, applied, state in packed:
            device = self.fleet.device(row)
            states[device.gateway][device.id] = _STAMP.pack(self._log, self._version[device.gateway], applied) + state
        return states

    def remember(self, states: States) -> None:
        """Go back to what was remembered of gateways, as it was written last; nothing of one is its beginning."""
        bare, rows, single = [_NO_ROWS], list[int](), list[bytes]()
        for gateway, remembered in states.items():
            stamps = {device: self._stamp_of(state) for device, state in remembered.items()}
            self._version[gateway] = max((version for version, _ in stamps.values()), default=0)
            every = self._of_gateway.get(gateway, _NO_ROWS)
            since, self._applied[every] = stamps.pop(_WHOLE, (0, NOBODY))
            if since:
                self.fleet.unpack(every, remembered[_WHOLE][_STAMP.size :])
            else:
                bare.append(every)
            for device, (version, applied) in stamps.items():
                row = self._rows.get(device)
                if version > since and row is not None and self._devices[device].gateway == gateway:
                    self._applied[row] = max(self._applied[row], applied)
                    rows.append(row)
                    single.append(remembered[device][_STAMP.size :])
        self.fleet.unpack(np.concatenate(bare), self._blank)
        self.fleet.unpack_each(np.array(rows, np.int64), single)

    def _stamp_of(self, state: bytes) -> tuple[int, int]:
        """Version and offset; of another log the state holds, and its offset says nothing."""
        log, version, applied = _STAMP.unpack_from(state)
        return version, applied if log == self._log else NOBODY

    def beside(self, rows: NDArray[np.int64]) -> dict[str, list[str]]:
        """The gateways of ``rows``, with the ids of all their devices."""
        gateways = {self.fleet.device(row).gateway for row in rows.tolist()}
        return {
            gateway: [self.fleet.device(row).id for row in self._of_gateway[gateway].tolist()]
            for gateway in gateways & self._of_gateway.keys()
        }

    def _named(self, heard: Heard) -> NDArray[np.int64]:
        """Rows of the record's devices, whosoever they are; -1 for those not known here."""
        seen = self._seen.get(heard.gateway)
        # most gateways name the same devices every time, and comparing is cheaper than looking up
        if seen is not None and seen[0] == heard.devices:
            return seen[1]
        rows = np.fromiter(map(self._rows.get, heard.devices, repeat(NOBODY)), np.int64, len(heard.devices))
        self._seen[heard.gateway] = heard.devices, rows
        return rows

    def _judge(self, readings: LookedUp, begin: int, end: int, touched: list[NDArray[np.int64]]) -> list[Signal]:
        """Judge the readings from ``begin`` to ``end`` of devices that have not been judged so far."""
        here = begin + np.flatnonzero(readings.rows[begin:end] != NOBODY)
        here = here[readings.offsets[here] > self._applied[readings.rows[here]]]
        rows = readings.rows[here]
        touched.append(rows)
        # the greatest comes last: a device has its records in order
        self._applied[rows] = readings.offsets[here]
        return self.fleet.watch(Readings(rows, readings.at[here], readings.values[here], readings.received[here]))

    def _tick(self, tick: Tick) -> list[Signal]:
        """Judge the devices that have not been judged at this moment so far: a clock that comes again is a past one."""
        rows = self._of_partition.get(tick.partition, _NO_ROWS)
        rows = rows[self._applied[rows] < tick.offset]
        self._applied[rows] = tick.offset
        return self.fleet.tick(tick.at, rows) if len(rows) else []

    def _moved(self, device: Device) -> int | None:
        """The row of a device that was another gateway's: offsets are another partition's from now on."""
        row = self.fleet.row_of(device.id)
        return row if row is not None and self.fleet.device(row).gateway != device.gateway else None

    @property
    def _blank(self) -> bytes:
        return self.fleet.pack(_NO_ROWS)

    def _settle_in(self) -> None:
        """Work out the columns that go by row, after devices came or changed."""
        columns = _Columns(len(self.fleet))
        of_gateway: dict[str, list[int]] = defaultdict(list)
        of_partition: dict[int, list[int]] = defaultdict(list)
        numbers = self._gateway_numbers
        for name, row in self._rows.items():
            device = self._devices[name]
            kind = self._kinds[device.kind]
            columns.numbers[row], columns.low[row], columns.high[row] = device.no, kind.low, kind.high
            columns.skew_ms[row] = round(kind.skew_s * 1000)
            columns.gateways[row] = numbers.setdefault(device.gateway, len(numbers))
            of_gateway[device.gateway].append(row)
        for gateway, rows in of_gateway.items():
            of_partition[self._partition_of(gateway)] += rows
        self._seen.clear()
        self._columns = columns
        self._of_gateway = {gateway: np.array(rows) for gateway, rows in of_gateway.items()}
        self._of_partition = {partition: np.array(rows) for partition, rows in of_partition.items()}


class _Columns:
    """What is known of each row, as columns; the last place is for row -1 and fits nothing."""

    def __init__(self, rows: int) -> None:
        self.numbers = np.zeros(rows + 1, np.int32)
        self.gateways = np.full(rows + 1, NOBODY)
        self.low = np.full(rows + 1, -np.inf)
        self.high = np.full(rows + 1, np.inf)
        self.skew_ms = np.zeros(rows + 1, np.int64)


_NO_ROWS: Final[NDArray[np.int64]] = np.zeros(0, np.int64)
_NO_VALUES: Final[NDArray[np.float64]] = np.zeros(0)
