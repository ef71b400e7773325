"""Pingshan district: streets and communities by name, 372 sub-types, 156 units, and a pack drafted from its cases."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from bench.acceptance.cities import City, Figure
from bench.acceptance.data import FOLDER, Rows, numbers, table
from bench.acceptance.folder import DESK, PackFolder
from bench.acceptance.ledger import Found
from dispatch.decision_list import Demand
from runtime.dispatch.draft import Draft, draft, write_tables
from runtime.dispatch.old_cases import OldCase

_FILE = "pingshan_events_dev.csv.gz"
_NOT_GIVEN = "-"
_DEMAND = Demand()


def pingshan(folder: Path) -> City:
    """Write the pack and the mapping into ``folder``."""
    rows = sorted(table(_FILE), key=lambda row: (row["created_date"], int(row["event_id"])))
    early, late = rows[: len(rows) * 4 // 5], rows[len(rows) * 4 // 5 :]
    made = draft(
        [_case(row) for row in early if row["dispose_unit"] != _NOT_GIVEN],
        _DEMAND,
        categories=[(row["type"], row["sub_type"]) for row in table("pingshan_taxonomy.csv")],
        areas=[_areas(row) for row in table("pingshan_areas.csv")],
    )
    city = table("pingshan_areas.csv")[0]["district"]
    pack = PackFolder(folder)
    pack.settings("pingshan", city, "PS", "Asia/Shanghai")
    write_tables(made, folder)
    mapping = folder / "mapping" / "pingshan.yaml"
    mapping.parent.mkdir()
    PackFolder(mapping.parent).yaml(mapping.name, _mapping(made))
    return City(
        name="Pingshan district",
        file=FOLDER / _FILE,
        mapping=mapping,
        pack=folder,
        keys=numbers(_FILE, "event_id"),
        method=(
            "areas: streets and communities by name, no polygons; categories: the 372 sub-types",
            "units and rules: as `cityloop pack draft` makes them from the earlier 80 % of the rows by date, nothing "
            f"tuned; a rule decides at least {_DEMAND.worth} cases right that no other would",
            "unit agreement: the verdicts on the last 20 % of the rows; evaluation.md judges what is learnt by folds",
            "«renamed units»: a unit's name and the same name with its office in brackets are one unit; during the "
            "year the district gave many of them such names, and the later rows carry the new ones",
        ),
        judge=lambda found: _judge(len(rows), late, made, found),
    )


def _case(row: Mapping[str, str]) -> OldCase:
    day = date.fromisoformat(row["created_date"])
    return OldCase(day, (row["type"], row["sub_type"]), _areas(row), row["dispose_unit"])


def _areas(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(row[level] for level in ("district", "street", "community") if row[level] != _NOT_GIVEN)


def _mapping(made: Draft) -> Mapping[str, Any]:
    return {
        "source": "pingshan",
        "key": "event_id",
        "time": {"column": "created_date", "format": "%Y-%m-%d", "timezone": "Asia/Shanghai"},
        "text": ["type", "main_type", "sub_type"],
        "areas": ["district", "street", "community"],
        "category": {"column": "sub_type", "values": {name: code for (_, name), code in made.categories.items()}},
    }


def _judge(rows: int, late: Rows, made: Draft, found: Mapping[str, Found]) -> Sequence[Figure]:
    units = {unit.id: unit.name for unit in made.units}
    pairs = [
        (row["dispose_unit"], units.get(found[row["event_id"]].unit or "", DESK))
        for row in late
        if row["dispose_unit"] != _NOT_GIVEN and row["event_id"] in found
    ]
    unnamed = sum(row["dispose_unit"] == _NOT_GIVEN for row in late)
    desk = sum(given == DESK for _, given in pairs)
    known = sum(bool(case.area) for case in found.values())
    return (
        Figure("placed by name", known, rows, 1.0),
        Figure(
            "lead unit = recorded unit, later rows", _same(pairs), len(pairs),
            note=f"{unnamed:,} later rows have no unit recorded; {desk:,} met no rule and wait at the desk; "
            f"{len(made.rules)} rules",
        ),
        Figure("… renamed units counted as one", _same(pairs, renamed=True), len(pairs)),
    )  # fmt: skip


def _same(pairs: Sequence[tuple[str, str]], *, renamed: bool = False) -> int:
    return sum(a == b or (renamed and (_stem(a) == b or a == _stem(b))) for a, b in pairs)


def _stem(name: str) -> str:
    return name.partition("（")[0]
