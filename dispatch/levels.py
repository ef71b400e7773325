"""At which levels of category and area old cases are looked at together."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dispatch.history import ANY, Past, nodes

Context = tuple[str, str]
"""A node of the categories and one of the areas, "" for anything."""


@dataclass(frozen=True, slots=True)
class Levels:
    """The depths at which contexts are looked at, 0 for anything; a depth at which all cases are alike is left out."""

    categories: tuple[int, ...]
    areas: tuple[int, ...]

    @classmethod
    def of(cls, history: Iterable[Past]) -> "Levels":
        """The depths that tell the cases of a history apart."""
        categories: dict[int, set[str]] = defaultdict(set)
        areas: dict[int, set[str]] = defaultdict(set)
        for past in history:
            for found, path in ((categories, past.categories), (areas, past.areas)):
                for depth, node in enumerate(path, 1):
                    found[depth].add(node)
        return cls(*((0, *sorted(d for d, held in found.items() if len(held) > 1)) for found in (categories, areas)))

    def contexts(self, categories: Sequence[str], areas: Sequence[str]) -> list[Context | None]:
        """Every pair of depths but anything at all; None where the case does not say as much."""
        one, other = nodes(categories), nodes(areas)
        return [
            (one[c], other[a]) if c < len(one) and a < len(other) else None
            for c in self.categories
            for a in self.areas
            if c or a
        ]

    def matters(self, categories: Sequence[str]) -> list[Context | None]:
        """What the case is, wherever it is: the contexts in which kinds of units are counted."""
        one = nodes(categories)
        return [(one[c], ANY) if c < len(one) else None for c in self.categories]

    @property
    def size(self) -> int:
        """How many contexts a case has, those of kinds included."""
        return len(self.categories) * (len(self.areas) + 1) - 1
