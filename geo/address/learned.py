"""The learned parser of addresses: a draft, and two models that vote. Pure; the runtime hands its parts in.

A neural network reads the characters and makes a draft of the labels. A conditional random field and a second network
see the draft beside the characters, so that they know what the rest of the address was taken for. What these two find
likely is added up, and the best whole is taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from geo.address.crf import Field
from geo.address.elements import Span, spans_of
from geo.address.familiar import Familiar
from geo.address.features import features
from geo.address.lexicon import Lexicon
from geo.address.net import Net
from geo.address.stacking import with_draft
from geo.address.tags import best_tags


@dataclass(frozen=True, slots=True, eq=False)
class LearnedParser:
    """Parses addresses with trained models. Not to be shared between threads."""

    draft: Net
    net: Net
    field: Field
    lexicon: Lexicon
    familiar: Familiar

    def parse_many(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """The labelled stretches of each text, which cover it without a gap; none for an empty text."""
        return [self._parse(text) if text else () for text in texts]

    def _parse(self, text: str) -> tuple[Span, ...]:
        columns = features(text, self.lexicon, self.familiar)
        seen = with_draft(text, columns, best_tags(self.draft.votes(columns)))
        return spans_of(text, best_tags(self.field.votes(seen) + self.net.votes(seen)))
