"""What is it? A code the source gave, else the component's, else keyword rules and model together, else «unclassified».

Called by ``handlers.file`` for a batch; never raises for what a report says, and never takes longer than its manner
allows: what the model has no time for is judged by the rules alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from classify.appeals import NOTHING, Appeals, Wish
from classify.opinion import TOP, Adviser, Guess, Opinion
from classify.rules import Hit, KeywordRule, Keywords
from domain.asset import ComponentCode
from domain.case import Judgement
from domain.catalogue import Catalogue, Category, Condition
from domain.errors import Invalid
from domain.report import Report


@dataclass(frozen=True, slots=True)
class Classification:
    """Category and filing condition, if any, with the judgement that explains them.

    ``top`` and ``classes`` are the likeliest 小类 and 大类 with their probabilities, empty where no model judged;
    ``model`` names it. ``wish`` is what the caller wants, and how urgent the words are.
    """

    category: Category | None
    condition: Condition | None
    judgement: Judgement
    top: tuple[Guess, ...] = ()
    classes: tuple[Guess, ...] = ()
    model: str = ""
    wish: Wish = NOTHING


_UNHEARD = Classification(None, None, Judgement("none", 0.0, "no code given and no keyword heard"))


class Classifier:
    """Answers for one catalogue, one set of rules and cues, and a model if there is one."""

    def __init__(
        self,
        catalogue: Catalogue,
        rules: Sequence[KeywordRule],
        appeals: Appeals | None = None,
        adviser: Adviser | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._keywords = Keywords(rules)
        self._appeals = appeals or Appeals(())
        self._adviser = adviser

    def classify_many(self, reports: Sequence[Report]) -> list[Classification]:
        """One classification a report, in order; the model is asked where neither code nor component tells."""
        firm = [self._firm(report) for report in reports]
        texts = ["" if found else report.text for found, report in zip(firm, reports, strict=True)]
        opinions = self._adviser.opinions(texts) if self._adviser else [None] * len(reports)
        return [
            replace(found or self._by_words(report, opinion), wish=self._appeals.heard(report.text))
            for found, report, opinion in zip(firm, reports, opinions, strict=True)
        ]

    def _firm(self, report: Report) -> Classification | None:
        """What a code or a component says; None where there is none that the catalogue knows."""
        given = self._given(report) if report.category else None
        if given is not None and given.category is not None:
            return given
        return self._component(report, self._heard(report.text)) if report.asset else None

    def _by_words(self, report: Report, opinion: Opinion | None) -> Classification:
        heard = self._heard(report.text)
        if opinion is not None and self._adviser is not None:
            return self._together(heard, opinion, self._adviser.id)
        if heard is None and report.category:
            heard = self._given(report)
        return self._untimely(heard or _UNHEARD, report)

    def _untimely(self, found: Classification, report: Report) -> Classification:
        """Says so where there is a model and it had no time."""
        if self._adviser is None or not report.text.strip():
            return found
        said = found.judgement
        return replace(found, judgement=replace(said, reason=f"{said.reason}; no time for the model"))

    def _given(self, report: Report) -> Classification:
        code = report.category or ""
        try:
            category = self._catalogue.find(code, report.kind)
        except Invalid as error:
            return Classification(None, None, Judgement("code", 0.0, error.code))
        try:
            condition = self._catalogue.condition(category, report.condition)
        except Invalid:
            condition = self._catalogue.condition(category, None)
            reason = "code given by the source; its condition belongs to another category, the first one is taken"
        else:
            reason = "code given by the source"
        if code not in (category.code, category.key):
            reason += f"; old code {code} is {category.code} now"
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
            tuple(dict.fromkeys(hit.rule.category for hit in rivals))[: TOP - 1],
        )
        return Classification(category, self._catalogue.condition(category, best.rule.condition), judgement)

    def _together(self, heard: Classification | None, opinion: Opinion, model: str) -> Classification:
        """Rules and model: agreeing they are as sure as the surer one; a sure model that disagrees halves the rule."""
        said = Classification(None, None, Judgement("none", 0.0, ""), opinion.top, opinion.classes, model)
        by, words = f"model {model}", _spoken(opinion)
        first = opinion.top[0]
        keys = tuple(guess.key for guess in opinion.top if guess.category)
        if heard is None or heard.category is None:
            if opinion.sure and first.category is not None:
                others = tuple(key for key in keys if key != first.key)
                condition = self._catalogue.condition(first.category, None)
                judgement = Judgement(by, first.probability, words, others)
                return replace(said, category=first.category, condition=condition, judgement=judgement)
            return replace(said, judgement=Judgement(by, 0.0, f"below the threshold: {words}", keys))
        rule = heard.judgement
        others = tuple(dict.fromkeys(key for key in (*rule.alternatives, *keys) if key != heard.category.key))
        confidence = rule.confidence
        if first.key == heard.category.key:
            confidence = max(confidence, first.probability)
        elif opinion.sure and heard.category.key in opinion.by_key:
            confidence /= 2
        judgement = Judgement(f"keywords, {by}", confidence, f"{rule.reason}; {words}", others[: TOP - 1])
        return replace(said, category=heard.category, condition=heard.condition, judgement=judgement)


def _spoken(opinion: Opinion) -> str:
    """The likeliest categories with their probabilities, and the words that spoke for the first."""
    chances = "、".join(f"{guess.name} {guess.probability:.0%}" for guess in opinion.top)
    heard = f" ({'、'.join(opinion.words)})" if opinion.words else ""
    whole = f"; 大类 {opinion.classes[0].name} {opinion.classes[0].probability:.0%}" if opinion.classes else ""
    return f"{chances}{heard}{whole}"


def _contested(best: Hit, rivals: Sequence[Hit]) -> bool:
    """Two categories of equal weight, each heard by words the other's do not contain: a person should look."""
    return any(
        rival.rule.weight == best.rule.weight and not all(any(w in b for b in best.words) for w in rival.words)
        for rival in rivals
    )
