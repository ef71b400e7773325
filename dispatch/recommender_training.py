"""Trains a recommender: the tallies of a history, and the weights that tell best what cases held out became."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from dispatch.history import Past, by_heirs
from dispatch.levels import Levels
from dispatch.recommender import Header, Recommender, Weights, softmax
from dispatch.roster import Roster
from dispatch.tallies import TRUSTS, Floats, Ints, Tallies
from domain.errors import Invalid

_FOLDS = 10
_STEPS = 80
_RIDGE = 1.0
"""How many cases' worth of doubt every weight carries, so that a short history changes little."""
_NUMBERS = 100_000_000
"""Most numbers the table of evidence may hold (400 MB); of a longer history the latest cases weigh the contexts."""


def train(history: Sequence[Past], roster: Roster, made_on: str = "") -> Recommender:
    """The recommender of a history. Raises ``Invalid`` with code ``history-too-short`` below twenty cases or two units.

    Deterministic. Figures of the header are of cases held out: ``first``, ``third`` (within three) and ``cases``.
    """
    past = sorted(by_heirs(history, roster), key=lambda one: one.day)
    cases = Counter(one.unit for one in past if not one.sent_back)
    if cases.total() < 2 * _FOLDS or len(cases) < 2:
        raise Invalid(
            "history-too-short", "历史案件不足", f"{cases.total()} cases of {len(cases)} units: 20 of 2 wanted"
        )
    tallies = Tallies(sorted(cases), Levels.of(past), roster)
    tallies.add(past)
    shares, known, priors, truth = _held_out(past, tallies)
    weights = _fit(shares, known, priors, truth)
    ranks = (-weights.scores(shares, known, priors)).argsort(axis=1, kind="stable")
    figures = {
        "first": float((ranks[:, 0] == truth).mean()),
        "third": float((ranks[:, :3] == truth[:, None]).any(axis=1).mean()),
    }
    return Recommender(tallies, weights, Header(made_on, cases.total(), figures))


def _held_out(past: Sequence[Past], tallies: Tallies) -> tuple[Floats, Ints, Floats, NDArray[np.int64]]:
    """The evidence for cases by tallies without their fold: (cases, units, contexts), its trust, priors, and units."""
    folds = [at % _FOLDS for at in range(len(past))]  # by turn in order of date
    places = {unit: at for at, unit in enumerate(tallies.units)}
    latest = max(200, _NUMBERS // (len(tallies.units) * tallies.levels.size))
    asked = _standing(past)[-latest:]
    shares = np.zeros((len(asked), len(tallies.units), tallies.levels.size), np.float32)
    known = np.zeros((len(asked), tallies.levels.size), np.int64)
    priors = np.zeros((len(asked), len(tallies.units)), np.float32)
    for fold in range(_FOLDS):
        hidden = [one for one, its in zip(past, folds, strict=True) if its == fold]
        tallies.add(hidden, -1.0)
        prior = tallies.prior()
        for row, at in enumerate(asked):
            if folds[at] == fold:
                shares[row], known[row] = tallies.evidence(past[at].categories, past[at].areas, prior)
                priors[row] = np.log(prior)
        tallies.add(hidden)
    return shares, known, priors, np.array([places[past[at].unit] for at in asked], np.int64)


def _standing(past: Sequence[Past]) -> list[int]:
    """The places of the cases units kept, less one for each like case they sent back, the oldest first."""
    refused = Counter((one.categories, one.areas, one.unit) for one in past if one.sent_back)
    kept: list[int] = []
    for at, one in enumerate(past):
        like = one.categories, one.areas, one.unit
        if not one.sent_back and refused[like] <= 0:
            kept.append(at)
        elif not one.sent_back:
            refused[like] -= 1
    return kept


def _fit(shares: Floats, known: Ints, priors: Floats, truth: NDArray[np.int64]) -> Weights:
    """The weights under which what happened is likeliest.

    At first all contexts speak alike, and together as loudly as one; nothing speaks against what it has seen.
    """
    cases, _, contexts = shares.shape
    rows = np.arange(cases)
    shape = contexts, TRUSTS
    start = np.append(np.full(contexts * TRUSTS, 1 / contexts), 0.0)
    ridge = _RIDGE / cases

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = Weights(flat[:-1].reshape(shape).astype(np.float32), float(flat[-1]))
        wrong = softmax(weights.scores(shares, known, priors))
        likely = -np.log(wrong[rows, truth] + 1e-12).mean()
        wrong[rows, truth] -= 1
        by_context = np.einsum("nuc,nu->nc", shares, wrong.astype(np.float32)) / cases
        slopes = np.zeros(shape)
        np.add.at(slopes, (np.arange(contexts), known), by_context)
        slope = np.append(slopes.ravel(), (priors * wrong).sum() / cases)
        return float(likely + ridge * ((flat - start) ** 2).sum()), slope + 2 * ridge * (flat - start)

    bounds = [*[(0.0, None)] * (len(start) - 1), (None, None)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": _STEPS}).x
    return Weights(found[:-1].reshape(shape).astype(np.float32), float(found[-1]))
