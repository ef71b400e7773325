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
from domain.task import Part, TaskState
from handlers.assign import assign_many
from handlers.file import file_many
from handlers.outcomes import Done
from handlers.overdue import ring_due
from handlers.ports import Office, new_id
from store.migrate import available, migrate
from store.pool import Pool, connect
from store.views import Scope, Views
from tests.demo_city import (
    DESK,
    LAMP,
    a_call,
    an_office,
    behind,
    case_of,
    cases_of,
    done,
    filed,
    first_of,
    on_case,
    on_task,
    to_the_end,
)
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
        assert [str(report) for report in await behind(an_office(upgraded), case)] == old["doc"]["reports"]
        assert case.behind == len(old["doc"]["reports"])
    assert [d.clock for d in cases[State.REPORTED][0].deadlines] == [Clock.INTAKE], "受理 was called filing before"
    assert await Views(upgraded).history(cases[State.CLOSED][0].id), "old histories can still be read"
    whole = await Views(upgraded).case(cases[State.CLOSED][0].no, Scope())
    assert whole is not None
    assert whole.behind == 1
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


async def test_first_dispatches_of_the_first_law_count_for_accuracy(upgraded: Pool) -> None:
    cases = [case for some in (await everything(upgraded)).values() for case in some]
    first = {case.id: next((t for t in case.tasks if t.part is Part.LEAD), None) for case in cases}
    kept = {row["case_id"]: row for row in await upgraded.fetch("SELECT * FROM dispatches")}
    assert kept.keys() == {case for case, task in first.items() if task}
    for case, row in kept.items():
        task = first[case]
        assert task is not None
        back = task.ended_at if task.state is TaskState.SENT_BACK else None
        assert (row["unit"], row["dispatched_at"], row["sent_back_at"]) == (task.unit, task.offered_at, back)
    assert {row["rule"] for row in kept.values()} >= {"street-lamp"}, "the rule of its verdict"
    assert any(row["sent_back_at"] for row in kept.values())


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
    assert unfiled in await behind(office, joined)
    fresh = await filed(office, a_call(60))
    assert await consistent(upgraded, *fresh, CaseId(outcome.subject)) == 2
    await beside(upgraded)


async def perform_join(office: Office, case: Case, other: UUID) -> Case:
    """The desk puts the first report of another case behind this one too."""
    report = await first_of(office, await case_of(office, CaseId(other)))
    await done(office, on_case(case, Verb.JOIN, DESK, report=report))
    return await case_of(office, case.id)


async def test_who_stands_behind_a_case_moves_from_its_document_to_rows(postgres_dsn: str) -> None:
    """A document as it was before (0012), with reports of its own, brought by merged cases, and taken back."""
    name = f"t_{uuid4().hex[:16]}"
    keeper = await asyncpg.connect(postgres_dsn)
    await keeper.execute(f"CREATE DATABASE {name}")
    connection = await asyncpg.connect(urlsplit(postgres_dsn)._replace(path=f"/{name}").geturl())
    try:
        for path in available():
            if path.stem == "0012_crowds":
                break
            await connection.execute(path.read_text(encoding="utf-8"))
        own, brought, both, back = (str(new_id()) for _ in range(4))
        main, one, two = (str(new_id()) for _ in range(3))
        doc = {
            "no": "X", "reports": [own, brought, both], "withdrawn": [back, brought],
            "absorbed": [{"case": one, "reports": [brought, both]}, {"case": two, "reports": [both]}],
        }  # fmt: skip
        for report in (own, brought, both, back):
            await connection.execute(
                "INSERT INTO reports (id, source, origin, origin_key, fingerprint, doc)"
                " VALUES ($1, 'hotline', 'x', $1::uuid::text, '', '{}')",
                report,
            )
        await connection.execute(
            "INSERT INTO cases (id, no, version, state, source, urgency, area, overdue, opened_at, updated_at, doc,"
            " petitioned, warns) VALUES ($1, 'X', 1, 'reported', 'hotline', 'normal', '', false, now(), now(), $2,"
            " false, false)",
            main,
            json.dumps(doc),
        )
        await connection.execute(
            "INSERT INTO case_reports (report_id, case_id, opened, linked_at, home)"
            " SELECT unnest($2::uuid[]), $1::uuid, false, now(), false",
            main,
            [own, brought, both, back],
        )
        (crowds,) = (path for path in available() if path.stem == "0012_crowds")
        await connection.execute(crowds.read_text(encoding="utf-8"))
        rows = await connection.fetch("SELECT report_id, behind, own, withdrawn FROM case_reports")
        assert {str(row["report_id"]): tuple(row)[1:] for row in rows} == {
            own: (True, True, False),
            brought: (True, False, True),
            both: (True, False, False),
            back: (False, True, True),
        }
        now = json.loads(await connection.fetchval("SELECT doc FROM cases"))
        assert now == {"no": "X", "behind": 3, "absorbed": [one, two]}
    finally:
        await connection.close()
        await keeper.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await keeper.close()
