"""The city's units and their jurisdictions."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit (责任单位). ``areas`` are the area codes it answers for; empty means the whole city.

    ``kind`` names a sort of unit of which each area has its own (``street-office``); a rule may name the kind and
    the case's area picks the unit.
    """

    id: str
    name: str
    kind: str = ""
    areas: tuple[str, ...] = ()
    phone: str = ""


class Roster:
    """Units by id, and by kind and area."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self.units = {unit.id: unit for unit in units}
        self._by_area = {(u.kind, area): u.id for u in self.units.values() if u.kind for area in u.areas}

    def resolve(self, name: str, areas: tuple[str, ...]) -> str | None:
        """The unit a rule names: an id, or ``@kind`` for the unit of that kind whose area is the deepest fit."""
        if not name.startswith("@"):
            return name if name in self.units else None
        for area in reversed(areas):
            unit = self._by_area.get((name[1:], area))
            if unit is not None:
                return unit
        return None
