"""The database itself keeps promises: whatever a program tries, some things cannot be written."""

import asyncpg
import pytest

from domain.case import Case, State
from domain.commands import Verb
from handlers.ports import Office, new_id
from store.codec import encode
from store.pool import Pool
from tests.demo_city import (
    a_call,
    case_of,
    cases_of,
    dispatched,
    on_task,
    perform,
)
from tests.record import drift


@pytest.fixture(scope="module")
async def two_cases(office: Office) -> list[Case]:
    """Two dispatched cases, each with a lead task and a running deadline."""
    return await cases_of(office, await dispatched(office, a_call(50), a_call(52)))


_TASK = "INSERT INTO tasks (id, case_id, unit, part, state, round, offered_at, ended_at) VALUES "
_ALARM = "INSERT INTO alarms (case_id, clock, cycle, rings_at, share) VALUES "
_LINK = (
    "INSERT INTO case_reports (report_id, case_id, opened, linked_at, home, behind, own, withdrawn)"
    " SELECT report_id, '{other}', {opened}, now(), {home}, true, true, false"
    " FROM case_reports WHERE case_id = '{case}'"
)
_CLIENT = "INSERT INTO clients (id, name, role, unit, areas) VALUES "

Check, Unique, Foreign = asyncpg.CheckViolationError, asyncpg.UniqueViolationError, asyncpg.ForeignKeyViolationError
Word, Raised = asyncpg.InvalidTextRepresentationError, asyncpg.RaiseError

BROKEN_PROMISES = [
    ("two open leads", Unique, _TASK + "('{new}', '{case}', 'roads', 'lead', 'offered', 0, now(), NULL)"),
    ("an open task that ended", Check, _TASK + "('{new}', '{case}', 'roads', 'assist', 'offered', 0, now(), now())"),
    ("a done task that goes on", Check, _TASK + "('{new}', '{case}', 'roads', 'assist', 'done', 0, now(), NULL)"),
    ("a task of no case", Foreign, _TASK + "('{new}', '{new}', 'roads', 'assist', 'offered', 0, now(), NULL)"),
    ("a task that is nobody's", Check, _TASK + "('{new}', '{case}', NULL, 'check', 'offered', 0, now(), NULL)"),
    ("two alarms of a deadline", Unique, _ALARM + "('{case}', 'disposal', 1, now(), 1)"),
    ("an alarm of cycle 0", Check, _ALARM + "('{case}', 'check', 0, now(), 1)"),
    ("an alarm of no case", Foreign, _ALARM + "('{new}', 'check', 1, now(), 1)"),
    ("an unknown clock", Word, _ALARM + "('{case}', 'lunch', 1, now(), 1)"),
    ("closed without an end", Check, "UPDATE cases SET state = 'closed' WHERE id = '{case}'"),
    ("merged without an end", Check, "UPDATE cases SET state = 'merged' WHERE id = '{case}'"),
    ("an end without being closed", Check, "UPDATE cases SET ended_at = now() WHERE id = '{case}'"),
    ("in work without a unit", Check, "UPDATE cases SET unit = NULL WHERE id = '{case}'"),
    ("in work without a category", Check, "UPDATE cases SET category = NULL WHERE id = '{case}'"),
    ("in work and never filed", Check, "UPDATE cases SET filed_at = NULL WHERE id = '{case}'"),
    ("version 0", Check, "UPDATE cases SET version = 0 WHERE id = '{case}'"),
    ("an unknown state", Word, "UPDATE cases SET state = 'lost' WHERE id = '{case}'"),
    ("a version twice", Unique, "INSERT INTO events VALUES ('{case}', 1, 'case.filed', now(), 'x', '{{}}')"),
    ("a history rewritten", Raised, "UPDATE events SET doc = '{{}}' WHERE subject = '{case}'"),
    ("a history cut", Raised, "DELETE FROM events WHERE subject = '{case}'"),
    ("a unit's client without a unit", Check, _CLIENT + "('x', 'x', 'unit', NULL, '{{}}')"),
    ("a desk that is a unit", Check, _CLIENT + "('x', 'x', 'desk', 'roads', '{{}}')"),
    ("a report with two homes", Unique, _LINK.replace("{opened}", "false").replace("{home}", "true")),
    ("a report that opens two cases", Unique, _LINK.replace("{opened}", "true").replace("{home}", "true")),
    ("a case opened by a guest", Check, _LINK.replace("{opened}", "true").replace("{home}", "false")),
    ("half a position", Check, "INSERT INTO presences (client, lon, lat, seen_at) VALUES ('i', 1, NULL, now())"),
    ("on duty and unknown", Foreign, "INSERT INTO presences (client, seen_at) VALUES ('nobody', now())"),
    ("two cases of one number", Unique, "UPDATE cases SET no = (SELECT no FROM cases WHERE id = '{other}')"
     " WHERE id = '{case}'"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "statement"), [(error, sql) for _, error, sql in BROKEN_PROMISES], ids=[p[0] for p in BROKEN_PROMISES]
)
async def test_the_database_refuses(
    error: type[Exception], statement: str, two_cases: list[Case], office: Office, pool: Pool
) -> None:
    case, other = two_cases
    assert case.state is State.PENDING_DISPOSAL
    with pytest.raises(error):
        await pool.execute(statement.format(case=case.id, other=other.id, new=new_id()))
    await drift(pool, await case_of(office, case.id))


async def test_a_guest_may_stand_behind_another_case_too(two_cases: list[Case], pool: Pool) -> None:
    """The control: the same statement goes through where it breaks no promise."""
    case, other = two_cases
    link = _LINK.replace("{opened}", "false").replace("{home}", "false")
    async with pool.acquire() as connection:
        attempt = connection.transaction()
        await attempt.start()
        assert await connection.execute(link.format(case=case.id, other=other.id)) == "INSERT 0 1"
        await attempt.rollback()


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
