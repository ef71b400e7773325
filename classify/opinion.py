"""What a trained model says of a batch, in terms of a city's catalogue, within a time that is set beforehand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from classify.model import Model
from classify.scores import NEVER
from domain.catalogue import Catalogue, Category
from domain.errors import Invalid

TOP = 3
_CHUNK = 8
"""Texts judged between two looks at the clock."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a city wants its model to judge.

    ``precision``: how often an answer that is taken without a person must be right. ``thresholds`` (0 to 1, by
    category key) replace the ones that follow from it. ``seconds`` bound a batch, ``characters`` a text: what is
    longer is read up to there.
    """

    precision: float = 0.95
    thresholds: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.5
    characters: int = 2000


@dataclass(frozen=True, slots=True)
class Guess:
    """One category (小类) or class (大类) with its probability; ``category`` is None where the catalogue has none."""

    key: str
    name: str
    probability: float
    category: Category | None = None


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the model said of one text.

    ``top`` are the three likeliest categories, ``classes`` the three likeliest classes (each the sum of its
    categories). ``sure``: the first reaches its threshold. ``words`` spoke for the first. ``by_key`` has every label.
    """

    top: tuple[Guess, ...]
    classes: tuple[Guess, ...]
    sure: bool
    words: tuple[str, ...]
    by_key: Mapping[str, float]


class Adviser:
    """A model that speaks of one catalogue. ``clock`` counts seconds and never goes back."""

    def __init__(self, model: Model, catalogue: Catalogue, manner: Manner, clock: Callable[[], float]) -> None:
        self.id = model.header.id
        self._model, self._manner, self._clock = model, manner, clock
        self._categories = [_meant(label, catalogue) for label in model.header.labels]
        self._keys = [
            category.key if category else label
            for category, label in zip(self._categories, model.header.labels, strict=True)
        ]
        self._thresholds = _thresholds(model, manner, self._keys)
        self._classes: dict[str, list[int]] = {}
        self._class_names: dict[str, str] = {}
        for place, category in enumerate(self._categories):
            if category is not None:
                self._classes.setdefault(category.class_code, []).append(place)
                self._class_names[category.class_code] = category.class_name

    def opinions(self, texts: Sequence[str]) -> list[Opinion | None]:
        """One opinion a text, in order; None for an empty text, and for those the time was not enough for."""
        found: list[Opinion | None] = [None] * len(texts)
        until = self._clock() + self._manner.seconds
        waiting = [place for place, text in enumerate(texts) if text.strip()]
        for begin in range(0, len(waiting), _CHUNK):
            if self._clock() >= until:
                break
            chunk = waiting[begin : begin + _CHUNK]
            read = [texts[place][: self._manner.characters] for place in chunk]
            for place, text, row in zip(chunk, read, self._model.probabilities(read), strict=True):
                found[place] = self._opinion(text, row)
        return found

    def _opinion(self, text: str, row: NDArray[np.float64]) -> Opinion:
        order = np.argsort(-row, kind="stable")[:TOP]
        top = tuple(self._guess(int(place), float(row[place])) for place in order)
        first = int(order[0])
        return Opinion(
            top=top,
            classes=self._class_guesses(row),
            sure=float(row[first]) >= self._thresholds[first],
            words=tuple(reason.gram for reason in self._model.reasons(text, first)),
            by_key=dict(zip(self._keys, map(float, row), strict=True)),
        )

    def _guess(self, place: int, probability: float) -> Guess:
        category = self._categories[place]
        return Guess(self._keys[place], category.name if category else self._keys[place], probability, category)

    def _class_guesses(self, row: NDArray[np.float64]) -> tuple[Guess, ...]:
        sums = [Guess(code, self._class_names[code], float(row[each].sum())) for code, each in self._classes.items()]
        return tuple(sorted(sums, key=lambda guess: (-guess.probability, guess.key))[:TOP])


def _meant(label: str, catalogue: Catalogue) -> Category | None:
    try:
        return catalogue.find(label)
    except Invalid:
        return None


def _thresholds(model: Model, manner: Manner, keys: Sequence[str]) -> Sequence[float]:
    """The threshold of each label: of the least precision measured that is not below the wished one; never if none."""
    measured = {float(precision): values for precision, values in model.header.thresholds.items()}
    enough = min((precision for precision in measured if precision >= manner.precision), default=None)
    own = (NEVER,) * len(keys) if enough is None else measured[enough]
    return [manner.thresholds.get(key, threshold) for key, threshold in zip(keys, own, strict=True)]
