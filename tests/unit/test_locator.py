"""Where reports are put that state an address: by it where there is no point, and doubted where the two disagree."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from shapely import box

from domain.place import Crs, Doubt, Level, Point
from domain.report import Report
from geo.areas import Area
from geo.atlases import Atlases
from geo.crs import from_wgs84_many
from geo.gazetteer import Bounds
from geo.locator import Locator
from tests.demo_city import a_call, grid, spot
from tests.gazette import a_gazetteer, an_entry, maps, match, yunhu


def placed(report: Report, locator: Locator | None = None) -> tuple[object, ...]:
    """Path, grid and doubt of one report, and its point."""
    place, point = (locator or Locator(maps(), yunhu())).places_of([report])[0]
    return place.path, place.grid, place.doubt, point


def told(address: str, **changes: object) -> Report:
    """A call without a point."""
    return replace(a_call(), **{"point": None, "address": address, **changes})  # type: ignore[arg-type]


def test_an_address_stands_in_for_a_point() -> None:
    door = match("湖滨路12号").candidates[0]

    assert placed(told("湖滨路12号")) == (door.place.path, door.place.grid, Doubt.NONE, door.point)


def test_a_road_gives_its_areas_and_no_point() -> None:
    assert placed(told("湖滨路")) == (("439900", "439901"), None, Doubt.COARSE, None)


def test_what_is_not_sure_is_left_to_the_desk_with_its_candidates() -> None:
    place, point = Locator(maps(), yunhu()).places_of([told("湖宾路12号")])[0]

    assert (place.doubt, place.grid, place.certain, point) == (Doubt.AMBIGUOUS, None, False, None)
    assert match("湖滨路12号").place.grid in place.candidates


def test_areas_named_narrow_the_address_and_are_kept_where_it_contradicts() -> None:
    inside = placed(told("湖滨路1号", area_names=("临湖区", "望湖街道")))
    against = placed(told("湖滨路1号", area_names=("山前区",)))
    unknown = placed(told("某某大厦", area_names=("临湖区", "-")))

    assert inside[1] == match("湖滨路1号").place.grid
    assert against == (("439900", "439902"), None, Doubt.COARSE, None)
    assert unknown == (("439900", "439901"), None, Doubt.COARSE, None)


def test_how_exact_an_address_must_be_to_give_a_point_is_the_citys_choice() -> None:
    strict = Locator(maps(), a_gazetteer([an_entry("湖滨路12号", 8)], Bounds(point_within_m=10)))

    path, own_grid, doubt, point = placed(told("湖滨路12号"), strict)
    assert (own_grid, doubt, point) == (grid(8), Doubt.NONE, None)
    assert path == maps().last.path(grid(8))


def test_a_point_in_the_city_is_believed_before_the_address() -> None:
    far = placed(told("湖滨路12号", point=spot(300)))

    assert far[1] == grid(300)


def test_a_point_outside_gives_way_to_a_sure_address() -> None:
    beijing = Point(116.397, 39.908, Crs.WGS84)

    assert placed(told("湖滨路12号", point=beijing))[1] == match("湖滨路12号").place.grid
    assert placed(told("湖宾路12号", point=beijing))[2] is Doubt.OUTSIDE


@pytest.mark.parametrize("sent", [Crs.GCJ02, Crs.BD09])
def test_a_point_shifted_as_another_system_would_is_doubted_and_not_mended(sent: Crs) -> None:
    door = match("湖滨路12号").candidates[0].point
    assert door is not None
    lons, lats = from_wgs84_many([door.lon], [door.lat], sent)
    slipped = Point(round(float(lons[0]), 7), round(float(lats[0]), 7), Crs.WGS84)
    report = told("湖滨路12号", point=slipped)
    locator = Locator(maps(), yunhu())

    (suspicion,) = locator.suspicions_of([report])
    place, point = locator.places_of([report])[0]

    assert suspicion is not None
    assert suspicion.crs is sent
    assert (place.doubt, place.certain, point) == (Doubt.AMBIGUOUS, False, slipped)
    assert match("湖滨路12号").place.grid in place.candidates


def test_a_city_without_a_gazetteer_places_as_before() -> None:
    assert placed(told("湖滨路12号"), Locator(maps())) == ((), None, Doubt.NOWHERE, None)
    assert Locator(maps()).suspicions_of([told("湖滨路12号", point=spot(1))]) == [None]


def test_a_report_is_placed_on_the_map_of_the_day_it_was_received() -> None:
    """The grid was divided at new year: what came before is filed under the old one, however late it is read."""
    old = Area("w", "旧格", Level.CITY, polygon=box(113, 27, 114, 28), valid_to=date(2026, 12, 31))
    new = Area("n", "新格", Level.CITY, polygon=box(113, 27, 114, 28), valid_from=date(2027, 1, 1))
    locator = Locator(Atlases.build([old, new]), zone=ZoneInfo("Asia/Shanghai"))
    eve = datetime(2026, 12, 31, 15, 59, tzinfo=UTC)
    calls = [
        replace(a_call(), received_at=at, point=Point(113.5, 27.5, Crs.WGS84))
        for at in (eve, eve + timedelta(minutes=1))
    ]
    assert [(place.path, place.version) for place, _ in locator.places_of(calls)] == [
        (("w",), ""),
        (("n",), "2027-01-01"),
    ]
