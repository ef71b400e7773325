"""Who must act? Facts in, verdicts out, each with its rule and its reasons. Judging never writes anything."""

from collections.abc import Sequence
from dataclasses import replace

from dispatch.facts import Facts
from dispatch.roster import Roster
from dispatch.rulebook import Rulebook
from dispatch.rules import ANY, Rule
from domain.case import Verdict

_PASSED_OVER = 3
_NO_RULE = "no rule of the rulebook matches"


class Engine:
    """Judges by one rulebook. Equal facts get the same verdict object, so that a flood of like cases is cheap."""

    _MEMORY = 65_536

    def __init__(self, rulebook: Rulebook) -> None:
        self._rulebook = rulebook
        self._memory: dict[Facts, Verdict] = {}

    def choose_many(self, facts: Sequence[Facts]) -> list[Verdict]:
        """One verdict for each, in order; ``lead`` None means that the duty desk must decide, ``reason`` why.

        The rule decides; where none holds, the fallback unit of the territory (属地兜底) leads. A case that was raised
        or lowered is led by who answers for its area at that level, and whom the rule names assists. ``rule`` is empty
        where the lead is not the rule's.
        """
        return [self._memory.get(f) or self._choose(f) for f in facts]

    def _choose(self, facts: Facts) -> Verdict:
        if len(self._memory) >= self._MEMORY:
            self._memory.clear()
        verdict = self._memory[facts] = self._judge(facts)
        return verdict

    def _judge(self, facts: Facts) -> Verdict:
        ordinary = self._by_rule(facts)
        if facts.level:
            return self._at_level(facts, ordinary)
        return self._fallback(facts, ordinary) if ordinary.lead is None else ordinary

    def _by_rule(self, facts: Facts) -> Verdict:
        roster = self._rulebook.roster
        passed_over: list[str] = []
        lead: str | None = None
        chosen: Rule | None = None
        for entry in self._rulebook.candidates(facts.category, facts.class_code):
            rule = entry.rule
            against = _against(rule, facts, roster)
            if against:
                passed_over.append(f"{rule.id}: {against}")
            elif chosen is None:
                chosen, lead = rule, roster.resolve(rule.lead, facts.areas)
            else:
                passed_over.append(f"{rule.id}: less specific than {chosen.id}")
            if chosen is not None and len(passed_over) >= _PASSED_OVER:
                break
        assist = (roster.resolve(name, facts.areas) for name in chosen.assist) if chosen else ()
        return Verdict(
            lead,
            tuple(dict.fromkeys(unit for unit in assist if unit is not None and unit != lead)),
            rule=chosen.id if chosen else "",
            rulebook=self._rulebook.version,
            reason=_reason(chosen) if chosen else f"{_NO_RULE}; the duty desk decides",
            passed_over=tuple(passed_over[:_PASSED_OVER]),
        )

    def _fallback(self, facts: Facts, ordinary: Verdict) -> Verdict:
        name = self._rulebook.fallback
        if not name:
            return ordinary
        unit = self._rulebook.roster.resolve(name, facts.areas)
        against = _not_this(unit, name, facts)
        if against:
            return replace(ordinary, reason=f"{_NO_RULE} and {against}; the duty desk decides")
        return replace(ordinary, lead=unit, reason=f"属地兜底: {_NO_RULE}; {unit} answers for the territory")

    def _at_level(self, facts: Facts, ordinary: Verdict) -> Verdict:
        unit = self._rulebook.roster.at_level(facts.level, facts.areas)
        against = _not_this(unit, f"at level {facts.level}", facts)
        if against:
            reason = f"handled at level {facts.level}: {against}; the duty desk decides"
            return replace(ordinary, lead=None, assist=(), rule="", reason=reason)
        named = () if ordinary.lead is None else (ordinary.lead, *ordinary.assist)
        assist = tuple(other for other in named if other != unit)
        whom = f"assisted by whom {ordinary.reason} names" if assist else "nobody else is called"
        reason = f"handled at level {facts.level}: {unit} answers for the territory; {whom}"
        return replace(ordinary, lead=unit, assist=assist, rule="", reason=reason)


def _against(rule: Rule, facts: Facts, roster: Roster) -> str:
    """What speaks against a rule, in words; empty if it holds."""
    if rule.area not in (ANY, *facts.areas):
        return f"area {rule.area} does not hold the case"
    for name, asked, given in (
        ("source", rule.source, facts.source),
        ("urgency", rule.urgency, facts.urgency),
        ("condition", rule.condition, facts.condition),
    ):
        if asked not in (ANY, given):
            return f"{name} is {given or 'none'}, not {asked}"
    return _not_this(roster.resolve(rule.lead, facts.areas), rule.lead, facts)


def _not_this(unit: str | None, name: str, facts: Facts) -> str:
    """What speaks against a unit that was sought as ``name``, in words; empty if it may lead."""
    if unit is None:
        return f"no unit {name} answers for this area"
    return f"{unit} sent this case back before" if unit in facts.refused_by else ""


def _reason(rule: Rule) -> str:
    asked = {"category": rule.category, "area": rule.area, "source": rule.source, "urgency": rule.urgency,
             "condition": rule.condition}  # fmt: skip
    said = ", ".join(f"{name} {value}" for name, value in asked.items() if value != ANY)
    return f"rule {rule.id}: {said or 'holds always'}"
