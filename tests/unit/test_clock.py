"""When time runs out: dated examples reckoned by hand, and what must hold for any limit on any calendar.

Working hours are 08:00-12:00 and 14:00-18:00 unless said; holidays and make-up days are those of 2025 and 2026.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import Calendar, Limit, TimeUnit, due
from domain.errors import Invalid
from tests.build import CALENDAR, ZONE, at

EXAMPLES = [
    # within a day
    ("Mon 2026-11-16 09:00", "2 work_hour", "Mon 2026-11-16 11:00", "a morning's work"),
    ("Mon 2026-11-16 11:00", "2 work_hour", "Mon 2026-11-16 15:00", "lunch does not count"),
    ("Mon 2026-11-16 08:00", "4 work_hour", "Mon 2026-11-16 12:00", "ends with the morning, not after lunch"),
    ("Mon 2026-11-16 08:00", "8 work_hour", "Mon 2026-11-16 18:00", "ends with the day, not on the next"),
    ("Mon 2026-11-16 08:00", "1 work_day", "Mon 2026-11-16 18:00", "a working day is 8 working hours"),
    ("Mon 2026-11-16 12:00", "1 work_hour", "Mon 2026-11-16 15:00", "starts as the morning ends"),
    ("Mon 2026-11-16 12:30", "4 work_hour", "Mon 2026-11-16 18:00", "starts at lunch"),
    ("Mon 2026-11-16 13:59", "0.5 work_hour", "Mon 2026-11-16 14:30", "a minute before the afternoon"),
    ("Mon 2026-11-16 06:00", "1 work_hour", "Mon 2026-11-16 09:00", "before the day begins"),
    ("Mon 2026-11-16 00:00", "8 work_hour", "Mon 2026-11-16 18:00", "at midnight the day is the new one"),
    # over nights and weekends
    ("Mon 2026-11-16 10:00", "1 work_day", "Tue 2026-11-17 10:00", "from the moment, not to the day's end"),
    ("Mon 2026-11-16 18:00", "1 work_hour", "Tue 2026-11-17 09:00", "starts as the day ends"),
    ("Mon 2026-11-16 23:59", "1 work_hour", "Tue 2026-11-17 09:00", "a call in the night"),
    ("Fri 2026-11-20 09:30", "0.5 work_day", "Fri 2026-11-20 15:30", "half a day is 4 hours"),
    ("Fri 2026-11-20 17:00", "2 work_hour", "Mon 2026-11-23 09:00", "over the weekend"),
    ("Fri 2026-11-20 18:00", "1 work_day", "Mon 2026-11-23 18:00", "Friday evening"),
    ("Sat 2026-11-21 10:00", "4 work_hour", "Mon 2026-11-23 12:00", "on a Saturday"),
    ("Sun 2026-11-22 20:00", "1 work_day", "Mon 2026-11-23 18:00", "on a Sunday evening"),
    ("Wed 2026-11-18 15:00", "5 work_day", "Wed 2026-11-25 15:00", "five days are a week"),
    ("Wed 2024-02-28 18:00", "2 work_day", "Fri 2024-03-01 18:00", "the leap day counts"),
    # units that run on
    ("Mon 2026-11-16 09:00", "15 minute", "Mon 2026-11-16 09:15", "the desk's quarter of an hour"),
    ("Mon 2026-11-16 11:50", "30 minute", "Mon 2026-11-16 12:20", "minutes run through lunch"),
    ("Sat 2026-11-21 23:50", "15 minute", "Sun 2026-11-22 00:05", "and through midnight and weekends"),
    ("Fri 2026-11-20 23:00", "2 urgent_work_hour", "Sat 2026-11-21 01:00", "a burst main does not wait"),
    ("Sat 2026-11-21 03:00", "1 urgent_work_day", "Sun 2026-11-22 03:00", "an urgent day is 24 hours"),
    ("Fri 2026-11-20 18:00", "3 natural_day", "Mon 2026-11-23 18:00", "natural days count the weekend"),
    # new year and the spring festival of 2025: 28 January to 4 February, for which 26 January and 8 February work
    ("Tue 2024-12-31 16:00", "1 work_day", "Thu 2025-01-02 16:00", "over new year"),
    ("Fri 2025-01-24 17:00", "2 work_hour", "Sun 2025-01-26 09:00", "that Sunday is a working day"),
    ("Sat 2025-01-25 09:00", "1 work_day", "Sun 2025-01-26 18:00", "the Saturday before it is not"),
    ("Sun 2025-01-26 08:00", "1 work_day", "Sun 2025-01-26 18:00", "a whole working Sunday"),
    ("Mon 2025-01-27 17:00", "2 work_hour", "Wed 2025-02-05 09:00", "eight days off"),
    ("Mon 2025-01-27 18:00", "5 work_day", "Mon 2025-02-10 18:00", "Wed Thu Fri, the made-up Sat, Mon"),
    ("Wed 2025-01-29 12:00", "1 work_day", "Wed 2025-02-05 18:00", "a call on new year's day"),
    ("Tue 2025-01-28 23:00", "2 urgent_work_hour", "Wed 2025-01-29 01:00", "fireworks on new year's eve"),
    ("Tue 2025-01-28 10:00", "7 natural_day", "Tue 2025-02-04 10:00", "natural days run through it"),
    # spring and summer of 2025
    ("Thu 2025-04-03 16:00", "1 work_day", "Mon 2025-04-07 16:00", "清明, Friday to Sunday"),
    ("Sat 2025-04-26 10:00", "4 work_hour", "Sun 2025-04-27 12:00", "a working Sunday before 1 May"),
    ("Wed 2025-04-30 14:00", "1 work_day", "Tue 2025-05-06 12:00", "five days off in May"),
    ("Fri 2025-05-30 17:30", "1 work_hour", "Tue 2025-06-03 08:30", "端午, Saturday to Monday"),
    # 1 to 8 October 2025, for which 28 September and 11 October work
    ("Fri 2025-09-26 17:00", "2 work_day", "Mon 2025-09-29 17:00", "1 h, the made-up Sunday 8 h, 7 h"),
    ("Tue 2025-09-30 17:00", "2 work_hour", "Thu 2025-10-09 09:00", "over the national holiday"),
    ("Tue 2025-09-30 18:00", "3 work_day", "Sat 2025-10-11 18:00", "Thu, Fri and the made-up Saturday"),
    ("Tue 2025-09-30 18:00", "4 work_day", "Mon 2025-10-13 18:00", "the Sunday after it rests"),
    ("Wed 2025-10-01 00:00", "1 urgent_work_day", "Thu 2025-10-02 00:00", "urgent on the national day"),
    # the turn of the year
    ("Wed 2025-12-31 17:00", "2 work_hour", "Sun 2026-01-04 09:00", "three days off, then a working Sunday"),
    ("Wed 2025-12-31 23:30", "1 urgent_work_hour", "Thu 2026-01-01 00:30", "urgent into the new year"),
    # the spring festival of 2026: 15 to 23 February, for which 14 and 28 February work
    ("Fri 2026-02-13 17:00", "2 work_hour", "Sat 2026-02-14 09:00", "a working Saturday"),
    ("Sat 2026-02-14 16:00", "1 work_day", "Tue 2026-02-24 16:00", "2 h, nine days off, 6 h"),
    ("Mon 2026-02-16 20:00", "2 urgent_work_hour", "Mon 2026-02-16 22:00", "urgent on new year's eve"),
    ("Thu 2026-02-26 18:00", "3 work_day", "Mon 2026-03-02 18:00", "Fri, the made-up Sat, Mon"),
    # the rest of 2026
    ("Fri 2026-04-03 15:00", "4 work_hour", "Tue 2026-04-07 09:00", "清明, Saturday to Monday"),
    ("Thu 2026-04-30 17:00", "7 work_day", "Wed 2026-05-13 17:00", "1 h; Wed to Fri, Sat 9 May made up, Mon, Tue; 7 h"),
    ("Thu 2026-06-18 17:00", "2 work_hour", "Mon 2026-06-22 09:00", "端午 over a weekend"),
    ("Sat 2026-09-19 12:00", "1 work_day", "Sun 2026-09-20 18:00", "a working Sunday in September"),
    ("Thu 2026-09-24 14:00", "1 work_day", "Mon 2026-09-28 12:00", "中秋, Friday to Sunday"),
    ("Wed 2026-09-30 18:00", "1 work_hour", "Thu 2026-10-08 09:00", "seven days off in October"),
    ("Wed 2026-09-30 18:00", "3 work_day", "Sat 2026-10-10 18:00", "Thu, Fri and the made-up Saturday"),
    ("Fri 2026-10-02 09:00", "2 urgent_work_hour", "Fri 2026-10-02 11:00", "urgent through a holiday"),
]


def limit(text: str) -> Limit:
    value, unit = text.split()
    return Limit(float(value), TimeUnit(unit))


@pytest.mark.parametrize(("start", "given", "end", "why"), EXAMPLES, ids=[f"{e[0]} + {e[1]}" for e in EXAMPLES])
def test_dated_example(start: str, given: str, end: str, why: str) -> None:
    assert due(at(start), limit(given), CALENDAR) == at(end), why


def test_instants_come_in_utc() -> None:
    assert due(at("Mon 2026-11-16 09:00"), limit("2 work_hour"), CALENDAR).tzinfo is UTC
    assert due(at("Mon 2026-11-16 09:00"), limit("2 urgent_work_hour"), CALENDAR).tzinfo is UTC


def test_where_the_day_has_seven_hours_a_working_day_still_is_eight() -> None:
    short = Calendar(ZONE, hours=((time(9), time(12)), (time(13, 30), time(17, 30))))
    assert due(at("Mon 2026-11-16 09:00"), limit("1 work_day"), short) == at("Tue 2026-11-17 10:00")


def test_a_city_may_work_on_saturdays() -> None:
    six_days = Calendar(ZONE, rest_weekdays=frozenset({6}))
    assert due(at("Fri 2026-11-20 17:00"), limit("2 work_hour"), six_days) == at("Sat 2026-11-21 09:00")


def test_when_the_clocks_go_back_hours_stay_hours_and_the_office_opens_at_eight() -> None:
    zone = ZoneInfo("America/Los_Angeles")
    there = Calendar(zone)
    noon = at("Sat 2026-10-31 12:00", zone)
    assert due(noon, limit("1 natural_day"), there) == at("Sun 2026-11-01 11:00", zone)
    friday = at("Fri 2026-10-30 17:00", zone)
    assert due(friday, limit("2 work_hour"), there) == at("Mon 2026-11-02 09:00", zone)


def test_in_a_drill_a_limit_runs_on_and_faster() -> None:
    drill = due(at("Sat 2026-11-21 10:00"), limit("1 work_day"), CALENDAR, pace=480.0)
    assert drill - at("Sat 2026-11-21 10:00") == timedelta(minutes=1)


@pytest.mark.parametrize("value", [0.0, -1.0, 10_000.0, float("nan"), float("inf")])
def test_a_limit_is_a_positive_length(value: float) -> None:
    with pytest.raises(Invalid) as caught:
        Limit(value, TimeUnit.WORK_DAY)
    assert caught.value.code == "limit-invalid"


@pytest.mark.parametrize(
    "hours",
    [
        (),
        ((time(12), time(8)),),
        ((time(8), time(8)),),
        ((time(8), time(13)), (time(12), time(18))),
        ((time(14), time(18)), (time(8), time(12))),
    ],
    ids=["none", "backwards", "empty", "overlapping", "out of order"],
)
def test_working_hours_that_make_no_sense_are_refused(hours: tuple[tuple[time, time], ...]) -> None:
    with pytest.raises(Invalid) as caught:
        Calendar(ZONE, hours=hours)
    assert caught.value.code == "calendar-invalid"


def test_a_week_has_a_working_day() -> None:
    with pytest.raises(Invalid):
        Calendar(ZONE, rest_weekdays=frozenset(range(7)))


def test_a_limit_beyond_the_calendar_is_refused_and_not_searched_for_ever() -> None:
    with pytest.raises(Invalid) as caught:
        due(at("Mon 2026-11-16 09:00"), limit("9999 work_day"), CALENDAR)
    assert caught.value.code == "calendar-exhausted"


def test_a_make_up_day_works_even_within_a_holiday() -> None:
    day = date(2026, 10, 1)
    assert not CALENDAR.works_on(day)
    assert Calendar(ZONE, holidays=frozenset({day}), makeup_days=frozenset({day})).works_on(day)


# --- For any limit

INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 1), timezones=st.just(ZONE))  # noqa: DTZ001
WAITS = st.timedeltas(timedelta(), timedelta(days=9))
WORK = st.integers(1, 60 * 8 * 20).map(lambda minutes: timedelta(minutes=minutes))
HOURS = st.sampled_from(
    [
        ((time(8), time(12)), (time(14), time(18))),
        ((time(9), time(17)),),
        ((time(0, 30), time(3)), (time(8, 15), time(11, 45)), (time(13), time(19)), (time(22), time(23, 59))),
    ]
)
CALENDARS = st.builds(
    lambda hours, holidays, makeup, rest: Calendar(ZONE, hours, rest, holidays, makeup),
    HOURS,
    st.frozensets(st.dates(date(2025, 1, 1), date(2026, 12, 31)), max_size=60),
    st.frozensets(st.dates(date(2025, 1, 1), date(2026, 12, 31)), max_size=20),
    st.frozensets(st.integers(0, 6), max_size=6),
)


def working(calendar: Calendar, moment: datetime) -> bool:
    """Whether working time has just been passing, reckoned from the definition alone."""
    local = moment.astimezone(ZONE)
    return calendar.works_on(local.date()) and any(a < local.time() <= b for a, b in calendar.hours)


@given(CALENDARS, INSTANTS, WORK)
def test_the_time_between_start_and_end_is_the_time_added(calendar: Calendar, start: datetime, work: timedelta) -> None:
    assert calendar.between(start, calendar.add(start, work)) == work


@given(CALENDARS, INSTANTS, WORK)
def test_a_working_limit_ends_while_people_work(calendar: Calendar, start: datetime, work: timedelta) -> None:
    assert working(calendar, calendar.add(start, work))


@given(CALENDARS, INSTANTS, st.timedeltas(timedelta(minutes=1), timedelta(days=20)))
def test_adding_the_time_between_leads_back_unless_the_end_was_idle(
    calendar: Calendar, start: datetime, later: timedelta
) -> None:
    end = start + later
    work = calendar.between(start, end)
    if work:
        back = calendar.add(start, work)
        assert back <= end
        assert (back == end) is working(calendar, end)


@given(CALENDARS, INSTANTS, WAITS, WORK)
def test_who_starts_later_is_never_due_earlier(
    calendar: Calendar, start: datetime, wait: timedelta, work: timedelta
) -> None:
    assert calendar.add(start, work) <= calendar.add(start + wait, work)


@given(CALENDARS, INSTANTS, WORK, WORK)
def test_a_longer_limit_is_due_later(calendar: Calendar, start: datetime, work: timedelta, more: timedelta) -> None:
    assert calendar.add(start, work) < calendar.add(start, work + more)


@given(CALENDARS, INSTANTS, WORK, WORK)
def test_a_limit_may_be_spent_in_two_parts(
    calendar: Calendar, start: datetime, first: timedelta, second: timedelta
) -> None:
    assert calendar.add(calendar.add(start, first), second) == calendar.add(start, first + second)


@given(
    CALENDARS, INSTANTS, st.timedeltas(timedelta(), timedelta(days=9)), st.timedeltas(timedelta(), timedelta(days=9))
)
def test_working_time_adds_up_over_any_cut(
    calendar: Calendar, start: datetime, first: timedelta, second: timedelta
) -> None:
    cut = start + first
    end = cut + second
    assert calendar.between(start, cut) + calendar.between(cut, end) == calendar.between(start, end)
    assert calendar.between(end, start) == timedelta() or first + second == timedelta()


@given(CALENDARS, INSTANTS, st.integers(1, 200))
def test_urgent_is_never_later_than_working_for_the_same_hours(calendar: Calendar, start: datetime, hours: int) -> None:
    urgent = due(start, Limit(hours, TimeUnit.URGENT_WORK_HOUR), calendar)
    assert urgent <= due(start, Limit(hours, TimeUnit.WORK_HOUR), calendar)


@given(CALENDARS, INSTANTS, st.integers(1, 20))
def test_a_working_day_is_eight_working_hours_wherever_it_starts(
    calendar: Calendar, start: datetime, count: int
) -> None:
    assert due(start, Limit(count, TimeUnit.WORK_DAY), calendar) == due(
        start, Limit(8 * count, TimeUnit.WORK_HOUR), calendar
    )


@given(INSTANTS, WORK)
def test_the_clock_reads_instants_not_zones(start: datetime, work: timedelta) -> None:
    assert CALENDAR.add(start, work) == CALENDAR.add(start.astimezone(UTC), work)
