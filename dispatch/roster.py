"""The city's units, their jurisdictions, and the levels at which they answer for a territory, day by day."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from dispatch.rules import ALWAYS, Validity
from domain.place import Level

_WHOLE_CITY = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit (责任单位). ``areas`` are the area codes it answers for; empty means the whole city.

    ``kind`` names a sort of unit of which each area has its own (``street-office``); a rule may name the kind and
    the case's area picks the unit. ``level`` is set for the one unit that answers for its territory as a whole at that
    level (属地责任), whatever the matter; a department has none. ``parent`` is the unit above it in the organisation.
    ``valid`` are the days it exists on; after them its ``successor`` takes its place wherever it is named. ``code`` is
    its 统一社会信用代码, by which the register of components names it.
    """

    id: str
    name: str
    kind: str = ""
    areas: tuple[str, ...] = ()
    phone: str = ""
    level: Level | None = None
    parent: str = ""
    valid: Validity = ALWAYS
    successor: str = ""
    code: str = ""


class Roster:
    """Units by id, by kind and area, by level and area, and by code or name."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self.units = {unit.id: unit for unit in units}
        self._by_area: dict[tuple[str, str], list[Unit]] = defaultdict(list)
        self._at_level: dict[tuple[str, str], list[Unit]] = defaultdict(list)
        self._by_body: dict[str, str] = {}
        for unit in self.units.values():
            self._by_body.setdefault(unit.name, unit.id)
            if unit.code:
                self._by_body[unit.code] = unit.id
            for area in unit.areas if unit.kind else ():
                self._by_area[unit.kind, area].append(unit)
            for area in (unit.areas or (_WHOLE_CITY,)) if unit.level else ():
                self._at_level[str(unit.level), area].append(unit)

    def resolve(self, name: str, areas: tuple[str, ...], day: date) -> str | None:
        """The unit a rule names: an id, or ``@kind`` for the unit of that kind whose area is the deepest fit.

        On a day after its end a unit's successor stands in for it; None where there is nobody.
        """
        if name.startswith("@"):
            return _deepest(self._by_area, name[1:], areas, day)
        return self._in_office(name, day)

    def at_level(self, level: str, areas: tuple[str, ...], day: date) -> str | None:
        """The unit of a level (``domain.place.Level``) that answers for these areas, the deepest fit; else None."""
        return _deepest(self._at_level, level, (_WHOLE_CITY, *areas), day)

    def unit_of_body(self, code: str, name: str) -> str:
        """The unit that the register of components names by code or name; empty where it is none of ours."""
        return self._by_body.get(code) or self._by_body.get(name) or ""

    def _in_office(self, name: str, day: date) -> str | None:
        for _ in self.units:  # as many steps as there are units: a circle of successors ends as nobody
            unit = self.units.get(name)
            if unit is None:
                return None
            if unit.valid.holds(day):
                return unit.id
            name = unit.successor
        return None


def _deepest(units: Mapping[tuple[str, str], list[Unit]], key: str, areas: tuple[str, ...], day: date) -> str | None:
    """The unit under a key for the last of the areas that has one on the day."""
    held = (unit for area in reversed(areas) for unit in units.get((key, area), ()))
    return next((unit.id for unit in held if unit.valid.holds(day)), None)
