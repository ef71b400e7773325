"""The office keeps time: alarms ring once each, in their order, never early, judged by the database's clock."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.case import Case, Clock, DeadlineState, State
from domain.commands import Verb
from domain.ids import CaseId
from domain.policy import Ladder
from handlers.assign import assign_many
from handlers.outcomes import Done, Outcome
from handlers.overdue import ring_due
from handlers.ports import Office, new_id
from store.pool import Pool
from tests.demo_city import (
    CHIEF,
    COARSE,
    DISPATCHER,
    SEWER_COVER,
    a_call,
    an_office,
    case_of,
    cases_of,
    dispatched,
    done,
    filed,
    history,
    on_case,
    on_task,
    perform,
    to_the_end,
    worker,
)
from tests.record import consistent, histories, lateness


async def test_what_is_not_due_does_not_expire(office: Office) -> None:
    assert await ring_due(office) == 0


async def test_two_sweeps_at_once_expire_each_deadline_exactly_once(office: Office, pool: Pool) -> None:
    hurried = an_office(pool, exercise_pace=1e9)
    cases = await filed(hurried, *(a_call(130 + n) for n in range(30)))
    assert len(set(cases)) == 30
    expired = 0
    for _ in range(20):
        rounds = await asyncio.gather(*(ring_due(hurried, limit=20) for _ in range(4)))
        expired += sum(rounds)
        if not any(rounds):
            break
    assert expired == 30
    for case in await cases_of(hurried, cases):
        assert case.overdue
        assert case.escalation == 1
        assert await history(pool, case.id) == ["filed", "expired"]
    assert await ring_due(hurried) == 0


async def test_a_missed_deadline_stays_missed_and_the_case_goes_on(office: Office, pool: Pool) -> None:
    hurried = an_office(pool, exercise_pace=1e9)
    (case_id,) = await filed(hurried, a_call(161))
    assert await ring_due(hurried) == 1
    await assign_many(office, [case_id])
    case = await to_the_end(office, case_id)
    assert case.state is State.CLOSED
    assert case.overdue
    states = {d.clock: d.state for d in case.deadlines}
    assert states == {
        Clock.DISPATCH: DeadlineState.MISSED,
        Clock.DISPOSAL: DeadlineState.MET,
        Clock.CHECK: DeadlineState.MET,
    }


async def test_a_deadline_never_fires_early(office: Office, pool: Pool) -> None:
    """15 minutes of dispatch at this pace are half a second; the database's clock says when they are over."""
    drill = an_office(pool, exercise_pace=1800)
    (case_id,) = await filed(drill, a_call(162))
    (deadline,) = (await case_of(drill, case_id)).deadlines
    while not await ring_due(drill):  # noqa: ASYNC110  (what we wait for happens in the database)
        await asyncio.sleep(0.02)
    fired = await pool.fetchval("SELECT at FROM events WHERE subject = $1 AND type = 'case.expired'", case_id)
    assert timedelta(0) < fired - deadline.due_at < timedelta(seconds=2)
    assert deadline.due_at - deadline.set_at == timedelta(seconds=0.5)


# The whole ladder: warning, breach, rungs

# 15 minutes of dispatch in half a second: the warning after 0.4 s, the breach at 0.5, the rungs at 0.75 and 1
DRILL: dict[str, Any] = {"exercise_pace": 1800, "ladders": {Clock.DISPATCH: Ladder(0.8, (1.5, 2.0))}}


async def rung_out(office: Office, pool: Pool, cases: Sequence[CaseId], sweeps: int, limit: int = 20) -> int:
    """So many sweeps at the same time until no alarm of these cases is left; how many they say they rang."""
    rang = 0
    async with asyncio.timeout(30):
        while await pool.fetchval("SELECT count(*) FROM alarms WHERE case_id = ANY ($1)", cases):
            rang += sum(await asyncio.gather(*(ring_due(office, limit) for _ in range(sweeps))))
    return rang


async def test_four_sweeps_at_once_ring_each_rung_once_in_its_order_and_never_early(pool: Pool) -> None:
    drill = an_office(pool, **DRILL)
    cases = await filed(drill, *(a_call(**COARSE) for _ in range(30)))
    assert await rung_out(drill, pool, cases, sweeps=4) == 30 * 4
    told = await histories(pool, cases)
    for case in await cases_of(drill, cases):
        events = told[case.id]
        assert [event.type for event in events] == ["filed", "warned", "expired", "escalated", "escalated"]
        set_at, due_at = case.deadlines[0].set_at, case.deadlines[0].due_at
        for event, share in zip(events[1:], (0.8, 1.0, 1.5, 2.0), strict=True):
            assert event.at > set_at + share * (due_at - set_at), "never early, by the database's clock"
        assert case.overdue
        assert case.escalation == 3
        assert case.deadlines[0].open, "the work is still owed"
    late = sorted(each for events in told.values() for each in lateness(events))
    print(f"{len(late)} alarms rang late by {late[len(late) // 2]} (median), {late[-1]} (most)")
    await consistent(pool, *cases)


async def test_a_sweep_that_comes_back_after_hours_rings_all_that_is_due_in_order(pool: Pool) -> None:
    drill = an_office(pool, **{**DRILL, "exercise_pace": 1e9})
    cases = await filed(drill, *(a_call(**COARSE) for _ in range(10)))
    assert [await ring_due(drill) for _ in range(5)] == [10, 10, 10, 10, 0]
    for events in (await histories(pool, cases)).values():
        assert [event.type for event in events] == ["filed", "warned", "expired", "escalated", "escalated"]
    await consistent(pool, *cases)


async def test_work_done_in_time_never_rings_and_work_done_late_rings_no_further(pool: Pool) -> None:
    drill, calm = an_office(pool, **DRILL), an_office(pool)
    quick, slow = await filed(drill, a_call(**COARSE), a_call(**COARSE))
    await assign_many(calm, [quick])
    while (await case_of(drill, slow)).escalation < 1:
        await ring_due(drill)
    await assign_many(calm, [slow])
    await asyncio.sleep(0.6)
    await ring_due(drill)
    assert await history(pool, quick) == ["filed", "dispatched"]
    assert await history(pool, slow) == ["filed", "warned", "expired", "dispatched"]
    for case_id, state in ((quick, DeadlineState.MET), (slow, DeadlineState.MISSED)):
        assert (await case_of(drill, case_id)).deadlines[0].state is state
    await consistent(pool, quick, slow)


async def test_sweeps_and_departments_at_once_keep_the_record_whole(pool: Pool) -> None:
    """Units accept and finish while their limits run out: nothing rings once its work ended."""
    drill = an_office(pool, exercise_pace=4 * 3600 / 0.3, ladders=dict.fromkeys(Clock, Ladder(0.8, (1.5, 2.0))))
    cases = await dispatched(drill, *(a_call(category=SEWER_COVER, **COARSE) for _ in range(20)))
    over = asyncio.Event()

    async def sweep() -> None:
        while not over.is_set():
            await ring_due(drill, 10)
            await asyncio.sleep(0.005)

    async def work(case_id: CaseId) -> None:
        for verb in (Verb.ACCEPT, Verb.FINISH):
            for unit in [task.unit for task in (await case_of(drill, case_id)).tasks][::-1]:
                outcome: Outcome | None = None
                while not isinstance(outcome, Done):  # an alarm has rung meanwhile: look again
                    (outcome,) = await perform(drill, on_task(await case_of(drill, case_id), verb, unit))

    sweeps = [asyncio.create_task(sweep()) for _ in range(3)]
    await asyncio.gather(*map(work, cases))
    over.set()
    await asyncio.gather(*sweeps)
    await rung_out(drill, pool, cases, sweeps=2)
    await consistent(pool, *cases)


# Suspension


async def suspended(office: Office, until: datetime) -> Case:
    """A case at work whose department waits for something until then, with consent."""
    (case_id,) = await dispatched(office, a_call(**COARSE))
    await done(office, on_task(await case_of(office, case_id), Verb.ACCEPT))
    asked = on_case(await case_of(office, case_id), Verb.SUSPEND, worker("lighting"), reason="no-lamp", until=until)
    await done(office, replace(asked, new_id=new_id()))
    case = await case_of(office, case_id)
    await done(office, on_case(case, Verb.GRANT, CHIEF, petition=case.petitions[0].id))
    return await case_of(office, case_id)


async def test_a_suspended_case_goes_on_by_itself_at_its_date_and_its_clock_did_not_run(
    office: Office, pool: Pool
) -> None:
    until = datetime.now(UTC) + timedelta(seconds=2)
    case = await suspended(office, until)
    assert case.state is State.SUSPENDED
    before = case.running(Clock.DISPOSAL)
    assert before is not None
    assert before.state is DeadlineState.PAUSED
    alarms = await pool.fetch("SELECT clock, rings_at FROM alarms WHERE case_id = $1", case.id)
    assert [tuple(row) for row in alarms] == [(Clock.SUSPENSION, until)], "nothing else rings"
    await consistent(pool, case.id)
    rang = 0
    while not rang:
        rang = sum(await asyncio.gather(*(ring_due(office) for _ in range(4))))
    assert rang == 1
    after = await case_of(office, case.id)
    assert after.state is State.DISPOSING
    assert (await history(pool, case.id))[-1] == "resumed"
    now = after.running(Clock.DISPOSAL)
    assert now is not None
    assert now.state is DeadlineState.RUNNING
    assert now.due_at >= before.due_at
    assert await ring_due(office) == 0
    assert not after.overdue, "the end of a suspension is nobody's broken promise"
    await consistent(pool, case.id)


async def test_somebody_and_the_clock_resume_a_case_at_once_it_resumes_once(office: Office, pool: Pool) -> None:
    for _ in range(4):
        until = datetime.now(UTC) + timedelta(seconds=1)
        case = await suspended(office, until)
        await asyncio.sleep((until - datetime.now(UTC)).total_seconds())
        resume = on_case(case, Verb.RESUME, DISPATCHER)
        await asyncio.gather(ring_due(office), perform(office, resume), ring_due(office))
        await ring_due(office)
        assert (await history(pool, case.id)).count("resumed") == 1
        await consistent(pool, case.id)


async def test_an_extension_moves_the_alarms_with_the_date(office: Office, pool: Pool) -> None:
    (case_id,) = await dispatched(office, a_call(**COARSE))
    case = await case_of(office, case_id)
    await done(office, on_case(case, Verb.EXTEND, worker("lighting"), reason="rain", new_id=new_id()))
    assert await pool.fetchval("SELECT petitioned FROM cases WHERE id = $1", case_id) is True
    case = await case_of(office, case_id)
    was = await pool.fetchval("SELECT rings_at FROM alarms WHERE case_id = $1 AND clock = 'disposal'", case_id)
    await done(office, on_case(case, Verb.GRANT, CHIEF, petition=case.petitions[0].id))
    now = await pool.fetchval("SELECT rings_at FROM alarms WHERE case_id = $1 AND clock = 'disposal'", case_id)
    assert now > was
    assert await pool.fetchval("SELECT petitioned FROM cases WHERE id = $1", case_id) is False
    await consistent(pool, case_id)
