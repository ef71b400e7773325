"""The tables of a city pack: CSV in, rows with line numbers and checked cells out. Used by ``citypack``'s readers."""

import csv
import io
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TypeVar

from dispatch.rules import Validity
from domain.errors import Invalid
from domain.report import clean_text
from runtime.citypack.files import Findings, PackFiles
from runtime.citypack.headers import HEADERS
from runtime.citypack.words import FLAGS, meaning

E = TypeVar("E", bound=StrEnum)

_ID = re.compile(r"[^\s/|@*,]+")
_LIST = "|"


@dataclass(frozen=True)
class Table:
    """What a CSV file holds: columns whose cells must be filled, and columns that may be empty or left out.

    ``open`` tables may have further columns, which are not read. ``headers`` are other names that this table's columns
    go by, besides the Chinese ones of every table.
    """

    file: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    open: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Row:
    """One line of a table. A cell that cannot be used is noted, and ``ok`` turns false."""

    at: str
    cells: Mapping[str, str]
    findings: Findings
    ok: bool = True

    @property
    def line(self) -> int:
        """The line it begins in."""
        return int(self.at.rpartition(":")[2])

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def fault(self, code: str, hint: str = "") -> None:
        """Note a fault at this line."""
        self.ok = False
        self.findings.fault(self.at, code, hint)

    def identifier(self, column: str) -> str:
        """The cell as an identifier: no blanks and none of the signs that lists and references are made of."""
        if self[column] and not _ID.fullmatch(self[column]):
            self.fault("id-malformed", f"{column}: no blanks and none of / | @ * ,")
        return self[column]

    def names(self, column: str) -> tuple[str, ...]:
        """The cell as a list, separated by ``|``; an empty or repeated entry is a fault."""
        if not self[column]:
            return ()
        entries = tuple(entry.strip() for entry in self[column].split(_LIST))
        if not all(entries):
            self.fault("list-entry-empty", column)
        if len(set(entries)) < len(entries):
            self.fault("list-entry-repeated", column)
        return entries

    def refer(self, names: Iterable[str], known: Container[str] | None, code: str) -> None:
        """Note every name that is not known; None stands for a table that could not be read, noted elsewhere."""
        for name in names:
            if known is not None and name not in known:
                self.fault(code, name)

    def number(self, column: str, default: float) -> float:
        """The cell as a number, ``default`` where it is empty or no number."""
        try:
            return float(self[column] or default)
        except ValueError:
            self.fault("number-invalid", column)
            return default

    def day(self, column: str) -> date | None:
        """The cell as a date, 2026-07-01; None where it is empty or no date."""
        try:
            return date.fromisoformat(self[column]) if self[column] else None
        except ValueError:
            self.fault("date-invalid", f"{column}: 2026-07-01 wanted")
            return None

    def validity(self, first: str, last: str) -> Validity:
        """The days that two cells bound; a last day before the first is a fault."""
        valid = Validity(self.day(first), self.day(last))
        if valid.first and valid.last and valid.last < valid.first:
            self.fault("validity-empty", f"{last} is before {first}")
        return valid

    def flag(self, column: str) -> bool:
        """The cell as 是 or 否, ``yes`` or ``no``; 否 where it is empty or something else."""
        if self[column] and self[column] not in FLAGS:
            self.fault("word-unknown", f"{column}: one of {', '.join(FLAGS)}")
        return FLAGS.get(self[column], False)

    def word(self, column: str, kind: type[E], default: E) -> E:
        """The cell as a word of ``kind``, in English or Chinese; ``default`` where it is empty or unknown."""
        if not self[column]:
            return default
        found = meaning(self[column], kind)
        if found is None:
            self.fault("word-unknown", f"{column}: one of {', '.join(kind)}")
        return found or default


def read_table(files: PackFiles, table: Table, *, required: bool = True, national: bool = False) -> list[Row] | None:
    """The rows of a table, also those with faults (``Row.ok`` is false), so that what they declare is known.

    None if it cannot be read at all, which is noted; no rows if it is absent and need not be there.
    """
    text = files.text(table.file, required=required, national=national)
    if text is None:
        return None if required or table.file in files.seen else []
    # A quoted cell may hold line ends, so a row is addressed by its first line: the one after the row before.
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    columns: Sequence[str] | None = None
    start = 1
    try:
        for cells in lines:
            at, start = f"{table.file}:{start}", lines.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = _header(cells, table, at, files.findings)
                if columns is None:
                    return None
                continue
            rows.append(_row(cells, columns, table, Row(at, {}, files.findings)))
    except csv.Error:
        files.findings.fault(f"{table.file}:{start}", "csv-malformed", "a quotation mark is missing or out of place")
        return None
    if columns is None:
        files.findings.fault(f"{table.file}:1", "header-missing", ",".join(table.required))
        return None
    return rows


def rows_of(
    table: Table, header: Sequence[str], lines: Iterable[tuple[int, Sequence[str]]], findings: Findings
) -> list[Row] | None:
    """As ``read_table`` for lines that were read elsewhere, each with its number; None for a header at fault."""
    columns = _header(header, table, f"{table.file}:1", findings)
    if columns is None:
        return None
    return [_row(cells, columns, table, Row(f"{table.file}:{at}", {}, findings)) for at, cells in lines]


def reject_repeated(rows: Iterable[Row], *key: str) -> None:
    """Note every row whose ``key`` columns repeat those of a row before."""
    first: dict[tuple[str, ...], str] = {}
    for row in rows:
        named = tuple(row[column] for column in key)
        if any(named) and first.setdefault(named, row.at) != row.at:
            row.fault("duplicate-id", f"{' '.join(filter(None, named))}, first at {first[named]}")


def _header(cells: Sequence[str], table: Table, at: str, findings: Findings) -> Sequence[str] | None:
    """Column names in their order; None if the table cannot be read with this header."""
    names = [cell.strip() for cell in cells]
    columns = [table.headers.get(name) or HEADERS.get(name, name) for name in names]
    before = len(findings.faults)
    known = {*table.required, *table.optional}
    for i, column in enumerate(columns):
        if column in columns[:i]:
            findings.fault(at, "column-repeated", names[i])
        elif column not in known and not table.open:
            findings.fault(at, "column-unknown", f"{names[i] or '(empty)'}; known are {', '.join(sorted(known))}")
    for column in table.required:
        if column not in columns:
            findings.fault(at, "column-missing", column)
    return columns if len(findings.faults) == before else None


def _row(cells: Sequence[str], columns: Sequence[str], table: Table, row: Row) -> Row:
    if len(cells) != len(columns):
        row.fault("cell-count", f"{len(cells)} cells, {len(columns)} wanted")
        cells = cells[:2]  # those that name the row, lest every reference to it be reported as well
    kept: dict[str, str] = {}
    for column, cell in zip(columns, cells, strict=False):
        try:
            kept[column] = clean_text(cell, row.at)
        except Invalid as error:
            row.fault(error.code, column)
    row.cells = kept
    for column in table.required:
        if not kept.get(column, "?"):
            row.fault("cell-empty", column)
    return row
