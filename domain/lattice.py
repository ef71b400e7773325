"""The lattice over the map by which things near each other are found: cells, blocks of cells, and distances.

A cell is a thousandth of a degree wide, about 100 m; a block is four by four cells.
"""

from math import cos, hypot, radians

from domain.place import Point

METRES_A_DEGREE = 111_320.0
CELL = 0.001  # degrees
BLOCK = 2  # bits of a cell's number that a block leaves out


def cell(point: Point) -> tuple[int, int]:
    """The lattice cell that holds the point, counted in longitude and latitude."""
    return int(point.lon // CELL), int(point.lat // CELL)


def block(point: Point) -> tuple[int, int]:
    """The block of cells that holds the point."""
    x, y = cell(point)
    return x >> BLOCK, y >> BLOCK


def blocks(point: Point, reach_m: float) -> list[tuple[int, int]]:
    """All blocks in which something may lie that is at most ``reach_m`` metres from the point."""
    up = 1.01 * reach_m / METRES_A_DEGREE
    # a hundredth more than needed: ``metres`` takes the latitude between both, this the point's own
    across = up / cos(radians(min(89.0, abs(point.lat) + up)))
    west, east = int((point.lon - across) // CELL) >> BLOCK, int((point.lon + across) // CELL) >> BLOCK
    south, north = int((point.lat - up) // CELL) >> BLOCK, int((point.lat + up) // CELL) >> BLOCK
    return [(x, y) for x in range(west, east + 1) for y in range(south, north + 1)]


def metres(a: Point, b: Point) -> float:
    """Distance of two near points in metres, on a local plane (error below 0.5 % within 10 km)."""
    east = (a.lon - b.lon) * cos(radians((a.lat + b.lat) / 2))
    return hypot(east, a.lat - b.lat) * METRES_A_DEGREE
