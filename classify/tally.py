"""The n-grams of a whole collection, counted once: views and matrices of any part of its rows are made from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

from classify.views import Content, Floats, Shape, View, grams

Rows = NDArray[np.intp]

_AT_LEAST = 2
"""An n-gram is known from so many contents on: what occurs once teaches nothing about others."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """The n-grams that a part of the rows knows (columns of the tally), with their inverse document frequency."""

    kept: Rows
    idf: Floats


@dataclass(frozen=True, slots=True)
class Tally:
    """How often each n-gram (columns) occurs in each content (rows)."""

    shape: Shape
    grams: Sequence[str]
    counts: csr_matrix

    @classmethod
    def of(cls, shape: Shape, contents: Sequence[Content]) -> "Tally":
        """Count a collection."""
        places: dict[str, int] = {}
        columns: list[int] = []
        counts: list[int] = []
        ends = [0]
        for content in contents:
            found = grams(content, shape)
            columns.extend([places.setdefault(gram, len(places)) for gram in found])
            counts.extend(found.values())
            ends.append(len(columns))
        data = np.array(counts, np.float32), np.array(columns, np.int32), np.array(ends)
        return cls(shape, list(places), csr_matrix(data, shape=(len(contents), len(places))))

    def weighed(self, rows: Rows) -> Weighing:
        """What these rows know: the inverse document frequency is log((1 + rows) / (1 + rows with it)) + 1."""
        often = np.bincount(self.counts[rows].indices, minlength=len(self.grams))
        kept = np.flatnonzero(often >= _AT_LEAST)
        idf = np.log((1.0 + len(rows)) / (1.0 + often[kept])) + 1.0
        return Weighing(kept, idf.astype(np.float32))

    def matrix(self, rows: Rows, weighing: Weighing) -> csr_matrix:
        """Rows as the view of ``weighing`` sees them; equal to ``View.numbers`` of each."""
        part = self.counts[rows][:, weighing.kept].tocsr()
        part.data = np.log(part.data) + np.float32(1)
        part = (part @ diags(weighing.idf, dtype=np.float32)).tocsr()
        norms = np.sqrt(np.asarray(part.multiply(part).sum(axis=1)).ravel())
        scale = np.divide(self.shape.weight, norms, out=np.zeros(len(norms)), where=norms > 0)
        return csr_matrix(diags(scale.astype(np.float32)) @ part)

    def view(self, weighing: Weighing) -> View:
        """The view that a model keeps."""
        return View(self.shape, [self.grams[at] for at in weighing.kept], weighing.idf)
