"""The learned parser of addresses: three conditional random fields. Pure; the runtime hands its bytes in.

A first field makes a draft of the labels. A second one sees the draft beside the characters, so that it knows what
the rest of the address was taken for; a plain third one, which does not, keeps it from following a wrong draft. What
these two find likely is added up, and the best whole is taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pycrfsuite
from numpy.typing import NDArray

from geo.address.elements import Label, Span, spans_of
from geo.address.familiar import Familiar
from geo.address.features import features
from geo.address.lexicon import Lexicon

FIELDS = ("draft", "plain", "second")
_NEVER = -1e9
_TAGS = tuple(f"{mark}-{label}" for label in Label for mark in "BIES")
_AT = {tag: n for n, tag in enumerate(_TAGS)}


def _follows(one: str, other: str) -> bool:
    inside = other[0] in "IE"
    return (one[0] in "BI") == inside and (not inside or one[2:] == other[2:])


_FOLLOWS = np.array([[0.0 if _follows(one, other) else _NEVER for other in _TAGS] for one in _TAGS])
_BEGINS = np.array([0.0 if tag[0] in "BS" else _NEVER for tag in _TAGS])
_ENDS = np.array([0.0 if tag[0] in "ES" else _NEVER for tag in _TAGS])

Columns = list[list[str]]


@dataclass(frozen=True, slots=True, eq=False)
class CrfParser:
    """Parses addresses with a trained model. Not to be shared between threads."""

    draft: "Field"
    plain: "Field"
    second: "Field"
    lexicon: Lexicon
    familiar: Familiar

    @classmethod
    def of(cls, fields: Sequence[bytes], lexicon: Lexicon, familiar: Familiar) -> "CrfParser":
        """The parser of three fields' bytes, in the order of ``FIELDS``."""
        draft, plain, second = map(Field, fields)
        return cls(draft, plain, second, lexicon, familiar)

    def parse_many(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """The labelled stretches of each text, which cover it without a gap; none for an empty text."""
        return [self._parse(text) if text else () for text in texts]

    def _parse(self, text: str) -> tuple[Span, ...]:
        columns = features(text, self.lexicon, self.familiar)
        seen = with_draft(text, columns, self.draft.tags(columns))
        return spans_of(text, best_tags(self.plain.votes(columns) + self.second.votes(seen)))


def with_draft(text: str, columns: Columns, tags: Sequence[str]) -> Columns:
    """Features of each character together with what the draft takes it and its neighbours for."""
    spans = spans_of(text, tags)
    owner = [n for n, span in enumerate(spans) for _ in range(span.start, span.end)]
    around = ["^", "^", *tags, "$", "$"]
    labels = ["^", "^", *(span.label.value for span in spans), "$", "$"]
    of_span = [_span_features(spans, labels, n) for n in range(len(spans))]
    seen = []
    for i, column in enumerate(columns):
        n, at = owner[i], i + 2
        here, before, after = around[at], around[at - 1], around[at + 1]
        own = [f"p{offset}={around[at + offset]}" for offset in (-2, -1, 0, 1, 2)]
        own += [f"pa={before}{here}", f"pb={here}{after}", f"pc={before}{here}{after}", f"ch={text[i]}{here}"]
        seen.append([*column, *own, *of_span[n]])
    return seen


def _span_features(spans: Sequence[Span], labels: Sequence[str], n: int) -> list[str]:
    span, at = spans[n], n + 2
    label, length = labels[at], span.end - span.start
    alike = [m for m, other in enumerate(spans) if other.label is span.label]
    return [
        f"ls={labels[at - 1]}>{label}>{labels[at + 1]}",
        f"l2={labels[at - 2]}>{labels[at - 1]}>{label}",
        f"l3={label}>{labels[at + 1]}>{labels[at + 2]}",
        f"w={span.text if length < 7 else ''}{label}",
        f"len={label}{min(length, 6)}",
        f"e={span.text[-1]}{label}",
        f"ord={label}{min(alike.index(n), 2)}/{min(len(alike), 3)}",
        *sorted({f"sb={other.label}|{label}" for other in spans[:n]}),
        *sorted({f"sa={other.label}|{label}" for other in spans[n + 1 :]}),
    ]


def best_tags(votes: NDArray[np.float64]) -> list[str]:
    """The tags with the most votes (one row a character, one column a tag) among those that make whole spans."""
    score = votes[0] + _BEGINS
    backward = []
    for row in votes[1:]:
        ways = score[:, None] + _FOLLOWS
        best = ways.argmax(axis=0)
        backward.append(best)
        score = ways[best, np.arange(len(best))] + row
    at = int((score + _ENDS).argmax())
    path = [at]
    for best in reversed(backward):
        at = int(best[at])
        path.append(at)
    return [_TAGS[n] for n in reversed(path)]


class Field:
    """One trained field. The library reads the model where it lies, so that its bytes must live as long as it does."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open_inmemory(content)

    def tags(self, columns: Columns) -> list[str]:
        """The likeliest tags of the characters."""
        found: list[str] = self._tagger.tag(columns)
        return found

    def votes(self, columns: Columns) -> NDArray[np.float64]:
        """How likely each tag (columns, in the order of all tags) is of each character (rows)."""
        self._tagger.set(columns)
        votes = np.zeros((len(columns), len(_TAGS)))
        for tag in self._tagger.labels():
            votes[:, _AT[tag]] = [self._tagger.marginal(tag, i) for i in range(len(columns))]
        return votes
