"""An Excel workbook (XLSX) as rows of text: the first visible sheet, formulas as they are written, never evaluated.

Used by ``runtime.importing.rows``. The package is looked at before anything of it is unpacked.
"""

import warnings
import zipfile
from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import IO, Any, BinaryIO
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError, ParserCreate

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse
from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from domain.errors import Fault, Invalid
from domain.table_import import MAX_UNPACKED
from runtime.importing.row import Row
from runtime.importing.texts import DAMAGED, damaged

MANIFEST = "[Content_Types].xml"
MAX_ENTRIES = 1000
MAX_RATIO = 100

_SMALL = 1 << 20  # below this a table that repeats itself may well shrink a hundredfold
_LAST_ROW = 1_048_576
_SAFE_DIGITS = 10**15  # Excel keeps 15 digits of a number; what followed is gone
_UNREADABLE = (
    *DAMAGED,
    InvalidFileException,
    ParseError,
    ExpatError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
)


class WorkbookRows:
    """The rows of a workbook's first visible sheet. ``rows`` is how many hold something, the header among them.

    Raises ``Invalid``: ``file-macro``, ``archive-bomb``, ``file-entity``, ``file-damaged``, ``sheet-missing``.
    """

    def __init__(self, raw: BinaryIO) -> None:
        try:
            with zipfile.ZipFile(raw) as package:
                _check(package)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about styles and extensions that no cell's text depends on
                reader = ExcelReader(raw, read_only=True, keep_links=False)
                reader.read()
        except Invalid:
            raise
        except DefusedXmlException:
            raise _entity() from None
        except _UNREADABLE as error:
            raise damaged("it is no workbook") from error
        self._book = reader.wb
        try:
            part = next((rel.target for sheet, rel in reader.parser.find_sheets() if _shown(sheet, rel)), None)
            self._sheet = next((sheet for sheet in self._book.worksheets if sheet.sheet_state == "visible"), None)
            if part is None or self._sheet is None:
                raise Invalid("sheet-missing", "工作簿没有可见的工作表", "show the sheet that holds the table")
            with reader.archive.open(part) as source:
                outline = _Outline(source)
            self.rows, self._merged = outline.rows, outline.merged
        except BaseException as error:
            self.close()
            if isinstance(error, DefusedXmlException):
                raise _entity() from None
            if isinstance(error, _UNREADABLE) and not isinstance(error, Invalid):
                raise damaged("a sheet of it") from error
            raise

    def __iter__(self) -> Iterator[Row]:
        """The sheet's rows, the header as the first; rows without any cell filled are passed over."""
        width = 0
        assert self._sheet is not None  # noqa: S101  (seen at the start)
        self._sheet.reset_dimensions()  # what the file says of its size may be anything
        try:
            for number, values in enumerate(self._sheet.iter_rows(values_only=True), 1):
                cells = [_text(value) for value in values]
                while len(cells) > width and not cells[-1]:
                    cells.pop()
                if not any(cells):
                    continue
                if self._covers(number):
                    hint = "only the first cell of a merged range holds its value: split the ranges"
                    yield Row(number, fault=Fault("", "cells-merged", hint))
                    continue
                cells += [""] * (width - len(cells))
                width = width or len(cells)
                yield Row(number, cells)
        except DefusedXmlException:
            raise _entity() from None
        except _UNREADABLE as error:
            if isinstance(error, Invalid):
                raise
            raise damaged("a sheet of it") from error

    def close(self) -> None:
        """Close the file."""
        self._book.close()

    def _covers(self, number: int) -> bool:
        at = bisect_right(self._merged, (number, _LAST_ROW)) - 1
        return at >= 0 and number <= self._merged[at][1]


def _shown(sheet: Any, rel: Any) -> bool:
    return sheet.state == "visible" and "chartsheet" not in rel.Type


def _check(package: zipfile.ZipFile) -> None:
    """Look at the package by its own list of contents: nothing larger than that is ever unpacked."""
    entries = package.infolist()
    whole, packed = sum(e.file_size for e in entries), max(1, sum(e.compress_size for e in entries))
    if len(entries) > MAX_ENTRIES or whole > MAX_UNPACKED or (whole > _SMALL and whole / packed > MAX_RATIO):
        raise Invalid("archive-bomb", "压缩包解压后过大", f"{len(entries)} entries, {whole} bytes from {packed}")
    if any(e.flag_bits & 1 for e in entries):
        raise damaged("it is locked with a password")
    names = [e.filename.lower() for e in entries]
    if any(name.endswith("vbaproject.bin") or "/macrosheets/" in name for name in names):
        raise _macro()
    if b"macroenabled" in package.read(MANIFEST).lower():
        raise _macro()
    for entry in entries:
        if entry.filename.lower().endswith((".xml", ".rels", ".vml")):
            with package.open(entry) as part:
                for _ in iterparse(part, events=("start",), forbid_dtd=True):
                    break  # a document type stands before the first element, or nowhere


class _Outline:
    """What a sheet's XML says of its rows, read before any of it is made into cells: 20 times faster than those."""

    def __init__(self, source: IO[bytes]) -> None:
        self.rows = 0
        self._merged: list[tuple[int, int]] = []
        self._filled = False
        parser = ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = self._begins, self._ends
        parser.StartDoctypeDeclHandler = self._typed
        parser.ParseFile(source)

    @property
    def merged(self) -> list[tuple[int, int]]:
        """The rows that merged ranges cover, as ranges that do not overlap."""
        whole: list[tuple[int, int]] = []
        for first, last in sorted(self._merged):
            if whole and first <= whole[-1][1]:
                whole[-1] = (whole[-1][0], max(last, whole[-1][1]))
            else:
                whole.append((first, last))
        return whole

    def _begins(self, name: str, said: dict[str, str]) -> None:
        kind = name.rpartition(":")[2]
        if kind in ("v", "t", "f"):
            self._filled = True
        elif kind == "row":
            self._filled = False
            if not 1 <= int(said.get("r", "1")) <= _LAST_ROW:
                raise ValueError("a row beyond the last one there is")
        elif kind == "mergeCell":
            _, first, _, last = range_boundaries(said.get("ref", ""))
            self._merged.append((int(first or 1), int(last or _LAST_ROW)))

    def _ends(self, name: str) -> None:
        self.rows += name.rpartition(":")[2] == "row" and self._filled

    def _typed(self, *_: object) -> None:
        raise _entity()


def _text(value: object) -> str:
    """A cell as a CSV would have it; dates and times as ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return (value + timedelta(milliseconds=500)).replace(microsecond=0).isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (int, float)):
        if abs(value) >= _SAFE_DIGITS:
            return repr(float(value)) if "e" in repr(float(value)) else f"{value:.14E}"
        return str(int(value)) if value == int(value) else repr(value)
    if isinstance(value, (str, timedelta)):
        return str(value)
    return f"{getattr(value, 'text', None) or ''}"  # a formula over several cells


def _macro() -> Invalid:
    return Invalid("file-macro", "不接受含宏的工作簿", "save it as .xlsx, or as CSV in UTF-8")


def _entity() -> Invalid:
    return Invalid("file-entity", "文件含文档类型或实体声明", "save it anew with a spreadsheet program")
