"""calendar.yaml with several calendars: who works when, what is taken over from the city, every slip at its line."""

from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from domain.clock import Calendar, Limit, TimeUnit, due
from runtime.citypack.calendar import read_calendars
from runtime.citypack.files import PackFiles

ZONE = ZoneInfo("Asia/Shanghai")
CITY = """\
hours: [08:00-12:00, 14:00-18:00]
rest_weekdays: [周六, 周日]
holidays:
  - {name: 国庆节, first: 2026-10-01, last: 2026-10-07}
makeup_days:
  - 2026-10-10
others:
  综合执法:
    hours: [08:00-22:00]
    rest_weekdays: []
  医院:
    hours: [07:30-17:30]
    rest_weekdays: [周日]
    holidays:
      - {name: 国庆节, first: 2026-10-01, last: 2026-10-03}
    makeup_days: []
"""


def read(folder: Path, text: str) -> tuple[dict[str, Calendar] | None, list[tuple[str, str]]]:
    (folder / "calendar.yaml").write_text(text, encoding="utf-8")
    files = PackFiles(folder, folder)
    calendars = read_calendars(files, ZONE)
    return calendars and dict(calendars), [(fault.pointer, fault.code) for fault in files.findings.faults]


@pytest.fixture
def calendars(tmp_path: Path) -> dict[str, Calendar]:
    found, faults = read(tmp_path, CITY)
    assert faults == []
    assert found is not None
    return found


def test_a_city_has_its_own_calendar_and_others_beside_it(calendars: dict[str, Calendar]) -> None:
    assert list(calendars) == ["", "综合执法", "医院"]
    assert {calendar.zone for calendar in calendars.values()} == {ZONE}
    assert calendars["综合执法"].hours == ((time(8), time(22)),)


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2026, 9, 30), {"", "综合执法", "医院"}),
        (date(2026, 10, 2), set()),  # the holiday is everybody's
        (date(2026, 10, 5), {"医院"}),  # the hospital's is shorter
        (date(2026, 10, 10), {"", "综合执法", "医院"}),  # Saturday: made up by the city, a common day for the others
        (date(2026, 10, 17), {"综合执法", "医院"}),
        (date(2026, 10, 18), {"综合执法"}),
    ],
)
def test_who_works_on_a_day(calendars: dict[str, Calendar], day: date, working: set[str]) -> None:
    assert {name for name, calendar in calendars.items() if calendar.works_on(day)} == working


def test_the_hospital_makes_up_for_nothing(calendars: dict[str, Calendar]) -> None:
    assert calendars["综合执法"].makeup_days == calendars[""].makeup_days == {date(2026, 10, 10)}
    assert calendars["医院"].makeup_days == frozenset()


def test_four_working_hours_from_friday_evening(calendars: dict[str, Calendar]) -> None:
    """The office goes on on Monday, the law enforcers finish the same night."""
    friday = datetime(2026, 11, 20, 17, tzinfo=ZONE)
    four = Limit(4, TimeUnit.WORK_HOUR)

    assert due(friday, four, calendars[""]) == datetime(2026, 11, 23, 11, tzinfo=ZONE)
    assert due(friday, four, calendars["综合执法"]) == friday + timedelta(hours=4)


def test_a_city_needs_no_others(tmp_path: Path) -> None:
    found, faults = read(tmp_path, CITY[: CITY.index("others:")])

    assert faults == []
    assert found is not None
    assert list(found) == [""]


SLIPS = [
    ("rest_weekdays: [周日]", "rest_weekdays: [周八]", "weekday-unknown"),
    ("07:30-17:30", "07:30-25:30", "hours-invalid"),
    ("07:30-17:30", "17:30-07:30", "calendar-invalid"),
    ("rest_weekdays: []", "rest_weekdays: [周一, 周二, 周三, 周四, 周五, 周六, 周日]", "calendar-invalid"),
    ("    hours: [08:00-22:00]\n", "", "key-missing"),
    ("    hours: [07:30-17:30]", "    hour: [07:30-17:30]", "key-unknown|key-missing"),
    ("last: 2026-10-03", "last: 2027-10-03", "holiday-length"),
    ("last: 2026-10-07", "last: 2026-09-07", "holiday-length"),
    ("    makeup_days: []", "    makeup_days: [2026-10-02]", "makeup-in-holiday"),
    ("    makeup_days: []", "    makeup_days: [2026-10-10]", "makeup-no-rest-day"),
    ("    makeup_days: []", "    makeup_days: [2026-10-11, 2026-10-11]", "date-repeated"),
    ("  医院:", "  综合执法:", "key-repeated"),
]


@pytest.mark.parametrize(("old", "new", "codes"), SLIPS)
def test_a_slip_in_one_calendar_is_told_at_its_line_once(tmp_path: Path, old: str, new: str, codes: str) -> None:
    line = CITY[: CITY.index(old)].count("\n") + 1
    if codes == "key-missing":
        line -= 1  # a key that is not there is told at what lacks it
    if codes == "key-unknown|key-missing":
        told = sorted([(f"calendar.yaml:{line}", "key-unknown"), (f"calendar.yaml:{line - 1}", "key-missing")])
    else:
        told = [(f"calendar.yaml:{line}", codes)]

    found, faults = read(tmp_path, CITY.replace(old, new, 1))

    assert sorted(faults) == told
    assert found is None or codes == "key-repeated"


def test_a_holiday_of_ones_own_on_a_day_the_city_makes_up_is_a_slip(tmp_path: Path) -> None:
    """Whoever takes over the make-up days would work in the middle of the holiday."""
    longer = CITY.replace("last: 2026-10-03}\n    makeup_days: []", "last: 2026-10-12}")

    assert read(tmp_path, longer) == (None, [("calendar.yaml:15", "makeup-in-holiday")])


def test_a_make_up_day_of_ones_own_in_a_holiday_of_the_city_is_a_slip(tmp_path: Path) -> None:
    sunday = CITY.replace("    rest_weekdays: []\n", "    rest_weekdays: [周日]\n    makeup_days: [2026-10-04]\n")

    assert read(tmp_path, sunday) == (None, [("calendar.yaml:11", "makeup-in-holiday")])


def test_a_calendar_has_a_name(tmp_path: Path) -> None:
    assert read(tmp_path, CITY.replace("  医院:", '  "":')) == (None, [("calendar.yaml:11", "value-invalid")])
