"""Pingshan district: streets and communities by name, 372 sub-types, 156 units, and rules learnt by majority."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.acceptance.cities import City, Figure
from bench.acceptance.data import FOLDER, Rows, numbers, table
from bench.acceptance.folder import DESK, PackFolder
from bench.acceptance.ledger import Found

_FILE = "pingshan_events_dev.csv.gz"
_CITY = "pingshan"
_NOT_GIVEN = "-"
_FOLDS = 5

Rule = tuple[str, str, str]
"""Category, area ("" for the whole district), unit."""


class _Names:
    """Codes for what the data only names: sub-types, areas, units."""

    def __init__(self) -> None:
        taxonomy = table("pingshan_taxonomy.csv")
        self.types = {row["sub_type"]: f"{n:03d}" for n, row in enumerate(taxonomy, 1)}
        self.classes = [
            [self.types[row["sub_type"]], row["type_code"], row["type"], row["sub_type"]] for row in taxonomy
        ]
        units = (row["dispose_unit"] for row in table("pingshan_units.csv"))
        self.units = {name: f"u{n:03d}" for n, name in enumerate((u for u in units if u != _NOT_GIVEN), 1)}
        self.city = table("pingshan_areas.csv")[0]["district"]
        self.areas: dict[str, tuple[str, str, str]] = {}
        for row in table("pingshan_areas.csv"):
            if row["street"] != _NOT_GIVEN:
                self.areas[row["street"]] = (f"s{row['street_code']}", "street", _CITY)
        streets = {name: code for name, (code, _, _) in self.areas.items()}
        for n, row in enumerate(table("pingshan_areas.csv"), 1):
            if row["community"] != _NOT_GIVEN:
                self.areas[row["community"]] = (f"c{n:02d}", "community", streets[row["street"]])

    def places(self, row: Mapping[str, str]) -> tuple[str, ...]:
        """Area codes of a row from the whole district ("") down."""
        named = (row[column] for column in ("street", "community"))
        return ("", *(self.areas[name][0] for name in named if name in self.areas))


def pingshan(folder: Path) -> City:
    """Write the pack and the mapping into ``folder``."""
    rows = sorted(table(_FILE), key=lambda row: (row["created_date"], int(row["event_id"])))
    early, late = rows[: len(rows) * 4 // 5], rows[len(rows) * 4 // 5 :]
    names = _Names()
    pack = PackFolder(folder)
    pack.settings("pingshan", names.city, "PS", "Asia/Shanghai")
    pack.csv("categories.csv", ["code", "class_code", "class_name", "name"], names.classes)
    pack.units({code: name for name, code in names.units.items()})
    pack.rules(_learn(early, names))
    areas = [[code, name, level, parent] for name, (code, level, parent) in names.areas.items()]
    pack.csv("areas.csv", ["code", "name", "level", "parent"], [[_CITY, names.city, "district", ""], *areas])
    mapping = folder / "mapping" / "pingshan.yaml"
    mapping.parent.mkdir()
    PackFolder(mapping.parent).yaml(mapping.name, _mapping(names))
    return City(
        name="Pingshan district",
        file=FOLDER / _FILE,
        mapping=mapping,
        pack=folder,
        keys=numbers(_FILE, "event_id"),
        method=(
            "areas: streets and communities by name, no polygons; categories: the 372 sub-types",
            "rules: for each sub-type the unit that had most of its cases; another one for a street, and for a "
            "community, where the majority differs there. Nothing else is looked at, nothing is tuned",
            "unit agreement, later rows: the rulebook of the replay is learnt from the earlier 80 % of the rows by "
            "date and judged by the verdicts on the last 20 %",
            "unit agreement, 5 folds: learnt from four fifths and judged on the other fifth, five times (folds by turn "
            "in order of date; without the machine)",
            "«renamed units»: a unit's name and the same name with its office in brackets are one unit; during the "
            "year the district gave many of them such names, and the later rows carry the new ones",
        ),
        judge=lambda found: _judge(rows, late, names, found),
    )


def _mapping(names: _Names) -> Mapping[str, Any]:
    return {
        "source": "pingshan",
        "key": "event_id",
        "time": {"column": "created_date", "format": "%Y-%m-%d", "timezone": "Asia/Shanghai"},
        "text": ["type", "main_type", "sub_type"],
        "areas": ["district", "street", "community"],
        "category": {"column": "sub_type", "values": names.types},
    }


def _learn(rows: Rows, names: _Names) -> list[Rule]:
    """Majority rules from coarse to fine; a finer one only where it says something else than what it narrows."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    ways: dict[tuple[str, str], tuple[str, ...]] = {}
    for row in rows:
        if row["dispose_unit"] == _NOT_GIVEN:
            continue
        category, places = names.types[row["sub_type"]], names.places(row)
        for depth, area in enumerate(places):
            counts[category, area][names.units[row["dispose_unit"]]] += 1
            ways[category, area] = places[:depth]
    chosen: dict[tuple[str, str], str] = {}
    for (category, area), count in sorted(counts.items(), key=lambda item: len(ways[item[0]])):
        unit = min(count, key=lambda name: (-count[name], name))
        if unit != _ruled(chosen, category, ways[category, area]):
            chosen[category, area] = unit
    return [(category, area, unit) for (category, area), unit in sorted(chosen.items())]


def _ruled(rules: Mapping[tuple[str, str], str], category: str, places: Sequence[str]) -> str:
    """What rules say of a category at a place: the deepest area that has one."""
    return next((rules[category, area] for area in reversed(places) if (category, area) in rules), "")


def _judge(rows: Rows, late: Rows, names: _Names, found: Mapping[str, Found]) -> Sequence[Figure]:
    units = {code: name for name, code in names.units.items()}
    pairs = [
        (row["dispose_unit"], units.get(found[row["event_id"]].unit or "", DESK))
        for row in late
        if row["dispose_unit"] != _NOT_GIVEN and row["event_id"] in found
    ]
    folded = [pair for n in range(_FOLDS) for pair in _fold(rows, n, names, units)]
    unnamed = sum(row["dispose_unit"] == _NOT_GIVEN for row in late)
    desk = sum(given == DESK for _, given in pairs)
    known = sum(bool(case.area) for case in found.values())
    return (
        Figure("placed by name", known, len(rows), 1.0),
        Figure(
            "lead unit = recorded unit, later rows", _same(pairs), len(pairs),
            note=f"{unnamed:,} later rows have no unit recorded; {desk:,} met no rule and wait at the desk",
        ),
        Figure("… renamed units counted as one", _same(pairs, renamed=True), len(pairs)),
        Figure("lead unit = recorded unit, 5 folds", _same(folded), len(folded)),
        Figure("… renamed units counted as one", _same(folded, renamed=True), len(folded)),
    )  # fmt: skip


def _fold(rows: Rows, turn: int, names: _Names, units: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    learnt = _learn([row for n, row in enumerate(rows) if n % _FOLDS != turn], names)
    rules = {(category, area): unit for category, area, unit in learnt}
    for row in rows[turn::_FOLDS]:
        if row["dispose_unit"] != _NOT_GIVEN:
            yield row["dispose_unit"], units.get(_ruled(rules, names.types[row["sub_type"]], names.places(row)), DESK)


def _same(pairs: Sequence[tuple[str, str]], *, renamed: bool = False) -> int:
    return sum(a == b or (renamed and (_stem(a) == b or a == _stem(b))) for a, b in pairs)


def _stem(name: str) -> str:
    return name.partition("（")[0]
