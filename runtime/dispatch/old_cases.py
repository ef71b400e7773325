"""A city's old cases as tables have them: when, what, where, and who had it. Names, for codes come with a pack."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from dispatch.history import Past
from domain.catalogue import Category
from domain.errors import Fault, Invalid
from runtime.citypack import Pack
from runtime.citypack.words import FLAGS
from runtime.importing.rows import RowFile

_DAY = re.compile(r"(\d{4})\D(\d{1,2})\D(\d{1,2})")  # the year first: nobody reads the month for the day
_NOTHING = frozenset({"", "-", "/", "无"})


@dataclass(frozen=True, slots=True)
class Columns:
    """The names of the columns; categories and areas from coarse to fine, ``sent_back`` only if there is one."""

    day: str
    unit: str
    categories: tuple[str, ...]
    areas: tuple[str, ...]
    sent_back: str = ""


@dataclass(frozen=True, slots=True)
class OldCase:
    """One row; a path ends where the row says no more."""

    day: date
    categories: tuple[str, ...]
    areas: tuple[str, ...]
    unit: str
    sent_back: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """What could be used, and how many rows could not, by what was wrong with them."""

    cases: Sequence[OldCase]
    passed_over: Counter[str] = field(default_factory=Counter)


def read_old_cases(file: Path, columns: Columns) -> Read:
    """The rows of a CSV or XLSX file. Raises ``Invalid`` for no table, or one without these columns."""
    with RowFile(file) as table:
        wanted = (columns.day, columns.unit, *columns.categories, *columns.areas)
        absent = [name for name in (*wanted, columns.sent_back) if name and name not in table.header]
        if absent:
            faults = tuple(Fault(name, "column-missing") for name in absent)
            raise Invalid("csv-header", "表头缺失或有误", f"not in the header: {', '.join(absent)}", faults)
        passed_over: Counter[str] = Counter()
        cases: list[OldCase] = []
        for row in table:
            cells = {} if row.fault else dict(zip(table.header, row.cells, strict=False))
            case = _case(cells, columns)
            if isinstance(case, str):
                passed_over[row.fault.code if row.fault else case] += 1
            else:
                cases.append(case)
    return Read(cases, passed_over)


def _case(cells: dict[str, str], columns: Columns) -> OldCase | str:
    """The case of a row, or what it lacks."""
    unit, said = cells.get(columns.unit, "").strip(), _DAY.search(cells.get(columns.day, ""))
    categories = tuple(_path(cells, columns.categories))
    if unit in _NOTHING:
        return "no unit"
    if not categories:
        return "no category"
    try:
        day = date(*map(int, said.groups())) if said else None
    except ValueError:
        day = None
    if day is None:
        return "no day"
    sent_back = FLAGS.get(cells.get(columns.sent_back, "").strip(), False)
    return OldCase(day, categories, tuple(_path(cells, columns.areas)), unit, sent_back)


def _path(cells: dict[str, str], columns: Sequence[str]) -> Iterator[str]:
    for column in columns:
        name = cells.get(column, "").strip()
        if name in _NOTHING:
            return
        yield name


def in_the_words_of(pack: Pack, read: Read) -> tuple[list[Past], Counter[str]]:
    """The cases under the pack's codes, and how many could not be told, by what it does not know."""
    places = pack.atlases.locate_named_many([case.areas for case in read.cases])
    named: dict[str, Category | None] = {}
    for one in pack.catalogue.categories.values():
        # a name that stands for two categories tells none
        named[one.name] = None if one.name in named else one
    units = {unit.name: unit.id for unit in pack.roster.units.values()}
    history: list[Past] = []
    unknown = Counter(read.passed_over)
    for case, place in zip(read.cases, places, strict=True):
        category = _category(pack, case.categories[-1], named)
        unit = case.unit if case.unit in pack.roster.units else units.get(case.unit)
        if category is None or unit is None:
            unknown["category unknown" if category is None else "unit unknown"] += 1
            continue
        path = f"class:{category.class_code}", category.key
        history.append(Past(case.day, path, place.path, unit, case.sent_back))
    return history, unknown


def _category(pack: Pack, name: str, named: dict[str, Category | None]) -> Category | None:
    if name in named:
        return named[name]
    try:
        return pack.catalogue.find(name)
    except Invalid:
        return None
