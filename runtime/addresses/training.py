"""Training of the learned parser from labelled addresses.

No trained model is shipped: a city trains one on its own labelled addresses (``cityloop address train``).
"""

import random
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pycrfsuite

from geo.address.crf import Field
from geo.address.elements import Span, tags_of
from geo.address.familiar import Familiar
from geo.address.features import Columns, features
from geo.address.learned import LearnedParser
from geo.address.lexicon import Lexicon
from geo.address.stacking import with_draft
from geo.address.tags import best_tags
from runtime.addresses.learning import fitted

Labelled = tuple[str, Sequence[Span]]

_PARTS = 4  # an address's draft comes from a network that has not seen it, trained on the other three quarters
_FIELD: Mapping[str, float] = {"max_iterations": 70, "c1": 0.05, "c2": 0.3, "epsilon": 1e-4}


def fit(addresses: Sequence[Labelled], lexicon: Lexicon) -> LearnedParser:
    """A parser trained on addresses whose spans cover their texts. About five minutes for 8,000 of them on one core.

    Trained again on the same addresses, it is the same.
    """
    familiar = Familiar.of(spans for _, spans in addresses)
    tags = [tags_of(spans) for _, spans in addresses]
    columns = [features(text, lexicon, familiar, spans) for text, spans in addresses]
    drafts = _drafts(columns, tags)
    seen = [
        with_draft(text, column, draft) for (text, _), column, draft in zip(addresses, columns, drafts, strict=True)
    ]
    draft, net = fitted(columns, tags, _PARTS), fitted(seen, tags, _PARTS + 1)
    return LearnedParser(draft, net, _field(seen, tags), lexicon, familiar)


def _drafts(columns: Sequence[Columns], tags: Sequence[Sequence[str]]) -> list[list[str]]:
    """What a network that has not seen the address takes each of its characters for."""
    parts = [n % _PARTS for n in range(len(columns))]
    random.Random(1).shuffle(parts)  # noqa: S311 - the same parts every time
    drafts: list[list[str]] = [[] for _ in columns]
    for part in range(_PARTS):
        others = [n for n, own in enumerate(parts) if own != part]
        net = fitted([columns[n] for n in others], [tags[n] for n in others], part)
        for n, own in enumerate(parts):
            if own == part:
                drafts[n] = best_tags(net.votes(columns[n]))
    return drafts


def _field(columns: Sequence[Columns], tags: Sequence[Sequence[str]]) -> Field:
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params(dict(_FIELD))
    for column, tag in zip(columns, tags, strict=True):
        trainer.append(column, tag)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "field.crf"
        trainer.train(str(file))
        return Field(file.read_bytes())
