"""conditions.csv: what a closing needs, several calendars, seasons and stages; every slip is told with its line."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.catalogue import Condition, Milestone, Season, Urgency
from domain.clock import Limit, TimeUnit
from runtime.citypack.catalogue import read_book
from runtime.citypack.files import PackFiles
from runtime.citypack.limits import CONDITION_COLUMNS, Converted, write
from runtime.citypack.settings import read_settings
from runtime.citypack.terms import limit_of

DEPLOY = Path(__file__).parents[2] / "deploy"
CALENDARS = {"", "综合执法"}
CATEGORY = "gbt47678.5-2026:event:06001"


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo pack, its conditions to be replaced."""
    return Path(shutil.copytree(DEPLOY / "citypacks" / "demo", tmp_path_factory.mktemp("packs") / "pack"))


def read(pack: Path, text: str = "") -> tuple[list[Condition], list[tuple[str, str]]]:
    """The conditions of a table, and the faults in it."""
    if text:
        (pack / "conditions.csv").write_text(text, encoding="utf-8")
    files = PackFiles(pack, DEPLOY / "standards")
    book = read_book(files, read_settings(files), CALENDARS)
    found = [condition for group in book.catalogue.conditions.values() for condition in group]
    return found, [(fault.pointer, fault.code) for fault in files.findings.faults]


def test_a_clerk_writes_all_of_a_condition_in_chinese(pack: Path) -> None:
    conditions, faults = read(
        pack,
        "类别代码,条件编号,立案条件,结案条件,时限,时限单位,紧急程度,"
        "结案须附照片,可告知性结案,日历,季节时限,分阶段时限,说明\n"
        "06001,06001-1,正在搭建,拆除并恢复,20,工作日,紧急,"
        "是,否,综合执法,11月15日至3月15日=30个工作日,停工=4工作时→处罚＝7 工作日,城管牵头\n"
        "06001,06001-2,已建成,查清,2,整工作日,,否,是,,,,\n",
    )

    assert faults == []
    assert conditions == [
        Condition(
            "06001-1",
            CATEGORY,
            "正在搭建",
            "拆除并恢复",
            Limit(20, TimeUnit.WORK_DAY),
            Urgency.URGENT,
            evidence=True,
            calendar="综合执法",
            seasons=(Season((11, 15), (3, 15), Limit(30, TimeUnit.WORK_DAY)),),
            stages=(
                Milestone("停工", Limit(4, TimeUnit.WORK_HOUR)),
                Milestone("处罚", Limit(7, TimeUnit.WORK_DAY)),
            ),
            note="城管牵头",
        ),
        Condition("06001-2", CATEGORY, "已建成", "查清", Limit(2, TimeUnit.WHOLE_WORK_DAY), by_notice=True),
    ]


def test_the_demo_city_plants_trees_in_season_and_stages_a_demolition(pack: Path) -> None:
    shutil.copy(DEPLOY / "citypacks" / "demo" / "conditions.csv", pack)
    conditions, faults = read(pack)
    by_id = {condition.id: condition for condition in conditions}

    assert faults == []
    assert by_id["04013-1"].by_notice
    assert by_id["04013-1"].limit_on(date(2026, 4, 1)) == Limit(15, TimeUnit.WORK_DAY)
    assert by_id["04013-1"].limit_on(date(2026, 7, 1)) == Limit(5, TimeUnit.WORK_DAY)
    assert by_id["06001-2"].evidence
    assert [stage.name for stage in by_id["06001-2"].stages] == ["立案查处", "行政处罚"]


def test_a_components_code_means_the_event_of_its_defect(pack: Path) -> None:
    conditions, faults = read(
        pack,
        "category,kind,id,filing,closing,limit,unit\n"
        "01002,部件,a,缺,补,2,工作日\n01002,事项,b,响,静,2,工作日\n01002,,c,陷,平,2,工作日\n",
    )

    assert faults == []
    assert {condition.category for condition in conditions} == {"gbt47678.5-2026:event:01002"}


HEADER = ",".join(CONDITION_COLUMNS)
SLIPS = [
    ("evidence", "要", "word-unknown"),
    ("by_notice", "1", "word-unknown"),
    ("calendar", "医院", "calendar-unknown"),
    ("seasons", "3月到4月=15 工作日", "season-invalid"),
    ("seasons", "02-30..04-30=15 工作日", "season-invalid"),
    ("seasons", "03-01..04-30=15 天", "limit-invalid"),
    ("seasons", "03-01..04-30=15 工作日; 04-30..05-31=9 工作日", "season-overlap"),
    ("seasons", "03-01..04-30=15 工作日;", "list-entry-empty"),
    ("stages", "停工", "stage-invalid"),
    ("stages", "=4 工作时", "stage-invalid"),
    ("stages", "停工=四工作时", "limit-invalid"),
    ("stages", "停工=0 工作时", "limit-invalid"),
    ("stages", "停工=4 工作时 > > 处罚=7 工作日", "list-entry-empty"),
    ("stages", "停工=4 工作时 > 停工=7 工作日", "list-entry-repeated"),
    ("stages", "处罚=7 工作日 > 停工=4 工作时", "stages-not-ascending"),
    ("stages", "处罚=20 工作日", "stages-not-ascending"),
]


@pytest.mark.parametrize(("column", "cell", "code"), SLIPS)
def test_a_slip_is_told_at_its_line_and_hides_no_other(pack: Path, column: str, cell: str, code: str) -> None:
    good = {"category": "06001", "id": "a", "filing": "甲", "closing": "乙", "limit": "20", "unit": "工作日"}
    other = good | {"id": "b", "category": "06999"}
    slipped = good | {"id": "c", column: cell}
    rows = [",".join(row.get(name, "") for name in CONDITION_COLUMNS) for row in (good, slipped, other)]

    conditions, faults = read(pack, "\n".join([HEADER, *rows]))

    assert faults == [("conditions.csv:3", code), ("conditions.csv:4", "category-unknown")]
    assert [condition.id for condition in conditions] == ["a"]


def test_calendars_that_could_not_be_read_are_not_missed_again(pack: Path) -> None:
    (pack / "conditions.csv").write_text(f"{HEADER}\n06001,a,甲,乙,20,工作日,,,,医院,,,\n", encoding="utf-8")
    files = PackFiles(pack, DEPLOY / "standards")

    assert read_book(files, read_settings(files), None).catalogue.conditions[CATEGORY][0].calendar == "医院"
    assert files.findings.faults == []


@pytest.mark.parametrize("text", ["4 工作时", "4工作时", "4 个工作时", "4个工作时", "4 work_hour"])
def test_a_limit_may_be_written_as_people_do(text: str) -> None:
    assert limit_of(text) == Limit(4, TimeUnit.WORK_HOUR)


words = st.text("井盖破损，、。;；=>→,\"'|是否 15", min_size=1, max_size=12).map(str.strip).filter(bool)
names = st.text("停工处罚拆除（一）,; ", min_size=1, max_size=6).map(str.strip).filter(lambda name: name.strip(";, "))
units = st.sampled_from(TimeUnit)


@st.composite
def conditions(draw: st.DrawFn) -> tuple[Condition, ...]:
    drawn = []
    for n in range(draw(st.integers(1, 3))):
        unit = draw(units)
        steps = sorted(draw(st.sets(st.integers(1, 200), min_size=1, max_size=4)))
        called = draw(st.lists(names, min_size=len(steps) - 1, max_size=len(steps) - 1, unique=True))
        edges = sorted(draw(st.sets(st.integers(0, 365), max_size=6)))
        turned = edges[draw(st.integers(0, 1)) :]  # from the second edge on, the last season runs over the new year
        turned += edges[: len(edges) - len(turned)]
        days = [date.fromordinal(date(2000, 1, 1).toordinal() + edge) for edge in turned]
        drawn.append(
            Condition(
                f"06001-{n}",
                CATEGORY,
                draw(words),
                draw(words),
                Limit(steps[-1], unit),
                draw(st.sampled_from(Urgency)),
                draw(st.booleans()),
                draw(st.booleans()),
                draw(st.sampled_from(sorted(CALENDARS))),
                tuple(
                    Season((a.month, a.day), (b.month, b.day), Limit(steps[-1] + draw(st.integers(0, 9)), unit))
                    for a, b in zip(days[::2], days[1::2], strict=False)
                ),
                tuple(Milestone(name, Limit(step, unit)) for name, step in zip(called, steps, strict=False)),
                draw(st.one_of(st.just(""), words)),
            )
        )
    return tuple(drawn)


@settings(max_examples=60, deadline=None)
@given(conditions())
def test_what_is_written_is_read_again(pack: Path, written: tuple[Condition, ...]) -> None:
    (pack / "conditions.csv").unlink(missing_ok=True)
    write(Converted((), written), pack)

    assert read(pack) == (list(written), [])
