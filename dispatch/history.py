"""Old dispatches as the learning adviser reads them: where, what, and which unit had the case, or sent it back.

Made by ``runtime.dispatch`` from a city's files or from our own record; nothing in it says who a caller was.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from dispatch.facts import Facts
from dispatch.roster import Roster

ANY = ""


@dataclass(frozen=True, slots=True)
class Past:
    """One case that a unit was given to lead on a local ``day``.

    ``categories`` and ``areas`` run from coarse to fine as in ``Facts``. ``sent_back``: the unit refused it, so that it
    speaks against the unit; whoever had the case afterwards is another ``Past``.
    """

    day: date
    categories: tuple[str, ...]
    areas: tuple[str, ...]
    unit: str
    sent_back: bool = False

    @property
    def facts(self) -> Facts:
        """What the rulebook would have been asked."""
        return Facts(self.day, self.categories, self.areas)


def heirs(roster: Roster) -> dict[str, str]:
    """For every unit the one that has its work in the end: itself, or the last of its successors."""
    found: dict[str, str] = {}
    for name in roster.units:
        last, seen = name, {name}
        while (after := roster.units[last].successor) in roster.units and after not in seen:
            last = after
            seen.add(last)
        found[name] = last
    return found


def by_heirs(history: Iterable[Past], roster: Roster) -> list[Past]:
    """The history with every unit's work told of its heir, so that a new name does not begin without experience."""
    last = heirs(roster)
    return [replace(past, unit=last.get(past.unit, past.unit)) for past in history]


def nodes(path: Sequence[str]) -> tuple[str, ...]:
    """Anything, and all nodes of a path from coarse to fine: what a rule may ask of it."""
    return (ANY, *path)
