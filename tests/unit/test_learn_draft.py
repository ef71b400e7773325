"""A pack drafted from a city's old cases, and what that city learns later on."""

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from dispatch.decision_list import Demand
from dispatch.engine import Engine
from dispatch.history import Past
from domain.errors import Invalid
from runtime.citypack import Pack, load
from runtime.dispatch.draft import DESK, City, draft
from runtime.dispatch.learning import draft_pack, from_file, learn
from runtime.dispatch.old_cases import Columns, OldCase, in_the_words_of, read_old_cases
from runtime.dispatch.recommender_files import load_recommender
from runtime.wiring import STANDARDS

CITY = City("yunhu", "云湖市", "YH")
COLUMNS = Columns("派单日期", "处置单位", ("大类", "小类"), ("区", "街道", "社区"), "退回")
HEADER = ("派单日期", "处置单位", "大类", "小类", "区", "街道", "社区", "退回")
COMMUNITIES = (("东山街道", "柳林社区"), ("东山街道", "和平社区"), ("西河街道", "石桥社区"), ("西河街道", "和平社区"))
OUT = Console(quiet=True)


def rows(count: int = 6) -> list[list[str]]:
    """Stalls go to the street's own patrol, lamps to the city's lights, water in the west to its own company."""
    found = []
    for n in range(count):
        day = (date(2026, 3, 2) + timedelta(days=n)).isoformat()
        for street, community in COMMUNITIES:
            place = ["云湖区", street, community, "否"]
            found.append([day, f"{street}综合执法队", "市容", "占道经营", *place])
            found.append([day, "照明所", "设施", "路灯不亮", *place])
            found.append([day, "西河水务公司" if street == "西河街道" else "城市水务", "设施", "水管破裂", *place])
    return found


def table(folder: Path, lines: list[list[str]], header: tuple[str, ...] = HEADER) -> Path:
    """The rows as a file."""
    file = folder / "cases.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([header, *lines])
    return file


def drafted(tmp_path: Path, lines: list[list[str]]) -> Pack:
    """The pack drafted from these rows, as the system reads it."""
    draft_pack(table(tmp_path, lines), COLUMNS, tmp_path / "pack", CITY, Demand(), OUT)
    return load(tmp_path / "pack", STANDARDS)


def history(tmp_path: Path, pack: Pack, lines: list[list[str]]) -> list[Past]:
    return from_file(table(tmp_path, lines), COLUMNS, pack, OUT)


def test_the_drafted_pack_sends_the_old_cases_where_people_sent_them(tmp_path: Path) -> None:
    pack = drafted(tmp_path, rows())
    past = history(tmp_path, pack, rows())
    verdicts = Engine(pack.rulebook).choose_many([one.facts for one in past])
    assert [verdict.lead for verdict in verdicts] == [one.unit for one in past]
    assert len(pack.rulebook.rules) <= 5  # of twelve cells; the patrols are one rule
    assert {name for rule in pack.rulebook.rules for name in rule.lead if name.startswith("@")} == {"@综合执法队"}
    assert (pack.name, pack.prefix, pack.duty_desk) == ("云湖市", "YH", DESK)


def test_areas_of_one_name_in_two_streets_are_two(tmp_path: Path) -> None:
    pack = drafted(tmp_path, rows())
    peace = [code for code, area in pack.atlases.areas.items() if area.name == "和平社区"]
    assert len(peace) == 2
    assert {pack.atlases.paths[code][1] for code in peace} == {"东山街道", "西河街道"}


def test_a_unit_that_was_renamed_is_drafted_with_its_successor(tmp_path: Path) -> None:
    old, new = "照明所", "照明所（市政中心）"
    lines = [[*row[:1], new, *row[2:]] if row[1] == old and row[0] >= "2026-03-05" else row for row in rows()]
    pack = drafted(tmp_path, lines)
    assert pack.roster.units[old].successor == new
    assert pack.roster.units[old].valid.last == date(2026, 3, 4)
    assert pack.roster.units[new].valid.first == date(2026, 3, 5)


def test_rows_that_cannot_be_used_are_counted_and_the_others_are(tmp_path: Path) -> None:
    broken = [
        ["2026-03-02", "-", *rows(1)[0][2:]], ["soon", *rows(1)[0][1:]], ["2026-02-30", *rows(1)[0][1:]],
        ["2026-03-02", "照明所", "", "", "云湖区", "", "", ""],
    ]  # fmt: skip
    read = read_old_cases(table(tmp_path, [*rows(1), *broken]), COLUMNS)
    assert len(read.cases) == len(rows(1))
    assert read.passed_over == {"no unit": 1, "no day": 2, "no category": 1}


def test_a_table_without_the_columns_is_refused_with_their_names(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="csv-header") as caught:
        read_old_cases(table(tmp_path, rows(1), (*HEADER[:1], "单位", *HEADER[2:])), COLUMNS)
    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [("处置单位", "column-missing")]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "rules.csv").write_text("ours", encoding="utf-8")
    with pytest.raises(Invalid, match="file-exists"):
        draft_pack(table(tmp_path, rows()), COLUMNS, tmp_path / "pack", CITY, Demand(), OUT)
    assert [path.name for path in (tmp_path / "pack").iterdir()] == ["rules.csv"]


def test_no_cases_and_too_many_levels_make_no_draft() -> None:
    with pytest.raises(Invalid, match="history-too-short"):
        draft([], Demand())
    with pytest.raises(Invalid, match="areas-too-deep"):
        draft([OldCase(date(2026, 3, 2), ("a", "b"), ("1", "2", "3", "4", "5"), "u")], Demand())


def test_what_changed_since_is_proposed_as_rows_the_pack_can_take_over(tmp_path: Path) -> None:
    """The west's stalls go to the lights now, and nobody wrote a rule for it."""
    pack = drafted(tmp_path, rows())
    moved = [["2026-11-02", "照明所", *row[2:]] for row in rows() if row[3] == "占道经营" and row[5] == "西河街道"]
    late = history(tmp_path, pack, moved)
    proposals = tmp_path / "proposals.csv"
    (found,) = learn(late, pack, Demand(), OUT, proposals=proposals)
    assert (found.learnt.lead, found.today, found.learnt.right) == ("照明所", 0, len(moved))
    said = [*csv.DictReader(proposals.read_text(encoding="utf-8").splitlines())]
    assert "12 of 12" in said[0]["note"]
    with (tmp_path / "pack" / "rules.csv").open("a", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(
            [row["id"], row["category"], row["area"] or "西河街道", row["lead"], ""] for row in said
        )
    taken = load(tmp_path / "pack", STANDARDS)
    assert {v.lead for v in Engine(taken.rulebook).choose_many([one.facts for one in late])} == {"照明所"}


def test_nothing_is_written_unless_asked_for(tmp_path: Path) -> None:
    pack = drafted(tmp_path, rows())
    before = {path: path.read_bytes() for path in sorted(tmp_path.rglob("*.*")) if path.is_file()}
    learn(history(tmp_path, pack, rows()), pack, Demand(), OUT)
    assert {path: path.read_bytes() for path in sorted(tmp_path.rglob("*.*")) if path.is_file()} == before


def test_the_recommender_learnt_from_a_table_knows_its_cases(tmp_path: Path) -> None:
    pack = drafted(tmp_path, rows())
    past = history(tmp_path, pack, rows())
    learn(past, pack, Demand(), OUT, model=tmp_path / "recommender.npz", day=date(2026, 11, 22))
    made = load_recommender(tmp_path / "recommender.npz", pack.roster)
    assert (made.header.cases, made.header.made_on) == (len(past), "2026-11-22")
    assert {made.advise(one.facts).suggested[0].unit == one.unit for one in past} == {True}


def test_names_codes_and_unknown_words_of_a_table_are_told_apart(tmp_path: Path) -> None:
    pack = drafted(tmp_path, rows())
    lines = [[*row] for row in rows(1)[:3]]
    lines[0][1], lines[1][3], lines[2][3] = "无此单位", "没有的小类", "0001"
    past, unknown = in_the_words_of(pack, read_old_cases(table(tmp_path, lines), COLUMNS))
    assert unknown == {"unit unknown": 1, "category unknown": 1}
    assert [one.categories[-1] for one in past] == ["own:event:0001"]
