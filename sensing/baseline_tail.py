"""How rare a figure is among a device's earlier ones; for ``sensing.baseline``.

Peaks over threshold in a stream (Siffer et al., Anomaly Detection in Streams with Extreme Value Theory, KDD 2017) with
a Pareto tail by Hill's estimator, so that only ratios count: the bound is a running quantile of the logarithms, the
tail their mean excess over it.
"""

from math import log, log10
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sensing.baseline_row import FLOOR, Columns, Tuning
from sensing.reading import State, Values

_SETTLING: Final = 10
_ROUGH: Final = 30
_FIRST: Final = 60
_TAIL: Final = 0.25
_TAILS: Final = (0.1, 3.0)
_KNOWN: Final = 10
_MOST: Final = 6.0
_NOTHING: Final = log(FLOOR) + 0.001


def begin(rows: State) -> None:
    """A tail as most devices have it, worth a few figures."""
    rows["tail"], rows["beyond"] = _TAIL, _KNOWN


def decades(rows: State, past: Values, logs: Columns, tuning: Tuning) -> Columns:
    """-log10 of the chance of each figure, shape (n, witnesses): 0 below the bound, 6 at most; then learns them.

    ``logs`` are the figures' logarithms, ``past`` how many came before. A figure of nothing (``FLOOR``) is never rare.
    """
    early = past < _FIRST
    if early.any():
        _first_impression(rows, past, logs, early)
    bound, tail = rows["bound"].astype(np.float64), rows["tail"].astype(np.float64)
    excess = logs - bound
    beyond = ~early[:, None] & (excess > 0) & (logs > _NOTHING)
    found = np.where(beyond, -log10(tuning.share) + excess / tail / log(10), 0.0)
    many = rows["beyond"].astype(np.float64)
    most = min(tuning.life * tuning.share, 255)
    learnt = tail + np.maximum(1 / (many + 1), 1 / most) * (np.minimum(excess, 5 * tail) - tail)
    tail = np.where(beyond, np.clip(learnt, *_TAILS), tail)
    rows["tail"] = tail
    rows["beyond"] = np.minimum(many + beyond, most)
    # Robbins-Monro: the step is that of the quantile's own density, share / tail, at the bound
    step = np.maximum(1 / (past + _FIRST), 1 / tuning.life)[:, None] * tail / tuning.share
    moved = bound + np.minimum(step, 0.5) * (beyond - tuning.share)
    rows["bound"] = np.where(early[:, None], bound, moved)
    return np.minimum(found, _MOST)


def _first_impression(rows: State, past: Values, logs: Columns, early: NDArray[np.bool_]) -> None:
    """Mean and variance of the first logarithms: two deviations above the mean the bound begins."""
    centre, width = rows["centre"].astype(np.float64), rows["width"].astype(np.float64)
    learns = (early & (past >= _SETTLING))[:, None]
    step = 1 / np.maximum(past - _SETTLING + 1, 1)[:, None]
    reach = np.where((past > _ROUGH)[:, None], 4 * np.sqrt(width), np.inf)
    news = np.clip(logs - centre, -reach, reach)
    centre = np.where(learns, centre + step * news, centre)
    width = np.where(learns, (1 - step) * (width + step * news**2), width)
    rows["centre"], rows["width"] = centre, width
    rows["bound"] = np.where(learns, centre + 2 * np.sqrt(width), rows["bound"])
