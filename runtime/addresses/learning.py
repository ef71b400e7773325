"""Training of the parser's neural networks: gradient steps on inputs there or not, some left out by chance."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from geo.address.features import Columns
from geo.address.net import ALWAYS, Floats, Net, likelihoods, rows_of
from geo.address.tags import AT, TAGS

_HIDDEN = 128
_SEEN = 4  # what is seen of fewer characters is no input
_PASSES = 7
_BATCH = 256
_RATE = 0.05
_SLOWEST = 0.05  # of the rate, which falls step by step
_LEFT_OUT = 0.3  # of the inputs, so that no single one is relied on
_SILENT = 0.4  # of the hidden units, for the same reason
_SPREAD = 0.11  # of the inner weights at first: about 80 inputs of a character add up to something near 1
_START = 0.01  # sum of squared gradients that a weight begins with
_WEIGHT = 1 / 16  # of a character in the gradient of its batch


def fitted(columns: Sequence[Columns], tags: Sequence[Sequence[str]], seed: int) -> Net:
    """A network trained on the characters of addresses and their tags; the same network for the same seed."""
    counts = Counter(name for address in columns for column in address for name in column)
    names = [name for name, count in counts.items() if count >= _SEEN]
    inputs = _matrix(columns, rows_of(names))
    truth = np.array([AT[tag] for address in tags for tag in address])
    dice = np.random.default_rng(seed)
    weights = _Weights.drawn(inputs.shape[1], dice)
    batches = len(truth) // _BATCH or 1
    with threadpool_limits(1):  # the products are so small that threads would wait for each other most of the time
        for done in range(0, _PASSES * batches, batches):
            order = dice.permutation(len(truth))
            for n in range(batches):
                chosen = order[n * _BATCH : (n + 1) * _BATCH]
                rate = _RATE * max(_SLOWEST, 1 - (done + n) / (_PASSES * batches))
                weights.learn(inputs[chosen], truth[chosen], rate, dice)
    return Net.of(names, weights.inner, weights.outer, weights.bias)


def _matrix(columns: Sequence[Columns], rows: dict[str, int]) -> csr_matrix:
    """What is known of each character, a row a character and a column an input."""
    known: list[int] = []
    ends = [0]
    for address in columns:
        for column in address:
            known.append(ALWAYS)
            known += [rows[name] for name in column if name in rows]
            ends.append(len(known))
    return csr_matrix((np.ones(len(known), np.float32), known, ends), shape=(len(ends) - 1, len(rows) + 1))


@dataclass(slots=True, eq=False)
class _Weights:
    """Weights of a network and how far each has been moved so far (AdaGrad: Duchi, Hazan, Singer, 2011)."""

    inner: Floats
    outer: Floats
    bias: Floats
    inner_moved: Floats  # one a row: rows are learned at their own pace, so that rare inputs are learned too
    outer_moved: Floats
    bias_moved: Floats

    @classmethod
    def drawn(cls, inputs: int, dice: np.random.Generator) -> "_Weights":
        inner = dice.normal(0, _SPREAD, (inputs, _HIDDEN)).astype(np.float32)
        inner[ALWAYS] = 0
        outer = dice.normal(0, _HIDDEN**-0.5, (_HIDDEN, len(TAGS))).astype(np.float32)
        bias = np.zeros(len(TAGS), np.float32)
        moved = (np.full(shape, _START, np.float32) for shape in (inputs, outer.shape, bias.shape))
        return cls(inner, outer, bias, *moved)

    def learn(self, inputs: csr_matrix, truth: NDArray[np.int64], rate: float, dice: np.random.Generator) -> None:
        """One step down the gradient of the batch's cross entropy."""
        used, places = np.unique(inputs.indices, return_inverse=True)
        kept = ((dice.random(inputs.nnz) >= _LEFT_OUT) | (inputs.indices == ALWAYS)).astype(np.float32)
        kept[inputs.indices != ALWAYS] /= 1 - _LEFT_OUT
        seen = csr_matrix((kept, places, inputs.indptr), shape=(inputs.shape[0], len(used)))
        before = self.inner[used]
        sums = seen @ before
        live = (sums > 0) * (dice.random(sums.shape) >= _SILENT) / np.float32(1 - _SILENT)
        hidden = sums * live
        error = likelihoods(hidden @ self.outer + self.bias)
        error[np.arange(len(truth)), truth] -= 1
        error *= _WEIGHT
        of_inner = seen.T @ (error @ self.outer.T * live)
        self.inner_moved[used] += (of_inner**2).mean(axis=1)
        self.inner[used] = before - rate * of_inner / np.sqrt(self.inner_moved[used])[:, None]
        for weights, moved, gradient in (
            (self.outer, self.outer_moved, hidden.T @ error),
            (self.bias, self.bias_moved, error.sum(axis=0)),
        ):
            moved += gradient**2
            weights -= rate * gradient / np.sqrt(moved)
