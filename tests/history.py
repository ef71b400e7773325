"""A small city's old cases for the tests of learning: three streets, each with its own patrol, and city departments."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from dispatch.history import Past
from dispatch.roster import Roster, Unit
from dispatch.rulebook import Rulebook
from dispatch.tree import Tree

FIRST = date(2026, 3, 2)
STREETS = ("north", "middle", "south")
CLASS_OF = {"stall": "class:01", "poster": "class:01", "lamp": "class:02", "cover": "class:02"}
CATEGORIES = Tree.build([(above, name) for name, above in CLASS_OF.items()])
AREAS = Tree.build([("city", street, f"{street}-{n}") for street in STREETS for n in (1, 2)])
ROSTER = Roster(
    [
        *(Unit(f"patrol-{street}", f"{street} patrol", "patrol", (street,)) for street in STREETS),
        Unit("lights", "lights"),
        Unit("drains", "drains"),
        Unit("old-roads", "roads", successor="roads"),
        Unit("roads", "roads (new)"),
    ]
)


def past(category: str, street: str, unit: str, *, sent_back: bool = False, day: int = 0) -> Past:
    """One old case in the first part of a street."""
    path = CLASS_OF[category], category
    return Past(FIRST + timedelta(days=day), path, ("city", street, f"{street}-1"), unit, sent_back)


def cases(category: str, street: str, unit: str, count: int, **more: Any) -> list[Past]:
    """So many alike, a day apart."""
    return [past(category, street, unit, day=day, **more) for day in range(count)]


def stalls_everywhere() -> list[Past]:
    """Every street's patrol clears its own stalls."""
    return [one for street in STREETS for one in cases("stall", street, f"patrol-{street}", 10)]


def book(rules: Sequence[Any] = ()) -> Rulebook:
    """The rules compiled for this city."""
    return Rulebook("book-1", [*rules], ROSTER, CATEGORIES, AREAS)
