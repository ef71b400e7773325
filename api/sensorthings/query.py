"""The query options of SensorThings (OData's ``$top``, ``$filter``, …), as far as they are served. Pure.

OGC 18-088, clause 9.3. What is not served is refused: an answer that ignores a filter is a wrong answer.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from domain.errors import Invalid, invalid

TOP: Final = 100
MOST: Final = 1000
"""Entities in one answer, whatever ``$top`` asks for: ``@iot.nextLink`` leads to the rest."""

_TICK = timedelta(microseconds=1)
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC)
# a plus that was not escaped reads as a blank
_TIME = r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+\- ]\d{2}:\d{2})"
_COMPARED = re.compile(rf"phenomenonTime +(ge|gt|le|lt|eq) +(?:({_TIME})|'({_TIME})')")
_STREAM = re.compile(r"Datastream/(?:@iot\.)?id +eq +'([^']{1,64})'")
_AND = re.compile(r" +and +")
_ORDER = re.compile(r"([A-Za-z@.]{1,40})(?: +(asc|desc))?")


@dataclass(frozen=True, slots=True)
class Condition:
    """What ``$filter`` narrows observations to: from ``since`` to before ``until``, of the Datastream it names."""

    since: datetime = _FIRST
    until: datetime = _LAST
    datastream: str | None = None

    @property
    def empty(self) -> bool:
        """Whether no moment fulfils it."""
        return self.since >= self.until


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked of a collection: how many after how many, how they are ordered, and what of each."""

    top: int = TOP
    skip: int = 0
    count: bool = False
    descending: bool = False
    select: frozenset[str] = frozenset()
    expand: frozenset[str] = frozenset()
    condition: Condition = Condition()


def condition_of(text: str | None) -> Condition:
    """``$filter``: comparisons of ``phenomenonTime`` and the id of a Datastream, joined by ``and``.

    Raises ``Invalid`` with code ``query-option-invalid``, or ``timestamp-invalid`` for a time there is not.
    """
    condition = Condition()
    for part in _AND.split(text.strip()) if text is not None else ():
        condition = _narrowed(condition, part)
    return condition


def _narrowed(condition: Condition, part: str) -> Condition:
    stream = _STREAM.fullmatch(part)
    if stream and condition.datastream in (None, stream[1]):
        return replace(condition, datastream=stream[1])
    compared = _COMPARED.fullmatch(part)
    if compared is None:
        raise option_invalid("$filter", "phenomenonTime ge|gt|le|lt|eq TIME, Datastream/id eq 'ID', joined by and")
    operator, at = compared[1], _moment(compared[2] or compared[3])
    since = at + _TICK if operator == "gt" else at if operator in ("ge", "eq") else condition.since
    until = at + _TICK if operator in ("le", "eq") else at if operator == "lt" else condition.until
    return replace(condition, since=max(since, condition.since), until=min(until, condition.until))


def _moment(text: str) -> datetime:
    """A time within the years that are served; those before and after stand for their ends."""
    try:
        at = datetime.fromisoformat(text.replace(" ", "+").upper())
    except ValueError:
        raise invalid("/$filter", "timestamp-invalid", "时间格式有误", "an RFC 3339 time") from None
    if at.year < _FIRST.year - 1:
        return _FIRST - timedelta(days=1)
    return _LAST if at.year > _LAST.year else at.astimezone(UTC)


def descending(text: str | None, names: Collection[str]) -> bool:
    """``$orderby`` by one of ``names``; whether the last comes first. Raises ``Invalid``."""
    if text is None:
        return False
    found = _ORDER.fullmatch(text.strip())
    if found is None or found[1] not in names:
        raise option_invalid("$orderby", f"{' or '.join(sorted(names))}, asc or desc")
    return found[2] == "desc"


def chosen(option: str, text: str | None, names: Collection[str]) -> frozenset[str]:
    """Names with commas between them, each one of ``names``. Raises ``Invalid``."""
    wanted = frozenset(name.strip() for name in text.split(",")) if text is not None else frozenset()
    if not wanted <= frozenset(names):
        raise option_invalid(option, f"of {', '.join(sorted(names))}" if names else "there is nothing to name here")
    return wanted


def option_invalid(option: str, hint: str) -> Invalid:
    """What is said of a query option, or a part of one, that is not served."""
    return invalid(f"/{option}", "query-option-invalid", "查询选项不支持", hint)
