"""A neural network over what is seen of one character of an address: one hidden layer, inputs there or not. Pure.

It takes each character for itself, where a conditional random field weighs neighbouring tags too; but it can learn
that two things seen together mean what neither means alone. The two err in different places.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.address.features import Columns
from geo.address.tags import Votes

Floats = NDArray[np.float32]
ALWAYS = 0  # the row of the inner weights that counts for every character
_STEPS = 127


@dataclass(frozen=True, slots=True, eq=False)
class Net:
    """One trained network. Its inner weights (inputs x hidden) take a byte each, in steps of ``scale`` (hidden)."""

    rows: Mapping[str, int]  # of the inner weights, by input
    inner: NDArray[np.int8]
    scale: Floats
    outer: Floats  # hidden x tags
    bias: Floats  # tags

    @classmethod
    def of(cls, names: Sequence[str], inner: Floats, outer: Floats, bias: Floats) -> "Net":
        """A network of whole weights; the rows of ``inner`` are ``ALWAYS`` and those of the named inputs."""
        scale = np.abs(inner).max(axis=0) / _STEPS
        return cls(rows_of(names), np.rint(inner / scale).astype(np.int8), scale, outer, bias)

    def votes(self, columns: Columns) -> Votes:
        """How likely each tag is of each character, by its features."""
        known: list[int] = []
        starts = []
        for column in columns:
            starts.append(len(known))
            known.append(ALWAYS)
            known += [row for name in column if (row := self.rows.get(name)) is not None]
        hidden = np.add.reduceat(self.inner[known], starts, axis=0, dtype=np.int32) * self.scale
        return likelihoods(np.maximum(hidden, 0) @ self.outer + self.bias).astype(np.float64)


def rows_of(names: Sequence[str]) -> dict[str, int]:
    """The row of each input."""
    return {name: row for row, name in enumerate(names, start=ALWAYS + 1)}


def likelihoods(scores: Floats) -> Floats:
    """Scores of tags as numbers that sum to 1 in every row."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    likely: Floats = raised / raised.sum(axis=1, keepdims=True)
    return likely
