"""A history made in bulk is one the law could have written: its events give its cases, its rows agree with both."""

from datetime import UTC, datetime
from random import Random
from uuid import UUID

import pytest

from bench.lives import FRACTION, KEY, NO, Life, lives
from bench.mould import TABLES, Mould
from domain.case import Case, DeadlineState
from domain.evolution import evolve
from domain.ids import CaseNo
from store.codec import decode_case, decode_event
from tests.demo_city import pack

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def told() -> list[Life]:
    """Lives of one city, enough for every kind of end."""
    return lives(pack(), 300, NOW)


def copied(life: Life, serial: int) -> dict[str, list[dict[str, str]]]:
    """The rows of one copy as COPY would read them: by table, each cell by its column."""
    texts = Mould(life).copy(serial, pack().prefix, Random(serial))
    return {
        table: [dict(zip(columns, row.split("\t"), strict=True)) for row in text.splitlines()]
        for (table, columns), text in zip(TABLES.items(), texts, strict=True)
    }


def replayed(rows: list[dict[str, str]]) -> Case | None:
    case = None
    for row in rows:
        if row["type"].startswith("case."):
            case = evolve(case, decode_event(row["doc"].replace("\\\\", "\\").encode()))
    return case


def test_the_events_of_a_copy_give_its_case(told: list[Life]) -> None:
    for n, life in enumerate(told, start=1):
        rows = copied(life, n)
        (row,) = rows["cases"]
        case = decode_case(row["doc"].replace("\\\\", "\\").encode())
        assert replayed(rows["events"]) == case
        assert (row["id"], row["no"], row["state"], int(row["version"])) == (
            str(case.id), case.no, case.state, case.version
        )  # fmt: skip
        assert CaseNo.parse(case.no).serial == n
        assert {task["id"] for task in rows["tasks"]} == {str(task.id) for task in case.tasks}
        assert {(alarm["clock"], int(alarm["cycle"])) for alarm in rows["alarms"]} == {
            (deadline.clock, deadline.cycle) for deadline in case.deadlines if deadline.alarms and deadline.alarm_at
        }


def test_two_copies_share_nothing_that_must_be_unique(told: list[Life]) -> None:
    life = next(life for life in told if life.case.tasks)
    one, other = copied(life, 1), copied(life, 2)
    for table, column in (
        ("cases", "id"),
        ("cases", "no"),
        ("reports", "id"),
        ("reports", "origin_key"),
        ("tasks", "id"),
    ):
        assert {row[column] for row in one[table]}.isdisjoint(row[column] for row in other[table])
    for mark in (NO, KEY, str(FRACTION), str(life.case.id), str(life.report.id), "@lon@"):
        assert mark not in str(one)


def test_rows_point_at_each_other(told: list[Life]) -> None:
    for n, life in enumerate(told[:50]):
        rows = copied(life, n)
        report, case = UUID(rows["reports"][0]["id"]), UUID(rows["cases"][0]["id"])
        assert [(UUID(link["report_id"]), UUID(link["case_id"])) for link in rows["case_reports"]] == [(report, case)]
        assert {UUID(event["subject"]) for event in rows["events"]} == {report, case}
        assert {UUID(row["case_id"]) for row in (*rows["tasks"], *rows["alarms"])} <= {case}
        assert {UUID(row["report_id"]) for row in (*rows["tickets"], *rows["ticket_answers"])} == {report}


def test_the_past_is_mostly_over_and_what_is_open_rings_later(told: list[Life]) -> None:
    states = [life.case.open for life in told]
    assert 0 < sum(states) < len(states) / 10
    for life in told:
        running = [d for d in life.case.deadlines if d.open and d.state is DeadlineState.RUNNING]
        assert all(deadline.alarm_at is None or deadline.alarm_at > NOW for deadline in running)
        assert life.events[-1].at <= NOW
    assert any(life.case.overdue for life in told)
    assert any(life.case.reworks for life in told)
    assert any(life.case.send_backs for life in told)
