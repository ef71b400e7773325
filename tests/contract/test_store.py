"""The memory keeps its promises: once each, one after another, columns equal to documents, and nothing rewritten."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from domain.case import Case, DeadlineState, State
from domain.commands import Verb
from domain.errors import Unavailable
from domain.ids import CaseId
from domain.report import Contact
from handlers.accept import accept_many, fingerprint
from handlers.assign import assign_many
from handlers.file import file_many
from handlers.outcomes import AlreadyDone, Done, Failed, Outcome
from handlers.overdue import expire_due
from handlers.ports import Office, new_id
from handlers.reject import Rejected, keep_rejects, note_replayed, one_reject, waiting_rejects
from store.cases import area_key
from store.codec import encode
from store.events import Entry, Position
from store.pool import Pool, connect
from store.seat import seat
from store.translate import translated
from tests.demo_city import (
    DESK,
    OFFICER,
    SEWER_COVER,
    a_call,
    accepted,
    an_office,
    calls,
    case_of,
    dispatched,
    filed,
    on_case,
    on_task,
    perform,
)
from tests.wire import wire


async def count(pool: Pool, what: str, *values: object) -> int:
    found: int = await pool.fetchval(f"SELECT count(*) FROM {what}", *values)  # noqa: S608  (our own words)
    return found


# --- Once each


async def test_the_same_ticket_again_is_the_same_report(office: Office, pool: Pool) -> None:
    ticket = a_call()
    again = replace(ticket, id=new_id(), received_at=datetime.now(UTC))
    assert await accept_many(office, [ticket]) == [Done(ticket.id)]
    assert await accept_many(office, [again]) == [AlreadyDone(ticket.id)]
    assert await count(pool, "reports WHERE origin_key = $1", ticket.origin_key) == 1
    assert await count(pool, "events WHERE subject = ANY ($1)", [ticket.id, again.id]) == 1


async def test_another_ticket_under_the_same_number_is_refused_and_changes_nothing(office: Office, pool: Pool) -> None:
    ticket = a_call()
    other = replace(ticket, id=new_id(), text="井盖没了")
    await accept_many(office, [ticket])
    (outcome,) = await accept_many(office, [other])
    assert isinstance(outcome, Failed)
    assert getattr(outcome.error, "code", None) == "idempotency-key-reused"
    kept = await pool.fetchval("SELECT doc FROM reports WHERE origin_key = $1", ticket.origin_key)
    assert json.loads(kept)["text"] == ticket.text
    assert await count(pool, "events WHERE subject = $1", other.id) == 0


async def test_numbers_are_unique_only_within_their_origin(office: Office) -> None:
    ticket = a_call()
    elsewhere = replace(ticket, id=new_id(), origin="hotline:other-city")
    assert await accept_many(office, [ticket, elsewhere]) == [Done(ticket.id), Done(elsewhere.id)]


async def test_twins_in_one_batch_are_told_apart(office: Office) -> None:
    first, stranger = a_call(), a_call()
    twin = replace(first, id=new_id())
    changed = replace(first, id=new_id(), text="另一件事")
    outcomes = await accept_many(office, [first, twin, stranger, changed])
    assert outcomes[:3] == [Done(first.id), AlreadyDone(first.id), Done(stranger.id)]
    assert isinstance(outcomes[3], Failed)


async def test_of_twins_in_a_large_batch_the_first_is_let_in(office: Office) -> None:
    firsts = [a_call() for _ in range(400)]
    twins = [replace(ticket, id=new_id(), text="后来改口") for ticket in firsts]
    outcomes = await accept_many(office, [*firsts, *twins])
    assert outcomes[:400] == [Done(ticket.id) for ticket in firsts]
    assert all(isinstance(outcome, Failed) for outcome in outcomes[400:])


async def test_of_a_ticket_sent_on_eight_lines_at_once_one_is_let_in(office: Office, pool: Pool) -> None:
    for _ in range(10):
        ticket = a_call()
        copies = [replace(ticket, id=new_id()) for _ in range(8)]
        outcomes = [o for (o,) in await asyncio.gather(*(accept_many(office, [copy]) for copy in copies))]
        (winner,) = [o.subject for o in outcomes if isinstance(o, Done)]
        assert {o.subject for o in outcomes if isinstance(o, AlreadyDone)} == {winner}
        assert len([o for o in outcomes if isinstance(o, AlreadyDone)]) == 7
        assert await count(pool, "reports WHERE origin_key = $1", ticket.origin_key) == 1


async def test_a_promise_that_was_rolled_back_is_no_promise(office: Office, pool: Pool) -> None:
    ticket = a_call()

    async def stumble() -> None:
        async with office.store.unit() as unit:
            await unit.reports.let_in([ticket], [fingerprint(ticket)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await stumble()
    assert await count(pool, "events WHERE subject = $1", ticket.id) == 0
    assert await accept_many(office, [replace(ticket, id=new_id())]) != [AlreadyDone(ticket.id)]


async def test_two_batches_of_the_same_tickets_in_opposite_order_both_go_through(office: Office) -> None:
    async def crossing() -> list[list[Outcome]]:
        there = [a_call() for _ in range(400)]
        back = [replace(ticket, id=new_id()) for ticket in reversed(there)]
        return await asyncio.gather(accept_many(office, there), accept_many(office, back))

    for _ in range(5):
        there, back = await crossing()
        assert sum(isinstance(o, Done) for o in [*there, *back]) == 400


async def test_the_reporters_phone_number_is_kept_apart(office: Office, pool: Pool) -> None:
    ticket = a_call(contact=Contact("甲某", "13900000000"))
    await accepted(office, ticket)
    row = await pool.fetchrow("SELECT doc, contact FROM reports WHERE id = $1", ticket.id)
    assert json.loads(row["contact"])["phone"] == "13900000000"
    assert b"13900000000" not in row["doc"]
    told = await pool.fetch("SELECT doc FROM events WHERE subject = $1", ticket.id)
    assert told
    assert not any(b"13900000000" in row["doc"] for row in told)


# --- One after another


async def test_two_units_of_work_on_one_case_take_turns(office: Office) -> None:
    subject, other = new_id(), new_id()
    order: list[str] = []
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with office.store.unit(lock=[subject]):
            inside.set()
            await go_on.wait()
            order.append("first ends")

    async def second() -> None:
        await inside.wait()
        async with office.store.unit(lock=[other, subject]) as unit:
            order.append("second begins")
            assert unit.at > begun

    async def stranger() -> None:
        await inside.wait()
        async with office.store.unit(lock=[new_id()]):
            order.append("a stranger passes")

    begun = datetime.now(UTC)
    tasks = [asyncio.create_task(work()) for work in (first, second, stranger)]
    await asyncio.wait_for(tasks[2], 5)
    await asyncio.sleep(0.1)
    assert order == ["a stranger passes"]
    released = datetime.now(UTC)
    go_on.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 5)
    assert order == ["a stranger passes", "first ends", "second begins"]
    async with office.store.unit(lock=[subject]) as unit:
        assert unit.at >= released


async def test_the_clock_is_read_after_the_wait_for_the_lock(office: Office) -> None:
    subject = new_id()
    ended: list[datetime] = []

    async def slow() -> None:
        async with office.store.unit(lock=[subject]) as unit:
            await asyncio.sleep(0.15)
            ended.append(await unit._connection.fetchval("SELECT clock_timestamp()"))

    task = asyncio.create_task(slow())
    await asyncio.sleep(0.05)
    async with office.store.unit(lock=[subject]) as unit:
        assert unit.at >= ended[0]
    await task


async def test_many_units_of_work_on_overlapping_cases_never_lock_each_other_out(office: Office) -> None:
    cases = [new_id() for _ in range(12)]

    async def work(n: int) -> None:
        chosen = [cases[(n * 5 + k * 7) % 12] for k in range(6)]
        async with office.store.unit(lock=chosen):
            await asyncio.sleep(0.002)

    await asyncio.wait_for(asyncio.gather(*(work(n) for n in range(60))), 20)


# --- Columns equal the document


async def drift(pool: Pool, case: Case) -> None:
    """Everything written beside the document says what the document says."""
    row = await pool.fetchrow("SELECT * FROM cases WHERE id = $1", case.id)
    assert row is not None
    lead = case.lead
    expected = {
        "no": case.no,
        "version": case.version,
        "state": case.state,
        "source": case.source,
        "urgency": case.urgency,
        "category": case.category.key if case.category else None,
        "area": area_key(case.place.path),
        "unit": lead.unit if lead else None,
        "overdue": case.overdue,
        "opened_at": case.opened_at,
        "updated_at": case.updated_at,
        "occurred_at": case.occurred_at,
        "filed_at": case.filed_at,
        "dispatched_at": case.dispatched_at,
        "ended_at": case.ended_at,
        "lon": case.point.lon if case.point else None,
        "lat": case.point.lat if case.point else None,
    }
    assert {name: row[name] for name in expected} == expected
    assert json.loads(row["doc"]) == json.loads(encode(case))
    tasks = await pool.fetch("SELECT * FROM tasks WHERE case_id = $1", case.id)
    assert {t["id"]: dict(t) for t in tasks} == {
        t.id: {
            "id": t.id, "case_id": case.id, "unit": t.unit, "part": t.part, "state": t.state, "round": t.round,
            "offered_at": t.offered_at, "accepted_at": t.accepted_at, "ended_at": t.ended_at,
        }
        for t in case.tasks
    }  # fmt: skip
    alarms = await pool.fetch("SELECT clock, cycle, due_at FROM deadlines WHERE case_id = $1", case.id)
    assert {tuple(alarm) for alarm in alarms} == {
        (d.clock, d.cycle, d.due_at) for d in case.deadlines if d.state is DeadlineState.RUNNING
    }
    history = await pool.fetch("SELECT version, doc FROM events WHERE subject = $1 ORDER BY version", case.id)
    assert [row["version"] for row in history] == list(range(1, case.version + 1))
    assert json.loads(history[-1]["doc"])["state"] == case.state


Step = tuple[str, Callable[[Office, Case], Awaitable[object]]]

A_LONG_LIFE: list[Step] = [
    ("assigned", lambda office, case: assign_many(office, [case.id])),
    ("assistant accepts", lambda o, c: perform(o, on_task(c, Verb.ACCEPT, "traffic-police"))),
    ("lead accepts", lambda o, c: perform(o, on_task(c, Verb.ACCEPT, "drainage"))),
    ("another citizen calls", lambda o, c: filed(o, a_call(40, SEWER_COVER))),
    ("lead sends back", lambda o, c: perform(o, on_task(c, Verb.SEND_BACK, "drainage", reason="not-ours"))),
    ("assigned again", lambda office, case: assign_many(office, [case.id])),
    ("the next accepts", lambda o, c: perform(o, on_task(c, Verb.ACCEPT))),
    ("and finishes", lambda o, c: perform(o, on_task(c, Verb.FINISH, note="修好了"))),
    ("the check fails", lambda o, c: perform(o, on_case(c, Verb.FAIL, OFFICER, reason="bad", new_tasks=(new_id(),)))),
    ("rework is accepted", lambda o, c: perform(o, on_task(c, Verb.ACCEPT))),
    ("rework is finished", lambda o, c: perform(o, on_task(c, Verb.FINISH))),
    ("the check passes", lambda o, c: perform(o, on_case(c, Verb.PASS, OFFICER))),
]


async def test_columns_tasks_and_deadlines_say_what_the_document_says_after_every_verb(
    office: Office, pool: Pool
) -> None:
    (case_id,) = await filed(office, a_call(40, SEWER_COVER))
    case = await case_of(office, case_id)
    await drift(pool, case)
    for step, act in A_LONG_LIFE:
        before = case.version
        await act(office, case)
        case = await case_of(office, case_id)
        assert case.version > before, step
        await drift(pool, case)
    assert case.state is State.CLOSED
    assert (case.send_backs, case.reworks) == (1, 1)


async def test_nothing_drifts_when_several_verbs_fall_into_one_batch(office: Office, pool: Pool) -> None:
    (case_id,) = await dispatched(office, a_call(41, SEWER_COVER))
    case = await case_of(office, case_id)
    free = [replace(on_task(case, Verb.ACCEPT, t.unit), expected=None) for t in case.tasks]
    outcomes = await perform(office, *free)
    assert [outcome.version for outcome in outcomes if isinstance(outcome, Done)] == [3, 4, 5]
    await drift(pool, await case_of(office, case_id))


async def test_nothing_drifts_when_deadlines_expire_or_the_desk_decides(office: Office, pool: Pool) -> None:
    hurried = an_office(pool, exercise_pace=1e9)
    (late,) = await dispatched(hurried, a_call(42))
    while await expire_due(hurried):
        pass
    case = await case_of(hurried, late)
    assert case.overdue
    await drift(pool, case)
    (doubtful,) = await filed(office, a_call(43, None, text="说不清楚"))
    case = await case_of(office, doubtful)
    assert case.state is State.REPORTED
    await drift(pool, case)
    await perform(office, on_case(case, Verb.REFUSE, DESK, reason="out-of-scope"))
    await drift(pool, await case_of(office, doubtful))


async def test_the_drift_test_can_fail(office: Office, pool: Pool) -> None:
    (case_id,) = await dispatched(office, a_call(44))
    case = await case_of(office, case_id)
    for table, change in (("cases", "overdue = NOT overdue"), ("cases", "unit = 'nobody'")):
        own = {"cases": "id"}.get(table, "case_id")
        await pool.execute(f"UPDATE {table} SET {change} WHERE {own} = $1", case_id)  # noqa: S608
        with pytest.raises(AssertionError):
            await drift(pool, case)
        await pool.execute("UPDATE cases SET overdue = $2, unit = $3 WHERE id = $1", case_id, case.overdue, "lighting")
    await drift(pool, case)


# --- Promises the database itself keeps


@pytest.fixture(scope="module")
async def a_case(office: Office) -> Case:
    """A dispatched case with a lead task and a running deadline."""
    (case_id,) = await dispatched(office, a_call(50))
    return await case_of(office, case_id)


_TASK = "INSERT INTO tasks (id, case_id, unit, part, state, round, offered_at, ended_at) VALUES "

BROKEN_PROMISES = [
    ("two open leads", _TASK + "('{new}', '{case}', 'roads', 'lead', 'offered', 0, now(), NULL)"),
    ("an open task that ended", _TASK + "('{new}', '{case}', 'roads', 'assist', 'offered', 0, now(), now())"),
    ("a done task that goes on", _TASK + "('{new}', '{case}', 'roads', 'assist', 'done', 0, now(), NULL)"),
    ("a task of no case", _TASK + "('{new}', '{new}', 'roads', 'assist', 'offered', 0, now(), NULL)"),
    ("two running clocks of a stage", "INSERT INTO deadlines VALUES ('{case}', 'disposal', 9, now())"),
    ("a deadline of cycle 0", "INSERT INTO deadlines VALUES ('{case}', 'check', 0, now())"),
    ("a deadline of no case", "INSERT INTO deadlines VALUES ('{new}', 'check', 1, now())"),
    ("an unknown clock", "INSERT INTO deadlines VALUES ('{case}', 'lunch', 1, now())"),
    ("closed without an end", "UPDATE cases SET state = 'closed' WHERE id = '{case}'"),
    ("an end without being closed", "UPDATE cases SET ended_at = now() WHERE id = '{case}'"),
    ("in work without a unit", "UPDATE cases SET unit = NULL WHERE id = '{case}'"),
    ("in work without a category", "UPDATE cases SET category = NULL WHERE id = '{case}'"),
    ("in work and never filed", "UPDATE cases SET filed_at = NULL WHERE id = '{case}'"),
    ("version 0", "UPDATE cases SET version = 0 WHERE id = '{case}'"),
    ("an unknown state", "UPDATE cases SET state = 'lost' WHERE id = '{case}'"),
    ("a version twice", "INSERT INTO events VALUES ('{case}', 1, 'case.filed', now(), 'x', '{{}}')"),
    ("a history rewritten", "UPDATE events SET doc = '{{}}' WHERE subject = '{case}'"),
    ("a history cut", "DELETE FROM events WHERE subject = '{case}'"),
    ("a unit's client without a unit", "INSERT INTO clients VALUES ('x', 'x', 'unit', NULL, '{{}}', NULL, true)"),
    ("a desk that is a unit", "INSERT INTO clients VALUES ('x', 'x', 'desk', 'roads', '{{}}', NULL, true)"),
    (
        "a report that opens two cases",
        "INSERT INTO case_reports SELECT report_id, (SELECT id FROM cases WHERE id <> '{case}' LIMIT 1), true, now()"
        " FROM case_reports WHERE case_id = '{case}'",
    ),
    (
        "two cases of one number",
        "UPDATE cases SET no = (SELECT no FROM cases WHERE id <> '{case}' LIMIT 1) WHERE id = '{case}'",
    ),
]


@pytest.mark.parametrize("statement", [sql for _, sql in BROKEN_PROMISES], ids=[says for says, _ in BROKEN_PROMISES])
async def test_the_database_refuses(statement: str, a_case: Case, office: Office, pool: Pool) -> None:
    assert a_case.state is State.PENDING_DISPOSAL
    filled = statement.format(case=a_case.id, new=new_id())
    with pytest.raises((asyncpg.IntegrityConstraintViolationError, asyncpg.DataError, asyncpg.RaiseError)):
        await pool.execute(filled)
    await drift(pool, await case_of(office, a_case.id))


async def test_the_history_cannot_be_truncated(pool: Pool) -> None:
    async with pool.acquire() as connection:
        attempt = connection.transaction()
        await attempt.start()
        try:
            with pytest.raises(asyncpg.RaiseError):
                await connection.execute("TRUNCATE events")
        finally:
            await attempt.rollback()


async def test_an_update_lost_to_another_writer_breaks_the_batch_and_leaves_nothing(office: Office, pool: Pool) -> None:
    (case_id,) = await dispatched(office, a_call(45))
    case = await case_of(office, case_id)
    doc = encode(case)
    await pool.execute(
        "INSERT INTO events (subject, version, type, at, route, doc) VALUES ($1, $2, 'case.ghost', now(), 'x', $3)",
        case_id, case.version + 1, doc,
    )  # fmt: skip
    with pytest.raises(asyncpg.UniqueViolationError):
        await perform(office, on_task(case, Verb.ACCEPT))
    assert await pool.fetchval("SELECT version FROM cases WHERE id = $1", case_id) == case.version
    assert await pool.fetchval("SELECT state::text FROM tasks WHERE case_id = $1", case_id) == "offered"


# --- What could not be used


def rejected(offset: int = 7, **changes: Any) -> Rejected:
    given = Rejected(
        topic="t.intake", partition=1, offset=offset, item=0, key=b"\x00k",
        headers=[["schema", "ff"], ["schema", "00"]],
        value=b"\xff\x00not json", code="json-invalid", reason="the value is not well-formed UTF-8 JSON",
    )  # fmt: skip
    return replace(given, **changes)


async def test_a_reject_is_kept_once_with_everything_it_came_with(office: Office) -> None:
    await keep_rejects(office, [rejected(), rejected(item=1), rejected()])
    await keep_rejects(office, [rejected(reason="told differently after a redelivery")])
    kept = [r for r in await waiting_rejects(office) if r.offset == 7]
    assert [r.item for r in kept] == [0, 1]
    assert replace(kept[0], id=0, rejected_at=None) == rejected()
    # the topic was made anew: another record has the same address
    await keep_rejects(office, [rejected(value=b"another record")])
    assert len([r for r in await waiting_rejects(office) if r.offset == 7]) == 3


async def test_a_replayed_reject_waits_no_more(office: Office) -> None:
    await keep_rejects(office, [rejected(offset=8, code="schema-missing"), rejected(offset=9, code="schema-missing")])
    first, second = await waiting_rejects(office, code="schema-missing")
    assert await waiting_rejects(office, code="schema-missing", after=first.id) == [second]
    assert [r.offset for r in await waiting_rejects(office, code="schema-missing", limit=1)] == [8]
    await note_replayed(office, [first.id])
    assert await waiting_rejects(office, code="schema-missing") == [second]
    whole = await one_reject(office, first.id)
    assert whole is not None
    assert whole.replayed_at is not None
    assert await one_reject(office, 10**9) is None


async def test_an_empty_record_can_be_kept(office: Office) -> None:
    await keep_rejects(office, [rejected(offset=10, key=None, value=None, headers=[])])
    (kept,) = [r for r in await waiting_rejects(office) if r.offset == 10]
    assert (kept.key, kept.value, kept.headers) == (None, None, [])


async def test_a_reject_can_be_kept_whatever_its_headers_are_called(office: Office) -> None:
    await keep_rejects(office, [rejected(offset=11, headers=[("a\x00b", "ff")])])
    (kept,) = [r for r in await waiting_rejects(office) if r.offset == 11]
    assert kept.headers == [["a\x00b", "ff"]]


@pytest.mark.parametrize("field", ["reason", "traceback"])
async def test_a_reject_can_be_kept_whatever_was_said_about_it(office: Office, field: str) -> None:
    await keep_rejects(office, [rejected(offset=12, **{field: "Invalid enum value '\x00'"})])


# --- The seat


async def test_one_process_at_a_time_has_the_seat(pool: Pool) -> None:
    async with seat(pool, "one") as first:
        assert first is not None
        async with seat(pool, "one") as second, seat(pool, "another") as elsewhere:
            assert second is None
            assert elsewhere is not None
    async with seat(pool, "one") as third:
        assert third is not None


async def taken_over(pool: Pool, name: str, entries: list[Entry]) -> None:
    """Another process waits for the seat, finds the same work, and does it."""
    async with asyncio.timeout(10):
        while True:
            async with seat(pool, name) as successor:
                if successor is not None:
                    assert await successor.next(len(entries)) == entries
                    await successor.done(entries)
                    return
            await asyncio.sleep(0.02)


async def test_the_seat_passes_on_when_its_holders_line_breaks(fresh_dsn: str, pool: Pool, office: Office) -> None:
    await accepted(office, *calls(5))
    unfinished: list[Entry] = []

    async def hold(own: Pool) -> None:
        async with seat(own, "frail") as holder:
            assert holder is not None
            await holder.done(await holder.next(2))
            unfinished.extend(await holder.next(2))
            await line.cut()
            await taken_over(pool, "frail", unfinished)
            # whoever lost the line lost the seat with it, and cannot move the mark any more
            await holder.done(unfinished)

    async with wire(fresh_dsn) as line:
        own = await connect(line.dsn, size=2, application="tests-holder")
        try:
            with pytest.raises(Unavailable):
                await hold(own)
        finally:
            own.terminate()
    async with seat(pool, "frail") as third:
        assert third is not None
        assert (await third.next(1))[0].position > unfinished[-1].position


async def test_a_holder_that_loses_its_backend_cannot_note_anything(pool: Pool, office: Office) -> None:
    await accepted(office, *calls(2))
    entries: list[Entry] = []

    async def hold() -> None:
        async with seat(pool, "shot") as holder:
            assert holder is not None
            entries.extend(await holder.next(1))
            await pool.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND granted"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            await asyncio.sleep(0.05)
            await holder.done(entries)

    with pytest.raises(Unavailable):
        await hold()
    await taken_over(pool, "shot", entries)


async def test_a_database_restored_from_another_cluster_is_noticed(pool: Pool, office: Office) -> None:
    async with office.store.unit() as unit:
        await unit.events.move("restored", Position(2**40, 1))
    with pytest.raises(Unavailable, match="timeline-broken"):
        async with seat(pool, "restored"):
            pass
    async with seat(pool, "restored-not") as fine:
        assert fine is not None


# --- What is whose fault


async def test_a_value_that_cannot_be_sent_is_a_fault_and_not_an_absence(office: Office) -> None:
    """Taken for an absence it would be tried again for ever, and its partition with it."""
    with pytest.raises(asyncpg.DataError):
        async with office.store.unit() as unit:
            await unit.cases.serials(2**40)


async def test_a_line_that_is_about_to_die_is_an_absence(fresh_dsn: str) -> None:
    """A server that shuts down says so while nobody asks; a question between this word and the end confuses asyncpg."""
    async with wire(fresh_dsn) as line:
        own = await connect(line.dsn, size=1, application="tests")
        try:
            async with own.acquire() as connection:
                line.say_goodbye()
                await asyncio.sleep(0.05)
                with pytest.raises(Unavailable), translated():
                    await connection.fetchval("SELECT 1")
        finally:
            own.terminate()


async def test_an_absent_database_is_unavailable_and_comes_back(fresh_dsn: str) -> None:
    async with wire(fresh_dsn) as line:
        own = await connect(line.dsn, size=2, application="tests")
        try:
            office = an_office(own)
            await accepted(office, a_call())
            await line.cut()
            for _ in range(3):
                with pytest.raises(Unavailable, match="database-unavailable"):
                    await accept_many(office, [a_call()])
            await line.join()
            await accepted(office, a_call())
        finally:
            own.terminate()


async def test_nothing_of_a_batch_is_left_when_the_line_breaks_in_its_middle(fresh_dsn: str, pool: Pool) -> None:
    ticket = a_call()

    async def interrupted(office: Office) -> None:
        async with office.store.unit() as unit:
            await unit.reports.let_in([ticket], [fingerprint(ticket)])
            await line.cut()

    async with wire(fresh_dsn) as line:
        own = await connect(line.dsn, size=1, application="tests")
        try:
            with pytest.raises(Unavailable):
                await interrupted(an_office(own))
        finally:
            own.terminate()
    assert await count(pool, "reports WHERE id = $1", ticket.id) == 0
    assert await count(pool, "events WHERE subject = $1", ticket.id) == 0


async def test_a_report_filed_by_nobody_stays_unfiled_and_an_unknown_one_is_passed_over(office: Office) -> None:
    unknown = new_id()
    assert await file_many(office, [unknown]) == [AlreadyDone(unknown)]
    async with office.store.unit() as unit:
        assert await unit.cases.load([CaseId(new_id())]) == {}
        assert await unit.cases.serials(0) == []
