"""Responsibility grids (责任网格): sets of unit grids given to one unit and its people, above the administrative tree.

Several kinds may lie over one city (采集, 环卫, 巡查); within a kind a unit grid belongs to one. Pure.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from domain.errors import Fault, Invalid
from domain.place import Level, Place
from geo.areas import AreaTree


@dataclass(frozen=True, slots=True)
class ResponsibilityGrid:
    """One responsibility grid.

    ``areas`` are codes of unit grids, or of coarser areas for all unit grids within; ``unit`` is the unit that
    answers for it, ``people`` the clients who work in it; both may be empty.
    """

    id: str
    name: str
    areas: tuple[str, ...]
    kind: str = ""
    unit: str = ""
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ResponsibilityGrids:
    """All responsibility grids by id; ``holders`` says who has a unit grid, by kind and unit grid's code."""

    grids: Mapping[str, ResponsibilityGrid] = field(default_factory=dict)
    holders: Mapping[str, Mapping[str, ResponsibilityGrid]] = field(default_factory=dict)

    @classmethod
    def build(
        cls, grids: Iterable[ResponsibilityGrid], tree: AreaTree, known: Container[str] = ()
    ) -> "ResponsibilityGrids":
        """Index ``grids`` on the areas of ``tree``; codes that are only ``known``, of other days, are passed over.

        Raises Invalid with every fault, addressed by position and field: ids given twice, areas nobody knows, unit
        grids that two of one kind claim.
        """
        given = tuple(grids)
        members = _unit_grids(tree)
        holders: dict[str, dict[str, ResponsibilityGrid]] = defaultdict(dict)
        by_id: dict[str, ResponsibilityGrid] = {}
        faults: list[Fault] = []
        for n, one in enumerate(given):
            if by_id.setdefault(one.id, one) is not one:
                faults.append(Fault(f"/{n}/id", "duplicate-id", one.id))
                continue
            strange = (area for area in one.areas if area not in tree.areas and area not in known)
            faults += [Fault(f"/{n}/areas", "area-unknown", area) for area in strange]
            held = holders[one.kind]
            wanted = dict.fromkeys(code for area in one.areas for code in members.get(area, ()))
            taken = [(code, held[code].id) for code in wanted if code in held]
            if taken:
                code, other = taken[0]
                hint = f"{len(taken)} unit grids of {other} and others too, such as {code}"
                faults.append(Fault(f"/{n}/areas", "responsibility-overlap", hint))
            held.update((code, one) for code in wanted if code not in held)
        if faults:
            raise Invalid("responsibility-invalid", "责任网格数据有误", f"{len(faults)} faults", tuple(faults))
        return cls(MappingProxyType(by_id), MappingProxyType({k: MappingProxyType(h) for k, h in holders.items()}))

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds there are."""
        return tuple(sorted(self.holders))

    def of(self, grid: str | None, kind: str = "") -> ResponsibilityGrid | None:
        """The responsibility grid of a kind that a unit grid belongs to; None if it is in none."""
        return self.holders.get(kind, {}).get(grid) if grid else None

    def of_places(self, places: Sequence[Place], kind: str = "") -> list[ResponsibilityGrid | None]:
        """For each place the responsibility grid of its unit grid; None where it has no grid or that is in none."""
        held = self.holders.get(kind, {})
        return [held.get(place.grid) if place.grid else None for place in places]

    def unit_grids(self, one: str) -> tuple[str, ...]:
        """The codes of the unit grids of one, in order. Raises KeyError if there is none of this id."""
        grid = self.grids[one]
        return tuple(sorted(code for code, holder in self.holders[grid.kind].items() if holder is grid))

    def uncovered(self, tree: AreaTree, kind: str = "") -> Iterator[str]:
        """The unit grids of ``tree`` that no responsibility grid of a kind holds, in order of code."""
        held = self.holders.get(kind, {})
        return (code for code, area in tree.areas.items() if area.level is Level.GRID and code not in held)


def _unit_grids(tree: AreaTree) -> dict[str, list[str]]:
    """The unit grids within each area, itself included."""
    members: dict[str, list[str]] = defaultdict(list)
    for code, area in tree.areas.items():
        if area.level is Level.GRID:
            for upper in tree.paths[code]:
                members[upper].append(code)
    return members
