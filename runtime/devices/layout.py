"""What the columns of a table of devices mean: English and Chinese names are known, a mapping names the others."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from domain.errors import Invalid
from domain.place import Crs
from runtime.assets.layout import Attributes
from runtime.citypack.files import PackFiles
from runtime.citypack.yaml import Section, read_yaml, reader

# Attribute: the greatest length, and the names of its column.
ATTRIBUTES: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "id": (64, ("id", "device", "设备编号", "设备标识", "设备编码")),
    "kind": (64, ("kind", "设备类型", "类型")),
    "gateway": (64, ("gateway", "网关", "网关编号")),
    "name": (100, ("name", "设备名称", "名称")),
    "grid": (15, ("grid", "所在单元网格标识码", "单元网格标识码", "所在单元网格")),
    "network": (64, ("network", "所属管网", "所属网络")),
    "unit": (100, ("unit", "责任单位", "权属单位")),
    "component": (17, ("component", "部件标识码")),
    "accuracy": (24, ("accuracy", "测量精度", "精度")),
    "limits": (2000, ("limits", "限值")),
    "active": (5, ("active", "启用")),
    "lon": (24, ("lon", "lng", "longitude", "经度")),
    "lat": (24, ("lat", "latitude", "纬度")),
}
DEVICES = Attributes(ATTRIBUTES, ("id", "kind"))
"""What is asked of every device besides a grid or a position."""

Attribute = Annotated[str, reader("word-unknown", "an attribute of docs/devices.md", lambda name: _attribute(name))]


class DeviceMapping(Section):
    """The mapping file. ``columns`` names the columns whose names are the city's own, by attribute.

    ``constants`` hold where a cell is empty or the column is absent. ``kinds`` gives the city's words for kinds. Cells
    that stand in ``not_given`` count as empty. ``delimiter`` None is told by the header.
    """

    columns: Mapping[Attribute, Annotated[str, Field(min_length=1)]] = Field(default={})
    constants: Mapping[Attribute, Annotated[str, Field(min_length=1)]] = Field(default={})
    kinds: Mapping[str, str] = Field(default={})
    not_given: tuple[str, ...] = ("", "-", "/", "无")
    crs: Annotated[Crs, reader("crs-unknown", f"one of {', '.join(Crs)}", Crs)] | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None


def read_device_mapping(path: Path) -> DeviceMapping:
    """The mapping in a YAML file. Raises ``Invalid`` naming every fault with its line."""
    files = PackFiles(path.parent, path.parent)
    document = read_yaml(files, path.name, DeviceMapping)
    faults = tuple(files.findings.faults)
    if document is None or document.content is None or faults:
        raise Invalid("mapping-invalid", "列映射文件有误", f"{len(faults)} faults in {path.name}", faults)
    return document.content


def _attribute(name: str) -> str:
    if name not in ATTRIBUTES:
        raise ValueError(name)
    return name
