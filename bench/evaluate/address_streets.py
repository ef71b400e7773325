"""The street (街道) of real points of interest, told from their address alone, beside the polygon they lie in."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import cos, hypot, radians

import shapely

from bench.acceptance.data import features, table
from domain.place import Crs, Level, Point
from geo.address.elements import Label
from geo.address.rules import RuleParser
from geo.atlas import Area, Atlas
from geo.gazetteer import Entry, EntryKind, Gazetteer, Match

Row = Mapping[str, str]

_CITY = "440300"
_BRACKETS = re.compile(r"[(（]([^)）]{3,})[)）]")
_SAME_PLACE_M = 100.0


def section() -> str:
    """The section on streets."""
    rows = [row for row in table("shenzhen_points_dev.csv.gz") if row["address"] and row["street_by_polygon"]]
    atlas = _atlas()
    known = [list(_entries(n, row)) for n, row in enumerate(rows)]
    names_only = Gazetteer.build([], atlas)
    ways: dict[str, Callable[[int], Gazetteer]] = {
        "names of districts, streets, communities": lambda _: names_only,
        "and all other points": lambda n: _without(known, atlas, {n}),
        f"and points more than {_SAME_PLACE_M:.0f} m away": lambda n: _without(known, atlas, _together(rows, n)),
    }
    lines = [
        "### Streets from addresses alone",
        "",
        f"{len(rows)} points of interest in Shenzhen with an address and a polygon they lie in. The truth is the "
        "polygon, and the polygons are of 2018. Polygons and points are both in **GCJ-02** (the points by their "
        "source, the polygons by our check) and are compared as they are, unshifted. Each address is asked of a "
        "gazetteer that does not hold its own point; «certain» is what would be filed without a person looking, "
        "the likeliest street is where the first candidate is shown to the desk. "
        "What counts as certain was mended after a look at errors on these very points: expect less on others.",
        "",
        "| the gazetteer knows | certain of a street | of these right | likeliest street | of these right |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    wrong: Counter[str] = Counter()
    for name, way in ways.items():
        told = [(row, way(n).match_many([row["address"]])[0]) for n, row in enumerate(rows)]
        sure = [(row, _street(match, atlas)) for row, match in told if match.certain]
        first = [(row, _likely(match, atlas)) for row, match in told]
        lines.append(f"| {name} | {_shares(sure, len(rows))} | {_shares(first, len(rows))} |")
        wrong = Counter(
            match.candidates[0].precision for row, match in told
            if match.certain and _street(match, atlas) not in ("", row["street_by_polygon"])
        )  # fmt: skip
    kinds = ", ".join(f"{precision} {count}" for precision, count in wrong.most_common())
    return "\n".join([*lines, "", f"Certain and wrong, last line, by precision: {kinds or 'none'}."])


def _shares(told: Sequence[tuple[Row, str]], asked: int) -> str:
    answered = [(row, street) for row, street in told if street]
    right = sum(row["street_by_polygon"] == street for row, street in answered)
    return f"{len(answered)} ({len(answered) / asked:.0%}) | {right} ({right / max(len(answered), 1):.1%})"


def _street(match: Match, atlas: Atlas) -> str:
    """The street of the first candidate, empty where it is known to the district at most."""
    path = match.candidates[0].place.path if match.candidates else ()
    return atlas.name(path[2]) if len(path) > 2 else ""


def _likely(match: Match, atlas: Atlas) -> str:
    """The street of the first candidate, else that of the spot it is shown at; a guess for the desk."""
    spot = match.candidates[0].point if match.candidates else None
    path = atlas.locate_many([spot.lon], [spot.lat])[0].path if spot else ()
    return _street(match, atlas) or (atlas.name(path[2]) if len(path) > 2 else "")


def _atlas() -> Atlas:
    """Shenzhen's streets as drawn, and its communities by name below them."""
    areas = [Area(_CITY, "深圳市", Level.CITY, aliases=("广东省", "深圳"))]
    drawn = features("shenzhen_streets.geojson.gz")
    districts = {feature["properties"]["code"][:6]: feature["properties"]["district"] for feature in drawn}
    areas += [Area(code, name, Level.DISTRICT, _CITY) for code, name in districts.items()]
    streets = {}
    for feature in drawn:
        said = feature["properties"]
        polygon = shapely.from_geojson(json.dumps(feature["geometry"])).buffer(0)
        streets[said["code"]] = Area(said["code"], said["street"], Level.STREET, said["code"][:6], polygon)
    areas += streets.values()
    for row in table("cn_villages_l5.csv.gz"):
        if row["code"][:9] in streets:
            name = re.sub(r"(?:社区)?居(?:民)?委会$", "社区", row["name"])
            areas.append(Area(row["code"], name, Level.COMMUNITY, row["code"][:9]))
    return Atlas.build(areas)


def _entries(n: int, row: Row) -> list[Entry]:
    """What one point teaches: its door, and the names in its address and its title."""
    point = Point(float(row["lng_gcj02"]), float(row["lat_gcj02"]), Crs.CGCS2000)  # as it is: see the section's text
    (spans,) = RuleParser().parse_many([row["address"]])
    road = next((span for span in spans if span.label is Label.ROAD), None)
    found = []
    if road:
        number = next((s for s in spans if s.label is Label.ROADNO and s.start == road.end), None)
        kind = EntryKind.ADDRESS if number else EntryKind.ROAD
        found.append((kind, road.text + (number.text if number else "")))
    pois = [span for span in spans if span.label is Label.POI and span.end - span.start > 3]
    # what goes on with a number is the beginning of a longer name: 深圳地铁7号线
    found += [(EntryKind.POI, span.text) for span in pois if not row["address"][span.end : span.end + 1].isdigit()]
    found += [(EntryKind.POI, name) for name in _BRACKETS.findall(row["name"])]
    return [Entry(f"{n}-{m}", kind, name, point=point) for m, (kind, name) in enumerate(found)]


def _without(known: Sequence[Sequence[Entry]], atlas: Atlas, left_out: set[int]) -> Gazetteer:
    return Gazetteer.build([e for n, own in enumerate(known) if n not in left_out for e in own], atlas)


def _together(rows: Sequence[Row], n: int) -> set[int]:
    """The points of one place: within ``_SAME_PLACE_M``, or of the same address."""
    lon, lat = float(rows[n]["lng_gcj02"]), float(rows[n]["lat_gcj02"])
    east = 111_320 * cos(radians(lat))
    return {
        m
        for m, row in enumerate(rows)
        if row["address"] == rows[n]["address"]
        or hypot((float(row["lng_gcj02"]) - lon) * east, (float(row["lat_gcj02"]) - lat) * 110_900) <= _SAME_PLACE_M
    }
