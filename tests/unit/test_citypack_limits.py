"""An authority's own table of 立案、处置和结案 becomes a pack that loads; nothing is lost, no number made up."""

import csv
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.catalogue import Catalogue, Condition, Kind, Milestone
from domain.clock import Limit, TimeUnit
from domain.errors import Invalid
from runtime.citypack import Pack, load
from runtime.citypack.limits import Converted, convert, write

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
REAL = ROOT.parent / "shared" / "standards" / "time_limits.csv"  # one city's table; not ours to pass on

# In the shape of the real one, in words of our own.
TABLE = """\
kind,class_code,class_name,small_code,small_name,seq,filing_condition,closing_condition,limit_raw,limit_value,limit_unit,mapped_2026_code,edition,note
component,01,公用,01,自来水井盖,1,井口敞开,盖好,2紧急工作时,2,urgent_work_hour,01001,A: short,
component,01,公用,01,自来水井盖,2,盖子缺角,换新,4小时,4,work_hour,01001,A: short,小时 is working time here
component,04,绿化,02,街边树,1,死了一棵,补种,种植季节15工作日,15,work_day,04002,A: short,
event,01,市容,01,乱搭建,1,正在砌墙,停工,4个工作时,,,06001,A: short,
event,01,市容,01,乱搭建,2,同上,罚款,7个工作日,,,06001,A: short,
event,01,市容,01,乱搭建,3,同上；超出许可的,拆除,20个工作日,,,06001,A: short,
event,06,其他,98,湖边垂钓,1,禁钓区钓鱼,劝离或告知性结案,1紧急工作日,,,,A: short,
component,01,公用,01,自来水井盖,,井口敞开,盖好,2紧急工作时,,,01001,B: long,
"""


def converted(folder: Path, text: str = TABLE, **how: bool) -> Converted:
    (folder / "table.csv").write_text(text, encoding="utf-8")
    return convert(folder / "table.csv", "lake", **how)


def packed(table: Converted, folder: Path, standard: str) -> Pack:
    """The demo city with the table's catalogue in the place of its own, read by the real loader."""
    pack = Path(shutil.copytree(DEPLOY / "citypacks" / "demo", folder / "pack"))
    (pack / "conditions.csv").unlink()
    (pack / "plans.yaml").unlink()
    write(table, pack)
    (pack / "keywords.csv").unlink()
    (pack / "thresholds.csv").unlink()
    (pack / "sensor_rules.csv").unlink()
    (pack / "device_kinds.csv").unlink()
    (pack / "maintenance.csv").unlink()
    (pack / "rules.csv").write_text("id,category,lead\nall,*,roads\n", encoding="utf-8")
    said = (pack / "pack.yaml").read_text(encoding="utf-8").partition("  life_safety:")[0]  # codes of the old catalogue
    (pack / "pack.yaml").write_text(said.replace("standard: gbt47678.5-2026", f"standard: {standard}"), "utf-8")
    return load(pack, DEPLOY / "standards")


def by_id(catalogue: Catalogue) -> dict[str, Condition]:
    return {condition.id: condition for group in catalogue.conditions.values() for condition in group}


def test_a_table_becomes_a_catalogue(tmp_path: Path) -> None:
    catalogue = packed(converted(tmp_path), tmp_path, "own").catalogue
    cover = catalogue.categories["lake-a:component:0101"]

    assert (cover.name, cover.class_code, cover.class_name) == ("自来水井盖", "01", "公用")
    assert catalogue.categories["lake-a:event:0101"].name == "乱搭建"
    assert [c.filing for c in catalogue.conditions["lake-a:component:0101"]] == ["井口敞开", "盖子缺角"]
    assert [c.limit for c in catalogue.conditions["lake-a:component:0101"]] == [
        Limit(2, TimeUnit.URGENT_WORK_HOUR),
        Limit(4, TimeUnit.WORK_HOUR),
    ]
    assert [c.id for c in catalogue.conditions["lake-b:component:0101"]] == ["b-c0101-1"]


def test_what_no_column_holds_stands_in_the_note(tmp_path: Path) -> None:
    found = {condition.id: condition for condition in converted(tmp_path).conditions}

    assert found["a-c0101-1"].note == ""
    assert found["a-c0101-2"].note == "原文时限：4小时；小时 is working time here"
    assert found["a-c0402-1"].note == "原文时限：种植季节15工作日"
    assert found["a-c0402-1"].seasons == ()  # the table does not say when that is
    assert found["a-e0698-1"].by_notice
    assert found["a-e0698-1"].limit == Limit(1, TimeUnit.URGENT_WORK_DAY)


def test_a_limit_worded_in_its_own_way_is_pointed_out(tmp_path: Path) -> None:
    warnings = converted(tmp_path).warnings

    assert [(w.pointer, w.code, w.hint) for w in warnings] == [("table.csv:4", "limit-worded", "种植季节15工作日")]


def test_rows_as_above_are_the_stages_of_one_case(tmp_path: Path) -> None:
    one, other = (c for c in converted(tmp_path).conditions if c.category == "lake-a:event:0101")

    assert (one.filing, one.closing, one.limit) == ("正在砌墙", "拆除", Limit(20, TimeUnit.WORK_DAY))
    assert one.stages == (
        Milestone("停工", Limit(4, TimeUnit.WORK_HOUR)),
        Milestone("罚款", Limit(7, TimeUnit.WORK_DAY)),
    )
    assert (other.filing, other.closing, other.limit) == ("超出许可的", "拆除", Limit(20, TimeUnit.WORK_DAY))
    assert other.stages == ()


def test_conditions_may_go_to_the_national_categories_they_are_mapped_to(tmp_path: Path) -> None:
    pack = packed(converted(tmp_path, current=True), tmp_path, "gbt47678.5-2026")
    catalogue = pack.catalogue

    assert [c.id for c in catalogue.conditions[catalogue.find("0101", Kind.COMPONENT).key]] == [
        "a-c0101-1",
        "a-c0101-2",
        "b-c0101-1",
    ]
    assert [c.key for c in catalogue.categories.values() if c.standard.startswith("lake")] == ["lake-a:event:0698"]


def test_one_edition_needs_no_name_and_may_be_the_packs_own(tmp_path: Path) -> None:
    header, *rows = TABLE.splitlines(keepends=True)
    (tmp_path / "table.csv").write_text(header + "".join(rows[:-1]), encoding="utf-8")
    catalogue = packed(convert(tmp_path / "table.csv", "own"), tmp_path, "own").catalogue

    assert catalogue.find("0101").name == "乱搭建"
    assert catalogue.find("0101", Kind.COMPONENT).name == "自来水井盖"
    assert catalogue.condition(catalogue.find("0698"), "e0698-1") is not None


def test_headers_may_be_chinese_and_codes_whole(tmp_path: Path) -> None:
    text = (
        "类型,大类代码,大类名称,小类代码,小类名称,序号,立案条件,结案条件,处置时限,采集要求\n"
        "部件,01,公用,01002,排污井盖,1,响,不响,2个工作日,拍清标识\n"
    )
    (found,) = converted(tmp_path, text).conditions

    assert (found.id, found.category) == ("c01002-1", "lake:component:01002")
    assert (found.limit, found.note) == (Limit(2, TimeUnit.WORK_DAY), "采集要求：拍清标识")


SLIPS = [
    ("种植季节15工作日,15,work_day", "按规定,,", "limit-missing"),
    ("种植季节15工作日,15,work_day", ",,", "limit-missing"),
    ("4小时,4,work_hour", "4小时,,", "limit-ambiguous"),
    ("4小时,4,work_hour", "2天,,", "limit-ambiguous"),
    ("4小时,4,work_hour", "3-5工作日,,", "limit-invalid"),
    ("4小时,4,work_hour", "4小时,40,work_hour", "limit-differs"),
    ("4小时,4,work_hour", "4小时,4,", "cell-empty"),
    ("4小时,4,work_hour", "4小时,4,天", "word-unknown"),
    ("4小时,4,work_hour", "4小时,四,work_hour", "number-invalid"),
    ("4小时,4,work_hour", "0小时,0,work_hour", "limit-invalid"),
    ("01,自来水井盖,2", "01,自来水井盖,1", "duplicate-id"),
    ("01,自来水井盖,2", "01,燃气井盖,2", "duplicate-id"),
    ("01,自来水井盖,2,盖子缺角", "01,自来水井盖,2,", "cell-empty"),
    ("01,自来水井盖,1,井口敞开", "01,自来水井盖,1,同上", "stage-invalid"),
    ("街边树,1,死了一棵", "街边树,1,同上", "stage-invalid"),
    ("罚款,7个工作日", "罚款,3个工作时", "stages-not-ascending"),
    ("正在砌墙,停工", "正在砌墙,停工=停电", "stage-invalid"),
    ("component,04", "树,04", "word-unknown"),
    ("A: short,小时 is", ",小时 is", "id-malformed"),
]


@pytest.mark.parametrize(("old", "new", "code"), SLIPS)
def test_what_only_the_city_can_say_is_asked_at_its_line(tmp_path: Path, old: str, new: str, code: str) -> None:
    line = TABLE[: TABLE.index(old)].count("\n") + 1
    if code in ("stages-not-ascending", "stage-invalid") and "同上" not in new:
        line += new.startswith("正在")  # told where the row above becomes a stage
    with pytest.raises(Invalid) as caught:
        converted(tmp_path, TABLE.replace(old, new, 1))

    assert caught.value.code == "limits-invalid"
    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [(f"table.csv:{line}", code)]


def test_rows_as_above_are_not_told_as_well_where_the_one_above_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        converted(tmp_path, TABLE.replace("4个工作时", "按规定"))

    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [("table.csv:5", "limit-missing")]


def test_a_table_that_is_none_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="limits-invalid") as caught:
        convert(tmp_path / "absent.csv", "lake")
    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [("absent.csv", "file-missing")]
    with pytest.raises(Invalid, match="id-malformed"):
        converted(tmp_path) and convert(tmp_path / "table.csv", "lake:2013")


@pytest.mark.parametrize("name", ["categories.csv", "conditions.csv"])
def test_a_citys_own_tables_are_not_overwritten(tmp_path: Path, name: str) -> None:
    into = tmp_path / "pack"
    into.mkdir()
    (into / name).write_text("mine", encoding="utf-8")

    with pytest.raises(Invalid, match="file-exists"):
        write(converted(tmp_path), into)

    assert [(path.name, path.read_text(encoding="utf-8")) for path in into.iterdir()] == [(name, "mine")]


# -- the real table: 519 rows of the import edition, 279 of the annotated one, 10 of another city ---------------------

needs_the_real_one = pytest.mark.skipif(
    not REAL.is_file(), reason="the city's table (../shared/standards/time_limits.csv) is not beside the checkout"
)
WORDS = {"work_day": "工作日", "work_hour": "工作时", "urgent_work_hour": "紧急工作时", "urgent_work_day": "紧急工作日"}


def real_rows(edition: str) -> Iterator[dict[str, str]]:
    with REAL.open(encoding="utf-8-sig", newline="") as file:
        yield from (row for row in csv.DictReader(file) if row["edition"].startswith(f"{edition}:"))


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder = tmp_path_factory.mktemp("real")
    return packed(convert(REAL, "yuncheng-2013"), folder, "own").catalogue


@needs_the_real_one
@pytest.mark.parametrize(("edition", "rows", "categories"), [("A", 519, 190), ("B", 279, 66)])
def test_every_row_of_both_editions_is_a_condition(real: Catalogue, edition: str, rows: int, categories: int) -> None:
    standard = f"yuncheng-2013-{edition.lower()}"
    found = {key: condition for key, condition in by_id(real).items() if condition.category.startswith(f"{standard}:")}

    assert len(list(real_rows(edition))) == len(found) == rows
    assert Counter(category.standard for category in real.categories.values())[standard] == categories
    for row in real_rows(edition):
        kind, code = row["kind"], row["class_code"] + row["small_code"]
        condition = found.pop(f"{edition.lower()}-{kind[0]}{code}-{row['seq']}")
        category = real.categories[condition.category]
        assert (category.standard, category.kind, category.code) == (standard, kind, code)
        assert (category.name, category.class_name) == (row["small_name"], row["class_name"])
        assert (condition.filing, condition.closing) == (row["filing_condition"], row["closing_condition"])
        assert (condition.limit.value, condition.limit.unit.value) == (float(row["limit_value"]), row["limit_unit"])
        as_written = row["limit_raw"] == row["limit_value"] + WORDS[row["limit_unit"]]
        assert as_written or f"原文时限：{row['limit_raw']}" in condition.note
        assert row["note"] in condition.note
        assert condition.by_notice is ("告知性结案" in row["closing_condition"])
    assert not found


@needs_the_real_one
def test_conditions_stand_in_the_tables_order(real: Catalogue) -> None:
    for group in real.conditions.values():
        numbers = [int(condition.id.rpartition("-")[2]) for condition in group]
        assert numbers == sorted(numbers)


@needs_the_real_one
def test_the_other_citys_stages_are_kept(real: Catalogue) -> None:
    def steps(condition: Condition) -> set[tuple[str, Limit]]:
        return {*((stage.name, stage.limit) for stage in condition.stages), (condition.closing, condition.limit)}

    wanted: dict[str, set[tuple[str, Limit]]] = {}
    for row in real_rows("C"):
        limit = Limit(float(row["limit_value"]), TimeUnit(row["limit_unit"]))
        key = f"yuncheng-2013-c:event:{row['class_code']}{row['small_code']}"
        wanted.setdefault(key, set()).add((row["closing_condition"], limit))
    demolition = real.conditions["yuncheng-2013-c:event:0101"]

    assert wanted == {key: set().union(*map(steps, real.conditions[key])) for key in wanted}
    assert [stage.name for stage in demolition[0].stages] == ["停工", "依法实施行政处罚"]
    assert not any(re.match("同上", condition.filing) for condition in by_id(real).values())


@needs_the_real_one
def test_the_real_table_serves_a_city_on_the_national_categories(tmp_path: Path) -> None:
    table = convert(REAL, "yuncheng-2013", current=True)
    catalogue = packed(table, tmp_path, "gbt47678.5-2026").catalogue
    mapped = Counter(row["mapped_2026_code"] for edition in "AB" for row in real_rows(edition))
    local = mapped.pop("")

    assert {code: len(catalogue.conditions[f"gbt47678.5-2026:event:{code}"]) for code in mapped} == dict(mapped)
    assert sum(mapped.values()) + local == 519 + 279
    assert [w.hint for w in table.warnings] == ["1紧急工作时制止", "种植季节15工作日"]
