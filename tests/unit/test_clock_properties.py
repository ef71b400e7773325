"""What holds for any limit on any calendar: order, addition, inverses, pauses, stays, drills."""

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import Calendar, Limit, TimeUnit, due, left, remaining, resumed, shifted, spent
from tests.build import CALENDAR, ZONE

prove = settings(deadline=None)

INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 1), timezones=st.just(ZONE))  # noqa: DTZ001
WAITS = st.timedeltas(timedelta(), timedelta(days=9))
WORK = st.integers(1, 60 * 8 * 20).map(lambda minutes: timedelta(minutes=minutes))
HOURS = st.sampled_from(
    [
        ((time(8), time(12)), (time(14), time(18))),
        ((time(9), time(17)),),
        ((time(0), time(23, 59, 59, 999999)),),
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
WHOLE = st.integers(1, 15).map(lambda n: Limit(n, TimeUnit.WHOLE_WORK_DAY))
PARTS = st.builds(
    lambda quarters, unit: Limit(quarters / 4, unit),
    st.integers(1, 60),
    st.sampled_from([unit for unit in TimeUnit if unit is not TimeUnit.WHOLE_WORK_DAY]),
)
LIMITS = PARTS | WHOLE
HOURLY = PARTS.filter(lambda limit: limit.working)
CONTINUOUS = PARTS.filter(lambda limit: not limit.working)
PACES = st.sampled_from([2.0, 60.0, 480.0])


def working(calendar: Calendar, moment: datetime) -> bool:
    """Whether working time has just been passing, reckoned from the definition alone."""
    local = moment.astimezone(ZONE)
    return calendar.works_on(local.date()) and any(a < local.time() <= b for a, b in calendar.hours)


def about_to_work(calendar: Calendar, moment: datetime) -> bool:
    """Whether working time begins or goes on to pass."""
    local = moment.astimezone(ZONE)
    return calendar.works_on(local.date()) and any(a <= local.time() < b for a, b in calendar.hours)


# --- The calendar


@prove
@given(CALENDARS, INSTANTS, WORK)
def test_the_time_between_is_the_time_added_or_taken_back(calendar: Calendar, start: datetime, work: timedelta) -> None:
    assert calendar.between(start, calendar.add(start, work)) == work
    assert calendar.between(calendar.back(start, work), start) == work


@prove
@given(CALENDARS, INSTANTS, WORK)
def test_back_leads_to_where_the_clock_began_to_run(calendar: Calendar, moment: datetime, work: timedelta) -> None:
    nothing = timedelta()
    assert calendar.back(calendar.add(moment, work), work) == calendar.add(moment, nothing)
    assert calendar.add(calendar.back(moment, work), work) == calendar.back(moment, nothing)
    assert calendar.back(moment, nothing) <= moment <= calendar.add(moment, nothing)


@prove
@given(CALENDARS, INSTANTS, WORK)
def test_adding_ends_where_people_work_and_taking_back_where_they_begin_to(
    calendar: Calendar, moment: datetime, work: timedelta
) -> None:
    assert working(calendar, calendar.add(moment, work))
    assert about_to_work(calendar, calendar.back(moment, work))


@prove
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


@prove
@given(CALENDARS, INSTANTS, WORK, WORK)
def test_working_time_may_be_spent_in_two_parts(
    calendar: Calendar, start: datetime, first: timedelta, second: timedelta
) -> None:
    assert calendar.add(calendar.add(start, first), second) == calendar.add(start, first + second)
    assert calendar.back(calendar.back(start, first), second) == calendar.back(start, first + second)


@prove
@given(CALENDARS, INSTANTS, WAITS, WAITS)
def test_working_time_adds_up_over_any_cut(
    calendar: Calendar, start: datetime, first: timedelta, second: timedelta
) -> None:
    cut = start + first
    end = cut + second
    assert calendar.between(start, cut) + calendar.between(cut, end) == calendar.between(start, end)
    assert calendar.between(end, start) == timedelta() or first + second == timedelta()


@prove
@given(INSTANTS, WORK)
def test_the_clock_reads_instants_not_zones(start: datetime, work: timedelta) -> None:
    other = start.astimezone(UTC)
    assert CALENDAR.add(start, work) == CALENDAR.add(other, work)
    assert CALENDAR.back(start, work) == CALENDAR.back(other, work)


# --- Due instants


@prove
@given(CALENDARS, INSTANTS, WAITS, LIMITS)
def test_who_starts_later_is_never_due_earlier(
    calendar: Calendar, start: datetime, wait: timedelta, limit: Limit
) -> None:
    assert start < due(start, limit, calendar) <= due(start + wait, limit, calendar)


@prove
@given(CALENDARS, INSTANTS, LIMITS, st.integers(1, 9))
def test_a_longer_limit_is_due_later(calendar: Calendar, start: datetime, limit: Limit, more: int) -> None:
    assert due(start, limit, calendar) < due(start, Limit(limit.value + more, limit.unit), calendar)


@prove
@given(CALENDARS, INSTANTS, HOURLY | WHOLE)
def test_a_working_limit_ends_while_people_work(calendar: Calendar, start: datetime, limit: Limit) -> None:
    assert working(calendar, due(start, limit, calendar))


@prove
@given(CALENDARS, INSTANTS, WHOLE)
def test_so_many_whole_working_days_lie_after_the_day_of_receipt(
    calendar: Calendar, start: datetime, limit: Limit
) -> None:
    end = due(start, limit, calendar).astimezone(ZONE)
    received = start.astimezone(ZONE).date()
    days = [received + timedelta(days=n) for n in range(1, (end.date() - received).days + 1)]
    assert sum(calendar.works_on(day) for day in days) == limit.value
    assert end.time() == calendar.hours[-1][1]


@prove
@given(CALENDARS, CALENDARS, INSTANTS, WAITS, CONTINUOUS, st.floats(-1, 2))
def test_what_runs_on_does_not_look_at_the_calendar(
    one: Calendar, other: Calendar, start: datetime, wait: timedelta, limit: Limit, share: float
) -> None:
    end, later = due(start, limit, one), start + wait
    assert end - start == limit.length
    assert due(start, limit, other) == end
    assert shifted(end, limit, one, share) == shifted(end, limit, other, share) == end + limit.length * share
    assert left(later, end, limit, one) == left(later, end, limit, other) == max(end - later, timedelta())
    assert spent([(start, later)], limit, one) == spent([(start, later)], limit, other) == wait


@prove
@given(CALENDARS, INSTANTS, PARTS)
def test_urgent_is_never_later_than_working_for_the_same_hours(
    calendar: Calendar, start: datetime, limit: Limit
) -> None:
    hours = limit.length / timedelta(hours=1)
    urgent, at_work = Limit(hours, TimeUnit.URGENT_WORK_HOUR), Limit(hours, TimeUnit.WORK_HOUR)
    assert due(start, urgent, calendar) <= due(start, at_work, calendar)
    assert due(start, at_work, calendar) == due(start, Limit(hours / 8, TimeUnit.WORK_DAY), calendar)


# --- Shares of a limit


@prove
@given(CALENDARS, INSTANTS, LIMITS)
def test_a_limit_back_from_its_end_is_a_start_with_the_same_end(
    calendar: Calendar, start: datetime, limit: Limit
) -> None:
    end = due(start, limit, calendar)
    begun = shifted(end, limit, calendar, -1.0)
    assert shifted(begun, limit, calendar, 1.0) == end
    if not limit.whole:
        assert begun >= start
        assert due(begun, limit, calendar) == end


@prove
@given(CALENDARS, INSTANTS, LIMITS, st.lists(st.floats(-1, 3), min_size=2), PACES | st.just(1.0))
def test_alarms_ring_in_the_order_of_their_shares(
    calendar: Calendar, start: datetime, limit: Limit, shares: list[float], pace: float
) -> None:
    end = due(start, limit, calendar, pace)
    rung = [shifted(end, limit, calendar, share, pace) for share in sorted(shares)]
    assert rung == sorted(rung)


@prove
@given(CALENDARS, INSTANTS, HOURLY)
def test_an_extension_by_one_limit_is_the_limit_started_at_the_old_end(
    calendar: Calendar, start: datetime, limit: Limit
) -> None:
    end = due(start, limit, calendar)
    assert shifted(end, limit, calendar, 1.0) == due(end, limit, calendar)


# --- Pauses (挂账)


@prove
@given(CALENDARS, INSTANTS, LIMITS, WAITS, WAITS)
def test_a_pause_never_shortens_a_limit(
    calendar: Calendar, start: datetime, limit: Limit, running: timedelta, pause: timedelta
) -> None:
    end = due(start, limit, calendar)
    kept = left(start + running, end, limit, calendar)
    assert timedelta() <= kept <= limit.length_on(calendar)
    assert resumed(start + running + pause, kept, limit, calendar) >= end


@prove
@given(CALENDARS, INSTANTS, LIMITS, st.floats(0, 1, exclude_max=True))
def test_a_pause_of_no_length_changes_nothing(calendar: Calendar, start: datetime, limit: Limit, part: float) -> None:
    end = due(start, limit, calendar)
    moment = start + (end - start) * part
    if moment < end:
        assert resumed(moment, left(moment, end, limit, calendar), limit, calendar) == end


@prove
@given(CALENDARS, INSTANTS, LIMITS, WAITS, WAITS, WAITS)
def test_two_pauses_end_to_end_are_one(
    calendar: Calendar, start: datetime, limit: Limit, running: timedelta, first: timedelta, second: timedelta
) -> None:
    paused = start + running
    middle, end = paused + first, paused + first + second
    kept = left(paused, due(start, limit, calendar), limit, calendar)
    between = left(middle, resumed(middle, kept, limit, calendar), limit, calendar)
    assert between == kept
    assert resumed(end, between, limit, calendar) == resumed(end, kept, limit, calendar)


@prove
@given(CALENDARS, INSTANTS, WHOLE, WAITS, WAITS)
def test_a_pause_gives_back_the_whole_days_whose_end_fell_into_it(
    calendar: Calendar, start: datetime, limit: Limit, running: timedelta, pause: timedelta
) -> None:
    end = due(start, limit, calendar)
    paused, on = start + running, start + running + pause
    if paused < end:
        moved = resumed(on, left(paused, end, limit, calendar), limit, calendar)
        lost = spent([(paused, on)], limit, calendar)
        assert spent([(end, moved)], limit, calendar) == lost


# --- Cumulative clocks (累计耗时)


@prove
@given(CALENDARS, INSTANTS, LIMITS, st.lists(st.tuples(WAITS, WAITS), max_size=5), PACES | st.just(1.0))
def test_the_time_of_all_stays_is_the_sum_of_each(
    calendar: Calendar, start: datetime, limit: Limit, visits: list[tuple[timedelta, timedelta]], pace: float
) -> None:
    stays, moment = [], start
    for away, there in visits:
        stays.append((moment + away, moment + away + there))
        moment += away + there
    each = sum((spent([stay], limit, calendar, pace) for stay in stays), timedelta())
    assert spent(stays, limit, calendar, pace) == each <= spent([(start, moment)], limit, calendar, pace)


@prove
@given(CALENDARS, INSTANTS, LIMITS, WAITS)
def test_what_is_spent_and_what_is_left_make_the_limit(
    calendar: Calendar, start: datetime, limit: Limit, stay: timedelta
) -> None:
    """Whole days received outside working days may have one more: their first day had not begun to be used."""
    end, away = due(start, limit, calendar), start + stay
    rest = remaining(limit, spent([(start, away)], limit, calendar), calendar)
    kept = left(away, end, limit, calendar)
    if limit.whole and not working_day_to_end(calendar, start):
        assert kept <= rest <= kept + calendar.day_length
    else:
        assert rest == kept
    assert resumed(away, rest, limit, calendar) >= end


def working_day_to_end(calendar: Calendar, moment: datetime) -> bool:
    local = moment.astimezone(ZONE)
    return calendar.works_on(local.date()) and local.time() < calendar.hours[-1][1]


# --- Drills (演练)


@prove
@given(CALENDARS, INSTANTS, LIMITS, PACES, st.integers(0, 100), WAITS)
def test_a_drill_is_the_same_story_told_faster(
    calendar: Calendar, start: datetime, limit: Limit, pace: float, percent: int, pause: timedelta
) -> None:
    def near(one: timedelta, other: timedelta) -> bool:
        """The wall clock has microseconds, which are longer on the limit's own."""
        return abs(one - other) <= pace * timedelta(microseconds=1)

    end = due(start, limit, calendar, pace)
    assert near((end - start) * pace, limit.length_on(calendar))
    away = start + (end - start) * percent / 100
    kept = left(away, end, limit, calendar, pace)
    assert near(kept, remaining(limit, spent([(start, away)], limit, calendar, pace), calendar))
    assert resumed(away + pause, kept, limit, calendar, pace) == end + pause
