"""The loader of city packs: the demo pack is sound, and every kind of fault is told with its file and line."""

import shutil
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from domain.actor import Role
from domain.case import Clock
from domain.catalogue import Urgency
from domain.clock import Limit, TimeUnit
from domain.errors import Fault, Invalid
from domain.petition import Matter
from domain.policy import Policy, Steps
from runtime.citypack import load, pack_digest
from runtime.citypack.words import WORDS, meaning

DEPLOY = Path(__file__).parents[2] / "deploy"
DEMO, STANDARDS = DEPLOY / "citypacks" / "demo", DEPLOY / "standards"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the demo pack to be damaged."""
    return Path(shutil.copytree(DEMO, tmp_path / "pack", ignore=shutil.ignore_patterns("*.py", "__pycache__")))


def change(pack: Path, file: str, old: str, new: str) -> int:
    """Put ``new`` in the place of the first ``old`` (at the end of the file if that is empty); the line changed."""
    path = pack / file
    text = path.read_text(encoding="utf-8")
    at = text.index(old) if old else len(text)
    path.write_text(text[:at] + new + text[at + len(old) :], encoding="utf-8")
    return text.count("\n", 0, at) + 1


def faults(pack: Path, standards: Path = STANDARDS) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        load(pack, standards)
    assert (caught.value.code, caught.value.title) == ("pack-invalid", "城市包有误")
    return [(fault.pointer, fault.code) for fault in caught.value.faults]


def test_the_demo_pack_loads_whole() -> None:
    pack = load(DEMO, STANDARDS)

    assert (pack.id, pack.name, pack.prefix, pack.duty_desk) == ("yunhu", "云湖市", "YH", "duty-desk")
    assert pack.catalogue.current == "gbt47678.5-2026"
    assert len(pack.catalogue.categories) == 153 + 250
    assert pack.catalogue.find("0110").name == "暴露垃圾"
    assert pack.atlas.path("439901001") == ("439900", "439901", "439901001")
    assert {client.role for client in pack.clients} == set(Role) - {Role.SYSTEM}
    assert {c.unit for c in pack.clients if c.role is Role.UNIT} == set(pack.roster.units)
    assert pack.labels["state.closed"] == "已结案"
    assert pack.labels["source.alarm"] == "物联感知"


def test_the_policy_says_what_the_files_say() -> None:
    policy = load(DEMO, STANDARDS).policy

    assert (policy.auto_file_from, policy.join_within_m, policy.exercise_pace) == (0.6, 50.0, 1.0)
    assert policy.join_within == timedelta(hours=24)
    assert policy.default_limit == Limit(5, TimeUnit.WORK_DAY)
    check = policy.limit(Clock.CHECK, Urgency.NORMAL, None)
    assert check is not None
    assert check.limit == Limit(30, TimeUnit.MINUTE)
    assert policy.ladders[Clock.DISPOSAL].alarms == (0.8, 1.0, 1.5, 2.0)
    assert policy.steps == Steps()
    assert policy.granted_by[Matter.VOID] == {Role.CHIEF, Role.ADMIN}
    assert [plan.name for plan in policy.plans] == ["燃气泄漏", "内涝积水"]
    assert policy.calendar.hours == ((time(8), time(12)), (time(14), time(18)))
    assert policy.calendar.works_on(date(2026, 2, 14))  # Saturday, made up for the Spring Festival
    assert not policy.calendar.works_on(date(2026, 2, 16))  # Monday of the festival
    assert str(policy.calendar.zone) == "Asia/Shanghai"


def test_what_the_policy_leaves_out_has_the_house_value(pack: Path) -> None:
    text = (pack / "pack.yaml").read_text(encoding="utf-8")
    (pack / "pack.yaml").write_text(text[: text.index("policy:")], encoding="utf-8")

    policy = load(pack, STANDARDS).policy

    assert policy == replace(Policy(policy.calendar), plans=policy.plans)


DAMAGES = [
    ("pack.yaml", "id: yunhu", "id: Yunhu", "text-malformed"),
    ("pack.yaml", "prefix: YH", "prefix: yh1", "text-malformed"),
    ("pack.yaml", "Asia/Shanghai", "Asia/Yunhu", "timezone-unknown"),
    ("pack.yaml", "gbt47678.5-2026", "gbt47678.5-2019", "standard-unknown"),
    ("pack.yaml", "gbt47678.5-2026", "../standards", "standard-unknown"),
    ("pack.yaml", "duty_desk: duty-desk", "duty_desk: nobody", "unit-unknown"),
    ("pack.yaml", "auto_file_from: 0.6", "auto_file_from: 60", "value-invalid"),
    ("pack.yaml", "join_within_m: 50", "join_within_m: 5000", "value-invalid"),
    ("pack.yaml", "join_within_hours: 24", "join_within_hours: nan", "value-invalid"),
    ("pack.yaml", "5 工作日", "5 天", "limit-invalid"),
    ("pack.yaml", "30 分钟", "0 分钟", "limit-invalid"),
    ("pack.yaml", "clock: 核查", "clok: 核查", "key-unknown|key-missing"),
    ("pack.yaml", "clock: 核查", "clock: 派遣", "limit-repeated"),
    ("pack.yaml", "clock: 核查", "clock: 检查", "word-unknown"),
    ("pack.yaml", "exercise_pace:", "auto_file_from:", "key-repeated"),
    ("pack.yaml", "name: 云湖市", "name: 云: 湖市", "yaml-malformed"),
    ("calendar.yaml", "08:00-12:00", "08:00-25:00", "hours-invalid"),
    ("calendar.yaml", "周日]", "周八]", "weekday-unknown"),
    ("calendar.yaml", "first: 2026-02-15", "first: 2026-02-30", "date-invalid"),
    ("calendar.yaml", "last: 2026-10-07", "last: 2027-10-07", "holiday-length"),
    ("calendar.yaml", "last: 2026-02-23", "last: 2026-02-14", "holiday-length"),
    ("calendar.yaml", "last: 2025-06-02", "until: 2025-06-02", "key-unknown|key-missing"),
    ("calendar.yaml", "- 2026-05-09", "- 2026-05-08", "makeup-no-rest-day"),
    ("calendar.yaml", "- 2026-02-28", "- 2026-02-22", "makeup-in-holiday"),
    ("calendar.yaml", "- 2026-02-28", "- 2026-02-14", "date-repeated"),
    ("areas.csv", "松岭街道,street,", "松岭街道,town,", "word-unknown"),
    ("areas.csv", "439902002,石桥街道,street,439902", "439902002,石桥街道,street,439903", "unknown-parent"),
    ("areas.csv", "", "4399010010010,新网格,grid,439901001001\n", "grid-code-malformed"),
    ("areas.csv", "", "439902,山前区,district,439900\n", "duplicate-id"),
    ("areas.geojson", '"code":"439901003001"', '"code":"439901003"', "duplicate-id"),
    ("areas.geojson", '"code":"439901003001"', '"code":"439909"', "area-unknown"),
    ("conditions.csv", "06010,06010-1", "06999,06010-1", "category-unknown"),
    ("conditions.csv", "", "06014,06012-1,甲,乙,1,工作日,,,,,,\n", "duplicate-id"),
    ("conditions.csv", "路面补平,5,", "路面补平,0,", "limit-invalid"),
    ("conditions.csv", "路面补平,5,", "路面补平,五,", "number-invalid"),
    ("conditions.csv", "路面补平,5,工作日", "路面补平,5,天", "word-unknown"),
    ("conditions.csv", "路面补平,", ",", "cell-empty"),
    ("conditions.csv", "category,id,filing", "category,id,filed", "column-unknown|column-missing"),
    ("conditions.csv", "路面补平", "路面\x07补平", "text-control-char"),
    ("keywords.csv", "充电桩太少|加装充电桩,0.85", "充电桩太少|加装充电桩,85", "weight-invalid"),
    ("keywords.csv", "01003,雨水井盖,,0.9,01003-1", "01003,雨水井盖,,0.9,01004-1", "condition-mismatch"),
    ("keywords.csv", "小贩|摆地摊", "小贩||摆地摊", "list-entry-empty"),
    ("keywords.csv", "小贩|摆地摊", "小贩|小贩", "list-entry-repeated"),
    ("units.csv", ",439902003,", ",439902004,", "area-unknown"),
    ("units.csv", "street-office,439902003,", "street-office,439902002,", "jurisdiction-overlap"),
    ("units.csv", "", "street new,新街道,,,,,\n", "id-malformed"),
    ("rules.csv", "01001,,,,,water-supply", "01001,,,,,water", "unit-unknown"),
    ("rules.csv", ",,drainage,sanitation,雨水箅子", ",,drainage,@village,雨水箅子", "unit-unknown"),
    ("rules.csv", "06001,439902,", "06001,439903,", "area-unknown"),
    ("rules.csv", "class:07", "class:77", "class-unknown"),
    ("rules.csv", "green-dirt,06017", "green-dirt,060177", "category-unknown"),
    ("rules.csv", "06028,,物联告警", "06028,,传感器", "word-unknown"),
    ("rules.csv", ",06013-2,", ",06012-1,", "condition-mismatch"),
    ("rules.csv", ",parks|@street-office,", ",enforcement|@street-office,", "lead-assists-itself"),
    ("rules.csv", "", "litter-again,06010,,,,,parks,,,,,,,,\n", "rule-tie"),
    ("rules.csv", "", "litter,06011,,热线,,,parks,,,,,,,,\n", "duplicate-id"),
    ("calendar.yaml", "first: 2026-06-19", "first: 2026-05-19", "holiday-length"),
    ("calendar.yaml", "first: 2026-10-01", "first: 2026-09-26", "holiday-overlap"),
    ("calendar.yaml", "hours:\n  - 08:00-12:00", "hours:\n  - 08:00-15:00", "calendar-invalid"),
    ("units.csv", "roads,云湖市市政设施养护中心", "roads,云湖市市政,养护中心", "cell-count"),
    ("rules.csv", "", "short,06011,parks\n", "cell-count"),
    ("rules.csv", "", 'quoted,06011,,热线,,,parks,,"open\n', "csv-malformed"),
    ("clients.csv", "受理席,desk", "受理席,boss", "word-unknown"),
    ("clients.csv", "受理席,desk", "受理席,system", "role-reserved"),
    ("clients.csv", ",unit,roads,", ",unit,,", "unit-missing"),
    ("clients.csv", ",unit,roads,", ",unit,streets,", "unit-unknown"),
    ("clients.csv", "officer,,439901", "officer,,439911", "area-unknown"),
    ("labels.csv", "role.officer", "role.sheriff", "label-unknown"),
]


@pytest.mark.parametrize(("file", "old", "new", "codes"), DAMAGES)
def test_one_damage_is_one_fault_at_its_line(pack: Path, file: str, old: str, new: str, codes: str) -> None:
    line = change(pack, file, old, new)

    assert sorted(faults(pack)) == sorted((f"{file}:{line}", code) for code in codes.split("|"))


def test_all_faults_are_told_at_once_in_order_of_file_and_line(pack: Path) -> None:
    two = change(pack, "rules.csv", "class:07", "class:77")
    one = change(pack, "clients.csv", "受理席,desk", "受理席,boss")
    three = change(pack, "rules.csv", "06001,439902,", "060019,439903,")

    assert faults(pack) == [
        (f"clients.csv:{one}", "word-unknown"),
        (f"rules.csv:{two}", "class-unknown"),
        (f"rules.csv:{three}", "area-unknown"),
        (f"rules.csv:{three}", "category-unknown"),
    ]


@pytest.mark.parametrize("file", ["pack.yaml", "calendar.yaml", "areas.csv", "units.csv", "rules.csv"])
def test_a_missing_file_is_one_fault_and_what_refers_to_it_is_none(pack: Path, file: str) -> None:
    (pack / file).unlink()

    assert faults(pack) == [(file, "file-missing")]


def test_a_folder_that_is_not_there_lacks_its_files(tmp_path: Path) -> None:
    assert ("pack.yaml", "file-missing") in faults(tmp_path / "nowhere")


def test_a_file_in_another_encoding_is_told_with_the_line_of_its_first_odd_byte(pack: Path) -> None:
    text = (pack / "units.csv").read_text(encoding="utf-8")
    (pack / "units.csv").write_bytes(b"id,name,kind,areas,phone\n" + text.partition("\n")[2].encode("gbk"))

    assert faults(pack) == [("units.csv:2", "encoding-invalid")]


def test_a_broken_map_is_told_at_the_feature(pack: Path) -> None:
    bow = '{"type":"Polygon","coordinates":[[[113.9,27.9],[114,28],[114,27.9],[113.9,28],[113.9,27.9]]]}'
    line = change(
        pack,
        "areas.geojson",
        '{"code":"439901001001001"},"geometry":',
        f'{{"code":"439901001001001"}},"geometry":{bow},"was":',
    )

    assert faults(pack) == [(f"areas.geojson:{line}", "invalid-ring")]


def test_broken_json_is_told_at_its_line(pack: Path) -> None:
    line = change(pack, "areas.geojson", '"code":"439901003001"', '"code":')

    assert faults(pack) == [(f"areas.geojson:{line}", "json-malformed")]


def test_an_unreadable_national_table_is_one_fault(pack: Path, tmp_path: Path) -> None:
    standards = Path(shutil.copytree(STANDARDS, tmp_path / "standards"))
    (standards / "gbt47678.5-2026" / "events.csv").unlink()

    assert faults(pack, standards) == [("gbt47678.5-2026/events.csv", "file-missing")]


def test_an_open_quotation_mark_is_one_fault(pack: Path) -> None:
    line = change(pack, "units.csv", "roads,云湖市", 'roads,"云湖市')

    assert faults(pack) == [(f"units.csv:{line}", "csv-malformed")]


def test_a_fault_in_a_national_table_names_the_table(pack: Path, tmp_path: Path) -> None:
    standards = Path(shutil.copytree(STANDARDS, tmp_path / "standards"))
    events = change(standards, "gbt47678.5-2026/events.csv", "10002,10,", "10001,10,")
    mapping = change(standards, "gbt30428.2-2013/mapping.csv", "01010,sourced", "01999,sourced")
    told = faults(pack, standards)

    assert (f"gbt47678.5-2026/events.csv:{events}", "duplicate-id") in told
    assert (f"gbt30428.2-2013/mapping.csv:{mapping}", "category-unknown") in told


def test_headers_and_words_may_be_chinese_and_a_byte_order_mark_may_lead(pack: Path) -> None:
    before = load(pack, STANDARDS)
    for file, header in {
        "conditions.csv": "类别代码,条件编号,立案条件,结案条件,时限,时限单位,紧急程度,"
        "结案须附照片,可告知性结案,季节时限,分阶段时限,说明",
        "keywords.csv": "类别代码,关键词,排除词,权重,条件",
        "units.csv": "单位编号,单位名称,类型,辖区,电话,级别,上级",
        "rules.csv": "规则编号,类别代码,区域,来源,紧急程度,条件,主办单位,协办单位,说明,"
        "文本标签,时段,生效日期,失效日期,例外,用地",
        "clients.csv": "账号,名称,角色,单位,辖区",
    }.items():
        rows = (pack / file).read_text(encoding="utf-8").partition("\n")[2]
        (pack / file).write_text(f"\ufeff{header}\r\n" + rows.replace("\n", "\r\n"), encoding="utf-8", newline="")
    change(pack, "clients.csv", "受理席,desk", "受理席,受理员")

    after = load(pack, STANDARDS)

    assert after.catalogue == before.catalogue
    assert after.keywords == before.keywords
    assert after.roster.units == before.roster.units
    assert after.clients == before.clients


def test_a_cell_over_several_lines_does_not_shift_the_lines_after_it(pack: Path) -> None:
    change(pack, "conditions.csv", "换新或修好,4", '"换新\n或修好",4')
    line = change(pack, "conditions.csv", "路面补平,5,", "路面补平,五,")

    assert faults(pack) == [(f"conditions.csv:{line}", "number-invalid")]


def test_a_city_may_bring_its_own_categories(pack: Path) -> None:
    change(pack, "pack.yaml", "gbt47678.5-2026", "own")
    change(pack, "pack.yaml", '"01001", "01002", "01003", "01011", "01023", "01049", "01057", "05003", "10002"', '"G1"')
    (pack / "plans.yaml").unlink()
    (pack / "sensor_rules.csv").unlink()
    (pack / "device_kinds.csv").unlink()
    (pack / "maintenance.csv").unlink()
    change(pack, "pack.yaml", 'theirs: ["06036", "09010", "06012"]', "theirs: [class:G]")
    (pack / "categories.csv").write_text("code,class_code,class_name,name\nG1,G,Graffiti,Graffiti on a wall\n")
    for file, row in {
        "conditions.csv": "category,id,filing,closing,limit,unit\nG1,G1-1,seen,painted over,2,work_day",
        "keywords.csv": "category,words\nG1,graffiti",
        "rules.csv": "id,category,lead\nr1,G1,roads",
        "thresholds.csv": "category,threshold\nG1,0.9",
    }.items():
        (pack / file).write_text(row + "\n", encoding="utf-8")

    own = load(pack, STANDARDS)

    assert own.catalogue.find("G1").key == "own:event:G1"
    assert own.keywords[0].category == "own:event:G1"
    assert not [w for w in own.warnings if w.code == "cell-uncovered"]


def test_a_city_may_add_to_the_national_table_but_not_redefine_it(pack: Path) -> None:
    header = "code,class_code,class_name,name\n"
    (pack / "categories.csv").write_text(header + "06099,06,市容环境类,湖滨蚊虫滋扰\n", encoding="utf-8")
    assert load(pack, STANDARDS).catalogue.find("06099").name == "湖滨蚊虫滋扰"

    (pack / "categories.csv").write_text(header + "06010,06,市容环境类,垃圾\n", encoding="utf-8")
    assert faults(pack) == [("categories.csv:2", "duplicate-id")]


def test_gaps_are_warnings(pack: Path) -> None:
    change(pack, "clients.csv", "unit-roads,", "helper,")
    text = (pack / "clients.csv").read_text(encoding="utf-8")
    (pack / "clients.csv").write_text("".join(r for r in text.splitlines(True) if ",roads," not in r), encoding="utf-8")
    (pack / "keyword.csv").write_text("category,words\n", encoding="utf-8")

    assert load(pack, STANDARDS).warnings == (
        Fault(
            "rules.csv",
            "cell-uncovered",
            "categories class:05 其他管理部件类; areas all; 1,182 cells: add a rule for them, or one for their 大类",
        ),
        Fault("clients.csv", "unit-without-client", "roads"),
        Fault("keyword.csv", "file-unknown"),
    )


def test_the_version_changes_with_the_content_and_not_with_the_line_ends(pack: Path) -> None:
    before = load(pack, STANDARDS)
    assert before.version.startswith("2026.1+")
    assert before.rulebook.version == before.version

    text = (pack / "rules.csv").read_text(encoding="utf-8")
    (pack / "rules.csv").write_text(text, encoding="utf-8", newline="\r\n")
    assert load(pack, STANDARDS).version == before.version

    change(pack, "rules.csv", "bus-stop,02004,,,,,transport", "bus-stop,02004,,,,,roads")
    assert load(pack, STANDARDS).version != before.version


@pytest.mark.parametrize("group", WORDS)
def test_every_word_of_the_trade_is_read_and_written(group: str) -> None:
    """Each member has one word of its own, which means it, as its English name does."""
    members = WORDS[group]
    kind = type(next(iter(members)))

    assert set(members) == set(kind)
    assert {meaning(word, kind): word for word in members.values()} == members
    assert all(meaning(member.value, kind) is member for member in kind)


def test_the_digest_tells_files_apart() -> None:
    assert pack_digest({"a": b"1", "b": b"2"}) == pack_digest({"b": b"2", "a": b"1"})
    assert pack_digest({"a": b"1", "b": b"2"}) != pack_digest({"a": b"2", "b": b"1"})
    assert pack_digest({"ab": b""}) != pack_digest({"a": b"b"})
