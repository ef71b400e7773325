"""When a limit runs out: dated examples, one a line, reckoned by hand with a calendar of 2025 and 2026 on the table.

Working hours are 08:00-12:00 and 14:00-18:00 unless said; holidays and make-up days are those of the State Council.
"""

from datetime import time

import pytest

from domain.clock import Calendar, Limit, TimeUnit, due
from tests.build import CALENDAR, HOLIDAYS, MAKEUP_DAYS, ZONE, at

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
    # natural hours
    ("Mon 2026-11-16 11:30", "1.5 hour", "Mon 2026-11-16 13:00", "through lunch"),
    ("Tue 2025-09-30 17:30", "4 hour", "Tue 2025-09-30 21:30", "past the end of the day, before a holiday"),
    ("Wed 2025-12-31 22:00", "3 hour", "Thu 2026-01-01 01:00", "into the new year"),
    ("Sat 2026-02-14 23:00", "24 hour", "Sun 2026-02-15 23:00", "into the spring festival"),
    # exactly at ends of intervals, and starts on make-up days
    ("Fri 2025-09-26 17:30", "4 work_hour", "Sun 2025-09-28 11:30", "half an hour, then the made-up Sunday"),
    ("Fri 2025-09-26 18:00", "4 work_hour", "Sun 2025-09-28 12:00", "starts as Friday ends, ends with a morning"),
    ("Sun 2025-09-28 18:00", "4 work_hour", "Mon 2025-09-29 12:00", "starts as the working Sunday ends"),
    ("Sun 2025-09-28 09:00", "1 work_day", "Mon 2025-09-29 09:00", "a Sunday like any other working day"),
    ("Sun 2025-09-28 07:15", "2 work_day", "Mon 2025-09-29 18:00", "before that Sunday begins"),
    ("Sat 2025-10-11 08:00", "8 work_hour", "Sat 2025-10-11 18:00", "the whole made-up Saturday"),
    ("Sat 2025-02-08 17:30", "1 work_hour", "Mon 2025-02-10 08:30", "the Sunday after it rests"),
    ("Sun 2026-01-04 16:00", "4 work_hour", "Mon 2026-01-05 10:00", "2 h on the made-up Sunday, 2 h on Monday"),
    ("Sun 2026-09-20 13:00", "4.5 work_hour", "Mon 2026-09-21 08:30", "lunch on a working Sunday"),
    # weeks
    ("Tue 2025-09-30 11:00", "15 work_day", "Tue 2025-10-28 11:00", "9, 10, 11, 13-17, 20-24, 27, 28 October"),
    ("Fri 2026-02-13 09:00", "10 work_day", "Thu 2026-03-05 09:00", "14, 24-28 February (5), 2-5 March (4)"),
    # whole working days: neither the day of receipt nor its hour counts
    ("Mon 2026-11-16 09:00", "1 whole_work_day", "Tue 2026-11-17 18:00", "to the end of the next day"),
    ("Mon 2026-11-16 00:00", "1 whole_work_day", "Tue 2026-11-17 18:00", "received as the day began"),
    ("Mon 2026-11-16 23:59", "1 whole_work_day", "Tue 2026-11-17 18:00", "received as the day ended"),
    ("Tue 2026-11-17 00:00", "1 whole_work_day", "Wed 2026-11-18 18:00", "a minute later it is the next day"),
    ("Fri 2026-11-20 17:59", "1 whole_work_day", "Mon 2026-11-23 18:00", "over the weekend"),
    ("Sat 2026-11-21 10:00", "1 whole_work_day", "Mon 2026-11-23 18:00", "Monday is the first one"),
    ("Sun 2026-11-22 20:00", "5 whole_work_day", "Fri 2026-11-27 18:00", "a whole week"),
    ("Mon 2026-11-16 10:00", "5 whole_work_day", "Mon 2026-11-23 18:00", "Tuesday to Monday"),
    ("Mon 2026-11-16 10:00", "13 whole_work_day", "Thu 2026-12-03 18:00", "4 + 5 + 4 days, into December"),
    ("Fri 2025-09-26 10:00", "1 whole_work_day", "Sun 2025-09-28 18:00", "the made-up Sunday counts"),
    ("Fri 2025-09-26 10:00", "4 whole_work_day", "Thu 2025-10-09 18:00", "28, 29, 30 September, 9 October"),
    ("Sun 2025-09-28 10:00", "2 whole_work_day", "Tue 2025-09-30 18:00", "received on a made-up Sunday"),
    ("Mon 2025-09-22 15:00", "13 whole_work_day", "Wed 2025-10-15 18:00", "7 days before the holiday, 6 after"),
    ("Tue 2025-09-30 08:00", "5 whole_work_day", "Tue 2025-10-14 18:00", "9, 10, 11, 13, 14 October"),
    ("Wed 2025-10-01 12:00", "1 whole_work_day", "Thu 2025-10-09 18:00", "received on the national day"),
    ("Fri 2025-01-24 17:00", "3 whole_work_day", "Wed 2025-02-05 18:00", "Sun 26, Mon 27, eight days off, Wed"),
    ("Mon 2025-01-27 10:00", "2 whole_work_day", "Thu 2025-02-06 18:00", "both after the spring festival"),
    ("Fri 2025-05-30 18:30", "1 whole_work_day", "Tue 2025-06-03 18:00", "端午"),
    ("Tue 2024-12-31 09:00", "2 whole_work_day", "Fri 2025-01-03 18:00", "new year's day is none"),
    ("Wed 2025-12-31 09:00", "1 whole_work_day", "Sun 2026-01-04 18:00", "the first one is a Sunday"),
    ("Fri 2026-02-13 10:00", "2 whole_work_day", "Tue 2026-02-24 18:00", "the made-up Saturday, then nine days off"),
    ("Sat 2026-02-14 08:00", "5 whole_work_day", "Sat 2026-02-28 18:00", "ends on a made-up Saturday"),
    ("Tue 2026-02-17 09:00", "1 whole_work_day", "Tue 2026-02-24 18:00", "received on the first day of the year"),
    ("Thu 2026-04-30 10:00", "7 whole_work_day", "Wed 2026-05-13 18:00", "6, 7, 8, 9 (made up), 11, 12, 13 May"),
    ("Thu 2026-09-24 10:00", "3 whole_work_day", "Wed 2026-09-30 18:00", "between two holidays"),
    ("Wed 2026-09-30 10:00", "4 whole_work_day", "Mon 2026-10-12 18:00", "8, 9, 10 (made up), 12 October"),
]

# The citizens' hotline works every day of the year, the window has short days, the control room works in shifts.
HOTLINE = Calendar(ZONE, ((time(8), time(20)),), frozenset())
WINDOW = Calendar(ZONE, ((time(9), time(12)), (time(13, 30), time(17))), holidays=HOLIDAYS, makeup_days=MAKEUP_DAYS)
SHIFTS = Calendar(
    ZONE,
    ((time(0, 30), time(3)), (time(8, 15), time(11, 45)), (time(13), time(19)), (time(22), time(23, 59))),
    frozenset(),
)
CALENDARS = {"city": CALENDAR, "hotline": HOTLINE, "window": WINDOW, "shifts": SHIFTS}

# One limit on several calendars.
ELSEWHERE = [
    ("Fri 2025-09-26 17:30", "4 work_hour", "city", "Sun 2025-09-28 11:30", "0.5 h, 3.5 h on the made-up Sunday"),
    ("Fri 2025-09-26 17:30", "4 work_hour", "hotline", "Sat 2025-09-27 09:30", "2.5 h until 20:00, 1.5 h on Saturday"),
    ("Fri 2025-09-26 17:30", "4 work_hour", "window", "Sun 2025-09-28 14:30", "closed; 3 h, lunch, 1 h"),
    ("Tue 2025-09-30 18:00", "1 work_day", "city", "Thu 2025-10-09 18:00", "the holiday does not count"),
    ("Tue 2025-09-30 18:00", "1 work_day", "hotline", "Wed 2025-10-01 14:00", "2 h, then 6 h on the national day"),
    (
        "Tue 2025-09-30 18:00",
        "1 work_day",
        "window",
        "Fri 2025-10-10 10:30",
        "6.5 h, then 1.5 h: it is 8 h all the same",
    ),
    ("Tue 2025-09-30 10:00", "2 whole_work_day", "city", "Fri 2025-10-10 18:00", "9 and 10 October"),
    ("Tue 2025-09-30 10:00", "2 whole_work_day", "hotline", "Thu 2025-10-02 20:00", "1 and 2 October"),
    ("Tue 2025-09-30 10:00", "2 whole_work_day", "window", "Fri 2025-10-10 17:00", "it closes earlier"),
    ("Sat 2026-02-14 17:00", "2 work_hour", "city", "Tue 2026-02-24 09:00", "1 h on the made-up Saturday"),
    ("Sat 2026-02-14 17:00", "2 work_hour", "hotline", "Sat 2026-02-14 19:00", "the same evening"),
    ("Sat 2026-02-14 17:00", "2 work_hour", "window", "Tue 2026-02-24 11:00", "closed since a moment ago"),
    ("Sun 2026-11-22 10:00", "3 work_hour", "city", "Mon 2026-11-23 11:00", "on Monday"),
    ("Sun 2026-11-22 10:00", "3 work_hour", "hotline", "Sun 2026-11-22 13:00", "on the same Sunday"),
    ("Sun 2026-11-22 10:00", "3 work_hour", "window", "Mon 2026-11-23 12:00", "with the morning"),
    ("Mon 2026-11-16 02:00", "6 work_hour", "shifts", "Mon 2026-11-16 14:30", "1 h, 3.5 h, 1.5 h"),
    ("Mon 2026-11-16 18:30", "3 work_hour", "shifts", "Tue 2026-11-17 01:01", "30 min, 119 min, 31 min"),
    ("Wed 2025-10-01 02:00", "2 urgent_work_hour", "city", "Wed 2025-10-01 04:00", "urgent is the same everywhere"),
    ("Wed 2025-10-01 02:00", "2 urgent_work_hour", "window", "Wed 2025-10-01 04:00", "urgent is the same everywhere"),
]


def limit(text: str) -> Limit:
    value, unit = text.split()
    return Limit(float(value), TimeUnit(unit))


@pytest.mark.parametrize(("start", "given", "end", "why"), EXAMPLES, ids=[f"{e[0]} + {e[1]}" for e in EXAMPLES])
def test_dated_example(start: str, given: str, end: str, why: str) -> None:
    assert due(at(start), limit(given), CALENDAR) == at(end), why


@pytest.mark.parametrize(
    ("start", "given", "calendar", "end", "why"), ELSEWHERE, ids=[f"{e[0]} + {e[1]} {e[2]}" for e in ELSEWHERE]
)
def test_the_calendar_decides(start: str, given: str, calendar: str, end: str, why: str) -> None:
    assert due(at(start), limit(given), CALENDARS[calendar]) == at(end), why


def test_every_unit_has_examples() -> None:
    assert {example[1].split()[1] for example in EXAMPLES} == set(TimeUnit)
