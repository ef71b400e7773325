"""Divisions that an address names, and which lie in which: what tells a town's bare name from any word. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from geo.address.lexicon import DIGITS, LONGEST, Lexicon, bare

_LEVELS = {digits: level for level, digits in DIGITS.items()}


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a text that divisions above villages bear, and their codes."""

    start: int
    end: int
    codes: frozenset[str]

    @property
    def levels(self) -> str:
        """The levels of the divisions that bear the name, a letter each."""
        return "".join(sorted({_LEVELS[len(code)] for code in self.codes}))


def mentions(text: str, lexicon: Lexicon) -> list[Mention]:
    """The divisions above villages that a text names, left to right, the longest name of each place."""
    found: list[Mention] = []
    for start, end in _names(text, lexicon):
        if not found or start >= found[-1].end:
            codes = takewhile(lambda code: len(code) <= DIGITS["T"], lexicon.codes[text[start:end]].split())
            if upper := frozenset(codes):
                found.append(Mention(start, end, upper))
    return found


def inner(text: str, lexicon: Lexicon, named: Sequence[Mention]) -> list[tuple[int, int, str]]:
    """Names of divisions that lie in one named before, as (start, end, levels of both), the longest of each start.

    A small letter follows where the name is written without its kind: ``T<Db`` is a bare town of a county.
    """
    found: list[tuple[int, int, str]] = []
    for start, end in _names(text, lexicon):
        if found and found[-1][0] == start:
            continue
        name = text[start:end]
        outer = {code for mention in named if mention.end <= start for code in mention.codes}
        for code in sorted(outer, key=lambda code: (-len(code), code)):
            if under := _first_under(lexicon.codes[name], code):
                short = "b" if bare(name) == name else ""
                found.append((start, end, f"{_LEVELS[len(under)]}<{_LEVELS[len(code)]}{short}"))
                break
    return found


def relation(one: Mention, other: Mention) -> str:
    """How a division lies to another: the ``same``, ``in`` it, ``over`` it, or ``off`` it."""
    if one.codes & other.codes:
        return "same"
    if _lies_in(one, other):
        return "in"
    return "over" if _lies_in(other, one) else "off"


def _lies_in(one: Mention, other: Mention) -> bool:
    return any(code[:length] in other.codes for code in one.codes for length in _LEVELS if length < len(code))


def _names(text: str, lexicon: Lexicon) -> Iterator[tuple[int, int]]:
    """Where names with a code stand, the longest of each start first."""
    for start in range(len(text) - 1):
        for end in range(min(len(text), start + LONGEST), start + 1, -1):
            if text[start:end] in lexicon.codes:
                yield start, end


def _first_under(codes: str, code: str) -> str:
    """The first of a name's codes that lies in the division of ``code``; empty if none does."""
    at = codes.find(f" {code}")
    while at >= 0:
        found = codes[at + 1 : codes.index(" ", at + 1)]
        if len(found) > len(code):
            return found
        at = codes.find(f" {code}", at + 1)
    return ""
