"""The atlas: where points and named areas lie, how sure that is, and what was done on a border or outside.

Immutable once built; the office asks it for whole batches. Pure: the runtime reads the map and hands the areas over.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from domain.place import LEVELS, Doubt, Level, Place
from geo.areas import Area, AreaTree, grid_of
from geo.layer import Indices, Layer
from geo.names import NameIndex
from geo.plane import Floats, Plane

__all__ = ["Area", "Atlas"]

_NOWHERE = Place(doubt=Doubt.NOWHERE)
BORDER_M, NEAREST_M = 2.0, 50.0
_CHUNK = 16_384  # points whose geometries fit the cache; making 200,000 at once takes twice the time for each


@dataclass(frozen=True, slots=True, eq=False)
class Atlas:
    """An index of areas at one time. Points are located on the deepest level that has polygons, the map's leaves.

    ``layers`` runs from the leaves up, over all levels that have polygons.
    """

    tree: AreaTree
    names: NameIndex
    plane: Plane
    layers: tuple[Layer, ...]
    leaf_places: NDArray[Any]
    border_m: float
    nearest_m: float

    @classmethod
    def build(
        cls,
        areas: Iterable[Area],
        *,
        border_m: float = BORDER_M,
        nearest_m: float = NEAREST_M,
        version: str = "",
        like: "Atlas | None" = None,
    ) -> "Atlas":
        """Index ``areas``, given in any order; their dates are not looked at.

        Within ``border_m`` metres of several leaves a point counts as on their border; up to ``nearest_m`` metres
        beside the leaves it is given to the nearest. ``version`` is what places say of this map. An atlas ``like``
        this one, of another time, lends its plane and whatever both show alike. Raises Invalid with every fault of
        the map, and ValueError unless 0 < border_m <= nearest_m, or if the other's border is another.
        """
        if not 0 < border_m <= nearest_m:
            raise ValueError(f"0 < border_m <= nearest_m wanted, got {border_m} and {nearest_m}")
        if like and like.border_m != border_m:
            raise ValueError(f"borders of {like.border_m} and {border_m} metres share nothing")
        tree = AreaTree.build(areas, version)
        drawn = [area for area in tree.areas.values() if area.polygon is not None]
        plane = like.plane if like and like.layers else _plane(drawn)
        layers = []
        for level in reversed(LEVELS):
            members = [area for area in drawn if area.level is level]
            if members:
                codes, shapes = [area.code for area in members], [area.polygon for area in members]
                layers.append(Layer.build(codes, shapes, plane, border_m, like.layer(level) if like else None))
        # One place for each leaf, and a last one that index -1 falls on.
        places = [tree.places[code] for code in layers[0].codes] if layers else []
        elsewhere = Place(doubt=Doubt.OUTSIDE, version=version) if layers else _NOWHERE
        leaf_places = np.array([*places, elsewhere], dtype=object)
        return cls(tree, NameIndex.build(tree), plane, tuple(layers), leaf_places, border_m, nearest_m)

    @property
    def version(self) -> str:
        """The version of the map, by its first day; empty if it has always held."""
        return self.tree.version

    def layer(self, level: Level) -> Layer | None:
        """The drawn areas of one level; None if none is drawn."""
        return next((layer for layer in self.layers if self.area(layer.codes[0]).level is level), None)

    def locate_many(self, lons: ArrayLike, lats: ArrayLike) -> list[Place]:
        """The place of each point; degrees in WGS-84 or CGCS2000, NaN or None where there is no position.

        The answer for a point depends on that point alone:

        - inside one leaf: that leaf, no doubt (COARSE if the leaf itself is divided further);
        - within ``border_m`` of several leaves: the lowest code, ON_BORDER, all of them as candidates, so that
          a thing measured twice a metre apart stays with the same body;
        - deeper than that inside several (a map that overlaps): what they share, AMBIGUOUS;
        - in no leaf, up to ``nearest_m`` from one that lies in the same coarser area: that leaf, NEAREST, with the
          distance in metres (for the error see Plane);
        - in no leaf but in a coarser area: that area, COARSE;
        - elsewhere OUTSIDE; without a position on Earth, or on a map without polygons, NOWHERE.

        Raises ValueError if the two are not one-dimensional or not of one length.
        """
        lon, lat = np.asarray(lons, dtype=np.float64), np.asarray(lats, dtype=np.float64)
        if lon.ndim != 1 or lon.shape != lat.shape:
            raise ValueError(f"two arrays of one length wanted, got shapes {lon.shape} and {lat.shape}")
        known = np.flatnonzero((np.abs(lon) <= 180) & (np.abs(lat) <= 90))  # false for NaN
        if not self.layers or not len(known):
            return [_NOWHERE] * len(lon)
        xs, ys = self.plane.metres(lon[known], lat[known])
        order = self.layers[0].neighbours_together(xs, ys)
        found = np.full(len(lon), _NOWHERE, dtype=object)
        for start in range(0, len(order), _CHUNK):
            at = order[start : start + _CHUNK]
            found[known[at]] = self._locate(xs[at], ys[at])
        places: list[Place] = found.tolist()
        return places

    def locate_named_many(self, names: Sequence[tuple[str, ...]]) -> list[Place]:
        """The place of each tuple of area names or codes, coarse to fine; blanks and "-" are skipped.

        The rules are those of ``NameIndex.locate``.
        """
        return self.names.locate_many(names)

    def area(self, code: str) -> Area:
        """The area of a code. Raises KeyError if there is none."""
        return self.tree.areas[code]

    def name(self, code: str) -> str:
        """The name of an area. Raises KeyError if there is none."""
        return self.tree.areas[code].name

    def path(self, code: str) -> tuple[str, ...]:
        """The codes from the top down to an area, itself included. Raises KeyError if there is none."""
        return self.tree.paths[code]

    def codes_within(self, code: str) -> tuple[str, ...]:
        """Codes of an area and of everything below it, in order of code. Raises KeyError if there is none."""
        return self.tree.within(code)

    def _locate(self, xs: Floats, ys: Floats) -> NDArray[Any]:
        point, leaf = self.layers[0].in_cores(xs, ys)
        leaves = np.full(len(xs), -1, dtype=np.intp)
        leaves[point] = leaf
        places: NDArray[Any] = self.leaf_places[leaves]
        doubtful = np.flatnonzero(leaves < 0)
        if len(point) > len(xs) - len(doubtful):
            self._mark_overlaps(places, point, leaf)
        if len(doubtful):
            places[doubtful] = self._settle(xs[doubtful], ys[doubtful])
        return places

    def _mark_overlaps(self, places: NDArray[Any], point: Indices, leaf: Indices) -> None:
        crowded = np.bincount(point)[point] > 1
        for at, leaves in _grouped(point[crowded], leaf[crowded]).items():
            places[at] = self.tree.ambiguous(self.layers[0].codes[i] for i in leaves)

    def _settle(self, xs: Floats, ys: Floats) -> NDArray[Any]:
        """Places of points in no core: on a border, at the outer edge, beside the leaves or far away."""
        places = np.full(len(xs), self.leaf_places[-1], dtype=object)
        point, leaf, distance = self.layers[0].near(xs, ys, self.border_m)
        neighbours = np.bincount(point, minlength=len(xs))
        alone = (neighbours[point] == 1) & (distance == 0)
        places[point[alone]] = self.leaf_places[leaf[alone]]
        shared = neighbours[point] > 1
        borders: dict[tuple[int, ...], Place] = {}
        for at, leaves in _grouped(point[shared], leaf[shared]).items():
            key = tuple(leaves)
            if key not in borders:
                borders[key] = self._border(key)
            places[at] = borders[key]
        settled = neighbours > 1
        settled[point[alone]] = True
        beside = np.flatnonzero(~settled)
        places[beside] = self._beside(xs[beside], ys[beside])
        return places

    def _border(self, leaves: tuple[int, ...]) -> Place:
        codes = tuple(self.layers[0].codes[i] for i in leaves)
        path, grid = self.tree.paths[codes[0]], grid_of(self.area(codes[0]))
        return Place(path, grid, Doubt.ON_BORDER, 0.0, codes, self.version)

    def _beside(self, xs: Floats, ys: Floats) -> NDArray[Any]:
        """Places of points in no leaf: the nearest leaf of the area they lie in, else that area, else outside."""
        around = self._coarser(xs, ys)
        point, leaf, distance = self.layers[0].near(xs, ys, self.nearest_m)
        # Millimetres decide nothing: equally near leaves go by code, whatever the last bits say.
        millimetres = np.round(distance, 3)
        candidates: dict[int, list[tuple[float, str]]] = defaultdict(list)
        for at, i, metres in zip(point.tolist(), leaf.tolist(), millimetres.tolist(), strict=True):
            code = self.layers[0].codes[i]
            upper = around[at]
            if upper is None or upper in self.tree.paths[code]:
                candidates[at].append((metres, code))
        places = np.empty(len(xs), dtype=object)
        for at, upper in enumerate(around):
            if at in candidates:
                ranked = sorted(candidates[at])
                metres, code = ranked[0]
                path, grid, near = self.path(code), grid_of(self.area(code)), tuple(code for _, code in ranked)
                places[at] = Place(path, grid, Doubt.NEAREST, metres, near, self.version)
            else:
                places[at] = self.tree.places[upper] if upper else self.leaf_places[-1]
        return places

    def _coarser(self, xs: Floats, ys: Floats) -> list[str | None]:
        """For each point the code of the deepest area above the leaves that holds it."""
        codes: list[str | None] = [None] * len(xs)
        open_points = np.arange(len(xs))
        for layer in self.layers[1:]:
            held = layer.covering(xs[open_points], ys[open_points])
            for at, i in zip(open_points[held >= 0].tolist(), held[held >= 0].tolist(), strict=True):
                codes[at] = layer.codes[i]
            open_points = open_points[held < 0]
        return codes


def _grouped(point: Indices, leaf: Indices) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = defaultdict(list)
    for at, i in zip(point.tolist(), leaf.tolist(), strict=True):
        groups[at].append(i)
    return groups


def _plane(drawn: Sequence[Area]) -> Plane:
    """The plane that touches the middle of the map."""
    west, south, east, north = shapely.total_bounds([area.polygon for area in drawn]) if drawn else (0.0,) * 4
    return Plane.at(float(west + east) / 2, float(south + north) / 2)
