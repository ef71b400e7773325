"""An engine with a memory: where no rule of the book holds, what became of cases like this is asked."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf
from typing import Protocol

from dispatch.facts import Facts
from dispatch.recommender import Recommends
from dispatch.roster import Roster
from domain.case import Suggestion, Verdict

RECOMMENDED = "recommended"
"""Stands for the rule in a verdict where history decided."""


class Judges(Protocol):
    """Whoever judges by a rulebook; the book may change between two calls."""

    def choose_many(self, facts: Sequence[Facts]) -> list[Verdict]:
        """One verdict for each, in order."""


class AdvisedEngine:
    """Judges by ``rules``, and asks ``recommender`` where these say nothing.

    A verdict without a rule gets the units that history speaks for, those of them that are in office. The first leads,
    instead of the duty desk or the fallback, if it is as likely as ``dispatch_from`` (0 to 1) and nobody has sent the
    case back. Cases handled at another level are left alone: their unit does not depend on the matter.
    """

    def __init__(self, rules: Judges, recommender: Recommends, roster: Roster, dispatch_from: float = inf) -> None:
        self._rules = rules
        self._recommender = recommender
        self._roster = roster
        self._dispatch_from = dispatch_from

    def choose_many(self, facts: Sequence[Facts]) -> list[Verdict]:
        """One verdict for each, in order; ``rule`` is ``recommended`` where history decided."""
        verdicts = self._rules.choose_many(facts)
        return [
            verdict if verdict.rule or one.level else self._advised(one, verdict)
            for one, verdict in zip(facts, verdicts, strict=True)
        ]

    def _advised(self, facts: Facts, verdict: Verdict) -> Verdict:
        advice = self._recommender.advise(facts)
        named = ((self._roster.resolve(one.unit, facts.areas, facts.day), one.probability) for one in advice.suggested)
        suggested = tuple(Suggestion(unit, share) for unit, share in named if unit and unit not in facts.refused_by)
        if not suggested or facts.sent_back or suggested[0].probability < self._dispatch_from:
            return replace(verdict, suggested=suggested)
        unit, share = suggested[0].unit, suggested[0].probability
        reason = f"{RECOMMENDED}, {share:.0%} sure ({self._dispatch_from:.0%} is enough): no rule holds; {advice.says}"
        return replace(verdict, lead=unit, rule=RECOMMENDED, reason=reason, suggested=suggested)
