"""What is it? A code the source gave, else the component's, else the keyword rules, else «unclassified».

Called by ``handlers.file`` for a batch; never raises for what a report says.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from classify.rules import Hit, KeywordRule, Keywords
from domain.asset import ComponentCode
from domain.case import Judgement
from domain.catalogue import Catalogue, Category, Condition
from domain.errors import Invalid
from domain.report import Report

_TOP = 3


@dataclass(frozen=True, slots=True)
class Classification:
    """Category and filing condition, if any, with the judgement that explains them."""

    category: Category | None
    condition: Condition | None
    judgement: Judgement


class Classifier:
    """Answers for one catalogue and one set of rules."""

    def __init__(self, catalogue: Catalogue, rules: Sequence[KeywordRule]) -> None:
        self._catalogue = catalogue
        self._keywords = Keywords(rules)

    def classify_many(self, reports: Sequence[Report]) -> list[Classification]:
        """One classification a report, in order."""
        return [self._classify(report) for report in reports]

    def _classify(self, report: Report) -> Classification:
        given = self._given(report) if report.category else None
        if given is not None and given.category is not None:
            return given
        heard = self._heard(report.text)
        component = self._component(report, heard) if report.asset else None
        if component is not None:
            return component
        if heard is not None:
            return heard
        return given or Classification(None, None, Judgement("none", 0.0, "no code given and no keyword heard"))

    def _given(self, report: Report) -> Classification:
        try:
            category = self._catalogue.find(report.category or "", report.kind)
        except Invalid as error:
            return Classification(None, None, Judgement("code", 0.0, error.code))
        try:
            condition = self._catalogue.condition(category, report.condition)
        except Invalid:
            condition = self._catalogue.condition(category, None)
            reason = "code given by the source; its condition belongs to another category, the first one is taken"
        else:
            reason = "code given by the source"
        return Classification(category, condition, Judgement("code", 1.0, reason))

    def _component(self, report: Report, heard: Classification | None) -> Classification | None:
        """The event of the component it names; the words may say which of its conditions holds."""
        try:
            category = ComponentCode.parse(report.asset or "").event(self._catalogue)
        except Invalid:
            return None
        if heard is not None and heard.category == category:
            reason = f"component code; {heard.judgement.reason}"
            return Classification(category, heard.condition, Judgement("component", 1.0, reason))
        other = (heard.category.key,) if heard is not None and heard.category else ()
        named = [c for c in self._catalogue.conditions.get(category.key, ()) if c.id == report.condition]
        condition = named[0] if named else self._catalogue.condition(category, None)
        return Classification(category, condition, Judgement("component", 1.0, "component code", other))

    def _heard(self, text: str) -> Classification | None:
        hits = self._keywords.hits(text)
        if not hits:
            return None
        best = hits[0]
        category = self._catalogue.categories[best.rule.category]
        rivals = [hit for hit in hits[1:] if hit.rule.category != best.rule.category]
        judgement = Judgement(
            "keywords",
            best.rule.weight / 2 if _contested(best, rivals) else best.rule.weight,
            "heard " + "、".join(best.words),
            tuple(dict.fromkeys(hit.rule.category for hit in rivals))[: _TOP - 1],
        )
        return Classification(category, self._catalogue.condition(category, best.rule.condition), judgement)


def _contested(best: Hit, rivals: Sequence[Hit]) -> bool:
    """Two categories of equal weight, each heard by words the other's do not contain: a person should look."""
    return any(
        rival.rule.weight == best.rule.weight and not all(any(w in b for b in best.words) for w in rival.words)
        for rival in rivals
    )
