"""The map over time: a city draws new grids, and every case keeps those it was filed under."""

from datetime import date, timedelta

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.place import Doubt, Level
from geo.areas import Area
from geo.atlases import Atlases, Successor

LON, LAT = 113.9, 27.9
M_LON, M_LAT = 1 / 98_430, 1 / 110_820
HOME = "439999001001"
JULY, BEFORE = date(2026, 7, 1), date(2026, 6, 30)


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    return shapely.box(LON + west * M_LON, LAT + south * M_LAT, LON + east * M_LON, LAT + north * M_LAT)


def spot(east: float, north: float) -> tuple[list[float], list[float]]:
    return [LON + east * M_LON], [LAT + north * M_LAT]


def grid(serial: int, polygon: object, first: date | None = None, last: date | None = None) -> Area:
    return Area(f"{HOME}{serial:03d}", f"{serial}网格", Level.GRID, HOME, polygon, (), first, last)


def shares(successors: tuple[Successor, ...]) -> dict[str, float]:
    assert [each.share for each in successors] == sorted((each.share for each in successors), reverse=True)
    return {each.code: round(each.share, 6) for each in successors}


COMMUNITY = Area(HOME, "甲社区", Level.COMMUNITY, None, box(0, 0, 300, 100))
SPLIT = [
    COMMUNITY,
    grid(1, box(0, 0, 100, 100)),
    grid(2, box(100, 0, 300, 100), None, BEFORE),
    grid(3, box(100, 0, 180, 100), JULY),
    grid(4, box(180, 0, 300, 100), JULY),
]


def test_a_grid_is_split_and_the_old_case_keeps_its_own() -> None:
    atlases = Atlases.build(SPLIT)
    assert [atlas.version for atlas in atlases.versions] == ["", "2026-07-01"]
    (old,) = atlases.locate_many(*spot(250, 50), at=BEFORE)
    (new,) = atlases.locate_many(*spot(250, 50), at=JULY)
    assert (old.grid, old.version) == (f"{HOME}002", "")
    assert (new.grid, new.version) == (f"{HOME}004", "2026-07-01")
    assert shares(atlases.successors(old.grid or "", old.version, JULY)) == {f"{HOME}004": 0.6, f"{HOME}003": 0.4}
    assert atlases.successors(f"{HOME}001", "", JULY) == (Successor(f"{HOME}001", 1.0),)


def test_names_of_grids_that_are_gone_are_still_known() -> None:
    atlases = Atlases.build(SPLIT)
    assert atlases.areas[f"{HOME}002"].name == "2网格"
    assert atlases.paths[f"{HOME}002"] == (HOME, f"{HOME}002")
    assert f"{HOME}002" not in atlases.last.tree.areas


def test_merged_grids_share_a_successor() -> None:
    areas = [
        grid(1, box(0, 0, 100, 100), None, BEFORE),
        grid(2, box(100, 0, 200, 100), None, BEFORE),
        grid(3, box(0, 0, 200, 100), JULY),
    ]
    atlases = Atlases.build([COMMUNITY, *areas])
    for gone in (1, 2):
        assert shares(atlases.successors(f"{HOME}{gone:03d}", "", JULY)) == {f"{HOME}003": 1.0}


def test_a_community_that_grows_keeps_its_code() -> None:
    areas = [
        Area(HOME, "甲社区", Level.COMMUNITY, None, box(0, 0, 100, 100), (), None, BEFORE),
        Area(HOME, "甲社区", Level.COMMUNITY, None, box(0, 0, 200, 100), (), JULY),
    ]
    atlases = Atlases.build(areas)
    assert atlases.locate_many(*spot(190, 50), at=BEFORE)[0].doubt is Doubt.OUTSIDE
    assert atlases.locate_many(*spot(190, 50), at=JULY)[0].path == (HOME,)
    assert shares(atlases.successors(HOME, "", JULY)) == {HOME: 1.0}


def test_every_point_on_its_own_day() -> None:
    atlases = Atlases.build(SPLIT)
    lons, lats = spot(250, 50)
    places = atlases.locate_many(lons * 3, lats * 3, [JULY, BEFORE, date(2030, 1, 1)])
    assert [place.grid for place in places] == [f"{HOME}004", f"{HOME}002", f"{HOME}004"]
    named = atlases.locate_named_many([("甲社区", "2网格")] * 2, [BEFORE, JULY])
    assert [(place.grid, place.doubt) for place in named] == [(f"{HOME}002", Doubt.NONE), (None, Doubt.COARSE)]
    assert atlases.locate_named_many([("4网格",)])[0].grid == f"{HOME}004"


def test_a_map_without_dates_is_one_version_as_ever() -> None:
    atlases = Atlases.build([COMMUNITY, grid(1, box(0, 0, 300, 100))])
    assert len(atlases.versions) == 1
    (place,) = atlases.locate_many(*spot(50, 50))
    assert (place.grid, place.version) == (f"{HOME}001", "")
    assert atlases.at(date(1900, 1, 1)) is atlases.at(date(2100, 1, 1)) is atlases.last


def test_before_the_first_map_the_first_one_answers() -> None:
    atlases = Atlases.build([Area(HOME, "甲社区", Level.COMMUNITY, None, box(0, 0, 100, 100), (), JULY)])
    assert [atlas.version for atlas in atlases.versions] == ["2026-07-01"]
    assert atlases.at(BEFORE) is atlases.last
    assert atlases.version("2020-01-01") is atlases.last


def test_what_two_versions_show_alike_is_kept_once() -> None:
    old, new = Atlases.build(SPLIT).versions
    first, second = old.layers[0], new.layers[0]
    assert first.polygons[0] is second.polygons[0]
    assert first.cores[0] is second.cores[0]
    assert old.plane == new.plane


def test_faults_of_every_version_are_told_once_at_their_area() -> None:
    areas = [
        Area("4399", "市", Level.CITY),
        Area("439901", "区", Level.DISTRICT, "4399", None, (), None, BEFORE),
        Area("439901001", "街道", Level.STREET, "439901"),  # outlives its district
        Area("439902", " ", Level.DISTRICT, "4399"),  # wrong on both versions
    ]
    with pytest.raises(Invalid) as caught:
        Atlases.build(areas)
    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [
        ("/3/name", "name-missing"),
        ("/2/parent", "unknown-parent"),
    ]
    with pytest.raises(Invalid) as caught:
        Atlases.build([grid(1, None, JULY, BEFORE)])
    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [("/0/valid_to", "validity-empty")]


def test_misuse_is_refused() -> None:
    atlases = Atlases.build(SPLIT)
    with pytest.raises(ValueError, match="lengths differ"):
        atlases.locate_many(*spot(1, 1), at=[JULY, JULY])
    with pytest.raises(ValueError, match="lengths differ"):
        atlases.locate_named_many([("甲社区",)], [JULY, JULY])
    with pytest.raises(KeyError):
        atlases.successors("none", "", JULY)


DAYS = st.integers(0, 40).map(lambda n: date(2026, 1, 1) + timedelta(days=n))


@given(cuts=st.lists(DAYS, min_size=1, max_size=5, unique=True), asked=st.lists(DAYS, min_size=1, max_size=10))
def test_on_every_day_just_one_drawing_holds(cuts: list[date], asked: list[date]) -> None:
    """A grid redrawn again and again: each day has the drawing that holds then, named by its first day."""
    cuts.sort()
    bounds = [None, *cuts]
    areas = [COMMUNITY] + [
        grid(n, box(0, 0, 300, 100), first, cuts[n] - timedelta(days=1) if n < len(cuts) else None)
        for n, first in enumerate(bounds)
    ]
    atlases = Atlases.build(areas)
    lons, lats = spot(150, 50)
    places = atlases.locate_many(lons * len(asked), lats * len(asked), asked)
    for day, place in zip(asked, places, strict=True):
        (holding,) = [area for area in areas if area.holds(day) and area.level is Level.GRID]
        assert place.grid == holding.code
        assert place.version == (holding.valid_from.isoformat() if holding.valid_from else "")
