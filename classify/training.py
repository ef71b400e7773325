"""Makes a model of texts whose labels people gave. Used by ``cityloop classify train`` and the evaluation.

Several linear machines answer rows they were not trained on; from these answers come their shares, the calibration,
the figures and the thresholds. As everything is linear, the sum of the machines is one matrix a view: fast, and every
word's part in an answer can be named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.model_selection import StratifiedGroupKFold

from classify.lexicon import Lexicon
from classify.machines import RECIPES, Ints, Machine, combination, train
from classify.model import Header, Model, softmax
from classify.scores import accuracy_of_surest, expected_calibration_error, macro_f1, thresholds
from classify.tally import Rows, Tally, Weighing
from classify.views import SHAPES, Content, Floats
from domain.errors import Invalid

PRECISIONS = (0.8, 0.85, 0.9, 0.95, 0.98)
_FOLDS = 4
_FEWEST = 2 * _FOLDS
"""Groups a label needs: below it cannot be measured, and its rows are left out."""


@dataclass(frozen=True, slots=True)
class Example:
    """One row of training data: a raw text, or ``words`` where it comes cut; rows of one ``group`` stay together."""

    label: str
    group: str
    text: str = ""
    words: tuple[str, ...] = ()


def fit(examples: Sequence[Example], data: str, made_on: str) -> Model:
    """The model of these rows; ``data`` is their hash and ``made_on`` the day, for the header.

    Labels with fewer than eight groups are left out. Raises ``Invalid`` with code ``training-data-invalid`` where
    fewer than two labels remain.
    """
    kept = _enough(examples)
    labels = tuple(sorted({one.label for one in kept}))
    if len(labels) < 2:
        raise Invalid("training-data-invalid", "训练数据不足", f"two labels with {_FEWEST} groups each wanted")
    y = np.array([labels.index(one.label) for one in kept], dtype=np.int64)
    lexicon = Lexicon.of(one.words for one in kept if one.words)
    contents = [Content(one.words) if one.words else Content.of(one.text, lexicon) for one in kept]
    tallies = [Tally.of(shape, contents) for shape in SHAPES if lexicon or not shape.by_word]

    answers = _cross_answers(tallies, y, [one.group for one in kept], len(labels))
    shares, offset = combination(answers, y)
    probabilities = softmax(np.tensordot(shares, answers, 1) + offset)
    figures = {
        "accuracy": float((probabilities.argmax(axis=1) == y).mean()),
        "macro_f1": macro_f1(y, probabilities.argmax(axis=1)),
        "calibration_error": expected_calibration_error(probabilities, y),
        "accuracy_of_surest_85": accuracy_of_surest(probabilities, y, 0.85),
    }
    reached = {str(wished): thresholds(probabilities, y, wished) for wished in PRECISIONS}
    weighings, machines = _trained(tallies, np.arange(len(y)), y, len(labels))
    return Model(
        Header(labels, data, made_on, len(kept), figures, reached),
        lexicon,
        tuple(tally.view(weighing) for tally, weighing in zip(tallies, weighings, strict=True)),
        tuple(_summed(tally.shape.name, machines, shares) for tally in tallies),
        np.asarray(offset + shares @ np.stack([machine.bias for machine in machines]), np.float32),
    )


def _enough(examples: Sequence[Example]) -> list[Example]:
    groups: dict[str, set[str]] = {}
    for one in examples:
        groups.setdefault(one.label, set()).add(one.group)
    return [one for one in examples if len(groups[one.label]) >= _FEWEST]


def _cross_answers(tallies: Sequence[Tally], y: Ints, groups: Sequence[str], labels: int) -> Floats:
    """What each machine (first axis) says of rows that were in none of its training folds."""
    answers = np.zeros((len(RECIPES), len(y), labels), np.float32)
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0)
    for known, asked in folds.split(np.zeros(len(y)), y, groups):
        weighings, machines = _trained(tallies, known, y, labels)
        matrices = _matrices(tallies, weighings, asked)
        for at, machine in enumerate(machines):
            answers[at, asked] = machine.answers(matrices)
    return answers


def _trained(tallies: Sequence[Tally], rows: Rows, y: Ints, labels: int) -> tuple[list[Weighing], list[Machine]]:
    weighings = [tally.weighed(rows) for tally in tallies]
    matrices = _matrices(tallies, weighings, rows)
    return weighings, [train(recipe, matrices, y[rows], labels) for recipe in RECIPES]


def _matrices(tallies: Sequence[Tally], weighings: Sequence[Weighing], rows: Rows) -> Mapping[str, csr_matrix]:
    pairs = zip(tallies, weighings, strict=True)
    return {tally.shape.name: tally.matrix(rows, weighing) for tally, weighing in pairs}


def _summed(view: str, machines: Sequence[Machine], shares: Floats) -> Floats:
    """The matrix of a view: what the machines that look at it give its n-grams, each by its share."""
    looking = [
        (share, machine.weights[view])
        for share, machine in zip(shares, machines, strict=True)
        if view in machine.weights
    ]
    return np.asarray(sum(share * weights for share, weights in looking), np.float32)
