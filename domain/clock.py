"""Time limits: how long a department has, in the units of the trade, on the city's own calendar.

紧急工作时, 紧急工作日, hours, minutes and natural days run on through nights and holidays; 工作时 and 工作日 run only
inside working hours of working days, one 工作日 being 8 工作时 from the moment of start (practice of GB/T 30428.8);
整工作日 counts whole working days after the day of receipt (the 12345 hotlines). docs/clock.md teaches all of it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from itertools import islice, takewhile

from domain.errors import Invalid

WORK_DAY = timedelta(hours=8)
_ZERO = timedelta()
_HORIZON_DAYS = 3660


class TimeUnit(StrEnum):
    """Units a limit may be given in; the unit decides how the clock runs."""

    MINUTE = "minute"
    HOUR = "hour"
    URGENT_WORK_HOUR = "urgent_work_hour"
    URGENT_WORK_DAY = "urgent_work_day"
    WORK_HOUR = "work_hour"
    WORK_DAY = "work_day"
    WHOLE_WORK_DAY = "whole_work_day"
    NATURAL_DAY = "natural_day"


_LENGTH: dict[TimeUnit, timedelta] = {
    TimeUnit.MINUTE: timedelta(minutes=1),
    TimeUnit.HOUR: timedelta(hours=1),
    TimeUnit.URGENT_WORK_HOUR: timedelta(hours=1),
    TimeUnit.URGENT_WORK_DAY: timedelta(days=1),
    TimeUnit.WORK_HOUR: timedelta(hours=1),
    TimeUnit.WORK_DAY: WORK_DAY,
    TimeUnit.WHOLE_WORK_DAY: WORK_DAY,
    TimeUnit.NATURAL_DAY: timedelta(days=1),
}
_WORKING = frozenset({TimeUnit.WORK_HOUR, TimeUnit.WORK_DAY, TimeUnit.WHOLE_WORK_DAY})


@dataclass(frozen=True, slots=True)
class Limit:
    """A length of time in one unit: ``Limit(4, WORK_HOUR)`` is 4 工作时. Raises ``Invalid``."""

    value: float
    unit: TimeUnit

    def __post_init__(self) -> None:
        if not 0 < self.value < 10_000:
            raise Invalid("limit-invalid", "时限必须为正数", "limits lie between 0 and 10,000")
        if self.whole and self.value != int(self.value):
            raise Invalid("limit-invalid", "整工作日须为整数", "whole working days come whole; 工作日 may be divided")

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit}"

    @property
    def length(self) -> timedelta:
        """The time to be counted, continuous or working according to the unit; a whole working day stands for 8 h."""
        return _LENGTH[self.unit] * self.value

    def length_on(self, calendar: "Calendar") -> timedelta:
        """The time to be counted where a whole working day is as long as the calendar's."""
        return calendar.day_length * self.value if self.whole else self.length

    @property
    def working(self) -> bool:
        """Whether only working time counts."""
        return self.unit in _WORKING

    @property
    def whole(self) -> bool:
        """Whether it counts whole working days by their ends and not by the hour."""
        return self.unit is TimeUnit.WHOLE_WORK_DAY


@dataclass(frozen=True)
class Calendar:
    """Working hours and days of one city: weekly rest days, public holidays, and make-up working days (调休上班).

    ``hours`` are the working intervals of a day in local time, ascending, not overlapping. A make-up day is a
    working day whatever else it is; a holiday beats the week. Raises ``Invalid``; looking more than ten years ahead
    or back raises ``Invalid`` too.
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

    @property
    def day_length(self) -> timedelta:
        """Working time of one working day."""
        edges = [(datetime.combine(date.min, a), datetime.combine(date.min, b)) for a, b in self.hours]
        return sum((b - a for a, b in edges), _ZERO)

    def works_on(self, day: date) -> bool:
        """Whether ``day`` is a working day."""
        if day in self.makeup_days:
            return True
        return day not in self.holidays and day.weekday() not in self.rest_weekdays

    def intervals(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """The working intervals of a day as instants (UTC); empty on days off."""
        return _intervals(self, day)

    def add(self, start: datetime, work: timedelta) -> datetime:
        """The instant (UTC) at which ``work`` (not negative) of working time has passed since ``start``.

        A clock that is started outside working hours begins to run at the next interval; one that ends exactly at
        the end of an interval ends there and not at the start of the next. No work at all leads to where the clock
        would begin to run.
        """
        left = _not_negative(work)
        for begin, end in self._from(start):
            if left <= end - begin:
                return begin + left
            left -= end - begin
        raise _exhausted()

    def back(self, end: datetime, work: timedelta) -> datetime:
        """The instant (UTC) from which ``work`` (not negative) of working time passes until ``end``.

        The mirror of ``add``: of several such instants the latest, so that it lies where people begin to work and
        not where they leave. No work at all leads to where the clock last ran.
        """
        left = _not_negative(work)
        for begin, finish in self._until(end):
            if left <= finish - begin:
                return finish - left
            left -= finish - begin
        raise _exhausted()

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Working time that passes from ``start`` to ``end`` (zero if ``end`` is not after ``start``)."""
        spans = takewhile(lambda span: span[0] < end, self._from(start))
        return sum((min(finish, end) - begin for begin, finish in spans), _ZERO)

    def day_ends(self, start: datetime) -> Iterator[datetime]:
        """The ends (UTC) of working days after ``start``, in order: that of its own day too, if it is still to come."""
        for day in self._days(start, 1):
            intervals = self.intervals(day)
            if intervals and intervals[-1][1] > start:
                yield intervals[-1][1]
        raise _exhausted()

    def _from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        for day in self._days(start, 1):
            for begin, end in self.intervals(day):
                if end > start:
                    yield max(begin, start.astimezone(UTC)), end
        raise _exhausted()

    def _until(self, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        for day in self._days(end, -1):
            for begin, finish in reversed(self.intervals(day)):
                if begin < end:
                    yield begin, min(finish, end.astimezone(UTC))
        raise _exhausted()

    def _days(self, start: datetime, step: int) -> Iterator[date]:
        first = start.astimezone(self.zone).date()
        return (first + timedelta(days=step * ahead) for ahead in range(_HORIZON_DAYS))


@lru_cache(maxsize=8192)
def _intervals(calendar: Calendar, day: date) -> tuple[tuple[datetime, datetime], ...]:
    if not calendar.works_on(day):
        return ()
    local = (
        (datetime.combine(day, a, calendar.zone), datetime.combine(day, b, calendar.zone)) for a, b in calendar.hours
    )
    return tuple((a.astimezone(UTC), b.astimezone(UTC)) for a, b in local)


def _not_negative(work: timedelta) -> timedelta:
    if work < _ZERO:
        raise Invalid("limit-invalid", "时限必须为正数", "negative working time: count it with back")
    return work


def _exhausted() -> Invalid:
    return Invalid("calendar-exhausted", "日历内无足够工作时间", "the limit ends more than ten years ahead")


# In an exercise (演练, ``pace`` other than 1) everything runs continuously and that many times faster, so that a day's
# drill shows overdue cases in minutes. Durations are always the limit's own time (4 hours are left of 8); only instants
# know of the pace.


def due(start: datetime, limit: Limit, calendar: Calendar, pace: float = 1.0) -> datetime:
    """When a limit that starts at ``start`` (aware) runs out, in UTC.

    Whole working days end with the last working interval of the n-th working day after the local day of ``start``.
    """
    if limit.whole and pace == 1.0:
        tomorrow = start.astimezone(calendar.zone).date() + timedelta(days=1)
        return _day_end(calendar, datetime.combine(tomorrow, time.min, calendar.zone), int(limit.value))
    return _moved(start, limit.length_on(calendar), limit, calendar, pace)


def shifted(moment: datetime, limit: Limit, calendar: Calendar, share: float, pace: float = 1.0) -> datetime:
    """The instant (UTC) that lies ``share`` of the limit's length after ``moment`` (before it, if negative).

    Counted as the limit counts; whole working days as the working time they hold. The warning at 80 % is
    ``shifted(due_at, …, -0.2)``, an escalation half a limit late ``shifted(due_at, …, 0.5)``, an extension by one more
    limit ``shifted(due_at, …, 1.0)``. Share 0 is ``moment`` itself.
    """
    by = limit.length_on(calendar) * share
    return _moved(moment, by, limit, calendar, pace) if by else moment.astimezone(UTC)


def left(at: datetime, due_at: datetime, limit: Limit, calendar: Calendar, pace: float = 1.0) -> timedelta:
    """What remains of a limit at ``at``, in its own time (zero if past); ``resumed`` takes it up again.

    Of whole working days those remain that end between ``at`` and the last one: the day that is running does not
    count any more, as the day of receipt does not, and on the last day nothing is left but that day itself.
    """
    if due_at <= at:
        return _ZERO
    if pace != 1.0 or not limit.working:
        return (due_at - at) * pace
    if limit.whole:
        return calendar.day_length * sum(1 for _ in takewhile(lambda end: end < due_at, calendar.day_ends(at)))
    return calendar.between(at, due_at)


def resumed(at: datetime, left: timedelta, limit: Limit, calendar: Calendar, pace: float = 1.0) -> datetime:
    """When (UTC) a paused limit runs out that goes on at ``at`` with ``left`` of its own time remaining.

    Never before the due instant it had, whenever it was paused. Whole working days end with the working day that is
    running (or comes next) and ``left`` more: a pause gives back exactly those days whose end fell into it.
    """
    if limit.whole and pace == 1.0:
        return _day_end(calendar, at, 1 - (-left // calendar.day_length))
    return _moved(at, left, limit, calendar, pace)


def spent(
    intervals: Iterable[tuple[datetime, datetime]], limit: Limit, calendar: Calendar, pace: float = 1.0
) -> timedelta:
    """Time of the limit used over several stays (start, end) in a stage, for a cumulative clock (累计耗时).

    Stays do not overlap. A whole working day is used by the stay in which it ends.
    """
    return sum((_used(start, end, limit, calendar, pace) for start, end in intervals), _ZERO)


def remaining(limit: Limit, spent: timedelta, calendar: Calendar) -> timedelta:
    """What a cumulative clock has left for the next visit (not negative); ``resumed`` turns it into a due instant."""
    return max(limit.length_on(calendar) - spent, _ZERO)


def _used(start: datetime, end: datetime, limit: Limit, calendar: Calendar, pace: float) -> timedelta:
    if end <= start:
        return _ZERO
    if pace != 1.0 or not limit.working:
        return (end - start) * pace
    if limit.whole:
        return calendar.day_length * sum(1 for _ in takewhile(lambda day: day <= end, calendar.day_ends(start)))
    return calendar.between(start, end)


def _day_end(calendar: Calendar, start: datetime, count: int) -> datetime:
    return next(islice(calendar.day_ends(start), count - 1, None))


def _moved(moment: datetime, by: timedelta, limit: Limit, calendar: Calendar, pace: float) -> datetime:
    if pace != 1.0 or not limit.working:
        return moment.astimezone(UTC) + by / pace
    return calendar.add(moment, by) if by >= _ZERO else calendar.back(moment, -by)
