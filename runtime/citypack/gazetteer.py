"""The gazetteer of a city pack: ``gazetteer.csv``, or ``gazetteer.csv.gz`` for a large one, as an index.

A million rows are ordinary here, so that rows are read without the detour over ``tables``; faults are told alike.
"""

import csv
import gzip
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import Field

from domain.place import Crs, Point
from geo.atlas import Atlas
from geo.gazetteer import Bounds, Entry, EntryKind, Gazetteer, Precision
from runtime.citypack.fields import SureFrom
from runtime.citypack.files import Findings, PackFiles
from runtime.citypack.headers import HEADERS
from runtime.citypack.yaml import Section

FILES = ("gazetteer.csv", "gazetteer.csv.gz")
COLUMNS = ("id", "kind", "name", "aliases", "parts", "lon", "lat", "crs", "area")
_REQUIRED = ("id", "kind", "name")
_HEADERS = {
    **HEADERS,
    "曾用名": "aliases",
    "经度": "lon",
    "纬度": "lat",
    "坐标系": "crs",
    "网格": "area",
    "所属区域": "parts",
}
KIND_WORDS: Mapping[str, EntryKind] = {
    "门牌": EntryKind.ADDRESS,
    "道路": EntryKind.ROAD,
    "路口": EntryKind.CROSSING,
    "小区": EntryKind.ESTATE,
    "兴趣点": EntryKind.POI,
    "部件": EntryKind.COMPONENT,
    "区域": EntryKind.AREA,
}
PRECISION_WORDS: Mapping[Precision, str] = {
    Precision.BUILDING: "楼栋",
    Precision.HOUSE_NUMBER: "门牌",
    Precision.POI: "兴趣点",
    Precision.CROSSING: "路口",
    Precision.INTERPOLATED: "门牌内插",
    Precision.ROAD_SEGMENT: "路段",
    Precision.ROAD: "道路",
    Precision.COMMUNITY: "社区",
    Precision.STREET: "街道",
    Precision.DISTRICT: "区县",
}
_KINDS = {**KIND_WORDS, **{kind.value: kind for kind in EntryKind}}
_SYSTEMS = {crs.value: crs for crs in Crs} | {crs.name: crs for crs in Crs}

Share = Annotated[float, Field(ge=0, le=1)]


class GazetteerBlock(Section):
    """The ``gazetteer:`` block of ``pack.yaml``: ``geo.address.answers.Bounds``, whose values hold by default."""

    certain_from: SureFrom | None = None
    margin: Share | None = None
    like_from: Annotated[float, Field(ge=0.5, le=1)] | None = None
    point_within_m: Annotated[float, Field(ge=0, le=1000)] | None = None

    def bounds(self) -> Bounds:
        """From where on the gazetteer believes itself."""
        return Bounds(**{name: value for name, value in self if value is not None})


def read_gazetteer(files: PackFiles, atlas: Atlas | None, bounds: Bounds) -> Gazetteer | None:
    """The index of the pack's gazetteer; None where the pack has none, or no atlas to lay it on. Faults are noted."""
    entries = list(read_entries(files, atlas))
    return Gazetteer.build(entries, atlas, bounds) if entries and atlas is not None else None


def read_entries(files: PackFiles, atlas: Atlas | None) -> Iterator[Entry]:
    """The rows without faults, in order."""
    name = next((name for name in FILES if (files.folder / name).exists()), None)
    text = _text(files, name) if name else None
    if name is None or text is None:
        return
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = _Rows(name, files.findings, atlas)
    start = 1
    try:
        for cells in lines:
            at, start = f"{name}:{start}", lines.line_num + 1
            if not cells:
                continue
            if not rows.columns:
                if not rows.head(cells, at):
                    return
            elif entry := rows.entry(cells, at):
                yield entry
    except csv.Error:
        files.findings.fault(f"{name}:{start}", "csv-malformed", "a quotation mark is missing or out of place")


def _text(files: PackFiles, name: str) -> str | None:
    if not name.endswith(".gz"):
        return files.text(name)
    raw = (files.folder / name).read_bytes()
    files.seen[name] = raw
    try:
        return gzip.decompress(raw).decode("utf-8-sig")
    except (OSError, EOFError):
        files.findings.fault(name, "file-damaged")
    except UnicodeDecodeError:
        files.findings.fault(name, "encoding-invalid", "save the file as UTF-8")
    return None


class _Rows:
    """Rows of one file, checked one by one."""

    def __init__(self, file: str, findings: Findings, atlas: Atlas | None) -> None:
        self.columns: tuple[str, ...] = ()
        self._file = file
        self._findings = findings
        self._atlas = atlas
        self._first: dict[str, str] = {}

    def head(self, cells: Sequence[str], at: str) -> bool:
        """Take the first line; whether the rows can be read with it."""
        names = [cell.strip() for cell in cells]
        columns = tuple(_HEADERS.get(name, name) for name in names)
        sound = True
        for i, column in enumerate(columns):
            if column in columns[:i]:
                sound = self._fault(at, "column-repeated", names[i])
            elif column not in COLUMNS:
                sound = self._fault(at, "column-unknown", f"{names[i] or '(empty)'}; known are {', '.join(COLUMNS)}")
        for column in _REQUIRED:
            if column not in columns:
                sound = self._fault(at, "column-missing", column)
        self.columns = columns
        return sound

    def entry(self, cells: Sequence[str], at: str) -> Entry | None:
        """The entry of a line; None if it has a fault, which is noted."""
        if len(cells) != len(self.columns):
            self._fault(at, "cell-count", f"{len(cells)} cells, {len(self.columns)} wanted")
            return None
        row = dict(zip(self.columns, (cell.strip() for cell in cells), strict=True))
        sound = True
        for column in _REQUIRED:
            if not row[column]:
                sound = self._fault(at, "cell-empty", column)
        if row["id"] and self._first.setdefault(row["id"], at) != at:
            sound = self._fault(at, "duplicate-id", f"{row['id']}, first at {self._first[row['id']]}")
        kind = _KINDS.get(row["kind"])
        if row["kind"] and kind is None:
            sound = self._fault(at, "word-unknown", f"kind: one of {', '.join(EntryKind)}")
        point, known = self._point(row, at)
        area = row.get("area") or None
        if area and self._atlas is not None and area not in self._atlas.tree.areas:
            sound = self._fault(at, "area-unknown", area)
        if known and not area and (point is None or kind is EntryKind.AREA):
            sound = self._fault(at, "place-missing", row["id"])
        if kind is None or not (sound and known):
            return None
        aliases, parts = _list(row.get("aliases")), _list(row.get("parts"))
        return Entry(row["id"], kind, row["name"], aliases, parts, point, area)

    def _point(self, row: Mapping[str, str], at: str) -> tuple[Point | None, bool]:
        """The point of a row, None where it has none, and whether that is sound."""
        lon, lat, crs = row.get("lon", ""), row.get("lat", ""), row.get("crs", "")
        if not lon and not lat:
            return None, True
        if not lon or not lat:
            return None, self._fault(at, "coordinate-missing")
        system = _SYSTEMS.get(crs)
        if system is None:
            return None, self._fault(at, "crs-unknown", f"one of {', '.join(crs.name for crs in Crs)}")
        try:
            point = Point(float(lon), float(lat), system)
        except ValueError:
            return None, self._fault(at, "number-invalid", "lon, lat")
        if not (-180 <= point.lon <= 180 and -90 <= point.lat <= 90):
            return None, self._fault(at, "not-in-degrees", row.get("id", ""))
        return point, True

    def _fault(self, at: str, code: str, hint: str = "") -> bool:
        self._findings.fault(at, code, hint)
        return False


def _list(cell: str | None) -> tuple[str, ...]:
    return tuple(entry for part in cell.split("|") if (entry := part.strip())) if cell else ()
