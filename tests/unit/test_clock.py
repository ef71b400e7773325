"""What a limit and a calendar are, where they are refused, and the odd corners: zones, drills, ten years ahead."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from domain.clock import Calendar, Limit, TimeUnit, due, left, remaining, resumed, shifted, spent
from domain.errors import Invalid
from tests.build import CALENDAR, ZONE, at
from tests.unit.test_clock_due import HOTLINE, WINDOW, limit


def test_instants_come_in_utc() -> None:
    moment = at("Mon 2026-11-16 09:00")
    for unit in TimeUnit:
        given = Limit(2, unit)
        assert due(moment, given, CALENDAR).tzinfo is UTC
        assert due(moment, given, CALENDAR, pace=60.0).tzinfo is UTC
        assert resumed(moment, timedelta(hours=1), given, CALENDAR).tzinfo is UTC
        assert {shifted(moment, given, CALENDAR, share).tzinfo for share in (-0.5, 0.0, 0.5)} == {UTC}
    assert CALENDAR.back(moment, timedelta()).tzinfo is UTC


def test_where_the_day_has_seven_hours_a_working_day_still_is_eight() -> None:
    short = Calendar(ZONE, hours=((time(9), time(12)), (time(13, 30), time(17, 30))))
    assert due(at("Mon 2026-11-16 09:00"), limit("1 work_day"), short) == at("Tue 2026-11-17 10:00")


def test_a_city_may_work_on_saturdays() -> None:
    six_days = Calendar(ZONE, rest_weekdays=frozenset({6}))
    assert due(at("Fri 2026-11-20 17:00"), limit("2 work_hour"), six_days) == at("Sat 2026-11-21 09:00")
    assert due(at("Fri 2026-11-20 17:00"), limit("2 whole_work_day"), six_days) == at("Mon 2026-11-23 18:00")


def test_when_the_clocks_go_back_hours_stay_hours_and_the_office_opens_at_eight() -> None:
    zone = ZoneInfo("America/Los_Angeles")
    there = Calendar(zone)
    noon = at("Sat 2026-10-31 12:00", zone)
    assert due(noon, limit("1 natural_day"), there) == at("Sun 2026-11-01 11:00", zone)
    friday = at("Fri 2026-10-30 17:00", zone)
    assert due(friday, limit("2 work_hour"), there) == at("Mon 2026-11-02 09:00", zone)
    assert due(friday, limit("1 whole_work_day"), there) == at("Mon 2026-11-02 18:00", zone)
    assert there.back(at("Mon 2026-11-02 09:00", zone), timedelta(hours=2)) == friday


def test_the_day_of_receipt_is_the_citys_day_and_not_that_of_utc() -> None:
    """07:30 in Shanghai still is the evening before in UTC."""
    early = at("Tue 2026-11-17 07:30").astimezone(UTC)
    assert early.date() == date(2026, 11, 16)
    assert due(early, limit("1 whole_work_day"), CALENDAR) == at("Wed 2026-11-18 18:00")


@pytest.mark.parametrize("value", [0.0, -1.0, 10_000.0, float("nan"), float("inf")])
@pytest.mark.parametrize("unit", [TimeUnit.WORK_DAY, TimeUnit.WHOLE_WORK_DAY])
def test_a_limit_is_a_positive_length(value: float, unit: TimeUnit) -> None:
    with pytest.raises(Invalid) as caught:
        Limit(value, unit)
    assert caught.value.code == "limit-invalid"


def test_a_whole_working_day_has_no_parts() -> None:
    with pytest.raises(Invalid) as caught:
        limit("1.5 whole_work_day")
    assert (caught.value.code, caught.value.title) == ("limit-invalid", "整工作日须为整数")
    assert limit("1.5 work_day").length == timedelta(hours=12)


def test_a_limit_says_how_it_counts() -> None:
    working = {unit for unit in TimeUnit if Limit(1, unit).working}
    assert working == {TimeUnit.WORK_HOUR, TimeUnit.WORK_DAY, TimeUnit.WHOLE_WORK_DAY}
    assert [unit for unit in TimeUnit if Limit(1, unit).whole] == [TimeUnit.WHOLE_WORK_DAY]
    assert str(limit("4 work_hour")) == "4 work_hour"


def test_a_working_day_is_eight_hours_and_a_whole_one_as_long_as_the_office_is_open() -> None:
    hours = {calendar.day_length for calendar in (CALENDAR, HOTLINE, WINDOW)}
    assert hours == {timedelta(hours=8), timedelta(hours=12), timedelta(hours=6.5)}
    for calendar in (CALENDAR, HOTLINE, WINDOW):
        assert limit("2 work_day").length_on(calendar) == timedelta(hours=16)
        assert limit("2 whole_work_day").length_on(calendar) == 2 * calendar.day_length


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
    moment, nearly_fourteen_years = at("Mon 2026-11-16 09:00"), datetime(2040, 9, 1, tzinfo=UTC)
    for given in (limit("9999 work_day"), limit("9999 whole_work_day")):
        for ask in (
            lambda given=given: due(moment, given, CALENDAR),
            lambda given=given: shifted(moment, given, CALENDAR, -1.0),
            lambda given=given: resumed(moment, given.length, given, CALENDAR),
            lambda given=given: left(moment, nearly_fourteen_years, given, CALENDAR),
            lambda given=given: spent([(moment, nearly_fourteen_years)], given, CALENDAR),
        ):
            with pytest.raises(Invalid) as caught:
                ask()
            assert caught.value.code == "calendar-exhausted"


def test_working_time_is_not_negative() -> None:
    for count in (CALENDAR.add, CALENDAR.back):
        with pytest.raises(Invalid) as caught:
            count(at("Mon 2026-11-16 09:00"), timedelta(hours=-1))
        assert caught.value.code == "limit-invalid"


def test_no_work_at_all_leads_to_where_the_clock_begins_to_run_or_last_ran() -> None:
    nothing = timedelta()
    assert CALENDAR.add(at("Mon 2026-11-16 12:00"), nothing) == at("Mon 2026-11-16 14:00")
    assert CALENDAR.back(at("Mon 2026-11-16 14:00"), nothing) == at("Mon 2026-11-16 12:00")
    for busy in ("Mon 2026-11-16 11:59", "Mon 2026-11-16 14:01"):
        assert CALENDAR.add(at(busy), nothing) == CALENDAR.back(at(busy), nothing) == at(busy)


def test_a_make_up_day_works_even_within_a_holiday() -> None:
    day = date(2026, 10, 1)
    assert not CALENDAR.works_on(day)
    assert Calendar(ZONE, holidays=frozenset({day}), makeup_days=frozenset({day})).works_on(day)


def test_the_ends_of_working_days_in_order() -> None:
    ends = CALENDAR.day_ends(at("Fri 2025-09-26 17:59"))
    assert list(islice(ends, 5)) == [
        at("Fri 2025-09-26 18:00"),
        at("Sun 2025-09-28 18:00"),
        at("Mon 2025-09-29 18:00"),
        at("Tue 2025-09-30 18:00"),
        at("Thu 2025-10-09 18:00"),
    ]
    assert next(CALENDAR.day_ends(at("Fri 2025-09-26 18:00"))) == at("Sun 2025-09-28 18:00")


# --- Drills (演练)


@pytest.mark.parametrize("unit", TimeUnit)
def test_in_a_drill_every_limit_runs_on_and_faster(unit: TimeUnit) -> None:
    """On a Saturday night, 480 times faster: an hour is 7.5 seconds, 8 working hours are a minute."""
    start, given = at("Sat 2026-11-21 22:00"), Limit(8, unit)
    end = due(start, given, CALENDAR, pace=480.0)
    assert (end - start) * 480 == given.length_on(CALENDAR)
    assert shifted(end, given, CALENDAR, -1.0, pace=480.0) == start
    assert shifted(end, given, CALENDAR, 0.5, pace=480.0) - end == (end - start) / 2


@pytest.mark.parametrize("unit", ["work_hour", "whole_work_day", "urgent_work_hour"])
def test_in_a_drill_time_left_is_the_limits_own(unit: str) -> None:
    """A quarter of the drill's time has passed: three quarters of the real limit are left, and so it is told."""
    start, given = at("Sat 2026-11-21 22:00"), limit(f"4 {unit}")
    whole = given.length_on(CALENDAR)
    end = due(start, given, CALENDAR, pace=60.0)
    quarter = start + (end - start) / 4
    kept = left(quarter, end, given, CALENDAR, pace=60.0)
    assert kept == whole * 0.75
    assert remaining(given, spent([(start, quarter)], given, CALENDAR, pace=60.0), CALENDAR) == kept
    an_hour_later = quarter + timedelta(hours=1)
    assert resumed(an_hour_later, kept, given, CALENDAR, pace=60.0) == end + timedelta(hours=1)
    assert left(end, end, given, CALENDAR, pace=60.0) == timedelta()
