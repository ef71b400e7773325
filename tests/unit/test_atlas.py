"""Where points and names lie: stories of the trade, rules of doubt, and properties of the index as a whole."""

import csv
import json
import math
import random
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.place import Doubt, Level, Place
from geo.atlas import Area, Atlas

DEMO = Path(__file__).resolve().parents[2] / "deploy/citypacks/demo"
LON, LAT = 113.9, 27.9
M_LON, M_LAT = 1 / 98_430, 1 / 110_820  # a metre in degrees there


def demo_areas() -> list[Area]:
    features = json.loads((DEMO / "areas.geojson").read_text(encoding="utf-8"))["features"]
    shapes = {f["properties"]["code"]: shapely.from_geojson(json.dumps(f["geometry"])) for f in features}
    with (DEMO / "areas.csv").open(encoding="utf-8", newline="") as table:
        return [
            Area(row["code"], row["name"], Level(row["level"]), row["parent"] or None, shapes[row["code"]])
            for row in csv.DictReader(table)
        ]


AREAS = demo_areas()
ATLAS = Atlas.build(AREAS)
CITY, DISTRICT = ATLAS.area("439900").polygon, ATLAS.area("439901").polygon
LAKE = DISTRICT.difference(shapely.union_all([a.polygon for a in AREAS if a.level is Level.GRID]))
WEST, SOUTH, EAST, NORTH = CITY.bounds
ANYWHERE = st.tuples(st.floats(WEST - 0.002, EAST + 0.002), st.floats(SOUTH - 0.002, NORTH + 0.002))


def locate(lon: float, lat: float, atlas: Atlas = ATLAS) -> Place:
    (place,) = atlas.locate_many([lon], [lat])
    return place


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """A rectangle given in metres from the corner of the little test maps."""
    return shapely.box(LON + west * M_LON, LAT + south * M_LAT, LON + east * M_LON, LAT + north * M_LAT)


def in_metres(spots: np.ndarray) -> np.ndarray:
    """Vertices in degrees as metres, to measure with independently of the atlas."""
    return (spots - (LON, LAT)) / (M_LON, M_LAT)


def at(atlas: Atlas, east: float, north: float) -> Place:
    """The place of a point given in metres from that corner."""
    return locate(LON + east * M_LON, LAT + north * M_LAT, atlas)


def grid(serial: int, polygon: shapely.Polygon, parent: str | None = None) -> Area:
    return Area(f"439999001001{serial:03d}", f"{serial}网格", Level.GRID, parent, polygon)


# stories of the trade


def test_a_manhole_on_the_border_of_two_communities_stays_with_one_body() -> None:
    left, right = "439901001001", "439901001002"  # 柳岸社区, 湖滨社区
    edge = ATLAS.area(left).polygon.intersection(ATLAS.area(right).polygon)
    manhole = shapely.line_interpolate_point(shapely.line_merge(edge), 0.4, normalized=True)
    surveys = [locate(manhole.x + d * M_LON, manhole.y + e * M_LAT) for d in (-1, 0, 1) for e in (-0.9, 0, 0.9)]
    assert {place.doubt for place in surveys} == {Doubt.ON_BORDER}
    (place,) = set(surveys)  # a metre of measuring error changes nothing
    assert {ATLAS.path(code)[3] for code in place.candidates} == {left, right}
    assert place.grid == min(place.candidates)
    assert place.path == ATLAS.path(place.candidates[0])
    assert place.certain


def test_a_phone_thirty_metres_out_into_the_lake_belongs_to_the_nearest_bank() -> None:
    bank = LAKE.exterior.interpolate(0.1, normalized=True)
    middle = LAKE.centroid
    step = 35 / math.hypot((middle.x - bank.x) / M_LON, (middle.y - bank.y) / M_LAT)
    phone = shapely.Point(bank.x + step * (middle.x - bank.x), bank.y + step * (middle.y - bank.y))
    assert LAKE.contains(phone)
    place = locate(phone.x, phone.y)
    assert place.doubt is Doubt.NEAREST
    banks = shapely.transform(LAKE.exterior, in_metres)
    assert place.distance == pytest.approx(banks.distance(shapely.transform(phone, in_metres)), rel=0.005)
    assert 20 < place.distance < 36
    assert place.grid == place.candidates[0]
    assert place.path[:2] == ("439900", "439901")
    assert place.certain


def test_a_boat_in_the_middle_of_the_lake_is_in_the_district_and_no_grid() -> None:
    middle = LAKE.representative_point()
    place = locate(middle.x, middle.y)
    assert place == Place(("439900", "439901"), None, Doubt.COARSE)
    assert place.certain


def test_a_report_from_the_neighbouring_city_is_outside() -> None:
    place = locate(EAST + 0.05, (NORTH + SOUTH) / 2)
    assert place == Place(doubt=Doubt.OUTSIDE)
    assert not place.certain


def test_no_position_is_nowhere() -> None:
    places = ATLAS.locate_many([None, math.nan, 113.95, math.inf, 1e308], [27.95, 27.95, None, 27.95, 27.95])
    assert places == [Place(doubt=Doubt.NOWHERE)] * 5


def test_a_plain_point_has_a_grid_and_no_doubt() -> None:
    area = ATLAS.area("439902003001005")
    inside = area.polygon.representative_point()
    assert locate(inside.x, inside.y) == Place(ATLAS.path(area.code), area.code)
    assert ATLAS.path(area.code) == ("439900", "439902", "439902003", "439902003001", "439902003001005")


# the rules on maps of a few rectangles


def test_the_outer_edge_of_the_city_is_no_border() -> None:
    atlas = Atlas.build([grid(1, box(0, 0, 100, 100)), grid(2, box(100, 0, 200, 100))])
    assert at(atlas, 1, 50).doubt is Doubt.NONE
    assert at(atlas, 98.5, 50) == at(atlas, 101.5, 50)
    assert at(atlas, 98.5, 50).doubt is Doubt.ON_BORDER
    assert at(atlas, 97, 50).doubt is Doubt.NONE


@pytest.mark.parametrize(("east", "doubt"), [(-1, Doubt.NEAREST), (-49, Doubt.NEAREST), (-51, Doubt.OUTSIDE)])
def test_beside_the_map_the_nearest_grid_up_to_the_limit(east: float, doubt: Doubt) -> None:
    atlas = Atlas.build([grid(1, box(0, 0, 100, 100))])
    place = at(atlas, east, 50)
    assert place.doubt is doubt
    assert place.distance == (pytest.approx(-east, rel=0.005) if doubt is Doubt.NEAREST else 0)


def test_equally_near_grids_go_by_code() -> None:
    for west in range(0, 2000, 61):  # the last bits of the two distances differ
        atlas = Atlas.build([grid(2, box(west, 0, west + 50, 100)), grid(1, box(west + 70, 0, west + 120, 100))])
        place = at(atlas, west + 60, 50)
        assert place.candidates == ("439999001001001", "439999001001002")
        assert place.grid == "439999001001001"


def test_a_gap_is_filled_from_its_own_community_before_a_nearer_foreign_one() -> None:
    home, away = "439999001001", "439999001002"
    areas = [
        Area(home, "甲社区", Level.COMMUNITY, None, box(0, 0, 300, 100)),
        Area(away, "乙社区", Level.COMMUNITY, None, box(300, 0, 400, 100)),
        grid(1, box(0, 0, 250, 100), home),
        grid(2, box(300, 0, 400, 100), away),
    ]
    atlas = Atlas.build(areas)
    place = at(atlas, 285, 50)  # 35 m from home's grid, 15 m from away's
    assert (place.path, place.doubt) == ((home, "439999001001001"), Doubt.NEAREST)
    assert at(Atlas.build(areas, nearest_m=20.0), 285, 50) == Place((home,), None, Doubt.COARSE)


def test_a_map_that_overlaps_says_so_and_guesses_nothing() -> None:
    parent = Area("439999001001", "甲社区", Level.COMMUNITY)
    areas = [parent, grid(1, box(0, 0, 120, 100), parent.code), grid(2, box(100, 0, 200, 100), parent.code)]
    atlas = Atlas.build(areas)
    place = at(atlas, 110, 50)
    assert place == Place((parent.code,), None, Doubt.AMBIGUOUS, 0.0, ("439999001001001", "439999001001002"))
    assert not place.certain
    assert at(atlas, 101, 50).grid == "439999001001001", "the outermost strip yields to a neighbour's core"


def test_coarser_areas_that_overlap_go_by_code() -> None:
    areas = [
        Area("439999002", "乙街道", Level.STREET, None, box(0, 0, 200, 200)),
        Area("439999001", "甲街道", Level.STREET, None, box(100, 0, 300, 200)),
        grid(1, box(0, 0, 10, 10)),
    ]
    assert at(Atlas.build(areas), 150, 150).path == ("439999001",)


def test_a_pack_may_have_one_level_only() -> None:
    council = Area("47", "LINCOLN HEIGHTS NC", Level.COMMUNITY, None, box(0, 0, 100, 100))
    assert at(Atlas.build([council]), 50, 50) == Place(("47",), None, Doubt.NONE)


def test_without_polygons_no_point_can_be_placed() -> None:
    atlas = Atlas.build([Area("440310", "坪山区", Level.DISTRICT)])
    assert atlas.locate_many([114.3], [22.7]) == [Place(doubt=Doubt.NOWHERE)]


def test_a_grid_narrower_than_its_borders_is_still_found() -> None:
    atlas = Atlas.build([grid(1, box(0, 0, 3, 100))])
    assert at(atlas, 1.5, 50).grid == "439999001001001"


# names


@pytest.mark.parametrize(
    ("names", "path", "doubt"),
    [
        (("临湖区", "云栖街道", "荷塘社区"), ("439900", "439901", "439901002", "439901002001"), Doubt.COARSE),
        (("荷塘社区",), ("439900", "439901", "439901002", "439901002001"), Doubt.COARSE),
        (("山前区", "-", "新村社区"), ("439900", "439902", "439902002", "439902002002"), Doubt.COARSE),
        (("临湖区", " 云栖街道 ", "没有的社区"), ("439900", "439901", "439901002"), Doubt.COARSE),
        (("某省", "临湖区", "", "荷塘社区"), ("439900", "439901", "439901002", "439901002001"), Doubt.COARSE),
        (("荷塘社区", "临湖区"), ("439900", "439901", "439901002", "439901002001"), Doubt.COARSE),
        (("439902",), ("439900", "439902"), Doubt.COARSE),
        (("没有的区", "-"), (), Doubt.NOWHERE),
        ((), (), Doubt.NOWHERE),
    ],
)
def test_names_lead_as_deep_as_they_can(names: tuple[str, ...], path: tuple[str, ...], doubt: Doubt) -> None:
    (place,) = ATLAS.locate_named_many([names])
    assert (place.path, place.grid, place.doubt) == (path, None, doubt)


def test_a_grid_code_is_as_good_as_a_name() -> None:
    alone, below_unknown = ATLAS.locate_named_many([("439901002001003",), ("临湖区", "没有的街道", "439901002001003")])
    assert alone == below_unknown == Place(ATLAS.path("439901002001003"), "439901002001003")


def test_a_name_that_occurs_twice_is_left_to_a_person() -> None:
    (place,) = ATLAS.locate_named_many([("新村社区",)])
    assert place == Place(("439900",), None, Doubt.AMBIGUOUS, 0.0, ("439901001003", "439902002002"))


def test_names_that_contradict_each_other_are_left_to_a_person() -> None:
    (place,) = ATLAS.locate_named_many([("山前区", "荷塘社区")])
    assert (place.doubt, place.candidates) == (Doubt.AMBIGUOUS, ("439901002001", "439902"))


def test_an_undivided_area_known_by_name_leaves_no_doubt() -> None:
    areas = [
        Area("440310", "坪山区", Level.DISTRICT, aliases=("坪山",)),
        Area("440310001", "碧岭街道", Level.STREET, "440310"),
        Area("440310001001", "沙湖社区", Level.COMMUNITY, "440310001"),
    ]
    full, alias, coarse = Atlas.build(areas).locate_named_many(
        [("坪山区", "碧岭街道", "沙湖社区"), ("坪山", "-", "沙湖社区"), ("坪山区", "碧岭街道", "-")]
    )
    assert full == alias == Place(("440310", "440310001", "440310001001"))
    assert coarse == Place(("440310", "440310001"), None, Doubt.COARSE)


# what the atlas knows of its areas


def test_the_tree_can_be_asked() -> None:
    assert ATLAS.name("439901002") == "云栖街道"
    assert ATLAS.area("439901002").parent == "439901"
    within = ATLAS.codes_within("439901002")
    assert within[0] == "439901002"
    assert all(code.startswith("439901002") for code in within)
    assert len(ATLAS.codes_within("439900")) == len(AREAS)
    for ask in (ATLAS.name, ATLAS.area, ATLAS.path, ATLAS.codes_within):
        with pytest.raises(KeyError):
            ask("000000")


def test_every_fault_of_a_map_is_told_at_once() -> None:
    bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    areas = [
        Area("4399", "市", Level.CITY),
        Area("439901", "区", Level.DISTRICT, "4399", bow_tie),
        Area("439901", "又一区", Level.DISTRICT, "4399"),
        Area("439902", " ", Level.DISTRICT, "4398"),
        Area("439903", "区", Level.CITY, "4399", shapely.Point(0, 0)),
        Area("43990100100100", "网格", Level.GRID, "439901", box(0, 0, 1, 1)),
        Area("43990100100100A", "网格", Level.GRID, "439901", shapely.box(27, 113, 28, 114)),
    ]
    with pytest.raises(Invalid) as caught:
        Atlas.build(areas)
    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [
        ("/1/polygon", "invalid-ring"),
        ("/2/code", "duplicate-code"),
        ("/3/name", "name-missing"),
        ("/3/parent", "unknown-parent"),
        ("/4/parent", "parent-not-coarser"),
        ("/4/polygon", "not-a-polygon"),
        ("/5/code", "grid-code-malformed"),
        ("/6/polygon", "not-in-degrees"),
    ]


def test_misuse_is_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        ATLAS.locate_many([113.95], [27.95, 27.96])
    with pytest.raises(ValueError, match="border_m"):
        Atlas.build([], border_m=0)
    assert ATLAS.locate_many([], []) == []


# properties


@given(spot=ANYWHERE)
def test_every_point_has_one_grid_or_a_declared_doubt(spot: tuple[float, float]) -> None:
    place = locate(*spot)
    point = shapely.Point(spot)
    if place.doubt is Doubt.NONE:
        assert place.grid is not None
        assert ATLAS.area(place.grid).polygon.covers(point)
    elif place.doubt is Doubt.ON_BORDER:
        assert len(place.candidates) > 1
        assert place.grid == min(place.candidates)
        for code in place.candidates:
            assert ATLAS.area(code).polygon.distance(point) <= 2.1 * M_LON
    elif place.doubt is Doubt.NEAREST:
        assert 0 < place.distance <= 50
        assert not any(ATLAS.area(code).polygon.contains(point) for code in place.candidates)
    elif place.doubt is Doubt.COARSE:
        assert place == Place(("439900", "439901"), None, Doubt.COARSE)
        assert LAKE.covers(point)
    else:
        assert place == Place(doubt=Doubt.OUTSIDE)
        assert not CITY.contains(point)


@given(spots=st.lists(ANYWHERE, max_size=60))
def test_in_bulk_as_one_at_a_time(spots: list[tuple[float, float]]) -> None:
    bulk = ATLAS.locate_many([lon for lon, _ in spots], [lat for _, lat in spots])
    assert bulk == [locate(*spot) for spot in spots]


def test_the_order_of_the_areas_does_not_matter() -> None:
    shuffled = AREAS.copy()
    random.Random(5).shuffle(shuffled)
    rng = np.random.default_rng(5)
    lons, lats = rng.uniform(WEST, EAST, 20_000), rng.uniform(SOUTH, NORTH, 20_000)
    places = ATLAS.locate_many(lons, lats)
    assert Atlas.build(shuffled).locate_many(lons, lats) == places
    assert {place.doubt for place in places} == {
        Doubt.NONE,
        Doubt.ON_BORDER,
        Doubt.NEAREST,
        Doubt.COARSE,
        Doubt.OUTSIDE,
    }


def test_points_of_one_grid_share_one_place() -> None:
    inside = ATLAS.area("439902003001005").polygon.representative_point()
    first, second = ATLAS.locate_many([inside.x, inside.x + M_LON], [inside.y, inside.y])
    assert first is second
