"""Devices of the demo city, and a table of them as a city writes it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from domain.device import Device
from domain.place import Crs
from runtime.assets.load import Into, LoadTally, load_table
from runtime.devices.table import DeviceTable
from runtime.importing.report import ReportFile
from runtime.importing.rows import RowFile
from store.devices import DeviceRow
from tests.assets import filled, remarks, remarks_of
from tests.demo_city import pack, spot

__all__ = ["a_device", "a_row", "brought", "remarks"]

_COLUMNS = {
    "id": "设备编号", "kind": "设备类型", "gateway": "网关", "name": "设备名称", "network": "所属管网",
    "unit": "责任单位", "accuracy": "测量精度", "limits": "限值", "active": "启用", "grid": "所在单元网格",
}  # fmt: skip


def a_device(device: str, n: int = 0, **changes: Any) -> Device:
    """A water gauge in the middle of the n-th grid that speaks for itself."""
    usual = Device(device, "water-level", device, point=spot(n))
    return replace(usual, **changes)


def a_row(device: str, n: int = 0, **said: str) -> dict[str, str]:
    """A row of a table, its cells by Chinese names; ``said`` goes by attribute."""
    cells = {"id": device, "kind": "water-level", **dict.fromkeys(list(_COLUMNS)[2:], ""), **said}
    at = spot(n)
    return {**{_COLUMNS[key]: cell for key, cell in cells.items()}, "经度": str(at.lon), "纬度": str(at.lat)}


async def brought(
    into: Into[DeviceRow], path: Path, *rows: Mapping[str, str], crs: Crs = Crs.WGS84, mapping: Path | None = None
) -> LoadTally:
    """Write rows to a file and bring it in; remarks lie beside it."""
    quoted = [{name: cell.replace('"', '""') for name, cell in row.items()} for row in rows]
    filled(path, *quoted)
    reader = DeviceTable(mapping)
    with RowFile(path, "utf-8", reader.delimiter) as table, ReportFile(remarks_of(path)) as report:
        judge, places = reader.begin(table.header, pack(), crs)
        return await load_table(table, judge, places, into, report)
