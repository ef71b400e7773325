"""A rulebook as a table that a clerk can read: CSV and XLSX with Chinese headers, in and out. Cells stay as written."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from domain.errors import Fault, Invalid
from domain.rule_table import MAX_RULES, MAX_TABLE, RuleRow
from runtime.citypack.files import Findings
from runtime.citypack.rulebook import RULES
from runtime.citypack.tables import Row, reject_repeated, rows_of
from runtime.importing.rows import RowFile

Form = Literal["csv", "xlsx"]

COLUMNS: Mapping[str, str] = {
    "id": "规则编号",
    "category": "类别代码",
    "condition": "条件",
    "owner": "权属单位",
    "maintainer": "养护单位",
    "area": "区域",
    "tag": "文本标签",
    "window": "时段",
    "urgency": "紧急程度",
    "caller": "来电人",
    "source": "来源",
    "land_use": "用地",
    "sent_back": "退回次数",
    "lead": "主办单位",
    "assist": "协办单位",
    "optional": "可选协办",
    "plan": "预案",
    "limit": "处置时限",
    "instruction": "派单说明",
    "valid_from": "生效日期",
    "valid_to": "失效日期",
    "exception": "例外",
    "note": "说明",
}
"""The columns as they go out, what a rule asks before whom it names."""
_WIDE = {"note": 36, "instruction": 28, "id": 26, "lead": 22, "assist": 30}
_DAYS = ("valid_from", "valid_to")
_MIDNIGHT = "T00:00:00"
_FIRST = 2  # the line of the first rule in a table that we write


@dataclass(frozen=True, slots=True)
class RuleTable:
    """Rows with the place each has: ``name`` is the file's, ``lines`` are the rows' own."""

    rows: tuple[RuleRow, ...]
    name: str = RULES.file
    lines: tuple[int, ...] = ()

    def judged(self, findings: Findings) -> list[Row]:
        """The rows as a pack's reader takes them; what is wrong with a cell by itself is noted."""
        header = tuple(COLUMNS)
        lines = self.lines or range(_FIRST, len(self.rows) + _FIRST)
        cells = ([row.get(column, "") for column in header] for row in self.rows)
        rows = rows_of(replace(RULES, file=self.name), header, zip(lines, cells, strict=True), findings) or []
        reject_repeated(rows, "id")
        return rows


def read_rule_table(path: Path) -> RuleTable:
    """A CSV or XLSX file, told apart by content. Raises ``Invalid`` for what cannot be read as a table of rules."""
    with RowFile(path, unpacked=MAX_TABLE) as table:
        lines: list[tuple[int, Sequence[str]]] = []
        faults: list[Fault] = []
        for row in table:
            if row.fault is not None:
                faults.append(Fault(f"{path.name}:{row.line}", row.fault.code, row.fault.hint))
            lines.append((row.line, row.cells))
            _check_count(len(lines))
        if faults:
            raise rulebook_invalid(faults)
        return RuleTable(_plain(path.name, table.header, lines), path.name, tuple(line for line, _ in lines))


def rows_of_objects(objects: Sequence[Mapping[str, str]]) -> tuple[RuleRow, ...]:
    """Rows whose cells come under their columns' names, ours or Chinese. Raises ``Invalid`` for unknown columns."""
    _check_count(len(objects))
    header = tuple(dict.fromkeys(name for row in objects for name in row))
    lines = [(at, [row.get(name, "") for name in header]) for at, row in enumerate(objects, _FIRST)]
    return _plain(RULES.file, header, lines)


def written(rows: Sequence[RuleRow], form: Form, legend: Sequence[tuple[str, str, str]] = ()) -> bytes:
    """The table as a file; a workbook has the names of units, categories and areas (``legend``) on a second sheet."""
    return _csv(rows) if form == "csv" else _xlsx(rows, legend)


def _csv(rows: Iterable[RuleRow]) -> bytes:
    out = io.StringIO(newline="")
    lines = csv.writer(out, lineterminator="\r\n")
    lines.writerow(COLUMNS.values())
    lines.writerows([row.get(column, "") for column in COLUMNS] for row in rows)
    return out.getvalue().encode("utf-8-sig")  # the mark tells a spreadsheet program that it is UTF-8


def _xlsx(rows: Iterable[RuleRow], legend: Iterable[tuple[str, str, str]]) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    sheet = book.create_sheet("派单目录")
    _fill(sheet, COLUMNS.values(), ([row.get(column, "") for column in COLUMNS] for row in rows))
    for n, column in enumerate(COLUMNS, 1):
        sheet.column_dimensions[get_column_letter(n)].width = _WIDE.get(column, 14)
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = sheet.dimensions
    if legend:
        _fill(book.create_sheet("代码对照"), ("列", "代码", "名称"), legend)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _fill(sheet: Worksheet, header: Iterable[str], lines: Iterable[Sequence[str]]) -> None:
    sheet.append(list(header))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
        cell.alignment = Alignment(vertical="top")
    for at, line in enumerate(lines, _FIRST):
        for n, text in enumerate(line, 1):
            if text:
                # as text: a code keeps its leading nought, and nothing a person wrote becomes a formula
                cell = sheet.cell(at, n)
                cell.value, cell.data_type, cell.number_format = text, "s", "@"


def _plain(name: str, header: Sequence[str], lines: Sequence[tuple[int, Sequence[str]]]) -> tuple[RuleRow, ...]:
    """Rows under our names of the columns. What a cell says may be wrong: the check tells. The header may not."""
    findings = Findings()
    rows = rows_of(replace(RULES, file=name), header, lines, findings)
    broken = [fault for fault in findings.faults if fault.code != "cell-empty"]
    if rows is None or broken:
        raise rulebook_invalid(broken)
    return tuple({column: _cell(column, text) for column, text in row.cells.items() if text} for row in rows)


def _cell(column: str, text: str) -> str:
    """A cell as it is kept; a date that a workbook holds as a moment is a date again."""
    return text.removesuffix(_MIDNIGHT) if column in _DAYS else text


def _check_count(rows: int) -> None:
    if rows > MAX_RULES:
        raise Invalid("rows-too-many", "行数过多", f"at most {MAX_RULES} rules")


def rulebook_invalid(faults: Sequence[Fault]) -> Invalid:
    """The error for a rulebook with faults, each with file and line."""
    return Invalid("rulebook-invalid", "派单目录有误", f"{len(faults)} faults", tuple(faults))
