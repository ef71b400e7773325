"""What may stand in a field, how it is written, and what is wanted: a code, or to be let in with a flag."""

import json
from dataclasses import dataclass
from enum import StrEnum

CANARY = "张三丰13912345678"
"""A person's words, to be found where they must not be."""


class Manner(StrEnum):
    """Who sends: people are never refused for taxonomy or a doubtful position, phones may not know their clock."""

    PEOPLE = "people"
    PHONE = "phone"
    MACHINE = "machine"


class Kind(StrEnum):
    """Kinds of fields; each has its values."""

    TEXT = "text"
    NAME = "name"
    CODE = "code"
    CATEGORY = "category"
    PHONE = "phone"
    TIME = "time"
    POSITION = "position"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class Want:
    """A refusal's code, or empty for acceptance; then perhaps a flag of the report."""

    code: str = ""
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """``raw`` is JSON as it is written. ``people`` and ``phone`` are wanted of those, where it is not ``want``."""

    name: str
    raw: str
    want: Want
    people: Want | None = None
    phone: Want | None = None

    def wanted(self, manner: Manner) -> Want:
        """What is wanted when somebody of that manner sends it."""
        own = {Manner.PEOPLE: self.people, Manner.PHONE: self.phone, Manner.MACHINE: self.want}[manner]
        return self.want if own is None else own


def bad(name: str, raw: str, code: str, **others: Want) -> Value:
    """Refused, by everybody unless ``people`` or ``phone`` say otherwise."""
    return Value(name, raw, Want(code), **others)


def good(name: str, raw: str, flag: str = "", **others: Want) -> Value:
    """Let in."""
    return Value(name, raw, Want(flag=flag), **others)


def said(text: str) -> str:
    """A text as JSON."""
    return json.dumps(text, ensure_ascii=False)


WRONG_TYPES = tuple(
    bad(f"{name} instead of a text", raw, "type-mismatch")
    for name, raw in (("number", "7"), ("boolean", "true"), ("list", "[]"), ("object", "{}"))
)
NUMBERS = (
    ("NaN", "NaN", "number-not-finite"),
    ("Infinity", "Infinity", "number-not-finite"),
    ("minus Infinity", "-Infinity", "number-not-finite"),
    ("1e999", "1e999", "number-not-finite"),
    ("5,000 digits", "1" * 5000, "number-too-long"),
    ("4,000 digits", "1" * 4000, "number-out-of-range"),
    ("a text", '"116.3"', "type-mismatch"),
    ("a boolean", "true", "type-mismatch"),
    ("null", "null", "type-mismatch"),
    ("degrees, minutes, seconds", '"116°23′17″"', "type-mismatch"),
)
"""No numbers, or none of ours, in the place of one."""
