"""What the database says of every ticket of an import, row by row, and how long each took."""

import csv
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

_FOUND = """
    SELECT r.origin_key, r.received_at, l.opened, c.state::text, c.unit, c.area, c.doc->'place'->>'doubt' AS doubt,
           c.filed_at, c.dispatched_at
    FROM reports r LEFT JOIN case_reports l ON l.report_id = r.id LEFT JOIN cases c ON c.id = l.case_id
    WHERE r.origin = $1"""
_SIZES = """
    SELECT (SELECT count(*) FROM reports), (SELECT count(*) FROM cases), (SELECT count(*) FROM case_reports),
           (SELECT count(*) FROM tasks), (SELECT count(*) FROM events)"""
_MULTIPLES = """
    SELECT (SELECT count(*) - count(DISTINCT (subject, type)) FROM events
            WHERE type IN ('report.accepted', 'case.filed', 'case.dispatched'))
         + (SELECT count(*) - count(DISTINCT case_id) FROM tasks WHERE part = 'lead')"""


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one ticket. ``area`` is the code of the deepest area; ``took`` is seconds to its dispatch."""

    area: str
    doubt: str
    unit: str | None
    state: str
    opened: bool
    filed: bool
    received_at: datetime
    dispatched_at: datetime | None

    @property
    def took(self) -> float | None:
        """Seconds from our receipt to the department; None for what joined a case or waits at a desk."""
        if self.dispatched_at is None or not self.opened:
            return None
        return (self.dispatched_at - self.received_at).total_seconds()


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every row of the file accounted for. ``lost`` and ``doubled`` must be 0."""

    rows: int
    accepted: int
    refused: Mapping[str, int]
    lost: int
    doubled: int
    found: Mapping[str, Found]

    @property
    def balanced(self) -> bool:
        """Whether in = accepted + refused, nothing lost, nothing doubled."""
        whole = self.rows == self.accepted + sum(self.refused.values())
        return whole and self.lost == 0 and self.doubled == 0

    def count(self, what: str) -> int:
        """Rows ``joined`` to another's case, ``filed`` as one, or ``at desk`` (unclear what or where, or no rule)."""
        tests = {
            "joined": lambda one: not one.opened,
            "filed": lambda one: one.opened and one.filed,
            "dispatched": lambda one: one.opened and one.unit is not None,
            "at desk": lambda one: one.opened and one.unit is None,
        }
        return sum(map(tests[what], self.found.values()))


async def ledger(
    connection: "asyncpg.Connection[asyncpg.Record]", source: str, keys: Mapping[int, str], refused: Path | None
) -> Ledger:
    """Compare the file's ticket numbers with the record, the rejects and the file of refused rows."""
    records = await connection.fetch(_FOUND, _origin(source))
    times = Counter(record["origin_key"] for record in records)
    rejects = await connection.fetch("SELECT value, code FROM rejects")
    turned_away = [(_number(record["value"]), record["code"]) for record in rejects]
    reasons = Counter(code for _, code in turned_away)
    here = _refused_here(refused)
    reasons.update(here.values())
    gone = {number for number, _ in turned_away} | {keys[line] for line in here}
    wanted = Counter(keys.values())
    doubled = sum(count - 1 for count in times.values()) + await connection.fetchval(_MULTIPLES)
    homeless = sum(record["state"] is None for record in records)
    lost = sum(number not in times and number not in gone for number in wanted) + homeless
    strangers = sum(number not in wanted for number in times)
    return Ledger(len(keys), len(times), dict(reasons), lost, doubled + strangers, dict(map(_found, records)))


async def found_of(connection: "asyncpg.Connection[asyncpg.Record]", source: str) -> dict[str, Found]:
    """What became of every ticket of a source, by its number."""
    return dict(map(_found, await connection.fetch(_FOUND, _origin(source))))


async def sizes(connection: "asyncpg.Connection[asyncpg.Record]") -> tuple[int, ...]:
    """Numbers of reports, cases, links, tasks and events: unequal before and after means that something happened."""
    return tuple(await connection.fetchrow(_SIZES) or ())


def _origin(source: str) -> str:
    return f"hotline:{source}"


def _number(value: bytes | None) -> str:
    try:
        return str(json.loads(value or b"{}").get("ticket_no", ""))
    except ValueError:
        return ""


def _refused_here(path: Path | None) -> dict[int, str]:
    """Line and first reason of each row the import itself refused."""
    if path is None or not path.exists():
        return {}
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return {int(row["line"]): row["code"] for row in reversed(list(csv.DictReader(lines)))}


def _found(record: asyncpg.Record) -> tuple[str, Found]:
    area = (record["area"] or "").rstrip("/").rpartition("/")[2]
    return record["origin_key"], Found(
        area, record["doubt"] or "", record["unit"], record["state"] or "", bool(record["opened"]),
        record["filed_at"] is not None, record["received_at"], record["dispatched_at"],
    )  # fmt: skip
