"""A tree of names, coarse to fine: the catalogue's categories or the city's areas, as rules speak of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from domain.errors import Invalid


@dataclass(frozen=True, slots=True)
class Span:
    """The leaves below a node: positions ``first`` to ``end`` (exclusive) in the order of the tree's leaves."""

    first: int
    end: int

    @property
    def size(self) -> int:
        """How many leaves."""
        return self.end - self.first

    def meets(self, other: "Span") -> bool:
        """Whether some leaf lies below both."""
        return self.first < other.end and other.first < self.end


@dataclass(frozen=True, slots=True)
class Tree:
    """Nodes with their depth (1 at the top) and their leaves. A node without children is its own leaf."""

    depths: Mapping[str, int]
    leaves: tuple[str, ...]
    spans: Mapping[str, Span]
    children: Mapping[str, Sequence[str]] = field(repr=False)

    @classmethod
    def build(cls, paths: Iterable[Sequence[str]]) -> "Tree":
        """The tree of all ``paths``, each from the top down. Raises ``Invalid`` if a name stands at two places."""
        parents: dict[str, str] = {}
        children: dict[str, list[str]] = {"": []}
        for path in paths:
            above = ""
            for name in path:
                if parents.setdefault(name, above) != above:
                    raise Invalid("tree-ambiguous", "层级不唯一", f"{name} is below {parents[name]} and {above}")
                if name not in children:
                    children[name] = []
                    children[above].append(name)
                above = name
        return cls._laid_out(children)

    @classmethod
    def _laid_out(cls, children: Mapping[str, Sequence[str]]) -> "Tree":
        depths: dict[str, int] = {}
        firsts: dict[str, int] = {}
        spans: dict[str, Span] = {}
        leaves: list[str] = []
        ahead = [(name, 1, False) for name in reversed(children[""])]
        while ahead:
            name, depth, left = ahead.pop()
            if left:
                spans[name] = Span(firsts[name], len(leaves))
                continue
            depths[name], firsts[name] = depth, len(leaves)
            ahead.append((name, depth, True))
            if not children[name]:
                leaves.append(name)
            ahead += [(child, depth + 1, False) for child in reversed(children[name])]
        return cls(depths, tuple(leaves), spans, children)

    def __contains__(self, name: str) -> bool:
        return name in self.depths

    def span(self, name: str) -> Span:
        """The leaves below ``name``; below "" they are all."""
        return self.spans[name] if name else Span(0, len(self.leaves))

    def covering(self, positions: Iterable[int]) -> tuple[str, ...]:
        """The fewest nodes whose leaves are exactly those at ``positions``; ("",) if these are all."""
        wanted = set(positions)
        found: list[str] = []
        ahead = [""]
        while ahead:
            name = ahead.pop()
            span = self.span(name)
            held = sum(at in wanted for at in range(span.first, span.end))
            if held and held == span.size:
                found.append(name)
            elif held:
                ahead += reversed(self.children[name])
        return tuple(found)
