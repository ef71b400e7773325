"""Named times (时段) of a city pack, ``windows.csv``: what a dispatch rule may ask for by name."""

import re
from datetime import date, time

from dispatch.windows import Window
from runtime.citypack.files import PackFiles
from runtime.citypack.tables import Row, Table, read_table, reject_repeated
from runtime.citypack.words import FLAGS

_WINDOWS = Table("windows.csv", ("id",), ("weekdays", "working", "season", "start", "end"))
_WEEKDAYS = {day: n for n, day in enumerate("一二三四五六日")} | {"天": 6}
_SEASON = re.compile(r"(\d{1,2})-(\d{1,2})\.\.(\d{1,2})-(\d{1,2})")
_MIDNIGHT = time(0)


def read_windows(files: PackFiles) -> tuple[Window, ...]:
    """The named times; what is wrong with them is noted."""
    rows = read_table(files, _WINDOWS, required=False) or []
    reject_repeated(rows, "id")
    windows = [window_of(row, row.identifier("id")) for row in rows]
    return tuple(window for row, window in zip(rows, windows, strict=True) if row.ok)


def window_of(row: Row, name: str) -> Window:
    """The time that a row's ``weekdays``, ``working``, ``season``, ``start`` and ``end`` say; faults are noted."""
    return Window(name, _weekdays(row), _working(row), _season(row), _hour(row, "start"), _hour(row, "end"))


def _weekdays(row: Row) -> frozenset[int]:
    days: set[int] = set()
    for name in row.names("weekdays"):
        day = _WEEKDAYS.get(name.removeprefix("周").removeprefix("星期"))
        if day is None:
            row.fault("word-unknown", "weekdays: 周一 to 周日")
        else:
            days.add(day)
    return frozenset(days)


def _working(row: Row) -> bool | None:
    if row["working"] and row["working"] not in FLAGS:
        row.fault("word-unknown", f"working: one of {', '.join(FLAGS)}")
    return FLAGS.get(row["working"])


def _season(row: Row) -> tuple[tuple[int, int], tuple[int, int]] | None:
    if not row["season"]:
        return None
    match = _SEASON.fullmatch(row["season"])
    try:
        first_month, first_day, last_month, last_day = map(int, match.groups() if match else ())
        date(2000, first_month, first_day), date(2000, last_month, last_day)  # a leap year: 02-29 is a day
    except ValueError:
        row.fault("season-invalid", "06-01..09-30 wanted")
        return None
    return (first_month, first_day), (last_month, last_day)


def _hour(row: Row, column: str) -> time:
    try:
        return time.fromisoformat(row[column]) if row[column] else _MIDNIGHT
    except ValueError:
        row.fault("time-invalid", f"{column}: 08:30 wanted")
        return _MIDNIGHT
