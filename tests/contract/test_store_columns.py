"""The memory writes the same thing everywhere: columns, tasks, alarms and links say what the document says."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from domain.case import Case, State
from domain.commands import Verb
from handlers.assign import assign_many
from handlers.outcomes import Done
from handlers.overdue import ring_due
from handlers.ports import Office, new_id
from store.pool import Pool
from tests.demo_city import (
    DESK,
    OFFICER,
    SEWER_COVER,
    a_call,
    an_office,
    case_of,
    dispatched,
    filed,
    on_case,
    on_task,
    perform,
)
from tests.record import consistent, drift

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
    while await ring_due(hurried):
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


DAMAGE = [
    "UPDATE cases SET overdue = NOT overdue WHERE id = $1",
    "UPDATE cases SET unit = 'nobody' WHERE id = $1",
    "UPDATE cases SET petitioned = true WHERE id = $1",
    "UPDATE tasks SET state = 'accepted' WHERE case_id = $1",
    "UPDATE tasks SET worker = 'somebody' WHERE case_id = $1",
    "UPDATE alarms SET rings_at = rings_at + interval '1 microsecond' WHERE case_id = $1",
    "UPDATE alarms SET share = 2 WHERE case_id = $1",
    "DELETE FROM alarms WHERE case_id = $1",
    "DELETE FROM case_reports WHERE case_id = $1",
    "UPDATE case_reports SET own = NOT own WHERE case_id = $1",
    "UPDATE case_reports SET behind = false, withdrawn = true WHERE case_id = $1",
    "INSERT INTO events VALUES ($1, 3, 'case.ghost', now(), 'x', (SELECT doc FROM events WHERE subject = $1 LIMIT 1))",
]


@pytest.mark.parametrize("damage", DAMAGE)
async def test_the_drift_test_can_fail(office: Office, pool: Pool, damage: str) -> None:
    (case_id,) = await dispatched(office, a_call(44, point=None, area_names=("临湖区",)))
    before = await case_of(office, case_id)
    await drift(pool, before)
    await pool.execute(damage, case_id)
    with pytest.raises(AssertionError):
        await consistent(pool, case_id)
