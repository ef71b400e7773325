"""Read models for the doors. Every query is scoped: what a caller may not see is not found, counted or listed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.actor import Actor, Role
from domain.case import Case
from store.asset_views import AssetCase, AssetViews
from store.attachment_views import AttachmentViews, Named
from store.codec import decode_case, decode_plain
from store.device_views import Bucket, DeviceFilter, DeviceViews, ReadingView, Span, UnknownDevice
from store.duplicate_views import DuplicateViews, OtherCase
from store.duty_views import DutyViews, Note
from store.events import Position
from store.figures import Figures
from store.import_views import ImportViews
from store.open311 import Open311Views, RequestFilter, RequestView, TokenView
from store.pool import Pool
from store.quality import JUDGED, By, Judged, QualityViews, Troubles
from store.read_model import ReadModel
from store.rulebooks import RulebookViews
from store.scope import Scope
from store.sensor_views import AlarmLine, IncidentLine, SensorTally, SensorViews
from store.ticket_views import TicketFilter, TicketLine, TicketScope, TicketView, TicketViews

__all__ = [
    "JUDGED",
    "MAX_PAGE",
    "AlarmLine",
    "AssetCase",
    "AssetViews",
    "AttachmentViews",
    "Behind",
    "Bucket",
    "By",
    "ClientView",
    "DeviceFilter",
    "DeviceViews",
    "DutyViews",
    "Filter",
    "IncidentLine",
    "Judged",
    "Named",
    "Note",
    "Open311Views",
    "OtherCase",
    "Position",
    "QualityViews",
    "ReadingView",
    "RequestFilter",
    "RequestView",
    "Scope",
    "SensorTally",
    "SensorViews",
    "Span",
    "StreamEntry",
    "TicketFilter",
    "TicketLine",
    "TicketScope",
    "TicketView",
    "TokenView",
    "Troubles",
    "UnknownDevice",
    "Views",
]

MAX_PAGE = 200


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to. ``area`` is an area key prefix; the cursor is the last row of the page before."""

    area: str | None = None
    unit: str | None = None
    category: str | None = None
    state: str | None = None
    overdue: bool | None = None
    petitioned: bool | None = None
    before: tuple[datetime, UUID] | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Behind:
    """What stands behind a case: the first ``MAX_PAGE`` of its reports, and its partners.

    ``merged_into_no`` is the number of the case it was merged into, ``absorbed`` those that were merged into it.
    """

    reports: tuple[Mapping[str, Any], ...]
    merged_into_no: str | None = None
    absorbed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClientView:
    """A client that may call us."""

    actor: Actor
    name: str
    areas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StreamEntry:
    """An event with what streams are filtered by: the case's number, area, unit and category as they are now.

    ``unit`` has the lead; ``units`` are all that have or had a task on the case.
    """

    position: Position
    case: UUID
    no: str
    version: int
    type: str
    at: datetime
    area: str
    unit: str | None
    category: str | None
    state: str
    units: tuple[str, ...] = ()


class Views(ReadModel):
    """All read models on one pool. Raises ``Unavailable`` when the database is away.

    ``areas`` are the codes by which the figures tell first dispatches apart.
    """

    def __init__(self, pool: Pool, areas: Sequence[str] = ()) -> None:
        super().__init__(pool)
        self._figures = Figures(pool, areas=areas)
        self.tickets = TicketViews(pool)
        self.attachments = AttachmentViews(pool)
        self.assets = AssetViews(pool)
        self.imports = ImportViews(pool)
        self.duplicates = DuplicateViews(pool)
        self.open311 = Open311Views(pool)
        self.rulebooks = RulebookViews(pool)
        self.quality = QualityViews(pool)
        self.duty = DutyViews(pool)
        self.devices = DeviceViews(pool)
        self.sensors = SensorViews(pool)

    async def client(self, key_hash: bytes) -> ClientView | None:
        """The active client whose key has this SHA-256, if any."""
        rows = await self._fetch("clients_by_key", key_hash)
        if not rows:
            return None
        row = rows[0]
        return ClientView(Actor(row["id"], Role(row["role"]), row["unit"]), row["name"], tuple(row["areas"]))

    async def report(self, report: UUID, scope: Scope) -> Mapping[str, Any] | None:
        """A report with its cases, as plain data, without the caller's contact."""
        rows = await self._fetch("view_report", report, scope.origin, list(scope.areas))
        if not rows:
            return None
        row = rows[0]
        return {
            **decode_plain(row["doc"]),
            "received_at": row["received_at"],
            "cases": [
                {"no": no, "state": state, "opened": opened}
                for no, state, opened in zip(row["nos"], row["states"], row["opened"], strict=True)
            ],
        }

    async def case(self, no: str, scope: Scope) -> Case | None:
        """A case by its printed number."""
        rows = await self._fetch(
            "view_case", no, list(scope.areas), scope.unit, scope.worker, scope.origin, scope.reporter
        )
        return decode_case(rows[0]["doc"]) if rows else None

    async def behind(self, case: Case) -> Behind:
        """The first reports and the partners of a case."""
        reports = tuple(await self.reports_behind(case, None, MAX_PAGE))
        partners = [*case.absorbed, *([case.merged_into] if case.merged_into else [])]
        if not partners:
            return Behind(reports)
        nos = {row["id"]: row["no"] for row in await self._fetch("view_case_partners", partners)}
        absorbed = tuple(nos[part] for part in case.absorbed)
        return Behind(reports, nos[case.merged_into] if case.merged_into else None, absorbed)

    async def reports_behind(
        self, case: Case, after: tuple[datetime, UUID] | None, limit: int
    ) -> list[Mapping[str, Any]]:
        """A page of a case's reports, the one that opened it first, then as they came: (id, source, received_at,
        opened, withdrawn, linked_at, text, address). ``after`` is (linked_at, id) of the last one shown."""
        return [dict(row) for row in await self._fetch("view_case_reports", case.id, *(after or (None, None)), limit)]

    async def case_of_task(self, task: UUID, scope: Scope) -> Case | None:
        """The case a task belongs to."""
        rows = await self._fetch("view_case_of_task", task, list(scope.areas), scope.unit, scope.worker)
        return decode_case(rows[0]["doc"]) if rows else None

    async def cases(self, narrowed: Filter, scope: Scope) -> list[Case]:
        """A page of cases, the newest first."""
        of_unit = ("view_cases_of_unit", scope.unit, list(scope.areas))
        name, *held = of_unit if scope.unit else ("view_cases", list(scope.areas), scope.worker)
        before = narrowed.before or (None, None)
        rows = await self._fetch(
            name,
            narrowed.area,
            narrowed.unit,
            narrowed.category,
            narrowed.state,
            narrowed.overdue,
            narrowed.petitioned,
            before[0],
            before[1],
            narrowed.limit,
            *held,
        )
        return [decode_case(row["doc"]) for row in rows]

    async def tasks(self, unit: str, after: tuple[datetime, UUID] | None, limit: int) -> list[tuple[UUID, Case]]:
        """A unit's open tasks, the oldest first, each with its case."""
        rows = await self._fetch("view_tasks", unit, *(after or (None, None)), limit)
        return [(row["id"], decode_case(row["doc"])) for row in rows]

    async def tasks_of_worker(
        self, worker: str, after: tuple[datetime, UUID] | None, limit: int
    ) -> list[tuple[UUID, Case]]:
        """An inspector's open tasks, the oldest first, each with its case."""
        rows = await self._fetch("view_tasks_of_worker", worker, *(after or (None, None)), limit)
        return [(row["id"], decode_case(row["doc"])) for row in rows]

    async def history(self, case: UUID) -> list[Mapping[str, Any]]:
        """A case's events in order, as plain data."""
        return [decode_plain(row["doc"]) for row in await self._fetch("view_history", case)]

    async def stream(self, position: Position, scope: Scope, limit: int) -> list[StreamEntry]:
        """Case events after a position, in commit order, as far as the scope may see them."""
        rows = await self._fetch("view_stream", position.tx, position.seq, list(scope.areas), scope.unit, limit)
        return [
            StreamEntry(
                Position(r["tx"], r["seq"]), r["subject"], r["no"], r["version"], r["type"], r["at"], r["area"],
                r["unit"], r["category"], r["state"], tuple(r["units"]),
            )
            for r in rows
        ]  # fmt: skip

    async def stream_end(self) -> Position:
        """The position after everything settled now."""
        rows = await self._fetch("events_end")
        return Position(rows[0]["tx"], rows[0]["seq"]) if rows else Position()

    async def figures(self) -> Mapping[str, Any]:
        """The business figures for ``/metrics``: counts of cases by state, open and overdue by unit, ages, outbox."""
        return await self._figures.now()

    async def account(self) -> Mapping[str, int]:
        """Where every report is: in = filed + joined + awaiting the desk + refused + not filed yet."""
        return await self._figures.account()
