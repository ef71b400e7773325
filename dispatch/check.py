"""Does a rulebook hold water? Found before it is used: holes, dead rules, units nobody can reach, work sent too low.

What cannot be used at all (unknown names, ties) does not even compile; see ``rulebook``.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from itertools import chain, combinations

import numpy as np

from dispatch.cells import NOBODY, Patch, Sheet
from dispatch.roster import Unit
from dispatch.rulebook import Rulebook
from dispatch.rules import Ask, Rule
from domain.place import Level

_SOON = timedelta(days=14)
Columns = frozenset[Ask | str]


class Trouble(StrEnum):
    """What may be wrong with a rulebook that compiles."""

    UNCOVERED = "cell-uncovered"
    DEAD = "rule-dead"
    NOT_VALID = "rule-not-valid"
    ENDS_SOON = "exception-ends"
    UNREACHABLE = "unit-unreachable"
    NO_UNIT = "unit-ended"
    TOO_LOW = "rule-to-grassroots"


@dataclass(frozen=True, slots=True)
class Finding:
    """One trouble: the rules and units it is about, where (nodes of both trees, "" is everything), and what to do.

    ``cells`` counts the cells of category × area it touches, 0 where it is not about cells.
    """

    trouble: Trouble
    rules: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    cells: int = 0
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Office:
    """What a check must know beside the rulebook.

    ``reachable`` are units with somebody to act for them (a client or a person); None where that is not known.
    ``grassroots`` are the kinds of units that departmental work must not be led by (国办函〔2025〕66号 (五)), beside
    all units of the level 社区; ``theirs`` the categories that are theirs to do.
    """

    reachable: Collection[str] | None = None
    grassroots: frozenset[str] = frozenset()
    theirs: frozenset[str] = field(default_factory=frozenset)


def check(book: Rulebook, day: date, office: Office) -> list[Finding]:
    """Everything that is wrong with the rulebook on ``day``, the gravest sort first."""
    sheet = Sheet.paint(book, day)
    found: list[Iterator[Finding]] = [
        _uncovered(book, sheet),
        _dead(book, sheet),
        _too_low(book, office),
        _units(book, day, office),
        _calendar(book, day),
    ]
    return list(chain.from_iterable(found))


def _uncovered(book: Rulebook, sheet: Sheet) -> Iterator[Finding]:
    """Cells where only a rule for special circumstances speaks, or none; cells alike are told together."""
    holes = sheet.deciding == NOBODY
    groups: dict[bytes, list[int]] = defaultdict(list)
    for at in np.flatnonzero(holes.any(axis=1)).tolist():
        groups[holes[at].tobytes()].append(at)
    remedy = "add a rule for them, or one for their 大类"
    if book.fallback:
        remedy = f"{book.fallback} has them as the fallback; {remedy}"
    for rows in groups.values():
        columns = np.flatnonzero(holes[rows[0]]).tolist()
        yield Finding(
            Trouble.UNCOVERED,
            categories=book.categories.covering(rows),
            areas=book.areas.covering(columns),
            cells=len(rows) * len(columns),
            remedy=remedy,
        )


def _dead(book: Rulebook, sheet: Sheet) -> Iterator[Finding]:
    """Rules that decide nothing, because stronger ones hold wherever they do."""
    alive = {at for at in np.unique(sheet.deciding).tolist() if at != NOBODY}
    shadows = _Shadows(book, sheet)
    dead: dict[int, set[int]] = {}
    for patch in chain(sheet.plain, sheet.special):
        if patch.rule in alive:
            continue
        by = shadows.over(patch)
        if by is None:
            alive.add(patch.rule)
            dead.pop(patch.rule, None)
        else:
            dead.setdefault(patch.rule, set()).update(by)
    for at, by in dead.items():
        stronger = tuple(book.rules[other].id for other in sorted(by))
        remedy = f"{', '.join(stronger) or 'no unit'} decides wherever it holds: remove it, or ask it for more"
        yield Finding(Trouble.DEAD, (book.rules[at].id, *stronger), remedy=remedy)


class _Shadows:
    """Finds the stronger rules that leave a patch nothing. Special rules are looked up by the columns they ask."""

    def __init__(self, book: Rulebook, sheet: Sheet) -> None:
        self._rules = book.rules
        self._sheet = sheet
        self._by_columns: dict[Columns, list[Patch]] = defaultdict(list)
        for patch in sheet.special:
            self._by_columns[_columns(book.rules[patch.rule])].append(patch)

    def over(self, patch: Patch) -> set[int] | None:
        """The rules that decide every cell of a patch instead of it; None if one is left to it."""
        rule, sheet = self._rules[patch.rule], self._sheet
        c, a = patch.categories, patch.areas
        left = sheet.open_to(patch, rule)
        by = {int(at) for at in np.unique(sheet.deciding[c.first : c.end, a.first : a.end][~left])} - {NOBODY}
        if left.any():
            for other in self._stronger(patch, rule):
                oc, oa = other.categories, other.areas
                rows = slice(max(oc.first, c.first) - c.first, min(oc.end, c.end) - c.first)
                columns = slice(max(oa.first, a.first) - a.first, min(oa.end, a.end) - a.first)
                there = sheet.served.by(self._rules[other.rule])[max(oa.first, a.first) : min(oa.end, a.end)]
                if (left[rows, columns] & there).any():
                    left[rows, columns] &= ~there
                    by.add(other.rule)
                    if not left.any():
                        break
        return None if left.any() else by

    def _stronger(self, patch: Patch, rule: Rule) -> Iterator[Patch]:
        asked = _columns(rule)
        for size in range(1, len(asked) + 1):
            for columns in combinations(sorted(asked), size):
                for other in self._by_columns.get(frozenset(columns), ()):
                    stronger = other.rank > patch.rank and other.rule != patch.rule and other.meets(patch)
                    if stronger and self._rules[other.rule].holds_whenever(rule):
                        yield other


def _columns(rule: Rule) -> Columns:
    asked: set[Ask | str] = {ask for ask, _ in rule.asks() if ask not in (Ask.CATEGORY, Ask.AREA)}
    if rule.sent_back:
        asked.add("sent_back")
    return frozenset(asked)


def _too_low(book: Rulebook, office: Office) -> Iterator[Finding]:
    """Rules by which the grass roots lead what is not theirs to do."""
    for rule in book.rules:
        low = tuple(name for name in rule.lead if _is_low(_units_named(book, name), office))
        beyond = tuple(sorted(rule.category - office.theirs)) or (("",) if not rule.category else ())
        if low and beyond:
            remedy = "let a department lead and these units assist, or put the categories on their own list"
            yield Finding(Trouble.TOO_LOW, (rule.id,), low, beyond, remedy=remedy)


def _is_low(units: Iterable[Unit], office: Office) -> bool:
    return any(unit.level is Level.COMMUNITY or unit.kind in office.grassroots for unit in units)


def _units(book: Rulebook, day: date, office: Office) -> Iterator[Finding]:
    """Units that rules name and nobody can reach, or that have ended with nobody to follow them."""
    by_unit: dict[str, list[str]] = defaultdict(list)
    for rule in book.rules:
        if rule.valid.holds(day):
            for name in (*rule.lead, *rule.assist, *rule.optional):
                for unit in _units_named(book, name):
                    by_unit[unit.id].append(rule.id)
    for name, rules in sorted(by_unit.items()):
        unit = book.roster.units[name]
        told = tuple(dict.fromkeys(rules))
        if book.roster.resolve(name, (), day) is None:
            yield Finding(
                Trouble.NO_UNIT, told, (name,), remedy="name its successor in units.csv, or another unit here"
            )
        elif office.reachable is not None and name not in office.reachable and not unit.phone:
            yield Finding(Trouble.UNREACHABLE, told, (name,), remedy="give it a client in clients.csv, or a telephone")


def _units_named(book: Rulebook, name: str) -> list[Unit]:
    if not name.startswith("@"):
        unit = book.roster.units.get(name)
        return [unit] if unit else []
    return [unit for unit in book.roster.units.values() if unit.kind == name[1:]]


def _calendar(book: Rulebook, day: date) -> Iterator[Finding]:
    for rule in book.rules:
        last = rule.valid.last
        if not rule.valid.holds(day):
            yield Finding(Trouble.NOT_VALID, (rule.id,), remedy="remove it once its time is over")
        elif rule.exception and last is not None and last - day <= _SOON:
            yield Finding(Trouble.ENDS_SOON, (rule.id,), remedy=f"it ends on {last}: renew it or let it go")
