"""The clock against another one: slow, without intervals or UTC, walking the city's wall clock five minutes a step."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import Calendar, Limit, TimeUnit, due, left, resumed, shifted
from tests.build import ZONE

STEP = timedelta(minutes=5)
FIRST, LAST = date(2025, 9, 1), date(2025, 10, 31)

# Wall-clock times on the step; the calendar's edges, the starts and the lengths are all on it.
MOMENTS = st.builds(
    lambda day, steps: datetime.combine(day, time()) + steps * STEP, st.dates(FIRST, LAST), st.integers(0, 287)
)
EDGES = st.lists(st.integers(0, 287), min_size=2, max_size=8, unique=True).filter(lambda edges: len(edges) % 2 == 0)
DAYS = st.frozensets(st.dates(FIRST, LAST), max_size=25)
WEEKDAYS = st.frozensets(st.integers(0, 6), max_size=4)
WORK = st.integers(1, 12 * 40).map(lambda steps: steps * STEP)


def a_calendar(edges: list[int], rest: frozenset[int], holidays: frozenset[date], makeup: frozenset[date]) -> Calendar:
    clock = [(datetime.combine(FIRST, time()) + steps * STEP).time() for steps in sorted(edges)]
    return Calendar(ZONE, tuple(zip(clock[::2], clock[1::2], strict=True)), rest, holidays, makeup)


CALENDARS = st.builds(a_calendar, EDGES, WEEKDAYS, DAYS, DAYS)
oracle = settings(deadline=None, max_examples=60)


def local(moment: datetime) -> datetime:
    """The city's wall clock."""
    return moment.astimezone(ZONE).replace(tzinfo=None)


def there(moment: datetime) -> datetime:
    return moment.replace(tzinfo=ZONE)


def open_day(calendar: Calendar, day: date) -> bool:
    if day in calendar.makeup_days:
        return True
    return not (day in calendar.holidays or day.weekday() in calendar.rest_weekdays)


def open_at(calendar: Calendar, moment: datetime) -> bool:
    """Whether people work in the step that begins at a moment."""
    within = any(begin <= moment.time() < end for begin, end in calendar.hours)
    return within and open_day(calendar, moment.date())


def worked(calendar: Calendar, start: datetime, work: timedelta) -> datetime:
    while work:
        work -= STEP if open_at(calendar, start) else timedelta()
        start += STEP
    return start


def worked_back(calendar: Calendar, end: datetime, work: timedelta) -> datetime:
    while work:
        end -= STEP
        work -= STEP if open_at(calendar, end) else timedelta()
    return end


def counted(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    total = timedelta()
    while start < end:
        total += STEP if open_at(calendar, start) else timedelta()
        start += STEP
    return total


def closings(calendar: Calendar, day: date) -> Iterator[datetime]:
    """The ends of working days from a day on."""
    while True:
        if open_day(calendar, day):
            yield datetime.combine(day, max(end for _, end in calendar.hours))
        day += timedelta(days=1)


@oracle
@given(CALENDARS, MOMENTS, WORK)
def test_working_time_forwards_backwards_and_between(calendar: Calendar, moment: datetime, work: timedelta) -> None:
    end, begin = worked(calendar, moment, work), worked_back(calendar, moment, work)
    assert local(calendar.add(there(moment), work)) == end
    assert local(calendar.back(there(moment), work)) == begin
    assert calendar.between(there(begin), there(end)) == counted(calendar, begin, end) == 2 * work


@oracle
@given(CALENDARS, MOMENTS, st.timedeltas(timedelta(), timedelta(days=20)))
def test_working_time_between_any_two_moments(calendar: Calendar, start: datetime, wait: timedelta) -> None:
    end = start + wait // STEP * STEP
    assert calendar.between(there(start), there(end)) == counted(calendar, start, end)


@oracle
@given(CALENDARS, MOMENTS, st.integers(1, 10))
def test_whole_working_days(calendar: Calendar, start: datetime, count: int) -> None:
    days = closings(calendar, start.date() + timedelta(days=1))
    expected = [next(days) for _ in range(count)][-1]
    assert local(due(there(start), Limit(count, TimeUnit.WHOLE_WORK_DAY), calendar)) == expected


@oracle
@given(CALENDARS, MOMENTS, st.integers(1, 20), st.sampled_from([-1.0, -0.5, -0.25, 0.5, 1.0, 2.0]))
def test_shares_of_working_hours(calendar: Calendar, moment: datetime, thirds: int, share: float) -> None:
    limit = Limit(thirds / 3, TimeUnit.WORK_HOUR)
    by = thirds * 20 * timedelta(minutes=1) * abs(share)
    expected = worked(calendar, moment, by) if share > 0 else worked_back(calendar, moment, by)
    assert abs(local(shifted(there(moment), limit, calendar, share)) - expected) <= timedelta(microseconds=1)


@oracle
@given(CALENDARS, MOMENTS, WORK, st.integers(0, 288 * 4), st.integers(0, 288 * 4))
def test_a_pause_is_working_time_that_nobody_counts(
    calendar: Calendar, start: datetime, work: timedelta, run: int, pause: int
) -> None:
    """The oracle keeps one counter and does not let it run while the case is paused."""
    limit = Limit(work / timedelta(hours=1), TimeUnit.WORK_HOUR)
    end = due(there(start), limit, calendar)
    paused, on = start + run * STEP, start + (run + pause) * STEP
    kept = left(there(paused), end, limit, calendar)
    if there(paused) < end:
        rest = work - counted(calendar, start, paused)
        assert abs(kept - rest) <= timedelta(microseconds=1)
        assert abs(local(resumed(there(on), kept, limit, calendar)) - worked(calendar, on, rest)) <= timedelta(
            microseconds=1
        )
    else:
        assert kept == timedelta()
