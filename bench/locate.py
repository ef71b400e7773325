"""How fast ``Atlas.locate_many`` is beside bare shapely on the same points: ``python bench/locate.py``.

Both run in one process, their rounds take turns, the median counts. Bare shapely is asked in both ways that answer
"which polygon": the bulk query with a predicate, and the box query followed by ``contains_xy`` on prepared polygons.
Neither makes places, knows borders or finds the nearest; the ratio is against the faster of the two. The second table
is what 100,000 unit grids cost before the first question, each way in a process of its own.
"""

import csv
import gzip
import json
import multiprocessing
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import shapely

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from domain.place import Level  # noqa: E402 - the checkout is not installed
from geo.atlas import Area, Atlas  # noqa: E402
from geo.atlases import Atlases  # noqa: E402
from geo.topology import findings  # noqa: E402

POINTS = 200_000
ROUNDS = 7
LARGE = 317  # grids on a side: 100,489
DEMO = ROOT / "deploy/citypacks/demo"
DATA = ROOT.parent / "shared/data"


def demo_city() -> tuple[list[Area], Any]:
    """The demo pack, and points anywhere in its outline."""
    features = json.loads((DEMO / "areas.geojson").read_text(encoding="utf-8"))["features"]
    shapes = {f["properties"]["code"]: shapely.from_geojson(json.dumps(f["geometry"])) for f in features}
    with (DEMO / "areas.csv").open(encoding="utf-8", newline="") as table:
        areas = [
            Area(row["code"], row["name"], Level(row["level"]), row["parent"] or None, shapes.get(row["code"]))
            for row in csv.DictReader(table)
        ]
    city = next(area.polygon for area in areas if area.level is Level.CITY)
    west, south, east, north = city.bounds
    points = np.random.default_rng(1).uniform((west, south), (east, north), (3 * POINTS, 2))
    return areas, points[shapely.contains_xy(city, points)][:POINTS]


def synthetic_city(side: int = 142) -> tuple[list[Area], Any]:
    """side x side grids of about 200 m with bent sides (36 vertices), and points all over them."""
    rng = np.random.default_rng(2)
    corners = np.stack(np.meshgrid(np.arange(side + 1.0), np.arange(side + 1.0)), axis=-1)
    corners += rng.uniform(-0.2, 0.2, corners.shape)

    def bent(start: Any, end: Any) -> Any:
        share = np.linspace(0, 1, 9, endpoint=False)[:, None]
        line = start[..., None, :] * (1 - share) + end[..., None, :] * share
        line[..., 1:, :] += rng.uniform(-0.02, 0.02, line[..., 1:, :].shape)
        return np.concatenate([line, end[..., None, :]], axis=-2)

    along, up = bent(corners[:, :-1], corners[:, 1:]), bent(corners[:-1], corners[1:])
    scale, origin = (0.002, 0.0018), (113.0, 28.0)
    areas = []
    for r in range(side):
        for c in range(side):
            ring = [along[r, c], up[r, c + 1][1:], along[r + 1, c][-2::-1], up[r, c][-2:0:-1]]
            polygon = shapely.Polygon(np.concatenate(ring) * scale + origin)
            areas.append(Area(f"439999{r * side + c:09d}", "网格", Level.GRID, None, polygon))
    return areas, rng.uniform((0, 0), (side, side), (POINTS, 2)) * scale + origin


def los_angeles() -> tuple[list[Area], Any] | None:
    """99 neighbourhood councils and real service requests, repeated to the number wanted; None without the data."""
    councils, requests = DATA / "la_neighborhood_councils.geojson.gz", DATA / "la311_dev.csv.gz"
    if not (councils.exists() and requests.exists()):
        return None
    areas = []
    for feature in json.loads(gzip.decompress(councils.read_bytes()))["features"]:
        polygon = shapely.from_geojson(json.dumps(feature["geometry"])).buffer(0)  # two rings cross themselves
        code, name = feature["properties"]["nc_id"], feature["properties"]["name"]
        areas.append(Area(code, name, Level.COMMUNITY, None, polygon))
    with gzip.open(requests, "rt", encoding="utf-8", newline="") as table:
        rows = [(r["longitude"], r["latitude"]) for r in csv.DictReader(table) if r["longitude"]]
    points = np.array(rows, dtype=np.float64)
    return areas, np.resize(points, (POINTS, 2))


def contest(areas: list[Area], points: Any) -> tuple[dict[str, float], Counter[str]]:
    """Median points a second of each way, and how often the atlas had which doubt."""
    atlas = Atlas.build(areas)
    leaf = set(atlas.layers[0].codes)
    polygons = np.array([area.polygon for area in areas if area.code in leaf], dtype=object)
    tree = shapely.STRtree(polygons)
    prepared = polygons.copy()
    shapely.prepare(prepared)
    lons, lats = points[:, 0].copy(), points[:, 1].copy()

    def by_predicate(predicate: str) -> Any:
        return tree.query(shapely.points(lons, lats), predicate=predicate)

    def boxes() -> Any:
        at, polygon = tree.query(shapely.points(lons, lats))
        inside = shapely.contains_xy(prepared[polygon], lons[at], lats[at])
        return at[inside], polygon[inside]

    ways: dict[str, Callable[[], Any]] = {
        "atlas": lambda: atlas.locate_many(lons, lats),
        "within": lambda: by_predicate("within"),
        "intersects": lambda: by_predicate("intersects"),
        "boxes": boxes,
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - start)
    doubts = Counter(str(place.doubt) for place in atlas.locate_many(lons, lats))
    return {name: len(points) / statistics.median(taken) for name, taken in seconds.items()}, doubts


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096 / 1e6


def weigh(way: str) -> tuple[float, float]:
    """Seconds and megabytes it takes to have 100,489 grids ready ``way``; for megabytes, all asked for once."""
    areas, points = synthetic_city(LARGE)
    lons, lats = points[:, 0].copy(), points[:, 1].copy()
    before, start = _resident_mb(), time.perf_counter()
    if way == "shapely":
        polygons = np.array([area.polygon for area in areas], dtype=object)
        tree = shapely.STRtree(polygons)
        shapely.prepare(polygons)
        seconds = time.perf_counter() - start
        at, polygon = tree.query(shapely.points(lons, lats))
        shapely.contains_xy(polygons[polygon], lons[at], lats[at])
    elif way == "check":
        atlas = Atlas.build(areas)
        before, start = _resident_mb(), time.perf_counter()
        findings(atlas)
        seconds = time.perf_counter() - start
    else:
        if way == "two versions":  # one grid in a hundred is redrawn
            old, new = date(2026, 6, 30), date(2026, 7, 1)
            renewed = [replace(a, code=f"A{a.code[1:]}", valid_from=new) for a in areas[::100]]
            areas = [replace(a, valid_to=old) if n % 100 == 0 else a for n, a in enumerate(areas)] + renewed
            before, start = _resident_mb(), time.perf_counter()
        atlases = Atlases.build(areas)
        seconds = time.perf_counter() - start
        for atlas in atlases.versions:
            atlas.locate_many(lons, lats)
    return seconds, _resident_mb() - before


def large() -> str:
    """What 100,000 grids cost, as a Markdown table."""
    ways = {
        "shapely": "bare `STRtree` and prepared polygons",
        "atlas": "atlas (tree of areas, names, border strips)",
        "two versions": "two versions of it, 1 % of the grids redrawn",
        "check": "topology check, at reading",
    }
    lines = ["| 100,489 grids of 36 vertices | seconds | MB |", "| --- | ---: | ---: |"]
    for way, name in ways.items():
        # a fresh process each, so that no one lives in the memory another gave back
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            seconds, megabytes = pool.submit(weigh, way).result()
        lines.append(f"| {name} | {seconds:.2f} | {megabytes:,.0f} |")
    return "\n".join(lines)


def main() -> str:
    """The tables, as Markdown."""
    lines = [
        f"{POINTS:,} points, {ROUNDS} rounds taking turns, median; points/s. shapely {shapely.__version__}, "
        f"GEOS {shapely.geos_version_string}. The ratio is against the fastest of the three raw ways.\n",
        "| map | leaves | atlas | shapely `within` | `intersects` | boxes + `contains_xy` | ratio | doubts |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    cities = {
        "demo city": demo_city(),
        "20,000 grids": synthetic_city(),
        "100,000 grids": synthetic_city(LARGE),
        "Los Angeles": los_angeles(),
    }
    for name, city in cities.items():
        if city is None:
            lines.append(f"| {name} | skipped: no data beside the checkout | | | | | | |")
            continue
        rate, doubts = contest(*city)
        best = max(rate["within"], rate["intersects"], rate["boxes"])
        leaves = sum(area.level is city[0][-1].level for area in city[0])
        shares = ", ".join(f"{doubt} {n / POINTS:.1%}" for doubt, n in doubts.most_common())
        columns = " | ".join(f"{rate[way]:,.0f}" for way in ("atlas", "within", "intersects", "boxes"))
        lines.append(f"| {name} | {leaves:,} | {columns} | **{rate['atlas'] / best:.2f}** | {shares} |")
    return "\n".join([*lines, "", large()])


if __name__ == "__main__":
    print(main())
