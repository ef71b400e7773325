"""What a case may be: the national tables, a city's own categories and its filing conditions, as one catalogue."""

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from domain.catalogue import Catalogue, Category, Condition, Kind, Urgency
from domain.clock import Limit, TimeUnit
from domain.errors import Invalid
from runtime.citypack.files import PackFiles
from runtime.citypack.settings import OWN, Settings
from runtime.citypack.tables import Row, Table, read_table, reject_repeated
from runtime.citypack.terms import seasons_of, stages_of

_NATIONAL = ("code", "class_code", "class_name", "name")
_OWN = Table("categories.csv", _NATIONAL, ("standard", "kind", "component_code"))
_CONDITIONS = Table(
    "conditions.csv",
    ("category", "id", "filing", "closing", "limit", "unit"),
    ("kind", "urgency", "evidence", "by_notice", "calendar", "seasons", "stages", "note"),
)
_EDITION = re.compile(r"[0-9a-z][0-9A-Za-z._]*-(\d{4})")


@dataclass(frozen=True)
class Book:
    """The catalogue while the rest of the pack is checked against it.

    ``unsure`` holds the codes and condition ids of rows that have faults themselves: a reference to one of them is
    not reported as well. ``complete`` is False where a table of categories could not be read at all.
    ``condition_ids`` are all that are declared, None if that table could not be read.
    """

    catalogue: Catalogue
    unsure: frozenset[str]
    complete: bool
    condition_ids: frozenset[str] | None

    def category(self, row: Row, kind: Kind = Kind.EVENT) -> Category | None:
        """The category that a row's ``category`` means; None, noted, if there is none."""
        return self.named(row, row["category"], kind)

    def named(self, row: Row, name: str, kind: Kind = Kind.EVENT) -> Category | None:
        """The category that ``name`` means in a row; None, noted, if there is none."""
        try:
            return self.catalogue.find(name, kind)
        except Invalid as error:
            if self.complete and name not in self.unsure:
                row.fault(error.code, name)
            row.ok = False
            return None

    def condition(self, row: Row, category: Category | None) -> str | None:
        """The row's ``condition``, which must be one of the category; None if it names none or a wrong one."""
        named = row["condition"] or None
        if named is None or category is None or named in self.unsure or self.condition_ids is None:
            return None
        try:
            self.catalogue.condition(category, named)
        except Invalid as error:
            row.fault(error.code, f"{named} is no condition of {category.code}")
            return None
        return named


def read_book(files: PackFiles, settings: Settings, calendars: Container[str] | None = None) -> Book:
    """All categories and conditions the pack uses; what is wrong with them is noted.

    ``calendars`` are the names a condition may count on; None stands for calendars that could not be read.
    """
    current = settings.standard or OWN
    national = _national(files, settings)
    own = read_table(files, _OWN, required=settings.standard == OWN)
    categories = [_category(row, current, kind) for kind, row in national or () if row.ok]
    categories += _own(own or [], current, {category.key for category in categories})
    legacy = _legacy(files, current, settings, categories) if national else {}
    unsure = frozenset(row["code"] for row in (*(row for _, row in national or ()), *(own or ())) if not row.ok)
    complete = national is not None and own is not None
    book = Book(Catalogue.of(current, categories, (), legacy), unsure, complete, None)

    rows = read_table(files, _CONDITIONS, required=False)
    catalogue = Catalogue.of(current, categories, _conditions(rows or [], book, calendars), legacy)
    unsure |= {row["id"] for row in rows or () if not row.ok}
    return Book(catalogue, unsure, complete, None if rows is None else frozenset(row["id"] for row in rows))


def _national(files: PackFiles, settings: Settings) -> list[tuple[Kind, Row]] | None:
    """Rows of the national tables the pack names, none if it names none; None if they cannot be read."""
    edition = settings.standard
    if edition is None or edition == OWN:
        return None if edition is None else []
    if not _EDITION.fullmatch(edition) or not (files.standards / edition).is_dir():
        files.findings.fault(settings.standard_at, "standard-unknown", f"{OWN} or a folder <standard>-<year> wanted")
        return None
    components = read_table(files, Table(f"{edition}/components.csv", _NATIONAL), national=True)
    events = read_table(files, Table(f"{edition}/events.csv", _NATIONAL, ("component_code",)), national=True)
    if components is None or events is None:
        return None
    reject_repeated(components, "code")
    reject_repeated(events, "code")
    return [*((Kind.COMPONENT, row) for row in components), *((Kind.EVENT, row) for row in events)]


def _own(rows: Sequence[Row], current: str, national: Container[str]) -> Iterable[Category]:
    reject_repeated(rows, "standard", "kind", "code")
    for row in rows:
        category = _category(row, row["standard"] or current, row.word("kind", Kind, Kind.EVENT))
        if category.key in national:
            row.fault("duplicate-id", f"{category.key} is in the national table")
        if row.ok:
            yield category


def _category(row: Row, standard: str, kind: Kind) -> Category:
    cells = (row[column] for column in ("code", "name", "class_code", "class_name", "component_code"))
    return Category(standard, kind, *cells)


def _legacy(files: PackFiles, edition: str, settings: Settings, categories: Iterable[Category]) -> dict[str, str]:
    """Old codes to current keys, from every ``mapping.csv`` that leads to this edition.

    The column of new codes carries the edition's year. A component's old code leads to the event that its defect is
    now (GB/T 47678.5-2026 table C.1 gives both the same digits); an old code without a successor is left out. Every
    code is known with its edition before it; without one it means the edition that the pack names (``old_codes``).
    """
    target = f"code_{edition.rpartition('-')[2]}"
    current = {category.key for category in categories}
    bare = settings.said.old_codes if settings.said else ""
    legacy: dict[str, str] = {}
    editions = set()
    for path in sorted(files.standards.glob("*/mapping.csv")):
        old = path.parent.name
        name = f"{old}/{path.name}"
        with path.open(encoding="utf-8-sig", errors="replace") as lines:
            header = lines.readline()
        if target not in header.strip().split(","):
            continue
        editions.add(old)
        rows = read_table(files, Table(name, ("kind", "code"), (target,), open=True), national=True) or []
        reject_repeated(rows, "kind", "code")
        for row in rows:
            kind = row.word("kind", Kind, Kind.EVENT)
            key = f"{edition}:{Kind.EVENT}:{row[target]}"
            if not row[target]:
                continue
            if key not in current:
                row.fault("category-unknown", row[target])
            if row.ok:
                legacy[f"{old}:{kind}:{row['code']}"] = key
                if old == bare:
                    legacy[f"{kind}:{row['code']}"] = key
    if editions and bare and bare not in editions:
        files.findings.fault(settings.old_codes_at, "standard-unknown", f"one of {', '.join(sorted(editions))} wanted")
    return legacy


def _conditions(rows: Sequence[Row], book: Book, calendars: Container[str] | None) -> list[Condition]:
    reject_repeated(rows, "id")
    conditions: list[Condition] = []
    for row in rows:
        row.identifier("id")
        category = book.category(row, row.word("kind", Kind, Kind.EVENT)) if row["category"] else None
        row.refer([row["calendar"]] if row["calendar"] else [], calendars, "calendar-unknown")
        try:
            condition = _condition(row, category.key if category else "")
        except Invalid as error:
            row.fault(error.code, error.detail)
            continue
        if row.ok and category is not None:
            conditions.append(condition)
    return conditions


def _condition(row: Row, category: str) -> Condition:
    """The row's condition. Raises ``Invalid`` for what only the whole of it shows, such as overlapping seasons."""
    urgency = row.word("urgency", Urgency, Urgency.NORMAL)
    unit, value = row.word("unit", TimeUnit, TimeUnit.WORK_DAY), row.number("limit", 1)
    flags = row.flag("evidence"), row.flag("by_notice")
    seasons, stages = seasons_of(row, "seasons"), stages_of(row, "stages")
    limit = Limit(value, unit)
    return Condition(
        row["id"], category, row["filing"], row["closing"], limit, urgency, *flags, row["calendar"], seasons, stages,
        row["note"],
    )  # fmt: skip
