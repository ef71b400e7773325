"""12345 tickets in the record and at the office: opened in batches, changed once each, and what was said kept apart."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from domain.actor import Actor, Role
from domain.catalogue import Urgency
from domain.errors import CityloopError, Conflict, NotFound
from domain.ids import ReportId
from domain.oversight import CallBack
from domain.report import Report, Source
from domain.ticket import Appeal, PromiseKind, PromiseState, Ticket, TicketState, Tier
from domain.ticket_events import TicketCommand, TicketEvent, TicketVerb, evolve
from handlers.outcomes import AlreadyDone, Done, Failed, Outcome
from handlers.ports import Office, new_id
from handlers.tickets import Heard, TicketRequest, act_many, expire_tickets, open_many
from store.pool import Pool, connect
from store.ticket_views import TicketFilter, TicketScope, TicketViews
from tests.demo_city import a_call, accepted, an_office
from tests.wire import wire

HOTLINE = Actor("hotline-12345", Role.HOTLINE)
DESK = Actor("desk-1", Role.DESK)
SPOKEN = "张女士，您家门口的路灯今晚会亮"


async def open_for(office: Office, reports: Sequence[Report], urgency: Urgency = Urgency.NORMAL) -> None:
    """What the filing of these reports does for their callers."""
    async with office.store.unit(lock=[report.id for report in reports]) as unit:
        await open_many(unit, [Heard(report, None, urgency) for report in reports], office.advisers.policy)


async def opened(office: Office, *reports: Report, urgency: Urgency = Urgency.NORMAL) -> list[ReportId]:
    """Fresh reports with their tickets."""
    ids = await accepted(office, *reports)
    await open_for(office, reports, urgency)
    return ids


async def tickets_of(office: Office, *reports: ReportId) -> list[Ticket]:
    async with office.store.unit() as unit:
        found = await unit.tickets.load(reports)
    return [found[report] for report in reports]


async def do(office: Office, *commands: TicketCommand) -> list[Outcome]:
    return await act_many(office, [TicketRequest(command) for command in commands])


def answer(report: ReportId, words: str = SPOKEN, **more: Any) -> TicketCommand:
    return TicketCommand(TicketVerb.ANSWER, HOTLINE, report, words=words, **more)


def code_of(outcome: Outcome) -> str:
    assert isinstance(outcome, Failed), outcome
    assert isinstance(outcome.error, CityloopError), outcome.error
    return outcome.error.code


async def history(pool: Pool, report: ReportId) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await pool.fetch("SELECT * FROM events WHERE subject = $1 ORDER BY version", report)
    return rows


def long_ago(**ago: float) -> datetime:
    return datetime.now(UTC) - timedelta(**ago)


# --- Opened with their reports


async def test_every_call_gets_a_ticket_and_what_no_citizen_sent_gets_none(office: Office, pool: Pool) -> None:
    call, seen, alarm = a_call(0), a_call(1, source=Source.INSPECTOR), a_call(2, source=Source.ALARM)
    await opened(office, call, seen, alarm, urgency=Urgency.URGENT)
    (ticket,) = await tickets_of(office, call.id)
    assert (ticket.state, ticket.tier, ticket.appeal) == (TicketState.OPEN, Tier.URGENT, Appeal.HELP)
    assert (ticket.received_at, ticket.version) == (call.received_at, 2)
    assert await pool.fetchval("SELECT count(*) FROM tickets WHERE report_id = ANY ($1)", [seen.id, alarm.id]) == 0
    assert [(row["version"], row["type"]) for row in await history(pool, call.id)] == [
        (1, "report.accepted"),
        (2, "ticket.opened"),
    ]


@pytest.mark.parametrize(("said", "appeal"), [("complaint", Appeal.COMPLAINT), ("nonsense", Appeal.HELP)])
async def test_what_the_caller_wants_is_what_the_hotline_says(office: Office, said: str, appeal: Appeal) -> None:
    (report,) = await opened(office, a_call(extra={"appeal": said}))
    assert (await tickets_of(office, report))[0].appeal is appeal


async def test_four_hundred_tickets_cost_no_more_statements_than_four(fresh_dsn: str) -> None:
    async with wire(fresh_dsn) as line:
        pool = await connect(line.dsn, size=1, application="tests-tickets")
        try:
            office, cost = an_office(pool), []
            for size in (3, 4, 400):  # the first only warms up: statements are prepared once a connection
                reports = [a_call(n) for n in range(size)]
                ids = await accepted(office, *reports)
                before = line.statements
                await open_for(office, reports)
                assert await do(office, *map(answer, ids)) == [Done(report, 3) for report in ids]
                cost.append(line.statements - before)
            assert cost[1] == cost[2]
        finally:
            await pool.close()


async def test_a_filing_that_fails_leaves_no_ticket(office: Office, pool: Pool) -> None:
    call = a_call()
    await accepted(office, call)

    async def stumble() -> None:
        async with office.store.unit(lock=[call.id]) as unit:
            await open_many(unit, [Heard(call, None, Urgency.NORMAL)], office.advisers.policy)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await stumble()
    assert [row["type"] for row in await history(pool, call.id)] == ["report.accepted"]
    await open_for(office, [call])
    with pytest.raises(asyncpg.UniqueViolationError):
        await open_for(office, [call])


# --- What was said stays apart


async def test_what_was_said_is_kept_and_is_in_no_event_and_no_document(office: Office, pool: Pool) -> None:
    (report,) = await opened(office, a_call())
    called_back = CallBack(HOTLINE, datetime.now(UTC), True, False, None, note=SPOKEN)
    steps = [
        TicketCommand(TicketVerb.CONTACT, DESK, report, words=f"{SPOKEN}，已致电", reason=SPOKEN),
        answer(report),
        TicketCommand(TicketVerb.CALL_BACK, HOTLINE, report, call_back=called_back, words=f"{SPOKEN}？没亮"),
        TicketCommand(TicketVerb.CONTACT, DESK, report),
        answer(report, f"{SPOKEN}，这次真的"),
        TicketCommand(TicketVerb.CALL_BACK, HOTLINE, report, call_back=replace(called_back, solved=True)),
    ]
    assert await do(office, *steps) == [Done(report, version) for version in range(3, 9)]
    rows = await history(pool, report)
    assert [row["version"] for row in rows] == list(range(1, 9))
    document = await pool.fetchval("SELECT doc FROM tickets WHERE report_id = $1", report)
    for text in (document, *(row["doc"] for row in rows)):
        assert "张女士" not in text.decode()
        assert "张女士" not in json.dumps(json.loads(text), ensure_ascii=False)
    said = await pool.fetch("SELECT * FROM ticket_answers WHERE report_id = $1 ORDER BY version", report)
    assert [(row["version"], row["verb"]) for row in said] == [
        (3, "contact"), (4, "answer"), (5, "call-back"), (7, "answer")
    ]  # fmt: skip
    told = [one["words"] for one in await TicketViews(pool).answers(report)]
    assert told == [SPOKEN, f"{SPOKEN}，这次真的"], "no answer replaces another"


async def test_the_history_gives_the_ticket_and_the_columns_are_those_of_the_document(
    office: Office, pool: Pool
) -> None:
    reports = await opened(office, *(a_call(n, received_at=long_ago(days=9)) for n in range(4)))
    await expire_tickets(office)
    said = CallBack(HOTLINE, datetime.now(UTC), None, False, True)
    await do(
        office,
        answer(reports[1]),
        answer(reports[2]),
        TicketCommand(TicketVerb.CALL_BACK, HOTLINE, reports[2], call_back=said),
        TicketCommand(TicketVerb.REGRADE, DESK, reports[2], tier=Tier.HARD, reason="涉及多个部门"),
        TicketCommand(TicketVerb.WITHDRAW, HOTLINE, reports[3]),
    )
    for report, ticket in zip(reports, await tickets_of(office, *reports), strict=True):
        again = None
        for row in (await history(pool, report))[1:]:
            again = evolve(again, msgspec.json.decode(row["doc"], type=TicketEvent))
        assert again == ticket
        columns = dict(await pool.fetchrow("SELECT * FROM tickets WHERE report_id = $1", report))
        del columns["doc"]
        assert columns == {
            "report_id": report,
            "version": ticket.version,
            "state": ticket.state,
            "tier": ticket.tier,
            "overdue": ticket.overdue,
            "contact_due_at": ticket.latest(PromiseKind.CONTACT).due_at,
            "answer_due_at": ticket.latest(PromiseKind.ANSWER).due_at,
            "due_at": ticket.due_at,
            "next_due_at": ticket.next_due_at,
            "ended_at": ticket.ended_at,
        }
    states = [ticket.state for ticket in await tickets_of(office, *reports)]
    assert states == [TicketState.OPEN, TicketState.ANSWERED, TicketState.OPEN, TicketState.WITHDRAWN]


@pytest.mark.parametrize(
    "breach",
    [
        "UPDATE tickets SET state = 'ended' WHERE report_id = $1",
        "UPDATE tickets SET ended_at = now() WHERE report_id = $1",
        "UPDATE tickets SET state = 'answered' WHERE report_id = $1",
        "UPDATE tickets SET version = 1 WHERE report_id = $1",
        "INSERT INTO ticket_answers SELECT $1, 9, 'answer', now(), ''",
        "UPDATE ticket_answers SET report_id = gen_random_uuid() WHERE report_id = $1",
    ],
)
async def test_the_database_itself_holds_the_promises(office: Office, pool: Pool, breach: str) -> None:
    (report,) = await opened(office, a_call())
    await do(office, TicketCommand(TicketVerb.CONTACT, DESK, report, words=SPOKEN))
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await pool.execute(breach, report)


# --- Many hands


async def test_of_eight_answers_at_once_on_one_version_one_is_taken(office: Office) -> None:
    for report in await opened(office, *(a_call(n) for n in range(10))):
        crowd = (do(office, answer(report, f"答复{n}", expected=2)) for n in range(8))
        outcomes = [outcome for (outcome,) in await asyncio.gather(*crowd)]
        assert outcomes.count(Done(report, 3)) == 1
        assert sum(isinstance(o, Failed) and isinstance(o.error, Conflict) for o in outcomes) == 7


async def test_who_is_refused_sinks_no_neighbour(office: Office) -> None:
    one, other = await opened(office, a_call(0), a_call(1))
    stranger = ReportId(new_id())
    outcomes = await do(office, answer(one, " "), answer(stranger), answer(other), answer(one, expected=9))
    assert [code_of(outcomes[n]) for n in (0, 1, 3)] == ["text-empty", "not-found", "version-conflict"]
    assert isinstance(getattr(outcomes[1], "error", None), NotFound)
    assert outcomes[2] == Done(other, 3)
    assert [ticket.version for ticket in await tickets_of(office, one, other)] == [2, 3]


async def test_a_command_under_a_key_takes_effect_once_for_ever(office: Office, pool: Pool) -> None:
    (report,) = await opened(office, a_call())
    key = str(new_id())
    asked = TicketRequest(answer(report, expected=2), key, b"one")
    first, twin = await act_many(office, [asked, asked])
    assert (first, twin) == (Done(report, 3), AlreadyDone(report, 3))
    await do(office, answer(report, "补充答复"))
    assert await act_many(office, [asked]) == [AlreadyDone(report, 3)], "also when the ticket has moved on"
    (changed,) = await act_many(office, [replace(asked, fingerprint=b"other")])
    assert code_of(changed) == "idempotency-key-reused"
    elsewhere = TicketRequest(replace(asked.command, actor=DESK, expected=4), key, b"one")
    assert await act_many(office, [elsewhere]) == [Done(report, 5)], "keys are each client's own"
    assert await pool.fetchval("SELECT count(*) FROM ticket_answers WHERE report_id = $1", report) == 3


async def test_a_crowd_with_one_key_on_many_tickets_changes_one(office: Office) -> None:
    reports = await opened(office, *(a_call(n) for n in range(6)))
    key = str(new_id())
    asked = [TicketRequest(answer(report), key, report.bytes) for report in reports]
    outcomes = [o for (o,) in await asyncio.gather(*(act_many(office, [one]) for one in asked))]
    assert sum(isinstance(o, Done) for o in outcomes) == 1
    assert [code_of(o) for o in outcomes if isinstance(o, Failed)] == ["idempotency-key-reused"] * 5


# --- The clock


async def test_what_is_due_expires_once_by_the_databases_clock(office: Office, pool: Pool) -> None:
    await expire_tickets(office)
    late, early = await opened(office, a_call(received_at=long_ago(days=8)), a_call()), await opened(office, a_call())
    assert sum(await asyncio.gather(*(expire_tickets(office) for _ in range(4)))) == 1
    assert await expire_tickets(office) == 0
    first, fresh, other = await tickets_of(office, *late, *early)
    assert {promise.state for promise in first.promises} == {PromiseState.MISSED}
    assert not fresh.overdue
    assert not other.overdue
    assert [row["type"] for row in await history(pool, first.report)][1:] == ["ticket.opened", "ticket.expired"]


async def test_an_answered_ticket_is_left_alone_by_the_clock(office: Office) -> None:
    await expire_tickets(office)
    (report,) = await opened(office, a_call(received_at=long_ago(days=8)))
    await do(office, answer(report))
    assert await expire_tickets(office) == 0
    (ticket,) = await tickets_of(office, report)
    assert ticket.overdue, "answered, but late"


async def test_a_sweep_takes_the_oldest_first_and_no_more_than_asked(office: Office) -> None:
    await expire_tickets(office)
    reports = await opened(office, *(a_call(n, received_at=long_ago(days=20 - n)) for n in range(5)))
    assert await expire_tickets(office, limit=3) == 3
    assert [ticket.overdue for ticket in await tickets_of(office, *reports)] == [True] * 3 + [False] * 2
    assert await expire_tickets(office) == 2


# --- Lists


async def test_pages_by_the_date_owed_hold_every_ticket_once(office: Office, pool: Pool) -> None:
    views = TicketViews(pool)
    mine = TicketScope(origins=(f"hotline:{new_id()}",))
    assert mine.origins is not None
    moments = [long_ago(days=5, hours=n % 4) for n in range(11)]
    reports = await opened(office, *(a_call(n, origin=mine.origins[0], received_at=at) for n, at in enumerate(moments)))
    await do(office, answer(reports[3]), TicketCommand(TicketVerb.WITHDRAW, HOTLINE, reports[4]))
    found, after = [], None
    while page := await views.page(TicketFilter(after=after, limit=4), mine):
        found += [line.ticket for line in page]
        after = (page[-1].ticket.due_at, page[-1].ticket.report)
    assert [t.report for t in found] == [t.report for t in sorted(found, key=lambda t: (t.due_at, t.report))]
    assert {t.report for t in found} == set(reports) - set(reports[3:5])
    for state, report in ((TicketState.ANSWERED, reports[3]), (TicketState.WITHDRAWN, reports[4])):
        assert [line.ticket.report for line in await views.page(TicketFilter(state), mine)] == [report]


async def test_lists_are_narrowed_by_tier_and_by_what_was_missed(office: Office, pool: Pool) -> None:
    views = TicketViews(pool)
    origin = f"hotline:{new_id()}"
    (calm,) = await opened(office, a_call(origin=origin))
    (grave,) = await opened(office, a_call(origin=origin, received_at=long_ago(hours=3)), urgency=Urgency.CRITICAL)
    await expire_tickets(office)
    for narrowed, expected in (
        (TicketFilter(tier=Tier.EMERGENCY), [grave]),
        (TicketFilter(tier=Tier.HARD), []),
        (TicketFilter(overdue=True), [grave]),
        (TicketFilter(overdue=False), [calm]),
        (TicketFilter(), [grave, calm]),
    ):
        lines = await views.page(narrowed, TicketScope(origins=(origin,)))
        assert [line.ticket.report for line in lines] == expected, narrowed


async def test_another_centres_tickets_are_not_found(office: Office, pool: Pool) -> None:
    views = TicketViews(pool)
    (report,) = await opened(office, a_call(origin="hotline:12345"))
    for scope, there in (
        (TicketScope(), True),
        (TicketScope(origins=("api:x", "hotline:12345")), True),
        (TicketScope(origins=("api:x",)), False),
        (TicketScope(areas=("439901/",)), False),
        (TicketScope(unit="lighting"), False),
    ):
        assert (await views.one(report, scope) is not None) is there, scope
        listed = {line.ticket.report for line in await views.page(TicketFilter(limit=200), scope)}
        assert (report in listed) is there, scope
