"""A trained text model: probabilities of every label, and the words that spoke for one. Nothing in it is executable.

Every view has a matrix of weights (n-grams by labels); their sums and a bias are the logits, calibrated in training.
Made by ``classify.training``; kept as arrays, which ``runtime.classify`` writes to a file.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.lexicon import Lexicon
from classify.views import SEPARATOR, Content, Floats, Shape, View
from domain.errors import Invalid

FORMAT = 1
_JOIN = "\n"
_LOUDEST = 60
"""N-grams of a view that are looked at for reasons."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a model says of itself.

    ``data`` is the SHA-256 of the training rows, ``made_on`` the day, ``rows`` their number. ``figures`` are measured
    by cross-validation. ``thresholds`` give, for a wished precision (``"0.95"``), the probability from which on each
    label reaches it on rows not trained on; above 1 where it never does.
    """

    labels: tuple[str, ...]
    data: str
    made_on: str
    rows: int
    figures: Mapping[str, float]
    thresholds: Mapping[str, tuple[float, ...]]

    @property
    def id(self) -> str:
        """The day and the beginning of the data's hash: ``2026-11-22-5d41402a``."""
        return f"{self.made_on}-{self.data[:8]}"


@dataclass(frozen=True, slots=True)
class Reason:
    """A word or part of one, and how much it added to a label's logit over the mean of all labels."""

    gram: str
    weight: float


@dataclass(frozen=True, slots=True)
class Model:
    """Answers for the labels of its header. ``weights`` has one matrix (n-grams, labels) a view."""

    header: Header
    lexicon: Lexicon
    views: tuple[View, ...]
    weights: tuple[Floats, ...]
    bias: Floats

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The calibrated probability of every label (columns) for every text (rows); each row sums to 1."""
        logits = [self.logits(Content.of(text, self.lexicon)) for text in texts]
        return softmax(np.array(logits).reshape(len(texts), len(self.header.labels)))

    def logits(self, content: Content) -> Floats:
        """The logit of every label."""
        total = self.bias.copy()
        for view, weights in zip(self.views, self.weights, strict=True):
            places, values = view.numbers(content)
            total += values @ weights[places]
        return total

    def reasons(self, text: str, label: int, most: int = 5) -> list[Reason]:
        """The words that spoke for a label, the loudest first; parts that others contain are left out."""
        content = Content.of(text, self.lexicon)
        heard: dict[str, float] = {}
        for view, weights in zip(self.views, self.weights, strict=True):
            places, values = view.numbers(content)
            rows = weights[places]
            spoke = values * (rows[:, label] - rows.mean(axis=1))
            for at in np.argsort(-spoke, kind="stable")[:_LOUDEST]:
                gram = view.known[places[at]]
                heard[gram] = heard.get(gram, 0.0) + float(spoke[at])
        ordered = sorted(heard.items(), key=lambda pair: -pair[1])
        chosen: list[Reason] = []
        for gram, weight in ordered:
            if len(chosen) == most or weight <= 0:
                break
            bare = gram.replace(SEPARATOR, "")
            if _telling(bare) and not any(bare in one.gram or one.gram in bare for one in chosen):
                chosen.append(Reason(bare, weight))
        return chosen

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The model as plain arrays, for ``numpy.savez``."""
        about = asdict(self.header) | {"format": FORMAT, "shapes": [asdict(view.shape) for view in self.views]}
        words = list(self.lexicon.counts)
        found: dict[str, NDArray[Any]] = {
            "header": _bytes(json.dumps(about, ensure_ascii=False)),
            "bias": self.bias,
            "lexicon": _bytes(_JOIN.join(words)),
            "counts": np.fromiter(self.lexicon.counts.values(), np.int64, len(words)),
        }
        for at, (view, weights) in enumerate(zip(self.views, self.weights, strict=True)):
            found |= {f"grams{at}": _bytes(_JOIN.join(view.known)), f"idf{at}": view.idf, f"weights{at}": weights}
        return found

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Model":
        """The model that ``arrays`` gave. Raises ``Invalid`` with code ``model-invalid``."""
        try:
            return _read(arrays)
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise Invalid("model-invalid", "分类模型文件有误", f"{type(error).__name__}: {error}") from error


def softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Probabilities of logits, row by row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float64)
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _telling(word: str) -> bool:
    """Whether a person may be shown it as a reason: no lone character, and no number, which may be somebody's."""
    return len(word) > 1 and not any(sign.isdigit() for sign in word)


def _read(arrays: Mapping[str, NDArray[Any]]) -> Model:
    about = json.loads(_text(arrays["header"]))
    if about.pop("format") != FORMAT:
        raise ValueError(f"format {FORMAT} wanted")
    shapes = [Shape(**{**shape, "sizes": tuple(shape["sizes"])}) for shape in about.pop("shapes")]
    about["labels"] = tuple(about["labels"])
    about["thresholds"] = {wished: tuple(values) for wished, values in about["thresholds"].items()}
    header = Header(**about)
    lexicon = Lexicon(dict(zip(_lines(arrays["lexicon"]), map(int, arrays["counts"]), strict=True)))
    views, weights = [], []
    for at, shape in enumerate(shapes):
        grams, idf, matrix = _lines(arrays[f"grams{at}"]), arrays[f"idf{at}"], arrays[f"weights{at}"]
        if idf.shape != (len(grams),) or matrix.shape != (len(grams), len(header.labels)):
            raise ValueError(f"view {at}: shapes do not fit")
        views.append(View(shape, grams, idf.astype(np.float32)))
        weights.append(matrix.astype(np.float32))
    bias = arrays["bias"].astype(np.float32)
    if bias.shape != (len(header.labels),) or any(
        len(each) != len(header.labels) for each in header.thresholds.values()
    ):
        raise ValueError("labels do not fit")
    if not all(np.isfinite(each).all() for each in (bias, *weights)):
        raise ValueError("a weight is not finite")
    return Model(header, lexicon, tuple(views), tuple(weights), bias)


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


def _text(array: NDArray[Any]) -> str:
    return array.tobytes().decode()


def _lines(array: NDArray[Any]) -> list[str]:
    return _text(array).split(_JOIN) if array.size else []
