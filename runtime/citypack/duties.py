"""Who does what in a city pack: units, dispatch rules (派单目录), keyword rules and the clients of the API."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from classify.rules import KeywordRule
from dispatch.roster import Roster, Unit
from dispatch.rulebook import Rulebook
from dispatch.rules import ANY, Rule
from domain.actor import Role
from domain.catalogue import Category, Kind, Urgency
from domain.errors import Invalid
from domain.place import LEVELS, Level
from domain.report import Source
from runtime.citypack.catalogue import Book
from runtime.citypack.files import Findings, PackFiles
from runtime.citypack.map import CityMap
from runtime.citypack.tables import Row, Table, read_table, reject_repeated

_UNITS = Table("units.csv", ("id", "name"), ("kind", "areas", "phone", "level", "parent"))
_KEYWORDS = Table("keywords.csv", ("category", "words"), ("unless", "weight", "condition"))
_RULES = Table("rules.csv", ("id", "lead"), ("category", "area", "source", "urgency", "condition", "assist", "note"))
_CLIENTS = Table("clients.csv", ("id", "name", "role"), ("unit", "areas"))
_CLASS = "class:"


@dataclass(frozen=True)
class ClientSpec:
    """A client of the API as the pack declares it; its key is made when the pack is installed and never stands here.

    ``areas`` are the area codes it may see; empty means the whole city.
    """

    id: str
    name: str
    role: Role
    unit: str | None
    areas: tuple[str, ...]


@dataclass(frozen=True)
class Units:
    """The roster and every name a rule may use: ids and ``@kind``. ``names`` is None if nothing was read."""

    roster: Roster
    names: frozenset[str] | None


@dataclass(frozen=True)
class RuleRows:
    """Dispatch rules that are well formed, and the address of each by its id."""

    rules: tuple[Rule, ...]
    at: dict[str, str]

    def compile(
        self, version: str, units: Units, city: CityMap, findings: Findings, fallback: str = "", fallback_at: str = ""
    ) -> Rulebook | None:
        """The rulebook; None, with its faults noted at their lines, if it cannot be used.

        ``fallback`` is who has what no rule covers (兜底), an id or ``@kind``, as said at ``fallback_at``.
        """
        if fallback and units.names is not None and fallback not in units.names:
            findings.fault(fallback_at, "unit-unknown", fallback)
        try:
            return Rulebook(version, self.rules, units.roster, city.depths, fallback)
        except Invalid as error:
            for fault in error.faults:
                # names were checked row by row: what is left are units whose own row is at fault, and ties
                if fault.code == "rule-tie":
                    findings.fault(self.at[fault.pointer.split("/")[1]], fault.code, fault.hint)
            return None


def read_units(files: PackFiles, city: CityMap) -> Units:
    """The city's units; within one kind an area has one unit, or ``@kind`` would be a matter of chance.

    The same holds within one level: it is set for who answers for a territory as a whole, and not for departments.
    """
    table = read_table(files, _UNITS)
    rows = table or []
    reject_repeated(rows, "id")
    levels = {row["id"]: _level(row) for row in rows}
    _check_tree(rows, levels)
    units: list[Unit] = []
    names: set[str] = set()
    holder: dict[tuple[str, str], str] = {}
    for row in rows:
        names.add(row.identifier("id"))
        kind, areas, level = row.identifier("kind"), row.names("areas"), levels[row["id"]]
        row.refer(areas, city.declared, "area-unknown")
        held = [(f"@{kind}", area) for area in areas if kind]
        names.update(office for office, _ in held)
        held += [(level, area) for area in areas or ("",) if level]
        taken = next((office for office in held if holder.setdefault(office, row.at) != row.at), None)
        if taken:
            what, area = taken
            row.fault("jurisdiction-overlap", f"{area or 'the whole city'} already has a {what}, {holder[taken]}")
        if row.ok:
            units.append(Unit(row["id"], row["name"], kind, areas, row["phone"], level, row["parent"]))
    return Units(Roster(units), None if table is None else frozenset(names))


def _level(row: Row) -> Level | None:
    """The level a unit answers at, None for a department and for a word that is no level."""
    level = row.word("level", Level, Level.CITY) if row["level"] else None
    return level if row.ok else None


def _check_tree(rows: Sequence[Row], levels: Mapping[str, Level | None]) -> None:
    """Note parents that are not there, circles, and units that stand above one of a higher level or their own."""
    parents = {row["id"]: row["parent"] for row in rows}
    for row in rows:
        above: list[str] = []
        parent = row["parent"]
        row.refer([parent] if parent else [], parents, "unknown-parent")
        while parent and parent in parents and parent not in above:
            above.append(parent)
            parent = parents[parent]
        if row["id"] in above:
            row.fault("parent-cycle", f"{row['parent']} is below {row['id']}")
            continue
        level = levels[row["id"]]
        higher = next((found for unit in above if (found := levels[unit])), None)
        if level and higher and LEVELS.index(higher) >= LEVELS.index(level):
            row.fault("parent-not-coarser", f"{higher} over {level}")


def read_keywords(files: PackFiles, book: Book) -> tuple[KeywordRule, ...]:
    """The keyword rules, in the order of the file."""
    keywords: list[KeywordRule] = []
    for row in read_table(files, _KEYWORDS, required=False) or ():
        words, unless, weight = row.names("words"), row.names("unless"), row.number("weight", 0.8)
        if not 0 < weight <= 1:
            row.fault("weight-invalid", "above 0, at most 1")
        category = book.category(row) if row["category"] else None
        condition = book.condition(row, category)
        if row.ok and category is not None:
            keywords.append(KeywordRule(category.key, words, weight, condition, unless))
    return tuple(keywords)


def read_rules(files: PackFiles, book: Book, units: Units, city: CityMap) -> RuleRows:
    """The dispatch rules with categories resolved to catalogue keys."""
    rows = read_table(files, _RULES) or []
    reject_repeated(rows, "id")
    classes = {category.class_code for category in book.catalogue.categories.values()}
    rules: list[Rule] = []
    for row in rows:
        row.identifier("id")
        lead, assist = row["lead"], row.names("assist")
        row.refer([lead] if lead else [], units.names, "unit-unknown")
        row.refer(assist, units.names, "unit-unknown")
        if lead in assist:
            row.fault("lead-assists-itself", lead)
        area = row["area"] or ANY
        row.refer([area] if area != ANY else [], city.declared, "area-unknown")
        category, condition = _asked(row, book, classes)
        source = ANY if row["source"] in ("", ANY) else row.word("source", Source, Source.HOTLINE)
        urgency = ANY if row["urgency"] in ("", ANY) else row.word("urgency", Urgency, Urgency.NORMAL)
        if row.ok:
            rules.append(Rule(row["id"], lead, category, area, source, urgency, condition, assist, row["note"]))
    return RuleRows(tuple(rules), {row["id"]: row.at for row in reversed(rows)})


def _asked(row: Row, book: Book, classes: Container[str]) -> tuple[str, str]:
    """Category and condition as the rulebook wants them."""
    named, condition = row["category"] or ANY, row["condition"] or ANY
    category: Category | None = None
    if named.startswith(_CLASS):
        if book.complete and named.removeprefix(_CLASS) not in classes:
            row.fault("class-unknown", named)
    elif named != ANY:
        category = book.category(row)
        named = category.key if category else named
    if condition != ANY and category is not None:
        book.condition(row, category)
    elif condition != ANY:
        row.refer([condition], book.condition_ids, "condition-unknown")
    return named, condition


def read_clients(files: PackFiles, units: Units, city: CityMap) -> tuple[ClientSpec, ...]:
    """The clients; one of role ``unit`` belongs to a unit, and nobody may be ``system``, which is ourselves."""
    rows = read_table(files, _CLIENTS, required=False) or []
    reject_repeated(rows, "id")
    clients: list[ClientSpec] = []
    for row in rows:
        row.identifier("id")
        role, unit, areas = row.word("role", Role, Role.VIEWER), row["unit"] or None, row.names("areas")
        if role is Role.SYSTEM:
            row.fault("role-reserved", role)
        if role is Role.UNIT and unit is None:
            row.fault("unit-missing", "a client of role unit acts for one")
        row.refer([unit] if unit else [], units.names, "unit-unknown")
        row.refer(areas, city.declared, "area-unknown")
        if row.ok:
            clients.append(ClientSpec(row["id"], row["name"], role, unit, areas))
    return tuple(clients)


def warn_of_gaps(
    files: PackFiles, book: Book, rules: Sequence[Rule], units: Units, clients: Sequence[ClientSpec]
) -> None:
    """Note events that no rule covers, left to the fallback or the duty desk, and units that nobody can act for."""
    asked = {rule.category for rule in rules}
    if ANY not in asked:
        categories = book.catalogue.categories
        for key, category in categories.items():
            # a component is dispatched as the event «<component>异常», which carries its digits
            event = f"{category.standard}:{Kind.EVENT}:{category.code}"
            dispatched = category.kind is Kind.EVENT or event not in categories
            if dispatched and key not in asked and f"{_CLASS}{category.class_code}" not in asked:
                files.findings.warn(_RULES.file, "category-uncovered", f"{category.code} {category.name}")
    present = {client.unit for client in clients}
    for unit in units.roster.units.values():
        if unit.id not in present:
            files.findings.warn(_CLIENTS.file, "unit-without-client", unit.id)
