"""Finding an area by the names people write, from coarse to fine. Used by the atlas; pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from domain.place import Doubt, Place
from geo.areas import AreaTree

NOT_GIVEN = frozenset({"", "-"})  # "-" is how exported tables write an empty cell


@dataclass(frozen=True, slots=True, eq=False)
class NameIndex:
    """Area codes by name, alias and code."""

    tree: AreaTree
    codes: Mapping[str, tuple[str, ...]]

    @classmethod
    def build(cls, tree: AreaTree) -> "NameIndex":
        """Index every name, alias and code of the tree."""
        codes: dict[str, list[str]] = defaultdict(list)
        for area in tree.areas.values():
            for name in {area.name.strip(), *area.aliases, area.code}:
                codes[name].append(area.code)
        return cls(tree, {name: tuple(found) for name, found in codes.items()})

    def locate_many(self, names: Sequence[tuple[str, ...]]) -> list[Place]:
        """One place for each tuple of names; equal tuples are resolved once."""
        places = {given: self.locate(given) for given in set(names)}
        return [places[given] for given in names]

    def locate(self, names: tuple[str, ...]) -> Place:
        """The deepest area the names lead to, with the doubt that remains.

        Each name narrows what the names before it left open. Two or more areas left over, or names that
        contradict each other, are AMBIGUOUS with all candidates; a name nobody knows leaves the area above it,
        COARSE; no known name at all is NOWHERE.
        """
        left: tuple[str, ...] = ()
        unknown_below = False
        for name in (given.strip() for given in names):
            if name in NOT_GIVEN:
                continue
            known = self.codes.get(name, ())
            if not known:
                unknown_below = True
                continue
            narrowed = self._narrow(left, known) if left else known
            if not narrowed:
                return self.tree.ambiguous((*left, *known))
            unknown_below = unknown_below and narrowed == left
            left = narrowed
        if not left:
            return Place(doubt=Doubt.NOWHERE)
        if len(left) > 1:
            return self.tree.ambiguous(left)
        place = self.tree.places[left[0]]
        return replace(place, doubt=Doubt.COARSE) if unknown_below else place

    def _narrow(self, left: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
        # The new name may lie below what is left (the usual way) or repeat something above it.
        paths, uppers = self.tree.paths, set(left)
        below = tuple(code for code in known if not uppers.isdisjoint(paths[code]))
        return below or tuple(code for code in left if not set(known).isdisjoint(paths[code]))
