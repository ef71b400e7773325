"""The rulebook as a table for people: what goes out comes in again; the command line carries, checks and explains."""

import io
import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from typer.testing import CliRunner

from domain.errors import Invalid
from domain.rule_table import RuleRow
from runtime.citypack.rulebook import RULES
from runtime.cli import app
from runtime.dispatch.city_rules import CityRules
from runtime.dispatch.command import bring_in
from runtime.dispatch.tables import COLUMNS, Form, read_rule_table, rows_of_objects, written
from tests.demo_city import pack

DEMO = Path(__file__).parents[2] / "deploy" / "citypacks" / "demo"
FORMS: Sequence[Form] = ("csv", "xlsx")


def there_and_back(rows: Sequence[RuleRow], form: Form, folder: Path) -> tuple[RuleRow, ...]:
    file = folder / f"rules.{form}"
    file.write_bytes(written(rows, form, [("主办单位", "roads", "市政")]))
    return read_rule_table(file).rows


def test_every_column_of_a_rule_has_its_chinese_name() -> None:
    assert set(COLUMNS) == {*RULES.required, *RULES.optional}
    assert len(set(COLUMNS.values())) == len(COLUMNS)


# what a cell may hold: one line, no blanks around it, nothing that is invisible
CELLS = st.text(
    st.characters(codec="utf-8", categories=("Lu", "Ll", "Lo", "Nd", "Po", "Ps", "Pe", "Sm")), min_size=1, max_size=12
).filter(lambda text: text == text.strip())
ROWS = st.lists(
    st.dictionaries(st.sampled_from([name for name in COLUMNS if name != "id"]), CELLS, max_size=6).map(
        lambda cells: {"id": "r", **cells}
    ),
    min_size=1,
    max_size=6,
)


@given(ROWS, st.sampled_from(FORMS))
def test_what_goes_out_comes_in_again(
    tmp_path_factory: pytest.TempPathFactory, rows: list[RuleRow], form: Form
) -> None:
    assert there_and_back(rows, form, tmp_path_factory.mktemp("t")) == tuple(rows)


@pytest.mark.parametrize("form", FORMS)
def test_the_demo_citys_rules_survive_a_spreadsheet(tmp_path: Path, form: Form) -> None:
    assert there_and_back(pack().rule_rows, form, tmp_path) == pack().rule_rows


def test_codes_keep_their_noughts_and_nothing_becomes_a_formula() -> None:
    rows = [{"id": "r", "category": "01002", "lead": "@street-office", "note": "=1+1"}]
    sheet = load_workbook(io.BytesIO(written(rows, "xlsx")))["派单目录"]
    cells = {sheet.cell(1, cell.column).value: cell for cell in sheet[2] if cell.value is not None}
    assert {name: cell.value for name, cell in cells.items()} == {
        "规则编号": "r", "类别代码": "01002", "主办单位": "@street-office", "说明": "=1+1"
    }  # fmt: skip
    assert {cell.data_type for cell in cells.values()} == {"s"}


def test_a_date_that_a_workbook_holds_is_a_date(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["规则编号", "主办单位", "失效日期"])
    sheet.append(["r", "roads", datetime(2026, 12, 31)])  # noqa: DTZ001  (as a spreadsheet has it)
    book.save(tmp_path / "r.xlsx")
    assert read_rule_table(tmp_path / "r.xlsx").rows == ({"id": "r", "lead": "roads", "valid_to": "2026-12-31"},)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("规则编号,主办单位\n", ""),
        ("规则编号,说明\nr,x\n", "column-missing"),
        ("规则编号,主办单位,颜色\nr,roads,红\n", "column-unknown"),
        ("规则编号,主办单位,id\nr,roads,r\n", "column-repeated"),
        ("规则编号,主办单位\nr,roads,more\n", "cell-count"),
    ],
)
def test_a_table_that_cannot_be_read_says_where(tmp_path: Path, content: str, code: str) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(content, encoding="utf-8")
    if not code:
        assert read_rule_table(file).rows == ()
        return
    with pytest.raises(Invalid) as caught:
        read_rule_table(file)
    assert [fault.code for fault in caught.value.faults] == [code]
    assert all(fault.pointer.startswith("mine.csv:") for fault in caught.value.faults)


def test_remarks_name_the_files_own_lines(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("规则编号,主办单位\n\nr,roads\n\n\nq,nobody\n", encoding="utf-8")
    found = CityRules(pack()).check_table(read_rule_table(file), date(2026, 11, 20))
    assert [(one.at, one.code) for one in found] == [("mine.csv:6", "unit-unknown")]


def test_objects_may_name_columns_in_either_language() -> None:
    rows = rows_of_objects([{"id": "a", "主办单位": "roads"}, {"id": "b", "主办单位": "power"}])
    assert rows == ({"id": "a", "lead": "roads"}, {"id": "b", "lead": "power"})
    with pytest.raises(Invalid):
        rows_of_objects([{"id": "a", "规则编号": "a", "lead": "roads"}])


# --- The command line


def ran(*words: str, status: int = 0) -> str:
    found = CliRunner().invoke(app, ["dispatch", *words], env={"COLUMNS": "400"})
    assert found.exit_code == status, found.output + repr(found.exception)
    return found.output


def test_check_tells_the_demos_gap_and_passes() -> None:
    told = ran("check", str(DEMO))
    assert re.search(r"warning rules\.csv: cell-uncovered 无规则覆盖: .*class:05", told)
    assert "77 rules, 0 faults, 1 warnings" in told


def test_check_fails_with_line_and_remedy(tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_text("规则编号,主办单位\nr,nobody\n", encoding="utf-8")
    told = ran("check", str(DEMO), "--rules", str(file), status=1)
    assert "new.csv:2: unit-unknown" in told
    assert "units.csv" in told, "the remedy says where units are"


def test_a_table_goes_out_and_comes_in_by_the_command_line(tmp_path: Path) -> None:
    city = tmp_path / "city"
    city.mkdir()
    for file in DEMO.iterdir():
        if file.is_file():
            (city / file.name).write_bytes(file.read_bytes())
    table = tmp_path / "rules.xlsx"
    ran("export", str(table), str(city))
    again = CliRunner().invoke(app, ["dispatch", "export", str(table), str(city)]).exception
    assert isinstance(again, Invalid)
    assert again.code == "file-exists"
    ran("import", str(table), str(city))
    assert read_rule_table(city / "rules.csv").rows == pack().rule_rows
    before = (city / "rules.csv").read_bytes()
    (tmp_path / "bad.csv").write_text("规则编号,主办单位\nr,nobody\n", encoding="utf-8")
    ran("import", str(tmp_path / "bad.csv"), str(city), status=1)
    assert (city / "rules.csv").read_bytes() == before, "with a fault nothing is written"


def test_explain_says_who_why_and_what_would_change_it() -> None:
    told = ran("explain", "--category", "01002", "--area", "439901001")
    assert "主办：drainage 云湖市排水管理处" in told
    assert "未采用：sewer-cover-open: condition is none, not 01002-1" in told
    assert "假如：condition 01002-1: sewer-cover-open, drainage" in told
    night = ran("explain", "--category", "08001", "--area", "439901001", "--at", "2026-11-20T23:30:00")
    day = ran("explain", "--category", "08001", "--area", "439901001", "--at", "2026-11-20T12:00:00")
    assert "rule work-noise-night" in night
    assert "rule work-noise:" in day


def test_explain_can_ask_another_rulebook(tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_text("规则编号,类别代码,主办单位\nmine,01002,power\n", encoding="utf-8")
    assert "主办：power" in ran("explain", "--category", "01002", "--area", "439901001", "--rules", str(file))
    assert "duty desk" in ran("explain", "--category", "06010", "--area", "439901001", "--rules", str(file))
    file.write_text("规则编号,类别代码,主办单位\nmine,01002,power|roads\n", encoding="utf-8")
    told = ran("explain", "--category", "01002", "--area", "439901001", "--rules", str(file))
    assert "可选主办：power" in told
    assert "、roads" in told


def test_bringing_in_keeps_the_place_of_what_is_replaced(tmp_path: Path) -> None:
    from runtime.console import out

    (tmp_path / "t.csv").write_text("规则编号,主办单位\nr,roads\n", encoding="utf-8")
    assert bring_in(pack(), tmp_path / "t.csv", tmp_path, out)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["rules.csv", "t.csv"]
