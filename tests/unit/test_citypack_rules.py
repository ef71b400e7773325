"""``rules.csv`` and the files it names: every slip of a clerk has its line, and what is sound means what it says."""

from datetime import date, time
from pathlib import Path

import pytest

from dispatch.rules import Validity
from dispatch.windows import Window
from domain.clock import Limit, TimeUnit
from domain.errors import Invalid
from runtime.citypack import Pack, load

DEPLOY = Path(__file__).parents[2] / "deploy"
STANDARDS = DEPLOY / "standards"
DAY = date(2026, 11, 20)
HEADER = (
    "规则编号,类别代码,条件,权属单位,养护单位,区域,文本标签,时段,紧急程度,来电人,来源,用地,退回次数,"
    "主办单位,协办单位,可选协办,预案,处置时限,派单说明,生效日期,失效日期,例外,说明"
)
COLUMNS = HEADER.split(",")
WHOLE = "base,,,,,,,,,,,,,roads,,,,,,,,,\n"

# Files of the demo city that the test has its own of, or that name times it has not.
NOT_TAKEN = ("sets.csv", "windows.csv", "tags.csv", "sensor_rules.csv")


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """The demo city with files of named sets, times, tags and uses of land, and rules of the test's own."""
    folder = tmp_path / "city"
    folder.mkdir()
    for file in (DEPLOY / "citypacks" / "demo").iterdir():
        if file.is_file() and file.suffix != ".py" and file.name not in NOT_TAKEN:
            (folder / file.name).write_bytes(file.read_bytes())
    text = (folder / "pack.yaml").read_text(encoding="utf-8")
    (folder / "pack.yaml").write_text(text.partition("grassroots:")[0], encoding="utf-8")
    (folder / "sets.csv").write_text("编号,成员\nold-town,439901001|439901002\ncovers,01001|01002\n", "utf-8")
    (folder / "windows.csv").write_text("编号,星期,开始,结束\n夜间,,22:00,06:00\n", "utf-8")
    (folder / "tags.csv").write_text("标签,关键词\n宠物,狗|猫\n", "utf-8")
    (folder / "land_use.csv").write_text("区域,用地\n439901001,公园\n", "utf-8")
    return folder


def line(**cells: str) -> str:
    """A row of ``rules.csv`` with the named columns filled; a number of its own and a lead unit unless said."""
    filled = {"规则编号": "r1", "主办单位": "drainage", **cells}
    return ",".join(filled.get(column, "") for column in COLUMNS) + "\n"


def read(pack: Path, *lines: str) -> Pack:
    (pack / "rules.csv").write_text(f"{HEADER}\n{WHOLE}{''.join(lines)}", encoding="utf-8")
    return load(pack, STANDARDS, DAY)


def slips(pack: Path, *lines: str) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        read(pack, *lines)
    return [(fault.pointer, fault.code) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"规则编号": "r 1"}, "id-malformed"),
        ({"规则编号": ""}, "cell-empty"),
        ({"规则编号": "base"}, "duplicate-id"),
        ({"主办单位": ""}, "cell-empty"),
        ({"主办单位": "nobody"}, "unit-unknown"),
        ({"主办单位": "@village"}, "unit-unknown"),
        ({"权属单位": "roads|roads"}, "list-entry-repeated"),
        ({"主办单位": "roads|roads"}, "list-entry-repeated"),
        ({"协办单位": "nobody"}, "unit-unknown"),
        ({"协办单位": "drainage"}, "lead-assists-itself"),
        ({"可选协办": "drainage"}, "lead-assists-itself"),
        ({"类别代码": "99999"}, "category-unknown"),
        ({"类别代码": "gbt47678.5-2026:component:01002"}, "category-unknown"),
        ({"类别代码": "class:77"}, "class-unknown"),
        ({"类别代码": "#nowhere"}, "set-unknown"),
        ({"条件": "99999-1"}, "condition-unknown"),
        ({"类别代码": "01003", "条件": "01002-1"}, "condition-mismatch"),
        ({"区域": "1"}, "area-unknown"),
        ({"区域": "#nowhere"}, "set-unknown"),
        ({"权属单位": "@owner"}, "unit-unknown"),
        ({"养护单位": "nobody"}, "unit-unknown"),
        ({"文本标签": "天气"}, "tag-unknown"),
        ({"时段": "白天"}, "window-unknown"),
        ({"紧急程度": "急"}, "word-unknown"),
        ({"来电人": "外星人"}, "word-unknown"),
        ({"来源": "信鸽"}, "word-unknown"),
        ({"用地": "海洋"}, "land-use-unknown"),
        ({"退回次数": "两次"}, "number-invalid"),
        ({"退回次数": "16"}, "number-invalid"),
        ({"预案": "no-such"}, "plan-unknown"),
        ({"处置时限": "尽快"}, "limit-invalid"),
        ({"生效日期": "2026年"}, "date-invalid"),
        ({"生效日期": "2026-12-01", "失效日期": "2026-11-01"}, "validity-empty"),
        ({"例外": "也许"}, "word-unknown"),
        ({"例外": "是"}, "exception-endless"),
    ],
)
def test_a_slip_in_a_rule_is_told_at_its_line(pack: Path, cells: dict[str, str], code: str) -> None:
    assert slips(pack, line(**{"类别代码": "01002", **cells})) == [("rules.csv:3", code)]


def test_all_slips_are_told_at_once(pack: Path) -> None:
    assert slips(pack, line(主办单位="nobody", 区域="1"), line(规则编号="r2", 来源="信鸽")) == [
        ("rules.csv:3", "unit-unknown"),
        ("rules.csv:3", "area-unknown"),
        ("rules.csv:4", "word-unknown"),
    ]


def test_two_rules_as_particular_as_each_other_are_a_slip_of_the_later_one(pack: Path) -> None:
    assert slips(pack, line(类别代码="01002"), line(规则编号="r2", 类别代码="01002", 主办单位="power")) == [
        ("rules.csv:4", "rule-tie")
    ]


@pytest.mark.parametrize(
    ("file", "content", "fault"),
    [
        ("sets.csv", "编号,成员\na,1|2\na,3\n", ("sets.csv:3", "duplicate-id")),
        ("sets.csv", "编号\na\n", ("sets.csv:1", "column-missing")),
        ("tags.csv", "标签,关键词\n宠 物,狗\n", ("tags.csv:2", "id-malformed")),
        ("tags.csv", "标签,关键词\n宠物,\n", ("tags.csv:2", "cell-empty")),
        ("land_use.csv", "区域,用地\n1,公园\n", ("land_use.csv:2", "area-unknown")),
        ("land_use.csv", "区域,用地\n439901001,公园\n439901001,商业\n", ("land_use.csv:3", "duplicate-id")),
        ("windows.csv", "编号,星期\n夜间,周八\n", ("windows.csv:2", "word-unknown")),
        ("windows.csv", "编号,工作日\n夜间,也许\n", ("windows.csv:2", "word-unknown")),
        ("windows.csv", "编号,季节\n汛期,02-31..06-01\n", ("windows.csv:2", "season-invalid")),
        ("windows.csv", "编号,季节\n汛期,夏天\n", ("windows.csv:2", "season-invalid")),
        ("windows.csv", "编号,开始\n夜间,25:00\n", ("windows.csv:2", "time-invalid")),
        ("windows.csv", "编号\n夜间\n夜间\n", ("windows.csv:3", "duplicate-id")),
    ],
)
def test_a_slip_in_what_rules_name_is_told_there(pack: Path, file: str, content: str, fault: tuple[str, str]) -> None:
    (pack / file).write_text(content, encoding="utf-8")
    assert slips(pack) == [fault]


def test_a_rule_means_what_its_cells_say(pack: Path) -> None:
    city = read(
        pack,
        line(
            类别代码="#covers", 区域="#old-town", 文本标签="宠物", 时段="夜间", 紧急程度="紧急|非常紧急",
            来电人="媒体", 来源="热线", 用地="公园", 退回次数="1", 主办单位="drainage|@street-office",
            协办单位="roads", 可选协办="@owner", 预案="gas-leak", 处置时限="2 工作日", 派单说明="先围挡",
            生效日期="2026-11-01", 失效日期="2026-12-31", 例外="是", 说明="冬季",
        ),
    )  # fmt: skip
    (rule,) = (one for one in city.rulebook.rules if one.id == "r1")
    assert rule.category == {"gbt47678.5-2026:event:01001", "gbt47678.5-2026:event:01002"}
    assert rule.area == {"439901001", "439901002"}
    assert (rule.tag, rule.window, rule.land_use) == ({"宠物"}, {"夜间"}, {"公园"})
    assert (rule.urgency, rule.caller, rule.source) == ({"urgent", "critical"}, {"media"}, {"hotline"})
    assert (rule.lead, rule.assist, rule.optional) == (("drainage", "@street-office"), ("roads",), ("@owner",))
    assert (rule.sent_back, rule.plan, rule.instruction, rule.note) == (1, "gas-leak", "先围挡", "冬季")
    assert rule.limit == Limit(2, TimeUnit.WORK_DAY)
    assert (rule.valid, rule.exception) == (Validity(date(2026, 11, 1), date(2026, 12, 31)), True)


def test_a_window_means_what_its_cells_say(pack: Path) -> None:
    (pack / "windows.csv").write_text(
        "编号,星期,工作日,季节,开始,结束\n执勤,周一|星期三|日,是,11-15..03-15,08:30,17:30\n", encoding="utf-8"
    )
    (window,) = read(pack).rulebook.windows
    assert window == Window("执勤", frozenset({0, 2, 6}), True, ((11, 15), (3, 15)), time(8, 30), time(17, 30))


def test_nothing_is_asked_by_an_empty_cell_or_a_star(pack: Path) -> None:
    (first, second) = read(pack, line(类别代码="*", 区域="*", 紧急程度="非常紧急", 来源="*")).rulebook.rules
    assert not list(first.asks())
    assert [ask for ask, _ in second.asks()] == ["urgency"]


def test_a_dead_rule_is_warned_of_at_its_line_with_the_one_that_shadows_it(pack: Path) -> None:
    lines = [line(类别代码="01002", 来源="热线"), line(规则编号="r2", 条件="01002-1|01002-2", 主办单位="power")]
    city = read(pack, *lines, line(规则编号="r3", 类别代码="01002", 条件="01002-1", 来源="热线", 主办单位="gas"))
    assert [warning.pointer for warning in city.warnings if warning.code == "rule-dead"] == []
    city = read(pack, line(规则编号="r2", 类别代码="01002"), line(规则编号="r3", 区域="439900", 主办单位="gas"))
    (dead,) = (warning for warning in city.warnings if warning.code == "rule-dead")
    assert dead.pointer == "rules.csv:2"
    assert "r3" in dead.hint


def test_an_exception_that_ends_soon_is_warned_of(pack: Path) -> None:
    city = read(pack, line(类别代码="01002", 例外="是", 失效日期="2026-11-25"))
    assert [(w.pointer, w.code) for w in city.warnings if w.pointer.startswith("rules")] == [
        ("rules.csv:3", "exception-ends")
    ]


def grassroots(pack: Path, text: str) -> None:
    content = (pack / "pack.yaml").read_text(encoding="utf-8")
    (pack / "pack.yaml").write_text(f"{content}grassroots:\n{text}", encoding="utf-8")


def test_departmental_work_for_the_grass_roots_is_warned_of_and_their_own_is_not(pack: Path) -> None:
    grassroots(pack, '  kinds: [street-office]\n  theirs: ["06036", "class:09"]\n')
    lines = [
        line(规则编号="theirs", 类别代码="06036|09010", 主办单位="@street-office"),
        line(规则编号="class", 类别代码="class:09", 主办单位="@street-office"),
        line(规则编号="pothole", 类别代码="06013", 主办单位="@street-office"),
        line(规则编号="helped", 类别代码="06014", 协办单位="@street-office"),
    ]
    (found,) = (w for w in read(pack, *lines).warnings if w.code == "rule-to-grassroots")
    assert found.pointer == "rules.csv:5"
    assert "06013" in found.hint


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("  kinds: [village]\n", "unit-unknown"),
        ('  theirs: ["99999"]\n', "category-unknown"),
        ("  theirs: [class:77]\n", "class-unknown"),
        ("  there: []\n", "key-unknown"),
    ],
)
def test_a_slip_in_the_grass_roots_is_told_in_pack_yaml(pack: Path, text: str, code: str) -> None:
    before = len((pack / "pack.yaml").read_text(encoding="utf-8").splitlines())
    grassroots(pack, text)
    assert slips(pack) == [(f"pack.yaml:{before + 2}", code)]
