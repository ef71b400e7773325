"""Maps that do not fit together: what is wrong is found, with its place and size, and nothing else is told."""

import csv
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from domain.place import Level
from geo.areas import Area
from geo.atlas import Atlas
from geo.rings import mend
from geo.topology import Finding, findings

DEMO = Path(__file__).resolve().parents[2] / "deploy/citypacks/demo"
LON, LAT = 113.9, 27.9
M_LON, M_LAT = 1 / 98_430, 1 / 110_820  # a metre in degrees there
HOME = "439999001001"


def spot(east: float, north: float) -> tuple[float, float]:
    return LON + east * M_LON, LAT + north * M_LAT


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    return shapely.box(*spot(west, south), *spot(east, north))


def grid(serial: int, polygon: shapely.Polygon, parent: str | None = None) -> Area:
    return Area(f"{HOME}{serial:03d}", f"{serial}网格", Level.GRID, parent, polygon)


def home(polygon: shapely.Polygon) -> Area:
    return Area(HOME, "甲社区", Level.COMMUNITY, None, polygon)


def found(*areas: Area, undivided: shapely.Polygon | None = None) -> tuple[Finding, ...]:
    return findings(Atlas.build(areas), undivided)


def off(finding: Finding, east: float, north: float) -> float:
    """Metres between the place told and the one expected."""
    lon, lat = spot(east, north)
    return float(np.hypot((finding.lon - lon) / M_LON, (finding.lat - lat) / M_LAT))


def demo_areas() -> list[Area]:
    features = json.loads((DEMO / "areas.geojson").read_text(encoding="utf-8"))["features"]
    shapes = {f["properties"]["code"]: shapely.from_geojson(json.dumps(f["geometry"])) for f in features}
    with (DEMO / "areas.csv").open(encoding="utf-8", newline="") as table:
        return [
            Area(row["code"], row["name"], Level(row["level"]), row["parent"] or None, shapes[row["code"]])
            for row in csv.DictReader(table)
        ]


def test_the_demo_city_fits_but_for_its_lake() -> None:
    (lake,) = findings(Atlas.build(demo_areas()))
    assert (lake.code, lake.areas, lake.count) == ("area-gap", ("439901",), 1)
    drawn = json.loads((DEMO / "undivided.geojson").read_text(encoding="utf-8"))["features"][0]["geometry"]
    water = shapely.from_geojson(json.dumps(drawn))
    assert water.contains(shapely.Point(lake.lon, lake.lat))
    assert findings(Atlas.build(demo_areas()), water) == ()


def test_two_surveys_that_claim_one_yard() -> None:
    (overlap,) = found(grid(1, box(0, 0, 100, 100)), grid(2, box(90, 0, 200, 100)))
    assert (overlap.code, overlap.areas) == ("grids-overlap", (f"{HOME}001", f"{HOME}002"))
    assert overlap.square_m == pytest.approx(1000, rel=0.01)
    assert overlap.share == pytest.approx(0.1, rel=0.01)
    assert 90 - 1 <= (overlap.lon - LON) / M_LON <= 100 + 1
    assert str(overlap).startswith(f"{HOME}001 {HOME}002: 1,0")


def test_the_same_grid_drawn_twice() -> None:
    (overlap,) = found(grid(1, box(0, 0, 100, 100)), grid(2, box(0, 0, 100, 100)), grid(3, box(100, 0, 200, 100)))
    assert (overlap.areas, round(overlap.share, 3)) == ((f"{HOME}001", f"{HOME}002"), 1.0)


def test_a_grid_inside_another() -> None:
    (overlap,) = found(grid(1, box(0, 0, 300, 300)), grid(2, box(100, 100, 150, 150)))
    assert overlap.share == pytest.approx(1.0)
    assert off(overlap, 125, 125) < 1


@pytest.mark.parametrize(("width", "told"), [(0.3, 0), (1.8, 0), (2.3, 1), (8, 1)])
def test_slivers_are_left_to_the_border_rule(width: float, told: int) -> None:
    assert len(found(grid(1, box(0, 0, 100, 100)), grid(2, box(100 - width, 0, 200, 100)))) == told
    areas = [
        home(box(0, 0, 200, 100)),
        grid(1, box(0, 0, 100, 100), HOME),
        grid(2, box(100 + width, 0, 200, 100), HOME),
    ]
    assert len(found(*areas)) == told


def test_a_neighbour_with_other_vertices_is_no_overlap() -> None:
    corner = shapely.Polygon([spot(100, 0), spot(200, 0), spot(200, 100), spot(100, 100), spot(100, 37)])
    assert found(grid(1, box(0, 0, 100, 100)), grid(2, corner)) == ()


def test_a_forgotten_grid_is_a_gap_in_its_community() -> None:
    parts = [grid(n, box(100 * n, 0, 100 * n + 100, 100), HOME) for n in (0, 1, 3)]
    (gap,) = found(home(box(0, 0, 400, 100)), *parts)
    assert (gap.code, gap.areas, gap.count) == ("area-gap", (HOME,), 1)
    assert gap.square_m == pytest.approx(10_000, rel=0.01)
    assert off(gap, 250, 50) < 2


def test_gaps_of_one_community_are_told_once_with_the_largest() -> None:
    parts = [grid(1, box(30, 0, 100, 100), HOME), grid(2, box(110, 0, 200, 100), HOME)]
    (gap,) = found(home(box(0, 0, 200, 100)), *parts)
    assert (gap.count, round(gap.square_m, -2)) == (2, 4000)
    assert off(gap, 15, 50) < 40


def test_water_that_is_drawn_is_no_gap() -> None:
    areas = [home(box(0, 0, 400, 100)), grid(1, box(0, 0, 300, 100), HOME)]
    assert found(*areas, undivided=box(299, -10, 500, 110)) == ()
    (gap,) = found(*areas, undivided=box(320, -10, 500, 110))
    assert gap.square_m == pytest.approx(2000, rel=0.01)


def test_a_hole_in_a_city_that_has_no_outline() -> None:
    ring = box(0, 0, 300, 300).difference(box(100, 100, 200, 200))
    (gap,) = found(grid(1, ring))
    assert (gap.code, gap.areas) == ("area-gap", ())
    assert off(gap, 150, 150) < 1


def test_a_grid_that_reaches_out_of_its_community() -> None:
    areas = [home(box(0, 0, 200, 100)), grid(1, box(0, 0, 100, 100), HOME), grid(2, box(100, 0, 300, 100), HOME)]
    (outside,) = found(*areas)
    assert (outside.code, outside.areas) == ("part-outside", (f"{HOME}002", HOME))
    assert outside.share == pytest.approx(0.5, rel=0.01)
    assert off(outside, 250, 50) < 5


def test_overlaps_of_coarser_areas_are_told_apart() -> None:
    pair = [Area(str(n), "街道", Level.STREET, None, box(90 * n, 0, 90 * n + 100, 100)) for n in (1, 2)]
    assert [each.code for each in found(*pair)] == ["areas-overlap"]


def test_grids_far_from_a_hectare() -> None:
    tiny, usual, huge = box(0, 0, 20, 20), box(20, 0, 120, 100), box(120, 0, 520, 400)
    small, large = found(grid(1, tiny), grid(2, usual), grid(3, huge))
    assert (small.code, small.areas, small.count) == ("grid-small", (f"{HOME}001",), 1)
    assert (large.code, large.areas) == ("grid-large", (f"{HOME}003",))
    assert large.square_m == pytest.approx(160_000, rel=0.01)


@given(
    rows=st.lists(st.floats(20, 80), min_size=1, max_size=4),
    pushed=st.floats(3, 15),
    at=st.integers(0, 3),
    data=st.data(),
)
def test_one_pushed_grid_is_the_only_one_told(rows: list[float], pushed: float, at: int, data: st.DataObject) -> None:
    """A street of grids with one side pushed east overlaps its neighbour and leaves a gap, of just that size."""
    edges = np.cumsum([0.0, *rows, 100.0, 100.0])
    at = min(at, len(rows) - 1)
    south, north = 0.0, data.draw(st.floats(60, 120))
    areas = [home(box(edges[0], south, edges[-1], north))]
    for n, (west, east) in enumerate(itertools.pairwise(edges)):
        push = pushed if n == at else 0.0
        areas.append(grid(n + 1, box(west + push, south, east + push, north), HOME))
    gap_first = sorted(found(*areas), key=lambda each: each.code)
    assert [each.code for each in gap_first] == ["area-gap", "grids-overlap"]
    for each in gap_first:
        assert each.square_m == pytest.approx(pushed * (north - south), rel=0.02)


# rings


def test_a_ring_that_barely_crosses_itself_is_mended() -> None:
    spike = shapely.Polygon([spot(*p) for p in ((0, 0), (100, 0), (100, 100), (50, 99.9), (50.2, 100.1), (0, 100))])
    crossed = shapely.Polygon(
        [spot(*p) for p in ((0, 0), (100, 0), (100, 100), (40, 100), (40.1, 100.1), (40.2, 99.9), (0, 100))]
    )
    assert not crossed.is_valid
    shapes, (mended,) = mend([spike, crossed, box(0, 0, 10, 10)])
    assert mended.at == 1
    assert all(shapely.is_valid(shapes))
    assert mended.square_m < 0.1
    assert abs((mended.lat - LAT) / M_LAT - 100) < 1


def test_a_bow_tie_is_left_to_be_refused() -> None:
    bow_tie = shapely.Polygon([spot(0, 0), spot(100, 100), spot(100, 0), spot(0, 100)])
    shapes, mended = mend([bow_tie, shapely.Point(0, 0), shapely.Polygon()])
    assert mended == ()
    assert shapes[0] is bow_tie
