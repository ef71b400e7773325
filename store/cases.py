"""Cases in the record: the aggregate as a document, with the columns and rows that lists and promises need."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.case import Case
from domain.duplicates import Candidate, cell
from domain.ids import CaseId
from domain.place import Crs, Point
from store.codec import decode_case, encode
from store.pool import Connection
from store.queries import sql

_CASE_COLUMNS = (
    "id", "no", "version", "state", "source", "urgency", "category", "area", "unit", "overdue", "opened_at",
    "updated_at", "filed_at", "dispatched_at", "ended_at", "cell_x", "cell_y", "doc",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """A command answered before under a client's Idempotency-Key."""

    client: str
    key: str
    fingerprint: bytes
    case: CaseId
    version: int


@dataclass(frozen=True, slots=True)
class Due:
    """A running deadline whose time has come by the database's clock."""

    case: CaseId
    clock: str
    cycle: int


def area_key(path: Sequence[str]) -> str:
    """The area column: codes from the city down, each closed by ``/``, so that a prefix is exactly an area."""
    return "".join(f"{code}/" for code in path)


class Cases:
    """The cases of one unit of work. All methods take batches; none makes a query per row."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def serials(self, count: int) -> list[int]:
        """``count`` fresh running numbers for case numbers; gaps after a rollback are normal."""
        if not count:
            return []
        rows = await self._connection.fetch(sql("cases_serials"), count)
        return [row["serial"] for row in rows]

    async def load(self, ids: Sequence[CaseId]) -> dict[CaseId, Case]:
        """The cases with these ids; unknown ids are absent. Lock them when opening the unit."""
        if not ids:
            return {}
        rows = await self._connection.fetch(sql("cases_load"), ids)
        return {row["id"]: decode_case(row["doc"]) for row in rows}

    async def open_near(self, categories: Sequence[str], points: Sequence[Point]) -> list[Candidate]:
        """Open cases of the given categories in the cells around the given points (parallel sequences)."""
        wanted = {
            (category, x + dx, y + dy)
            for category, (x, y) in zip(categories, map(cell, points), strict=True)
            for dx in (-1, 0, 1)
            for dy in (-1, 0, 1)
        }
        if not wanted:
            return []
        rows = await self._connection.fetch(sql("cases_open_near"), *map(list, zip(*wanted, strict=True)))
        return [
            Candidate(r["id"], r["category"], r["opened_at"], Point(r["lon"], r["lat"], Crs(r["crs"]))) for r in rows
        ]

    async def add(self, cases: Sequence[Case]) -> None:
        """Store new cases with their tasks and deadlines."""
        await self._connection.copy_records_to_table(
            "cases", columns=_CASE_COLUMNS, records=[_columns(case) for case in cases]
        )
        await self._put_parts(cases)

    async def save(self, cases: Sequence[Case]) -> None:
        """Store changed cases. The caller holds their locks and has loaded them in this unit."""
        columns = list(zip(*(_columns(case) for case in cases), strict=True))
        await self._connection.execute(sql("cases_save"), *columns)
        await self._put_parts(cases)

    async def _put_parts(self, cases: Sequence[Case]) -> None:
        """Write the task and deadline rows; what did not change since the last write is left alone."""
        tasks = [
            (t, case) for case in cases for t in case.tasks if _touched(case, t.offered_at, t.accepted_at, t.ended_at)
        ]
        if tasks:
            await self._connection.execute(
                sql("tasks_put"),
                [t.id for t, _ in tasks],
                [case.id for _, case in tasks],
                [t.unit for t, _ in tasks],
                [t.part for t, _ in tasks],
                [t.state for t, _ in tasks],
                [t.round for t, _ in tasks],
                [t.offered_at for t, _ in tasks],
                [t.accepted_at for t, _ in tasks],
                [t.ended_at for t, _ in tasks],
            )
        deadlines = [(d, case.id) for case in cases for d in case.deadlines if _touched(case, d.set_at, d.ended_at)]
        # those that end come first, so that a stage never has two running at once
        for ended in (True, False):
            part = [(d, case) for d, case in deadlines if (d.ended_at is not None) is ended]
            if part:
                await self._connection.execute(
                    sql("deadlines_put"),
                    [case for _, case in part],
                    [d.clock for d, _ in part],
                    [d.cycle for d, _ in part],
                    [d.due_at for d, _ in part],
                    [d.state for d, _ in part],
                )

    async def due(self, limit: int) -> list[Due]:
        """At most ``limit`` running deadlines that are due by the database's clock, the oldest first."""
        rows = await self._connection.fetch(sql("deadlines_due"), limit)
        return [Due(row["case_id"], row["clock"], row["cycle"]) for row in rows]

    async def answers(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Answer]:
        """What was answered before under the given (client, Idempotency-Key) pairs."""
        rows = await self._connection.fetch(sql("answers_find"), [c for c, _ in keys], [k for _, k in keys])
        found = (Answer(r["client"], r["key"], r["fingerprint"], r["case_id"], r["version"]) for r in rows)
        return {(answer.client, answer.key): answer for answer in found}

    async def remember(self, answers: Sequence[Answer]) -> None:
        """Keep answers for clients that repeat a command."""
        await self._connection.execute(
            sql("answers_keep"),
            [a.client for a in answers],
            [a.key for a in answers],
            [a.fingerprint for a in answers],
            [a.case for a in answers],
            [a.version for a in answers],
        )


def _touched(case: Case, *moments: datetime | None) -> bool:
    return case.updated_at in moments


def _columns(case: Case) -> tuple[object, ...]:
    x, y = cell(case.point) if case.point else (None, None)
    lead = case.lead
    unit: str | None = lead.unit if lead else None
    identity: UUID = case.id
    return (
        identity,
        case.no,
        case.version,
        case.state,
        case.source,
        case.urgency,
        case.category.key if case.category else None,
        area_key(case.place.path),
        unit,
        case.overdue,
        case.opened_at,
        case.updated_at,
        case.filed_at,
        case.dispatched_at,
        case.ended_at,
        x,
        y,
        encode(case),
    )
