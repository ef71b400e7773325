"""``calendar.yaml`` of a city pack: working hours, weekly rest days, public holidays and make-up days (调休上班)."""

from collections.abc import Container, Iterable, Iterator
from datetime import date, time, timedelta, tzinfo
from typing import Annotated

from domain.clock import Calendar
from domain.errors import Invalid
from runtime.citypack.files import PackFiles
from runtime.citypack.yaml import Document, Section, read_yaml, reader

_FILE = "calendar.yaml"
_LONGEST = timedelta(days=31)  # the longest holiday is 9 days so far; a slip in the year makes it far longer
_NAMES = (
    ("monday", "周一"),
    ("tuesday", "周二"),
    ("wednesday", "周三"),
    ("thursday", "周四"),
    ("friday", "周五"),
    ("saturday", "周六"),
    ("sunday", "周日"),
)
_WEEKDAYS = {name: day for day, names in enumerate(_NAMES) for name in names}


def _hours(text: str) -> tuple[time, time]:
    begin, end = (time.fromisoformat(part.strip()) for part in text.split("-"))
    return begin, end


Day = Annotated[date, reader("date-invalid", "a date such as 2026-02-14", date.fromisoformat)]
Hours = Annotated[tuple[time, time], reader("hours-invalid", "an interval such as 08:00-12:00", _hours)]
Weekday = Annotated[int, reader("weekday-unknown", "a weekday such as saturday or 周六", _WEEKDAYS.__getitem__)]


class Holiday(Section):
    """One holiday of one year, first and last day off included."""

    name: str
    first: Day
    last: Day

    def days(self) -> Iterator[date]:
        """All days of it."""
        for ahead in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=ahead)


class CalendarFile(Section):
    """What ``calendar.yaml`` says."""

    hours: tuple[Hours, ...]
    rest_weekdays: tuple[Weekday, ...]
    holidays: tuple[Holiday, ...] = ()
    makeup_days: tuple[Day, ...] = ()


def read_calendar(files: PackFiles, zone: tzinfo) -> Calendar | None:
    """The city's calendar, None if it has faults.

    A holiday that ends before it begins or overlaps another, and a make-up day that is no rest day or lies inside a
    holiday, are slips of the pen that would shift every deadline around them, hence faults.
    """
    document = read_yaml(files, _FILE, CalendarFile)
    content = document.content if document else None
    if document is None or content is None:
        return None
    plausible = [h for h in content.holidays if timedelta() <= h.last - h.first <= _LONGEST]
    faults = [*_holiday_faults(content.holidays, plausible), *_makeup_faults(content, plausible)]
    for path, code, hint in faults:
        files.findings.fault(document.at(*path), code, hint)
    if faults:
        return None
    return _calendar(files, document, content, zone)


def _calendar(files: PackFiles, document: Document[CalendarFile], said: CalendarFile, zone: tzinfo) -> Calendar | None:
    holidays = frozenset(day for holiday in said.holidays for day in holiday.days())
    rest = frozenset(said.rest_weekdays)
    try:
        return Calendar(zone, said.hours, rest, holidays, frozenset(said.makeup_days))
    except Invalid as error:
        files.findings.fault(document.at("hours" if len(rest) < 7 else "rest_weekdays"), error.code, error.detail)
        return None


Wrong = tuple[tuple[str | int, ...], str, str]


def _holiday_faults(holidays: Iterable[Holiday], plausible: Container[Holiday]) -> Iterator[Wrong]:
    taken: dict[date, str] = {}
    for i, holiday in enumerate(holidays):
        if holiday not in plausible:
            yield ("holidays", i), "holiday-length", f"1 to {_LONGEST.days + 1} days"
            continue
        shared = next((day for day in holiday.days() if day in taken), None)
        if shared is not None:
            yield ("holidays", i), "holiday-overlap", f"{shared} is also in {taken[shared]}"
        taken.update(dict.fromkeys(holiday.days(), holiday.name))


def _makeup_faults(content: CalendarFile, plausible: Iterable[Holiday]) -> Iterator[Wrong]:
    days_off = {day for holiday in plausible for day in holiday.days()}
    for i, day in enumerate(content.makeup_days):
        if day in content.makeup_days[:i]:
            yield ("makeup_days", i), "date-repeated", str(day)
        elif day in days_off:
            yield ("makeup_days", i), "makeup-in-holiday", str(day)
        elif day.weekday() not in content.rest_weekdays:
            yield ("makeup_days", i), "makeup-no-rest-day", f"{day} is a {_NAMES[day.weekday()][0]}"
