"""How a text becomes numbers: several views of it, each a set of n-grams weighted by tf-idf.

A view is made of the whole text or of its beginning, where people name their matter, and of characters or words.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.lexicon import Lexicon

Floats = NDArray[np.float32]

SEPARATOR = " "


@dataclass(frozen=True, slots=True)
class Shape:
    """What a view looks at: n-grams of ``sizes`` (first, last) of characters or words, of the first ``head`` words.

    ``head`` 0 is the whole text; without a lexicon it counts characters, four for a word. ``weight`` is the view's
    share beside others.
    """

    name: str
    by_word: bool
    sizes: tuple[int, int]
    head: int = 0
    weight: float = 1.0


SHAPES = (
    Shape("chars", by_word=False, sizes=(1, 3)),
    Shape("words", by_word=True, sizes=(1, 2)),
    Shape("head", by_word=False, sizes=(1, 3), head=8, weight=0.5),
)


@dataclass(frozen=True, slots=True)
class Content:
    """A text as the views see it: its words, or its characters where there is no lexicon."""

    pieces: Sequence[str]

    @classmethod
    def of(cls, text: str, lexicon: Lexicon) -> "Content":
        """A raw text, cut by the lexicon if there is one."""
        flat = SEPARATOR.join(text.lower().split())
        return cls(lexicon.words(flat) if lexicon else flat)


def grams(content: Content, shape: Shape) -> Counter[str]:
    """The n-grams of a content and how often each occurs; words of a pair are joined by a blank."""
    pieces = content.pieces
    if shape.head:
        pieces = pieces[: shape.head * (4 if isinstance(pieces, str) else 1)]
    units = list(pieces) if shape.by_word else "".join(pieces)
    found: Counter[str] = Counter()
    first, last = shape.sizes
    for size in range(first, last + 1):
        places = range(len(units) - size + 1)
        if isinstance(units, str):
            found.update([units[at : at + size] for at in places])
        else:
            found.update([SEPARATOR.join(units[at : at + size]) for at in places])
    return found


class View:
    """A shape with the n-grams it knows, in the order of the weights' rows, and their inverse document frequency."""

    def __init__(self, shape: Shape, known: Sequence[str], idf: Floats) -> None:
        self.shape, self.known, self.idf = shape, known, idf
        self._places = {gram: place for place, gram in enumerate(known)}

    def numbers(self, content: Content) -> tuple[NDArray[np.intp], Floats]:
        """Places and values (length ``weight``) of the n-grams known; both empty where none is."""
        places_of, heard = self._places, grams(content, self.shape)
        known = [(places_of[gram], n) for gram, n in heard.items() if gram in places_of]
        if not known:
            return np.empty(0, np.intp), np.empty(0, np.float32)
        places = np.fromiter((place for place, _ in known), np.intp, len(known))
        counts = np.fromiter((n for _, n in known), np.float32, len(known))
        values = (np.float32(1) + np.log(counts)) * self.idf[places]
        norm = math.sqrt(float(values @ values))
        return places, np.asarray(values * (self.shape.weight / norm), np.float32)
