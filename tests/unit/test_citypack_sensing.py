"""The tables of sensors: the demo city's rules are what they say, and every slip is told at its line."""

import shutil
from pathlib import Path

import pytest

from domain.catalogue import Urgency
from domain.errors import Invalid
from runtime.citypack import Pack, load
from sensing.rules import Direction, Silence, Threshold
from sensing.storm import Reach

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
KINDS = "编号,名称,计量单位,量程下限,量程上限,容许迟到秒,离线秒,故障类别\n"
RULES = (
    "编号,设备类型,规则类型,设备,级别,报警值,恢复值,方向,持续秒,误差,至少台数,范围,时段,"
    "类别代码,条件,紧急程度,告警,成因\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the demo pack, to be written into."""
    return Path(shutil.copytree(DEPLOY / "citypacks" / "demo", tmp_path / "demo"))


def read(folder: Path) -> Pack:
    return load(folder, DEPLOY / "standards")


def faults(folder: Path) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        read(folder)
    return [(fault.pointer, fault.code) for fault in caught.value.faults]


def written(folder: Path, *rules: str, kinds: str = "w,水位,m,0,10,60,1800,01067\n") -> Path:
    """Own kinds and rules in place of the demo's."""
    (folder / "device_kinds.csv").write_text(KINDS + kinds, encoding="utf-8")
    (folder / "sensor_rules.csv").write_text(RULES + "\n".join(rules) + "\n", encoding="utf-8")
    for name in ("maintenance.csv", "alarm_causes.csv"):
        (folder / name).unlink()
    return folder


def test_the_demo_city_watches_five_kinds_without_a_warning(folder: Path) -> None:
    pack = read(folder)
    assert [kind.name for kind in pack.sensors.kinds] == ["管网水位", "井盖倾角", "环境噪声", "PM2.5", "路灯电流"]
    assert not [w for w in pack.warnings if w.pointer.startswith(("device_kinds", "sensor_rules"))]
    assert pack.sensors.reaches["暴雨内涝"] == Reach(800, 3600)
    dark = pack.sensors.rules["lamp-dark"]
    assert isinstance(dark, Threshold)
    assert (dark.direction, dark.raise_at, dark.hold_s, dark.condition) == (Direction.DOWN, 0.1, 1800, "01037-1")
    assert dark.category == "gbt47678.5-2026:event:01037"
    assert dark.active is not None
    assert (dark.active.start_s, dark.active.end_s, dark.active.offset_s) == (19 * 3600, 5 * 3600, 8 * 3600)
    (window,) = pack.sensors.windows
    assert window.means("any", "street-lamp", "439902001001001")
    assert not window.means("any", "street-lamp", "439901001001001")


def test_silence_is_watched_unless_the_kind_has_a_rule_of_its_own(folder: Path) -> None:
    rules = read(written(folder)).sensors.rules
    assert rules["w.silence"] == Silence(
        id="w.silence", kind="w", after_s=1800, category="gbt47678.5-2026:event:01067", urgency=Urgency.NORMAL
    )


def test_and_a_rule_of_its_own_takes_its_place(folder: Path) -> None:
    pack = read(written(folder, "q,w,离线,,二级,,,,600,,,,,01067,,,,"))
    assert set(pack.sensors.rules) == {"q"}


def test_a_device_may_have_limits_of_its_own(folder: Path) -> None:
    rows = "h,w,阈值,,三级,2,1.5,,60,,,,,01002,01002-4,紧急,water,雨", "h,w,,w-7,,4,3,,,,,,,,,,,"
    written(folder, *rows)
    text = (folder / "sensor_rules.csv").read_text("utf-8").replace("h,w,,w-7", "h,w,阈值,w-7")
    (folder / "sensor_rules.csv").write_text(text, "utf-8")
    rule = read(folder).sensors.rules["h"]
    assert isinstance(rule, Threshold)
    assert rule.limits == {"w-7": (4.0, 3.0)}
    assert (rule.alarm, rule.cause, rule.urgency) == ("water", "雨", Urgency.URGENT)


SLIPS = [
    ("h,x,阈值,,三级,2,1,,,,,,,01002,,,,", "device-kind-unknown"),
    ("h,w,猜测,,三级,2,1,,,,,,,01002,,,,", "word-unknown"),
    ("h,w,阈值,,四级,2,1,,,,,,,01002,,,,", "word-unknown"),
    ("h,w,阈值,,三级,,1,,,,,,,01002,,,,", "cell-empty"),
    ("h,w,阈值,,三级,2,1,,,,,,,,,,,", "cell-empty"),
    ("h,w,阈值,,三级,二,1,,,,,,,01002,,,,", "number-invalid"),
    ("h,w,阈值,,三级,2,1,,-5,,,,,01002,,,,", "number-invalid"),
    ("h,w,阈值,,三级,2,1,双向,,,,,,01002,,,,", "word-unknown"),
    ("h,w,阈值,,三级,2,1,,,,,,,99999,,,,", "category-unknown"),
    ("h,w,阈值,,三级,2,1,,,,,,,01002,01003-1,,,", "condition-mismatch"),
    ("h,w,阈值,,三级,2,1,,,,,,午休,01002,,,,", "window-unknown"),
    ("h,w,阈值,,三级,2,1,,,0.1,,,,01002,,,,", "rule-parameter"),
    ("h,w,阈值,,三级,2,3,,,,,,,01002,,,,", "limits-crossed"),
    ("h,w,阈值,,三级,2,1,下降,,,,,,01002,,,,", "limits-crossed"),
    ("h,w,阈值,,三级,11,1,,,,,,,01002,,,,", "limit-outside-range"),
    ("h,w,阈值,,三级,2,0,,,,,,,01002,,,,", "limit-outside-range"),
    ("h,w,邻近印证,,三级,2,1,,,,1,同一管网,,01002,,,,", "number-invalid"),
    ("h,w,卡滞,,三级,,,,0,,,,,01067,,,,", "number-invalid"),
    ("h,w,离线,,三级,,,,,,,,,01067,,,,", "cell-empty"),
    ("h,w,阈值,w-1,三级,2,1,,,,,,,,,,,", "rule-without-kind-row"),
]


@pytest.mark.parametrize(("row", "code"), SLIPS)
def test_a_slip_in_a_rule_is_told_at_its_line(folder: Path, row: str, code: str) -> None:
    assert faults(written(folder, row)) == [("sensor_rules.csv:2", code)]


@pytest.mark.parametrize(
    ("kinds", "code"),
    [
        ("w,水位,m,5,5,,,\n", "range-empty"),
        ("w,水位,m,nan,5,,,\n", "number-invalid"),
        ("w,水位,m,0,5,-1,,\n", "number-invalid"),
        ("w,水位,m,0,5,,600,\n", "cell-empty"),
        ("w,水位,m,0,5,,600,99999\n", "category-unknown"),
    ],
)
def test_a_slip_in_a_kind_is_told_at_its_line(folder: Path, kinds: str, code: str) -> None:
    assert ("device_kinds.csv:2", code) in faults(written(folder, kinds=kinds))


def test_nothing_is_out_of_range_without_bounds(folder: Path) -> None:
    written(folder, "b,w,超量程,,三级,,,,60,,,,,01067,,,,", kinds="w,水位,m,,,,,\n")
    assert faults(folder) == [("sensor_rules.csv:2", "range-without-bounds")]


def test_a_named_time_of_working_days_is_none_for_sensors(folder: Path) -> None:
    with (folder / "windows.csv").open("a", encoding="utf-8") as file:
        file.write("工作,,是,,,\n")
    written(folder, "h,w,阈值,,三级,2,1,,,,,,工作,01002,,,,")
    assert faults(folder) == [("sensor_rules.csv:2", "window-of-working-days")]


def test_a_level_that_never_comes_first_and_rules_alike_are_warned_of(folder: Path) -> None:
    pack = read(
        written(
            folder,
            "three,w,阈值,,三级,3,1,,60,,,,,01002,,,water,",
            "two,w,阈值,,二级,2,1,,60,,,,,01002,,,water,",
            "one,w,阈值,,一级,4,1,,60,,,,,01002,,,water,",
            "same,w,阈值,,三级,4,1,,60,,,,,01003,,,,",
            kinds="w,水位,m,0,10,,,\nidle,空闲,,,,,,\n",
        )
    )
    told = [(w.pointer, w.code) for w in pack.warnings if w.code != "cell-uncovered"]
    assert told == [
        ("sensor_rules.csv:2", "level-unreachable"),
        ("sensor_rules.csv:5", "rules-alike"),
        ("device_kinds.csv:3", "kind-without-rules"),
    ]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("m,2026-12-01 18:00,2026-12-01 18:00,,,", "validity-empty"),
        ("m,gestern,2026-12-01 18:00,,,", "time-invalid"),
        ("m,2026-12-01,2026-12-02,,toaster,", "device-kind-unknown"),
        ("m,2026-12-01,2026-12-02,,,999", "area-unknown"),
    ],
)
def test_a_slip_in_maintenance_is_told_at_its_line(folder: Path, row: str, code: str) -> None:
    (folder / "maintenance.csv").write_text(f"编号,起,止,设备,设备类型,区域\n{row}\n", "utf-8")
    assert faults(folder) == [("maintenance.csv:2", code)]


def test_a_cause_that_is_not_listed_is_a_slip(folder: Path) -> None:
    (folder / "alarm_causes.csv").write_text("编号,名称,距离米\n路灯馈线,停电,10\n", "utf-8")
    assert {code for _, code in faults(folder)} == {"cause-unknown"}
