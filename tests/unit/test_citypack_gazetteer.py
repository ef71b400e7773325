"""The gazetteer file of a city pack: read plain or gzip, in Chinese or English, every fault with its line."""

import gzip
import runpy
from pathlib import Path

import pytest

from geo.gazetteer import Bounds, EntryKind
from runtime.citypack.files import PackFiles
from runtime.citypack.gazetteer import GazetteerBlock, read_entries, read_gazetteer
from runtime.settings import Settings
from runtime.wiring import STANDARDS
from tests.gazette import atlas

HEAD = "id,kind,name,aliases,parts,lon,lat,crs,area\n"


def reading(folder: Path, rows: str, name: str = "gazetteer.csv", head: str = HEAD) -> PackFiles:
    """A pack's folder that holds this file."""
    content = (head + rows).encode()
    (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return PackFiles(folder, STANDARDS)


def test_the_demo_file_is_what_its_script_writes() -> None:
    demo = Settings().pack
    table = runpy.run_path(str(demo / "make_gazetteer.py"))["table"]()

    assert table.encode() == (demo / "gazetteer.csv").read_bytes()


@pytest.mark.parametrize("name", ["gazetteer.csv", "gazetteer.csv.gz"])
def test_rows_become_entries(tmp_path: Path, name: str) -> None:
    door_row = "D1,门牌,湖滨路12号,沿湖路12号|湖滨路甲12号,临湖区|望湖街道,113.93,27.95,CGCS2000,\n"
    rows = door_row + "A1,区域,新城街道,站南乡,,,,,439902003\n"
    files = reading(tmp_path, rows, name)
    door, area = read_entries(files, atlas())

    assert (door.kind, door.aliases, door.parts) == (
        EntryKind.ADDRESS,
        ("沿湖路12号", "湖滨路甲12号"),
        ("临湖区", "望湖街道"),
    )
    assert (area.kind, area.point, area.area) == (EntryKind.AREA, None, "439902003")
    assert files.findings.faults == []
    assert set(files.seen) == {name}, "the digest must change with the file"


def test_headers_may_be_chinese(tmp_path: Path) -> None:
    files = reading(tmp_path, "1,兴趣点,望江楼,113.93,27.95,GCJ02\n", head="编号,类型,名称,经度,纬度,坐标系\n")

    assert [entry.name for entry in read_entries(files, atlas())] == ["望江楼"]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("1,poi,楼,,,113.93,27.95,CGCS2000", "cell-count"),
        ("1,poi,,,,113.93,27.95,CGCS2000,", "cell-empty"),
        ("1,塔,楼,,,113.93,27.95,CGCS2000,", "word-unknown"),
        ("1,poi,楼,,,113.93,,CGCS2000,", "coordinate-missing"),
        ("1,poi,楼,,,113.93,27.95,,", "crs-unknown"),
        ("1,poi,楼,,,x,27.95,CGCS2000,", "number-invalid"),
        ("1,poi,楼,,,nan,27.95,CGCS2000,", "not-in-degrees"),
        ("1,poi,楼,,,,,,000000", "area-unknown"),
        ("1,poi,楼,,,,,,", "place-missing"),
        ("1,area,楼,,,113.93,27.95,CGCS2000,", "place-missing"),
        ("0,poi,楼,,,113.93,27.95,CGCS2000,", "duplicate-id"),
        ('1,poi,"楼', "csv-malformed"),
    ],
)
def test_a_fault_is_told_with_its_line_and_the_others_are_read(tmp_path: Path, row: str, code: str) -> None:
    files = reading(tmp_path, f"0,poi,塔楼,,,113.93,27.95,CGCS2000,\n{row}\n")

    assert [entry.id for entry in read_entries(files, atlas())] == ["0"]
    assert [(fault.pointer, fault.code) for fault in files.findings.faults] == [("gazetteer.csv:3", code)]


@pytest.mark.parametrize(
    ("head", "code"),
    [("id,kind\n", "column-missing"), ("id,kind,name,id\n", "column-repeated"), ("id,kind,name,x\n", "column-unknown")],
)
def test_a_header_nobody_can_read_by_is_told(tmp_path: Path, head: str, code: str) -> None:
    files = reading(tmp_path, "1,poi,楼\n", head=head)

    assert list(read_entries(files, atlas())) == []
    assert [(fault.pointer, fault.code) for fault in files.findings.faults] == [("gazetteer.csv:1", code)]


def test_a_damaged_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / "gazetteer.csv.gz").write_bytes(b"no gzip")
    files = PackFiles(tmp_path, STANDARDS)

    assert list(read_entries(files, atlas())) == []
    assert [fault.code for fault in files.findings.faults] == ["file-damaged"]


def test_a_pack_without_a_gazetteer_has_none(tmp_path: Path) -> None:
    files = PackFiles(tmp_path, STANDARDS)

    assert read_gazetteer(files, atlas(), Bounds()) is None
    assert files.findings.faults == []


def test_bounds_left_out_have_the_house_value() -> None:
    assert GazetteerBlock().bounds() == Bounds()
    assert GazetteerBlock(margin=0.2).bounds() == Bounds(margin=0.2)
