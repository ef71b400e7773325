"""Where something is: a point that carries its coordinate system, and the areas it falls in."""

from dataclasses import dataclass
from enum import StrEnum


class Crs(StrEnum):
    """Coordinate systems a source may speak. CGCS2000 and WGS-84 differ by decimetres and are kept as sent."""

    CGCS2000 = "EPSG:4490"
    WGS84 = "EPSG:4326"
    GCJ02 = "GCJ02"
    BD09 = "BD09"


@dataclass(frozen=True, slots=True)
class Point:
    """Longitude and latitude in degrees, in the system they were sent in."""

    lon: float
    lat: float
    crs: Crs


class Level(StrEnum):
    """Levels of areas and of handling (省, 市, 区, 街道, 社区), unit grid (单元网格, 15 characters) at the bottom."""

    PROVINCE = "province"
    CITY = "city"
    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    GRID = "grid"


LEVELS: tuple[Level, ...] = tuple(Level)


class Doubt(StrEnum):
    """Why a place is not certain. A doubtful place is kept and flagged, never dropped."""

    NONE = "none"
    ON_BORDER = "on_border"
    NEAREST = "nearest"
    COARSE = "coarse"
    OUTSIDE = "outside"
    NOWHERE = "nowhere"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True)
class Place:
    """The areas a report falls in, deepest known last, with the doubt that remains.

    ``path`` holds area codes from the top down, e.g. (city, district, street, community, grid); it is empty where
    the place is outside or unknown. ``grid`` is the 15-character unit grid code, or None where only a coarser area
    is known. ``distance`` is the metres to the nearest area when the point itself lies in none. ``version`` names the
    version of the map it was looked up on, by its first day (``2026-07-01``; empty: the map has always held), so that
    a case keeps the grids it was filed under when the city draws new ones. The point itself is not part of a place,
    so that one place value serves every point of its grid.
    """

    path: tuple[str, ...] = ()
    grid: str | None = None
    doubt: Doubt = Doubt.NONE
    distance: float = 0.0
    candidates: tuple[str, ...] = ()
    version: str = ""

    @property
    def certain(self) -> bool:
        """Whether a case may be filed here without a person looking: inside the city, no open question."""
        return bool(self.path) and self.doubt in (Doubt.NONE, Doubt.ON_BORDER, Doubt.NEAREST, Doubt.COARSE)
