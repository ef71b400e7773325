"""The compiled rulebook. Specificity decides, never the order of rows; a tie is a fault found when it is compiled."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dispatch.roster import Roster
from dispatch.rules import ANY, Rule
from domain.errors import Fault, Invalid

# How much a condition narrows. A category beats any area, an area any circumstance; deeper is more specific.
_CONDITION, _CATEGORY, _CLASS, _AREA, _URGENCY, _SOURCE = 4096, 2048, 1024, 16, 4, 2


@dataclass(frozen=True, slots=True)
class Ranked:
    """A rule with its specificity; the highest that holds wins."""

    rule: Rule
    rank: int


class Rulebook:
    """Rules of one version, indexed by what they ask of the category.

    ``fallback`` (兜底) is who leads where no rule holds, a unit's id or ``@kind``; empty leaves that to the duty desk.
    Raises ``Invalid`` listing every fault: unknown units or areas, and pairs of rules that tie.
    """

    def __init__(
        self,
        version: str,
        rules: Sequence[Rule],
        roster: Roster,
        area_depth: Mapping[str, int],
        fallback: str = "",
    ) -> None:
        self.version = version
        self.roster = roster
        self.fallback = fallback
        ranked = [Ranked(rule, _rank(rule, area_depth)) for rule in rules]
        faults = [*_unknown(rules, fallback, roster, area_depth), *_ties(ranked)]
        if faults:
            raise Invalid("rulebook-invalid", "派单目录有误", f"{len(faults)} faults", tuple(faults))
        by_category: dict[str, list[Ranked]] = defaultdict(list)
        for entry in sorted(ranked, key=lambda entry: -entry.rank):
            by_category[entry.rule.category].append(entry)
        self._by_category = dict(by_category)

    def candidates(self, category: str, class_code: str) -> list[Ranked]:
        """The rules that may speak for a category, the most specific first."""
        found: list[Ranked] = []
        for key in (category, f"class:{class_code}", ANY):
            found.extend(self._by_category.get(key, ()))
        found.sort(key=lambda entry: (-entry.rank, entry.rule.id))
        return found


def _rank(rule: Rule, area_depth: Mapping[str, int]) -> int:
    rank = 0
    if rule.category.startswith("class:"):
        rank += _CLASS
    elif rule.category != ANY:
        rank += _CATEGORY
    if rule.area != ANY:
        rank += _AREA * (1 + area_depth.get(rule.area, 0))
    rank += _CONDITION * (rule.condition != ANY) + _URGENCY * (rule.urgency != ANY) + _SOURCE * (rule.source != ANY)
    return rank


def _unknown(rules: Sequence[Rule], fallback: str, roster: Roster, area_depth: Mapping[str, int]) -> Iterable[Fault]:
    # a kind is looked up by area, so only units that answer for one can be found by it
    known = {*roster.units, *(f"@{unit.kind}" for unit in roster.units.values() if unit.kind and unit.areas)}
    if fallback and fallback not in known:
        yield Fault("/fallback", "unit-unknown", fallback)
    for rule in rules:
        for name in (rule.lead, *rule.assist):
            if name not in known:
                yield Fault(f"/{rule.id}/lead", "unit-unknown", name)
        if rule.area != ANY and rule.area not in area_depth:
            yield Fault(f"/{rule.id}/area", "area-unknown", rule.area)


def _ties(ranked: Sequence[Ranked]) -> Iterable[Fault]:
    """Two rules of equal rank that could both hold for one case."""
    first: dict[tuple[object, ...], Rule] = {}
    for entry in ranked:
        rule = entry.rule
        key = (entry.rank, rule.category, rule.area, rule.source, rule.urgency, rule.condition)
        if key in first:
            yield Fault(f"/{rule.id}", "rule-tie", f"asks the same as {first[key].id}")
        first.setdefault(key, rule)
