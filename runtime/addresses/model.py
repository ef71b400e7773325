"""A trained parser of addresses as one file: its models and the names it knows."""

import io
import json
import zipfile
from collections.abc import Sequence

import numpy as np

from domain.errors import Invalid
from geo.address.crf import Field
from geo.address.elements import Label, Span
from geo.address.familiar import Familiar
from geo.address.learned import LearnedParser
from geo.address.lexicon import Lexicon
from geo.address.net import Net, rows_of
from runtime.addresses.training import Labelled, fit

_NETS = ("draft", "net")
_FIELD = "field.crf"
_NAMES = "names.json"


def train(addresses: Sequence[Labelled], lexicon: Lexicon) -> bytes:
    """A model of labelled addresses, as ``parser`` reads it; equal bytes for equal addresses."""
    made = fit(addresses, lexicon)
    names = {
        "lexicon": dict(lexicon.kinds),
        "codes": dict(lexicon.codes),
        "familiar": {name: dict(counts) for name, counts in made.familiar.counts.items()},
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, net in zip(_NETS, (made.draft, made.net), strict=True):
            _add(archive, f"{name}.npz", _net_bytes(net))
        _add(archive, _FIELD, made.field.content)
        _add(archive, _NAMES, json.dumps(names, ensure_ascii=False, sort_keys=True).encode())
    return content.getvalue()


def parser(content: bytes) -> LearnedParser:
    """The parser of a model. Raises ``Invalid`` with code ``address-model-invalid``."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            draft, net = (_net(archive.read(f"{name}.npz")) for name in _NETS)
            field = Field(archive.read(_FIELD))
            names = json.loads(archive.read(_NAMES))
        return LearnedParser(draft, net, field, Lexicon(names["lexicon"], names["codes"]), Familiar(names["familiar"]))
    except (zipfile.BadZipFile, EOFError, KeyError, ValueError) as error:
        raise Invalid("address-model-invalid", "地址解析模型无效", str(error)) from error


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def _net_bytes(net: Net) -> bytes:
    names = np.frombuffer(json.dumps(list(net.rows), ensure_ascii=False).encode(), np.uint8)
    content = io.BytesIO()
    np.savez(content, names=names, inner=net.inner, scale=net.scale, outer=net.outer, bias=net.bias)
    return content.getvalue()


def _net(content: bytes) -> Net:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        names = json.loads(arrays["names"].tobytes())
        return Net(rows_of(names), arrays["inner"], arrays["scale"], arrays["outer"], arrays["bias"])


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
