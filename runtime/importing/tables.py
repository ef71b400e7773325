"""The adviser for tables that import jobs ask: how a file is read as it was ordered, with the city's own mappings."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

from domain.catalogue import Catalogue
from domain.errors import Fault, Invalid
from domain.ids import ReportId
from domain.table_import import MAX_ROWS, MAX_UNPACKED, TableKind, TableOrder
from handlers.imports import JudgedRow
from handlers.ports import new_id
from runtime.citypack import Pack
from runtime.importing.encodings import Encoding
from runtime.importing.headers import default_mapping
from runtime.importing.mapping import RowMapping, read_mapping
from runtime.importing.rows import RowFile
from runtime.importing.tickets import RowReader, Ticket
from streams.records import hotline_report
from streams.wire import MAX_VALUE


def read_mappings(folder: Path, catalogue: Catalogue) -> dict[str, RowMapping]:
    """The mapping files (``*.yaml``) of a city pack's ``imports`` folder, by name. Raises ``Invalid``."""
    return {path.stem: read_mapping(path, catalogue) for path in sorted(folder.glob("*.yaml"))}


class CityTables:
    """``handlers.imports.Tables`` of one city pack."""

    def __init__(self, pack: Pack, mappings: Mapping[str, RowMapping]) -> None:
        self._catalogue = pack.catalogue
        self._zone = pack.policy.calendar.zone
        self._mappings = mappings

    @property
    def sources(self) -> Mapping[str, str]:
        """The sources of the city's own mappings, by their names."""
        return {name: mapping.source for name, mapping in self._mappings.items()}

    def count(self, file: Path, order: TableOrder) -> int:
        """How many rows a file has, of a workbook at most; see ``Tables``."""
        rows = 0
        if order.kind is TableKind.TICKETS:
            with file.open("rb") as lines:
                for _ in _lines(lines):
                    rows = _checked(rows + 1)
            return rows
        with self._opened(file, order) as (table, _):
            if table.foreseen is not None:
                return _checked(table.foreseen)
            for _ in table:
                rows = _checked(rows + 1)
        return rows

    @contextmanager
    def judged(self, file: Path, order: TableOrder) -> Iterator[Iterator[JudgedRow]]:
        """The rows one by one; see ``Tables``."""
        if order.kind is TableKind.TICKETS:
            with file.open("rb") as lines:
                yield (_ticket(line, text, order.source) for line, text in _lines(lines))
            return
        with self._opened(file, order) as (table, reader):
            yield (_judged(row.line, reader.judged(row)) for row in table)

    @contextmanager
    def _opened(self, file: Path, order: TableOrder) -> Iterator[tuple[RowFile, RowReader]]:
        mapping = self._mapping(order)
        delimiter = order.delimiter or (mapping.delimiter if mapping else None)
        with RowFile(file, cast("Encoding | None", order.encoding), delimiter, MAX_UNPACKED) as table:
            if table.kind is not order.kind:
                raise Invalid("table-type", "不支持的表格类型", f"the content is {table.kind}, not {order.kind}")
            meant = mapping or default_mapping(table.header, order.source, self._zone, order.crs)
            yield table, RowReader(meant, table.header, self._catalogue)

    def _mapping(self, order: TableOrder) -> RowMapping | None:
        if not order.mapping:
            return None
        if order.mapping not in self._mappings:
            known = ", ".join(self._mappings) or "none"
            raise Invalid("mapping-unknown", "没有该列映射", f"the city pack has {known}")
        return self._mappings[order.mapping]


def _checked(rows: int) -> int:
    if rows > MAX_ROWS:
        raise Invalid("rows-too-many", "行数过多", f"at most {MAX_ROWS} rows: send it in parts")
    return rows


def _judged(line: int, judged: Ticket | tuple[Fault, ...]) -> JudgedRow:
    if isinstance(judged, tuple):
        return JudgedRow(line, None, judged)
    report = replace(judged.report, id=ReportId(new_id()), received_at=datetime.now(UTC))
    return JudgedRow(line, report)


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The lines of NDJSON that hold something, numbered from 1; of one that is too long only so much is read."""
    number = 0
    while line := file.readline(MAX_VALUE + 1):
        number += 1
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = file.readline(MAX_VALUE)
        if line.strip():
            yield number, line.rstrip(b"\r\n")


def _ticket(line: int, text: bytes, source: str) -> JudgedRow:
    try:
        report = hotline_report(text, datetime.now(UTC), ReportId(new_id()))
    except Invalid as error:
        return JudgedRow(line, None, error.faults or (Fault("", error.code),))
    if report.origin != f"hotline:{source}":
        return JudgedRow(line, None, (Fault("/centre", "source-not-yours", "every ticket is of the source declared"),))
    return JudgedRow(line, report)
