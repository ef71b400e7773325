"""The register's table: every way a city writes it is understood, and what is wrong is told row by row."""

import gzip
import io
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import Fault, Invalid
from domain.place import Crs
from runtime.assets.judge import Judge, Judged
from runtime.assets.layout import ATTRIBUTES, AssetMapping, Layout, read_asset_mapping
from runtime.assets.load import BATCH, Nowhere
from runtime.assets.placing import Placing
from runtime.importing.encodings import Encoding
from runtime.importing.row import Row
from runtime.importing.rows import RowFile
from store.asset_load import AssetRow, Fates
from tests.assets import BEFORE_2026, CHINESE, STANDARD, TODAY, a_code, a_component, brought, remarks, written
from tests.demo_city import grid, pack, spot

ATTRIBUTE_OF = dict(zip(STANDARD, ATTRIBUTES, strict=False))


def judged(
    cells: dict[str, str], crs: Crs | None = Crs.CGCS2000, mapping: AssetMapping | None = None
) -> Judged | tuple[Fault, ...]:
    mapping = mapping or AssetMapping()
    judge = Judge(Layout(list(cells), mapping), mapping, pack().catalogue, crs, TODAY)
    return judge.judge(Row(2, list(cells.values())))


def well(cells: dict[str, str], **how: object) -> Judged:
    found = judged(cells, **how)  # type: ignore[arg-type]
    assert isinstance(found, Judged), found
    return found


def placed(cells: dict[str, str], crs: Crs = Crs.CGCS2000) -> tuple[object, list[str]]:
    one = well(cells, crs=crs)
    (row,) = Placing(pack().atlas, crs).place([one])
    return row, [note.code for note in one.notes]


@pytest.mark.parametrize("header", [STANDARD, BEFORE_2026, CHINESE, tuple(name.lower() for name in STANDARD)])
def test_all_sets_of_names_are_understood(header: tuple[str, ...]) -> None:
    cells = dict(zip(header, a_component().values(), strict=False))
    found = well(cells)
    assert found.code == a_code(1)
    assert found.category == "gbt47678.5-2026:event:01002"
    assert found.text[: len(header)][:9] == list(a_component().values())[:9]
    assert (found.state, found.first_on, found.changed_on) == ("intact", date(2024, 6, 1), None)


def test_an_identifier_of_the_editions_before_is_in_todays_category() -> None:
    assert well(a_component(GLBJBSM="4399010102000017")).category == "gbt47678.5-2026:event:01002"


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"GLBJBSM": "43990101002"}, [("GLBJBSM", "component-code-invalid")]),
        ({"GLBJBSM": ""}, [("GLBJBSM", "cell-empty")]),
        ({"GLBJMC": "", "ZGBMMC": "-"}, [("GLBJMC", "cell-empty"), ("ZGBMMC", "cell-empty")]),
        ({"GLBJMC": "井" * 31}, [("GLBJMC", "text-too-long")]),
        ({"GLBJMC": "井\x07盖"}, [("GLBJMC", "text-control-char")]),
        ({"GLBJMC": "井\udcff盖"}, [("GLBJMC", "encoding-invalid")]),
        ({"GLBJZT": "还行"}, [("GLBJZT", "word-unknown")]),
        ({"CSRQ": "2024年"}, [("CSRQ", "date-malformed")]),
        ({"CSRQ": "20240231"}, [("CSRQ", "date-malformed")]),
        ({"CSRQ": "20261122"}, [("CSRQ", "date-in-future")]),
        ({"BGRQ": "20240531"}, [("BGRQ", "change-before-first")]),
        ({"SZDYWGBSM": "4399010010010"}, [("SZDYWGBSM", "grid-code-malformed")]),
        ({"SZDYWGBSM": "", "经度": "", "纬度": ""}, [("SZDYWGBSM", "place-missing")]),
        ({"经度": "113.9E"}, [("经度", "number-invalid")]),
        ({"经度": "nan"}, [("经度", "number-invalid")]),
        ({"经度": ""}, [("经度", "number-invalid")]),
        ({"经度": "27.95", "纬度": "113.95"}, [("经度", "coordinate-swapped")]),
        ({"经度": "0", "纬度": "0"}, [("经度", "coordinate-placeholder")]),
        ({"经度": "200", "纬度": "27"}, [("经度", "coordinate-out-of-range")]),
    ],
)
def test_what_is_wrong_is_told_by_the_tables_own_column(changes: dict[str, str], wrong: list[tuple[str, str]]) -> None:
    found = judged(a_component(**changes))
    assert isinstance(found, tuple)
    assert [(fault.pointer, fault.code) for fault in found] == wrong
    words = [said for said in changes.values() if len(said) > 2 and not said.replace(".", "").isdecimal()]
    assert not any(said in fault.hint for fault in found for said in words)


def test_all_faults_of_a_row_are_told_at_once() -> None:
    found = judged(a_component(GLBJBSM="1", GLBJZT="?", CSRQ="x", 经度="x"))
    assert isinstance(found, tuple)
    assert [fault.code for fault in found] == [
        "component-code-invalid", "word-unknown", "date-malformed", "number-invalid"
    ]  # fmt: skip


def test_a_row_of_another_width_is_refused() -> None:
    layout = Layout(list(STANDARD), AssetMapping())
    judge = Judge(layout, AssetMapping(), pack().catalogue, Crs.WGS84, TODAY)
    found = judge.judge(Row(2, list(a_component().values())[:-1]))
    assert isinstance(found, tuple)
    assert [fault.code for fault in found] == ["csv-columns"]


def test_columns_nobody_asks_for_are_kept() -> None:
    assert well({**a_component(), "材质": "球墨铸铁", "口径": "-", "空": ""}).doc == '{"材质":"球墨铸铁"}'
    assert well(a_component()).doc == "{}"


def test_invisible_marks_are_taken_out_and_not_refused() -> None:
    assert well({**a_component(GLBJMC="污水\u200b井盖"), "材质": "铸\ufeff铁"}).text[1] == "污水井盖"


def test_a_position_is_never_in_a_system_nobody_named() -> None:
    with pytest.raises(Invalid, match="crs-missing"):
        judged(a_component(), crs=None)
    assert well(dict(zip(CHINESE, a_component().values(), strict=False)), crs=None).lon is None


def test_a_grid_that_is_missing_is_found_and_one_that_differs_is_flagged() -> None:
    row, notes = placed(a_component(n=3, SZDYWGBSM=""))
    assert isinstance(row, tuple)
    assert (row[10], row[11], notes) == (grid(3), None, [])
    row, notes = placed(a_component(n=3, SZDYWGBSM=grid(4)))
    assert isinstance(row, tuple)
    assert (row[10], row[11], notes) == (grid(4), grid(3), ["grid-mismatch"])
    assert row[12].endswith(f"/{grid(4)}/")
    row, notes = placed(a_component(n=3, SZDYWGBSM="439901001001ZZZ"))
    assert isinstance(row, tuple)
    assert (row[10], row[11], notes) == ("439901001001ZZZ", grid(3), ["grid-unknown", "grid-mismatch"])


def test_what_stands_outside_the_city_needs_a_grid_inside() -> None:
    away = {"经度": "113.0", "纬度": "28.9"}
    row, _ = placed(a_component(SZDYWGBSM="", **away))
    assert isinstance(row, Fault)
    assert row.code == "place-outside"
    row, notes = placed(a_component(**away))
    assert isinstance(row, tuple)
    assert (row[10], notes) == (grid(0), ["position-outside"])


def test_a_converted_position_is_no_survey() -> None:
    cells = {**a_component(SZDYWGBSM=""), "精度": "A"}
    assert well(cells).accuracy == "A"
    found = well(cells, crs=Crs.BD09)
    assert (found.accuracy, [note.code for note in found.notes]) == ("C", ["accuracy-lost"])
    (row,) = Placing(pack().atlas, Crs.BD09).place([found])
    assert isinstance(row, tuple | Fault)
    if isinstance(row, tuple):
        assert row[20] != spot(0).lon, "the position was taken as it came"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (("GLBJBSM", "GLBJMC"), "csv-header"),
        ((*STANDARD[:-1],), "csv-header"),
        ((*STANDARD, "ObjID"), "csv-header"),
        (tuple(name for name in STANDARD if name not in ("SZDYWGBSM", "经度", "纬度")), "csv-header"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_as_a_whole(header: tuple[str, ...], code: str) -> None:
    with pytest.raises(Invalid) as error:
        Layout(header, AssetMapping())
    assert error.value.code == code


MAPPING = """
columns: {code: 编号, name: 名字, lon: X_84, lat: Y_84}
constants: {authority_code: "1143", authority_name: 住建局, state: 完好, first_on: "20200101"}
states: {好的: 完好, 坏了: 破损}
crs: EPSG:4326
"""


def test_a_mapping_names_what_is_the_citys_own(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(MAPPING, encoding="utf-8")
    mapping = read_asset_mapping(tmp_path / "m.yaml")
    at = spot(1)
    cells = {"编号": a_code(9), "名字": "井盖", "状态": "坏了", "X_84": str(at.lon), "Y_84": str(at.lat)}
    found = well(cells, crs=mapping.crs, mapping=mapping)
    assert (found.code, found.state, found.first_on) == (a_code(9), "damaged", date(2020, 1, 1))
    assert well({**cells, "状态": ""}, crs=mapping.crs, mapping=mapping).state == "intact"


def test_a_faulty_mapping_is_told_with_its_lines(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("columns: {colour: x}\nstates: {好: 很好}\ncrs: mars\n", encoding="utf-8")
    with pytest.raises(Invalid) as error:
        read_asset_mapping(tmp_path / "m.yaml")
    assert [(f.pointer, f.code) for f in error.value.faults] == [
        ("m.yaml:1", "word-unknown"), ("m.yaml:2", "word-unknown"), ("m.yaml:3", "crs-unknown")
    ]  # fmt: skip


def packed(text: bytes, *names: str) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, text)
    return memory.getvalue()


TABLE = written([a_component(number) for number in range(5)])


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TABLE.encode(), "utf-8"),
        (TABLE.encode("utf-8-sig"), "utf-8"),
        (TABLE.encode("gb18030"), "gb18030"),
        (gzip.compress(TABLE.encode()), "utf-8"),
        (gzip.compress(TABLE.encode("gb18030")), "gb18030"),
        (packed(TABLE.encode(), "部件.csv", "readme.md"), "utf-8"),
        (packed(TABLE.encode("gb18030"), "a.TXT"), "gb18030"),
        (TABLE.replace("\n", "\r\n").encode(), "utf-8"),
    ],
)
def test_every_wrapping_holds_the_same_table(tmp_path: Path, content: bytes, encoding: Encoding) -> None:
    path = tmp_path / "t.bin"
    path.write_bytes(content)
    with RowFile(path, encoding) as table:
        assert table.header == list(STANDARD)
        assert [row.cells[0] for row in table] == [a_code(number) for number in range(5)]
        assert 0 < table.read <= table.size == len(content)


@pytest.mark.parametrize(
    ("content", "encoding", "code"),
    [
        (b"", "utf-8", "csv-header"),
        (TABLE.encode("gb18030"), "utf-8", "csv-header"),
        (TABLE.encode(), "gb18030", "encoding-doubtful"),
        (b"a,a\n1,2\n", "utf-8", "csv-header"),
        (packed(b"x", "a.csv", "b.csv"), "utf-8", "archive-ambiguous"),
        (packed(b"x", "a.png"), "utf-8", "archive-ambiguous"),
        (packed(TABLE.encode(), "a.csv")[:60], "utf-8", "file-damaged"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, encoding: Encoding, code: str) -> None:
    path = tmp_path / "t.bin"
    path.write_bytes(content)
    with pytest.raises(Invalid) as error:
        RowFile(path, encoding)
    assert error.value.code == code
    with pytest.raises(Invalid, match="file-unreadable"):
        RowFile(tmp_path / "nowhere.csv")


def test_a_cut_archive_is_told_when_its_end_is_missed(tmp_path: Path) -> None:
    path = tmp_path / "t.gz"
    path.write_bytes(gzip.compress(TABLE.encode() * 500)[:-40])
    with RowFile(path, "utf-8") as table, pytest.raises(Invalid, match="file-damaged"):
        list(table)
    with pytest.raises(Invalid, match="file-damaged"):
        RowFile(path)  # whose encoding nobody has declared is read to its end first


async def test_a_broken_row_costs_one_row(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    bad = a_component(2, BZ="云")
    content = written([a_component(1), bad, a_component(3), a_component(4)]).encode()
    path.write_bytes(content.replace("云,".encode(), b"\xd4\xc6,").replace(f"{a_code(3)},".encode(), b'"x"y,'))
    tally = await brought(Nowhere(), path)
    assert (tally.rows, tally.taken, tally.refused) == (4, 2, 2)
    assert [(line, outcome, code) for line, outcome, _, code in remarks(path)] == [
        ("3", "refused", "encoding-invalid"), ("4", "refused", "csv-malformed")
    ]  # fmt: skip


async def test_of_a_component_that_stands_twice_the_later_date_is_taken(tmp_path: Path) -> None:
    names: dict[str, str] = {}

    class Kept(Nowhere):
        async def bring(self, rows: Sequence[AssetRow]) -> Fates:
            assert len({row[0] for row in rows}) == len(rows)
            names.update({row[0]: row[1] for row in rows})
            return await super().bring(rows)

    rows = [
        a_component(1, GLBJMC="later", BGRQ="20250101"),
        a_component(1, GLBJMC="earlier"),
        a_component(2, GLBJMC="first"),
        a_component(2, GLBJMC="second"),
    ]
    tally = await brought(Kept(), tmp_path / "t.csv", *rows)
    assert names == {a_code(1): "later", a_code(2): "second"}
    assert (tally.rows, tally.taken, tally.repeated) == (4, 2, 2)
    assert [(line, code) for line, _, _, code in remarks(tmp_path / "t.csv")] == [
        ("3", "code-repeated"), ("4", "code-repeated")
    ]  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.lists(st.lists(st.text(max_size=30), min_size=18, max_size=21), max_size=6), st.binary(max_size=60))
async def test_every_row_is_accounted_for_whatever_it_says(tmp_path: Path, rows: list[list[str]], tail: bytes) -> None:
    path = tmp_path / "t.csv"
    lines = [",".join(cell.replace("\n", " ").replace("\r", " ") for cell in row) for row in rows]
    text = "\n".join([",".join(STANDARD), *lines, ""])
    path.write_bytes(text.encode("utf-8", "surrogatepass") + tail)
    tally = None
    with suppress(Invalid):
        tally = await brought(Nowhere(), path)
    if tally is None:  # an open quotation mark: the rest of the file is one cell
        assert b'"' in path.read_bytes()
        return
    assert tally.rows == tally.taken + tally.refused + tally.repeated
    assert tally.rows <= len(rows) + tail.count(b"\n") + tail.count(b"\r") + 1


def test_a_batch_is_small_beside_a_city() -> None:
    assert BATCH * 20 < 1_000_000
