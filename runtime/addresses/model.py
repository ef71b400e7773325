"""A trained parser of addresses as one file: the three fields and the names it knows."""

import io
import json
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from domain.errors import Invalid
from geo.address.crf import FIELDS, CrfParser
from geo.address.elements import Label, Span
from geo.address.familiar import Familiar
from geo.address.lexicon import Lexicon
from runtime.addresses.training import Labelled, fit

_NAMES = "names.json"


def train(addresses: Sequence[Labelled], lexicon: Lexicon) -> bytes:
    """A model of labelled addresses, as ``parser`` reads it.

    The draft is learned in an order that the library throws dice for: two models of the same addresses are not equal.
    """
    familiar = Familiar.of(spans for _, spans in addresses)
    with tempfile.TemporaryDirectory() as folder:
        fields = fit(addresses, lexicon, familiar, Path(folder))
    names = {"lexicon": dict(lexicon.kinds), "familiar": {name: dict(n) for name, n in familiar.counts.items()}}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, field in zip(FIELDS, fields, strict=True):
            archive.writestr(zipfile.ZipInfo(f"{name}.crf"), field, zipfile.ZIP_DEFLATED)
        text = json.dumps(names, ensure_ascii=False, sort_keys=True)
        archive.writestr(zipfile.ZipInfo(_NAMES), text, zipfile.ZIP_DEFLATED)
    return content.getvalue()


def parser(content: bytes) -> CrfParser:
    """The parser of a model. Raises ``Invalid`` with code ``address-model-invalid``."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            fields = [archive.read(f"{name}.crf") for name in FIELDS]
            names = json.loads(archive.read(_NAMES))
        return CrfParser.of(fields, Lexicon(names["lexicon"]), Familiar(names["familiar"]))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise Invalid("address-model-invalid", "地址解析模型无效", str(error)) from error


def read_labelled(lines: Sequence[str]) -> list[Labelled]:
    """Labelled addresses, a JSON object a line: ``{"text": …, "spans": [[start, end, label], …]}``.

    Raises ``Invalid`` with code ``address-labels-invalid`` and the line of the first that cannot be used: unknown
    labels, or spans that leave a gap.
    """
    found: list[Labelled] = []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            text = row["text"]
            spans = [Span(s, e, Label(label.lower()), text[s:e]) for s, e, label, *_ in row["spans"]]
        except (ValueError, KeyError, TypeError) as error:
            raise _unusable(number, str(error)) from error
        ends = [0, *(span.end for span in spans)]
        if ends[-1] != len(text) or any(span.start != end for span, end in zip(spans, ends, strict=False)):
            raise _unusable(number, "the spans do not cover the text")
        found.append((text, spans))
    return found


def _unusable(line: int, why: str) -> Invalid:
    return Invalid("address-labels-invalid", "地址标注数据有误", f"line {line}: {why}")
