"""The polygons of one level, indexed for questions about many points at once. Used by the atlas; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.plane import Floats, Plane

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Polygons in metres, in order of their codes; ``sources`` are the ones in degrees they were laid from.

    ``cores`` are the polygons without the strip of ``border_m`` along their edge: whoever stands in a core is on no
    border, which settles almost every point with one test.
    """

    codes: tuple[str, ...]
    sources: NDArray[Any]
    polygons: NDArray[Any]
    cores: NDArray[Any]
    tree: Any
    bounds: tuple[float, float, float, float]

    @classmethod
    def build(
        cls, codes: Sequence[str], sources: Sequence[Any], plane: Plane, border_m: float, like: "Layer | None" = None
    ) -> "Layer":
        """Index polygons (valid, degrees), whose ``codes`` are given in ascending order.

        ``like`` is a layer on the same plane with the same border: what is drawn there already is shared, so that a
        version of the map that differs in a few grids costs no more than these.
        """
        given = np.array(sources, dtype=object)
        drawn = {id(source): n for n, source in enumerate(like.sources)} if like else {}
        before = np.array([drawn.get(id(source), -1) for source in given], dtype=np.intp)
        new = before < 0
        polygons, cores = np.empty_like(given), np.empty_like(given)
        polygons[new] = plane.lay(given[new])
        cores[new] = shapely.buffer(polygons[new], -border_m)
        if like:
            polygons[~new], cores[~new] = like.polygons[before[~new]], like.cores[before[~new]]
        # Prepared polygons answer 4 to 15 times faster once they have hundreds of vertices, and no slower with few.
        shapely.prepare(polygons)
        shapely.prepare(cores)
        west, south, east, north = shapely.total_bounds(polygons).tolist()
        return cls(tuple(codes), given, polygons, cores, shapely.STRtree(polygons), (west, south, east, north))

    def neighbours_together(self, xs: Floats, ys: Floats) -> Indices:
        """An order of the points, finite metres, in which those of one part of the map follow each other.

        Asked in this order the index and the polygons stay in the processor's cache, twice as fast and more. The map
        is cut into 256 x 256 pieces, because 16-bit keys are sorted in linear time.
        """
        west, south, east, north = self.bounds
        column = np.clip((xs - west) * (256 / (east - west)), 0, 255).astype(np.uint16)
        row = np.clip((ys - south) * (256 / (north - south)), 0, 255).astype(np.uint16)
        order: Indices = np.argsort(row << 8 | column, kind="stable")
        return order

    def in_cores(self, xs: Floats, ys: Floats) -> tuple[Indices, Indices]:
        """Pairs (point, polygon) of each point inside the core of a polygon, for finite metres, in no set order."""
        point, polygon = self.tree.query(shapely.points(xs, ys))
        inside = shapely.contains_xy(self.cores[polygon], xs[point], ys[point])
        return point[inside], polygon[inside]

    def near(self, xs: Floats, ys: Floats, metres: float) -> tuple[Indices, Indices, Floats]:
        """Pairs (point, polygon) at most ``metres`` apart and their distance in metres (0 inside), by point."""
        boxes = shapely.box(xs - metres, ys - metres, xs + metres, ys + metres)
        point, polygon = _by_point(self.tree.query(boxes))
        spots = shapely.points(xs, ys)[point]
        close = shapely.dwithin(self.polygons[polygon], spots, metres)
        point, polygon, spots = point[close], polygon[close], spots[close]
        return point, polygon, shapely.distance(self.polygons[polygon], spots)

    def covering(self, xs: Floats, ys: Floats) -> Indices:
        """For each point the polygon that holds it, edge included, the lowest code first; -1 where none does."""
        point, polygon = _by_point(self.tree.query(shapely.points(xs, ys)))
        holds = shapely.intersects_xy(self.polygons[polygon], xs[point], ys[point])
        found = np.full(len(xs), -1, dtype=np.intp)
        # The last write wins, so writing backwards leaves the lowest.
        found[point[holds][::-1]] = polygon[holds][::-1]
        return found


def _by_point(pairs: Any) -> tuple[Indices, Indices]:
    point, polygon = pairs
    order = np.lexsort((polygon, point))
    return point[order], polygon[order]
