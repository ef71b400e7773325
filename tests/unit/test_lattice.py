"""Cells, blocks and metres: what is near enough lies in the blocks that are searched."""

from math import asin, cos, radians, sin, sqrt

from hypothesis import given
from hypothesis import strategies as st

from domain.lattice import BLOCK, block, blocks, cell, metres
from domain.place import Point
from tests.build import a_point

LON = st.floats(73, 136)
LAT = st.floats(3, 54)


@given(LON, LAT, st.floats(-0.006, 0.006), st.floats(-0.006, 0.006), st.floats(1, 400))
def test_everything_near_enough_lies_in_the_blocks_that_are_searched(
    lon: float, lat: float, east: float, north: float, reach: float
) -> None:
    here, there = a_point(lon, lat), a_point(lon + east, lat + north)
    if metres(here, there) <= reach:
        assert block(there) in set(blocks(here, reach))


@given(LON, LAT)
def test_few_blocks_are_searched(lon: float, lat: float) -> None:
    found = list(blocks(a_point(lon, lat), 100))
    assert 1 <= len(found) <= 4
    assert len(set(found)) == len(found)


@given(LON, LAT)
def test_a_block_is_four_by_four_cells(lon: float, lat: float) -> None:
    here = a_point(lon, lat)
    assert block(here) == tuple(n >> BLOCK for n in cell(here))


def great_circle(a: Point, b: Point) -> float:
    up, across = radians(b.lat - a.lat) / 2, radians(b.lon - a.lon) / 2
    h = sin(up) ** 2 + cos(radians(a.lat)) * cos(radians(b.lat)) * sin(across) ** 2
    return 2 * 6_378_137 * asin(sqrt(h))


@given(LON, LAT, st.floats(-0.06, 0.06), st.floats(-0.06, 0.06))
def test_distances_are_true_to_half_a_percent(lon: float, lat: float, east: float, up: float) -> None:
    here, there = a_point(lon, lat), a_point(lon + east, lat + up)
    true = great_circle(here, there)
    assert abs(metres(here, there) - true) <= 0.005 * true + 1e-6
    assert metres(here, there) == metres(there, here)
