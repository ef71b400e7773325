"""The city's units, their jurisdictions, and the levels at which they answer for a territory."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.place import Level

_WHOLE_CITY = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit (责任单位). ``areas`` are the area codes it answers for; empty means the whole city.

    ``kind`` names a sort of unit of which each area has its own (``street-office``); a rule may name the kind and
    the case's area picks the unit. ``level`` is set for the one unit that answers for its territory as a whole at that
    level (属地责任), whatever the matter; a department has none. ``parent`` is the unit above it in the organisation.
    """

    id: str
    name: str
    kind: str = ""
    areas: tuple[str, ...] = ()
    phone: str = ""
    level: Level | None = None
    parent: str = ""


class Roster:
    """Units by id, by kind and area, and by level and area."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self.units = {unit.id: unit for unit in units}
        every = self.units.values()
        self._by_area = {(u.kind, area): u.id for u in every if u.kind for area in u.areas}
        self._at_level = {(str(u.level), area): u.id for u in every if u.level for area in u.areas or (_WHOLE_CITY,)}

    def resolve(self, name: str, areas: tuple[str, ...]) -> str | None:
        """The unit a rule names: an id, or ``@kind`` for the unit of that kind whose area is the deepest fit."""
        if not name.startswith("@"):
            return name if name in self.units else None
        return _deepest(self._by_area, name[1:], areas)

    def at_level(self, level: str, areas: tuple[str, ...]) -> str | None:
        """The unit of a level (``domain.place.Level``) that answers for these areas, the deepest fit; else None."""
        return _deepest(self._at_level, level, (_WHOLE_CITY, *areas))


def _deepest(units: Mapping[tuple[str, str], str], key: str, areas: tuple[str, ...]) -> str | None:
    """The unit under a key for the last of the areas that has one."""
    return next((units[key, area] for area in reversed(areas) if (key, area) in units), None)
