"""What a sensors' worker keeps in memory: the fleet of its partitions' devices, and how far each gateway was judged.

State goes out and comes back as bytes by gateway, each with the offset up to which it has been judged: a record that
comes again after that changes nothing, and one that was not yet judged there is judged just as it would have been.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.device import Device, ReadingFlag
from sensing.device import Kind
from sensing.fleet import Fleet
from sensing.reading import Readings
from sensing.signal import Signal
from sensing.times import Maintenance
from store.readings import RawReadings

_APPLIED: Final = Struct(">q")
_NOBODY: Final = -1


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """One record of readings. ``received`` and ``at`` are epoch milliseconds UTC; the columns have length n."""

    partition: int
    offset: int
    received: int
    gateway: str
    devices: list[str]
    at: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tick:
    """One record of the clock: ``at`` in epoch milliseconds UTC."""

    partition: int
    offset: int
    at: int


@dataclass(frozen=True, slots=True, eq=False)
class Understood:
    """A record whose devices were looked up. ``strangers`` are places of devices this worker does not know so.

    ``readings`` are those of the devices it knows.
    """

    heard: Heard
    rows: NDArray[np.int64]
    readings: RawReadings
    strangers: NDArray[np.int64]


class Watch:
    """The devices of some partitions. Kept by one task; ``kinds`` and ``windows`` are the city pack's."""

    def __init__(
        self, kinds: Sequence[Kind], windows: Sequence[Maintenance], partition_of: Callable[[str], int]
    ) -> None:
        self.fleet = Fleet(kinds, (), windows)
        self._kinds = {kind.id: kind for kind in kinds}
        self._partition_of = partition_of
        self._rows: dict[str, int] = {}
        self._devices: dict[str, Device] = {}
        self._applied: dict[str, int] = {}
        self._of_gateway: dict[str, NDArray[np.int64]] = {}
        self._of_partition: dict[int, NDArray[np.int64]] = {}
        self._gateway_numbers: dict[str, int] = {}
        self._columns = _Columns(0)
        self._seen: dict[str, tuple[list[str], NDArray[np.int64]]] = {}

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
        self.fleet.enrol(used)
        for device in used:
            self._rows[device.id] = self.fleet.row_of(device.id) or 0
            self._devices[device.id] = device
        self._settle_in()

    def understood(self, heard: Heard) -> Understood:
        """Look the record's devices up."""
        rows = self._looked_up(heard)
        known = rows != _NOBODY
        strangers = np.flatnonzero(~known)
        at, values = heard.at, heard.values
        if len(strangers):
            rows, at, values = rows[known], at[known], values[known]
        columns = self._columns
        flags = np.zeros(len(rows), np.int16)
        flags[at > heard.received + columns.skew_ms[rows]] |= ReadingFlag.CLOCK_SUSPECT
        flags[(values < columns.low[rows]) | (values > columns.high[rows])] |= ReadingFlag.OUT_OF_RANGE
        return Understood(heard, rows, RawReadings(columns.numbers[rows], at, values, flags), strangers)

    def judge(self, records: Sequence[Understood | Tick]) -> tuple[list[Signal], set[str]]:
        """What the rules say of records in their order, and the gateways whose state is another now."""
        signals: list[Signal] = []
        touched: set[str] = set()
        waiting: list[Understood] = []
        for record in records:
            if isinstance(record, Tick):
                signals += self._judge(waiting)
                waiting = []
                told = self.fleet.tick(record.at, self._of_partition.get(record.partition, _NO_ROWS))
                touched.update(self._devices[signal.device].gateway for signal in told)
                signals += told
            elif record.heard.offset > self._applied.get(record.heard.gateway, _NOBODY):
                self._applied[record.heard.gateway] = record.heard.offset
                touched.add(record.heard.gateway)
                waiting.append(record)
        signals += self._judge(waiting)
        return signals, touched

    def states(self, gateways: Iterable[str]) -> dict[str, bytes]:
        """What is to be remembered of gateways."""
        return {
            gateway: _APPLIED.pack(self._applied.get(gateway, _NOBODY))
            + self.fleet.pack(self._of_gateway.get(gateway, _NO_ROWS))
            for gateway in gateways
        }

    def remember(self, states: Mapping[str, bytes | None]) -> None:
        """Go back to what was remembered of gateways; None: nothing was."""
        for gateway, state in states.items():
            self._applied[gateway] = _APPLIED.unpack_from(state)[0] if state else _NOBODY
            rows = self._of_gateway.get(gateway, _NO_ROWS)
            if len(rows):
                self.fleet.unpack(rows, state[_APPLIED.size :] if state else self._blank)

    def _judge(self, waiting: Sequence[Understood]) -> list[Signal]:
        if not waiting:
            return []
        received = np.repeat([each.heard.received for each in waiting], [len(each.rows) for each in waiting])
        return self.fleet.watch(
            Readings(
                np.concatenate([each.rows for each in waiting]),
                np.concatenate([each.readings.at for each in waiting]),
                np.concatenate([each.readings.values for each in waiting]),
                received,
            )
        )

    def _looked_up(self, heard: Heard) -> NDArray[np.int64]:
        """Rows of the record's devices, -1 for those that are not this gateway's."""
        seen = self._seen.get(heard.gateway)
        # most gateways name the same devices every time, and comparing is cheaper than looking up
        if seen is not None and seen[0] == heard.devices:
            return seen[1]
        rows = np.fromiter((self._rows.get(device, _NOBODY) for device in heard.devices), np.int64, len(heard.devices))
        own = self._gateway_numbers.get(heard.gateway, _NOBODY)
        if own == _NOBODY:
            rows[:] = _NOBODY
        else:
            rows[self._columns.gateways[rows] != own] = _NOBODY
        self._seen[heard.gateway] = heard.devices, rows
        return rows

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
        self._columns = columns
        self._of_gateway = {gateway: np.array(rows) for gateway, rows in of_gateway.items()}
        self._of_partition = {partition: np.array(rows) for partition, rows in of_partition.items()}
        self._seen.clear()


class _Columns:
    """What is known of each row, as columns; the last place is for row -1 and fits nothing."""

    def __init__(self, rows: int) -> None:
        self.numbers = np.zeros(rows + 1, np.int32)
        self.gateways = np.full(rows + 1, _NOBODY)
        self.low = np.full(rows + 1, -np.inf)
        self.high = np.full(rows + 1, np.inf)
        self.skew_ms = np.zeros(rows + 1, np.int64)


_NO_ROWS: Final[NDArray[np.int64]] = np.zeros(0, np.int64)
