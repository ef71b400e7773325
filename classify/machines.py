"""The linear machines that a model is the sum of, each trained on some of the views."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, hstack
from sklearn.svm import LinearSVC

from classify.model import softmax
from classify.views import Floats

Ints = NDArray[np.int64]

_KEEP = 1e-4
"""How strongly shares and offsets are held near zero."""

ALL = frozenset({"chars", "words", "head"})


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a machine is made: the views it looks at, and what an error costs it.

    ``telling``: n-grams are weighted by the logarithm of how much oftener they stand in a class than outside (Wang
    and Manning 2012, «Baselines and Bigrams», NB-SVM).
    """

    views: frozenset[str]
    telling: bool
    cost: float


RECIPES = (
    Recipe(ALL, telling=False, cost=0.3),
    Recipe(ALL, telling=True, cost=1.0),
    Recipe(frozenset({"chars"}), telling=True, cost=1.0),
    Recipe(frozenset({"head"}), telling=False, cost=0.5),
)


@dataclass(frozen=True, slots=True)
class Machine:
    """A trained machine: a matrix (n-grams by labels) for each view it looks at, and a bias."""

    weights: Mapping[str, Floats]
    bias: Floats

    def answers(self, matrices: Mapping[str, csr_matrix]) -> Floats:
        """The score of every label (columns) for every row."""
        return np.asarray(sum(matrices[name] @ each for name, each in self.weights.items()) + self.bias, np.float32)


def train(recipe: Recipe, matrices: Mapping[str, csr_matrix], y: Ints, labels: int) -> Machine:
    """A machine by its recipe, on the views of ``matrices`` it asks for; ``y`` holds a label's number a row."""
    names = [name for name in matrices if name in recipe.views]
    rows = hstack([matrices[name] for name in names], format="csr", dtype=np.float32)
    told = _telling(rows, y, labels) if recipe.telling else np.ones((rows.shape[1], labels), np.float32)
    weights = np.zeros((rows.shape[1], labels), np.float32)
    bias = np.zeros(labels, np.float32)
    for label in range(labels):
        scaled = rows.multiply(told[:, label]).tocsr() if recipe.telling else rows
        machine = LinearSVC(C=recipe.cost, random_state=0).fit(scaled, y == label)
        weights[:, label] = machine.coef_.ravel() * told[:, label]
        bias[label] = machine.intercept_[0]
    ends = np.cumsum([matrices[name].shape[1] for name in names])
    return Machine(dict(zip(names, np.split(weights, ends[:-1]), strict=True)), bias)


def _telling(rows: csr_matrix, y: Ints, labels: int) -> Floats:
    """For each n-gram and label: log of its share in the label's rows by its share in the others'."""
    present = rows.copy()
    present.data = np.ones_like(present.data)
    member = csr_matrix((np.ones(len(y), np.float32), (y, np.arange(len(y)))), shape=(labels, len(y)))
    inside = np.asarray((member @ present).todense(), np.float64).T
    outside = inside.sum(axis=1, keepdims=True) - inside + 1
    inside += 1
    ratio: Floats = np.log(inside / inside.sum(axis=0) / (outside / outside.sum(axis=0))).astype(np.float32)
    return ratio


def combination(answers: Floats, y: Ints) -> tuple[Floats, Floats]:
    """The machines' shares and the labels' offsets under which the softmax of the sum is most likely true.

    ``answers`` (machines, rows, labels) are scores of rows not trained on. The size of the
    shares is the temperature, so that this also calibrates.
    """
    stacked = answers.astype(np.float64)
    count, rows, labels = stacked.shape
    truth = np.zeros((rows, labels))
    truth[np.arange(rows), y] = 1.0

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        shares, offset = point[:count], point[count:]
        probabilities = softmax(np.tensordot(shares, stacked, 1) + offset)
        wrong = (probabilities - truth) / rows
        value = -np.log(probabilities[truth == 1.0] + 1e-12).mean() + _KEEP * float(point @ point)
        slope = np.concatenate([np.tensordot(stacked, wrong, 2), wrong.sum(axis=0)]) + 2 * _KEEP * point
        return float(value), slope

    best = minimize(loss, np.concatenate([np.ones(count), np.zeros(labels)]), jac=True, method="L-BFGS-B").x
    return best[:count].astype(np.float32), best[count:].astype(np.float32)
