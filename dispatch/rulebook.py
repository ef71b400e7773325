"""The compiled rulebook. Specificity decides, never the order of rows; a tie is a fault found when it is compiled."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from operator import attrgetter

from dispatch.roster import Roster
from dispatch.rules import CIRCUMSTANCES, OF_COMPONENT, Ask, Names, Rule
from dispatch.tree import Tree
from dispatch.windows import Window
from domain.errors import Fault, Invalid

ANYTHING = ""
_FIELDS = {Ask.TAG: "tags", Ask.WINDOW: "windows"}  # of the facts; the others are named as they are asked
_ORDER = attrgetter("order")
_BITS = 4  # a column of the rank: a depth, a count of send-backs, or one where the rule asks at all
_DEEPEST = 15


@dataclass(frozen=True, slots=True)
class Ranked:
    """A rule with its rank among those for nodes of one depth in both trees; the highest that holds wins.

    ``asks`` are the circumstances it asks, in the order of specificity; ``looks`` the fields of the facts that it
    depends on beside category, area and day; ``order`` sorts, the most specific first and equals by their ids;
    ``says`` is its reason in words.
    """

    rule: Rule
    rank: int
    asks: tuple[tuple[Ask, Names], ...]
    looks: frozenset[str]
    order: tuple[int, str]
    says: str


class Rulebook:
    """Rules of one version, indexed by the nodes they ask of both trees.

    ``fallback`` (兜底) is who leads where no rule holds, a unit's id or ``@kind``; empty leaves that to the duty desk.
    ``windows`` are the named times rules ask for, ``land_use`` the use of the land by area code. Raises ``Invalid``
    listing every fault: unknown units, areas, categories and windows, and pairs of rules that tie.
    """

    def __init__(
        self,
        version: str,
        rules: Sequence[Rule],
        roster: Roster,
        categories: Tree,
        areas: Tree,
        *,
        fallback: str = "",
        windows: Sequence[Window] = (),
        land_use: Mapping[str, str] | None = None,
    ) -> None:
        self.version = version
        self.rules = tuple(rules)
        self.roster = roster
        self.categories = categories
        self.areas = areas
        self.fallback = fallback
        self.windows = tuple(windows)
        self.land_use = land_use or {}
        faults = list(_unknown(self))
        index: dict[str, dict[str, list[Ranked]]] = defaultdict(lambda: defaultdict(list))
        if not faults:
            for rule in rules:
                for category, area, entry in self._entries(rule):
                    index[category][area].append(entry)
            faults += _ties(index)
        if faults:
            raise Invalid("rulebook-invalid", "派单目录有误", f"{len(faults)} faults", tuple(faults))
        self._index: Mapping[str, Mapping[str, list[Ranked]]] = {name: dict(held) for name, held in index.items()}

    def candidates(self, categories: Sequence[str], areas: Sequence[str]) -> tuple[Ranked, ...]:
        """The rules for these nodes or anything above them, the most specific first; equals by their ids."""
        found: list[Ranked] = []
        nodes = (*areas, ANYTHING)
        for category in (*categories, ANYTHING):
            held = self._index.get(category)
            if held:
                for area in nodes:
                    if area in held:
                        found += held[area]
        found.sort(key=_ORDER)
        return tuple(found)

    def ranks(self, rule: Rule) -> Iterator[tuple[str, str, int]]:
        """Every pair of category and area a rule asks for ("" is anything), with its rank there."""
        return ((category, area, entry.rank) for category, area, entry in self._entries(rule))

    def _entries(self, rule: Rule) -> Iterator[tuple[str, str, Ranked]]:
        asks = tuple((ask, names) for ask in CIRCUMSTANCES if (names := rule.asked(ask)))
        looks, says = _looks(rule, asks), rule.says()
        made: dict[int, Ranked] = {}
        for category, area in product(sorted(rule.category) or (ANYTHING,), sorted(rule.area) or (ANYTHING,)):
            rank = _rank(rule, self.categories.depths.get(category, 0), self.areas.depths.get(area, 0))
            yield category, area, made.setdefault(rank, Ranked(rule, rank, asks, looks, (-rank, rule.id), says))


def _looks(rule: Rule, asks: Iterable[tuple[Ask, Names]]) -> frozenset[str]:
    named = {name.removeprefix("@") for name in OF_COMPONENT.intersection((*rule.lead, *rule.assist, *rule.optional))}
    back = {"sent_back"} if rule.sent_back else set()
    return frozenset({*(_FIELDS.get(ask, ask.value) for ask, _ in asks), *named, *back})


def _rank(rule: Rule, category_depth: int, area_depth: int) -> int:
    """How particular a rule is: column by column in the order of ``Ask``, the first that differs decides."""
    rank = int(rule.exception)
    for ask in Ask:
        narrow = {Ask.CATEGORY: category_depth, Ask.AREA: area_depth}.get(ask, int(bool(rule.asked(ask))))
        rank = rank << _BITS | min(narrow, _DEEPEST)
    return rank << _BITS | min(rule.sent_back, _DEEPEST)


def _unknown(book: Rulebook) -> Iterator[Fault]:
    roster = book.roster
    # a kind is looked up by area, so only units that answer for one can be found by it
    units = {*roster.units, *(f"@{unit.kind}" for unit in roster.units.values() if unit.kind and unit.areas)}
    if book.fallback and book.fallback not in units:
        yield Fault("/fallback", "unit-unknown", book.fallback)
    units |= OF_COMPONENT
    windows = {window.name for window in book.windows}
    for rule in book.rules:
        for names, known, column, code in (
            ((*rule.lead, *rule.assist, *rule.optional), units, "lead", "unit-unknown"),
            (sorted(rule.area), book.areas, "area", "area-unknown"),
            (sorted(rule.category), book.categories, "category", "category-unknown"),
            (sorted(rule.window), windows, "window", "window-unknown"),
        ):
            for name in names:
                if name not in known:
                    yield Fault(f"/{rule.id}/{column}", code, name)


def _ties(index: Mapping[str, Mapping[str, Sequence[Ranked]]]) -> Iterable[Fault]:
    """Two rules of equal rank that could both hold for one case, and would do different things.

    Of equal rank are only rules for nodes of one depth in both trees, so they must ask for the very same nodes.
    """
    tied: set[tuple[str, str]] = set()
    for category, held in index.items():
        for area, entries in held.items():
            peers: dict[int, list[Rule]] = defaultdict(list)
            for entry in entries:
                for other in peers[entry.rank]:
                    pair = (other.id, entry.rule.id)
                    if pair not in tied and other.outcome != entry.rule.outcome and other.compatible(entry.rule):
                        tied.add(pair)
                        where = f"{category or 'any category'}, {area or 'any area'}"
                        yield Fault(f"/{entry.rule.id}", "rule-tie", f"as particular as {other.id} for {where}")
                peers[entry.rank].append(entry.rule)
