"""What old cases and names tell of a city's units: which are of one kind, and which only got another name.

Asked when a pack is drafted. What it finds are proposals for ``units.csv`` that a person reads.
"""

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import permutations

from dispatch.history import Past
from dispatch.roster import Unit
from dispatch.rules import Validity

_BRACKETS = re.compile(r"[（(].*?[）)]")
_LEVEL = re.compile(r"(街道|社区|镇|乡|村|区|县|市)$")
_OFFICE = re.compile(r"[（(]?(街道办事处|街道办|办事处)[）)]?|^街道|[（）()]|工作站$")
_AT_HOME = 0.8
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Local:
    """A unit of a kind of which every area has its own, and the code of its area."""

    kind: str
    area: str


@dataclass(frozen=True, slots=True)
class Succession:
    """A unit that goes on as ``new`` from a day on; ``against`` counts the cases of both on the wrong side of it."""

    old: str
    new: str
    since: date
    against: int


def units_found(history: Sequence[Past], names: Mapping[str, str], areas: Mapping[str, str]) -> list[Unit]:
    """The units of a history as a roster may have them, by id: with kinds and areas, ends and successors.

    ``names`` and ``areas`` are names by id and code; a unit without a name bears its id.
    """
    steps = successions(history, names)
    ends, begins = {step.old: step for step in steps}, {step.new: step for step in steps}
    lasting = [replace(past, unit=ends[past.unit].new) if past.unit in ends else past for past in history]
    local = kinds(lasting, names, areas)
    found: list[Unit] = []
    for unit in sorted({past.unit for past in history}):
        end, begin = ends.get(unit), begins.get(unit)
        home = local.get(end.new if end else unit)
        found.append(
            Unit(
                unit,
                names.get(unit, unit),
                kind=home.kind if home else "",
                areas=(home.area,) if home else (),
                valid=Validity(begin.since if begin else None, end.since - _DAY if end else None),
                successor=end.new if end else "",
            )
        )
    return found


def kinds(history: Sequence[Past], units: Mapping[str, str], areas: Mapping[str, str]) -> dict[str, Local]:
    """The units that bear the name of the area nearly all their cases lie in, by id.

    ``units`` and ``areas`` are names by id and code. What is left of the name is the kind: «龙田街道综合执法队» and
    «马峦办事处综合执法队» are both a 综合执法队. Of several in one area the one with most cases has the kind.
    """
    lie: dict[str, Counter[str]] = defaultdict(Counter)
    for past in history:
        lie[past.unit].update(past.areas)
        lie[past.unit][""] += 1
    taken: dict[Local, str] = {}
    for unit, counts in sorted(lie.items(), key=lambda item: (-item[1][""], item[0])):
        local = next(_locals(units.get(unit, unit), counts, areas), None)
        if local is not None:
            taken.setdefault(local, unit)
    return {unit: local for local, unit in taken.items()}


def _locals(name: str, lie: Counter[str], areas: Mapping[str, str]) -> Iterator[Local]:
    """The best fit first: an area whose whole name the unit bears, then the one with fewer cases."""
    fits = sorted(areas.items(), key=lambda area: (area[1] not in name, lie[area[0]], area[0]))
    for code, area in fits:
        stem = _LEVEL.sub("", area)
        if len(stem) > 1 and stem in name and lie[code] >= _AT_HOME * lie[""]:
            own = _BRACKETS.sub("", name)
            rest = _OFFICE.sub("", (own if stem in own else name).replace(stem, ""))
            if rest:
                yield Local(rest, code)


def successions(history: Sequence[Past], units: Mapping[str, str]) -> list[Succession]:
    """Units of one name but for brackets, of which one ends where the other begins, in the same areas.

    A unit takes part in one succession at most, so that there are no circles.
    """
    days: dict[str, list[date]] = defaultdict(list)
    lie: dict[str, Counter[str]] = defaultdict(Counter)
    for past in sorted(history, key=lambda past: past.day):
        days[past.unit].append(past.day)
        lie[past.unit][past.areas[-1] if past.areas else ""] += 1
    alike: dict[str, list[str]] = defaultdict(list)
    for unit in sorted(days):
        alike[_BRACKETS.sub("", units.get(unit, unit))].append(unit)
    found: list[Succession] = []
    for group in alike.values():
        steps = [_step(old, new, days) for old, new in permutations(group, 2) if _overlap(lie[old], lie[new])]
        taken: set[str] = set()
        for step in sorted(steps, key=lambda step: (step.against, step.old, step.new)):
            if step.against * 2 < min(len(days[step.old]), len(days[step.new])) and taken.isdisjoint(
                (step.old, step.new)
            ):
                taken |= {step.old, step.new}
                found.append(step)
    return sorted(found, key=lambda step: (step.since, step.old))


def _step(old: str, new: str, days: Mapping[str, Sequence[date]]) -> Succession:
    """The day that leaves the fewest cases of the old unit after it, and of the new one before it."""
    before, after = days[old], days[new]
    wrong = {day: len(before) - bisect_left(before, day) + bisect_left(after, day) for day in after}
    since = min(wrong, key=lambda day: (wrong[day], day))
    return Succession(old, new, since, wrong[since])


def _overlap(one: Counter[str], other: Counter[str]) -> bool:
    """Whether half of the cases of the one lie where those of the other do."""
    of, others = one.total(), other.total()
    return sum(min(count / of, other[area] / others) for area, count in one.items()) >= 0.5
