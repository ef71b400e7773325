"""The labelled addresses and the divisions of the country, as the parser's evaluation needs them."""

import gzip
import json
import random
import re
from collections import defaultdict
from collections.abc import Sequence

from bench.acceptance.data import FOLDER, table
from geo.address.elements import Label, Span
from geo.address.lexicon import Lexicon
from runtime.addresses.training import Labelled

_KINDS = {"1": "P", "2": "C", "3": "D", "4": "T"}
_NUMBERS = re.compile(r"[0-9A-Za-z零一二三四五六七八九十\W_]+")
FOLDS = 5
SEED = 20240601


def labelled() -> list[Labelled]:
    """The addresses of the development part."""
    with gzip.open(FOLDER / "cn_addresses_dev.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [(row["text"], [_span(*span) for span in row["spans"]]) for row in rows]


def _span(start: int, end: int, label: str, text: str) -> Span:
    # one span of 50,000 writes its label in another case
    return Span(start, end, Label(label.lower()), text)


def divisions() -> Lexicon:
    """Names and codes of all divisions of the country, five levels."""
    upper = [(_KINDS[row["level"]], row["name"], row["code"]) for row in table("cn_divisions_l1_l4.csv.gz")]
    return Lexicon.build([*upper, *(("V", row["name"], row["code"]) for row in table("cn_villages_l5.csv.gz"))])


def folds(addresses: Sequence[Labelled]) -> list[list[int]]:
    """Positions by fold; addresses that differ in numbers only are in one fold."""
    alike: dict[str, list[int]] = defaultdict(list)
    for n, (text, _) in enumerate(addresses):
        alike[_NUMBERS.sub("", text)].append(n)
    groups = sorted(alike)
    random.Random(SEED).shuffle(groups)
    found: list[list[int]] = [[] for _ in range(FOLDS)]
    for n, group in enumerate(groups):
        found[n % FOLDS] += alike[group]
    return found


def exact(gold: Sequence[Sequence[Span]], found: Sequence[Sequence[Span]]) -> tuple[int, int, int]:
    """Spans right in bounds and label, spans there are, spans found."""
    pairs = zip(gold, found, strict=True)
    right = sum(len({*map(_key, one)} & {*map(_key, other)}) for one, other in pairs)
    return right, sum(map(len, gold)), sum(map(len, found))


def f1(right: int, there: int, found: int) -> float:
    """The harmonic mean of precision and recall."""
    return 2 * right / (there + found) if there + found else 0.0


def _key(span: Span) -> tuple[int, int, Label]:
    return span.start, span.end, span.label
