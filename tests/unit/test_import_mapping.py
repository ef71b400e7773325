"""From a table to tickets: what a mapping may say, what a row becomes, and what is told of rows that are refused."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.catalogue import Catalogue, Category, Kind, Urgency
from domain.errors import Fault, Invalid
from domain.place import Crs
from domain.table_import import Remark
from runtime.importing.mapping import RowMapping, read_mapping
from runtime.importing.report import ReportFile
from runtime.importing.rows import RowFile
from runtime.importing.run import Nowhere, Tally, import_rows
from runtime.importing.senders import Receipt
from runtime.importing.tickets import RowReader, Ticket

CATALOGUE = Catalogue.of("own", [Category("own", Kind.EVENT, "07", "垃圾", "1", "环卫")], [])
HEADER = ["no", "when", "what", "kind", "x", "y", "street"]
MAPPING = """
source: city-a
key: no
time: {column: when, format: "%d.%m.%Y %H:%M", timezone: Europe/Berlin}
text: [kind, what]
areas: [street]
position: {lon: x, lat: y, crs: EPSG:4326}
category: {column: kind, values: {waste: "07"}}
constants: {text: no words, urgency: urgent}
"""
ROW = {"no": "A-1", "when": "01.12.2025 08:30", "what": "full bin", "kind": "waste", "x": "13.4", "y": "52.5"}


def read(tmp_path: Path, text: str = MAPPING) -> RowMapping:
    path = tmp_path / "m.yaml"
    path.write_text(text, encoding="utf-8")
    return read_mapping(path, CATALOGUE)


def faults_of(tmp_path: Path, text: str) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        read(tmp_path, text)
    assert caught.value.code == "mapping-invalid"
    return [(fault.pointer, fault.code) for fault in caught.value.faults]


def ticket(tmp_path: Path, mapping: str = MAPPING, **cells: str) -> Ticket:
    row = {"street": "", **ROW, **cells}
    return RowReader(read(tmp_path, mapping), HEADER).ticket(2, [row[column] for column in HEADER])


def refused(tmp_path: Path, mapping: str = MAPPING, **cells: str) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        ticket(tmp_path, mapping, **cells)
    return [(fault.pointer, fault.code) for fault in caught.value.faults]


def test_a_row_becomes_a_ticket(tmp_path: Path) -> None:
    said = ticket(tmp_path, street="Mitte").said
    assert (said.centre, said.ticket_no, said.text) == ("city-a", "A-1", "waste full bin")
    assert said.called_at == datetime(2025, 12, 1, 7, 30, tzinfo=UTC)
    assert said.position is not None
    assert (said.position.lon, said.position.lat, said.position.crs) == (13.4, 52.5, Crs.WGS84)
    assert (said.areas, said.category, said.urgency) == (["Mitte"], "07", Urgency.URGENT)


def test_equal_rows_are_equal_bytes(tmp_path: Path) -> None:
    """Or a repeated import would be refused as another report under the same number."""
    assert ticket(tmp_path).value == ticket(tmp_path).value


def test_what_is_not_given_is_left_out(tmp_path: Path) -> None:
    said = ticket(tmp_path, x="", y="-", kind="-", what="", street=" - ").said
    assert (said.position, said.category, said.areas, said.text) == (None, None, [], "no words")


def test_a_cell_the_table_of_codes_does_not_know_is_no_code(tmp_path: Path) -> None:
    assert ticket(tmp_path, kind="noise").said.category is None


def test_a_code_may_stand_in_the_cell_itself(tmp_path: Path) -> None:
    mapping = MAPPING.replace('category: {column: kind, values: {waste: "07"}}', "category: kind")
    assert ticket(tmp_path, mapping, kind="0815").said.category == "0815"


def test_iso_times_keep_their_offset_or_take_the_timezone(tmp_path: Path) -> None:
    mapping = MAPPING.replace('format: "%d.%m.%Y %H:%M", ', "")
    assert ticket(tmp_path, mapping, when="2025-07-01T10:00:00").said.called_at.utcoffset() is not None
    assert ticket(tmp_path, mapping, when="2025-07-01T10:00:00Z").said.called_at == datetime(2025, 7, 1, 10, tzinfo=UTC)
    nowhere = mapping.replace(", timezone: Europe/Berlin", "")
    assert refused(tmp_path, nowhere, when="2025-07-01T10:00:00") == [("when", "timestamp-no-offset")]


@pytest.mark.parametrize(
    ("cells", "faults"),
    [
        ({"no": ""}, [("no", "key-empty")]),
        ({"no": "9" * 65}, [("no", "text-too-long")]),
        ({"no": "a\x00b"}, [("no", "text-control-char")]),
        ({"when": ""}, [("when", "timestamp-missing")]),
        ({"when": "2025-12-01"}, [("when", "timestamp-malformed")]),
        ({"when": "01.12.1999 08:30"}, [("when", "timestamp-out-of-range")]),
        ({"when": "01.12.2999 08:30"}, [("when", "timestamp-in-future")]),
        ({"when": "30.03.2025 02:30"}, [("when", "timestamp-not-on-clock")]),
        ({"x": "13,4"}, [("x", "number-invalid")]),
        ({"x": "nan"}, [("x", "number-invalid")]),
        ({"x": "１３"}, [("x", "number-invalid")]),
        ({"y": ""}, [("y", "coordinate-missing")]),
        ({"x": "181"}, [("x y", "coordinate-out-of-range")]),
        ({"x": "31.2", "y": "121.4"}, [("x y", "coordinate-swapped")]),
        ({"x": "0", "y": "0.0"}, [("x y", "coordinate-placeholder")]),
        ({"what": "x" * 4001}, [("kind what", "text-too-long")]),
        ({"no": "", "x": "?"}, [("no", "key-empty"), ("x", "number-invalid")]),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_column_and_code(
    tmp_path: Path, cells: dict[str, str], faults: list[tuple[str, str]]
) -> None:
    assert refused(tmp_path, **cells) == faults


def test_a_row_without_words_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, MAPPING.replace("text: no words, ", ""), what="", kind="") == [("kind what", "text-empty")]


def test_a_row_with_too_few_cells_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        RowReader(read(tmp_path), HEADER).ticket(2, ["A-1", "01.12.2025 08:30"])
    assert [fault.code for fault in caught.value.faults] == ["csv-columns"]


def test_a_table_without_the_columns_is_refused_as_a_whole(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        RowReader(read(tmp_path), ["no", "when", "what", "kind"])
    assert [fault.pointer for fault in caught.value.faults] == ["street", "x", "y"]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("key: no\n", "", ("m.yaml:1", "key-missing")),
        ("source: city-a", "source: city a", ("m.yaml:2", "text-malformed")),
        ("EPSG:4326", "EPSG:3857", ("m.yaml:7", "crs-unknown")),
        ("Europe/Berlin", "Europe/Bärlin", ("m.yaml:4", "timezone-unknown")),
        (", timezone: Europe/Berlin", "", ("m.yaml:4", "timezone-missing")),
        ('waste: "07"', 'waste: "08"', ("m.yaml:8", "category-unknown")),
        ("constants: {", "constants: {category: x, ", ("m.yaml:9", "category-unknown")),
        ("areas:", "area:", ("m.yaml:6", "key-unknown")),
        ("text: [", "text: {", ("m.yaml:5", "yaml-malformed")),
    ],
)
def test_a_mapping_with_a_slip_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, fault: tuple[str, str]
) -> None:
    assert old in MAPPING
    assert fault in faults_of(tmp_path, MAPPING.replace(old, new))


class Collector:
    """A way in that keeps what it gets, and refuses the ticket numbers it was told."""

    batch = 500

    def __init__(self, *refuses: str) -> None:
        self.batches: list[list[str]] = []
        self._refuses = refuses

    async def send(self, tickets: list[Ticket]) -> Receipt:
        self.batches.append([ticket.said.ticket_no for ticket in tickets])
        refused = [t.line for t in tickets if t.said.ticket_no in self._refuses]
        remarks = (Remark(line, "refused", Fault("", "no")) for line in refused)
        return Receipt(tuple(remarks), (tickets[0].line,))


async def run(tmp_path: Path, rows: int, sender: Collector, broken: str = "") -> tuple[Tally, Path]:
    table, beside = tmp_path / "t.csv", tmp_path / "t.report.csv"
    lines = [f"{n},01.12.2025 08:30,bin,waste,13.4,52.5,\n" for n in range(rows)]
    table.write_text(",".join(HEADER) + "\n" + "".join(lines) + broken, encoding="utf-8")
    with RowFile(table) as opened, ReportFile(beside) as report:
        reader = RowReader(read(tmp_path), opened.header, CATALOGUE)
        tally = await import_rows(opened, reader, CATALOGUE, sender, report)
    return tally, beside


async def test_rows_go_out_in_batches_and_all_are_counted(tmp_path: Path) -> None:
    sender = Collector("3")
    tally, beside = await run(tmp_path, 1200, sender, "x,never,bin,waste,?,52.5,\n")
    assert [len(batch) for batch in sender.batches] == [500, 500, 200]
    assert (tally.rows, tally.sent, tally.refused, tally.repeated) == (1201, 1199, 2, 3)
    assert beside.read_text(encoding="utf-8-sig").splitlines() == [
        "line,outcome,column,code,hint",
        "2,repeated,,row-repeated,",
        "5,refused,,no,",
        "502,repeated,,row-repeated,",
        "1002,repeated,,row-repeated,",
        "1202,refused,when,timestamp-malformed,wanted: %d.%m.%Y %H:%M",
        "1202,refused,x,number-invalid,degrees as a decimal number",
    ]
    assert [remark.line for remark in tally.shown] == [5, 1202, 1202]


async def test_with_nothing_to_say_there_is_no_report(tmp_path: Path) -> None:
    table, beside = tmp_path / "t.csv", tmp_path / "t.report.csv"
    table.write_text(",".join(HEADER) + "\n1,01.12.2025 08:30,bin,waste,13.4,52.5,\n", encoding="utf-8")
    with RowFile(table) as opened, ReportFile(beside) as report:
        tally = await import_rows(opened, RowReader(read(tmp_path), opened.header), CATALOGUE, Nowhere(), report)
    assert (tally.rows, tally.sent) == (1, 1)
    assert not beside.exists()


async def test_rows_of_a_category_the_city_does_not_know_are_sent_and_counted(tmp_path: Path) -> None:
    tally, _ = await run(tmp_path, 1, Collector(), "x,01.12.2025 08:30,bin,noise,13.4,52.5,\n")
    assert (tally.sent, tally.uncategorised) == (2, 1)


def test_a_refused_row_is_told_without_what_it_says(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        ticket(tmp_path, what="secret " * 900, when="secret")
    assert "secret" not in str(caught.value) + str(caught.value.faults)
    assert all(isinstance(fault, Fault) for fault in caught.value.faults)
