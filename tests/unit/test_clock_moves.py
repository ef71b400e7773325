"""Warnings, escalation, extension, pauses and cumulative clocks: dated examples, one a line, reckoned by hand."""

from datetime import timedelta

import pytest

from domain.clock import due, left, remaining, resumed, shifted, spent
from tests.build import CALENDAR, at
from tests.unit.test_clock_due import HOTLINE, limit

# A share of the limit from its end: before it warnings, after it the rungs of the ladder (督办) and extensions (延期).
SHIFTS = [
    # warnings
    ("4 work_hour", "Sun 2025-09-28 11:30", -0.2, "Sun 2025-09-28 10:42", "48 minutes before the end"),
    ("4 work_hour", "Mon 2026-11-16 15:00", -0.5, "Mon 2026-11-16 11:00", "1 h before lunch, 1 h after"),
    ("8 work_hour", "Mon 2026-11-16 18:00", -0.5, "Mon 2026-11-16 14:00", "rings after lunch, not as people leave"),
    ("1 work_day", "Mon 2026-11-16 18:00", -0.2, "Mon 2026-11-16 16:24", "96 minutes"),
    ("1 work_day", "Tue 2026-11-17 09:00", -0.2, "Mon 2026-11-16 17:24", "60 minutes of Tuesday, 36 of Monday"),
    ("1 work_day", "Sun 2026-01-04 09:00", -0.25, "Wed 2025-12-31 17:00", "1 h on each side of new year"),
    (
        "2 work_hour",
        "Thu 2025-10-09 09:00",
        -0.5,
        "Thu 2025-10-09 08:00",
        "as work begins again, not before the holiday",
    ),
    ("2 work_hour", "Thu 2025-10-09 09:00", -0.75, "Tue 2025-09-30 17:30", "half an hour before the holiday"),
    ("5 work_day", "Tue 2026-02-24 18:00", -0.4, "Sat 2026-02-14 08:00", "2 days: the 24th and the made-up Saturday"),
    ("15 minute", "Mon 2026-11-16 09:15", -0.2, "Mon 2026-11-16 09:12", "three minutes of a quarter of an hour"),
    ("2 urgent_work_hour", "Sat 2026-11-21 01:00", -0.25, "Sat 2026-11-21 00:30", "in the night"),
    ("2 urgent_work_hour", "Sat 2026-11-21 01:00", -0.75, "Fri 2026-11-20 23:30", "before midnight"),
    ("3 hour", "Thu 2026-01-01 01:00", -0.5, "Wed 2025-12-31 23:30", "before the year ends"),
    ("7 natural_day", "Tue 2025-02-04 10:00", -0.5, "Fri 2025-01-31 22:00", "84 hours within the spring festival"),
    ("13 whole_work_day", "Wed 2025-10-15 18:00", -0.2, "Mon 2025-10-13 11:12", "20.8 h: 8 + 8 + 4, and 48 minutes"),
    ("5 whole_work_day", "Fri 2025-10-10 18:00", -0.6, "Tue 2025-09-30 08:00", "3 days over the national holiday"),
    ("2 whole_work_day", "Fri 2025-10-10 18:00", -1.0, "Thu 2025-10-09 08:00", "as the first of the two days begins"),
    # rungs of the ladder
    ("4 work_hour", "Sun 2025-09-28 11:30", 0.0, "Sun 2025-09-28 11:30", "the breach is the end itself"),
    ("4 work_hour", "Sun 2025-09-28 11:30", 0.5, "Sun 2025-09-28 15:30", "2 h with lunch between"),
    ("4 work_hour", "Sun 2025-09-28 11:30", 1.0, "Sun 2025-09-28 17:30", "4 h"),
    ("4 work_hour", "Sun 2025-09-28 11:30", 2.0, "Mon 2025-09-29 11:30", "8 h are a day"),
    ("1 work_day", "Tue 2025-09-30 18:00", 0.5, "Thu 2025-10-09 12:00", "nobody is called during the holiday"),
    ("1 work_day", "Wed 2025-12-31 17:00", 0.25, "Sun 2026-01-04 09:00", "1 h, new year, 1 h on the made-up Sunday"),
    ("2 urgent_work_hour", "Sat 2026-11-21 01:00", 0.5, "Sat 2026-11-21 02:00", "somebody is called in the night"),
    ("2 urgent_work_hour", "Sat 2026-11-21 01:00", 1.0, "Sat 2026-11-21 03:00", "and somebody above"),
    ("2 whole_work_day", "Mon 2026-11-16 18:00", 0.5, "Tue 2026-11-17 18:00", "one day after"),
    ("4 work_hour", "Sat 2026-11-21 01:00", 0.0, "Sat 2026-11-21 01:00", "an end in the night stays where it was put"),
    # extensions by one more limit
    ("3 work_day", "Fri 2025-01-24 18:00", 1.0, "Wed 2025-02-05 18:00", "Sun 26, Mon 27, Wed after eight days off"),
    ("5 work_day", "Tue 2025-09-30 15:00", 1.0, "Tue 2025-10-14 15:00", "9, 10, 11 (made up), 13, 14 October"),
    ("5 work_day", "Tue 2025-10-14 15:00", 1.0, "Tue 2025-10-21 15:00", "a second time"),
    ("13 whole_work_day", "Wed 2025-10-15 18:00", 1.0, "Mon 2025-11-03 18:00", "2 + 5 + 5 + 1 days"),
    ("7 natural_day", "Fri 2026-02-13 09:00", 1.0, "Fri 2026-02-20 09:00", "in the middle of the holiday"),
]

# Limit, due; paused at, with so many hours left; goes on at, with the new due instant.
PAUSES = [
    ("4 work_hour", "Mon 2026-11-16 15:00", "Mon 2026-11-16 11:00", 2.0, "Tue 2026-11-17 09:00",
     "Tue 2026-11-17 11:00", "one hour before lunch, one after; then in one piece"),
    ("1 work_day", "Tue 2026-11-17 10:00", "Mon 2026-11-16 20:00", 2.0, "Tue 2026-11-17 06:00",
     "Tue 2026-11-17 10:00", "a pause in the night costs nothing and gives nothing"),
    ("1 work_day", "Fri 2026-11-20 17:00", "Fri 2026-11-20 15:00", 2.0, "Mon 2026-11-23 08:00",
     "Mon 2026-11-23 10:00", "over a weekend"),
    ("4 work_hour", "Sun 2025-09-28 11:30", "Fri 2025-09-26 17:45", 3.75, "Mon 2025-09-29 08:00",
     "Mon 2025-09-29 11:45", "the made-up Sunday lies in the pause"),
    ("1 work_day", "Thu 2025-10-09 12:00", "Tue 2025-09-30 16:00", 6.0, "Thu 2025-10-09 08:00",
     "Thu 2025-10-09 16:00", "across the national holiday: 2 h were lost"),
    ("1 work_day", "Thu 2025-10-09 12:00", "Tue 2025-09-30 16:00", 6.0, "Sat 2025-10-04 10:00",
     "Thu 2025-10-09 16:00", "ended within the holiday: the same"),
    ("1 work_day", "Thu 2025-10-09 12:00", "Thu 2025-10-02 10:00", 4.0, "Mon 2025-10-06 10:00",
     "Thu 2025-10-09 12:00", "begun and ended within it: nothing happened"),
    ("5 work_day", "Wed 2026-02-25 10:00", "Fri 2026-02-13 16:00", 20.0, "Mon 2026-03-02 08:00",
     "Wed 2026-03-04 12:00", "left: 2 h, 8 h on the made-up Saturday, 8 h, 2 h; then 8 + 8 + 4"),
    ("15 work_day", "Fri 2025-11-21 18:00", "Mon 2025-11-17 08:00", 40.0, "Tue 2026-03-31 18:00",
     "Wed 2026-04-08 18:00", "over the winter: 1, 2, 3, 7, 8 April with 清明 between"),
    ("4 work_hour", "Mon 2026-11-16 12:00", "Mon 2026-11-16 12:00", 0.0, "Mon 2026-11-16 20:00",
     "Tue 2026-11-17 08:00", "nothing was left: due as work begins"),
    ("4 work_hour", "Mon 2026-11-16 12:00", "Tue 2026-11-17 09:00", 0.0, "Wed 2026-11-18 09:00",
     "Wed 2026-11-18 09:00", "past since a day: nothing is left, and it does not become less"),
    ("2 urgent_work_hour", "Sat 2026-11-21 01:00", "Fri 2026-11-20 23:30", 1.5, "Sat 2026-11-21 06:00",
     "Sat 2026-11-21 07:30", "urgent goes on on a Saturday morning"),
    ("2 urgent_work_hour", "Sat 2026-11-21 01:00", "Sat 2026-11-21 03:00", 0.0, "Sat 2026-11-21 05:00",
     "Sat 2026-11-21 05:00", "past since two hours: at once"),
    ("3 hour", "Thu 2026-01-01 01:00", "Wed 2025-12-31 22:30", 2.5, "Thu 2026-01-01 00:30",
     "Thu 2026-01-01 03:00", "paused over midnight"),
    ("7 natural_day", "Tue 2025-02-04 10:00", "Fri 2025-01-31 10:00", 96.0, "Wed 2025-02-05 10:00",
     "Sun 2025-02-09 10:00", "four days, wherever they lie"),
    # whole working days: a day is given back if its end fell into the pause
    ("5 whole_work_day", "Mon 2026-11-23 18:00", "Wed 2026-11-18 10:00", 24.0, "Thu 2026-11-19 09:00",
     "Tue 2026-11-24 18:00", "after Wednesday Thu, Fri, Mon were left; after Thursday Fri, Mon, Tue"),
    ("5 whole_work_day", "Mon 2026-11-23 18:00", "Wed 2026-11-18 10:00", 24.0, "Wed 2026-11-18 17:00",
     "Mon 2026-11-23 18:00", "within one day: no day was lost"),
    ("5 whole_work_day", "Mon 2026-11-23 18:00", "Wed 2026-11-18 19:00", 16.0, "Thu 2026-11-19 07:00",
     "Mon 2026-11-23 18:00", "in the night: no day was lost"),
    ("5 whole_work_day", "Mon 2026-11-23 18:00", "Mon 2026-11-16 10:00", 40.0, "Mon 2026-11-16 15:00",
     "Mon 2026-11-23 18:00", "on the day of receipt all five are left"),
    ("5 whole_work_day", "Tue 2025-10-14 18:00", "Tue 2025-09-30 10:00", 40.0, "Wed 2025-10-08 12:00",
     "Wed 2025-10-15 18:00", "one working day ended in the pause, seven days of holiday did not matter"),
    ("1 whole_work_day", "Thu 2025-10-09 18:00", "Thu 2025-10-02 10:00", 0.0, "Tue 2025-10-07 10:00",
     "Thu 2025-10-09 18:00", "within the holiday: the 9th is still the last day"),
    ("3 whole_work_day", "Tue 2026-11-17 18:00", "Tue 2026-11-17 16:00", 0.0, "Thu 2026-11-19 09:00",
     "Thu 2026-11-19 18:00", "paused on its last day, it goes on on its last day"),
    ("3 whole_work_day", "Tue 2026-11-17 18:00", "Tue 2026-11-17 16:00", 0.0, "Sat 2026-11-21 09:00",
     "Mon 2026-11-23 18:00", "and on a Saturday the last day is Monday"),
]  # fmt: skip

# Limit; stays in the stage; hours used and remaining; the next visit, and when it is due (累计耗时).
STAYS = [
    ("4 work_hour", ["Mon 2026-11-16 09:00 - Mon 2026-11-16 11:00"], 2.0, 2.0,
     "Tue 2026-11-17 17:00", "Wed 2026-11-18 09:00", "the second visit has the other half"),
    ("1 work_day", ["Tue 2025-09-30 17:00 - Thu 2025-10-09 09:00"], 2.0, 6.0,
     "Sat 2025-10-11 15:00", "Mon 2025-10-13 11:00", "a holiday in a stay; 3 h on the made-up Saturday, 3 h"),
    ("1 work_day", ["Fri 2026-11-20 17:00 - Mon 2026-11-23 09:00", "Mon 2026-11-23 11:00 - Mon 2026-11-23 15:00"],
     4.0, 4.0, "Tue 2026-11-24 08:00", "Tue 2026-11-24 12:00", "2 h over the weekend, 2 h over lunch"),
    ("4 work_hour", ["Mon 2026-11-16 19:00 - Mon 2026-11-16 23:00"], 0.0, 4.0,
     "Tue 2026-11-17 08:00", "Tue 2026-11-17 12:00", "a stay in the evening uses nothing"),
    ("2 work_hour", ["Mon 2026-11-16 09:00 - Mon 2026-11-16 10:30", "Tue 2026-11-17 09:00 - Tue 2026-11-17 10:30"],
     3.0, 0.0, "Wed 2026-11-18 20:00", "Thu 2026-11-19 08:00", "used up: due as work begins"),
    ("2 urgent_work_hour", ["Fri 2026-11-20 23:00 - Sat 2026-11-21 00:30"], 1.5, 0.5,
     "Sat 2026-11-21 03:00", "Sat 2026-11-21 03:30", "urgent counts the night"),
    ("30 minute", ["Mon 2026-11-16 10:00 - Mon 2026-11-16 10:10", "Mon 2026-11-16 12:30 - Mon 2026-11-16 12:35"],
     0.25, 0.25, "Mon 2026-11-16 17:55", "Mon 2026-11-16 18:10", "a check in three visits"),
    ("5 whole_work_day", ["Mon 2026-11-16 10:00 - Wed 2026-11-18 10:00"], 16.0, 24.0,
     "Fri 2026-11-20 10:00", "Wed 2026-11-25 18:00", "two days ended in the stay; after Friday Mon, Tue, Wed"),
    ("5 whole_work_day", ["Mon 2026-11-16 10:00 - Mon 2026-11-16 11:00"], 0.0, 40.0,
     "Mon 2026-11-16 15:00", "Mon 2026-11-23 18:00", "back on the same day: as if it had never been away"),
    ("3 whole_work_day", ["Mon 2026-11-16 10:00 - Tue 2026-11-17 18:00"], 16.0, 8.0,
     "Thu 2026-11-19 09:00", "Fri 2026-11-20 18:00", "Tuesday ended as the stay did; one day is left after Thursday"),
    ("2 whole_work_day", ["Sun 2025-09-28 10:00 - Thu 2025-10-09 19:00"], 32.0, 0.0,
     "Fri 2025-10-10 10:00", "Fri 2025-10-10 18:00", "used up: due with the day"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "moment", "share", "expected", "why"), SHIFTS, ids=[f"{s[0]} {s[1]} {s[2]:+}" for s in SHIFTS]
)
def test_a_share_of_the_limit_away(given: str, moment: str, share: float, expected: str, why: str) -> None:
    assert shifted(at(moment), limit(given), CALENDAR, share) == at(expected), why


@pytest.mark.parametrize(
    ("given", "end", "paused", "hours", "goes_on", "expected", "why"), PAUSES, ids=[f"{p[0]} {p[6]}" for p in PAUSES]
)
def test_a_pause(given: str, end: str, paused: str, hours: float, goes_on: str, expected: str, why: str) -> None:
    kept = left(at(paused), at(end), limit(given), CALENDAR)
    assert kept == timedelta(hours=hours)
    assert resumed(at(goes_on), kept, limit(given), CALENDAR) == at(expected), why


@pytest.mark.parametrize(
    ("given", "stays", "used", "rest", "visit", "expected", "why"), STAYS, ids=[f"{s[0]} {s[6]}" for s in STAYS]
)
def test_a_cumulative_clock(
    given: str, stays: list[str], used: float, rest: float, visit: str, expected: str, why: str
) -> None:
    ends = [stay.split(" - ") for stay in stays]
    so_far = spent([(at(start), at(end)) for start, end in ends], limit(given), CALENDAR)
    kept = remaining(limit(given), so_far, CALENDAR)
    assert (so_far, kept) == (timedelta(hours=used), timedelta(hours=rest))
    assert resumed(at(visit), kept, limit(given), CALENDAR) == at(expected), why


def test_the_length_of_a_whole_working_day_is_the_calendars_own() -> None:
    """The hotline works 12 hours a day: 80 % of 5 days are used when 12 working hours are left."""
    given, end = limit("5 whole_work_day"), due(at("Tue 2025-09-30 10:00"), limit("5 whole_work_day"), HOTLINE)
    assert end == at("Sun 2025-10-05 20:00")
    assert shifted(end, given, HOTLINE, -0.2) == at("Sun 2025-10-05 08:00")
    assert shifted(end, given, HOTLINE, 1.0) == at("Fri 2025-10-10 20:00")
    assert remaining(given, timedelta(), HOTLINE) == timedelta(hours=60)


def test_what_was_left_on_a_calendar_with_shorter_days_is_rounded_up_to_days() -> None:
    """The city changes its hours while a case is paused: no part of a day is lost."""
    given = limit("5 whole_work_day")
    assert resumed(at("Thu 2026-11-19 09:00"), timedelta(hours=13), given, CALENDAR) == at("Mon 2026-11-23 18:00")
    assert resumed(at("Thu 2026-11-19 09:00"), timedelta(hours=16), given, CALENDAR) == at("Mon 2026-11-23 18:00")


def test_a_ladder_climbs_from_one_end_and_never_restarts() -> None:
    """Every rung is reckoned from the due instant; what the one before found or did changes nothing."""
    given, end = limit("4 work_hour"), at("Tue 2025-09-30 17:00")
    rungs = [shifted(end, given, CALENDAR, share) for share in (-0.2, 0.0, 0.5, 1.0, 2.0)]
    assert rungs == [
        at("Tue 2025-09-30 16:12"),
        at("Tue 2025-09-30 17:00"),
        at("Thu 2025-10-09 09:00"),
        at("Thu 2025-10-09 11:00"),
        at("Thu 2025-10-09 17:00"),
    ]


def test_a_stay_that_has_not_begun_used_nothing() -> None:
    for given in ("4 work_hour", "2 urgent_work_hour", "5 whole_work_day"):
        backwards = (at("Tue 2026-11-17 10:00"), at("Mon 2026-11-16 10:00"))
        assert spent([backwards], limit(given), CALENDAR) == timedelta()
        assert spent([], limit(given), CALENDAR) == timedelta()
