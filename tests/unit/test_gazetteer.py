"""What callers say, and where the gazetteer of the demo city puts it: never a guess shown as a fact."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.place import Crs, Doubt, Point
from geo.gazetteer import Bounds, EntryKind, Precision
from tests.demo_city import grid, spot
from tests.gazette import a_gazetteer, an_entry, atlas, beside, match, yunhu

STANDARD = [n for n in range(len(yunhu())) if yunhu().holdings.kind(n) is EntryKind.ADDRESS]


def standard_address(n: int) -> str:
    """The n-th door, with all areas it lies in."""
    holdings = yunhu().holdings
    place = yunhu().drafter.places[holdings.places[n]]
    return "".join(atlas().name(code) for code in place.path[:-1]) + str(holdings.titles[n])


@pytest.mark.parametrize(
    ("text", "name", "precision"),
    [
        ("湖滨路12号", "湖滨路12号", Precision.HOUSE_NUMBER),
        ("临湖区 湖滨路 12 号", "湖滨路12号", Precision.HOUSE_NUMBER),
        ("湖滨路１２号", "湖滨路12号", Precision.HOUSE_NUMBER),
        ("湖滨路十二号", "湖滨路12号", Precision.HOUSE_NUMBER),
        ("湖滨路12", "湖滨路12号", Precision.HOUSE_NUMBER),
        ("湖滨路12号3楼302室", "湖滨路12号", Precision.HOUSE_NUMBER),
        ("沿湖路12号", "湖滨路12号", Precision.HOUSE_NUMBER),
        ("老渡口街", "渡口路", Precision.ROAD),
        ("柳岸花园3栋2单元602", "柳岸花园3栋", Precision.BUILDING),
        ("柳岸小区三幢", "柳岸花园3栋", Precision.BUILDING),
        ("柳岸花园3-2-602", "柳岸花园3栋", Precision.BUILDING),
        ("柳岸花园77栋", "柳岸花园", Precision.POI),
        ("云湖一中门口", "云湖市第一中学", Precision.POI),
        ("渡口菜市场", "渡口农贸市场", Precision.POI),
        ("站南乡创业园", "创业科技园", Precision.POI),
        ("望湖大道与渡口路交叉口", "望湖大道与渡口路交叉口", Precision.CROSSING),
        ("渡口路望湖大道路口", "望湖大道与渡口路交叉口", Precision.CROSSING),
        ("老渡口街和望湖大道交汇处", "望湖大道与渡口路交叉口", Precision.CROSSING),
        ("站南乡", "新城街道", Precision.STREET),
        ("望湖街道新村社区", "新村社区", Precision.COMMUNITY),
    ],
)
def test_what_is_said_is_found(text: str, name: str, precision: Precision) -> None:
    found = match(text)

    assert (found.candidates[0].name, found.candidates[0].precision) == (name, precision)
    assert found.certain
    assert found.place.certain


@pytest.mark.parametrize("text", ["", "在那边", "某某大厦", "12号", "北京市朝阳区建国路88号"])
def test_what_nobody_knows_has_no_candidates_and_no_place(text: str) -> None:
    found = match(text)

    assert (found.candidates, found.certain) == ((), False)
    assert found.place.doubt is Doubt.NOWHERE


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("湖宾路12号", "湖滨路12号"),
        ("柳岸花元3栋", "柳岸花园3栋"),
        ("渡口农贸", "渡口农贸市场"),
        ("山前区湖滨路1号", "湖滨路1号"),
    ],
)
def test_a_slip_or_half_a_name_is_a_question_for_the_desk(text: str, name: str) -> None:
    found = match(text)

    assert found.candidates[0].name == name
    assert not found.certain
    assert found.place.doubt is Doubt.AMBIGUOUS
    assert found.place.grid is None
    assert found.candidates[0].place.path[-1] in found.place.candidates


def test_a_text_is_read_as_far_as_an_address_may_be_long() -> None:
    assert match(f"{'呜' * 240}湖滨路12号").candidates[0].name == "湖滨路12号"
    assert match(f"{'呜' * 260}湖滨路12号").candidates == ()
    assert match("湖滨路12号" + "呜" * 100_000).candidates[0].name == "湖滨路12号"


def test_two_places_of_one_name_are_both_shown() -> None:
    found = match("新村社区")

    assert [one.place.path[-1] for one in found.candidates] == ["439901001003", "439902002002"]
    assert not found.certain
    assert found.place.path == ("439900",)


def test_an_area_or_another_place_tells_namesakes_apart() -> None:
    chain = [an_entry("全家便利店", n, EntryKind.POI) for n in (3, 300)]
    doors = [replace(an_entry("湖滨路12号", 3), point=beside(3, 40.0)), an_entry("山前路8号", 300)]
    shops = a_gazetteer([*chain, *doors])
    street = atlas().name(atlas().tree.paths[grid(300)][2])

    assert not match("全家便利店", shops).certain
    assert match(f"{street}全家便利店", shops).place.grid == grid(300)
    beside_the_door = match("湖滨路12号全家便利店", shops)
    assert beside_the_door.certain
    assert beside_the_door.place.grid == grid(3)


def test_two_addresses_in_one_text_are_a_question() -> None:
    found = match("松岭路13号和湖滨路1号")

    assert not found.certain
    assert {"松岭路13号", "湖滨路1号"} <= {one.name for one in found.candidates}


def test_a_door_nobody_listed_stands_between_its_neighbours() -> None:
    road = a_gazetteer([replace(an_entry(f"长街{n}号", 5), point=beside(5, n * 10.0)) for n in (2, 6)])
    (first, *_) = match("长街4号", road).candidates

    assert first.precision is Precision.INTERPOLATED
    assert first.point is not None
    assert first.point.lon == pytest.approx(beside(5, 40.0).lon, abs=1e-6)
    assert first.reasons == ("name-exact", "between-doors 2-6")


def test_a_door_beyond_the_last_one_is_only_on_the_road() -> None:
    first = match("湖滨路99999号").candidates[0]

    assert first.precision is Precision.ROAD
    assert "number-unknown" in first.reasons
    assert first.uncertainty_m > 400
    assert match("湖滨路99999号").place.grid is None


def test_a_road_is_placed_as_far_as_all_its_doors_agree() -> None:
    place = match("湖滨路").place

    assert place.doubt is Doubt.COARSE
    assert place.grid is None
    assert place.path == ("439900", "439901")


@pytest.mark.parametrize("words", ["对面", "旁边", "附近", "门口"])
def test_beside_a_place_is_the_place_and_less_certain(words: str) -> None:
    plain, near = match("湖滨路12号").candidates[0], match(f"湖滨路12号{words}").candidates[0]

    assert near.point == plain.point
    assert near.uncertainty_m > plain.uncertainty_m
    assert any(words in reason for reason in near.reasons)


@pytest.mark.parametrize(
    ("way", "east", "north"),
    [("东侧100米", 100, 0), ("以北一百五十米", 0, 150), ("往西南方向1公里", -707, -707), ("东北侧50m", 35, 35)],
)
def test_so_many_metres_from_a_crossing(way: str, east: float, north: float) -> None:
    start, end = (match(f"望湖大道与渡口路交叉口{said}").candidates[0].point for said in ("", way))
    assert start is not None
    assert end is not None

    assert (end.lon - start.lon) * 98_300 == pytest.approx(east, abs=5)
    assert (end.lat - start.lat) * 110_900 == pytest.approx(north, abs=5)
    found = match(f"望湖大道与渡口路交叉口{way}").candidates[0]
    assert found.place == atlas().locate_many([end.lon], [end.lat])[0]


def test_a_stretch_of_road_lies_between_its_crossings() -> None:
    first = match("望湖大道从渡口路到石桥街段").candidates[0]
    ends = [match(f"望湖大道与{road}交叉口").candidates[0].point for road in ("渡口路", "石桥街")]

    assert first.precision is Precision.ROAD_SEGMENT
    assert first.point is not None
    assert ends[0] is not None
    assert ends[1] is not None
    assert ends[0].lon < first.point.lon < ends[1].lon
    assert first.uncertainty_m > 100


def test_roads_whose_crossing_nobody_listed_meet_where_their_doors_do() -> None:
    doors = [replace(an_entry(f"甲寅路{n}号", 7), point=beside(7, n * 20.0)) for n in range(1, 9)]
    doors += [replace(an_entry(f"乙卯路{n}号", 7), point=spot(7, north=n * 20.0)) for n in range(1, 9)]
    first = match("甲寅路与乙卯路交叉口", a_gazetteer(doors)).candidates[0]

    assert first.precision is Precision.CROSSING
    assert first.reasons == ("crossing-by-doors",)
    assert first.uncertainty_m > 40


def test_the_city_sets_from_where_on_it_believes() -> None:
    entries = [an_entry("创业科技园区北门", 4, EntryKind.POI)]
    text = "创业科技圆区北门"

    assert not match(text, a_gazetteer(entries, Bounds(certain_from=0.95))).certain
    assert match(text, a_gazetteer(entries, Bounds(certain_from=0.8))).certain


def test_points_in_other_systems_are_converted() -> None:
    shifted = replace(an_entry("望江楼", 9, EntryKind.POI), point=Point(spot(9).lon, spot(9).lat, Crs.GCJ02))
    point = match("望江楼", a_gazetteer([shifted])).candidates[0].point

    assert point is not None
    assert point.crs is Crs.WGS84
    assert abs(point.lon - spot(9).lon) > 0.001


def test_an_entry_without_a_point_answers_with_its_area() -> None:
    known = replace(an_entry("老船厂", 9, EntryKind.POI), point=None, area="439901001")
    found = match("老船厂", a_gazetteer([known]))

    assert found.candidates[0].point is None
    assert found.place.path == ("439900", "439901", "439901001")
    assert found.place.doubt is Doubt.COARSE


@given(n=st.sampled_from(STANDARD))
@settings(max_examples=150, deadline=None)
def test_a_standard_address_always_wins(n: int) -> None:
    found = match(standard_address(n))

    assert found.candidates[0].entry == yunhu().holdings.ids[n]
    assert found.candidates[0].score == 1.0
    assert found.certain


@given(n=st.sampled_from(STANDARD), prefix=st.sampled_from(["云湖市", "中国云湖市", "湖南省云湖市", "云湖市云湖市"]))
@settings(max_examples=100, deadline=None)
def test_naming_the_city_changes_nothing_within_it(n: int, prefix: str) -> None:
    short = standard_address(n).removeprefix("云湖市")

    assert match(prefix + short).candidates == match(short).candidates


@given(n=st.sampled_from(STANDARD), data=st.data())
@settings(max_examples=150, deadline=None)
def test_one_slip_in_a_long_address_keeps_the_door_in_the_top_three(n: int, data: st.DataObject) -> None:
    address = standard_address(n)
    letters = [i for i, char in enumerate(address) if not char.isdigit()]
    at = data.draw(st.sampled_from(letters))
    slip = data.draw(st.sampled_from("甴曱囧槑犇"))
    kept = data.draw(st.sampled_from(["", slip]))  # left out, or another letter

    found = match(address[:at] + kept + address[at + 1 :])

    assert yunhu().holdings.ids[n] in [one.entry for one in found.candidates[:3]]


@given(st.lists(st.text(alphabet="湖滨路街12号栋东侧米与口从到段 附近新村社区0一A-", max_size=24), max_size=6))
@settings(max_examples=150, deadline=None)
def test_a_batch_is_its_texts_one_by_one_and_nothing_breaks_it(texts: list[str]) -> None:
    together = yunhu().match_many(texts)

    assert together == [match(text) for text in texts]
    for found in together:
        assert all(0 <= one.score <= 1 for one in found.candidates)
        assert not found.certain or found.candidates[0].score >= yunhu().bounds.certain_from
        assert found.certain or not found.candidates or found.place.doubt is Doubt.AMBIGUOUS
