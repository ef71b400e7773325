"""The page that teaches how time counts is true: every dated row of docs/clock.md is computed again."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from domain import clock
from domain.clock import Limit, TimeUnit, due, left, remaining, resumed, shifted, spent
from tests.build import CALENDAR, at
from tests.unit.test_clock_due import CALENDARS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "clock.md").read_text(encoding="utf-8")
Row = dict[str, str]


def tables() -> dict[tuple[str, ...], list[Row]]:
    """The rows of the page's tables by their headers; tables with the same headers are one."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for block in re.findall(r"(?:^\|.*\|\n)+", PAGE, re.MULTILINE):
        header, line, *rows = ([cell.strip() for cell in row.strip("|").split("|")] for row in block.splitlines())
        assert set("".join(line)) == {"-"}
        found.setdefault(tuple(header), []).extend(dict(zip(header, row, strict=True)) for row in rows)
    return found


TABLES = tables()
UNITS = {row["Unit"]: TimeUnit(row["In code"].strip("`")) for row in TABLES["Unit", "In code", "It counts", "Length"]}


def limit(text: str) -> Limit:
    value, unit = text.split()
    return Limit(float(value), UNITS[unit])


def hours(text: str) -> timedelta:
    value, unit = text.split()
    assert unit == "h"
    return timedelta(hours=float(value))


def a_start(row: Row) -> None:
    calendar = CALENDARS[row.get("Calendar", "city")]
    assert due(at(row["Starts"]), limit(row["Limit"]), calendar) == at(row["Due"])


def stays(row: Row) -> None:
    given = limit(row["Limit"])
    ends = [stay.split(" – ") for stay in row["Stays in the stage"].split("; ")]
    used = spent([(at(start), at(end)) for start, end in ends], given, CALENDAR)
    assert used == hours(row["Used"])
    assert resumed(at(row["Next visit"]), remaining(given, used, CALENDAR), given, CALENDAR) == at(row["Due"])


def an_alarm(row: Row) -> None:
    share = float(row["Share"]) - 1.0
    assert shifted(at(row["Due"]), limit(row["Limit"]), CALENDAR, share) == at(row["Rings"])


def a_pause(row: Row) -> None:
    given = limit(row["Limit"])
    kept = left(at(row["Paused"]), at(row["Due"]), given, CALENDAR)
    assert kept == hours(row["Left"])
    assert resumed(at(row["Goes on"]), kept, given, CALENDAR) == at(row["New due"])


def an_extension(row: Row) -> None:
    assert shifted(at(row["Due"]), limit(row["Limit"]), CALENDAR, 1.0) == at(row["Extended to"])


# What each table of the page shows, and how many rows it has at least.
SHOWN: dict[tuple[str, ...], tuple[Callable[[Row], None], int]] = {
    ("Starts", "Limit", "Due", "Why"): (a_start, 16),
    ("Starts", "Limit", "Calendar", "Due"): (a_start, 5),
    ("Limit", "Stays in the stage", "Used", "Next visit", "Due"): (stays, 4),
    ("Limit", "Due", "Share", "Rings"): (an_alarm, 6),
    ("Limit", "Due", "Paused", "Left", "Goes on", "New due"): (a_pause, 6),
    ("Limit", "Due", "Extended to"): (an_extension, 4),
}
ROWS = [(show, row) for headers, (show, _) in SHOWN.items() for row in TABLES.get(headers, ())]


@pytest.mark.parametrize(("show", "row"), ROWS, ids=[" | ".join(list(row.values())[:3]) for _, row in ROWS])
def test_the_page_is_true(show: Callable[[Row], None], row: Row) -> None:
    show(row)


def test_every_dated_table_is_read() -> None:
    dated = {headers for headers, rows in TABLES.items() if re.search(r"\d{4}-\d\d-\d\d", str(rows))}
    assert dated == set(SHOWN)
    assert [headers for headers, (_, least) in SHOWN.items() if len(TABLES[headers]) < least] == []


def test_the_page_has_every_unit_with_an_example() -> None:
    assert Counter(UNITS.values()) == Counter(TimeUnit)
    examples = {limit(row["Limit"]).unit for row in TABLES["Starts", "Limit", "Due", "Why"]}
    assert examples == set(TimeUnit)


def test_the_page_says_rightly_which_units_look_at_a_calendar() -> None:
    rows = {row["Unit"]: row["It counts"] for row in TABLES["Unit", "In code", "It counts", "Length"]}
    continuous = {UNITS[unit] for unit, counts in rows.items() if counts.startswith("always")}
    assert continuous == {unit for unit in TimeUnit if not Limit(1, unit).working}


def test_the_functions_named_are_there() -> None:
    for row in TABLES["Function", "Answers"]:
        target: object = clock
        for name in row["Function"].strip("`").split("."):
            target = getattr(target, name)
        assert callable(target)


@pytest.mark.parametrize("show", [show for show, _ in SHOWN.values()], ids=lambda show: show.__name__)
def test_a_wrong_row_is_found(show: Callable[[Row], None]) -> None:
    """Each reader, given a row whose last instant is a day late, says so."""
    row = dict(next(row for reader, row in ROWS if reader is show))
    last = next(key for key in reversed(row) if re.fullmatch(r"\w{3} [\d-]{10} [\d:]{5}", row[key]))
    row[last] = f"{at(row[last]) + timedelta(days=1):%a %Y-%m-%d %H:%M}"
    with pytest.raises(AssertionError):
        show(row)
