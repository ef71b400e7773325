"""Los Angeles 311: 99 neighbourhood councils as areas, request types as categories, agencies as units."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import shapely

from bench.acceptance.cities import City, Figure
from bench.acceptance.data import FOLDER, Rows, features, numbers, table
from bench.acceptance.folder import PackFolder
from bench.acceptance.ledger import Found
from domain.place import Doubt, Level, Place
from geo.atlas import Area, Atlas

_FILE, _COUNCILS = "la311_dev.csv.gz", "la_neighborhood_councils.geojson.gz"
_CITY = "LA"
_RIGHT = "right"
_STEP = 0.0003  # degrees, about 30 m: how far addresses are off


def los_angeles(folder: Path) -> City:
    """Write the pack and the mapping into ``folder``."""
    rows = table(_FILE)
    types = {name: f"{n:02d}" for n, name in enumerate(sorted({row["request_type"] for row in rows}), 1)}
    agencies: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        agencies[row["request_type"]][row["agency"]] += 1
    names, polygons = _councils()

    pack = PackFolder(folder)
    pack.settings("los-angeles", "Los Angeles", "LA", "America/Los_Angeles")
    categories = [[code, "1", "MyLA311", name] for name, code in types.items()]
    pack.csv("categories.csv", ["code", "class_code", "class_name", "name"], categories)
    pack.units({name: name for name in sorted({row["agency"] for row in rows})})
    pack.rules([types[name], "", count.most_common(1)[0][0]] for name, count in agencies.items())
    areas = [[_CITY, "Los Angeles", "city", ""], *([code, name, "community", _CITY] for code, name in names.items())]
    pack.csv("areas.csv", ["code", "name", "level", "parent"], areas)
    pack.shapes(polygons)
    mapping = folder / "mapping" / "la311.yaml"
    mapping.parent.mkdir()
    PackFolder(mapping.parent).yaml(mapping.name, _mapping(types))
    return City(
        name="Los Angeles 311",
        file=FOLDER / _FILE,
        mapping=mapping,
        pack=folder,
        keys=numbers(_FILE, "request_id"),
        method=(
            "areas: 99 neighbourhood councils as polygons (2 with invalid rings, repaired), one level below the city; "
            "a row without coordinates is placed by its recorded council",
            "area agreement: rows with coordinates and a recorded council; a point in no polygon counts as wrong even "
            "where its named council placed it",
            "categories: the 12 request types; rules: one for each type, to the agency that has most of them",
            "agency agreement: rows that reached a department against their recorded agency",
        ),
        judge=lambda found: _judge(rows, polygons, found),
    )


def _councils() -> tuple[dict[str, str], dict[str, Any]]:
    """Names and polygons of the councils; the invalid rings are repaired, which leaves lines that are no area."""
    names, polygons = {}, {}
    for feature in features(_COUNCILS):
        said, shape = feature["properties"], shapely.geometry.shape(feature["geometry"])
        names[said["nc_id"]] = said["name"]
        polygons[said["nc_id"]] = shape if shape.is_valid else shape.buffer(0)
    return names, polygons


def _mapping(types: Mapping[str, str]) -> Mapping[str, Any]:
    return {
        "source": "la311",
        "key": "request_id",
        "time": {"column": "created_at", "timezone": "America/Los_Angeles"},
        "text": ["request_type", "action"],
        "address": "address",
        "areas": ["nc_id"],
        "position": {"lon": "longitude", "lat": "latitude", "crs": "EPSG:4326"},
        "category": {"column": "request_type", "values": dict(types)},
    }


def _judge(rows: Rows, polygons: Mapping[str, Any], found: Mapping[str, Found]) -> Sequence[Figure]:
    pointed = [row for row in rows if row["latitude"] and row["longitude"]]
    recorded = [row for row in pointed if row["nc_id"]]
    areas = _areas(recorded, polygons, found)
    wrong = ", ".join(f"{count:,} {what}" for what, count in sorted(areas.items()) if what != _RIGHT)
    sent = [(row, found[row["request_id"]]) for row in rows if row["request_id"] in found]
    dispatched = [(row, case) for row, case in sent if case.unit]
    agreed = sum(row["agency"] == case.unit for row, case in dispatched)
    return (
        Figure(
            "area = recorded council", areas[_RIGHT], len(recorded), 0.98,
            f"not: {wrong}; {len(pointed) - len(recorded):,} more have coordinates but no recorded council",
        ),
        Figure(
            "lead unit = recorded agency", agreed, len(dispatched), 0.99,
            f"{len(sent) - len(dispatched):,} rows wait at a desk",
        ),
    )  # fmt: skip


def _areas(rows: Rows, polygons: Mapping[str, Any], found: Mapping[str, Found]) -> Counter[str]:
    """How the area of each row's case compares with the recorded council; what is not right, with its likely cause."""
    atlas = Atlas.build(Area(code, code, Level.COMMUNITY, None, shape) for code, shape in polygons.items())
    points = [(float(row["longitude"]), float(row["latitude"])) for row in rows]
    places = atlas.locate_many([lon for lon, _ in points], [lat for _, lat in points])
    first: dict[str, str] = {}
    for row in rows:
        first[row["nc_id"]] = min(row["created_at"], first.get(row["nc_id"], row["created_at"]))

    def compared(row: Mapping[str, str], point: tuple[float, float], place: Place) -> str:
        case, council = found.get(row["request_id"]), row["nc_id"]
        if case is None:
            return "not found"
        if not place.path and not place.candidates:  # placed by its named council, if at all: that proves nothing
            return "in no polygon" if council in polygons else "of a council without polygon"
        if case.area == council:
            return _RIGHT
        if case.doubt == Doubt.AMBIGUOUS:
            return "where polygons overlap (kept for the desk)"
        if council not in polygons:
            return "of a council without polygon"
        if polygons[council].distance(shapely.Point(point)) < _STEP:
            return "within 30 m of the recorded council"
        if row["created_at"] < first.get(case.area, ""):
            return "in a council founded after the row was recorded"
        return "in another council"

    return Counter(map(compared, rows, points, places))
