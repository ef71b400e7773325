"""The map over time: one atlas for each stretch in which no area begins or ends, asked at a date.

A case keeps the version it was filed under (``Place.version``); what its grid became is told by ``successors``.
Built by the runtime from a city pack; pure.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import ArrayLike

from domain.errors import Fault, Invalid
from domain.place import Place
from geo.areas import Area
from geo.atlas import BORDER_M, NEAREST_M, Atlas

_DAY = timedelta(days=1)
_LEAST_SHARE = 0.01  # of the old area: less than that is the two drawings' noise along an edge

When = date | Sequence[date] | None


@dataclass(frozen=True, slots=True)
class Successor:
    """An area that lies where an older one lay, and the share of the older one's ground it holds, 0 to 1."""

    code: str
    share: float


@dataclass(frozen=True, eq=False)
class Atlases:
    """All versions of a city's map in order of time; ``begins`` are their first days, the first ``date.min``."""

    versions: tuple[Atlas, ...]
    begins: tuple[date, ...]

    @classmethod
    def build(cls, areas: Iterable[Area], *, border_m: float = BORDER_M, nearest_m: float = NEAREST_M) -> "Atlases":
        """Cut the time wherever an area begins or ends, and index what holds in each stretch.

        One code may stand for different drawings at different times, not at one time. What two versions show alike
        is kept once. Raises Invalid with the faults of all versions, each told once, addressed by the position of
        the area in ``areas``.
        """
        given = tuple(areas)
        faults = [*_period_faults(given)]
        ends = {area.valid_to + _DAY for area in given if area.valid_to and area.valid_to < date.max}
        cuts = sorted({date.min, *ends} | {area.valid_from for area in given if area.valid_from})
        versions: list[Atlas] = []
        begins: list[date] = []
        for begin in cuts if not faults else ():
            at = [n for n, area in enumerate(given) if area.holds(begin)]
            if not at and not versions and begin != cuts[-1]:
                continue  # before the first map there was none
            name = begin.isoformat() if begin != date.min else ""
            drawn = next((atlas for atlas in reversed(versions) if atlas.layers), None)
            members = [given[n] for n in at]
            try:
                atlas = Atlas.build(members, border_m=border_m, nearest_m=nearest_m, version=name, like=drawn)
            except Invalid as error:
                faults += [replace(fault, pointer=_readdressed(fault.pointer, at)) for fault in error.faults]
                continue
            versions.append(atlas)
            begins.append(begin)
        if faults:
            told = tuple(dict.fromkeys(faults))
            raise Invalid("map-invalid", "地图区划数据有误", f"{len(told)} faults", told)
        return cls(tuple(versions), tuple(begins))

    @property
    def last(self) -> Atlas:
        """The newest version, in force already or not."""
        return self.versions[-1]

    def at(self, day: date) -> Atlas:
        """The version in force on a day; before the first one began, the first."""
        return self.versions[max(bisect_right(self.begins, day) - 1, 0)]

    def version(self, name: str) -> Atlas:
        """The version that places call ``name``; of a name nobody knows any more, the first.

        A map whose past was cut off the pack still answers for the cases of that past, as well as it can.
        """
        return next((atlas for atlas in self.versions if atlas.version == name), self.versions[0])

    @cached_property
    def areas(self) -> Mapping[str, Area]:
        """Every area there ever was by code, as it was drawn last; so that old cases keep their names."""
        return {code: area for atlas in self.versions for code, area in atlas.tree.areas.items()}

    @cached_property
    def paths(self) -> Mapping[str, tuple[str, ...]]:
        """The way from the top down to every area there ever was, as it was last."""
        return {code: path for atlas in self.versions for code, path in atlas.tree.paths.items()}

    def locate_many(self, lons: ArrayLike, lats: ArrayLike, at: When = None) -> list[Place]:
        """As ``Atlas.locate_many``, on the version of a day, of each point's own day, or (None) on the newest.

        Raises ValueError if the arrays, or a sequence of days, differ in length.
        """
        lon, lat = np.asarray(lons, dtype=np.float64), np.asarray(lats, dtype=np.float64)
        if not isinstance(at, Sequence):
            return (self.at(at) if at else self.last).locate_many(lon, lat)
        if not lon.shape == lat.shape == (len(at),):
            raise ValueError(f"lengths differ: longitudes {lon.shape}, latitudes {lat.shape}, days {len(at)}")
        places: list[Place] = [Place()] * len(at)
        for atlas, members in self._by_version(at):
            for n, place in zip(members, atlas.locate_many(lon[members], lat[members]), strict=True):
                places[n] = place
        return places

    def locate_named_many(self, names: Sequence[tuple[str, ...]], at: When = None) -> list[Place]:
        """As ``Atlas.locate_named_many``, with ``at`` as in ``locate_many``. Raises ValueError if lengths differ."""
        if not isinstance(at, Sequence):
            return (self.at(at) if at else self.last).locate_named_many(names)
        if len(names) != len(at):
            raise ValueError(f"lengths differ: names {len(names)}, days {len(at)}")
        places: list[Place] = [Place()] * len(at)
        for atlas, members in self._by_version(at):
            for n, place in zip(members, atlas.locate_named_many([names[n] for n in members]), strict=True):
                places[n] = place
        return places

    def successors(self, code: str, version: str, at: date) -> tuple[Successor, ...]:
        """What lies, on the map of the day ``at``, where an area lay under ``version``; the largest share first.

        A grid that was split has several successors, merged ones share theirs, an unchanged one is its own; parts
        below 1 % of the old area are left out. An area that was never drawn is its own successor while its code
        holds, else has none. Raises KeyError if that version has no such area.
        """
        old, new = self.version(version), self.at(at)
        area = old.area(code)
        kept = new.tree.areas.get(code)
        if kept is not None and (kept.polygon is area.polygon or area.polygon is None):
            return (Successor(code, 1.0),)
        layer = new.layer(area.level)
        if area.polygon is None or layer is None:
            return ()
        ground = new.plane.lay(np.array([area.polygon], dtype=object))[0]
        near = layer.tree.query(ground)
        shares = shapely.area(shapely.intersection(layer.polygons[near], ground)) / ground.area
        found = [Successor(layer.codes[n], float(share)) for n, share in zip(near, shares, strict=True)]
        kept_shares = (each for each in found if each.share >= _LEAST_SHARE)
        return tuple(sorted(kept_shares, key=lambda each: (-each.share, each.code)))

    def _by_version(self, days: Sequence[date]) -> Iterator[tuple[Atlas, list[int]]]:
        members: dict[int, list[int]] = {}
        for n, day in enumerate(days):
            members.setdefault(max(bisect_right(self.begins, day) - 1, 0), []).append(n)
        for version, found in members.items():
            yield self.versions[version], found


def _period_faults(areas: Sequence[Area]) -> Iterator[Fault]:
    for n, area in enumerate(areas):
        if area.valid_from and area.valid_to and area.valid_from > area.valid_to:
            yield Fault(f"/{n}/valid_to", "validity-empty", f"{area.code}: {area.valid_from} to {area.valid_to}")


def _readdressed(pointer: str, at: Sequence[int]) -> str:
    _, position, field = pointer.split("/")
    return f"/{at[int(position)]}/{field}"
