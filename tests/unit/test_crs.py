"""Coordinate systems: the published offsets, the way back, and what must stay as it is."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.place import Crs
from geo.crs import from_wgs84_many, to_wgs84_many

# city: WGS-84, GCJ-02, length of the shift in metres
VECTORS = {
    "北京": ((116.4074, 39.9042), (116.413642, 39.905603), 554.9),
    "上海": ((121.4737, 31.2304), (121.478223, 31.228458), 481.2),
    "深圳": ((114.0579, 22.5431), (114.063014, 22.540383), 605.9),
    "乌鲁木齐": ((87.6168, 43.8256), (87.619650, 43.826805), 265.0),
}
# city: length of the shift in metres, from the same table
SHIFTS = {
    "广州": ((113.2644, 23.1291), 621.0),
    "杭州": ((120.1551, 30.2741), 519.9),
    "成都": ((104.0665, 30.5723), 363.3),
    "哈尔滨": ((126.5350, 45.8038), 511.4),
}
EVERY_SYSTEM = pytest.mark.parametrize("crs", list(Crs))
SHIFTED = pytest.mark.parametrize("crs", [Crs.GCJ02, Crs.BD09])


def metres(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    """Great-circle distance, precise for small gaps too."""
    return float(metres_many(lon_a, lat_a, lon_b, lat_b))


def metres_many(lon_a: Any, lat_a: Any, lon_b: Any, lat_b: Any) -> Any:
    a, b, gap = np.radians(lat_a), np.radians(lat_b), np.radians(np.subtract(lon_b, lon_a))
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(gap / 2) ** 2
    return 2 * 6371008.8 * np.arcsin(np.sqrt(half))


@pytest.mark.parametrize("city", VECTORS)
def test_offsets_of_large_cities(city: str) -> None:
    (lon, lat), expected, shift = VECTORS[city]
    got_lon, got_lat = from_wgs84_many([lon], [lat], Crs.GCJ02)
    assert (got_lon[0], got_lat[0]) == pytest.approx(expected, abs=1e-6)
    assert metres(lon, lat, got_lon[0], got_lat[0]) == pytest.approx(shift, rel=0.01)


@pytest.mark.parametrize("city", SHIFTS)
def test_shifts_of_more_cities(city: str) -> None:
    (lon, lat), shift = SHIFTS[city]
    got_lon, got_lat = from_wgs84_many([lon], [lat], Crs.GCJ02)
    assert metres(lon, lat, got_lon[0], got_lat[0]) == pytest.approx(shift, rel=0.02)


def test_over_the_whole_country() -> None:
    """The shift and the error of the way back, where a person might stand."""
    rng = np.random.default_rng(7)
    lons, lats = rng.uniform(73.5, 135, 100_000), rng.uniform(3.9, 53.5, 100_000)
    shifted = from_wgs84_many(lons, lats, Crs.GCJ02)
    far = metres_many(lons, lats, *shifted)
    assert far.min() > 10
    assert far.max() < 710
    assert 370 < far.mean() < 430
    for crs in (Crs.GCJ02, Crs.BD09):
        there = from_wgs84_many(lons, lats, crs)
        assert metres_many(lons, lats, *to_wgs84_many(*there, crs)).max() < 0.001


@pytest.mark.parametrize("city", VECTORS)
def test_baidu_lies_another_760_to_990_metres_beyond(city: str) -> None:
    _, (lon, lat), _ = VECTORS[city]
    wgs = to_wgs84_many([lon], [lat], Crs.GCJ02)
    bd_lon, bd_lat = from_wgs84_many(*wgs, Crs.BD09)
    assert 760 < metres(lon, lat, bd_lon[0], bd_lat[0]) < 990


@EVERY_SYSTEM
@given(spots=st.lists(st.tuples(st.floats(72.1, 137.7), st.floats(0.9, 55.7)), min_size=1, max_size=20))
def test_there_and_back_within_5_cm(crs: Crs, spots: list[tuple[float, float]]) -> None:
    lons, lats = zip(*spots, strict=True)
    back = to_wgs84_many(*from_wgs84_many(lons, lats, crs), crs)
    for lon, lat, back_lon, back_lat in zip(lons, lats, *back, strict=True):
        assert metres(lon, lat, back_lon, back_lat) < 0.05


@EVERY_SYSTEM
@given(spots=st.lists(st.tuples(st.floats(72.1, 137.7), st.floats(0.9, 55.7)), min_size=1, max_size=20))
def test_from_a_map_click_and_back_within_5_cm(crs: Crs, spots: list[tuple[float, float]]) -> None:
    """The other way round: what was sent in a system is found again from what the case keeps."""
    lons, lats = zip(*spots, strict=True)
    kept = to_wgs84_many(lons, lats, crs)
    back = from_wgs84_many(np.round(kept[0], 7), np.round(kept[1], 7), crs)  # cases keep seven decimals
    for lon, lat, back_lon, back_lat in zip(lons, lats, *back, strict=True):
        assert metres(lon, lat, back_lon, back_lat) < 0.05


@EVERY_SYSTEM
def test_outside_the_box_nothing_moves(crs: Crs) -> None:
    lons, lats = [-118.24, 139.69, 100.0, float("nan")], [34.05, 35.68, -8.0, 30.0]
    for convert in (to_wgs84_many, from_wgs84_many):
        got_lons, got_lats = convert(lons, lats, crs)
        np.testing.assert_array_equal(got_lons, lons)
        np.testing.assert_array_equal(got_lats, lats)


@pytest.mark.parametrize("crs", [Crs.WGS84, Crs.CGCS2000])
def test_official_positions_pass_through_untouched(crs: Crs) -> None:
    got_lons, got_lats = to_wgs84_many([113.95], [27.95], crs)
    assert (got_lons.tolist(), got_lats.tolist()) == ([113.95], [27.95])


def test_a_batch_may_mix_systems() -> None:
    (lon, lat), (gcj_lon, gcj_lat), _ = VECTORS["深圳"]
    got_lons, got_lats = to_wgs84_many([lon, gcj_lon], [lat, gcj_lat], [Crs.WGS84, Crs.GCJ02])
    assert got_lons == pytest.approx([lon, lon], abs=1e-6)
    assert got_lats == pytest.approx([lat, lat], abs=1e-6)


@SHIFTED
def test_the_arrays_handed_in_are_left_alone(crs: Crs) -> None:
    lons, lats = np.array([113.95]), np.array([27.95])
    to_wgs84_many(lons, lats, crs)
    assert (lons[0], lats[0]) == (113.95, 27.95)


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="lengths differ"):
        to_wgs84_many([113.95, 113.96], [27.95], Crs.GCJ02)
    with pytest.raises(ValueError, match="lengths differ"):
        to_wgs84_many([113.95], [27.95], [Crs.GCJ02, Crs.BD09])


def test_an_empty_batch_is_an_empty_answer() -> None:
    lons, lats = to_wgs84_many([], [], Crs.GCJ02)
    assert (lons.size, lats.size) == (0, 0)
