"""Which unit is most likely the right one, by what became of cases like this; asked where no rule speaks.

A conditional logit (D. McFadden, 1974): every context of the tallies speaks for each unit as loudly as its weight says,
and the weights are learnt once for all units. Trained by ``recommender_training``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dispatch.facts import Facts
from dispatch.tallies import Floats, Ints, Tallies
from domain.case import Suggestion

_TOP = 3
_MEMORY = 65_536


@dataclass(frozen=True, slots=True)
class Advice:
    """The likeliest units, the surest first, and in words what speaks for the first."""

    suggested: tuple[Suggestion, ...] = ()
    says: str = ""


class Recommends(Protocol):
    """What the engine asks where no rule of the book holds."""

    def advise(self, facts: Facts) -> Advice:
        """The units history speaks for, never one that sent the case back; empty where it knows none."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How loudly each context speaks, by how well it is known (contexts, ``TRUSTS``), and how loudly the usual shares.

    ``prior`` may be negative: where many contexts say the same, each of them has counted the usual shares in.
    """

    contexts: Floats
    prior: float

    def scores(self, shares: Floats, known: Ints, usual: Floats) -> Floats:
        """The logits of cases (…, units).

        ``shares`` (…, units, contexts) and ``usual`` (…, units) are logarithms, ``known`` is (…, contexts).
        """
        loud = self.contexts[np.arange(self.contexts.shape[0]), known]
        scores: Floats = np.einsum("...uc,...c->...u", shares, loud) + np.float32(self.prior) * usual
        return scores


@dataclass(frozen=True, slots=True)
class Header:
    """What a model says of itself: the day it was made, how many cases it knows, and figures measured with it."""

    made_on: str
    cases: int
    figures: Mapping[str, float]


class Recommender:
    """Tallies with their weights. Raises nothing; a case like none before gets the units that usually have cases."""

    def __init__(self, tallies: Tallies, weights: Weights, header: Header) -> None:
        self.tallies = tallies
        self.weights = weights
        self.header = header
        self._prior = tallies.prior()
        self._log_prior = np.log(self._prior)
        self._given: dict[tuple[tuple[str, ...], tuple[str, ...], frozenset[str]], Advice] = {}

    def probabilities(self, categories: Sequence[str], areas: Sequence[str]) -> NDArray[np.float64]:
        """Of every unit of the tallies (units,), together 1."""
        shares, known = self.tallies.evidence(categories, areas, self._prior)
        return softmax(self.weights.scores(shares, known, self._log_prior))

    def advise(self, facts: Facts) -> Advice:
        """The top three; a unit that sent the case back is left out, and the others' shares grow."""
        case = facts.categories, facts.areas, facts.refused_by
        found = self._given.get(case)
        if found is None:
            if len(self._given) >= _MEMORY:
                self._given.clear()
            found = self._given[case] = self._advise(facts)
        return found

    def _advise(self, facts: Facts) -> Advice:
        found = self.probabilities(facts.categories, facts.areas)
        units = self.tallies.units
        for at, unit in enumerate(units):
            if unit in facts.refused_by:
                found[at] = 0.0
        total = float(found.sum())
        if total <= 0:
            return Advice()
        best = np.argsort(-found, kind="stable")[:_TOP].tolist()
        top = tuple(Suggestion(units[at], round(float(found[at]) / total, 4)) for at in best if found[at] > 0)
        (category, area), had, of = self.tallies.held(facts.categories, facts.areas, top[0].unit)
        where = ", ".join(filter(None, (category, area))) or "any case"
        return Advice(top, f"{top[0].unit} had {had} of {of} cases of {where}" if of else "no such case is known")


def softmax(scores: Floats) -> NDArray[np.float64]:
    """Probabilities of logits, along the last axis."""
    raised = np.exp((scores - scores.max(axis=-1, keepdims=True)).astype(np.float64))
    shares: NDArray[np.float64] = raised / raised.sum(axis=-1, keepdims=True)
    return shares
