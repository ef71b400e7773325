"""The office at work on the demo city: calls become cases, find their department, are done, checked and closed."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from classify.classifier import Classification
from domain.case import Case, Clock, DeadlineState, State
from domain.catalogue import Urgency
from domain.commands import Command, Verb
from domain.errors import CityloopError, Conflict, NotFound
from domain.ids import CaseId, CaseNo, ReportId
from domain.place import Crs, Doubt, Point
from domain.report import Report, Source
from domain.task import Part, TaskState
from handlers.accept import accept_many
from handlers.assign import assign_many
from handlers.batch import in_halves
from handlers.file import file_many
from handlers.outcomes import AlreadyDone, Done, Failed, Outcome
from handlers.overdue import expire_due
from handlers.perform import Request, perform_many
from handlers.ports import Office, new_id
from store.pool import Pool, connect
from store.views import Views
from tests.demo_city import (
    DESK,
    DISPATCHER,
    LAMP,
    NO_RULE,
    OFFICER,
    SEWER_COVER,
    a_call,
    accepted,
    an_office,
    calls,
    case_of,
    cases_of,
    dispatched,
    filed,
    grid,
    in_district,
    on_case,
    on_task,
    perform,
    spot,
    worker,
)
from tests.wire import wire


def code_of(outcome: Outcome) -> str:
    assert isinstance(outcome, Failed), outcome
    assert isinstance(outcome.error, CityloopError), outcome.error
    return outcome.error.code


async def history(pool: Pool, case: CaseId) -> list[str]:
    """The types of a case's events, in order."""
    rows = await pool.fetch("SELECT type FROM events WHERE subject = $1 ORDER BY version", case)
    return [row["type"].removeprefix("case.") for row in rows]


# The tests share one city: each uses grids of its own, so that its incidents are not another's.

# --- Filing: where, what, and is it the same


async def test_a_call_becomes_a_case_with_number_place_condition_and_deadline(office: Office, pool: Pool) -> None:
    ticket = a_call(0, SEWER_COVER, text="污水井盖不见了", urgency=Urgency.NORMAL)
    (case_id,) = await filed(office, ticket)
    case = await case_of(office, case_id)
    assert case.state is State.PENDING_DISPATCH
    assert CaseNo.parse(case.no).prefix == "YH"
    assert case.place.grid == grid(0)
    assert case.place.path[0] == "439900"
    assert case.category is not None
    assert case.category.code == SEWER_COVER
    assert case.condition is not None
    assert case.condition.id == "01002-1"
    assert case.urgency is Urgency.URGENT, "the filing condition is graver than the caller said"
    assert case.reports == (ticket.id,)
    (running,) = case.deadlines
    assert (running.clock, running.cycle, running.state) == (Clock.DISPATCH, 1, DeadlineState.RUNNING)
    assert running.due_at - running.set_at == timedelta(minutes=15)
    assert await history(pool, case_id) == ["filed"]
    linked = await pool.fetch("SELECT report_id, opened FROM case_reports WHERE case_id = $1", case_id)
    assert [tuple(row) for row in linked] == [(ticket.id, True)]


async def test_words_are_enough(office: Office) -> None:
    heard, nonsense = await filed(
        office, a_call(1, None, text="小区门口路灯不亮三天了"), a_call(2, None, text="你们猜猜看发生了什么")
    )
    one, other = await cases_of(office, [heard, nonsense])
    assert one.state is State.PENDING_DISPATCH
    assert one.category is not None
    assert one.category.code == LAMP
    assert one.what is not None
    assert one.what.by == "keywords"
    assert other.state is State.REPORTED
    assert other.category is None
    assert [d.clock for d in other.deadlines] == [Clock.FILING]


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        pytest.param({"point": Point(116.397, 39.908, Crs.WGS84)}, Doubt.OUTSIDE, id="another city"),
        pytest.param({"point": None}, Doubt.NOWHERE, id="nowhere"),
        pytest.param({"point": None, "area_names": ("月球",)}, Doubt.NOWHERE, id="an unknown name"),
    ],
)
async def test_a_doubtful_place_goes_to_the_desk_with_its_doubt(
    office: Office, changes: dict[str, object], doubt: Doubt
) -> None:
    (case_id,) = await filed(office, a_call(3, **changes))
    case = await case_of(office, case_id)
    assert case.state is State.REPORTED
    assert case.place.doubt is doubt
    assert not case.place.path
    assert case.category is not None, "what is known is kept"
    assert await assign_many(office, [case_id]) == [AlreadyDone(case_id)], "what was not filed is not dispatched"


async def test_a_street_by_name_is_coarse_and_certain_enough(office: Office) -> None:
    (case_id,) = await dispatched(office, a_call(4, point=None, area_names=("临湖区", "望湖街道")))
    case = await case_of(office, case_id)
    assert case.state is State.PENDING_DISPOSAL
    assert case.place.doubt is Doubt.COARSE
    assert case.place.path[-1] == "439901001"


async def test_a_phone_that_speaks_gcj02_lands_in_the_same_grid(office: Office) -> None:
    true = spot(5)
    shifted = Point(true.lon + 0.0049, true.lat - 0.0031, Crs.GCJ02)  # roughly the offset in this part of the country
    (case_id,) = await filed(office, a_call(5, point=shifted))
    case = await case_of(office, case_id)
    assert case.point is not None
    assert case.point.crs is Crs.WGS84
    assert abs(case.point.lon - shifted.lon) > 0.002, "the coordinates were converted"


async def test_neighbours_within_fifty_metres_join_and_others_do_not(office: Office, pool: Pool) -> None:
    (first,) = await filed(office, a_call(10))
    near = a_call(10, point=spot(10, north=45), text="路灯坏了")
    same, far, other = await filed(
        office, near, a_call(10, point=spot(10, north=-58)), a_call(10, SEWER_COVER, text="井盖")
    )
    assert same == first
    assert len({first, far, other}) == 3
    case = await case_of(office, first)
    assert case.reports[1] == near.id
    assert await history(pool, first) == ["filed", "joined"]
    opened = await pool.fetchval("SELECT opened FROM case_reports WHERE report_id = $1", near.id)
    assert opened is False


async def test_callers_of_one_batch_meet_on_one_case(office: Office, pool: Pool) -> None:
    flood = [a_call(11, point=spot(11, north=n * 4)) for n in range(8)]
    cases = await filed(office, *flood, a_call(12))
    assert len(set(cases[:8])) == 1
    assert cases[8] != cases[0]
    case = await case_of(office, cases[0])
    assert case.version == 8
    assert set(case.reports) == {report.id for report in flood}
    assert await history(pool, cases[0]) == ["filed"] + ["joined"] * 7


@pytest.mark.parametrize(("start", "hours"), [(13, 25), (16, -25)])
async def test_a_day_apart_it_is_another_incident(office: Office, start: int, hours: int) -> None:
    """Counted from when it happened: a record of last year that is brought in today does not meet today's."""
    now = datetime.now(UTC)
    (first,) = await filed(office, a_call(start, occurred_at=now))
    (other,) = await filed(office, a_call(start, occurred_at=now - timedelta(hours=abs(hours))))
    (same,) = await filed(office, a_call(start, occurred_at=now - timedelta(hours=2)))
    assert other != first
    assert same == first


async def test_what_happens_after_the_end_is_a_new_incident(office: Office) -> None:
    (first,) = await dispatched(office, a_call(14))
    await to_the_end(office, first)
    (second,) = await filed(office, a_call(14))
    assert second != first


async def test_a_call_joins_a_case_that_waits_at_the_desk_or_is_in_work(office: Office) -> None:
    (waiting,) = await filed(office, a_call(15, NO_RULE))
    await assign_many(office, [waiting])
    (again,) = await filed(office, a_call(15, NO_RULE))
    assert again == waiting


async def test_filing_the_same_reports_twice_changes_nothing(office: Office) -> None:
    ids = await accepted(office, *(a_call(20 + n) for n in range(3)))
    first = await file_many(office, ids)
    cases = [CaseId(outcome.subject) for outcome in first if isinstance(outcome, Done)]
    before = await cases_of(office, cases)
    assert await file_many(office, ids) == [AlreadyDone(report) for report in ids]
    assert await file_many(office, [ids[0], ids[0]]) == [AlreadyDone(ids[0])] * 2
    assert await cases_of(office, cases) == before


async def test_a_report_named_twice_in_one_batch_opens_one_case(office: Office, pool: Pool) -> None:
    (report,) = await accepted(office, a_call(23))
    outcomes = await file_many(office, [report, report])
    assert len({outcome.subject for outcome in outcomes if isinstance(outcome, Done)}) == 1
    assert await pool.fetchval("SELECT count(*) FROM case_reports WHERE report_id = $1", report) == 1


async def test_two_clerks_filing_the_same_reports_at_once_open_each_case_once(office: Office, pool: Pool) -> None:
    for start in (30, 34, 38):
        ids = await accepted(office, *(a_call(start + n) for n in range(4)))
        both = await asyncio.gather(file_many(office, ids), file_many(office, list(reversed(ids))))
        done = [outcome for outcomes in both for outcome in outcomes if isinstance(outcome, Done)]
        assert len(done) == 4
        links = await pool.fetch("SELECT case_id FROM case_reports WHERE report_id = ANY ($1)", ids)
        assert len({row["case_id"] for row in links}) == len(links) == 4


async def test_a_call_that_comes_while_its_incident_is_being_closed_is_not_lost(office: Office) -> None:
    for _ in range(5):
        (case_id,) = await dispatched(office, a_call(42))
        case = await case_of(office, case_id)
        await perform(office, on_task(case, Verb.ACCEPT))
        await perform(office, on_task(await case_of(office, case_id), Verb.FINISH))
        (report,) = await accepted(office, a_call(42))
        ends = perform(office, on_case(await case_of(office, case_id), Verb.PASS, OFFICER))
        (ended,), (outcome,) = await asyncio.gather(ends, file_many(office, [report]))
        assert isinstance(outcome, Done)
        (held,) = await cases_of(office, [CaseId(outcome.subject)])
        assert report in held.reports
        if isinstance(ended, Failed):  # the call was first, and the officer must look again
            assert isinstance(ended.error, Conflict)
            await perform(office, on_case(await case_of(office, case_id), Verb.PASS, OFFICER))
        elif held.id != case_id:
            await assign_many(office, [held.id])
            await to_the_end(office, held.id)


class Stumbling:
    """A classifier that breaks on one report."""

    def __init__(self, office: Office, culprit: ReportId) -> None:
        self._own = office.advisers.what
        self._culprit = culprit

    def classify_many(self, reports: Sequence[Report]) -> list[Classification]:
        if any(report.id == self._culprit for report in reports):
            raise KeyError("no such word")
        return self._own.classify_many(reports)


async def test_one_report_that_breaks_an_adviser_fails_alone(office: Office) -> None:
    ids = await accepted(office, *(a_call(50 + n) for n in range(7)))
    what = Stumbling(office, ids[4])
    broken = replace(office, advisers=replace(office.advisers, what=what))

    async def run(batch: Sequence[ReportId]) -> Sequence[Outcome]:
        return await file_many(broken, batch)

    outcomes = await in_halves(run, ids)
    assert [isinstance(outcome, Done) for outcome in outcomes] == [True] * 4 + [False] + [True] * 2
    assert isinstance(outcomes[4], Failed)
    assert isinstance((await file_many(office, [ids[4]]))[0], Done), "mended, it is filed like any other"


async def test_every_report_is_accounted_for(pool: Pool) -> None:
    account = await Views(pool).account()
    parts = {name: number for name, number in account.items() if name != "received"}
    assert account["received"] == sum(parts.values()) > 30
    assert account["joined"] >= 8


# --- Assigning: who must act


async def test_the_rulebook_names_lead_and_assistants_and_says_why(office: Office, pool: Pool) -> None:
    n = in_district("439901002")
    (case_id,) = await dispatched(office, a_call(n, SEWER_COVER))
    case = await case_of(office, case_id)
    assert case.state is State.PENDING_DISPOSAL
    assert case.verdict is not None
    assert (case.verdict.lead, case.verdict.rule) == ("drainage", "sewer-cover-open")
    assert case.verdict.assist == ("traffic-police", "street-yunqi")
    assert case.verdict.rulebook
    assert case.verdict.reason
    assert any(line.startswith("sewer-cover:") for line in case.verdict.passed_over)
    assert [(t.unit, t.part, t.state) for t in case.tasks] == [
        ("drainage", Part.LEAD, TaskState.OFFERED),
        ("traffic-police", Part.ASSIST, TaskState.OFFERED),
        ("street-yunqi", Part.ASSIST, TaskState.OFFERED),
    ]
    dispatch, disposal = case.deadlines
    assert (dispatch.clock, dispatch.state) == (Clock.DISPATCH, DeadlineState.MET)
    assert disposal.clock is Clock.DISPOSAL
    assert disposal.due_at - disposal.set_at == timedelta(hours=2), "2 紧急工作时 run through the night"
    assert await history(pool, case_id) == ["filed", "dispatched"]


async def test_assigning_again_changes_nothing(office: Office) -> None:
    cases = await dispatched(office, a_call(60), a_call(61))
    before = await cases_of(office, cases)
    assert await assign_many(office, cases) == [AlreadyDone(case) for case in cases]
    assert await cases_of(office, cases) == before
    unknown = CaseId(new_id())
    assert await assign_many(office, [unknown]) == [AlreadyDone(unknown)]


async def test_two_workers_that_assign_one_case_at_once_make_its_tasks_once(office: Office, pool: Pool) -> None:
    cases = await filed(office, *(a_call(300 + n, SEWER_COVER) for n in range(5)))
    outcomes = await asyncio.gather(*(assign_many(office, cases) for _ in range(4)))
    assert sum(isinstance(o, Done) for each in outcomes for o in each) == 5
    for case in await cases_of(office, cases):
        assert len(case.tasks) == 3
        assert await history(pool, case.id) == ["filed", "dispatched"]


async def test_where_no_rule_matches_the_duty_desk_decides(office: Office, pool: Pool) -> None:
    (case_id,) = await filed(office, a_call(70, NO_RULE))
    (outcome,) = await assign_many(office, [case_id])
    assert isinstance(outcome, Done)
    case = await case_of(office, case_id)
    assert case.state is State.PENDING_DISPATCH
    assert case.verdict is not None
    assert case.verdict.lead is None
    assert case.verdict.reason
    assert await history(pool, case_id) == ["filed", "deferred"]
    assert await assign_many(office, [case_id]) == [AlreadyDone(case_id)]
    verdict = replace(case.verdict, lead="gas", rule="by hand")
    by_hand = on_case(case, Verb.DISPATCH, DISPATCHER, verdict=verdict, new_tasks=(new_id(),))
    assert await perform(office, by_hand) == [Done(case_id, 3)]
    case = await case_of(office, case_id)
    assert [task.unit for task in case.tasks] == ["gas"]


async def test_a_case_sent_back_finds_another_unit_and_at_last_the_desk(office: Office, pool: Pool) -> None:
    (case_id,) = await dispatched(office, a_call(71))
    asked = []
    for _ in range(2):
        case = await case_of(office, case_id)
        asked.append(case.tasks[-1].unit)
        await perform(office, on_task(case, Verb.SEND_BACK, reason="not-our-duty"))
        case = await case_of(office, case_id)
        assert (case.state, case.verdict, case.lead) == (State.PENDING_DISPATCH, None, None)
        await assign_many(office, [case_id])
    assert asked == ["lighting", "roads"]
    case = await case_of(office, case_id)
    assert case.state is State.PENDING_DISPATCH
    assert case.verdict is not None
    assert case.verdict.lead is None, "both units the rules know have refused"
    assert any("sent this case back" in line for line in case.verdict.passed_over)
    assert case.send_backs == 2
    assert await history(pool, case_id) == ["filed", *["dispatched", "sent_back"] * 2, "deferred"]


async def test_when_the_lead_sends_back_its_assistants_are_released(office: Office) -> None:
    (case_id,) = await dispatched(office, a_call(72, SEWER_COVER))
    case = await case_of(office, case_id)
    await perform(office, replace(on_task(case, Verb.ACCEPT, "traffic-police"), expected=None))
    await perform(office, on_task(await case_of(office, case_id), Verb.SEND_BACK, "drainage", reason="not-ours"))
    case = await case_of(office, case_id)
    assert {task.state for task in case.tasks} == {TaskState.SENT_BACK}
    await assign_many(office, [case_id])
    case = await case_of(office, case_id)
    assert [task.unit for task in case.tasks if task.open and task.part is Part.LEAD] == ["roads"]


# --- Performing: until it is closed


async def to_the_end(office: Office, case_id: CaseId) -> Case:
    """Every open task accepted and finished, then the check."""
    while (case := await case_of(office, case_id)).state is not State.PENDING_CHECK:
        task = next(task for task in case.tasks if task.open)
        verb = Verb.ACCEPT if task.state is TaskState.OFFERED else Verb.FINISH
        (outcome,) = await perform(office, on_task(case, verb, task.unit, note="办结"))
        assert isinstance(outcome, Done), outcome
    await perform(office, on_case(case, Verb.PASS, OFFICER))
    return await case_of(office, case_id)


async def test_a_whole_life(office: Office, pool: Pool) -> None:
    (case_id,) = await dispatched(office, a_call(80, SEWER_COVER))
    case = await to_the_end(office, case_id)
    assert case.state is State.CLOSED
    assert case.ended_at is not None
    assert {task.state for task in case.tasks} == {TaskState.DONE}
    assert {task.result for task in case.tasks} == {"办结"}
    assert {d.clock: d.state for d in case.deadlines} == dict.fromkeys(
        (Clock.DISPATCH, Clock.DISPOSAL, Clock.CHECK), DeadlineState.MET
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


# --- Overdue


async def test_what_is_not_due_does_not_expire(office: Office) -> None:
    assert await expire_due(office) == 0


async def test_two_sweeps_at_once_expire_each_deadline_exactly_once(office: Office, pool: Pool) -> None:
    hurried = an_office(pool, exercise_pace=1e9)
    cases = await filed(hurried, *(a_call(130 + n) for n in range(30)))
    assert len(set(cases)) == 30
    expired = 0
    for _ in range(20):
        rounds = await asyncio.gather(*(expire_due(hurried, limit=20) for _ in range(4)))
        expired += sum(rounds)
        if not any(rounds):
            break
    assert expired == 30
    for case in await cases_of(hurried, cases):
        assert case.overdue
        assert case.escalation == 1
        assert await history(pool, case.id) == ["filed", "expired"]
    assert await expire_due(hurried) == 0


async def test_a_missed_deadline_stays_missed_and_the_case_goes_on(office: Office, pool: Pool) -> None:
    hurried = an_office(pool, exercise_pace=1e9)
    (case_id,) = await filed(hurried, a_call(161))
    assert await expire_due(hurried) == 1
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
    while not await expire_due(drill):  # noqa: ASYNC110  (what we wait for happens in the database)
        await asyncio.sleep(0.02)
    fired = await pool.fetchval("SELECT at FROM events WHERE subject = $1 AND type = 'case.expired'", case_id)
    assert timedelta(0) < fired - deadline.due_at < timedelta(seconds=2)
    assert deadline.due_at - deadline.set_at == timedelta(seconds=0.5)


# --- What it costs


DEAD_ANIMAL = "06037"
Work = Callable[[Office, int], Awaitable[Callable[[], Awaitable[Sequence[Outcome]]]]]


async def _accept(office: Office, size: int) -> Callable[[], Awaitable[Sequence[Outcome]]]:
    reports = calls(size)
    return lambda: accept_many(office, reports)


async def _accept_again(office: Office, size: int) -> Callable[[], Awaitable[Sequence[Outcome]]]:
    reports = calls(size)
    await accept_many(office, reports)
    return lambda: accept_many(office, [replace(report, id=ReportId(new_id())) for report in reports])


async def _file(office: Office, size: int) -> Callable[[], Awaitable[Sequence[Outcome]]]:
    first = {3: 200, 2: 210, 60: 220}[size]  # where no case of the kind is open: to join costs statements of its own
    ids = await accepted(office, *(a_call(first + n, DEAD_ANIMAL) for n in range(size)))
    return lambda: file_many(office, ids)


async def _assign(office: Office, size: int) -> Callable[[], Awaitable[Sequence[Outcome]]]:
    cases = await filed(office, *(a_call(n, SEWER_COVER, point=None, area_names=("临湖区",)) for n in range(size)))
    return lambda: assign_many(office, cases)


async def _perform(office: Office, size: int) -> Callable[[], Awaitable[Sequence[Outcome]]]:
    reports = [a_call(n, point=None, area_names=("临湖区",)) for n in range(size)]
    cases = await cases_of(office, await dispatched(office, *reports))
    requests = [Request(on_task(case, Verb.ACCEPT), str(new_id()), b"x") for case in cases]
    return lambda: perform_many(office, requests)


@pytest.mark.parametrize("work", [_accept, _accept_again, _file, _assign, _perform])
async def test_a_large_batch_costs_no_more_statements_than_a_small_one(fresh_dsn: str, work: Work) -> None:
    async with wire(fresh_dsn) as line:
        pool = await connect(line.dsn, size=1, application="tests-counted")
        try:
            office, cost = an_office(pool), {}
            for size in (3, 2, 60):  # the first only warms up: statements are prepared once a connection
                run = await work(office, size)
                before = line.statements
                outcomes = await run()
                cost[size] = line.statements - before
                assert len(outcomes) == size
                assert not any(isinstance(outcome, Failed) for outcome in outcomes)
        finally:
            await pool.close()
    assert 0 < cost[60] <= 15
    assert cost[60] <= cost[2], cost


async def test_the_counter_can_count(fresh_dsn: str) -> None:
    """The control: work in batches of one costs more statements, and the wire sees them."""
    async with wire(fresh_dsn) as line:
        pool = await connect(line.dsn, size=1, application="tests-counted")
        try:
            office = an_office(pool)
            await accept_many(office, calls(1))
            before = line.statements
            for report in calls(10):
                await accept_many(office, [report])
            assert line.statements - before >= 10
        finally:
            await pool.close()


async def test_the_clock_of_the_record_is_the_databases(office: Office, pool: Pool) -> None:
    liar = a_call(170, received_at=datetime(2031, 1, 1, tzinfo=UTC))
    await accepted(office, liar)
    noted = await pool.fetchval("SELECT received_at FROM reports WHERE id = $1", liar.id)
    assert abs(noted - datetime.now(UTC)) < timedelta(minutes=1)
