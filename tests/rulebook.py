"""A small city for the tests of the rulebook: two districts, five units, potholes and rubbish."""

from dataclasses import replace
from datetime import date
from typing import Any

from dispatch.engine import Engine
from dispatch.facts import Facts
from dispatch.roster import Roster
from dispatch.rulebook import Rulebook
from dispatch.rules import Ask, Rule
from dispatch.tree import Tree
from domain.case import Verdict

DAY = date(2026, 11, 20)
CATEGORIES = Tree.build([("class:01", "pothole"), ("class:01", "kerb"), ("class:02", "rubbish")])
EAST_1, EAST_2, WEST_1 = ("city", "east", "east-1"), ("city", "east", "east-2"), ("city", "west", "west-1")
AREAS = Tree.build([EAST_1, EAST_2, WEST_1])
CLASS_OF = {"pothole": "class:01", "kerb": "class:01", "rubbish": "class:02"}


def rule(id: str, lead: str, **asked: Any) -> Rule:  # noqa: A002
    """A rule as a clerk writes it: one word where a column holds one, ``|`` between several."""
    for column in asked:
        if column in list(Ask):
            asked[column] = frozenset(asked[column].split("|"))
    return Rule(id, tuple(lead.split("|")), **asked)


def facts(category: str = "pothole", **changes: Any) -> Facts:
    """A deep pothole in the first street of the east, told by the hotline."""
    path = (CLASS_OF[category], category) if category else ()
    plain = Facts(DAY, path, EAST_1, source="hotline", urgency="normal", condition="deep")
    return replace(plain, **changes)


def book_of(*rules: Rule, roster: Roster, **more: Any) -> Rulebook:
    """The rules compiled for the small city."""
    return Rulebook("book-7", rules, roster, CATEGORIES, AREAS, **more)


def judged(*rules: Rule, roster: Roster, case: Facts, **more: Any) -> Verdict:
    """The verdict on one case."""
    return Engine(book_of(*rules, roster=roster, **more)).choose_many([case])[0]
