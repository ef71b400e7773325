"""The map of a city pack: ``areas.csv``, and ``areas.geojson`` where the areas are drawn, as atlases over time."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import shapely

from dispatch.tree import Tree
from domain.errors import Invalid
from domain.place import Level
from geo.areas import Area
from geo.atlas import Atlas
from geo.atlases import Atlases
from geo.topology import Finding, findings
from runtime.citypack.files import PackFiles
from runtime.citypack.shapes import Shapes
from runtime.citypack.tables import Row, Table, read_table, reject_repeated

_AREAS = Table("areas.csv", ("code", "name", "level"), ("parent", "aliases", "valid_from", "valid_to"))
_SHAPES, _UNDIVIDED = "areas.geojson", "undivided.geojson"
# The standard allows no overlap of unit grids; the rest the atlas answers with a doubt, and a person should look.
_REFUSED = frozenset({"grids-overlap"})

Kept = tuple[Row, Area]


@dataclass(frozen=True)
class CityMap:
    """The versions of the map, None where it has faults, and all area codes declared (None if nothing was read)."""

    atlases: Atlases | None
    declared: frozenset[str] | None

    @property
    def area_tree(self) -> Tree:
        """The areas of all times as rules speak of them; without an atlas all of them side by side."""
        if self.atlases is None:
            return Tree.build((code,) for code in sorted(self.declared or ()))
        return Tree.build(self.atlases.paths.values())

    @property
    def atlas(self) -> Atlas | None:
        """The newest version of the map."""
        return self.atlases.last if self.atlases else None


def read_map(files: PackFiles) -> CityMap:
    """Read and check the map; what is wrong with it is noted."""
    rows = read_table(files, _AREAS)
    if rows is None:
        return CityMap(None, None)
    reject_repeated(rows, "code", "valid_from")
    declared = frozenset(row["code"] for row in rows)
    shapes = Shapes.read(files, _SHAPES)
    _reject_strangers({(row["code"], row["valid_from"]) for row in rows}, declared, shapes, files)
    kept = [(row, area) for row in rows if (area := _area(row, shapes))]
    before = len(files.findings.faults)
    undivided = _undivided(files)
    atlases = _build(kept, declared, shapes, files)
    if atlases is not None and len(files.findings.faults) == before:
        _check_topology(atlases, undivided, shapes, files)
    return CityMap(atlases, declared)


def _area(row: Row, shapes: Shapes) -> Area | None:
    level, aliases = row.word("level", Level, Level.GRID), row.names("aliases")
    valid = row.validity("valid_from", "valid_to")
    if not row.ok:
        return None
    polygon = shapes.of(row["code"], row["valid_from"])
    return Area(row["code"], row["name"], level, row["parent"] or None, polygon, aliases, valid.first, valid.last)


def _reject_strangers(rows: set[tuple[str, str]], declared: frozenset[str], shapes: Shapes, files: PackFiles) -> None:
    """Note drawings of areas that the table does not have, or has from no such day."""
    for code, begin in shapes.polygons:
        if code not in declared:
            files.findings.fault(shapes.at(code), "area-unknown", code)
        elif begin and (code, begin) not in rows:
            files.findings.fault(shapes.at(code), "area-unknown", f"{code} from {begin}")


def _undivided(files: PackFiles) -> Any:
    """The ground that is in no part on purpose; None if there is none, or if it cannot be read, which is noted."""
    shapes = Shapes.read(files, _UNDIVIDED, coded=False)
    for (number, _), polygon in shapes.polygons.items():
        if not polygon.is_valid:
            files.findings.fault(_UNDIVIDED, "invalid-ring", f"{number}: {shapely.is_valid_reason(polygon)}")
            return None
    return shapely.union_all([*shapes.polygons.values()]) if shapes.polygons else None


def _build(kept: list[Kept], declared: frozenset[str], shapes: Shapes, files: PackFiles) -> Atlases | None:
    try:
        return Atlases.build(area for _, area in kept)
    except Invalid as error:
        present = {area.code for _, area in kept}
        for fault in error.faults:
            # the atlases address faults by position and field: "/17/parent"
            _, position, field = fault.pointer.split("/")
            row, area = kept[int(position)]
            code = fault.code
            if code == "unknown-parent" and area.parent in declared:
                if area.parent not in present:
                    continue  # the parent's own row is at fault
                code = "parent-not-in-force"
            files.findings.fault(shapes.at(area.code) if field == "polygon" else row.at, code, fault.hint)
        return None


def _check_topology(atlases: Atlases, undivided: Any, shapes: Shapes, files: PackFiles) -> None:
    """Note what does not fit together on any version, once."""
    found: Iterable[Finding] = (each for atlas in atlases.versions for each in findings(atlas, undivided))
    for each in dict.fromkeys(found):
        note = files.findings.fault if each.code in _REFUSED else files.findings.warn
        note(shapes.at(each.areas[0]) if each.areas else _SHAPES, each.code, str(each))
