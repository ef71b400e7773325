"""What an address is made of: labelled stretches of text that cover it without a gap. Used by the parsers; pure.

The labels are those of "Neural Chinese Address Parsing" (Li, Lu, Xie, Li, NAACL 2019), so that parsers can be compared.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise


class Label(StrEnum):
    """What a stretch of an address names, from coarse to fine; the last four name no place."""

    COUNTRY = "country"
    PROV = "prov"
    CITY = "city"
    DISTRICT = "district"
    DEVZONE = "devzone"
    TOWN = "town"
    COMMUNITY = "community"
    ROAD = "road"
    ROADNO = "roadno"
    SUBROAD = "subroad"
    SUBROADNO = "subroadno"
    POI = "poi"
    SUBPOI = "subpoi"
    HOUSENO = "houseno"
    CELLNO = "cellno"
    FLOORNO = "floorno"
    ROOMNO = "roomno"
    ASSIST = "assist"
    PERSON = "person"
    REDUNDANT = "redundant"
    OTHERINFO = "otherinfo"


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``start`` to ``end`` (exclusive) of an address, and what they name."""

    start: int
    end: int
    label: Label
    text: str


def tags_of(spans: Iterable[Span]) -> list[str]:
    """One tag a character: B-, I-, E- for the first, inner and last of a span, S- for a span of one character."""
    tags: list[str] = []
    for span in spans:
        length = span.end - span.start
        marks = "S" if length == 1 else "B" + "I" * (length - 2) + "E"
        tags += [f"{mark}-{span.label}" for mark in marks]
    return tags


def spans_of(text: str, tags: Sequence[str]) -> tuple[Span, ...]:
    """The spans that tags of any origin describe; a mark in the wrong place starts a new span."""
    starts = [
        i
        for i, tag in enumerate(tags)
        if i == 0 or tag[0] in "BS" or tags[i - 1][0] in "ES" or tags[i - 1][2:] != tag[2:]
    ]
    return tuple(
        Span(start, end, Label(tags[start][2:]), text[start:end]) for start, end in pairwise([*starts, len(tags)])
    )
