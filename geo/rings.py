"""Rings that cross or touch themselves: mended where that changes next to nothing, else told with their place; pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.plane import Plane

# What a mended ring may gain or lose: a square metre, or a thousandth of a large area.
MEND_M2, MEND_SHARE = 1.0, 0.001

_SPOT = re.compile(r"\[(\S+) (\S+)\]")
_AREAL = frozenset({"Polygon", "MultiPolygon"})


@dataclass(frozen=True, slots=True)
class Mended:
    """A ring that was mended: its position in the list, the first place at fault (degrees), and what changed."""

    at: int
    lon: float
    lat: float
    square_m: float

    def __str__(self) -> str:
        return f"{self.square_m:,.1f} m2 changed at {self.lon:.6f} {self.lat:.6f}"


def mend(polygons: Sequence[Any]) -> tuple[NDArray[Any], tuple[Mended, ...]]:
    """The polygons (degrees), with invalid ones made valid where their area hardly changes; and which these are.

    What would change by more than ``MEND_M2`` and ``MEND_SHARE``, such as a bow-tie whose one half is counted against
    the other, stays as it is: whoever indexes it refuses it.
    """
    found = np.array(polygons, dtype=object)
    mended = []
    for at in np.flatnonzero(~shapely.is_valid(found)).tolist():
        shape = found[at]
        if shape.geom_type not in _AREAL:
            continue
        whole = _areal(shapely.make_valid(shape, method="structure", keep_collapsed=False))
        spot = _SPOT.search(shapely.is_valid_reason(shape))
        plane = Plane.at(*shape.centroid.coords[0]) if spot and not whole.is_empty else None
        if plane is None or spot is None:
            continue
        before, after = shapely.area(plane.lay(np.array([shape, whole], dtype=object))).tolist()
        changed = abs(after - before)
        if changed <= max(MEND_M2, MEND_SHARE * before):
            found[at] = whole
            mended.append(Mended(at, float(spot[1]), float(spot[2]), changed))
    return found, tuple(mended)


def _areal(shape: Any) -> Any:
    """The polygons among the parts."""
    parts = [part for part in shapely.get_parts(shape) if part.geom_type in _AREAL]
    return shape if shape.geom_type in _AREAL else shapely.union_all(parts)
