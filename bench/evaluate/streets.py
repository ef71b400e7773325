"""The street a position lies in, on real Shenzhen points whose address names its street; right and wrong datum.

The polygons' coordinate system is not declared by their source; it is GCJ-02 by this very measurement, and the points
are GCJ-02 as their map services give them. Both are converted to WGS-84, as a case's position is; then the same points
are taken for WGS-84, which is the mistake a sender makes who does not say what they send.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from bench.acceptance.data import FOLDER, Rows, features, table
from domain.place import Crs, Level, Point
from geo.atlas import Area, Atlas
from geo.crs import to_wgs84_many
from geo.rings import mend

NAME = "streets"
POINTS, STREETS = "shenzhen_points_dev.csv.gz", "shenzhen_streets.geojson.gz"
DATUM = Crs.GCJ02

_NAMED = re.compile(r"([\u4e00-\u9fff]{2,4}?)(?:街道办事处|街道办|街道)")


@dataclass(frozen=True)
class Streets:
    """The city's streets as an atlas in WGS-84, and its points as they were sent.

    ``named`` is for each point the code of the street its address names, None where it names none.
    """

    atlas: Atlas
    points: Sequence[Point]
    named: Sequence[str | None]

    @classmethod
    def read(cls, drawn_in: Crs = DATUM) -> "Streets":
        """From the data beside the checkout, the polygons taken for drawings in ``drawn_in``."""
        areas = _areas(features(STREETS), drawn_in)
        rows: Rows = table(POINTS)
        names = _names(areas)
        return cls(
            Atlas.build(areas),
            [Point(float(row["lng_gcj02"]), float(row["lat_gcj02"]), DATUM) for row in rows],
            [named_street(row["address"], row["district"], names) for row in rows],
        )

    def streets(self, crs: Crs) -> list[str | None]:
        """The street each point lies in if it was sent in ``crs``; None outside of all."""
        lons, lats = to_wgs84_many([p.lon for p in self.points], [p.lat for p in self.points], crs)
        return [place.path[-1] if place.path else None for place in self.atlas.locate_many(lons, lats)]

    def agreement(self, crs: Crs) -> tuple[int, int]:
        """How many points lie in the street their address names, of how many that name one."""
        pairs = [(said, found) for said, found in zip(self.named, self.streets(crs), strict=True) if said]
        return sum(said == found for said, found in pairs), len(pairs)


def present() -> bool:
    """Whether the data is beside the checkout."""
    return (FOLDER / POINTS).is_file() and (FOLDER / STREETS).is_file()


def named_street(address: str, district: str, names: Mapping[tuple[str, str], str]) -> str | None:
    """The code of the street that an address names with the word 街道, in its own district; None if it names none."""
    for match in _NAMED.finditer(address):
        said = match[1]
        for length in range(len(said), 1, -1):  # 龙岗区坂田街道: what stands before the name is no part of it
            code = names.get((district, said[-length:]))
            if code:
                return code
    return None


def _areas(found: Sequence[Mapping[str, Any]], drawn_in: Crs) -> list[Area]:
    """The streets in WGS-84."""

    def converted(spots: Any) -> Any:
        return np.column_stack(to_wgs84_many(spots[:, 0], spots[:, 1], drawn_in))

    shapes, _ = mend([shapely.geometry.shape(feature["geometry"]) for feature in found])
    polygons = shapely.transform(shapes, converted)
    return [
        Area(f"{n:02d}", f"{said['district']}{said['street']}", Level.STREET, None, polygon)
        for n, (said, polygon) in enumerate(zip((f["properties"] for f in found), polygons, strict=True))
    ]


def _names(areas: Sequence[Area]) -> dict[tuple[str, str], str]:
    """Codes by district and the street's name without 街道."""
    names = {}
    for area in areas:
        district, mark, street = area.name.partition("区")
        names[district + mark, street.removesuffix("街道")] = area.code
    return names


def run() -> str:
    """The table, as Markdown."""
    city = Streets.read()
    located = city.streets(DATUM)
    misdrawn = Streets.read(Crs.WGS84)
    rows = []
    for what, streets, crs in (
        ("as they are: both GCJ-02", city, DATUM),
        ("points taken for WGS-84", city, Crs.WGS84),
        ("points taken for BD-09", city, Crs.BD09),
        ("polygons taken for WGS-84", misdrawn, DATUM),
    ):
        good, of = streets.agreement(crs)
        moved = sum(one != other for one, other in zip(located, streets.streets(crs), strict=True))
        rows.append(f"| {what} | {good} of {of} | {good / of:.0%} | {moved} of {len(located)} |")
    inside = sum(code is not None for code in located)
    return "\n".join(
        [
            " ".join((__doc__ or "").split()) + "\n",
            f"{len(located)} points, {inside} inside a polygon; {of} addresses name a street of their own district.\n",
            "| datum | in the street named | share | points put into another street or none |",
            "|---|---:|---:|---:|",
            *rows,
        ]
    )
