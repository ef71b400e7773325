"""Who does what in a city pack: units, keyword rules and the clients of the API."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.rates import OPEN, Contract
from classify.rules import KeywordRule
from dispatch.roster import Roster, Unit
from dispatch.rules import Validity
from domain.actor import Role
from domain.place import LEVELS, Level
from runtime.citypack.catalogue import Book
from runtime.citypack.files import PackFiles
from runtime.citypack.map import CityMap
from runtime.citypack.rates import contract
from runtime.citypack.tables import Row, Table, read_table, reject_repeated

_UNITS = Table(
    "units.csv",
    ("id", "name"),
    ("kind", "areas", "phone", "level", "parent", "code", "valid_from", "valid_to", "successor"),
)
_KEYWORDS = Table("keywords.csv", ("category", "words"), ("unless", "weight", "condition"))
_CLIENTS = Table(
    "clients.csv",
    ("id", "name", "role"),
    ("unit", "areas", "rate", "burst", "reads"),
    headers={"频率": "rate", "突发量": "burst", "查询频率": "reads"},
)


@dataclass(frozen=True)
class ClientSpec:
    """A client of the API as the pack declares it; its key is made when the pack is installed and never stands here.

    ``areas`` are the area codes it may see; empty means the whole city. ``contract`` is how often it may ask.
    """

    id: str
    name: str
    role: Role
    unit: str | None
    areas: tuple[str, ...]
    contract: Contract = OPEN


@dataclass(frozen=True)
class Units:
    """The roster and every name a rule may use: ids and ``@kind``. ``names`` is None if nothing was read."""

    roster: Roster
    names: frozenset[str] | None


def read_units(files: PackFiles, city: CityMap) -> Units:
    """The city's units; within one kind an area has one unit at a time, or ``@kind`` would be a matter of chance.

    The same holds within one level: it is set for who answers for a territory as a whole, and not for departments.
    """
    table = read_table(files, _UNITS)
    rows = table or []
    reject_repeated(rows, "id")
    levels = {row["id"]: _level(row) for row in rows}
    _check_tree(rows, levels)
    units: list[Unit] = []
    names: set[str] = set()
    holder: dict[tuple[str, str], list[tuple[str, Validity]]] = defaultdict(list)
    for row in rows:
        names.add(row.identifier("id"))
        kind, areas, level = row.identifier("kind"), row.names("areas"), levels[row["id"]]
        row.refer(areas, city.declared, "area-unknown")
        held = [(f"@{kind}", area) for area in areas if kind]
        names.update(office for office, _ in held)
        held += [(level, area) for area in areas or ("",) if level]
        valid = row.validity("valid_from", "valid_to")
        row.refer([row["successor"]] if row["successor"] else [], levels, "unit-unknown")
        if row["successor"] and valid.last is None:
            row.fault("successor-early", "a unit without an end has no successor")
        for office in held:
            before = next((at for at, days in holder[office] if days.meets(valid)), None)
            if before:
                what, area = office
                row.fault("jurisdiction-overlap", f"{area or 'the whole city'} already has a {what}, {before}")
                break
            holder[office].append((row.at, valid))
        if row.ok:
            units.append(
                Unit(
                    row["id"], row["name"], kind, areas, row["phone"], level, row["parent"],
                    valid, row["successor"], row["code"],
                )
            )  # fmt: skip
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
        held = contract(row, role)
        if row.ok:
            clients.append(ClientSpec(row["id"], row["name"], role, unit, areas, held))
    return tuple(clients)


def warn_of_idle_units(files: PackFiles, units: Units, clients: Sequence[ClientSpec]) -> None:
    """Note units that nobody can act for."""
    present = {client.unit for client in clients}
    for unit in units.roster.units.values():
        if unit.id not in present:
            files.findings.warn(_CLIENTS.file, "unit-without-client", unit.id)
