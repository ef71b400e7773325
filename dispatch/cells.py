"""Which rule decides each cell of category × area: the whole rulebook painted on one sheet, the weakest rule first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from dispatch.roster import Roster
from dispatch.rulebook import Rulebook
from dispatch.rules import CIRCUMSTANCES, MAINTAINER, OWNER, Rule
from dispatch.tree import Span, Tree

NOBODY = -1


@dataclass(frozen=True, slots=True)
class Patch:
    """Where a rule holds: spans of leaves of both trees, at one rank. ``rule`` is its position in the rulebook."""

    rule: int
    rank: int
    categories: Span
    areas: Span

    def meets(self, other: "Patch") -> bool:
        """Whether some cell lies in both."""
        return self.areas.meets(other.areas) and self.categories.meets(other.categories)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Cells of category × area on one day.

    ``deciding`` holds in each cell the position of the rule that decides where no circumstance is asked for, or
    ``NOBODY``; ``ranks`` that rule's rank, or -1. ``plain`` and ``special`` are the patches of rules that ask nothing
    but category and area, and of the others. ``served`` says for each rule's lead in which areas there is a unit.
    """

    categories: Tree
    areas: Tree
    deciding: NDArray[np.int32]
    ranks: NDArray[np.int64]
    plain: tuple[Patch, ...]
    special: tuple[Patch, ...]
    served: "Served"

    @classmethod
    def paint(cls, book: Rulebook, day: date) -> "Sheet":
        """The sheet of all rules valid on ``day``."""
        served = Served(book.roster, book.areas, day)
        patches = [patch for at, rule in enumerate(book.rules) if rule.valid.holds(day) for patch in _patches(book, at)]
        plain = [one for one in patches if _asks_nothing(book.rules[one.rule])]
        plain.sort(key=lambda one: book.rules[one.rule].id, reverse=True)  # of equals the first by its id decides
        plain.sort(key=lambda one: one.rank)
        special = [one for one in patches if not _asks_nothing(book.rules[one.rule])]
        shape = len(book.categories.leaves), len(book.areas.leaves)
        deciding, ranks = np.full(shape, NOBODY, np.int32), np.full(shape, -1, np.int64)
        for patch in plain:
            there = served.by(book.rules[patch.rule])[patch.areas.first : patch.areas.end]
            cells = slice(patch.categories.first, patch.categories.end), slice(patch.areas.first, patch.areas.end)
            if there.all():
                deciding[cells], ranks[cells] = patch.rule, patch.rank
            else:
                deciding[cells][:, there], ranks[cells][:, there] = patch.rule, patch.rank
        return cls(book.categories, book.areas, deciding, ranks, tuple(plain), tuple(special), served)

    def open_to(self, patch: Patch, rule: Rule) -> NDArray[np.bool_]:
        """The cells of a patch that no stronger rule decides whatever the circumstances."""
        c, a = patch.categories, patch.areas
        return (self.ranks[c.first : c.end, a.first : a.end] < patch.rank) & self.served.by(rule)[a.first : a.end]


class Served:
    """For each way to name a lead, the areas (leaves) in which there is such a unit on a day."""

    def __init__(self, roster: Roster, areas: Tree, day: date) -> None:
        self._roster = roster
        self._day = day
        self._paths = list(_leaf_paths(areas))
        self._known: dict[tuple[str, ...], NDArray[np.bool_]] = {}

    def by(self, rule: Rule) -> NDArray[np.bool_]:
        """Where any of the rule's leads can be found; a component's own units are taken to be there."""
        found = self._known.get(rule.lead)
        if found is None:
            found = self._known[rule.lead] = np.array([self._any(rule.lead, path) for path in self._paths], np.bool_)
        return found

    def _any(self, names: Sequence[str], path: tuple[str, ...]) -> bool:
        return any(
            name in (OWNER, MAINTAINER) or self._roster.resolve(name, path, self._day) is not None for name in names
        )


def _asks_nothing(rule: Rule) -> bool:
    """Whether it holds in every circumstance: it asks for none, and its lead does not depend on the component."""
    circumstances = any(rule.asked(ask) for ask in CIRCUMSTANCES) or rule.sent_back
    return not circumstances and not {OWNER, MAINTAINER}.issuperset(rule.lead)


def _patches(book: Rulebook, at: int) -> Iterator[Patch]:
    for category, area, rank in book.ranks(book.rules[at]):
        yield Patch(at, rank, book.categories.span(category), book.areas.span(area))


def _leaf_paths(tree: Tree) -> Iterator[tuple[str, ...]]:
    ahead: list[tuple[str, ...]] = [(name,) for name in reversed(tree.children[""])]
    while ahead:
        path = ahead.pop()
        below = tree.children[path[-1]]
        if below:
            ahead += [(*path, child) for child in reversed(below)]
        else:
            yield path
