"""The tree of areas, city to unit grid: what one area is, and the checks a map must pass before anyone relies on it.

Built by the atlas from what a city pack says; pure.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

import shapely

from domain.errors import Fault, Invalid
from domain.place import LEVELS, Doubt, Level, Place

# 6 area + 3 street + 3 community + 3 serial; cities use letters too (DB11 unit grid division 5.2-5.4)
_GRID_CODE = re.compile(r"[0-9A-Za-z]{15}")
_DEPTH = {level: depth for depth, level in enumerate(LEVELS)}


@dataclass(frozen=True, slots=True)
class Area:
    """One administrative area or unit grid.

    ``polygon`` is a shapely Polygon or MultiPolygon in degrees (longitude, latitude; CGCS2000 or WGS-84), or None
    where only the name is known. ``aliases`` are other names people use for it. The area is in force from the day
    ``valid_from`` to the day ``valid_to``, both included (生效日期, 失效日期); None: since ever, until further notice.
    """

    code: str
    name: str
    level: Level
    parent: str | None = None
    polygon: Any = None
    aliases: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None

    def holds(self, day: date) -> bool:
        """Whether the area is in force on ``day`` (local)."""
        return (self.valid_from or date.min) <= day <= (self.valid_to or date.max)


@dataclass(frozen=True, slots=True, eq=False)
class AreaTree:
    """All areas by code in order of code, the way down to each, and one shared place value for each.

    ``version`` is what the places say of the map they were found on.
    """

    areas: Mapping[str, Area]
    paths: Mapping[str, tuple[str, ...]]
    places: Mapping[str, Place]
    version: str = ""

    @classmethod
    def build(cls, areas: Iterable[Area], version: str = "") -> "AreaTree":
        """The tree of ``areas``, given in any order. Raises Invalid with every fault found, not only the first."""
        given = tuple(areas)
        faults = tuple(_faults(given))
        if faults:
            raise Invalid("map-invalid", "地图区划数据有误", f"{len(faults)} faults", faults)
        by_code = {area.code: area for area in sorted(given, key=lambda area: area.code)}
        paths: dict[str, tuple[str, ...]] = {}
        for area in sorted(given, key=lambda area: _DEPTH[area.level]):
            paths[area.code] = (paths[area.parent] if area.parent else ()) + (area.code,)
        with_children = {area.parent for area in given}
        places = {code: _place(by_code[code], path, code in with_children, version) for code, path in paths.items()}
        return cls(MappingProxyType(by_code), MappingProxyType(paths), MappingProxyType(places), version)

    def within(self, code: str) -> tuple[str, ...]:
        """Codes of the area itself and of everything below it, in order of code. Raises KeyError if unknown."""
        depth = len(self.paths[code])
        return tuple(c for c in self.areas if self.paths[c][depth - 1 : depth] == (code,))

    def shared_path(self, codes: Sequence[str]) -> tuple[str, ...]:
        """The part of the way down that all ``codes`` share, from the top; empty if they share nothing."""
        shared = self.paths[codes[0]]
        for code in codes[1:]:
            path = self.paths[code]
            length = next((i for i, (a, b) in enumerate(zip(shared, path, strict=False)) if a != b), None)
            shared = shared[: min(len(shared), len(path)) if length is None else length]
        return shared

    def ambiguous(self, codes: Iterable[str]) -> Place:
        """The place of what may be any of ``codes``: the part of the way they share, all of them as candidates."""
        candidates = tuple(sorted(set(codes)))
        return Place(self.shared_path(candidates), None, Doubt.AMBIGUOUS, 0.0, candidates, self.version)


def grid_of(area: Area) -> str | None:
    """The unit grid code of an area, None for anything coarser."""
    return area.code if area.level is Level.GRID else None


def _place(area: Area, path: tuple[str, ...], has_children: bool, version: str) -> Place:
    # Knowing an area that is divided further leaves the question which part; knowing an undivided one does not.
    return Place(path, grid_of(area), Doubt.COARSE if has_children else Doubt.NONE, version=version)


def _faults(areas: Sequence[Area]) -> Iterator[Fault]:
    first_of: dict[str, Area] = {}
    for area in areas:
        first_of.setdefault(area.code, area)
    for i, area in enumerate(areas):
        if first_of[area.code] is not area:
            yield Fault(f"/{i}/code", "duplicate-code", area.code)
        if area.level is Level.GRID and not _GRID_CODE.fullmatch(area.code):
            yield Fault(f"/{i}/code", "grid-code-malformed", f"{len(area.code)} characters, 15 wanted")
        if not area.name.strip():
            yield Fault(f"/{i}/name", "name-missing", area.code)
        if area.parent is not None:
            parent = first_of.get(area.parent)
            if parent is None:
                yield Fault(f"/{i}/parent", "unknown-parent", area.parent)
            elif _DEPTH[parent.level] >= _DEPTH[area.level]:  # strictly coarser also rules out circles
                yield Fault(f"/{i}/parent", "parent-not-coarser", f"{parent.level} over {area.level}")
        if area.polygon is not None:
            yield from _polygon_faults(f"/{i}/polygon", area)


def _polygon_faults(pointer: str, area: Area) -> Iterator[Fault]:
    polygon = area.polygon
    if polygon.geom_type not in ("Polygon", "MultiPolygon") or polygon.is_empty:
        yield Fault(pointer, "not-a-polygon", area.code)
        return
    west, south, east, north = polygon.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        yield Fault(pointer, "not-in-degrees", area.code)
    if not polygon.is_valid:
        yield Fault(pointer, "invalid-ring", f"{area.code}: {shapely.is_valid_reason(polygon)}")
