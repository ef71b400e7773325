"""What single values in a pack's YAML may be: words of the trade, limits, yes and no, lists without repeats."""

from collections.abc import Mapping
from enum import StrEnum
from math import inf
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator
from pydantic_core import PydanticCustomError

from domain.actor import Role
from domain.case import Clock
from domain.catalogue import Urgency
from domain.clock import Limit
from domain.commands import Verb
from domain.petition import Matter
from domain.place import Level
from domain.report import Source
from domain.ticket import Tier
from runtime.citypack.terms import limit_of
from runtime.citypack.words import FLAGS, meaning
from runtime.citypack.yaml import reader

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")

_FLAGS = {**FLAGS, "true": True, "false": False}
_NEVER = frozenset({"never", "从不"})


def word(kind: type[E]) -> PlainValidator:
    """A validator for a word of ``kind``, Chinese or English."""

    def read(text: str) -> E:
        found = meaning(text, kind)
        if found is None:
            raise LookupError(text)
        return found

    return reader("word-unknown", f"one of {', '.join(kind)}", read)


def keyed(kind: type[StrEnum]) -> BeforeValidator:
    """A validator for a mapping whose keys are words of ``kind``: the same one in two languages is a fault."""

    def once(said: object) -> object:
        known = [meaning(str(key).strip(), kind) for key in said] if isinstance(said, Mapping) else []
        named = [member for member in known if member]
        if len(set(named)) < len(named):
            raise PydanticCustomError("own", "each once, in one language", {"code": "key-repeated"})
        return said

    return BeforeValidator(once)


def _distinct(entries: tuple[T, ...]) -> tuple[T, ...]:
    if len(set(entries)) < len(entries):
        raise PydanticCustomError("own", "each entry once", {"code": "list-entry-repeated"})
    return entries


def _filled(entries: tuple[T, ...]) -> tuple[T, ...]:
    if not entries:
        raise PydanticCustomError("own", "at least one entry", {"code": "list-empty"})
    return _distinct(entries)


def _sure_from(text: str) -> float:
    if text in _NEVER:
        return inf
    share = float(text)
    if not 0 <= share <= 1:
        raise ValueError(text)
    return share


DISTINCT = AfterValidator(_distinct)
FILLED = AfterValidator(_filled)

Flag = Annotated[bool, reader("word-unknown", "是 or 否, true or false", _FLAGS.__getitem__)]
LimitText = Annotated[Limit, reader("limit-invalid", "a number and a unit such as 4 工作时", limit_of)]
SureFrom = Annotated[float, reader("value-invalid", "a number from 0 to 1, or never,", _sure_from)]
Count = Annotated[int, Field(ge=0, le=99)]

ClockWord = Annotated[Clock, word(Clock)]
LevelWord = Annotated[Level, word(Level)]
MatterWord = Annotated[Matter, word(Matter)]
RoleWord = Annotated[Role, word(Role)]
SourceWord = Annotated[Source, word(Source)]
TierWord = Annotated[Tier, word(Tier)]
UrgencyWord = Annotated[Urgency, word(Urgency)]
VerbWord = Annotated[Verb, word(Verb)]
