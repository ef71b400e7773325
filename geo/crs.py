"""Coordinate systems of Chinese maps and phones, both ways, for whole arrays. Called before anything is located.

GCJ-02 and BD-09 have no published definition. The arithmetic here is the well-known approximation of them: it inverts
itself to well under 5 cm, but differs from what the map services really draw by some metres (mean 3.4 m). Never use a
converted position for assets surveyed to 0.5 m or 1 m.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.place import Crs

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]
Conversion = Callable[[Floats, Floats], Pair]

# The box outside of which the systems do not shift; longitude and latitude in degrees.
BOX_WEST, BOX_EAST = 72.004, 137.8347
BOX_SOUTH, BOX_NORTH = 0.8293, 55.8271

_KRASOVSKY_M = 6378245.0
_KRASOVSKY_E2 = 0.00669342162296594323
_BAIDU_TURN = np.pi * 3000 / 180
_BAIDU_LON, _BAIDU_LAT = 0.0065, 0.006
_ROUNDS = 3  # leaves 0.002 mm for GCJ-02 and 0.1 mm for BD-09, the worst of 200,000 points over the country


def to_wgs84_many(lons: ArrayLike, lats: ArrayLike, crs: Crs | Sequence[Crs]) -> Pair:
    """Arrays of degrees in WGS-84 from degrees in ``crs``, which is one for all or one for each point.

    CGCS2000 is passed through: the same ellipsoid at another epoch, some decimetres away by plate motion. Points
    outside the box of the formula, and NaN, come back unchanged. The error of the arithmetic is below 5 cm, that of
    the model is told above. Raises ValueError if the arrays are not one-dimensional or their lengths differ.
    """
    return _convert(lons, lats, crs, _TO_WGS84)


def from_wgs84_many(lons: ArrayLike, lats: ArrayLike, crs: Crs | Sequence[Crs]) -> Pair:
    """The way back: arrays of degrees in ``crs`` from degrees in WGS-84. The same rules and errors hold."""
    return _convert(lons, lats, crs, _FROM_WGS84)


def _convert(lons: ArrayLike, lats: ArrayLike, crs: Crs | Sequence[Crs], ways: dict[Crs, Conversion]) -> Pair:
    lon, lat = np.array(lons, dtype=np.float64), np.array(lats, dtype=np.float64)
    systems = lon.size if isinstance(crs, Crs) else len(crs)
    if not lon.shape == lat.shape == (systems,):
        raise ValueError(f"lengths differ: longitudes {lon.shape}, latitudes {lat.shape}, systems {systems}")
    shifted = _in_box(lon, lat)
    for system in sorted(({crs} if isinstance(crs, Crs) else {*crs}) & ways.keys()):
        at = shifted if isinstance(crs, Crs) else shifted & np.array([one is system for one in crs])
        lon[at], lat[at] = ways[system](lon[at], lat[at])
    return lon, lat


def _in_box(lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    return (lon >= BOX_WEST) & (lon <= BOX_EAST) & (lat >= BOX_SOUTH) & (lat <= BOX_NORTH)


def _wgs84_to_gcj02(lon: Floats, lat: Floats) -> Pair:
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    waves_x = 20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)
    east = 300.0 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (waves_x + 20 * np.sin(np.pi * x) + 40 * np.sin(np.pi / 3 * x)) * 2 / 3
    east += (150 * np.sin(np.pi / 12 * x) + 300 * np.sin(np.pi / 30 * x)) * 2 / 3
    north = -100.0 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (waves_x + 20 * np.sin(np.pi * y) + 40 * np.sin(np.pi / 3 * y)) * 2 / 3
    north += (160 * np.sin(np.pi / 12 * y) + 320 * np.sin(np.pi / 30 * y)) * 2 / 3
    phi = np.radians(lat)
    w = 1 - _KRASOVSKY_E2 * np.sin(phi) ** 2
    per_lon = np.pi / 180 * _KRASOVSKY_M / np.sqrt(w) * np.cos(phi)
    per_lat = np.pi / 180 * _KRASOVSKY_M * (1 - _KRASOVSKY_E2) / w**1.5
    return lon + east / per_lon, lat + north / per_lat


def _gcj02_to_bd09(lon: Floats, lat: Floats) -> Pair:
    radius = np.hypot(lon, lat) + 2e-5 * np.sin(lat * _BAIDU_TURN)
    angle = np.arctan2(lat, lon) + 3e-6 * np.cos(lon * _BAIDU_TURN)
    return radius * np.cos(angle) + _BAIDU_LON, radius * np.sin(angle) + _BAIDU_LAT


def _wgs84_to_bd09(lon: Floats, lat: Floats) -> Pair:
    return _gcj02_to_bd09(*_wgs84_to_gcj02(lon, lat))


def _invert(forward: Conversion, lon: Floats, lat: Floats) -> Pair:
    """The point that ``forward`` carries to the given one, by taking back what is missed, ``_ROUNDS`` times.

    Over a metre both shifts change by 15 mm at most, so each round leaves a hundredth of the error or so.
    """
    guess_lon, guess_lat = lon.copy(), lat.copy()
    for _ in range(_ROUNDS + 1):  # the first takes the whole shift back, the rounds refine
        got_lon, got_lat = forward(guess_lon, guess_lat)
        guess_lon, guess_lat = guess_lon + (lon - got_lon), guess_lat + (lat - got_lat)
    return guess_lon, guess_lat


_FROM_WGS84: dict[Crs, Conversion] = {Crs.GCJ02: _wgs84_to_gcj02, Crs.BD09: _wgs84_to_bd09}
_TO_WGS84: dict[Crs, Conversion] = {system: partial(_invert, way) for system, way in _FROM_WGS84.items()}
