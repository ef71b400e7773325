"""Figures of a classifier: F1, calibration, and the threshold from which on an answer may be trusted."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_BINS = 15
NEVER = 1.01
"""A threshold no probability reaches: this label always goes to a person."""
_FEWEST = 5


def f1_by_label(truth: Ints, said: NDArray[np.intp] | Ints, labels: int) -> Floats:
    """F1 of each label: the harmonic mean of precision and recall, 0 where a label was neither said nor true."""
    both = np.bincount(truth[truth == said], minlength=labels)
    either = np.bincount(truth, minlength=labels) + np.bincount(said, minlength=labels)
    f1: Floats = np.divide(2.0 * both, either, out=np.zeros(labels), where=either > 0)
    return f1


def macro_f1(truth: Ints, said: NDArray[np.intp] | Ints) -> float:
    """The mean of the labels' F1: every label counts alike, however rare."""
    return float(f1_by_label(truth, said, int(max(truth.max(), said.max())) + 1).mean())


def expected_calibration_error(probabilities: Floats, truth: Ints) -> float:
    """By how much confidence and accuracy differ on average (ECE, 15 bins of equal width; 0 to 1)."""
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    gaps = np.abs(np.bincount(bins, sure, _BINS) - np.bincount(bins, right, _BINS))
    return float(gaps.sum() / len(truth))


def accuracy_of_surest(probabilities: Floats, truth: Ints, share: float) -> float:
    """The accuracy on the ``share`` of rows that are the surest; the others go to a person."""
    kept = np.argsort(-probabilities.max(axis=1), kind="stable")[: max(1, round(share * len(truth)))]
    return float((probabilities.argmax(axis=1) == truth)[kept].mean())


def thresholds(probabilities: Floats, truth: Ints, precision: float) -> tuple[float, ...]:
    """For each label the least probability from which on its answers are right as often as ``precision``.

    Rounded up to thousandths; ``NEVER`` where no five answers at the top reach it.
    """
    said, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    found = []
    for label in range(probabilities.shape[1]):
        mine = np.flatnonzero(said == label)
        mine = mine[np.argsort(-sure[mine], kind="stable")]
        right = np.cumsum(truth[mine] == label) / np.arange(1, len(mine) + 1)
        enough = np.flatnonzero((right >= precision) & (np.arange(len(mine)) >= _FEWEST - 1))
        found.append(float(np.ceil(sure[mine[enough[-1]]] * 1000) / 1000) if enough.size else NEVER)
    return tuple(found)
