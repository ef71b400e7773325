"""All devices of a city, or of a worker's share of it: readings and ticks of the clock in, signals out.

State lies in one structured array a kind of device and not in objects; the only interface of ``sensing`` to what holds
it. Kept by one thread.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from domain.device import Device
from sensing import packing
from sensing.device import Kind
from sensing.of_kind import OfKind, Told
from sensing.reading import Counts, Readings, Rows
from sensing.signal import Signal
from sensing.times import Maintenance


class Fleet:
    """Devices by number (row), in the order they were enrolled. ``counts`` says what became of their readings."""

    def __init__(
        self, kinds: Iterable[Kind], devices: Iterable[Device] = (), maintenance: Iterable[Maintenance] = ()
    ) -> None:
        self.counts = Counts()
        self.kinds = {kind.id: kind for kind in kinds}
        self._of_kind = [OfKind(kind, self.counts) for kind in self.kinds.values()]
        self._number = {kind: number for number, kind in enumerate(self.kinds)}
        self._rows: dict[str, int] = {}
        self._devices: list[Device] = []
        self._kind_of = np.zeros(0, np.int64)
        self._row_of = np.zeros(0, np.int64)
        self.maintain(maintenance)
        self.enrol(devices)

    def __len__(self) -> int:
        return len(self._devices)

    def row_of(self, device: str) -> int | None:
        """The number of a device; None for one that is not enrolled."""
        return self._rows.get(device)

    def device(self, row: int) -> Device:
        """The device with this number."""
        return self._devices[row]

    def row_bytes(self, kind: str) -> int:
        """Bytes of state of one device of a kind."""
        return self._of_kind[self._number[kind]].layout.dtype.itemsize

    def enrol(self, devices: Iterable[Device]) -> None:
        """Add devices, best many at once; one already there takes its new properties and keeps its number and state.

        One that changes its kind begins anew under another number. Raises ``KeyError`` for an unknown kind.
        """
        new: dict[int, list[Device]] = defaultdict(list)
        changed: set[int] = set()
        for device in devices:
            number, row = self._number[device.kind], self._rows.get(device.id)
            if row is not None and self._devices[row].kind == device.kind:
                self._devices[row] = device
                self._of_kind[number].replace(int(self._row_of[row]), device)
                changed.add(number)
            else:
                new[number].append(device)
        for number in changed - set(new):
            self._of_kind[number].settle_in()
        for number, several in new.items():
            distinct = list({device.id: device for device in several}.values())
            rows = self._of_kind[number].enrol(distinct)
            self._rows.update((device.id, len(self._devices) + n) for n, device in enumerate(distinct))
            self._devices += distinct
            self._kind_of = np.concatenate((self._kind_of, np.full(len(rows), number)))
            self._row_of = np.concatenate((self._row_of, np.arange(rows.start, rows.stop)))

    def maintain(self, windows: Iterable[Maintenance]) -> None:
        """Take these maintenance windows in place of those before."""
        every = tuple(windows)
        for one in self._of_kind:
            one.maintain(every)

    def watch(self, readings: Readings) -> list[Signal]:
        """Judge a batch. The same readings in other batches give the same signals, in the order of the readings."""
        if not len(readings):
            return []
        rows = np.asarray(readings.rows, np.int64)
        at, values = np.asarray(readings.at, np.int64), np.asarray(readings.values, np.float64)
        kinds, place = self._kind_of[rows], np.arange(len(rows))
        received = np.broadcast_to(np.asarray(readings.received, np.int64), len(rows))
        if (kinds == kinds[0]).all():
            told = self._of_kind[kinds[0]].watch(self._row_of[rows], at, values, place, received)
        else:
            told = []
            for number in np.flatnonzero(np.bincount(kinds)).tolist():
                here = np.flatnonzero(kinds == number)
                columns = self._row_of[rows[here]], at[here], values[here], place[here]
                told += self._of_kind[number].watch(*columns, received[here])
        return _in_order(told)

    def tick(self, now_ms: int, rows: Sequence[int] | Rows | None = None) -> list[Signal]:
        """The clock says ``now_ms``: who is silent, which maintenance is over. All devices, or those in ``rows``."""
        told: list[Told] = []
        asked = np.arange(len(self)) if rows is None else np.unique(np.asarray(rows, np.int64))
        for number, one in enumerate(self._of_kind):
            here = self._row_of[asked[self._kind_of[asked] == number]]
            if len(here):
                told += one.tick(now_ms, here)
        return _in_order(told)

    def turned(self) -> list[int]:
        """The devices whose state may have changed without a reading since this was last asked."""
        rows: list[int] = []
        for one in self._of_kind:
            rows += [self._rows[one.devices[row].id] for row in one.desk.turned]
            one.desk.turned.clear()
        return rows

    def pack(self, rows: Sequence[int] | Rows) -> bytes:
        """The state of these devices in one piece, to be kept elsewhere."""
        return packing.pack(self._of_kind, *self._apart(rows))

    def pack_each(self, rows: Rows) -> list[bytes]:
        """The state of these devices, a piece for each, which costs more than all in one."""
        return packing.pack_each(self._of_kind, self._kind_of[rows], self._row_of[rows])

    def unpack(self, rows: Sequence[int] | Rows, data: bytes) -> None:
        """Take up the state of ``rows`` as packed; a device that is not in it begins anew, as does a changed rule.

        Devices are known by their ids, so that rows may have other numbers than when they were packed. Raises
        ``ValueError`` for bytes that this version cannot read.
        """
        packing.unpack(self._of_kind, *self._apart(rows), data)

    def unpack_each(self, rows: Rows, packed: Sequence[bytes]) -> None:
        """As ``unpack`` for pieces of one device each."""
        packing.unpack_each(self._of_kind, self._kind_of[rows], self._row_of[rows], packed)

    def _apart(self, rows: Sequence[int] | Rows) -> tuple[Rows, Rows]:
        asked = np.asarray(rows, np.int64)
        if not (asked[1:] > asked[:-1]).all():
            asked = np.unique(asked)
        return self._kind_of[asked], self._row_of[asked]


def _in_order(told: list[Told]) -> list[Signal]:
    told.sort(key=lambda one: one[0])
    return [signal for _, signal in told]
