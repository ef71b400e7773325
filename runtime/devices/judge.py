"""Judging the rows of a table of devices: what may come in, what may not and why, what a person should look at."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson

from domain.asset import ComponentCode
from domain.device import device_id, device_limits
from domain.errors import Fault, Invalid
from domain.place import Crs
from runtime.assets.cells import Cells
from runtime.assets.layout import Layout
from runtime.devices.layout import ATTRIBUTES, DEVICES, DeviceMapping
from runtime.importing.row import Row
from store.devices import DeviceRow

_PLACE = {name: place for place, name in enumerate(ATTRIBUTES)}
_NUMBER = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?")
_YES = dict.fromkeys(("", "1", "true", "yes", "y", "是", "启用"), True)
_NO = dict.fromkeys(("0", "false", "no", "n", "否", "停用"), False)
ACTIVE: Mapping[str, bool] = {**_YES, **_NO}
_UNDATED = date(1970, 1, 1)


@dataclass(slots=True)
class JudgedDevice:
    """A row that may come in; the position is still in the table's own system.

    ``code`` is its id. ``notes`` are for a person to look at, the attribute as pointer.
    """

    line: int
    code: str
    text: list[str]
    gateway: str
    unit: str | None
    component: str | None
    accuracy: float | None
    limits: str
    active: bool
    lon: float | None
    lat: float | None
    notes: list[Fault] = field(default_factory=list)

    @property
    def registered(self) -> str:
        """The grid as the table says; empty where it says none."""
        return self.text[_PLACE["grid"]]

    @property
    def dated(self) -> date:
        """Devices carry no date: of two rows the later one in the table counts."""
        return _UNDATED

    def row(self, lon: float | None, lat: float | None, crs: Crs, grid: str | None, area: str) -> DeviceRow:
        """Its row, at a place in WGS-84."""
        text = self.text
        return (
            self.code, text[_PLACE["kind"]], self.gateway, text[_PLACE["name"]], lon, lat,
            None if lon is None else crs.value, grid, area, text[_PLACE["network"]] or None, self.unit, self.component,
            self.accuracy, self.limits, self.active,
        )  # fmt: skip


class DeviceJudge:
    """Judges the rows of one table. ``units`` are the city's, id to name: a device's owner is one of them."""

    def __init__(self, layout: Layout, mapping: DeviceMapping, units: Mapping[str, str], crs: Crs | None) -> None:
        if layout.positioned and crs is None:
            raise Invalid("crs-missing", "未声明坐标系", f"name it with --crs or in the mapping: {', '.join(Crs)}")
        self.layout, self.key = layout, "id"
        self.crs = crs or Crs.WGS84
        self._cells = Cells(layout, DEVICES, mapping.not_given, mapping.constants)
        self._kinds = mapping.kinds
        self._units = {**{name: unit for unit, name in units.items()}, **{unit: unit for unit in units}}

    def judge(self, row: Row) -> JudgedDevice | tuple[Fault, ...]:
        """The row as it may come in, or everything that is wrong with it, the column as pointer."""
        text, _, faults = self._cells.read(row)
        return faults or self._judge(row.line, text)

    def _judge(self, line: int, text: list[str]) -> JudgedDevice | tuple[Fault, ...]:
        faults = self._cells.of_form(text, "every device has one")
        text[_PLACE["kind"]] = self._kinds.get(text[_PLACE["kind"]], text[_PLACE["kind"]])
        for name in ("id", "kind", "gateway", "network"):
            if text[_PLACE[name]]:
                self._told(faults, name, text, device_id)
        component = self._told(faults, "component", text, lambda said: str(ComponentCode.parse(said)))
        limits = self._told(faults, "limits", text, _limits)
        unit = self._of(faults, "unit", text, self._units, "unit-unknown", "a unit of the city pack, by id or name")
        active = self._of(faults, "active", text, ACTIVE, "word-unknown", "是 or 否")
        accuracy = self._accuracy(faults, text)
        at = self._cells.position(text, self.crs, faults)
        if not text[_PLACE["grid"]] and at is None:
            faults.append(Fault(self.layout.column("grid"), "place-missing", "a unit grid or a position"))
        if faults:
            return tuple(faults)
        lon, lat = at or (None, None)
        code = text[_PLACE["id"]]
        gateway = text[_PLACE["gateway"]] or code
        return JudgedDevice(
            line, code, text, gateway, unit, component, accuracy, limits or "{}", active is not False, lon, lat
        )

    def _told(self, faults: list[Fault], attribute: str, text: Sequence[str], read: Any) -> Any:
        """What the cell says, or None if it is empty or, with its faults noted, cannot be read."""
        said = text[_PLACE[attribute]]
        if not said:
            return None
        try:
            return read(said)
        except Invalid as error:
            faults += [Fault(self.layout.column(attribute), fault.code, fault.hint) for fault in error.faults]
            return None

    def _of(
        self, faults: list[Fault], attribute: str, text: Sequence[str], words: Mapping[str, Any], code: str, hint: str
    ) -> Any:
        said = text[_PLACE[attribute]]
        found = words.get(said, words.get(said.lower()))
        if said and found is None:
            faults.append(Fault(self.layout.column(attribute), code, hint))
        return found

    def _accuracy(self, faults: list[Fault], text: Sequence[str]) -> float | None:
        said = text[_PLACE["accuracy"]]
        if said and not _NUMBER.fullmatch(said):
            faults.append(Fault(self.layout.column("accuracy"), "number-invalid", "a number, in the kind's measure"))
            return None
        return float(said) if said else None


def _limits(said: str) -> str:
    """A JSON object of pairs of numbers as it is kept. Raises ``Invalid`` with code ``device-limits-invalid``."""
    try:
        tree = orjson.loads(said)
    except ValueError:
        tree = None
    return orjson.dumps(device_limits(tree if isinstance(tree, dict) else {"": ""})).decode()
