"""Writes the gazetteer of the fictional city of Yunhu (云湖市): ``gazetteer.csv`` beside this file.

Run it with ``python deploy/citypacks/demo/make_gazetteer.py``; nothing is drawn by lot, so the file comes out byte for
byte the same, and a test compares it. Roads follow the lines of the map's lattice of blocks, so that doors stand at
the edges of unit grids; estates and places lie in the middle of some grids.
"""

import csv
import io
import json
import math
import random
import runpy
from pathlib import Path
from typing import Any

import shapely

HERE = Path(__file__).resolve().parent
HEADER = ("id", "kind", "name", "aliases", "parts", "lon", "lat", "crs", "area")
SIDE = 0.00012  # degrees from the middle of the road to the doors, 12 m

# name, also called, along a row or a column of the lattice, its number, from, to
ROADS = (
    ("湖滨路", "沿湖路", "row", 8, 2, 12),
    ("望湖大道", "", "row", 5, 2, 23),
    ("云栖路", "", "row", 16, 2, 13),
    ("渡口路", "老渡口街", "column", 12, 4, 20),
    ("松岭路", "", "row", 3, 5, 20),
    ("石桥街", "", "column", 17, 2, 10),
    ("学府路", "", "row", 11, 12, 24),
    ("站前大道", "", "column", 21, 3, 17),
    ("创业路", "", "row", 15, 14, 23),
    ("柳岸街", "", "column", 4, 4, 18),
)  # fmt: skip
ESTATES = (
    ("柳岸花园", "柳岸小区", "柳岸社区", 2),
    ("湖景新城", "", "湖滨社区", 1),
    ("云栖雅苑", "", "云栖社区", 3),
    ("荷塘月色小区", "荷塘小区", "荷塘社区", 2),
    ("渡口家园", "", "渡口社区", 4),
    ("松岭山庄", "", "松岭社区", 2),
    ("清溪花园", "", "清溪社区", 3),
    ("学府雅居", "", "学府社区", 1),
    ("东堤公寓", "", "东堤社区", 2),
)
POINTS = (
    ("云湖市人民医院", "市人民医院|云湖人民医院", "望湖街道", 12),
    ("云湖市第一中学", "云湖一中|市一中", "学府社区", 6),
    ("云湖火车站", "火车站", "站前社区", 2),
    ("望湖公园", "", "湖滨社区", 5),
    ("渡口农贸市场", "渡口菜场|渡口菜市场", "渡口社区", 8),
    ("石桥小学", "", "石桥社区", 3),
    ("云栖客运站", "", "云栖社区", 7),
    ("松岭派出所", "", "松岭社区", 6),
    ("创业科技园", "创业园", "创业社区", 4),
    ("沙洲水厂", "", "沙洲社区", 2),
)
OLD_NAMES = (("新城街道", "站南乡"), ("东堤社区", "东堤村"))


def table() -> str:
    """The gazetteer as CSV text."""
    drawing = runpy.run_path(str(HERE / "make_map.py"))
    grids, names = _grids()
    rows: list[tuple[Any, ...]] = []
    for code, parts in names.items():
        for name, old in OLD_NAMES:
            if parts[-1] == name:
                rows.append((f"A-{code}", "area", name, old, "|".join(parts[:-1]), "", "", "", code))
    lines = {}
    for name, also, way, line, start, end in ROADS:
        lines[name] = [
            drawing["bend"](*((at / 8, line) if way == "row" else (line, at / 8)), random.Random(0), 0.0)  # noqa: S311
            for at in range(start * 8, end * 8 + 1)
        ]
        inside = [spot for spot in lines[name] if _at(spot, grids)]
        middle = inside[len(inside) // 2]
        rows.append((f"R-{name}", "road", name, also, "", *middle, "CGCS2000", ""))
        rows += _doors(name, lines[name], grids, names)
    rows += _crossings(lines)
    rows += _places(grids, names)
    return _csv(rows)


def _grids() -> tuple[dict[str, Any], dict[str, tuple[str, ...]]]:
    features = json.loads((HERE / "areas.geojson").read_text(encoding="utf-8"))["features"]
    shapes = {f["properties"]["code"]: shapely.from_geojson(json.dumps(f["geometry"])) for f in features}
    with (HERE / "areas.csv").open(encoding="utf-8", newline="") as file:
        areas = {row["code"]: row for row in csv.DictReader(file)}
    names: dict[str, tuple[str, ...]] = {}
    for code, row in areas.items():
        names[code] = (*names.get(row["parent"], ()), row["name"])
    return {code: shape for code, shape in sorted(shapes.items()) if len(code) == 15}, names


def _at(spot: tuple[float, float], grids: dict[str, Any]) -> str | None:
    return next((code for code, shape in grids.items() if shapely.contains_xy(shape, *spot)), None)


def _doors(name: str, line: list[tuple[float, float]], grids: Any, names: Any) -> list[tuple[Any, ...]]:
    """Doors with odd numbers on the left and even ones on the right, as far as they stand in a grid."""
    rows = []
    number = 0
    for (x, y), (x2, y2) in zip(line[::2], line[1::2], strict=False):
        length = math.hypot(x2 - x, y2 - y)
        for side in (1, -1):
            number += 1
            spot = (round(x - side * (y2 - y) / length * SIDE, 6), round(y + side * (x2 - x) / length * SIDE, 6))
            grid = _at(spot, grids)
            if grid:
                parts = "|".join(names[grid][:-1])
                rows.append((f"D-{name}-{number}", "address", f"{name}{number}号", "", parts, *spot, "CGCS2000", ""))
    return rows


def _crossings(lines: dict[str, list[tuple[float, float]]]) -> list[tuple[Any, ...]]:
    rows = []
    drawn = {name: shapely.LineString(line) for name, line in lines.items()}
    for one, a in drawn.items():
        for other, b in drawn.items():
            if one < other and a.intersects(b):
                spot = a.intersection(b).centroid
                at = round(spot.x, 6), round(spot.y, 6)
                rows.append((f"X-{one}-{other}", "crossing", f"{one}与{other}交叉口", "", "", *at, "CGCS2000", ""))
    return rows


def _places(grids: dict[str, Any], names: dict[str, tuple[str, ...]]) -> list[tuple[Any, ...]]:
    rows = []
    for kind, list_ in (("estate", ESTATES), ("poi", POINTS)):
        for name, also, area, n in list_:
            inside = [code for code in grids if area in names[code]]
            grid = inside[n % len(inside)]
            middle = grids[grid].centroid
            parts = "|".join(names[grid][:-1])
            at = round(middle.x, 6), round(middle.y, 6)
            rows.append((f"P-{name}", kind, name, also, parts, *at, "CGCS2000", grid))
            if kind == "estate":
                for building in range(1, 7):
                    east, north = ((building - 1) % 3 - 1) * 0.0003, ((building - 1) // 3 - 0.5) * 0.0004
                    spot = round(middle.x + east, 6), round(middle.y + north, 6)
                    own = (f"B-{name}-{building}", "estate", f"{name}{building}栋", "", parts, *spot, "CGCS2000", "")
                    rows.append(own)
    return rows


def _csv(rows: list[tuple[Any, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(rows)
    return text.getvalue()


if __name__ == "__main__":
    (HERE / "gazetteer.csv").write_text(table(), encoding="utf-8", newline="\n")
