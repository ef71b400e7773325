"""Rules that a person can read, learnt from old cases: general ones first, and an exception where it earns its place.

The most particular rule wins, as in the rulebook, so that the list can be put into one as it is.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from math import sqrt

from dispatch.history import Past, heirs, nodes
from dispatch.levels import Levels
from dispatch.roster import Roster

Rank = tuple[int, int]
Cell = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Learnt:
    """A rule and what it was learnt from; ``category`` and ``area`` are nodes of both trees, "" is anything.

    ``lead`` is a unit or ``@kind``. It decides ``cases`` of the history, ``right`` of them as people did; ``instead``
    says whom they gave the others, the most frequent first, and ``sent_back`` how many its unit refused. ``decides``
    and ``against`` are the places of all these cases, and of those that speak against it, in the history.
    """

    category: str
    area: str
    lead: str
    cases: int
    right: int
    sent_back: int = 0
    instead: tuple[tuple[str, int], ...] = ()
    decides: tuple[int, ...] = field(default=(), repr=False)
    against: tuple[int, ...] = field(default=(), repr=False)

    @property
    def confidence(self) -> float:
        """The share of its cases that it decides as people did; those sent back count against it."""
        return self.right / (self.cases + self.sent_back) if self.cases + self.sent_back else 0.0

    @property
    def at_least(self) -> float:
        """What that share is at least, however few cases there were."""
        return wilson(self.right, self.cases + self.sent_back)


@dataclass(frozen=True, slots=True)
class Demand:
    """What a rule must bring. ``worth``: so many cases more decided right than without it, or it is not worth reading.

    ``sure``: it is right in this share of the cases at least (``Learnt.at_least``), 0 for whatever is best.
    """

    worth: int = 3
    sure: float = 0.0


def learn_rules(history: Sequence[Past], roster: Roster, demand: Demand) -> list[Learnt]:
    """The list, the most general rule first. ``history`` names heirs (``history.by_heirs``). Deterministic."""
    search = _Search(history, roster)
    for cell in search.cells:
        search.consider(cell, demand)
    search.prune(demand)
    return search.learnt()


@dataclass
class _Search:
    """The rules taken so far. ``stack`` holds for each case the rules that hold, the strongest last."""

    history: Sequence[Past]
    roster: Roster
    rows: dict[Cell, list[int]] = field(default_factory=lambda: defaultdict(list))
    depth: dict[Cell, Rank] = field(default_factory=dict)
    leads: dict[Cell, str] = field(default_factory=dict)
    stack: list[list[Cell]] = field(default_factory=list)

    def __post_init__(self) -> None:
        levels = Levels.of(self.history)
        for at, past in enumerate(self.history):
            self.stack.append([])
            categories, areas = nodes(past.categories), nodes(past.areas)
            for c, a in product(levels.categories, levels.areas):
                if c < len(categories) and a < len(areas):
                    self.rows[categories[c], areas[a]].append(at)
                    self.depth[categories[c], areas[a]] = c, a
        homes = {(unit.kind, area) for unit in self.roster.units.values() if unit.kind for area in unit.areas}
        common = Counter(kind for kind, _ in homes)
        # of a kind that only one area has, the unit itself is easier to read
        self._kinds = sorted(kind for kind, areas in common.items() if areas > 1)
        self._heirs = heirs(self.roster)
        self._there: dict[tuple[tuple[str, ...], date], dict[str, str]] = {}

    @property
    def cells(self) -> list[Cell]:
        """Every pair of nodes that has cases, the most general first: each may only be overruled by later ones."""
        return sorted(self.rows, key=lambda cell: (self.depth[cell], cell))

    def consider(self, cell: Cell, demand: Demand) -> None:
        """Take the best rule for a cell if it is worth reading and sure enough there."""
        rows = self.rows[cell]
        right: Counter[str] = Counter()
        refused: Counter[str] = Counter()
        before: Counter[str] = Counter()  # what the rules so far decide right where a lead would
        asked: Counter[str] = Counter()
        for at in rows:
            past, standing = self.history[at], self._standing(at)
            for lead, unit in ((past.unit, past.unit), *((f"@{k}", u) for k, u in self._at_home(past).items())):
                (refused if past.sent_back else right)[lead] += unit == past.unit
                if lead.startswith("@"):
                    before[lead] += standing
                    asked[lead] += not past.sent_back
        everywhere = sum(map(self._standing, rows)), sum(not self.history[at].sent_back for at in rows)
        best, gained = "", demand.worth - 1
        for lead in sorted(right, key=lambda lead: (not lead.startswith("@"), lead)):
            stood, cases = (before[lead], asked[lead]) if lead.startswith("@") else everywhere
            gain = right[lead] - refused[lead] - stood
            if gain > gained and wilson(right[lead], cases + refused[lead]) >= demand.sure:
                best, gained = lead, gain
        if best:
            self.leads[cell] = best
            for at in rows:
                if self._unit(at, best):
                    self.stack[at].append(cell)

    def prune(self, demand: Demand) -> None:
        """Let go of rules that later ones left too little to decide, and of those that are not sure enough."""
        changed = True
        while changed:
            changed = False
            for cell in sorted(self.leads, key=lambda cell: (self.depth[cell], cell), reverse=True):
                decided = [at for at in self.rows[cell] if self.stack[at] and self.stack[at][-1] == cell]
                lost = sum(self._mark(at, self.leads[cell]) - self._below(at) for at in decided)
                if lost < demand.worth or self._told(cell, decided).at_least < demand.sure:
                    del self.leads[cell]
                    for at in self.rows[cell]:
                        if cell in self.stack[at]:
                            self.stack[at].remove(cell)
                    changed = True

    def learnt(self) -> list[Learnt]:
        """The rules with what they decide."""
        decided: dict[Cell, list[int]] = defaultdict(list)
        for at, held in enumerate(self.stack):
            if held:
                decided[held[-1]].append(at)
        return [self._told(cell, decided[cell]) for cell in sorted(self.leads, key=lambda c: (self.depth[c], c))]

    def _told(self, cell: Cell, decided: Sequence[int]) -> Learnt:
        lead = self.leads[cell]
        marks = [self._mark(at, lead) for at in decided]
        right = marks.count(1)
        missed = [at for at, mark in zip(decided, marks, strict=True) if not mark and not self.history[at].sent_back]
        refused = [at for at, mark in zip(decided, marks, strict=True) if mark < 0]
        others = Counter(self.history[at].unit for at in missed)
        instead = tuple(sorted(others.items(), key=lambda item: (-item[1], item[0])))
        against = tuple(sorted((*missed, *refused)))
        return Learnt(*cell, lead, right + len(missed), right, len(refused), instead, tuple(decided), against)

    def _standing(self, at: int) -> int:
        """How the rules so far decide a case."""
        return self._mark(at, self.leads[self.stack[at][-1]]) if self.stack[at] else 0

    def _below(self, at: int) -> int:
        return self._mark(at, self.leads[self.stack[at][-2]]) if len(self.stack[at]) > 1 else 0

    def _mark(self, at: int, lead: str) -> int:
        """1 if the lead had the case, -1 if it sent it back, 0 if another unit had it."""
        past = self.history[at]
        return 0 if self._unit(at, lead) != past.unit else -1 if past.sent_back else 1

    def _unit(self, at: int, lead: str) -> str:
        """Whom a lead means for this case, "" where there is no such unit."""
        return self._at_home(self.history[at]).get(lead[1:], "") if lead.startswith("@") else lead

    def _at_home(self, past: Past) -> Mapping[str, str]:
        """The unit of each kind that answers for the case's areas."""
        found = self._there.get((past.areas, past.day))
        if found is None:
            units = ((kind, self.roster.resolve(f"@{kind}", past.areas, past.day)) for kind in self._kinds)
            found = {kind: self._heirs[unit] for kind, unit in units if unit}
            self._there[past.areas, past.day] = found
        return found


def wilson(right: float, of: float, z: float = 1.645) -> float:
    """The share that is at least there: lower end of Wilson's interval, one-sided 95 % by default; 0 of nothing.

    Source: E. B. Wilson, JASA 22 (1927), 209-212.
    """
    if of <= 0:
        return 0.0
    share = max(0.0, right) / of
    centre = share + z * z / (2 * of)
    spread = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, (centre - spread) / (1 + z * z / of))
