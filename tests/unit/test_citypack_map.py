"""The map of a city pack: versions, drawings that do not fit, responsibility grids. Every slip has its line."""

import json
import re
import shutil
from datetime import date
from pathlib import Path

import pytest
import shapely
from shapely.affinity import translate

from dispatch.roster import Roster
from domain.errors import Fault
from geo.responsibility import ResponsibilityGrids
from runtime.citypack.duties import Units
from runtime.citypack.files import Findings, PackFiles
from runtime.citypack.map import CityMap, read_map
from runtime.citypack.responsibility import read_responsibility_grids

DEPLOY = Path(__file__).parents[2] / "deploy"
DEMO, STANDARDS = DEPLOY / "citypacks" / "demo", DEPLOY / "standards"
MAP = ("areas.csv", "areas.geojson", "undivided.geojson", "responsibility_grids.csv")
GRID, NEXT, HOME = "439901001001001", "439901001001002", "439901001001"
JULY, BEFORE = date(2026, 7, 1), date(2026, 6, 30)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    for name in MAP:
        shutil.copy(DEMO / name, tmp_path)
    return tmp_path


def read(pack: Path) -> tuple[CityMap, Findings]:
    files = PackFiles(pack, STANDARDS)
    return read_map(files), files.findings


def change(pack: Path, file: str, old: str, new: str) -> int:
    """Put ``new`` in the place of the one ``old`` (at the end if that is empty); the line changed."""
    path = pack / file
    text = path.read_text(encoding="utf-8")
    assert not old or text.count(old) == 1
    at = text.index(old) if old else len(text)
    path.write_text(text[:at] + new + text[at + len(old) :], encoding="utf-8")
    return text.count("\n", 0, at) + 1


def redraw(pack: Path, code: str, *drawings: tuple[dict[str, str], object]) -> int:
    """Draw an area anew, in one feature or several of one line each; the line of the first."""
    lines = (pack / "areas.geojson").read_text(encoding="utf-8").splitlines()
    at = next(n for n, line in enumerate(lines) if f'"code":"{code}"' in line)
    lines[at] = ",\n".join(
        json.dumps({"type": "Feature", "properties": said, "geometry": shapely.geometry.mapping(shape)})
        for said, shape in drawings
    ) + ("," if lines[at].endswith(",") else "")
    (pack / "areas.geojson").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return at + 1


def drawn(pack: Path, code: str) -> shapely.Polygon:
    features = json.loads((pack / "areas.geojson").read_text(encoding="utf-8"))["features"]
    return shapely.geometry.shape(next(f["geometry"] for f in features if f["properties"]["code"] == code))


def told(findings: list[Fault]) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.code) for fault in findings]


def halves(shape: shapely.Polygon) -> tuple[shapely.Geometry, shapely.Geometry]:
    west, south, east, north = shape.bounds
    middle = (west + east) / 2
    return shape & shapely.box(west, south, middle, north), shape & shapely.box(middle, south, east, north)


def test_the_demo_map_has_no_slip() -> None:
    city, findings = read(DEMO)
    assert (findings.faults, findings.warnings) == ([], [])
    assert city.atlases is not None
    assert [atlas.version for atlas in city.atlases.versions] == [""]


def test_a_grid_is_split_on_the_first_of_july(pack: Path) -> None:
    west, east = halves(drawn(pack, GRID))
    home = drawn(pack, GRID)
    rows = (pack / "areas.csv").read_text(encoding="utf-8").splitlines()
    rows = [f"{row}," + (",2026-06-30" if row.startswith(GRID) else ",") for row in rows[1:]]
    new = [f"{HOME}{n},{n}网格,grid,{HOME},2026-07-01," for n in ("101", "102")]
    header = "区划代码,名称,级别,上级,生效日期,失效日期"
    (pack / "areas.csv").write_text("\n".join([header, *rows, *new]) + "\n", encoding="utf-8")
    pieces = [({"code": f"{HOME}101"}, west), ({"code": f"{HOME}102"}, east)]
    redraw(pack, GRID, ({"code": GRID}, home), *pieces)

    city, findings = read(pack)

    assert (findings.faults, findings.warnings) == ([], [])
    assert city.atlases is not None
    assert [atlas.version for atlas in city.atlases.versions] == ["", "2026-07-01"]
    spot = east.representative_point()
    before, after = (city.atlases.locate_many([spot.x], [spot.y], day)[0] for day in (BEFORE, JULY))
    assert (before.grid, before.version) == (GRID, "")
    assert (after.grid, after.version) == (f"{HOME}102", "2026-07-01")
    assert {each.code for each in city.atlases.successors(GRID, "", JULY)} == {f"{HOME}101", f"{HOME}102"}


def test_a_community_redrawn_under_its_code_has_a_drawing_for_each_time(pack: Path) -> None:
    header = "code,name,level,parent,valid_from,valid_to\n"
    rows = "4399,市,city,,,\nX,甲社区,community,4399,,2026-06-30\nX,甲社区,community,4399,2026-07-01,\n"
    (pack / "areas.csv").write_text(header + rows, encoding="utf-8")
    small, large = shapely.box(113.9, 27.9, 113.91, 27.91), shapely.box(113.9, 27.9, 113.92, 27.91)
    features = [({"code": "X"}, small), ({"code": "X", "valid_from": "2026-07-01"}, large)]
    collection = [
        {"type": "Feature", "properties": said, "geometry": shapely.geometry.mapping(shape)} for said, shape in features
    ]
    (pack / "areas.geojson").write_text(json.dumps({"features": collection}), encoding="utf-8")

    city, findings = read(pack)

    assert findings.faults == []
    assert city.atlases is not None
    places = city.atlases.locate_many([113.915] * 2, [27.905] * 2, [BEFORE, JULY])
    assert [place.path for place in places] == [(), ("4399", "X")]


def test_slips_of_validity(pack: Path) -> None:
    text = (
        "code,name,level,parent,valid_from,valid_to\n4399,市,city,,,\nA,甲区,district,4399,,2026-06-30\n"
        "A-1,甲街道,street,A,,\nB,乙区,district,4399,2026-07-01,2026-06-30\nC,丙区,district,4399,七月,\n"
    )
    (pack / "areas.csv").write_text(text, encoding="utf-8")
    (pack / "areas.geojson").unlink()

    _, findings = read(pack)

    assert sorted(told(findings.faults)) == [
        ("areas.csv:4", "parent-not-in-force"),
        ("areas.csv:5", "validity-empty"),
        ("areas.csv:6", "date-invalid"),
    ]


def test_a_drawing_of_a_day_that_no_row_has(pack: Path) -> None:
    line = redraw(pack, GRID, ({"code": GRID, "valid_from": "2026-07-01"}, drawn(pack, GRID)))
    _, findings = read(pack)
    assert told(findings.faults) == [(f"areas.geojson:{line}", "area-unknown")]


def test_two_grids_that_claim_one_yard_are_refused_with_the_place(pack: Path) -> None:
    neighbour = drawn(pack, NEXT)
    shifted = translate(drawn(pack, GRID), 0.0003)
    line = redraw(pack, GRID, ({"code": GRID}, shifted))

    _, findings = read(pack)

    assert (f"areas.geojson:{line}", "grids-overlap") in told(findings.faults)
    overlap = next(f for f in findings.faults if f.hint.startswith(f"{GRID} {NEXT}"))
    lon, lat = map(float, re.search(r"at (\S+) (\S+)$", overlap.hint).groups())  # type: ignore[union-attr]
    assert shapely.Point(lon, lat).within(shifted & neighbour)
    assert "area-gap" in {code for _, code in told(findings.warnings)}


def test_a_grid_that_was_forgotten_is_told_and_no_fault(pack: Path) -> None:
    change(pack, "areas.csv", f"{GRID},柳岸社区001网格,grid,{HOME}\n", "")
    redraw(pack, GRID, ({"code": "439901001001099"}, shapely.box(0, 0, 1, 1)))
    lines = (pack / "areas.geojson").read_text(encoding="utf-8").splitlines(True)
    (pack / "areas.geojson").write_text("".join(x for x in lines if "439901001001099" not in x), encoding="utf-8")

    _, findings = read(pack)

    assert findings.faults == []
    assert [(f.code, f.hint.split(":")[0]) for f in findings.warnings] == [("area-gap", HOME)]


def test_the_lake_is_a_gap_unless_it_is_drawn(pack: Path) -> None:
    (pack / "undivided.geojson").unlink()
    _, findings = read(pack)
    assert [(f.code, f.hint.split(":")[0]) for f in findings.warnings] == [("area-gap", "439901")]


def test_a_ring_is_mended_where_next_to_nothing_changes(pack: Path) -> None:
    shape = drawn(pack, GRID)
    corner, *others = shape.exterior.coords
    loop = [corner, (corner[0] + 1e-6, corner[1] + 1e-6), (corner[0], corner[1] + 1e-6), (corner[0] + 1e-6, corner[1])]
    crossed = shapely.Polygon([*loop, *others])
    assert not crossed.is_valid
    line = redraw(pack, GRID, ({"code": GRID}, crossed))

    city, findings = read(pack)

    assert findings.faults == []
    assert told(findings.warnings) == [(f"areas.geojson:{line}", "ring-mended")]
    assert city.atlases is not None


def test_a_ring_that_would_change_is_refused_with_the_place(pack: Path) -> None:
    west, south, east, north = drawn(pack, GRID).bounds
    line = redraw(
        pack, GRID, ({"code": GRID}, shapely.Polygon([(west, south), (east, north), (east, south), (west, north)]))
    )
    _, findings = read(pack)
    assert told(findings.faults) == [(f"areas.geojson:{line}", "invalid-ring")]
    assert re.search(r"\[113\.9\d+ 27\.9\d+\]", findings.faults[0].hint)


def responsibility(pack: Path) -> tuple[ResponsibilityGrids, Findings]:
    files = PackFiles(pack, STANDARDS)
    atlases = read_map(files).atlases
    units = Units(Roster(()), frozenset({"sanitation"}))
    return read_responsibility_grids(files, atlases, JULY, units, {f"inspector-{n}" for n in (1, 2, 3)}), files.findings


def test_the_demo_city_is_shared_out_among_its_inspectors(pack: Path) -> None:
    files = PackFiles(pack, STANDARDS)
    city = read_map(files)
    assert city.atlas is not None
    people = {"inspector-1", "inspector-2", "inspector-3"}
    grids = read_responsibility_grids(files, city.atlases, JULY, Units(Roster(()), frozenset()), people)

    assert (files.findings.faults, files.findings.warnings) == ([], [])
    assert [*grids.uncovered(city.atlas.tree)] == []
    inside = drawn(pack, GRID).representative_point()
    places = city.atlas.locate_many([inside.x, 0.0], [inside.y, 0.0])
    mine, nobodys = grids.of_places(places)
    assert mine is not None
    assert mine == grids.of(GRID)
    assert (mine.name, mine.people) == ("望湖街道第一责任网格", ("inspector-1",))
    assert nobodys is None
    assert grids.unit_grids(mine.id) == tuple(c for c in city.atlas.codes_within(HOME) if len(c) == 15)
    with pytest.raises(KeyError):
        grids.unit_grids("none")


def test_slips_of_responsibility_grids(pack: Path) -> None:
    header = "id,name,areas,kind,unit,people\n"
    rows = [
        f"R1,一号,{HOME},,,inspector-1",
        f"R2,二号,{GRID},,,inspector-2",
        f"R3,三号,{GRID},环卫,sanitation,",
        "R4,四号,439909,,,",
        "R5,五号,439902,,nobody,",
        "R6,六号,439902,,,somebody",
        "R1,又一号,439902,,,",
    ]
    (pack / "responsibility_grids.csv").write_text(header + "\n".join(rows) + "\n", encoding="utf-8")
    _, findings = responsibility(pack)
    file = "responsibility_grids.csv"
    assert sorted(told(findings.faults)) == [
        (f"{file}:3", "responsibility-overlap"),
        (f"{file}:5", "area-unknown"),
        (f"{file}:6", "unit-unknown"),
        (f"{file}:7", "person-unknown"),
        (f"{file}:8", "duplicate-id"),
    ]


def test_unit_grids_that_nobody_answers_for_are_told(pack: Path) -> None:
    text = (pack / "responsibility_grids.csv").read_text(encoding="utf-8")
    kept = "".join(row for row in text.splitlines(True) if not row.startswith("Z4399010011"))
    (pack / "responsibility_grids.csv").write_text(kept, encoding="utf-8")
    _, findings = responsibility(pack)
    ((pointer, code),) = told(findings.warnings)
    assert (pointer, code) == ("responsibility_grids.csv", "responsibility-gap")
    assert findings.warnings[0].hint.startswith(GRID)


def test_a_responsibility_grid_outlives_a_unit_grid_that_ends(pack: Path) -> None:
    text = (pack / "areas.csv").read_text(encoding="utf-8")
    rows = [f"{row}{',2026-06-30' if row.startswith(GRID) else ','}\n" for row in text.splitlines()[1:]]
    (pack / "areas.csv").write_text("code,name,level,parent,valid_to\n" + "".join(rows), encoding="utf-8")
    grid = f"id,name,areas\nR1,一号,{GRID}|{NEXT}\n"
    (pack / "responsibility_grids.csv").write_text(grid, encoding="utf-8")

    grids, findings = responsibility(pack)

    assert findings.faults == []
    assert grids.unit_grids("R1") == (NEXT,)


def test_a_city_may_do_without_responsibility_grids(pack: Path) -> None:
    (pack / "responsibility_grids.csv").unlink()
    grids, findings = responsibility(pack)
    assert findings.faults == findings.warnings == []
    assert grids.of(GRID) is None
