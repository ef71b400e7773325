"""The national code tables: complete, and consistent with each other."""

import csv
from pathlib import Path

import pytest

STANDARDS = Path(__file__).resolve().parents[2] / "deploy/standards"


def read(name: str) -> list[dict[str, str]]:
    with (STANDARDS / name).open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


COMPONENTS = read("gbt47678.5-2026/components.csv")
EVENTS = read("gbt47678.5-2026/events.csv")
MAPPING = read("gbt30428.2-2013/mapping.csv")


@pytest.mark.parametrize(("rows", "count"), [(COMPONENTS, 153), (EVENTS, 250)])
def test_each_code_once_five_digits_within_its_class(rows: list[dict[str, str]], count: int) -> None:
    assert len({row["code"] for row in rows}) == len(rows) == count
    for row in rows:
        assert row["code"].isdigit()
        assert len(row["code"]) == 5
        assert row["code"].startswith(row["class_code"])
        assert row["class_name"]
        assert row["name"]


def test_every_component_has_the_event_of_its_defect() -> None:
    defects = {row["code"]: row for row in EVENTS if row["component_code"]}
    assert defects.keys() == {row["code"] for row in COMPONENTS}
    assert all(row["component_code"] == row["code"] for row in defects.values())
    # the one name that is put together in another order
    irregular = [row["code"] for row in COMPONENTS if defects[row["code"]]["name"] != row["name"] + "异常"]
    assert irregular == ["01066"]


def test_the_mapping_leads_to_codes_of_the_new_edition() -> None:
    keys = [(row["kind"], row["code"]) for row in MAPPING]
    assert len(set(keys)) == len(keys)
    new = {"component": COMPONENTS, "event": EVENTS}
    for row in MAPPING:
        assert row["code_2026"] in {known["code"] for known in new[row["kind"]]} | {""}
        assert row["evidence"] in ("sourced", "inferred")


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("event", "0136", "06036"),
        ("event", "0201", "07001"),
        ("event", "0301", "08001"),
        ("event", "0406", "09006"),
        ("event", "0507", "10001"),  # of the sudden events only two stayed
        ("event", "0501", ""),
        ("event", "0602", "09013"),
        ("component", "0101", "01001"),
        ("component", "0506", "01069"),  # moved to another class
    ],
)
def test_how_classes_moved(kind: str, old: str, new: str) -> None:
    assert [row["code_2026"] for row in MAPPING if (row["kind"], row["code"]) == (kind, old)] == [new]


def test_files_are_plain_utf_8() -> None:
    for file in STANDARDS.rglob("*.csv"):
        raw = file.read_bytes()
        assert not raw.startswith(b"\xef\xbb\xbf")
        assert b"\r" not in raw
