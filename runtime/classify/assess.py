"""How good a model is: the figures of a table of probabilities, and cross-validation that keeps groups together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from classify.model import Model, softmax
from classify.scores import accuracy_of_surest, expected_calibration_error, f1_by_label, macro_f1
from classify.training import Example, fit
from classify.views import Content

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured on ``rows`` rows; ``surest`` is the accuracy on the surest 85 %."""

    rows: int
    accuracy: float
    macro_f1: float
    calibration_error: float
    surest: float
    by_label: Mapping[str, float]


def judged(model: Model, rows: Sequence[Example]) -> Floats:
    """The probabilities (rows, labels) of rows, raw or cut."""
    contents = [Content(row.words) if row.words else Content.of(row.text, model.lexicon) for row in rows]
    return softmax(np.array([model.logits(content) for content in contents]))


def figures(probabilities: Floats, rows: Sequence[Example], labels: Sequence[str]) -> Figures:
    """The figures of answers to rows whose labels are known; rows of other labels count as wrong."""
    places = {label: place for place, label in enumerate(labels)}
    truth = np.array([places.get(row.label, len(labels)) for row in rows], dtype=np.int64)
    said = probabilities.argmax(axis=1)
    return Figures(
        len(rows),
        float((said == truth).mean()),
        macro_f1(truth, said),
        expected_calibration_error(probabilities, truth),
        accuracy_of_surest(probabilities, truth, 0.85),
        dict(zip(labels, f1_by_label(truth, said, len(labels) + 1).tolist(), strict=False)),
    )


def folds_of(rows: Sequence[Example], folds: int, seed: int) -> dict[str, int]:
    """Which fold each group is tested in: never in two, and every label in all of them alike."""
    groups, labels = [row.group for row in rows], [row.label for row in rows]
    split = StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(groups, labels, groups)
    return {groups[at]: fold for fold, (_, tested) in enumerate(split) for at in tested}


def cross_validated(
    rows: Sequence[Example], asked: Sequence[Example], fold: Mapping[str, int]
) -> tuple[Floats, list[str]]:
    """Probabilities (asked, labels) by models that saw no row of the group of what they were asked, and the labels."""
    labels = sorted({row.label for row in rows})
    found = np.zeros((len(asked), len(labels)))
    for each in sorted(set(fold.values())):
        model = fit([row for row in rows if fold[row.group] != each], "", "")
        places = [at for at, row in enumerate(asked) if fold[row.group] == each]
        columns = [labels.index(label) for label in model.header.labels]
        found[np.ix_(places, columns)] = judged(model, [asked[at] for at in places])
    return found, labels
