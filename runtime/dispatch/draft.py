"""A whole pack drafted from a city's old cases: areas, units, categories, rules. A person goes on from there."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dispatch.decision_list import Demand, Learnt, learn_rules
from dispatch.history import Past, by_heirs
from dispatch.learn import says
from dispatch.roster import Roster, Unit
from dispatch.units_found import units_found
from domain.errors import Invalid
from domain.place import Level
from runtime.dispatch.old_cases import OldCase

DESK = "duty-desk"
_DESK_NAME = "值班台"
_SIGNS = re.compile(r"[\s/|@*,#]+")
_LEVELS = (Level.DISTRICT, Level.STREET, Level.COMMUNITY, Level.GRID)
_HOURS = {"hours": ["08:30-12:00", "14:00-17:30"], "rest_weekdays": ["saturday", "sunday"]}
_CLIENTS = [["hotline", "热线", "hotline"], ["desk", _DESK_NAME, "desk"], ["dispatcher", "派遣员", "dispatcher"]]

Path_ = tuple[str, ...]
Rows = list[list[str]]


@dataclass(frozen=True, slots=True)
class City:
    """Who the city is, as ``pack.yaml`` says it."""

    id: str
    name: str
    prefix: str
    timezone: str = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Draft:
    """What the tables will hold. ``categories`` and ``areas`` are codes by the names from the top down.

    A pack has two levels of categories: of a longer path the first name is the class, and the last the category.
    ``history`` are the cases under these codes.
    """

    categories: Mapping[tuple[str, str], str]
    classes: Mapping[str, str]
    areas: Mapping[Path_, str]
    levels: Sequence[Level]
    units: Sequence[Unit]
    rules: Sequence[Learnt]
    history: Sequence[Past]


def draft(
    cases: Sequence[OldCase], demand: Demand, *, categories: Iterable[Path_] = (), areas: Iterable[Path_] = ()
) -> Draft:
    """The draft of old cases. ``categories`` and ``areas`` are further ones that no case has, by their names.

    Raises ``Invalid`` with code ``history-too-short`` where there is no case, ``areas-too-deep`` for more than four
    levels of areas.
    """
    if not cases:
        raise Invalid("history-too-short", "历史案件不足", "no case with a unit, a day and a category")
    pairs = sorted({(path[0], path[-1]) for path in (*(case.categories for case in cases), *categories)})
    classes = {name: f"{n:02d}" for n, name in enumerate(sorted({one for one, _ in pairs}), 1)}
    codes = {pair: f"{n:04d}" for n, pair in enumerate(pairs, 1)}
    places = _areas([*(case.areas for case in cases), *areas])
    names = {_clean(case.unit): case.unit for case in cases}
    history = [
        Past(
            case.day,
            (f"class:{classes[case.categories[0]]}", f"own:event:{codes[case.categories[0], case.categories[-1]]}"),
            tuple(places[case.areas[:depth]] for depth in range(1, len(case.areas) + 1)),
            _clean(case.unit),
            case.sent_back,
        )
        for case in cases
    ]
    deepest = max((len(path) for path in places), default=0)
    if deepest > len(_LEVELS):
        raise Invalid("areas-too-deep", "区域层级过多", f"{deepest} levels of areas: at most {len(_LEVELS)}")
    units = units_found(history, names, {code: path[-1] for path, code in places.items()})
    roster = Roster(units)
    rules = learn_rules(by_heirs(history, roster), roster, demand)
    levels = _LEVELS[1:2] if deepest == 1 else _LEVELS[:deepest]
    return Draft(codes, classes, places, levels, units, rules, history)


def write_tables(made: Draft, folder: Path) -> None:
    """``categories.csv``, ``areas.csv``, ``units.csv`` and ``rules.csv``."""
    classes, codes = made.classes, made.categories
    listed = [[code, classes[above], above, name] for (above, name), code in codes.items()]
    write_csv(folder / "categories.csv", ["code", "class_code", "class_name", "name"], listed)
    areas = [
        [code, path[-1], made.levels[len(path) - 1], made.areas[path[:-1]] if path[:-1] else ""]
        for path, code in made.areas.items()
    ]
    write_csv(folder / "areas.csv", ["code", "name", "level", "parent"], areas)
    units = [_unit(unit) for unit in made.units]
    header = ["id", "name", "kind", "areas", "valid_from", "valid_to", "successor"]
    write_csv(folder / "units.csv", header, [[DESK, _DESK_NAME, "", "", "", "", ""], *units])
    named = {**{f"class:{code}": name for name, code in classes.items()}, **_named(codes)}
    rules = [_rule(rule, n, named) for n, rule in enumerate(made.rules, 1)]
    write_csv(folder / "rules.csv", ["id", "category", "area", "lead", "note"], rules)


def write_pack(made: Draft, folder: Path, city: City) -> None:
    """The whole pack. Raises ``Invalid`` with code ``file-exists`` if the folder has anything in it."""
    if folder.exists() and any(folder.iterdir()):
        raise Invalid("file-exists", "文件已存在", f"{folder.name} is not empty: name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    said = {"id": city.id, "name": city.name, "version": "1", "prefix": city.prefix, "timezone": city.timezone}
    write_yaml(folder / "pack.yaml", {**said, "standard": "own", "duty_desk": DESK})
    write_yaml(folder / "calendar.yaml", _HOURS)
    write_csv(folder / "clients.csv", ["id", "name", "role"], _CLIENTS)
    write_tables(made, folder)


def write_csv(file: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table."""
    with file.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines, lineterminator="\n").writerows([header, *rows])


def write_yaml(file: Path, content: Mapping[str, Any]) -> None:
    """A YAML file."""
    file.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _areas(paths: Iterable[Path_]) -> dict[Path_, str]:
    """A code for every area, the coarse ones first: its name, with the name above it where two have the same."""
    known = sorted({path[:depth] for path in paths for depth in range(1, len(path) + 1)}, key=lambda p: (len(p), p))
    found: dict[Path_, str] = {}
    taken: set[str] = set()
    for path in known:
        code = next(code for code in _candidates(path) if code not in taken)
        taken.add(code)
        found[path] = code
    return found


def _candidates(path: Path_) -> Iterable[str]:
    for depth in range(len(path) - 1, -1, -1):
        yield _clean("-".join(path[depth:]))
    yield from (f"{_clean('-'.join(path))}-{n}" for n in range(2, 10_000))


def _clean(name: str) -> str:
    """A name without the signs that lists and references are made of."""
    return _SIGNS.sub("-", name.strip()) or "-"


def _named(codes: Mapping[tuple[str, str], str]) -> dict[str, str]:
    return {f"own:event:{code}": name for (_, name), code in codes.items()}


def _unit(unit: Unit) -> list[str]:
    first, last = (day.isoformat() if day else "" for day in (unit.valid.first, unit.valid.last))
    return [unit.id, unit.name, unit.kind, "|".join(unit.areas), first, last, unit.successor]


def _rule(rule: Learnt, number: int, named: Mapping[str, str]) -> list[str]:
    note = f"{named.get(rule.category, '')}: {says(rule)}".removeprefix(": ")
    return [f"r{number}", rule.category.removeprefix("own:event:"), rule.area, rule.lead, note]
