"""Who must act? Facts in, verdicts out, each with its rule and its reasons. Judging never writes anything."""

from collections.abc import Sequence

from dispatch.facts import Facts
from dispatch.roster import Roster
from dispatch.rulebook import Rulebook
from dispatch.rules import ANY, Rule
from domain.case import Verdict

_PASSED_OVER = 3


class Engine:
    """Judges by one rulebook. Equal facts get the same verdict object, so that a flood of like cases is cheap."""

    _MEMORY = 65_536

    def __init__(self, rulebook: Rulebook) -> None:
        self._rulebook = rulebook
        self._memory: dict[Facts, Verdict] = {}

    def choose_many(self, facts: Sequence[Facts]) -> list[Verdict]:
        """One verdict for each, in order; ``lead`` None means that no rule matched and the duty desk must decide."""
        return [self._memory.get(f) or self._choose(f) for f in facts]

    def _choose(self, facts: Facts) -> Verdict:
        if len(self._memory) >= self._MEMORY:
            self._memory.clear()
        verdict = self._memory[facts] = self._judge(facts)
        return verdict

    def _judge(self, facts: Facts) -> Verdict:
        roster, version = self._rulebook.roster, self._rulebook.version
        passed_over: list[str] = []
        chosen: Verdict | None = None
        for entry in self._rulebook.candidates(facts.category, facts.class_code):
            rule = entry.rule
            against = _against(rule, facts, roster)
            if against:
                passed_over.append(f"{rule.id}: {against}")
            elif chosen is None:
                lead = roster.resolve(rule.lead, facts.areas)
                assist = (roster.resolve(name, facts.areas) for name in rule.assist)
                others = tuple(dict.fromkeys(u for u in assist if u is not None and u != lead))
                chosen = Verdict(lead, others, rule.id, version, _reason(rule))
            else:
                passed_over.append(f"{rule.id}: less specific than {chosen.rule}")
            if chosen is not None and len(passed_over) >= _PASSED_OVER:
                break
        if chosen is None:
            reason = "no rule of the rulebook matches; the duty desk decides"
            return Verdict(None, rulebook=version, reason=reason, passed_over=tuple(passed_over[:_PASSED_OVER]))
        return Verdict(
            chosen.lead, chosen.assist, chosen.rule, version, chosen.reason, tuple(passed_over[:_PASSED_OVER])
        )


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
    lead = roster.resolve(rule.lead, facts.areas)
    if lead is None:
        return f"no unit {rule.lead} answers for this area"
    return f"{lead} sent this case back before" if lead in facts.refused_by else ""


def _reason(rule: Rule) -> str:
    asked = {"category": rule.category, "area": rule.area, "source": rule.source, "urgency": rule.urgency,
             "condition": rule.condition}  # fmt: skip
    said = ", ".join(f"{name} {value}" for name, value in asked.items() if value != ANY)
    return f"rule {rule.id}: {said or 'holds always'}"
