"""Every file of the catalogue of bad input gets its code, from the very adviser that import jobs ask."""

from pathlib import Path

import pytest

from api.routes.imports import KINDS
from domain.errors import Invalid
from domain.place import Crs
from domain.table_import import TableOrder
from runtime.importing.tables import CityTables
from tests.demo_city import pack
from tests.vectors.files import ACCEPTED, FILES, File

# refused by the route before there is a file to look at
AT_THE_DOOR = {"media-type-unsupported", "file-empty"}
JUDGED = [one for one in FILES if one.type in KINDS and one.wanted not in AT_THE_DOOR]


def ordered(one: File) -> TableOrder:
    declared = {**one.declared}
    crs = declared.pop("crs", None)
    return TableOrder(KINDS[one.type], "hotline-12345", crs=Crs(crs) if crs else None, **declared)


@pytest.fixture(scope="module")
def tables() -> CityTables:
    return CityTables(pack(), {})


@pytest.mark.parametrize("one", JUDGED, ids=lambda one: one.name)
def test_a_file_gets_what_the_catalogue_says(one: File, tables: CityTables, tmp_path: Path) -> None:
    path = tmp_path / "CON.csv\u202egpj.exe"
    path.write_bytes(one.content)
    if one.whole:
        with pytest.raises(Invalid) as caught:
            tables.count(path, ordered(one))
        assert caught.value.code == one.wanted
        assert len(caught.value.detail) < 300
        return
    rows = tables.count(path, ordered(one))
    with tables.judged(path, ordered(one)) as judged:
        found = list(judged)
    assert rows >= len(found) > 0
    refused = [row for row in found if row.report is None]
    if one.wanted == ACCEPTED:
        assert [fault for row in refused for fault in row.faults] == []
        return
    assert [[fault.code for fault in row.faults] for row in refused] == [[one.wanted]]
    assert all(row.line > 0 for row in refused)


def test_names_are_names() -> None:
    names = [one.name for one in FILES]
    assert len(names) == len(set(names)) > 90


@pytest.mark.parametrize("secret", ["行人绕行", "某某"])
def test_no_refusal_repeats_what_a_row_says(secret: str, tables: CityTables, tmp_path: Path) -> None:
    for one in JUDGED:
        path = tmp_path / "t"
        path.write_bytes(one.content)
        try:
            tables.count(path, ordered(one))
            with tables.judged(path, ordered(one)) as judged:
                said = "".join(f"{fault}" for row in judged for fault in row.faults)
        except Invalid as error:
            said = f"{error} {error.faults}"
        # without a header its place is taken by the first row: that is the one thing a person is asked about
        assert secret not in said or one.name == "none", one.name
