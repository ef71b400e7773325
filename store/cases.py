"""Cases in the record: the aggregate as a document, with the columns and rows that lists and promises need."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from domain.case import Case, Clock
from domain.crowd import Crowd
from domain.duplicates import Candidate, looks
from domain.ids import CaseId, ReportId
from domain.lattice import cell
from domain.likeness import Sighting
from domain.petition import PetitionState
from domain.place import Crs, Point
from domain.policy import Policy
from domain.standing import Standing
from domain.task import Part, Task
from store.codec import decode_case, encode
from store.pool import Connection
from store.queries import sql

_COLUMNS = (
    "id", "no", "version", "state", "source", "urgency", "category", "area", "unit", "overdue", "opened_at",
    "updated_at", "occurred_at", "filed_at", "dispatched_at", "ended_at", "lon", "lat", "cell_x", "cell_y", "doc",
    "petitioned", "warns",
)  # fmt: skip
_TASK_COLUMNS = (
    "id", "case_id", "unit", "part", "state", "round", "offered_at", "accepted_at", "ended_at", "worker"
)  # fmt: skip
_ALARM_COLUMNS = ("case_id", "clock", "cycle", "rings_at", "share")
_LINK_COLUMNS = ("report_id", "case_id", "opened", "linked_at", "home", "behind", "own", "withdrawn")


@dataclass(frozen=True, slots=True)
class Answer:
    """A command answered before under a client's Idempotency-Key."""

    client: str
    key: str
    fingerprint: bytes
    subject: UUID
    version: int


@dataclass(frozen=True, slots=True)
class Ringing:
    """An alarm of a deadline whose time has come by the database's clock."""

    case: CaseId
    clock: Clock
    cycle: int
    share: float


@dataclass(frozen=True, slots=True)
class Link:
    """One report that stands to one case. ``home`` is the case it opened or joined when it came."""

    report: ReportId
    case: CaseId
    at: datetime
    standing: Standing
    opened: bool = False
    home: bool = False


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

    async def open_near(self, sought: Sequence[Sighting], policy: Policy) -> list[Candidate]:
        """Cases that may be of one incident with what was seen, open or ended lately; each once, a few too many."""
        spots: dict[tuple[str, int, int, date], tuple[datetime, datetime]] = {}
        for seen in sought:
            at = seen.at
            day = at.date()
            for category, x, y in looks(seen, policy):
                since, until = spots.get(key := (category, x, y, day), (at, at))
                spots[key] = (min(since, at), max(until, at))
        components = {(seen.component, seen.at) for seen in sought if seen.component}
        if not (spots or components):
            return []
        rows = await self._connection.fetch(
            sql("cases_open_near"),
            [category for category, _, _, _ in spots],
            [x for _, x, _, _ in spots],
            [y for _, _, y, _ in spots],
            [since for since, _ in spots.values()],
            [until for _, until in spots.values()],
            max(policy.join_within, policy.likeness.suggest_within),
            policy.likeness.reworks_within,
            [component for component, _ in components],
            [at for _, at in components],
        )
        return [Candidate(row["id"], _sighting(row), row["ended_at"]) for row in rows]

    async def sightings(self, ids: Sequence[CaseId]) -> dict[CaseId, Sighting]:
        """What cases say of their incidents, as ``open_near`` compares them; unknown ids are absent."""
        return {row["id"]: _sighting(row) for row in await self._connection.fetch(sql("cases_sightings"), ids)}

    async def add(self, cases: Sequence[Case]) -> None:
        """Store new cases with their tasks and alarms."""
        await self._copy("cases", _COLUMNS, [_row(case) for case in cases])
        await self._put_parts([(None, case) for case in cases])

    async def save(self, changes: Sequence[tuple[Case, Case]]) -> None:
        """Store changed cases, each as it was loaded and as it is now. The caller holds their locks."""
        await self._connection.execute(sql("cases_save"), *zip(*(_changed(case) for _, case in changes), strict=True))
        await self._put_parts(changes)

    async def link(self, links: Sequence[Link]) -> None:
        """Put reports behind cases. The caller holds the cases' locks; a home also needs the report's."""
        rows = [(k.report, k.case, k.opened, k.at, k.home, *_standing(k.standing)) for k in links]
        await self._copy("case_reports", _LINK_COLUMNS, rows)

    async def restand(self, changed: Sequence[tuple[tuple[CaseId, ReportId], Standing]]) -> None:
        """Write how linked reports stand to their cases now."""
        rows = [(*link, *_standing(standing)) for link, standing in changed]
        await self._connection.execute(sql("cases_restand"), *zip(*rows, strict=True))

    async def crowd(self, cases: Sequence[CaseId], reports: Sequence[ReportId], whole: Sequence[CaseId] = ()) -> Crowd:
        """How reports stand to ``cases``: the ones named, and all that stand behind the cases ``whole``.

        Costs what it is about, not what else stands behind the cases. The caller holds the cases' locks.
        """
        if not cases or not (reports or whole):
            return Crowd()
        rows = await self._connection.fetch(sql("cases_crowd"), cases, reports, whole)
        known = (
            (CaseId(r["case_id"]), ReportId(r["report_id"]), Standing(r["behind"], r["own"], r["withdrawn"]))
            for r in rows
        )
        return Crowd(known)

    async def unlink(self, links: Sequence[tuple[CaseId, ReportId]]) -> None:
        """Take reports from behind a case they had come to by a merge. Their homes stay."""
        await self._connection.execute(sql("cases_unlink"), *zip(*links, strict=True))

    async def _put_parts(self, changes: Sequence[tuple[Case | None, Case]]) -> None:
        """Bring task and alarm rows to what the cases say; a statement is sent only if it has rows."""
        new: list[tuple[object, ...]] = []
        left, taken, stopped, started = list(new), list(new), list(new), list(new)
        for before, after in changes:
            known = {task.id: task for task in before.tasks} if before else {}
            for task in after.tasks:
                if task.id not in known:
                    new.append(_task_row(after.id, task))
                elif task != known[task.id]:
                    row = (task.id, task.part, task.state, task.accepted_at, task.ended_at, task.worker or None)
                    (taken if task.part is Part.LEAD and task.open else left).append(row)
            rang, rings = _alarms(before), _alarms(after)
            stopped += [(after.id, *key) for key, alarm in rang.items() if rings.get(key) != alarm]
            started += [(after.id, *key, *alarm) for key, alarm in rings.items() if rang.get(key) != alarm]
        # a case has one open lead task at any moment: who gives it up goes before who takes it
        for changed in (left, taken):
            if changed:
                await self._connection.execute(sql("tasks_change"), *zip(*changed, strict=True))
        await self._copy("tasks", _TASK_COLUMNS, new)
        if stopped:
            await self._connection.execute(sql("alarms_stop"), *zip(*stopped, strict=True))
        await self._copy("alarms", _ALARM_COLUMNS, started)

    async def _copy(self, table: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
        if rows:
            await self._connection.copy_records_to_table(table, columns=columns, records=rows)

    async def ringing(self, limit: int) -> list[Ringing]:
        """At most ``limit`` alarms that are due by the database's clock, the oldest first."""
        rows = await self._connection.fetch(sql("alarms_ringing"), limit)
        return [Ringing(row["case_id"], Clock(row["clock"]), row["cycle"], row["share"]) for row in rows]

    async def drawn(self, seed: str, quota: int, since: datetime, until: datetime) -> list[CaseId]:
        """A reproducible random sample of the cases closed in a period, at most ``quota`` of each lead unit."""
        return [row["id"] for row in await self._connection.fetch(sql("cases_drawn"), seed, quota, since, until)]

    async def answers(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Answer]:
        """What was answered before under the given (client, Idempotency-Key) pairs."""
        rows = await self._connection.fetch(sql("answers_find"), [c for c, _ in keys], [k for _, k in keys])
        found = (Answer(r["client"], r["key"], r["fingerprint"], r["subject"], r["version"]) for r in rows)
        return {(answer.client, answer.key): answer for answer in found}

    async def remember(self, answers: Sequence[Answer]) -> None:
        """Keep answers for clients that repeat a command."""
        await self._connection.execute(
            sql("answers_keep"),
            [a.client for a in answers],
            [a.key for a in answers],
            [a.fingerprint for a in answers],
            [a.subject for a in answers],
            [a.version for a in answers],
        )


def _standing(standing: Standing) -> tuple[bool, bool, bool]:
    return standing.behind, standing.own, standing.withdrawn


def _sighting(row: asyncpg.Record) -> Sighting:
    """What the first report behind a case says of the incident, with category and place as they stand on the case."""
    point = None if row["lon"] is None else Point(row["lon"], row["lat"], Crs.WGS84)
    return Sighting(
        row["category"] or "", row["occurred_at"], point, row["asset"] or "", row["text"] or "", row["address"] or ""
    )


def _alarms(case: Case | None) -> dict[tuple[Clock, int], tuple[datetime, float]]:
    """The next alarm of each deadline that has one: when, and at which share of the limit."""
    if case is None:
        return {}
    return {(d.clock, d.cycle): (d.alarm_at, d.alarms[0]) for d in case.deadlines if d.alarm_at and d.alarms}


def _task_row(case: CaseId, task: Task) -> tuple[object, ...]:
    return (
        task.id, case, task.unit, task.part, task.state, task.round, task.offered_at, task.accepted_at, task.ended_at,
        task.worker or None,
    )  # fmt: skip


def _row(case: Case) -> tuple[object, ...]:
    """A new case in the order of ``_COLUMNS``."""
    point = case.point
    x, y = cell(point) if point else (None, None)
    lon, lat = (point.lon, point.lat) if point else (None, None)
    return (
        case.id, case.no, case.version, case.state, case.source, case.urgency, _category(case),
        area_key(case.place.path), _unit(case), case.overdue, case.opened_at, case.updated_at, case.occurred_at,
        case.filed_at, case.dispatched_at, case.ended_at, lon, lat, x, y, encode(case),
        _petitioned(case), _warns(case),
    )  # fmt: skip


def _changed(case: Case) -> tuple[object, ...]:
    """A case in the order of ``cases_save``: what can change after it was opened."""
    return (
        case.id, case.version, case.state, _category(case), area_key(case.place.path), _unit(case), case.overdue,
        case.updated_at, case.filed_at, case.dispatched_at, case.ended_at, _petitioned(case),
        _warns(case), encode(case),
    )  # fmt: skip


def _category(case: Case) -> str | None:
    return case.category.key if case.category else None


def _unit(case: Case) -> str | None:
    return case.lead.unit if case.lead else None


def _petitioned(case: Case) -> bool:
    return any(petition.state is PetitionState.ASKED for petition in case.petitions)


def _warns(case: Case) -> bool:
    return case.open and case.alert is not None and case.alert.standing
