"""Positions that were most likely sent in another coordinate system than their sender says.

A map click in GCJ-02 declared as WGS-84 lands 200 to 700 m off in a direction known for every place: enough for the
wrong grid and department. Where a report also states an address, that direction gives it away. Nothing is corrected:
both candidates are handed to a person. Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.place import Crs, Point
from geo.crs import Floats, Pair, to_wgs84_many
from geo.plane import Plane

# How far off a mistaken system lies at least before it is told from an ordinary error, metres.
LEAST_M = 200.0
# The GCJ-02 shift is at most 699 m over the country; what is further off was not shifted, unless by BD-09.
MOST_M = 700.0
TURN_DEGREES = 25.0
# Published formulae follow the map services to some metres only.
MODEL_M = 10.0

_RIVALS = (Crs.WGS84, Crs.GCJ02, Crs.BD09)
_SAME = {Crs.CGCS2000: Crs.WGS84}


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A position that fits its address better in the system ``crs`` than in the one it was declared in.

    ``as_sent`` and ``as_suspected`` are the two candidates in WGS-84, with their distances from the address in metres;
    ``turn`` is the angle in degrees between where it lies and where the mistake would put it.
    """

    crs: Crs
    as_sent: Point
    as_suspected: Point
    sent_m: float
    suspected_m: float
    turn: float


def suspicions(
    address_lons: ArrayLike,
    address_lats: ArrayLike,
    uncertainty_m: ArrayLike,
    points: Sequence[Point],
    *,
    turn_degrees: float = TURN_DEGREES,
) -> list[Suspicion | None]:
    """For each position (as sent) whether its system is doubtful, given where its stated address lies.

    ``address_lons`` and ``address_lats`` are WGS-84 degrees, NaN where no address is known; ``uncertainty_m`` is the
    radius around it, in metres, within which the thing meant lies (one for all, or one each). A position is suspect of
    another system if all of this holds:

    - as sent it lies at least ``LEAST_M`` from the address and beyond its uncertainty, and at most as far as the
      mistake would carry it (``MOST_M``; for BD-09 the length of its shift) plus the uncertainty;
    - it lies there in the direction of the mistake, to ``turn_degrees``;
    - read in that system it lies within the uncertainty (and ``MODEL_M``), and less than half as far as before.

    The system that brings it nearest is told. Raises ValueError if lengths differ.
    """
    lon, lat = np.array(address_lons, dtype=np.float64), np.array(address_lats, dtype=np.float64)
    if not lon.shape == lat.shape == (len(points),):
        raise ValueError(f"lengths differ: longitudes {lon.shape}, latitudes {lat.shape}, positions {len(points)}")
    found: list[Suspicion | None] = [None] * len(points)
    known = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
    if len(known):
        radius = np.broadcast_to(np.asarray(uncertainty_m, dtype=np.float64), lon.shape)[known]
        stated = _Stated(lon[known], lat[known], radius, [points[n] for n in known.tolist()])
        for at, suspicion in stated.suspicions(turn_degrees):
            found[known[at]] = suspicion
    return found


class _Stated:
    """Positions beside the addresses they were stated with; vectors in metres from the address, (east, north)."""

    def __init__(self, lon: Floats, lat: Floats, radius: Floats, points: Sequence[Point]) -> None:
        self._lon, self._lat, self._radius = lon, lat, radius
        self._declared = [_SAME.get(point.crs, point.crs) for point in points]
        self._lons = np.array([point.lon for point in points])
        self._lats = np.array([point.lat for point in points])
        self._sent = to_wgs84_many(self._lons, self._lats, self._declared)
        self._off = self._from_address(self._sent)

    def suspicions(self, turn_degrees: float) -> Iterator[tuple[int, Suspicion]]:
        """The suspect ones by position."""
        best = np.full(len(self._lon), np.inf)
        told: dict[int, Suspicion] = {}
        sent_m = np.hypot(*self._off)
        for rival in _RIVALS:
            there = to_wgs84_many(self._lons, self._lats, rival)
            off = self._from_address(there)
            shift = (self._off[0] - off[0], self._off[1] - off[1])
            other_m, shift_m, turn = np.hypot(*off), np.hypot(*shift), _turn(self._off, shift)
            suspect = (
                np.array([declared is not rival for declared in self._declared])
                & (sent_m >= np.maximum(LEAST_M, self._radius))
                & (sent_m <= np.maximum(MOST_M, shift_m) + self._radius)
                & (turn <= turn_degrees)
                & (other_m <= self._radius + MODEL_M)
                & (other_m < sent_m / 2)
                & (other_m < best)
            )
            best[suspect] = other_m[suspect]
            for n in np.flatnonzero(suspect).tolist():
                sides = float(sent_m[n]), float(other_m[n]), float(turn[n])
                told[n] = Suspicion(rival, _point(self._sent, n), _point(there, n), *sides)
        yield from sorted(told.items())

    def _from_address(self, place: Pair) -> Pair:
        per_lon, per_lat = _metres_per_degree(self._lat)
        return (place[0] - self._lon) * per_lon, (place[1] - self._lat) * per_lat


def _metres_per_degree(lat: Floats) -> Pair:
    # a plane for each tenth of a degree of latitude: 0.2 % of the length at most, 2 m of a kilometre
    planes = {key: Plane.at(0.0, key / 10) for key in np.unique(np.round(lat * 10)).tolist()}
    each = [planes[key] for key in np.round(lat * 10).tolist()]
    return np.array([p.metres_per_lon for p in each]), np.array([p.metres_per_lat for p in each])


def _turn(one: Pair, other: Pair) -> NDArray[Any]:
    """The angle between two vectors in degrees, 0 to 180; 0 where one has no length."""
    cross, dot = one[0] * other[1] - one[1] * other[0], one[0] * other[0] + one[1] * other[1]
    return np.degrees(np.abs(np.arctan2(cross, dot)))


def _point(place: Pair, n: int) -> Point:
    return Point(round(float(place[0][n]), 7), round(float(place[1][n]), 7), Crs.WGS84)
