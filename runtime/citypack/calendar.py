"""``calendar.yaml`` of a city pack: working hours, weekly rest days, public holidays and make-up days (调休上班).

One calendar is the city's own; others stand beside it for those who work at other times.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import date, time, timedelta, tzinfo
from typing import Annotated

from pydantic import Field

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


class OtherCalendar(Section):
    """A calendar beside the city's own; what it does not say of holidays and make-up days is as in the city."""

    hours: tuple[Hours, ...]
    rest_weekdays: tuple[Weekday, ...]
    holidays: tuple[Holiday, ...] | None = None
    makeup_days: tuple[Day, ...] | None = None


class CalendarFile(Section):
    """What ``calendar.yaml`` says: the city's own calendar, and ``others`` by name (综合执法, a hospital)."""

    hours: tuple[Hours, ...]
    rest_weekdays: tuple[Weekday, ...]
    holidays: tuple[Holiday, ...] = ()
    makeup_days: tuple[Day, ...] = ()
    others: Mapping[Annotated[str, Field(min_length=1)], OtherCalendar] = {}


Said = CalendarFile | OtherCalendar
Path = tuple[str | int, ...]
Wrong = tuple[Path, str, str]


def read_calendars(files: PackFiles, zone: tzinfo) -> Mapping[str, Calendar] | None:
    """All calendars of the city by name, its own under ``""``; None if one of them has faults.

    A holiday that ends before it begins or overlaps another, and a make-up day that is no rest day or lies inside a
    holiday, are slips of the pen that would shift every deadline around them, hence faults.
    """
    document = read_yaml(files, _FILE, CalendarFile)
    city = document.content if document else None
    if document is None or city is None:
        return None
    faults = list(_faults((), city, city))
    for name, other in city.others.items():
        faults += _faults(("others", name), other, city)
    for path, code, hint in faults:
        files.findings.fault(document.at(*path), code, hint)
    if faults:
        return None
    calendars = {"": _calendar(files, document, (), city, city, zone)}
    calendars |= {
        name: _calendar(files, document, ("others", name), other, city, zone) for name, other in city.others.items()
    }
    sound = {name: calendar for name, calendar in calendars.items() if calendar is not None}
    return sound if len(sound) == len(calendars) else None


def _calendar(
    files: PackFiles, document: Document[CalendarFile], path: Path, said: Said, city: CalendarFile, zone: tzinfo
) -> Calendar | None:
    holidays = city.holidays if said.holidays is None else said.holidays
    makeup = city.makeup_days if said.makeup_days is None else said.makeup_days
    rest = frozenset(said.rest_weekdays)
    try:
        return Calendar(zone, said.hours, rest, frozenset(_days(holidays)), frozenset(makeup))
    except Invalid as error:
        place = "hours" if len(rest) < 7 else "rest_weekdays"
        files.findings.fault(document.at(*path, place), error.code, error.detail)
        return None


def _days(holidays: Iterable[Holiday]) -> Iterator[date]:
    return (day for holiday in holidays for day in holiday.days())


def _faults(path: Path, said: Said, city: CalendarFile) -> Iterator[Wrong]:
    """What is wrong with what this calendar says itself; what it takes over was told where it stands."""
    plausible = [h for h in said.holidays or () if timedelta() <= h.last - h.first <= _LONGEST]
    yield from _holiday_faults((*path, "holidays"), said.holidays or (), plausible)
    if said.makeup_days is not None:
        off = plausible if said.holidays is not None else [h for h in city.holidays if h.last - h.first <= _LONGEST]
        yield from _makeup_faults((*path, "makeup_days"), said, set(_days(off)))
        return
    for i, holiday in enumerate(said.holidays or ()):
        worked = next((day for day in city.makeup_days if holiday.first <= day <= holiday.last), None)
        if worked is not None:
            yield (*path, "holidays", i), "makeup-in-holiday", f"{worked} is a make-up day of the city"


def _holiday_faults(path: Path, holidays: Iterable[Holiday], plausible: Container[Holiday]) -> Iterator[Wrong]:
    taken: dict[date, str] = {}
    for i, holiday in enumerate(holidays):
        if holiday not in plausible:
            yield (*path, i), "holiday-length", f"1 to {_LONGEST.days + 1} days"
            continue
        shared = next((day for day in holiday.days() if day in taken), None)
        if shared is not None:
            yield (*path, i), "holiday-overlap", f"{shared} is also in {taken[shared]}"
        taken.update(dict.fromkeys(holiday.days(), holiday.name))


def _makeup_faults(path: Path, said: Said, days_off: Container[date]) -> Iterator[Wrong]:
    makeup = said.makeup_days or ()
    for i, day in enumerate(makeup):
        if day in makeup[:i]:
            yield (*path, i), "date-repeated", str(day)
        elif day in days_off:
            yield (*path, i), "makeup-in-holiday", str(day)
        elif day.weekday() not in said.rest_weekdays:
            yield (*path, i), "makeup-no-rest-day", f"{day} is a {_NAMES[day.weekday()][0]}"
