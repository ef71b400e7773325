"""What the columns of a register's table mean: the standards' own names are known, a mapping names the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

from pydantic import Field

from domain.asset import AssetState
from domain.errors import Fault, Invalid
from domain.place import Crs
from runtime.citypack.files import PackFiles
from runtime.citypack.yaml import Section, read_yaml, reader

# Attribute: the greatest length (GB/T 47678.5-2026, table 2), and the names of its column: that table's, those of the
# editions before it, and Chinese ones. Positions stand in no table of the standard. X and Y are not among their names:
# to surveyors X points north.
ATTRIBUTES: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "code": (17, ("GLBJBSM", "ObjID", "管理部件标识码", "部件标识码", "标识码")),
    "name": (30, ("GLBJMC", "ObjName", "管理部件名称", "部件名称", "名称")),
    "authority_code": (18, ("ZGBMDM", "DeptCode1", "主管部门代码")),
    "authority_name": (100, ("ZGBMMC", "DeptName1", "主管部门名称", "主管部门")),
    "owner_code": (18, ("QSDWDM", "DeptCode2", "权属单位代码")),
    "owner_name": (100, ("QSDWMC", "DeptName2", "权属单位名称", "权属单位")),
    "maintainer_code": (18, ("YHDWDM", "DeptCode3", "养护单位代码")),
    "maintainer_name": (100, ("YHDWMC", "DeptName3", "养护单位名称", "养护单位")),
    "grid": (15, ("SZDYWGBSM", "BGID", "所在单元网格标识码", "单元网格标识码", "所在单元网格")),
    "state": (10, ("GLBJZT", "ObjState", "管理部件状态", "部件状态", "状态")),
    "first_on": (10, ("CSRQ", "ORDate", "初始日期")),
    "changed_on": (10, ("BGRQ", "CHDate", "变更日期")),
    "source": (30, ("SJLY", "DataSource", "数据来源")),
    "note": (1000, ("BZ", "Note", "备注")),
    "street_code": (9, ("SZJDDM", "所在街道(镇、乡)代码", "所在街道代码", "街道代码")),
    "street_name": (50, ("SZJDMC", "所在街道(镇、乡)名称", "所在街道名称", "所在街道", "街道名称")),
    "community_code": (12, ("SZSQDM", "所在社区(村)代码", "所在社区代码", "社区代码")),
    "community_name": (50, ("SZSQMC", "所在社区(村)名称", "所在社区名称", "所在社区", "社区名称")),
    "lon": (24, ("lon", "lng", "longitude", "经度")),
    "lat": (24, ("lat", "latitude", "纬度")),
    "accuracy": (4, ("accuracy", "精度等级", "精度")),
}
REQUIRED = ("code", "name", "authority_code", "authority_name", "state", "first_on")
"""What the standard asks of every component; the grid too, but a position gives it."""

STATES: Mapping[str, AssetState] = {
    "完好": AssetState.INTACT,
    "破损": AssetState.DAMAGED,
    "丢失": AssetState.MISSING,
    "废弃": AssetState.ABANDONED,
    "移除": AssetState.REMOVED,
    **{state.value: state for state in AssetState},
}

_WIDE = str.maketrans("（）", "()")

Attribute = Annotated[str, reader("word-unknown", "an attribute of docs/assets.md", lambda name: _attribute(name))]
Word = Annotated[AssetState, reader("word-unknown", f"one of {'、'.join(STATES)}", STATES.__getitem__)]


class AssetMapping(Section):
    """The mapping file. ``columns`` names the columns whose names are the city's own, by attribute.

    ``constants`` hold where a cell is empty or the column is absent. ``states`` gives the city's words for the five of
    the standard. Cells that stand in ``not_given`` count as empty. ``delimiter`` None is told by the header.
    """

    columns: Mapping[Attribute, Annotated[str, Field(min_length=1)]] = Field(default={})
    constants: Mapping[Attribute, Annotated[str, Field(min_length=1)]] = Field(default={})
    states: Mapping[str, Word] = Field(default={})
    not_given: tuple[str, ...] = ("", "-", "/", "无")
    crs: Annotated[Crs, reader("crs-unknown", f"one of {', '.join(Crs)}", Crs)] | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None


def read_asset_mapping(path: Path) -> AssetMapping:
    """The mapping in a YAML file. Raises ``Invalid`` naming every fault with its line."""
    files = PackFiles(path.parent, path.parent)
    document = read_yaml(files, path.name, AssetMapping)
    faults = tuple(files.findings.faults)
    if document is None or document.content is None or faults:
        raise Invalid("mapping-invalid", "列映射文件有误", f"{len(faults)} faults in {path.name}", faults)
    return document.content


class Mapped(Protocol):
    """What a layout asks of a mapping: the city's own columns and the constants, by attribute."""

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns by attribute."""

    @property
    def constants(self) -> Mapping[str, str]:
        """What holds where a cell is empty or the column is absent."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """The attributes a register knows, as ``ATTRIBUTES`` has them, and those every row must have."""

    known: Mapping[str, tuple[int, tuple[str, ...]]]
    required: tuple[str, ...]

    def by_header(self) -> dict[str, str]:
        """The attributes by the names of their columns in small letters."""
        return {header.lower(): name for name, (_, headers) in self.known.items() for header in headers}


ASSETS = Attributes(ATTRIBUTES, REQUIRED)


class Layout:
    """Which cell of a row is which attribute; ``others`` are the columns nobody asks for, by place.

    Raises ``Invalid`` with code ``csv-header``.
    """

    def __init__(self, header: Sequence[str], mapping: Mapped, attributes: Attributes = ASSETS) -> None:
        self.width = len(header)
        self._attributes, by_header = attributes, attributes.by_header()
        named = {column: name for name, column in mapping.columns.items()}
        self._at: dict[str, int] = {}
        self.others: dict[int, str] = {}
        for place, column in enumerate(header):
            known = by_header.get(column.translate(_WIDE).lower())
            name = named.get(column) or (known if known not in mapping.columns else None)
            if name is None:
                self.others[place] = column
            elif name in self._at:
                both = f"{header[self._at[name]]} and {column} both are {name}"
                raise Invalid("csv-header", "表头缺失或有误", both, (Fault(column, "column-repeated"),))
            else:
                self._at[name] = place
        self._header = tuple(header)
        self._check(mapping)

    def place(self, attribute: str) -> int:
        """Where the attribute's cell is; one past the last cell where the table has none."""
        return self._at.get(attribute, self.width)

    def column(self, attribute: str) -> str:
        """The name of its column, or the attribute's own where the table has none."""
        return self._header[self._at[attribute]] if attribute in self._at else attribute

    @property
    def positioned(self) -> bool:
        """Whether the table has positions."""
        return "lon" in self._at

    def _check(self, mapping: Mapped) -> None:
        known, required = self._attributes.known, self._attributes.required
        absent = [column for column in mapping.columns.values() if column not in self._header]
        absent += [known[name][1][0] for name in required if name not in self._at and name not in mapping.constants]
        if ("lon" in self._at) is not ("lat" in self._at):
            absent += ["lat" if "lon" in self._at else "lon"]
        if not self.positioned and "grid" not in self._at:
            absent += [known["grid"][1][0]]
        if absent:
            faults = tuple(Fault(column, "column-missing") for column in dict.fromkeys(absent))
            raise Invalid("csv-header", "表头缺失或有误", ", ".join(fault.pointer for fault in faults), faults)


def _attribute(name: str) -> str:
    if name not in ATTRIBUTES:
        raise ValueError(name)
    return name
