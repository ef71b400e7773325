"""Time limits: how long a department has, in the units of the trade, on the city's own calendar.

紧急工作时 and 紧急工作日 run on through nights and holidays; 工作时 runs only inside working hours of working days;
one 工作日 is 8 工作时 counted from the moment of start (practice of GB/T 30428.8; see docs/glossary.md).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache

from domain.errors import Invalid

WORK_DAY = timedelta(hours=8)
_HORIZON_DAYS = 3660


class TimeUnit(StrEnum):
    """Units a limit may be given in; the unit decides how the clock runs."""

    MINUTE = "minute"
    URGENT_WORK_HOUR = "urgent_work_hour"
    URGENT_WORK_DAY = "urgent_work_day"
    WORK_HOUR = "work_hour"
    WORK_DAY = "work_day"
    NATURAL_DAY = "natural_day"


_LENGTH: dict[TimeUnit, timedelta] = {
    TimeUnit.MINUTE: timedelta(minutes=1),
    TimeUnit.URGENT_WORK_HOUR: timedelta(hours=1),
    TimeUnit.URGENT_WORK_DAY: timedelta(days=1),
    TimeUnit.WORK_HOUR: timedelta(hours=1),
    TimeUnit.WORK_DAY: WORK_DAY,
    TimeUnit.NATURAL_DAY: timedelta(days=1),
}
_WORKING = frozenset({TimeUnit.WORK_HOUR, TimeUnit.WORK_DAY})


@dataclass(frozen=True, slots=True)
class Limit:
    """A length of time in one unit: ``Limit(4, WORK_HOUR)`` is 4 工作时."""

    value: float
    unit: TimeUnit

    def __post_init__(self) -> None:
        if not 0 < self.value < 10_000:
            raise Invalid("limit-invalid", "时限必须为正数", "limits lie between 0 and 10,000")

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit}"

    @property
    def length(self) -> timedelta:
        """The time to be counted, continuous or working according to the unit."""
        return _LENGTH[self.unit] * self.value

    @property
    def working(self) -> bool:
        """Whether only working time counts."""
        return self.unit in _WORKING


@dataclass(frozen=True)
class Calendar:
    """Working hours and days of one city: weekly rest days, public holidays, and make-up working days (调休上班).

    ``hours`` are the working intervals of a day in local time, ascending, not overlapping. A make-up day is a
    working day whatever else it is; a holiday beats the week.
    """

    zone: tzinfo
    hours: tuple[tuple[time, time], ...] = ((time(8), time(12)), (time(14), time(18)))
    rest_weekdays: frozenset[int] = frozenset({5, 6})
    holidays: frozenset[date] = frozenset()
    makeup_days: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        edges = [edge for interval in self.hours for edge in interval]
        if not edges or edges != sorted(set(edges)):
            raise Invalid("calendar-invalid", "工作时间段须递增且不重叠", "give hours as ascending intervals")
        if len(self.rest_weekdays) > 6:
            raise Invalid("calendar-invalid", "每周至少一个工作日", "not every weekday may be a rest day")

    def works_on(self, day: date) -> bool:
        """Whether ``day`` is a working day."""
        if day in self.makeup_days:
            return True
        return day not in self.holidays and day.weekday() not in self.rest_weekdays

    def intervals(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """The working intervals of a day as instants (UTC); empty on days off."""
        return _intervals(self, day)

    def add(self, start: datetime, work: timedelta) -> datetime:
        """The instant (UTC) at which ``work`` of working time has passed since ``start``.

        A clock that is started outside working hours begins to run at the next interval; one that ends exactly at
        the end of an interval ends there and not at the start of the next.
        """
        left = work
        for begin, end in self._from(start):
            if left <= end - begin:
                return begin + left
            left -= end - begin
        raise Invalid("calendar-exhausted", "日历内无足够工作时间", "the limit ends more than ten years ahead")

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Working time that passes from ``start`` to ``end`` (zero if ``end`` is not after ``start``)."""
        total = timedelta()
        for begin, finish in self._from(start):
            if begin >= end:
                break
            total += min(finish, end) - begin
        return total

    def _from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        first = start.astimezone(self.zone).date()
        for ahead in range(_HORIZON_DAYS):
            for begin, end in self.intervals(first + timedelta(days=ahead)):
                if end > start:
                    yield max(begin, start.astimezone(UTC)), end


@lru_cache(maxsize=8192)
def _intervals(calendar: Calendar, day: date) -> tuple[tuple[datetime, datetime], ...]:
    if not calendar.works_on(day):
        return ()
    local = (
        (datetime.combine(day, a, calendar.zone), datetime.combine(day, b, calendar.zone)) for a, b in calendar.hours
    )
    return tuple((a.astimezone(UTC), b.astimezone(UTC)) for a, b in local)


def due(start: datetime, limit: Limit, calendar: Calendar, pace: float = 1.0) -> datetime:
    """When a limit that starts at ``start`` (aware) runs out, in UTC.

    ``pace`` above 1 is an exercise (演练): the limit runs continuously and that many times faster, so that a day's
    drill shows overdue cases in minutes.
    """
    if pace != 1.0:
        return start.astimezone(UTC) + limit.length / pace
    if limit.working:
        return calendar.add(start, limit.length)
    return start.astimezone(UTC) + limit.length
