"""Whether the areas of a map fit together: no overlap, no gap, nothing outside what it belongs to, sizes as usual.

Unit grids are closed polygons that neither overlap nor leave gaps (GB/T 30428.1; DB11 unit grid division, 6). What is
narrower than ``tolerance_m`` is let pass: the atlas decides it by its border rule. Called when a pack is read; pure.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from domain.place import Level
from geo.atlas import Atlas
from geo.layer import Layer

# A unit grid is about 1 ha (万米单元网格, GB/T 30428.1); a tenth and ten times of it are worth a look.
GRID_LEAST_M2, GRID_MOST_M2 = 1_000.0, 100_000.0

Polygons = NDArray[Any]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not fit, where it is widest (degrees), and how much in all: square metres, places.

    ``code`` is ``grids-overlap`` or ``areas-overlap`` (two areas of one level, ``share`` of the smaller), ``area-gap``
    (an area not filled by its parts; empty ``areas``: a hole in the whole), ``part-outside`` (a part and the area it
    belongs to, ``share`` of the part), ``grid-small`` or ``grid-large`` (the extreme one; how many there are).
    """

    code: str
    areas: tuple[str, ...]
    lon: float
    lat: float
    square_m: float
    count: int = 1
    share: float = 0.0

    def __str__(self) -> str:
        said = f" ({self.share:.1%})" if self.share else ""
        more = f" in {self.count} places" if self.count > 1 else ""
        names = f"{' '.join(self.areas)}: " if self.areas else ""
        return f"{names}{self.square_m:,.0f} m2{said}{more} at {self.lon:.6f} {self.lat:.6f}"


def findings(atlas: Atlas, undivided: Any = None, tolerance_m: float | None = None) -> tuple[Finding, ...]:
    """Everything about a map that does not fit, overlaps first.

    ``undivided`` is ground that is in no part on purpose (water, forest), a valid polygon in degrees. What has no
    room for a circle ``tolerance_m`` across (default: the atlas's border) is let pass.
    """
    fit = _Fit(atlas, atlas.border_m if tolerance_m is None else tolerance_m)
    ground = None if undivided is None else atlas.plane.lay(np.array([undivided], dtype=object))[0]
    return (*fit.overlaps(), *fit.gaps_and_parts_outside(ground), *fit.sizes())


class _Fit:
    """One atlas under examination; polygons in metres."""

    def __init__(self, atlas: Atlas, tolerance_m: float) -> None:
        self._atlas = atlas
        self._tolerance = tolerance_m
        self._drawn = {
            code: shape for layer in atlas.layers for code, shape in zip(layer.codes, layer.polygons, strict=True)
        }
        # One fast pass over all edges tells who fits their neighbours exactly, so that only the rest is intersected.
        self._crooked = [~shapely.is_empty(shapely.coverage_invalid_edges(layer.polygons)) for layer in atlas.layers]

    def overlaps(self) -> Iterator[Finding]:
        """Pairs of areas of one level that share ground, by code."""
        for layer, crooked in zip(self._atlas.layers, self._crooked, strict=True):
            if not crooked.any():
                continue
            one, other = layer.tree.query(layer.polygons)
            # who lies wholly within another is crooked, the one around it is not
            pairs = (one < other) & (crooked[one] | crooked[other])
            one, other = one[pairs], other[pairs]
            common = shapely.intersection(layer.polygons[one], layer.polygons[other])
            wide = self._wide(common)
            code = "grids-overlap" if self._level(layer) is Level.GRID else "areas-overlap"
            for a, b, ground in sorted(zip(one[wide].tolist(), other[wide].tolist(), common[wide], strict=True)):
                smaller = min(layer.polygons[a].area, layer.polygons[b].area)
                yield self._finding(code, (layer.codes[a], layer.codes[b]), ground, smaller)

    def gaps_and_parts_outside(self, undivided: Any) -> Iterator[Finding]:
        """Ground of an area that is in none of its parts, and parts that reach out of it, by code of the area."""
        for code, parts in sorted(self._parts().items()):
            union = self._union(parts)
            if code:
                whole = self._drawn[code]
                gap, beyond = shapely.difference(whole, union), shapely.difference(union, whole)
            else:
                gap, beyond = _holes(union), None
            if undivided is not None:
                gap = shapely.difference(gap, undivided)
            if self._wide(np.array([gap], dtype=object))[0]:
                yield self._finding("area-gap", (code,) if code else (), gap, 0.0)
            if beyond is not None and self._wide(np.array([beyond], dtype=object))[0]:
                yield from self._outside(code, parts, whole, beyond)

    def sizes(self) -> Iterator[Finding]:
        """The smallest and the largest unit grid, where they are far from the usual."""
        layer = self._atlas.layer(Level.GRID)
        if layer is None:
            return
        sizes = shapely.area(layer.polygons)
        for code, odd, extreme in (
            ("grid-small", sizes < GRID_LEAST_M2, int(sizes.argmin())),
            ("grid-large", sizes > GRID_MOST_M2, int(sizes.argmax())),
        ):
            if odd.any():
                spot = shapely.point_on_surface(layer.polygons[extreme])
                lon, lat = self._degrees(spot)
                yield Finding(code, (layer.codes[extreme],), lon, lat, float(sizes[extreme]), int(odd.sum()))

    def _outside(self, code: str, parts: list[tuple[int, int]], whole: Any, beyond: Any) -> Iterator[Finding]:
        layers = self._atlas.layers
        shapes = np.array([layers[at].polygons[n] for at, n in parts], dtype=object)
        touched = np.flatnonzero(shapely.intersects(shapes, beyond))
        out = shapely.difference(shapes[touched], whole)
        for n, ground in zip(touched[wide := self._wide(out)].tolist(), out[wide], strict=True):
            at, member = parts[n]
            yield self._finding("part-outside", (layers[at].codes[member], code), ground, shapes[n].area)

    def _parts(self) -> dict[str, list[tuple[int, int]]]:
        """The drawn areas (layer, position) next below each drawn area; under "" those below none."""
        below: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for at, layer in enumerate(self._atlas.layers):
            for n, code in enumerate(layer.codes):
                above = next((upper for upper in reversed(self._atlas.path(code)[:-1]) if upper in self._drawn), "")
                below[above].append((at, n))
        return below

    def _union(self, parts: list[tuple[int, int]]) -> Any:
        shapes = [self._atlas.layers[at].polygons[n] for at, n in parts]
        fits = len({at for at, _ in parts}) == 1 and not any(self._crooked[at][n] for at, n in parts)
        return shapely.coverage_union_all(shapes) if fits else shapely.union_all(shapes)

    def _level(self, layer: Layer) -> Level:
        return self._atlas.area(layer.codes[0]).level

    def _wide(self, grounds: Polygons) -> Flags:
        """Whether each has room for a circle of the tolerance across."""
        wide: Flags = shapely.area(grounds) > np.pi / 4 * self._tolerance**2
        wide[wide] = ~shapely.is_empty(shapely.buffer(grounds[wide], -self._tolerance / 2))
        return wide

    def _finding(self, code: str, areas: tuple[str, ...], ground: Any, of: float) -> Finding:
        parts = shapely.get_parts(ground)
        parts = parts[self._wide(parts)]
        sizes = shapely.area(parts)
        # the circle is drawn as a line from its centre to its edge
        circle = shapely.maximum_inscribed_circle(parts[int(sizes.argmax())])
        lon, lat = self._degrees(shapely.get_point(circle, 0))
        total = float(sizes.sum())
        return Finding(code, areas, lon, lat, total, len(parts), total / of if of else 0.0)

    def _degrees(self, spot: Any) -> tuple[float, float]:
        lons, lats = self._atlas.plane.degrees(np.array([spot.x]), np.array([spot.y]))
        return float(lons[0]), float(lats[0])


def _holes(union: Any) -> Any:
    """What the union leaves free inside."""
    filled = [shapely.Polygon(part.exterior) for part in shapely.get_parts(union)]
    return shapely.difference(shapely.union_all(filled), union)
