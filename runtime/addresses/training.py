"""Training of the learned parser from labelled addresses.

No trained model is shipped: a city trains one on its own labelled addresses (``cityloop address train``).
"""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pycrfsuite

from geo.address.crf import Columns, Field, with_draft
from geo.address.elements import Span, tags_of
from geo.address.familiar import Familiar
from geo.address.features import features
from geo.address.lexicon import Lexicon

Labelled = tuple[str, Sequence[Span]]

_PARTS = 4  # an address's draft comes from a field that has not seen it, trained on the other three quarters
_QUICK: Mapping[str, float] = {"max_iterations": 12}
_THOROUGH: Mapping[str, float] = {"max_iterations": 70, "c1": 0.05, "c2": 0.3, "epsilon": 1e-4}


def fit(addresses: Sequence[Labelled], lexicon: Lexicon, familiar: Familiar, folder: Path) -> tuple[bytes, ...]:
    """The three fields of ``geo.address.crf.FIELDS``, trained on addresses whose spans cover their texts.

    ``folder`` takes temporary files. About seven minutes for 8,000 addresses on one core.
    """
    texts = [text for text, _ in addresses]
    tags = [tags_of(spans) for _, spans in addresses]
    columns = [features(text, lexicon, familiar, spans) for text, spans in addresses]
    parts = [n % _PARTS for n in range(len(addresses))]
    random.Random(1).shuffle(parts)  # noqa: S311 - the same parts every time
    drafts: list[list[str]] = [[] for _ in addresses]
    for part in range(_PARTS):
        others = [n for n, own in enumerate(parts) if own != part]
        field = Field(_fitted([columns[n] for n in others], [tags[n] for n in others], "ap", _QUICK, folder))
        for n, own in enumerate(parts):
            if own == part:
                drafts[n] = field.tags(columns[n])
    draft = _fitted(columns, tags, "ap", _QUICK, folder)
    plain = _fitted(columns, tags, "lbfgs", _THOROUGH, folder)
    seen = [with_draft(*address) for address in zip(texts, columns, drafts, strict=True)]
    return draft, plain, _fitted(seen, tags, "lbfgs", _THOROUGH, folder)


def _fitted(
    columns: Sequence[Columns],
    tags: Sequence[Sequence[str]],
    algorithm: str,
    settings: Mapping[str, float],
    folder: Path,
) -> bytes:
    trainer = pycrfsuite.Trainer(algorithm=algorithm, verbose=False)
    trainer.set_params(dict(settings))
    for column, tag in zip(columns, tags, strict=True):
        trainer.append(column, tag)
    file = folder / "field.crf"
    trainer.train(str(file))
    return file.read_bytes()
