"""``units.csv`` of a city pack: who acts, for which territory and level, and under whom. Every slip has its line."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.roster import Roster, Unit
from dispatch.rulebook import Rulebook
from dispatch.rules import Rule
from dispatch.tree import Tree
from domain.catalogue import Catalogue
from domain.place import LEVELS, Level
from runtime.citypack.catalogue import Book
from runtime.citypack.duties import Units, read_units
from runtime.citypack.files import Findings, PackFiles
from runtime.citypack.map import CityMap, read_map
from runtime.citypack.vocabulary import RuleRows, Vocabulary
from tests.rulebook import DAY

DEPLOY = Path(__file__).parents[2] / "deploy"
DEMO, STANDARDS = DEPLOY / "citypacks" / "demo", DEPLOY / "standards"
AREAS = frozenset({"c", "d", "e", "d-1", "d-2"})
HEADER = "id,name,kind,areas,phone,level,parent"


class Sheet(PackFiles):
    """A pack that is one text: a ``units.csv``."""

    def __init__(self, *lines: str, header: str = HEADER) -> None:
        super().__init__(Path(), Path())
        self._text = "\n".join((header, *lines))

    def text(self, name: str, *, required: bool = True, national: bool = False) -> str | None:
        return self._text


def read(sheet: Sheet) -> Units:
    return read_units(sheet, CityMap(None, AREAS))


def found(*lines: str) -> list[tuple[str, str]]:
    sheet = Sheet(*lines)
    read(sheet)
    return [(fault.pointer.removeprefix("units.csv:"), fault.code) for fault in sheet.findings.faults]


# --- What a table says


def test_a_city_that_says_nothing_of_levels_is_read_as_before() -> None:
    sheet = Sheet("roads,市政,service,,0399", "east,东区,district-command,d,", header="id,name,kind,areas,phone")

    units = read(sheet).roster.units

    assert list(units.values()) == [
        Unit("roads", "市政", "service", (), "0399"),
        Unit("east", "东区", "district-command", ("d",)),
    ]
    assert not sheet.findings.faults


def test_levels_and_the_unit_above_may_be_written_in_chinese() -> None:
    sheet = Sheet(
        "hq,市中心,,c,市,", "east,东区中心,,d,区,hq", "one,一街道,,d-1,street,east",
        header="单位编号,单位名称,类型,辖区,级别,上级",
    )  # fmt: skip

    units = read(sheet).roster.units

    assert [(unit.level, unit.parent) for unit in units.values()] == [
        (Level.CITY, ""), (Level.DISTRICT, "hq"), (Level.STREET, "east"),
    ]  # fmt: skip
    assert not sheet.findings.faults


def test_a_level_is_called_what_a_clerk_calls_it_and_nothing_else() -> None:
    for word, level in {
        "省": "province",
        "市": "city",
        "区": "district",
        "街道": "street",
        "社区": "community",
    }.items():
        assert read(Sheet(f"u,甲,,c,,{word},")).roster.units["u"].level == level
    assert found("u,甲,,c,,镇,") == [("2", "word-unknown")]


# --- The organisation tree


def test_a_unit_under_one_that_is_not_there() -> None:
    assert found("a,甲,,,,,nobody") == [("2", "unknown-parent")]


def test_a_unit_under_itself_and_two_under_each_other() -> None:
    assert found("a,甲,,,,,a") == [("2", "parent-cycle")]
    assert found("a,甲,,,,,b", "b,乙,,,,,a", "c,丙,,,,,a") == [("2", "parent-cycle"), ("3", "parent-cycle")]


@pytest.mark.parametrize(("upper", "lower"), [("街道", "区"), ("区", "区"), ("社区", "省")])
def test_a_parent_answers_at_a_higher_level(upper: str, lower: str) -> None:
    assert found(f"a,甲,,d,,{upper},", f"b,乙,,e,,{lower},a") == [("3", "parent-not-coarser")]
    assert found(f"b,乙,,e,,{lower},a", f"a,甲,,d,,{upper},") == [("2", "parent-not-coarser")]


def test_a_department_between_two_levels_does_not_hide_the_one_above() -> None:
    """A department has no level of its own; what is below it still stands under the next unit that has one."""
    between = ("a,甲,,d,,街道,", "dept,处,,,,,a")
    assert found(*between, "b,乙,,e,,区,dept") == [("4", "parent-not-coarser")]
    assert found(*between, "b,乙,,e,,社区,dept") == []


def test_a_row_that_is_wrong_itself_does_not_make_others_wrong() -> None:
    assert found("a,甲,,nowhere,,区,", "b,乙,,d-1,,街道,a") == [("2", "area-unknown")]
    assert found("a,甲,,d,,州,", "b,乙,,d-1,,省,a") == [("2", "word-unknown")]
    assert found(",甲,,d,,区,", "b,乙,,d-1,,街道,") == [("2", "cell-empty")]


@given(st.lists(st.sampled_from(["", "u0", "u1", "u2", "u3", "u4", "u5"]), min_size=6, max_size=6))
def test_a_circle_is_noted_at_exactly_its_members(parents: list[str]) -> None:
    """The meaning, said a second time: a unit is in a circle if it can be reached from itself."""

    def above(unit: int, steps: int) -> str:
        name = f"u{unit}"
        for _ in range(steps):
            name = parents[int(name[1:])] if name else ""
        return name

    circles = [str(n + 2) for n in range(6) if any(above(n, steps) == f"u{n}" for steps in range(1, 7))]
    assert found(*(f"u{n},甲,,,,,{parent}" for n, parent in enumerate(parents))) == [
        (line, "parent-cycle") for line in circles
    ]


# --- Who answers for a territory is never a matter of chance


def test_a_territory_has_one_unit_of_a_level_and_departments_have_none() -> None:
    assert found("a,甲,,d,,区,", "b,乙,,d|e,,区,") == [("3", "jurisdiction-overlap")]
    assert found("a,甲,,,,市,", "b,乙,,,,市,") == [("3", "jurisdiction-overlap")]
    assert found("a,甲,,d,,区,", "b,乙,,d,,街道,", "bureau,区城管局,,d,,,a") == []


def test_one_slip_is_told_once() -> None:
    """The second street office of a street is the second of its kind and the second of its level."""
    assert found("a,甲,street-office,d-1,,街道,", "b,乙,street-office,d-1,,街道,") == [("3", "jurisdiction-overlap")]


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["", "office", "bureau"]),
        st.lists(st.sampled_from(sorted(AREAS)), unique=True, max_size=3),
        st.sampled_from(["", *LEVELS]),
    ),
    max_size=5,
)


@given(ROWS, st.randoms(use_true_random=False))
def test_in_a_sound_table_the_order_of_the_rows_decides_nothing(
    rows: list[tuple[str, list[str], str]], shuffle: Any
) -> None:
    lines = [f"u{n},甲,{kind},{'|'.join(areas)},,{level}," for n, (kind, areas, level) in enumerate(rows)]
    sheet = Sheet(*lines)
    before = read(sheet).roster
    if sheet.findings.faults:
        return
    shuffle.shuffle(lines)
    after = read(Sheet(*lines)).roster
    for path in (("c",), ("c", "d"), ("c", "d", "d-1"), ("c", "e"), ()):
        assert [before.resolve(f"@{kind}", path, DAY) for kind in ("office", "bureau")] == [
            after.resolve(f"@{kind}", path, DAY) for kind in ("office", "bureau")
        ]
        offices = [[roster.at_level(level, path, DAY) for level in LEVELS] for roster in (before, after)]
        assert offices[0] == offices[1]


# --- The fallback of the pack


def compiled(fallback: str, units: Units) -> tuple[Rulebook | None, Findings]:
    findings = Findings()
    book = Book(Catalogue("own", {}, {}), frozenset(), True, frozenset())
    tree = CityMap(None, AREAS).area_tree
    words = Vocabulary(book, units, AREAS, Tree.build([]), tree, fallback=fallback, fallback_at="pack.yaml:9")
    return words.compile("v", RuleRows((Rule("r", ("hq",)),), {"r": "rules.csv:2"}), findings), findings


def test_the_fallback_is_a_unit_or_a_kind_of_the_table() -> None:
    units = read(Sheet("hq,市中心,,c,,,", "one,一街道,street-office,d-1,,,", "gas,燃气,utility,,,,"))
    for fallback in ("", "hq", "@street-office"):
        book, findings = compiled(fallback, units)
        assert book is not None
        assert book.fallback == fallback
        assert not findings.faults
    for fallback in ("nobody", "@village", "@utility"):
        book, findings = compiled(fallback, units)
        assert book is None
        assert [(f.pointer, f.code, f.hint) for f in findings.faults] == [("pack.yaml:9", "unit-unknown", fallback)]


def test_a_fallback_is_not_blamed_for_a_table_that_could_not_be_read() -> None:
    book, findings = compiled("hq", Units(Roster([]), None))
    assert book is None
    assert not findings.faults


# --- The demo city


@pytest.fixture(scope="module")
def demo() -> tuple[Units, PackFiles, CityMap]:
    files = PackFiles(DEMO, STANDARDS)
    city = read_map(files)
    return read_units(files, city), files, city


def test_the_demo_city_answers_at_three_levels_everywhere(demo: tuple[Units, PackFiles, CityMap]) -> None:
    units, files, city = demo
    assert not files.findings.faults
    assert city.atlas is not None
    for code, path in city.atlas.tree.paths.items():
        named = [units.roster.at_level(level, path, DAY) for level in (Level.CITY, Level.DISTRICT, Level.STREET)]
        assert None not in named[: min(len(path), 3)], code
    assert units.roster.at_level(Level.DISTRICT, city.atlas.path("439902003001"), DAY) == "command-shanqian"
    assert units.roster.at_level(Level.STREET, city.atlas.path("439901001"), DAY) == "street-wanghu"


def test_in_the_demo_city_a_street_stands_under_the_district_it_lies_in(
    demo: tuple[Units, PackFiles, CityMap],
) -> None:
    units, _, city = demo
    assert city.atlas is not None
    streets = [unit for unit in units.roster.units.values() if unit.level is Level.STREET]
    assert len(streets) == 6
    for street in streets:
        assert units.roster.at_level(Level.DISTRICT, city.atlas.path(street.areas[0]), DAY) == street.parent
