"""Draws the map of the fictional city of Yunhu (云湖市): its areas, the lake, and who is responsible for what.

Run it with ``python deploy/citypacks/demo/make_map.py``; it writes ``areas.csv``, ``areas.geojson``,
``undivided.geojson`` and ``responsibility_grids.csv`` beside itself. The seed is fixed, so the files come out byte for
byte the same, and a test compares them. A lattice of blocks is bent and jittered, every block inside the outline
becomes a unit grid of the community whose seed is nearest, and all coarser areas are dissolved from their grids, so
that neighbours share their vertices exactly. The lake belongs to a district but to no grid.
"""

import csv
import io
import json
import math
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import shapely

COLS, ROWS = 25, 22
WEST, NORTH = 113.925, 27.971
STEP_LON, STEP_LAT = 0.002, 0.0018  # about 200 m; a unit grid is then some 4 ha
DECIMALS = 6  # 0.1 m
CITY = ("439900", "云湖市")

# district -> street -> community: the community's seed as (column, row) of the lattice, row 0 in the north
PLAN: dict[str, dict[str, dict[str, tuple[float, float]]]] = {
    "临湖区": {
        "望湖街道": {"柳岸社区": (3.5, 6.5), "湖滨社区": (2.8, 11.0), "新村社区": (7.8, 7.0)},
        "云栖街道": {"荷塘社区": (4.2, 15.5), "云栖社区": (9.5, 19.0), "南堤社区": (8.5, 15.0)},
        "渡口街道": {"渡口社区": (13.0, 9.5), "沙洲社区": (13.5, 13.8), "东堤社区": (14.5, 18.2)},
    },
    "山前区": {
        "松岭街道": {"松岭社区": (8.3, 2.6), "杏园社区": (12.8, 2.0), "茶亭社区": (13.0, 5.3)},
        "石桥街道": {"石桥社区": (17.3, 2.8), "新村社区": (21.0, 5.5), "清溪社区": (17.2, 6.6)},
        "新城街道": {"学府社区": (18.3, 10.8), "站前社区": (22.3, 10.5), "创业社区": (19.0, 15.0)},
    },
}
# who inspects (采集) a street; a street is two beats, the first its first community
INSPECTORS = {
    "望湖街道": "inspector-1",
    "云栖街道": "inspector-1",
    "渡口街道": "inspector-2",
    "松岭街道": "inspector-3",
    "石桥街道": "inspector-3",
    "新城街道": "inspector-3",
}
LAKE = (8.4, 11.0, 2.9, 2.0)  # centre and half axes in blocks

Spot = tuple[float, float]
Block = tuple[int, int]


def bend(col: float, row: float, rng: random.Random, jitter: float) -> Spot:
    """Position in degrees of a lattice position: a smooth swing of the streets plus a small jitter."""
    x = col + 0.45 * math.sin(row / 3.1) + rng.uniform(-jitter, jitter)
    y = row + 0.40 * math.sin(col / 3.7 + 1.0) + rng.uniform(-jitter, jitter)
    return round(WEST + x * STEP_LON, DECIMALS), round(NORTH - y * STEP_LAT, DECIMALS)


def draw_blocks(rng: random.Random) -> dict[Block, Any]:
    """Every block of the lattice as a polygon. Corners and the point half-way along each side are shared."""
    corner = {(c, r): bend(c, r, rng, 0.16) for r in range(ROWS + 1) for c in range(COLS + 1)}
    along = {(c, r): bend(c + 0.5, r, rng, 0.09) for r in range(ROWS + 1) for c in range(COLS)}
    down = {(c, r): bend(c, r + 0.5, rng, 0.09) for r in range(ROWS) for c in range(COLS + 1)}
    blocks = {}
    for r in range(ROWS):
        for c in range(COLS):
            south = [corner[c, r + 1], along[c, r + 1], corner[c + 1, r + 1], down[c + 1, r]]
            north = [corner[c + 1, r], along[c, r], corner[c, r], down[c, r]]
            blocks[c, r] = shapely.Polygon(south + north)
    return blocks


def in_city(block: Block) -> bool:
    """Whether a block lies inside the outline: an ellipse with bays and headlands."""
    x, y = (block[0] + 0.5 - COLS / 2) / (COLS / 2), (block[1] + 0.5 - ROWS / 2) / (ROWS / 2)
    turn = math.atan2(y, x)
    return math.hypot(x, y) < 0.98 + 0.08 * math.sin(3 * turn + 0.6) + 0.05 * math.sin(7 * turn)


def in_lake(block: Block) -> bool:
    """Whether a block is water."""
    x, y, a, b = LAKE
    return ((block[0] + 0.5 - x) / a) ** 2 + ((block[1] + 0.5 - y) / b) ** 2 < 1


def nearest_community(block: Block) -> tuple[str, str, str]:
    """District, street and community a block belongs to: those of the nearest seed."""
    seeds = {
        (district, street, community): seed
        for district, streets in PLAN.items()
        for street, communities in streets.items()
        for community, seed in communities.items()
    }
    return min(seeds, key=lambda name: math.dist(seeds[name], (block[0] + 0.5, block[1] + 0.5)))


def dissolve(polygons: list[Any]) -> Any:
    """Union of polygons that share vertices exactly, as rings in the order RFC 7946 asks for."""
    return shapely.orient_polygons(shapely.normalize(shapely.coverage_union_all(polygons)))


def build() -> dict[str, str]:
    """The texts of the files by their names."""
    blocks = draw_blocks(random.Random(439900))  # noqa: S311 - a drawing, not a secret
    inside = [block for block in sorted(blocks, key=lambda block: (block[1], block[0])) if in_city(block)]
    land = [block for block in inside if not in_lake(block)]
    lake = [blocks[block] for block in inside if in_lake(block)]
    members: dict[tuple[str, str, str], list[Any]] = {}
    for block in land:  # north to south, west to east: the order of the serial numbers
        members.setdefault(nearest_community(block), []).append(blocks[block])

    rows: list[tuple[str, str, str, str]] = [(*CITY, "city", "")]
    shapes = {CITY[0]: dissolve([blocks[block] for block in inside])}
    for d, (district, streets) in enumerate(PLAN.items(), start=1):
        d_code, d_shapes = f"4399{d:02d}", lake if d == 1 else []
        rows.append((d_code, district, "district", CITY[0]))
        for s, (street, communities) in enumerate(streets.items(), start=1):
            s_code, s_shapes = f"{d_code}{s:03d}", []
            rows.append((s_code, street, "street", d_code))
            for c, community in enumerate(communities, start=1):
                c_code, grids = f"{s_code}{c:03d}", members[district, street, community]
                rows.append((c_code, community, "community", s_code))
                for g, grid in enumerate(grids, start=1):
                    rows.append((f"{c_code}{g:03d}", f"{community}{g:03d}网格", "grid", c_code))
                    shapes[rows[-1][0]] = dissolve([grid])
                shapes[c_code] = dissolve(grids)
                s_shapes += grids
            shapes[s_code] = dissolve(s_shapes)
            d_shapes = d_shapes + s_shapes
        shapes[d_code] = dissolve(d_shapes)
    rows.sort()
    coded = ({"code": code} for code in sorted(shapes))
    return {
        "areas.csv": as_csv(("code", "name", "level", "parent"), rows),
        "areas.geojson": as_geojson(coded, [shapes[code] for code in sorted(shapes)]),
        "undivided.geojson": as_geojson([{"name": "云湖"}], [dissolve(lake)]),
        "responsibility_grids.csv": as_csv(("id", "name", "areas", "kind", "unit", "people"), beats(rows)),
    }


def beats(rows: list[tuple[str, str, str, str]]) -> list[tuple[str, ...]]:
    """The inspectors' responsibility grids: of each street its first community, and the others together."""
    found: list[tuple[str, ...]] = []
    for street, name, level, _ in rows:
        if level != "street":
            continue
        first, *others = [code for code, _, _, parent in rows if parent == street]
        for serial, areas in enumerate(([first], others), start=1):
            title = f"{name}第{'一二'[serial - 1]}责任网格"
            found.append((f"Z{street}{serial}", title, "|".join(areas), "", "", INSPECTORS[name]))
    return found


def as_csv(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def as_geojson(properties: Iterable[dict[str, str]], shapes: Iterable[Any]) -> str:
    """A feature collection, one feature a line."""
    features = (
        {"type": "Feature", "properties": said, "geometry": json.loads(shapely.to_geojson(shape))}
        for said, shape in zip(properties, shapes, strict=True)
    )
    lines = ",\n".join(json.dumps(feature, separators=(",", ":")) for feature in features)
    return f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n'


if __name__ == "__main__":
    for name, text in build().items():
        (Path(__file__).parent / name).write_text(text, encoding="utf-8", newline="\n")
