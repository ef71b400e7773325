"""A rulebook of a large city, made up from a seed: 5,000 rules over 400 categories and 2,000 areas."""

import random
from dataclasses import dataclass
from datetime import date

from dispatch.facts import Facts
from dispatch.roster import Roster, Unit
from dispatch.rulebook import Rulebook
from dispatch.rules import Rule
from dispatch.tree import Tree

DAY = date(2026, 11, 20)
SOURCES = ("hotline", "inspector", "alarm")
URGENCIES = ("normal", "urgent", "critical")


@dataclass(frozen=True, slots=True)
class Made:
    """The rulebook, and the paths of all its cells' categories and areas."""

    book: Rulebook
    categories: tuple[tuple[str, ...], ...]
    areas: tuple[tuple[str, ...], ...]


def made(rules: int = 5_000, categories: int = 400, areas: int = 2_000, seed: int = 7) -> Made:
    """A rulebook that compiles: most rules for a category and an area, some for circumstances, none tied."""
    dice = random.Random(seed)
    classes = [f"class:{n:02}" for n in range(20)]
    category_paths = tuple((classes[n % len(classes)], f"c{n:03}") for n in range(categories))
    area_paths = tuple(("city", f"d{n % 10}", f"s{n % 100:03}", f"g{n:05}") for n in range(areas))
    category_tree, area_tree = Tree.build(category_paths), Tree.build(area_paths)
    roster = Roster([Unit(f"u{n:03}", f"unit {n}", phone="1") for n in range(200)])
    asked: set[tuple[str, ...]] = set()
    kept: list[Rule] = []
    while len(kept) < rules:
        category = dice.choice([*classes, *(path[1] for path in dice.choices(category_paths, k=60))])
        area = dice.choice(["", dice.choice(area_paths)[1], dice.choice(area_paths)[2], dice.choice(area_paths)[3]])
        source, urgency = (dice.choice(words) if dice.random() < 0.2 else "" for words in (SOURCES, URGENCIES))
        key = (category, area, source, urgency)
        if key not in asked:
            asked.add(key)
            kept.append(_rule(len(kept), key, f"u{dice.randrange(200):03}"))
    return Made(Rulebook("made", kept, roster, category_tree, area_tree), category_paths, area_paths)


def cases(made: Made, count: int, seed: int = 11) -> list[Facts]:
    """Facts of as many cases, spread evenly over all cells, so that no memory of like cases helps much."""
    dice = random.Random(seed)
    return [
        Facts(
            DAY,
            dice.choice(made.categories),
            dice.choice(made.areas),
            source=dice.choice(SOURCES),
            urgency=dice.choice(URGENCIES),
        )
        for _ in range(count)
    ]


def _rule(number: int, key: tuple[str, ...], lead: str) -> Rule:
    category, area, source, urgency = (frozenset({word} if word else ()) for word in key)
    return Rule(f"r{number:05}", (lead,), category=category, area=area, source=source, urgency=urgency)
