"""Files as cities send them, good and bad, each with the code it must get (``reliability`` catalogue, CSV and XLSX).

Data only. ``wanted`` is ``accepted``, or a code: of the whole file, or of its one bad row; where a file has both, the
other rows come in.
"""

import gzip
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from openpyxl import Workbook

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TICKETS = "application/x-ndjson"
ACCEPTED = "accepted"

NAMES = (
    "工单号",
    "事发时间",
    "诉求内容",
    "地址",
    "经度",
    "纬度",
    "坐标系",
    "类别",
    "紧急程度",
    "联系人",
    "联系电话",
    "区",
    "街道",
)
ENGLISH = (
    "ticket_no", "occurred_at", "text", "address", "lon", "lat", "crs", "category", "urgency", "caller_name",
    "caller_phone", "district", "street",
)  # fmt: skip
ROW = (
    "T-1", "2026-03-02 08:30:00", "路口井盖缺失，行人绕行", "环湖路1号", "113.934867", "27.964142", "EPSG:4326",
    "01002", "紧急", "某某", "00000000000", "临湖区", "望湖街道",
)  # fmt: skip


@dataclass(frozen=True)
class File:
    """One file: its bytes, the type it is sent as, and what is declared of it (query of ``POST /v1/imports``).

    ``wanted`` is what must become of it; ``whole`` says that all of it is refused, not one row.
    """

    name: str
    content: bytes
    type: str
    declared: dict[str, str] = field(default_factory=dict)
    wanted: str = ACCEPTED
    whole: bool = False


def row(**changes: str) -> tuple[str, ...]:
    """The good row with some cells changed, by their English names."""
    return tuple(changes.get(name, cell) for name, cell in zip(ENGLISH, ROW, strict=True))


def written(rows: Sequence[Sequence[str]], header: Sequence[str] = NAMES, delimiter: str = ",", end: str = "\n") -> str:
    """A table as text; cells that need it are quoted."""
    return "".join(delimiter.join(_quoted(cell, delimiter) for cell in each) + end for each in (header, *rows))


def _quoted(cell: str, delimiter: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(c in cell for c in (delimiter, '"', "\n", "\r")) else cell


def table(*rows: Sequence[str], **how: Any) -> bytes:
    """A table in UTF-8."""
    return written(rows or [ROW], **how).encode()


def book(*rows: Sequence[object], title: str = "台账", **also: Any) -> bytes:
    """A workbook with one sheet; ``also`` names ranges to be merged, and sheets before it with their states."""
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = title
    for each in rows:
        sheet.append(list(each))
    for ranged in also.get("merged", ()):
        sheet.merge_cells(ranged)
    for at, (name, state, cells) in enumerate(also.get("before", ())):
        other = workbook.create_sheet(name, at)
        other.sheet_state = state
        other.append(list(cells))
    memory = io.BytesIO()
    workbook.save(memory)
    return memory.getvalue()


def repacked(content: bytes, changes: dict[str, bytes | None]) -> bytes:
    """A package with some of its parts put in, replaced or (None) taken out."""
    memory = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = changes.get(name, old.read(name))
            if part is not None:
                new.writestr(name, part)
        for name in changes.keys() - set(old.namelist()):
            new.writestr(name, changes[name] or b"")
    return memory.getvalue()


def part(content: bytes, name: str) -> bytes:
    """One part of a package."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return package.read(name)


def zipped(**parts: bytes) -> bytes:
    """Files in a zip archive."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("_", "."), content)
    return memory.getvalue()


GOOD_BOOK = book(NAMES, ROW)
_SHEET = "xl/worksheets/sheet1.xml"
_XML = b'<?xml version="1.0" encoding="UTF-8"?>'
_ENTITY = b'<!DOCTYPE worksheet [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
_LOL = b'<!DOCTYPE worksheet [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
_TYPES = "[Content_Types].xml"
_MACRO = part(GOOD_BOOK, _TYPES).replace(
    b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
    b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
)


def _with_prolog(prolog: bytes) -> bytes:
    sheet = part(GOOD_BOOK, _SHEET)
    body = sheet.partition(b"?>")[2] if sheet.startswith(b"<?xml") else sheet
    return repacked(GOOD_BOOK, {_SHEET: _XML + prolog + body})


def _damaged(column: str, cell: str, code: str, name: str) -> File:
    return File(name, table(row(**{column: cell}), row(ticket_no="T-2")), CSV, wanted=code)


_GB = written([ROW]).encode("gb18030")
_TICKET = (
    '{"centre":"hotline-12345","ticket_no":"N-1","called_at":"2026-03-02T08:30:00+08:00","text":"路灯不亮"}\n'
).encode()
_ELSEWHERE = _TICKET.replace(b"hotline-12345", b"elsewhere")
_MANY = b"ticket_no,occurred_at,text\n" + b"T,2026-03-02 08:30:00,x\n" * 50_001

ENCODINGS = [
    File("utf-8", table(), CSV),
    File("utf-8 declared", table(), CSV, {"encoding": "utf-8"}),
    File("utf-8 with a mark", b"\xef\xbb\xbf" + table(), CSV),
    File("gb18030 declared", _GB, CSV, {"encoding": "gb18030"}),
    File("gb18030 undeclared", _GB, CSV, {}, "encoding-unconfirmed", True),
    File("gb18030 declared as utf-8", _GB, CSV, {"encoding": "utf-8"}, "csv-header", True),
    File("utf-8 declared as gb18030", table(), CSV, {"encoding": "gb18030"}, "encoding-doubtful", True),
    File("neither", b"\xff\xff\xff" + table(), CSV, {}, "encoding-invalid", True),
    File("utf-16 with a mark", written([ROW]).encode("utf-16"), CSV, {}, "encoding-invalid", True),
    File(
        "one row of another encoding",
        table(row(ticket_no="T-2")) + ",".join(ROW).encode("gb18030") + b"\n",
        CSV,
        {"encoding": "utf-8"},
        "encoding-invalid",
    ),
]
DIALECTS = [
    File("semicolon", table(delimiter=";"), CSV),
    File("tab", table(delimiter="\t"), CSV),
    File("full-width comma", table(row(text="井盖缺失"), delimiter="，"), CSV),
    File("declared", table(delimiter=";"), CSV, {"delimiter": ";"}),
    File(
        "two delimiters in the header",
        table().replace("区,街道".encode(), "区;街道".encode()),
        CSV,
        {},
        "csv-dialect",
        True,
    ),
    File("none at all", table(delimiter="|"), CSV, {}, "csv-dialect", True),
    File("CRLF", table(end="\r\n"), CSV),
    File("CRLF and LF", table(end="\r\n") + table(row(ticket_no="T-2")).partition(b"\n")[2], CSV),
    File("gzip", gzip.compress(table()), CSV),
    File("gzip as its own type", gzip.compress(table()), "application/gzip"),
    File(
        "gzip cut off",
        gzip.compress(table(*[row(ticket_no=f"T-{n}") for n in range(500)]))[:-30],
        CSV,
        {},
        "file-damaged",
        True,
    ),
    File("gzip bomb", gzip.compress(table() + b"\n" * (210 * 1024 * 1024), 1), CSV, {}, "archive-bomb", True),
    File("zip with one table", zipped(a_csv=table()), CSV),
    File("zip with two tables", zipped(a_csv=table(), b_csv=table()), CSV, {}, "archive-ambiguous", True),
    File("nothing", b"", CSV, {}, "file-empty", True),
    File("blank lines only", b"\n\n\n", CSV, {}, "csv-header", True),
]
HEADERS = [
    File("English", table(header=ENGLISH), CSV),
    File("reordered", table(ROW[::-1], header=NAMES[::-1]), CSV),
    File("mixed", table(header=(*NAMES[:6], *ENGLISH[6:])), CSV),
    File("capitals and blanks", table(header=[f" {name.upper()} " for name in ENGLISH]), CSV),
    File("few columns", table(ROW[:3], header=NAMES[:3]), CSV),
    File("none", written([row(text="井盖缺失")]).partition("\n")[2].encode(), CSV, {}, "csv-header", True),
    File("missing", table(ROW[1:], header=NAMES[1:]), CSV, {}, "csv-header", True),
    File("doubled", table((*ROW, "x"), header=(*NAMES, "街道")), CSV, {}, "csv-header", True),
    File("twice in two languages", table((*ROW, "x"), header=(*NAMES, "text")), CSV, {}, "csv-header", True),
    File("unknown", table((*ROW, "x"), header=(*NAMES, "内容提要")), CSV, {}, "csv-header", True),
    File("longitude alone", table(header=(*NAMES[:5], "备注", *NAMES[6:])), CSV, {}, "csv-header", True),
    File("no system named", table((*ROW[:6], *ROW[7:]), header=(*NAMES[:6], *NAMES[7:])), CSV, {}, "csv-header", True),
    File("system declared", table((*ROW[:6], *ROW[7:]), header=(*NAMES[:6], *NAMES[7:])), CSV, {"crs": "GCJ02"}),
]
ROWS = [
    File("short row", table(ROW[:5], row(ticket_no="T-2")), CSV, {}, "csv-columns"),
    File("long row", table((*ROW, "x"), row(ticket_no="T-2")), CSV, {}, "csv-columns"),
    File(
        "open quote",
        table(row(ticket_no="T-2")) + b'T-3,"2026-03-02 08:30:00,x\nT-4,y\n',
        CSV,
        {},
        "csv-quote-open",
        True,
    ),
    File("quote in the middle", table(row(ticket_no="T-2")) + b'"T-3"x,y\n', CSV, {}, "csv-malformed"),
    File("cell too long", table(row(text="长" * 131_073), row(ticket_no="T-2")), CSV, {}, "csv-cell-too-long"),
    File("text too long", table(row(text="长" * 4001), row(ticket_no="T-2")), CSV, {}, "text-too-long"),
    File("NUL", table(row(text="井盖\0缺失"), row(ticket_no="T-2")), CSV, {}, "text-control-char"),
    File("line ends in a cell", table(row(text="井盖缺失\r\n行人绕行\n危险")), CSV),
    _damaged("ticket_no", "1.10101E+17", "excel-scientific", "number too long"),
    _damaged("caller_phone", "1.38E+10", "excel-scientific", "phone as a number"),
    _damaged("category", "1002", "code-length", "lost leading zero"),
    _damaged("occurred_at", "44927", "date-serial", "day as a number"),
    _damaged("occurred_at", "44927.3541667", "date-serial", "day and time as a number"),
    _damaged("text", "#N/A", "excel-value", "error"),
    _damaged("address", "#REF!", "excel-value", "error in an address"),
    _damaged("ticket_no", "TRUE", "excel-value", "truth value"),
    _damaged("ticket_no", "", "key-empty", "no number"),
    _damaged("occurred_at", "", "timestamp-missing", "no time"),
    _damaged("occurred_at", "昨天", "timestamp-malformed", "time in words"),
    _damaged("occurred_at", "2099-01-01 00:00:00", "timestamp-in-future", "time in the future"),
    _damaged("text", "", "text-empty", "no words"),
    _damaged("urgency", "特急", "word-unknown", "unknown urgency"),
    _damaged("crs", "火星", "word-unknown", "unknown system"),
    _damaged("crs", "", "crs-missing", "no system in the row"),
    _damaged("lon", "113,93", "number-invalid", "decimal comma"),
    _damaged("lat", "", "coordinate-missing", "half a position"),
    File("swapped", table(row(lon=ROW[5], lat=ROW[4]), row(ticket_no="T-2")), CSV, {}, "coordinate-swapped"),
    File("slashes in the time", table(row(occurred_at="2026/3/2 8:30")), CSV),
    File("offset in the time", table(row(occurred_at="2026-03-02T08:30:00+08:00")), CSV),
    *[
        File(f"formula {begin!a}", table(row(text=f"{begin}HYPERLINK(1)")), CSV)
        for begin in ("=", "+", "-", "@", "＝", "＋", "－", "＠")
    ],
]
BOOKS = [
    File("workbook", GOOD_BOOK, XLSX),
    File("dates as cells", book(NAMES, (ROW[0], datetime(2026, 3, 2, 8, 30), *ROW[2:])), XLSX),  # noqa: DTZ001
    File("numbers as cells", book(NAMES, (20260001, *ROW[1:4], 113.934867, 27.964142, *ROW[6:])), XLSX),
    File(
        "long number as a cell",
        book(NAMES, (110101198001011234, *ROW[1:]), row(ticket_no="T-2")),
        XLSX,
        {},
        "excel-scientific",
    ),
    File("truth value as a cell", book(NAMES, (True, *ROW[1:]), row(ticket_no="T-2")), XLSX, {}, "excel-value"),
    File("formula as words", book(NAMES, row(text='=HYPERLINK("http://127.0.0.1/","x")')), XLSX),
    File(
        "formula as a time",
        book(NAMES, row(occurred_at="=NOW()"), row(ticket_no="T-2")),
        XLSX,
        {},
        "timestamp-malformed",
    ),
    File("merged cells", book(NAMES, ROW, row(ticket_no="T-2"), merged=["D2:E2"]), XLSX, {}, "cells-merged"),
    File("merged title", book(["台账"], NAMES, ROW, merged=["A1:M1"]), XLSX, {}, "csv-header", True),
    File("hidden sheet before it", book(NAMES, ROW, before=[("草稿", "hidden", ["x"])]), XLSX),
    File("very hidden sheet before it", book(NAMES, ROW, before=[("草稿", "veryHidden", ["x"])]), XLSX),
    File("macro", repacked(GOOD_BOOK, {"xl/vbaProject.bin": b"\0"}), XLSX, {}, "file-macro", True),
    File("macro by its type", repacked(GOOD_BOOK, {_TYPES: _MACRO}), XLSX, {}, "file-macro", True),
    File("macro as declared", GOOD_BOOK, "application/vnd.ms-excel.sheet.macroEnabled.12", {}, "file-macro", True),
    File("external entity", _with_prolog(_ENTITY), XLSX, {}, "file-entity", True),
    File("entities within entities", _with_prolog(_LOL), XLSX, {}, "file-entity", True),
    File("zip bomb", repacked(GOOD_BOOK, {"xl/media/a.bin": b"\0" * 50_000_000}), XLSX, {}, "archive-bomb", True),
    File("too many entries", repacked(GOOD_BOOK, {f"x/{n}": b"" for n in range(1001)}), XLSX, {}, "archive-bomb", True),
    File(
        "a row beyond the last",
        repacked(GOOD_BOOK, {_SHEET: part(GOOD_BOOK, _SHEET).replace(b'r="2"', b'r="9999999999"')}),
        XLSX,
        {},
        "file-damaged",
        True,
    ),
    File("cut off", GOOD_BOOK[: len(GOOD_BOOK) // 2], XLSX, {}, "file-damaged", True),
    File("no sheet in it", repacked(GOOD_BOOK, {_SHEET: None}), XLSX, {}, "sheet-missing", True),
    File("not a workbook at all", table(), XLSX, {}, "table-type", True),
    File("a workbook as CSV", GOOD_BOOK, CSV, {}, "table-type", True),
    File("an old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), XLSX, {}, "table-type", True),
    File("another type", table(), "application/pdf", {}, "media-type-unsupported", True),
]
BULK = [
    File("tickets", _TICKET, TICKETS),
    File("tickets with a broken line", _TICKET + b"{\n", TICKETS, {}, "json-invalid"),
    File("tickets of another source", _ELSEWHERE, TICKETS, {}, "source-not-yours"),
    File("too many rows", _MANY, CSV, {}, "rows-too-many", True),
    File("an unknown mapping", table(), CSV, {"mapping": "nobody"}, "mapping-unknown", True),
]
FILES: tuple[File, ...] = (*ENCODINGS, *DIALECTS, *HEADERS, *ROWS, *BOOKS, *BULK)
