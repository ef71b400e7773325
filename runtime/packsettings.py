"""``pack.yaml`` and ``calendar.yaml``: who the city is, what it decides for itself, and when its people work."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, PlainValidator
from pydantic_core import PydanticCustomError

from domain.case import Clock
from domain.clock import Calendar, Limit, TimeUnit
from domain.errors import Invalid
from domain.policy import Policy
from runtime.packfiles import Findings, PackFiles
from runtime.packwords import meaning
from runtime.packyaml import Document, Section, read_yaml

OWN = "own"

# Candidates for «the same incident» are sought in lattice cells of 0.001 degrees and their neighbours
# (domain/duplicates.py); at 54 degrees north, the end of the country, a cell is 65 m wide.
_WIDEST_JOIN_M = 65.0
_LONGEST_HOLIDAY = timedelta(days=31)
_WEEKDAYS = {
    name: day
    for day, names in enumerate(
        (
            ("monday", "周一"),
            ("tuesday", "周二"),
            ("wednesday", "周三"),
            ("thursday", "周四"),
            ("friday", "周五"),
            ("saturday", "周六"),
            ("sunday", "周日"),
        )
    )
    for name in names
}


def _reader(code: str, wanted: str, read: Callable[[str], Any]) -> PlainValidator:
    """A validator that reads text, or says with our code what was wanted."""

    def validate(text: object) -> Any:
        try:
            return read(text) if isinstance(text, str) else _refuse()
        except (ValueError, KeyError, Invalid):
            raise PydanticCustomError(code, wanted) from None  # type: ignore[arg-type]  # wants a literal

    return PlainValidator(validate)


def _refuse() -> Any:
    raise ValueError


def _limit(text: str) -> Limit:
    number, unit = re.fullmatch(r"([\d.]+)\s*(\S+)", text.strip()).groups()  # type: ignore[union-attr]
    return Limit(float(number), meaning(unit, TimeUnit) or _refuse())


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        raise ValueError from None


def _hours(text: str) -> tuple[time, time]:
    begin, end = text.split("-")
    return time.fromisoformat(begin.strip()), time.fromisoformat(end.strip())


LimitText = Annotated[Limit, _reader("limit-invalid", "a number and a unit, such as 4 工作时", _limit)]
ZoneText = Annotated[ZoneInfo, _reader("timezone-unknown", "a name such as Asia/Shanghai", _zone)]
DateText = Annotated[date, _reader("date-invalid", "a date such as 2026-02-14", date.fromisoformat)]
HoursText = Annotated[tuple[time, time], _reader("hours-invalid", "times such as 08:00-12:00", _hours)]
WeekdayText = Annotated[int, _reader("weekday-unknown", "a weekday such as saturday or 周六", _WEEKDAYS.__getitem__)]
