"""One reader for every table: what a program writes is what we read, and what it cannot tell it asks."""

import csv
import gzip
import io
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import Fault, Invalid
from domain.place import Crs
from domain.table_import import Remark, TableKind
from handlers.row_report import guarded, header, lines
from runtime.importing.headers import NAMES, default_mapping
from runtime.importing.row import Row
from runtime.importing.rows import RowFile
from runtime.importing.tickets import RowReader, Ticket
from tests.demo_city import pack
from tests.vectors.files import ENGLISH, ROW, book, row, table, written
from tests.vectors.files import NAMES as CHINESE

ZONE = pack().policy.calendar.zone
TEXTS = st.text(st.characters(codec="gb18030", exclude_characters="\0", exclude_categories=("Cs",)), max_size=20)
OPEN = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


def visible(text: str) -> str:
    """What of a text may stand in a workbook's XML."""
    return "".join(filter(str.isprintable, text))


def opened(tmp_path: Path, content: bytes, **how: object) -> tuple[list[str], list[Row]]:
    path = tmp_path / "t"
    path.write_bytes(content)
    with RowFile(path, **how) as rows:  # type: ignore[arg-type]
        found = list(rows)
        assert rows.read == rows.size == len(content)
        return rows.header, found


def refused(tmp_path: Path, content: bytes, **how: object) -> Invalid:
    with pytest.raises(Invalid) as caught:
        opened(tmp_path, content, **how)
    return caught.value


# --- What programs write


@settings(max_examples=150, **OPEN)  # type: ignore[arg-type]
@given(
    rows=st.lists(st.lists(TEXTS, min_size=3, max_size=3), max_size=8),
    delimiter=st.sampled_from([",", ";", "\t", "，"]),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    packed=st.booleans(),
)
def test_what_csv_writes_is_what_we_read(
    tmp_path: Path, rows: list[list[str]], delimiter: str, end: str, encoding: str, quoting: int, packed: bool
) -> None:
    if "\r" in "".join(map("".join, rows)) and end == "\n":
        quoting = csv.QUOTE_ALL  # the module leaves a lone CR unquoted here, and nobody can tell it from a line's end
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(["甲", "乙", "丙"])
    writer.writerows(rows)
    content = text.getvalue().encode(encoding)
    declared = "gb18030" if encoding == "gb18030" else None
    names, found = opened(tmp_path, gzip.compress(content) if packed else content, encoding=declared)
    assert names == ["甲", "乙", "丙"]
    assert [list(each.cells) for each in found] == [cells for cells in rows if any(cells)]


@settings(max_examples=40, **OPEN)  # type: ignore[arg-type]
@given(
    st.lists(
        st.lists(TEXTS.map(lambda text: "".join(filter(str.isprintable, text))), min_size=3, max_size=3), max_size=8
    )
)
def test_what_a_spreadsheet_program_writes_is_what_we_read(tmp_path: Path, rows: list[list[str]]) -> None:
    names, found = opened(tmp_path, book(["甲", "乙", "丙"], *rows))
    assert names == ["甲", "乙", "丙"]
    assert [list(each.cells) for each in found] == [cells for cells in rows if any(cells)]
    assert [each.line for each in found] == [n for n, cells in enumerate(rows, 2) if any(cells)]


@settings(max_examples=200, **OPEN)  # type: ignore[arg-type]
@given(st.binary(max_size=400))
def test_whatever_comes_is_read_or_refused_with_a_code(tmp_path: Path, content: bytes) -> None:
    for start in (b"", b"\x1f\x8b\x08", b"PK\x03\x04", b"a,b\n", b'a,b\n"'):
        path = tmp_path / "t"
        path.write_bytes(start + content)
        with suppress(Invalid), RowFile(path, unpacked=1_000_000) as rows:
            for each in rows:
                assert each.cells or each.fault


def test_rows_are_told_by_the_line_they_begin_in(tmp_path: Path) -> None:
    _, found = opened(tmp_path, b'no,when\n1,a\n2,"two\nlines"\n\n3,"d"x\n4,e\n')
    told = [(each.line, list(each.cells), each.fault.code if each.fault else "") for each in found]
    assert told == [
        (2, ["1", "a"], ""), (3, ["2", "two\nlines"], ""), (6, [], "csv-malformed"), (7, ["4", "e"], "")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "tail",
    [b'3,"never closed\n4,d\n5,e\n', b'3,"closed by the next\n4,"d"\n5,e\n', b'3,"' + b"x\n" * 100_000],
    ids=["to the end", "by another's mark", "beyond a cell"],
)
def test_an_open_quotation_mark_is_told_by_its_line(tmp_path: Path, tail: bytes) -> None:
    error = refused(tmp_path, b"no,what\n1,a\n2,b\n" + tail)
    assert error.code == "csv-quote-open"
    assert "line 4" in error.detail


def test_bytes_of_another_encoding_cost_one_row_where_an_encoding_is_declared(tmp_path: Path) -> None:
    content = "no,what\n1,街道\n".encode() + "2,街道\n".encode("gb18030") + "3,社区\n".encode()
    reader = RowReader(default_mapping(list(ENGLISH[:3]), "s", ZONE, None), ENGLISH[:3])
    _, found = opened(tmp_path, content, encoding="utf-8")
    assert [each.cells[0] for each in found] == ["1", "2", "3"]
    (fault,) = reader.judged(Row(3, ("2", "2026-03-02 08:30", found[1].cells[1])))  # type: ignore[misc]
    assert fault.code == "encoding-invalid"


def test_an_encoding_is_asked_for_by_showing_the_header_and_nothing_else(tmp_path: Path) -> None:
    error = refused(tmp_path, written([row(text="不可外传")]).encode("gb18030"))
    assert error.code == "encoding-unconfirmed"
    assert "工单号,事发时间,诉求内容" in error.detail
    assert "不可外传" not in error.detail


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="file-unreadable"):
        RowFile(tmp_path / "nowhere.csv")


def test_a_workbooks_rows_are_counted_without_reading_them(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(book(CHINESE, ROW, [None], [""], ROW, ROW))
    with RowFile(path) as rows:
        assert rows.foreseen is not None
        assert rows.foreseen >= len(list(rows)) == 3


def test_the_content_tells_the_kind_whatever_the_name_says(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(book(CHINESE, ROW))
    with RowFile(path) as rows:
        assert rows.kind is TableKind.XLSX


# --- What columns mean without a mapping


def ticket(header_: tuple[str, ...], cells: tuple[str, ...]) -> Ticket:
    mapping = default_mapping(header_, "city", ZONE, None)
    found = RowReader(mapping, header_, pack().catalogue).judged(Row(2, cells))
    assert isinstance(found, Ticket), found
    return found


def test_chinese_and_english_names_make_the_same_ticket() -> None:
    chinese = ticket(CHINESE, ROW)
    english = ticket(ENGLISH, row(urgency="urgent"))
    assert chinese.value == english.value
    said = chinese.said
    assert (said.centre, said.ticket_no, said.areas) == ("city", "T-1", ["临湖区", "望湖街道"])
    assert (said.urgency, said.category, said.address) == ("urgent", "01002", "环湖路1号")
    assert said.called_at.utcoffset() is not None
    assert said.position is not None
    assert said.position.crs is Crs.WGS84
    assert said.caller is not None
    assert (said.caller.name, said.caller.phone) == ("某某", "00000000000")


def test_every_name_is_understood_and_means_one_thing() -> None:
    names = [name for each in NAMES.values() for name in each]
    assert len(names) == len(set(names))
    for name in names:
        with pytest.raises(Invalid) as caught:
            default_mapping([name, "?"], "s", ZONE, None)
        assert [f.pointer for f in caught.value.faults if f.code == "column-unknown"] == ["?"]


def test_what_is_wrong_with_a_header_is_told_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        default_mapping(["工单号", "编号", "备注", "经度"], "s", ZONE, None)
    assert {(fault.pointer, fault.code) for fault in caught.value.faults} == {
        ("编号", "column-repeated"), ("备注", "column-unknown"), ("occurred_at", "column-missing"),
        ("text", "column-missing"), ("lat", "column-missing"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "said", ["2026-03-02 08:30:00", "2026-03-02T08:30", "2026/3/2 8:30", "2026/03/02 08:30:00", "2026-03-02T00:30:00Z"]
)
def test_times_are_read_as_tables_write_them(said: str) -> None:
    assert ticket(ENGLISH, row(occurred_at=said)).said.called_at.timestamp() == 1772411400


# --- The report


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x"])
def test_a_report_holds_no_formula(cell: str) -> None:
    told = header() + lines([Remark(2, "refused", Fault(cell, "column-unknown", cell))])
    (found,) = csv.DictReader(io.StringIO(told.removeprefix("\ufeff"), newline=""))
    assert found["column"] == found["hint"] == f"'{cell}" == guarded(cell)
    assert (found["line"], found["code"]) == ("2", "column-unknown")


def test_table_helpers_write_what_they_are_given() -> None:
    assert table().decode().splitlines()[0] == ",".join(CHINESE)
