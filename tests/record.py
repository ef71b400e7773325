"""What must hold of the whole record at any time: documents, rows beside them, links and histories say the same."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from domain.case import Case
from domain.crowd import Crowd
from domain.events import NAMES, Event
from domain.evolution import evolve
from domain.ids import CaseId
from domain.lifecycle import TABLE
from domain.petition import PetitionState
from domain.standing import STRANGER, Standing
from store.cases import area_key
from store.codec import decode_case, decode_event, encode
from store.pool import Connection, Pool
from store.views import Views

_STEPS = {(row.source, NAMES[row.verb], row.target) for row in TABLE}
_RINGS = frozenset({"warned", "expired", "escalated", "resumed"})
_COLUMNS = (
    "no", "version", "state", "source", "urgency", "category", "area", "unit", "overdue", "opened_at", "updated_at",
    "occurred_at", "filed_at", "dispatched_at", "ended_at", "lon", "lat", "petitioned",
)  # fmt: skip


async def consistent(pool: Pool, *only: CaseId) -> int:
    """Compare everything written beside the documents with them; returns how many cases there are.

    Columns, tasks and alarms are those of the document; the reports linked, and how they stand to the case, are what
    the history says, as many behind it as the document says; the history is a path in the law's table and gives the
    document. Without ``only`` also the account.
    """
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await connection.fetch("SELECT * FROM cases WHERE $1::uuid[] = '{}' OR id = ANY ($1)", only)
        cases = {row["id"]: decode_case(row["doc"]) for row in rows}
        columns = {row["id"]: tuple(row[name] for name in _COLUMNS) for row in rows}
        assert columns == {case.id: _columns(case) for case in cases.values()}
        assert await _rows(connection, "tasks", cases) == {task for case in cases.values() for task in _tasks(case)}
        assert await _rows(connection, "alarms", cases) == {alarm for case in cases.values() for alarm in _alarms(case)}
        happened = await histories(connection, list(cases))
        await _check_links(connection, cases, happened)
        for case, events in happened.items():
            _check_history(cases[CaseId(case)], events)
    if not only:
        account = await Views(pool).account()
        assert account["received"] == sum(number for part, number in account.items() if part != "received"), account
    return len(cases)


async def drift(pool: Pool, case: Case) -> None:
    """The record of one case is this document, and all that is written beside it agrees."""
    doc = await pool.fetchval("SELECT doc FROM cases WHERE id = $1", case.id)
    assert json.loads(doc) == json.loads(encode(case))
    assert await consistent(pool, case.id) == 1


async def histories(connection: "Connection | Pool", cases: Sequence[UUID]) -> dict[UUID, list[Event]]:
    """The events of cases in order."""
    found: dict[UUID, list[Event]] = defaultdict(list)
    query = "SELECT subject, doc FROM events WHERE subject = ANY ($1) ORDER BY subject, version"
    for row in await connection.fetch(query, cases):
        found[row["subject"]].append(decode_event(row["doc"]))
    assert set(found) == set(cases), "a case without a history"
    return found


def lateness(events: Sequence[Event]) -> Iterator[timedelta]:
    """How late each alarm of a history rang; none may have rung early, twice, or out of its order."""
    case = None
    for event in events:
        if case is not None and event.type in _RINGS and event.actor.role == "system":
            rang = next(d for d in event.deadlines if event.type != "resumed" or d.clock == "suspension")
            (was,) = [d for d in case.deadlines if (d.clock, d.cycle) == (rang.clock, rang.cycle)]
            assert was.alarm_at is not None, f"{event.type} rang where no alarm was set"
            assert event.at > was.alarm_at, f"{event.type} rang early"
            assert rang.alarms == was.alarms[1:], f"{event.type} rang twice or out of order"
            yield event.at - was.alarm_at
        case = evolve(case, event)


def _check_history(case: Case, events: Sequence[Event]) -> None:
    assert [event.version for event in events] == list(range(1, case.version + 1))
    replayed, before = None, None
    for event in events:
        assert (before, event.type, event.state) in _STEPS, f"{before} -{event.type}-> {event.state} is not in the law"
        replayed, before = evolve(replayed, event), event.state
    assert replayed == case
    list(lateness(events))


async def _rows(connection: Connection, table: str, cases: Mapping[UUID, Case]) -> set[tuple[object, ...]]:
    rows = await connection.fetch(f"SELECT * FROM {table} WHERE case_id = ANY ($1)", list(cases))  # noqa: S608
    return {tuple(sorted(dict(row).items())) for row in rows}


def _columns(case: Case) -> tuple[object, ...]:
    lead, point = case.lead, case.point
    beside = {
        "category": case.category.key if case.category else None,
        "area": area_key(case.place.path),
        "unit": lead.unit if lead else None,
        "lon": point.lon if point else None,
        "lat": point.lat if point else None,
        "petitioned": any(petition.state is PetitionState.ASKED for petition in case.petitions),
    }
    return tuple(beside[name] if name in beside else getattr(case, name) for name in _COLUMNS)


def _tasks(case: Case) -> Iterator[tuple[object, ...]]:
    for task in case.tasks:
        row: dict[str, object] = {
            "id": task.id, "case_id": case.id, "unit": task.unit, "part": task.part, "state": task.state,
            "round": task.round, "offered_at": task.offered_at, "accepted_at": task.accepted_at,
            "ended_at": task.ended_at, "worker": task.worker or None,
        }  # fmt: skip
        yield tuple(sorted(row.items()))


def _alarms(case: Case) -> Iterator[tuple[object, ...]]:
    for one in case.deadlines:
        if one.alarm_at is not None:
            row: dict[str, object] = {
                "case_id": case.id, "clock": one.clock, "cycle": one.cycle, "rings_at": one.alarm_at,
                "share": one.alarms[0],
            }  # fmt: skip
            yield tuple(sorted(row.items()))


async def _check_links(
    connection: Connection, cases: Mapping[UUID, Case], happened: Mapping[UUID, Sequence[Event]]
) -> None:
    rows = await connection.fetch("SELECT * FROM case_reports WHERE case_id = ANY ($1)", list(cases))
    stand = {(row["case_id"], row["report_id"]): Standing(row["behind"], row["own"], row["withdrawn"]) for row in rows}
    crowd, told = Crowd(), {}
    for change in (change for events in happened.values() for event in events for change in crowd.follow(event)):
        told[change.case, change.report] = change.after
    assert stand == {tie: standing for tie, standing in told.items() if standing != STRANGER}
    behind = Counter(case for (case, _), standing in stand.items() if standing.behind)
    assert {case.id: case.behind for case in cases.values()} == {case: behind[case] for case in cases}
    opened = {row["case_id"] for row in rows if row["opened"] and row["home"]}
    assert opened == set(cases), "every case was opened by one report whose home it is"
