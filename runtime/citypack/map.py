"""The map of a city pack: ``areas.csv``, and ``areas.geojson`` where the areas are drawn, as an atlas."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import shapely

from domain.errors import Invalid
from domain.place import Level
from geo.atlas import Area, Atlas
from runtime.citypack.files import PackFiles
from runtime.citypack.tables import Row, Table, read_table, reject_repeated

_AREAS = Table("areas.csv", ("code", "name", "level"), ("parent", "aliases"))
_SHAPES = "areas.geojson"
_CODE = re.compile(r'"code"\s*:\s*"?([^",}\s]+)')


@dataclass(frozen=True)
class CityMap:
    """The atlas, None where the map has faults, and all area codes that are declared (None if nothing was read)."""

    atlas: Atlas | None
    declared: frozenset[str] | None

    @property
    def depths(self) -> dict[str, int]:
        """How deep each area lies, 0 for the city; all 0 without an atlas."""
        if self.atlas is None:
            return dict.fromkeys(self.declared or (), 0)
        return {code: len(path) - 1 for code, path in self.atlas.tree.paths.items()}


def read_map(files: PackFiles) -> CityMap:
    """Read and check the map; what is wrong with it is noted."""
    rows = read_table(files, _AREAS)
    if rows is None:
        return CityMap(None, None)
    reject_repeated(rows, "code")
    declared = frozenset(row["code"] for row in rows)
    shapes = _Shapes.read(files)
    for code in shapes.polygons:
        if code not in declared:
            files.findings.fault(shapes.at(code), "area-unknown", code)
    levels = [row.word("level", Level, Level.GRID) for row in rows]
    aliases = [row.names("aliases") for row in rows]
    kept: list[tuple[Row, Area]] = []
    for row, level, also in zip(rows, levels, aliases, strict=True):
        if row.ok:
            area = Area(row["code"], row["name"], level, row["parent"] or None, shapes.polygons.get(row["code"]), also)
            kept.append((row, area))
    return CityMap(_build(kept, declared, shapes, files), declared)


def _build(kept: list[tuple[Row, Area]], declared: frozenset[str], shapes: "_Shapes", files: PackFiles) -> Atlas | None:
    try:
        return Atlas.build(area for _, area in kept)
    except Invalid as error:
        for fault in error.faults:
            # the atlas addresses faults by position and field: "/17/parent"
            _, position, field = fault.pointer.split("/")
            row, area = kept[int(position)]
            if fault.code == "unknown-parent" and area.parent in declared:
                continue  # the parent's own row is at fault
            at = shapes.at(area.code) if field == "polygon" else row.at
            files.findings.fault(at, fault.code, fault.hint)
        return None


@dataclass(frozen=True)
class _Shapes:
    """Polygons by area code, and the text they came from, in which a fault's line is looked up when one is found."""

    text: str
    polygons: Mapping[str, Any]

    @classmethod
    def read(cls, files: PackFiles) -> "_Shapes":
        text = files.text(_SHAPES, required=False) or ""
        polygons: dict[str, Any] = {}
        shapes = cls(text, polygons)
        if not text:
            return shapes
        try:
            features = [*json.loads(text)["features"]]
        except json.JSONDecodeError as error:
            files.findings.fault(f"{_SHAPES}:{error.lineno}", "json-malformed")
            return shapes
        except (KeyError, TypeError):
            files.findings.fault(f"{_SHAPES}:1", "geojson-malformed", "a FeatureCollection wanted")
            return shapes
        for number, feature in enumerate(features, start=1):
            try:
                code, geometry = str(feature["properties"]["code"]), shapely.geometry.shape(feature["geometry"])
            except Exception:  # shapely raises whatever its parser meets, down to AttributeError
                files.findings.fault(f"{_SHAPES}:1", "geojson-malformed", f"feature {number}: no code or no shape")
                continue
            if code in polygons:
                files.findings.fault(shapes.at(code, again=True), "duplicate-id", code)
            polygons[code] = geometry
        return shapes

    @cached_property
    def lines(self) -> Mapping[str, list[int]]:
        """The lines where each code is given, found only when there is a fault to place."""
        found: dict[str, list[int]] = defaultdict(list)
        line, end = 1, 0
        for match in _CODE.finditer(self.text):
            line, end = line + self.text.count("\n", end, match.start()), match.start()
            found[match[1]].append(line)
        return found

    def at(self, code: str, *, again: bool = False) -> str:
        """The address of the feature with this code; of its second one if ``again``."""
        lines = self.lines.get(code, [1])
        return f"{_SHAPES}:{lines[min(int(again), len(lines) - 1)]}"
