"""The office performs: every verb until the end, by one hand at a time, and once however often it is sent."""

import asyncio
from collections import Counter
from dataclasses import replace

from domain.case import Clock, DeadlineState, State
from domain.commands import Command, Verb
from domain.errors import Conflict, NotFound
from domain.ids import CaseId
from domain.report import Source
from domain.task import TaskState
from handlers.assign import assign_many
from handlers.outcomes import AlreadyDone, Done, Failed
from handlers.perform import Request, perform_many
from handlers.ports import Office, new_id
from store.pool import Pool
from tests.demo_city import (
    DESK,
    LAMP,
    OFFICER,
    SEWER_COVER,
    a_call,
    case_of,
    cases_of,
    code_of,
    dispatched,
    filed,
    history,
    on_case,
    on_task,
    perform,
    to_the_end,
    worker,
)


async def test_a_whole_life(office: Office, pool: Pool) -> None:
    (case_id,) = await dispatched(office, a_call(80, SEWER_COVER))
    case = await to_the_end(office, case_id)
    assert case.state is State.CLOSED
    assert case.ended_at is not None
    assert {task.state for task in case.tasks} == {TaskState.DONE}
    assert {task.result for task in case.tasks} == {"办结"}
    assert {d.clock: d.state for d in case.deadlines} == dict.fromkeys(
        (Clock.DISPATCH, Clock.DISPOSAL, Clock.ASSIST, Clock.CHECK), DeadlineState.MET
    )
    assert not case.overdue
    told = await history(pool, case_id)
    assert told[:2] == ["filed", "dispatched"]
    assert Counter(told[2:-1]) == {"accepted": 3, "finished": 3}
    assert told[-1] == "passed"


async def test_work_that_fails_the_check_is_done_again_and_the_first_result_stays(office: Office) -> None:
    (case_id,) = await dispatched(office, a_call(81))
    await perform(office, on_task(await case_of(office, case_id), Verb.ACCEPT))
    await perform(office, on_task(await case_of(office, case_id), Verb.FINISH, note="换了灯泡"))
    case = await case_of(office, case_id)
    again = on_case(case, Verb.FAIL, OFFICER, reason="still-dark", new_tasks=(new_id(),))
    assert isinstance((await perform(office, again))[0], Done)
    case = await case_of(office, case_id)
    assert case.state is State.PENDING_DISPOSAL
    assert [(t.unit, t.state, t.round) for t in case.tasks] == [
        ("lighting", TaskState.DONE, 0),
        ("lighting", TaskState.OFFERED, 1),
    ]
    closed = await to_the_end(office, case_id)
    assert closed.tasks[0].result == "换了灯泡"
    assert (closed.reworks, closed.state) == (1, State.CLOSED)
    assert [(d.clock, d.cycle) for d in closed.deadlines if d.clock is Clock.DISPOSAL] == [
        (Clock.DISPOSAL, 1),
        (Clock.DISPOSAL, 2),
    ]


async def test_of_two_who_looked_at_one_version_one_wins_and_the_other_is_told(office: Office) -> None:
    (case_id,) = await dispatched(office, a_call(82, SEWER_COVER))
    case = await case_of(office, case_id)
    outcomes = await perform(
        office, on_task(case, Verb.ACCEPT, "drainage"), on_task(case, Verb.ACCEPT, "traffic-police")
    )
    assert outcomes[0] == Done(case_id, 3)
    assert code_of(outcomes[1]) == "version-conflict"
    assert isinstance(outcomes[1], Failed)
    assert isinstance(outcomes[1].error, Conflict)
    assert outcomes[1].error.current_version == 3


async def test_of_many_transactions_on_one_version_one_wins(office: Office, pool: Pool) -> None:
    (case_id,) = await dispatched(office, a_call(83))
    case = await case_of(office, case_id)
    race = await asyncio.gather(*(perform(office, on_task(case, Verb.ACCEPT)) for _ in range(8)))
    outcomes = [outcome for (outcome,) in race]
    assert sum(isinstance(outcome, Done) for outcome in outcomes) == 1
    lost = [outcome.error for outcome in outcomes if isinstance(outcome, Failed)]
    assert all(isinstance(error, Conflict) and error.current_version == 3 for error in lost)
    assert len(lost) == 7
    assert await history(pool, case_id) == ["filed", "dispatched", "accepted"]


async def test_what_the_law_refuses_fails_alone(office: Office) -> None:
    good, bad = await dispatched(office, a_call(84), a_call(85))
    one, other = await cases_of(office, [good, bad])
    unknown = Command(Verb.PASS, OFFICER, CaseId(new_id()), expected=1)
    outcomes = await perform(
        office,
        on_case(other, Verb.PASS, OFFICER),
        unknown,
        replace(on_task(other, Verb.ACCEPT), actor=worker("roads")),
        on_task(one, Verb.ACCEPT),
        on_task(other, Verb.SEND_BACK),
        on_case(other, Verb.DISPATCH, OFFICER),
    )
    assert [code_of(o) for o in outcomes if isinstance(o, Failed)] == [
        "verb-not-allowed",
        "not-found",
        "task-not-yours",
        "reason-required",
        "verb-not-allowed",
    ]
    assert isinstance(outcomes[1], Failed)
    assert isinstance(outcomes[1].error, NotFound)
    assert outcomes[3] == Done(good, 3)
    assert await case_of(office, bad) == other


async def test_a_repeated_command_gets_the_first_answer_even_later(office: Office) -> None:
    (case_id,) = await dispatched(office, a_call(86))
    case = await case_of(office, case_id)
    request = Request(on_task(case, Verb.ACCEPT), "key-86", b"accept")
    assert await perform_many(office, [request, request]) == [Done(case_id, 3), AlreadyDone(case_id, 3)]
    await perform(office, on_task(await case_of(office, case_id), Verb.FINISH))
    assert await perform_many(office, [request]) == [AlreadyDone(case_id, 3)]
    (changed,) = await perform_many(office, [replace(request, fingerprint=b"finish")])
    assert code_of(changed) == "idempotency-key-reused"
    elsewhere = replace(request, command=replace(request.command, actor=worker("roads")))
    assert code_of((await perform_many(office, [elsewhere]))[0]) == "version-conflict", "keys are each client's own"


async def test_a_refused_command_does_not_use_up_its_key(office: Office) -> None:
    (case_id,) = await dispatched(office, a_call(87))
    case = await case_of(office, case_id)
    early = Request(on_task(case, Verb.FINISH), "key-87", b"finish")
    assert isinstance((await perform_many(office, [early]))[0], Failed)
    await perform(office, on_task(case, Verb.ACCEPT))
    later = replace(early, command=on_task(await case_of(office, case_id), Verb.FINISH))
    assert await perform_many(office, [later]) == [Done(case_id, 4)]


async def test_a_command_sent_on_several_lines_at_once_takes_effect_once(office: Office) -> None:
    (case_id,) = await dispatched(office, a_call(88))
    request = Request(on_task(await case_of(office, case_id), Verb.ACCEPT), "key-88", b"x")
    outcomes = await asyncio.gather(*(perform_many(office, [request]) for _ in range(6)))
    assert Counter(type(outcome) for (outcome,) in outcomes) == {Done: 1, AlreadyDone: 5}


async def test_one_key_on_two_cases_at_once_is_refused_and_breaks_nothing(office: Office) -> None:
    for n in range(10):
        cases = await cases_of(office, await dispatched(office, a_call(90 + 2 * n), a_call(91 + 2 * n)))
        both = await asyncio.gather(
            *(perform_many(office, [Request(on_task(c, Verb.ACCEPT), f"key-90-{n}", c.id.bytes)]) for c in cases)
        )
        outcomes = [outcome for (outcome,) in both]
        assert sum(isinstance(outcome, Done) for outcome in outcomes) == 1
        assert [code_of(o) for o in outcomes if not isinstance(o, Done)] == ["idempotency-key-reused"]


async def test_the_desk_files_what_was_doubtful_and_refuses_what_is_not_ours(office: Office, pool: Pool) -> None:
    doubtful, nonsense = await filed(
        office, a_call(120, None, text="说不清楚"), a_call(121, None, text="随便聊聊", source=Source.HOTLINE)
    )
    one, other = await cases_of(office, [doubtful, nonsense])
    category = office.advisers.catalogue.find(LAMP)
    condition = office.advisers.catalogue.condition(category, None)
    outcomes = await perform(
        office,
        on_case(one, Verb.FILE, DESK, category=category, condition=condition, place=one.place),
        on_case(other, Verb.REFUSE, DESK, reason="out-of-scope"),
    )
    assert [type(outcome) for outcome in outcomes] == [Done, Done]
    await assign_many(office, [doubtful, nonsense])
    one, other = await cases_of(office, [doubtful, nonsense])
    assert one.state is State.PENDING_DISPOSAL
    assert (other.state, other.end_reason) == (State.NOT_ACCEPTED, "out-of-scope")
    assert await history(pool, doubtful) == ["registered", "filed", "dispatched"]
