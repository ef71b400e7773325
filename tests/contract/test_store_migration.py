"""A city that worked under the first law upgrades: its cases, tasks and running deadlines go on under the whole one.

The record is a real one of that time (data/first_law.json), with a case in every state there was.
"""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.case import Case, Clock, DeadlineState, State
from domain.commands import Verb
from domain.ids import CaseId
from domain.task import TaskState
from handlers.assign import assign_many
from handlers.file import file_many
from handlers.outcomes import Done
from handlers.overdue import ring_due
from handlers.ports import Office
from store.migrate import available, migrate
from store.pool import Pool, connect
from store.views import Scope, Views
from tests.demo_city import DESK, LAMP, a_call, an_office, case_of, cases_of, done, filed, on_case, on_task, to_the_end
from tests.record import consistent

_RECORD = Path(__file__).parent / "data" / "first_law.json"


async def restored(dsn: str) -> None:
    """The first schema, with the record of that time in it."""
    first = available()[0]
    record = json.loads(_RECORD.read_text(encoding="utf-8"))
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(first.read_text(encoding="utf-8"))
        for table, rows in record.items():
            await connection.execute(
                f"INSERT INTO {table} OVERRIDING SYSTEM VALUE"  # noqa: S608  (our own words)
                f" SELECT * FROM json_populate_recordset(NULL::{table}, $1::text::json)",
                json.dumps(rows),
            )
        await connection.execute("SELECT setval('case_serial', 1000), setval('events_seq_seq', 1000)")
        await connection.execute(
            "CREATE TABLE migrations (name text PRIMARY KEY, applied_at timestamptz DEFAULT now())"
        )
        await connection.execute("INSERT INTO migrations (name) VALUES ($1)", first.stem)
    finally:
        await connection.close()


@pytest.fixture
async def upgraded(postgres_dsn: str) -> AsyncIterator[Pool]:
    """The old record under the new schema."""
    name = f"t_{uuid4().hex[:16]}"
    keeper = await asyncpg.connect(postgres_dsn)
    await keeper.execute(f"CREATE DATABASE {name}")
    dsn = urlsplit(postgres_dsn)._replace(path=f"/{name}").geturl()
    try:
        await restored(dsn)
        assert await migrate(dsn) == [path.stem for path in available()[1:]]
        pool = await connect(dsn, size=4, application="tests-upgraded")
        yield pool
        await pool.close()
    finally:
        await keeper.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await keeper.close()


async def everything(pool: Pool) -> dict[State, list[Case]]:
    """All cases by state."""
    office = an_office(pool)
    cases = await cases_of(office, [row["id"] for row in await pool.fetch("SELECT id FROM cases ORDER BY no")])
    return {state: [case for case in cases if case.state is state] for state in dict.fromkeys(c.state for c in cases)}


async def beside(pool: Pool) -> None:
    """Alarms and tasks are those of the documents; their histories are told in the words of their time."""
    alarms, tasks = set(), set()
    for case in (case for cases in (await everything(pool)).values() for case in cases):
        alarms |= {(case.id, d.clock, d.cycle, d.alarm_at, d.alarms[0]) for d in case.deadlines if d.alarm_at}
        tasks |= {(t.id, t.unit, t.part, t.state, t.accepted_at, t.ended_at) for t in case.tasks}
    assert {tuple(row) for row in await pool.fetch("SELECT * FROM alarms")} == alarms
    query = "SELECT id, unit, part, state, accepted_at, ended_at FROM tasks"
    assert {tuple(row) for row in await pool.fetch(query)} == tasks


async def test_every_case_of_the_first_law_is_read_by_the_whole_one(upgraded: Pool) -> None:
    cases = await everything(upgraded)
    assert set(cases) == {
        State.REPORTED, State.NOT_ACCEPTED, State.PENDING_DISPATCH, State.PENDING_DISPOSAL, State.DISPOSING,
        State.PENDING_CHECK, State.CLOSED,
    }  # fmt: skip
    await beside(upgraded)
    before = {row["id"]: row for row in json.loads(_RECORD.read_text(encoding="utf-8"))["cases"]}
    for case in (case for some in cases.values() for case in some):
        old = before[str(case.id)]
        assert (case.no, case.state, case.version) == (old["no"], old["state"], old["version"])
        assert [d.due_at.timestamp() for d in case.deadlines] == [
            pytest.approx(_seconds(d["due_at"])) for d in old["doc"]["deadlines"]
        ]
        for deadline in case.deadlines:
            assert deadline.origin.endswith(str(deadline.limit)), "the limit is the one it was set by"
            assert (deadline.alarm_at is not None) == (deadline.state is DeadlineState.RUNNING)
        assert [str(report) for report in case.reports] == old["doc"]["reports"]
    assert [d.clock for d in cases[State.REPORTED][0].deadlines] == [Clock.INTAKE], "受理 was called filing before"
    assert await Views(upgraded).history(cases[State.CLOSED][0].id), "old histories can still be read"
    whole = await Views(upgraded).case(cases[State.CLOSED][0].no, Scope())
    assert whole is not None
    assert whole.reports
    account = await Views(upgraded).account()
    assert account["received"] == sum(n for part, n in account.items() if part != "received") == 12


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()


async def test_alarms_set_under_the_first_law_ring_under_the_whole_one(upgraded: Pool) -> None:
    office = an_office(upgraded)
    late = {CaseId(row[0]) for row in await upgraded.fetch("SELECT case_id FROM alarms WHERE rings_at < now()")}
    assert late, "one was due when the city stopped"
    assert await ring_due(office) == len(late)
    assert await ring_due(office) == 0
    for case in await cases_of(office, list(late)):
        assert case.overdue
        assert case.escalation >= 1
    await beside(upgraded)


async def test_work_begun_under_the_first_law_is_ended_under_the_whole_one(upgraded: Pool) -> None:
    office, cases = an_office(upgraded), await everything(upgraded)
    (desk,), (check,), (work,) = cases[State.REPORTED], cases[State.PENDING_CHECK], cases[State.DISPOSING]
    tasks = await Views(upgraded).tasks("lighting", None, 10)
    assert tasks, "a department finds its list"
    for _, case in tasks:
        await done(office, on_task(case, Verb.ACCEPT))
    waiting = [case.id for case in cases[State.PENDING_DISPATCH] if case.verdict is None]
    assert [type(outcome) for outcome in await assign_many(office, waiting)] == [Done] * len(waiting)
    for case in (check, work, *cases[State.PENDING_DISPOSAL], *await cases_of(office, waiting)):
        ended = await to_the_end(office, case.id)
        assert ended.state is State.CLOSED
        assert {task.state for task in ended.tasks} <= {TaskState.DONE, TaskState.SENT_BACK}
    lamp = office.advisers.catalogue.find(LAMP)
    condition = office.advisers.catalogue.condition(lamp, None)
    await done(office, on_case(desk, Verb.FILE, DESK, category=lamp, condition=condition, place=desk.place))
    await beside(upgraded)


async def test_a_call_joins_a_case_of_the_first_law_and_what_waited_to_be_filed_is_filed(upgraded: Pool) -> None:
    office = an_office(upgraded)
    (unfiled,) = [
        row["id"] for row in await upgraded.fetch(
            "SELECT id FROM reports r WHERE NOT EXISTS (SELECT FROM case_reports l WHERE l.report_id = r.id)"
        )
    ]  # fmt: skip
    (outcome,) = await file_many(office, [unfiled])
    assert isinstance(outcome, Done)
    (opened,) = (await everything(upgraded))[State.REPORTED]
    joined = await perform_join(office, opened, outcome.subject)
    assert unfiled in joined.reports
    fresh = await filed(office, a_call(60))
    assert await consistent(upgraded, *fresh, CaseId(outcome.subject)) == 2
    await beside(upgraded)


async def perform_join(office: Office, case: Case, other: UUID) -> Case:
    """The desk puts the first report of another case behind this one too."""
    (report,) = (await case_of(office, CaseId(other))).reports
    await done(office, on_case(case, Verb.JOIN, DESK, report=report))
    return await case_of(office, case.id)
