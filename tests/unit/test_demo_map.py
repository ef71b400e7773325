"""The map of the demo city: exactly what its script draws, and a partition a city could be run on."""

import csv
import itertools
import json
import re
import runpy
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
import shapely

from domain.place import LEVELS

DEMO = Path(__file__).resolve().parents[2] / "deploy/citypacks/demo"
LENGTHS = {"city": 6, "district": 6, "street": 9, "community": 12, "grid": 15}


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, str]]:
    with (DEMO / "areas.csv").open(encoding="utf-8", newline="") as table:
        return {row["code"]: row for row in csv.DictReader(table)}


@pytest.fixture(scope="module")
def shapes() -> dict[str, Any]:
    features = json.loads((DEMO / "areas.geojson").read_text(encoding="utf-8"))["features"]
    return {f["properties"]["code"]: shapely.from_geojson(json.dumps(f["geometry"])) for f in features}


def members(rows: dict[str, dict[str, str]]) -> dict[str, list[str]]:
    """Codes by parent."""
    below = defaultdict(list)
    for code, row in rows.items():
        if row["parent"]:
            below[row["parent"]].append(code)
    return below


def test_the_files_are_what_the_script_draws() -> None:
    drawn = runpy.run_path(str(DEMO / "make_map.py"))["build"]()
    assert len(drawn) == 4
    for name, text in drawn.items():
        assert text.encode() == (DEMO / name).read_bytes(), name


def test_a_small_city(rows: dict[str, dict[str, str]]) -> None:
    count = Counter(row["level"] for row in rows.values())
    assert {level: count[level] for level in LEVELS[:5]} == {
        "province": 0,
        "city": 1,
        "district": 2,
        "street": 6,
        "community": 18,
    }
    assert 380 <= count["grid"] <= 420
    assert (DEMO / "areas.geojson").stat().st_size < 500_000


def test_codes_are_built_from_their_parents(rows: dict[str, dict[str, str]]) -> None:
    for code, row in rows.items():
        assert len(code) == LENGTHS[row["level"]]
        if row["level"] in ("street", "community", "grid"):
            assert code.startswith(row["parent"])


def test_every_area_is_drawn_once_and_in_one_piece(rows: dict[str, dict[str, str]], shapes: dict[str, Any]) -> None:
    assert shapes.keys() == rows.keys()
    assert all(shape.geom_type == "Polygon" and shape.is_valid for shape in shapes.values())
    assert all(shape.exterior.is_ccw for shape in shapes.values()), "RFC 7946: outer rings run anticlockwise"


def test_no_more_decimals_than_a_map_needs() -> None:
    text = (DEMO / "areas.geojson").read_text(encoding="utf-8")
    assert max(len(decimals) for decimals in re.findall(r"\.(\d+)", text)) <= 7


def test_grids_share_their_borders_exactly(rows: dict[str, dict[str, str]], shapes: dict[str, Any]) -> None:
    grids = [shapes[code] for code, row in rows.items() if row["level"] == "grid"]
    assert shapely.coverage_is_valid(grids)


def test_coarser_areas_are_exactly_their_parts(rows: dict[str, dict[str, str]], shapes: dict[str, Any]) -> None:
    for code, parts in members(rows).items():
        union = shapely.coverage_union_all([shapes[part] for part in parts])
        if code == "439901":
            lake = shapes[code].difference(union)
            assert lake.geom_type == "Polygon"
            assert len(union.interiors) == 1, "the lake is the only hole"
        else:
            assert union.normalize() == shapes[code].normalize()


def test_the_outline_is_no_rectangle(shapes: dict[str, Any]) -> None:
    city = shapes["439900"]
    assert city.area < 0.85 * city.envelope.area


def test_serials_run_west_to_east_and_north_to_south(rows: dict[str, dict[str, str]], shapes: dict[str, Any]) -> None:
    for parts in members(rows).values():
        if len(parts[0]) != LENGTHS["grid"]:
            continue
        assert [int(code[-3:]) for code in sorted(parts)] == list(range(1, len(parts) + 1))
        centres = [shapes[code].centroid for code in sorted(parts)]
        streets = [[centres[0]]]
        for before, after in itertools.pairwise(centres):
            if after.x < before.x:
                streets.append([])
            streets[-1].append(after)
        for north, south in itertools.pairwise(streets):  # streets bend, so compare grids above each other
            for grid in south:
                assert grid.y < min(north, key=lambda above, x=grid.x: abs(above.x - x)).y


def test_one_community_name_occurs_in_both_districts(rows: dict[str, dict[str, str]]) -> None:
    names = Counter(row["name"] for row in rows.values() if row["level"] != "grid")
    assert {name for name, n in names.items() if n > 1} == {"新村社区"}
