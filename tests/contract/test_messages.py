"""What a call centre sends after its tickets takes effect once each, in order, and waits where it came too early."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from domain.case import State
from domain.commands import Said
from domain.errors import CityloopError
from domain.ids import CaseId, ReportId
from domain.message import Message, MessageKind
from domain.place import Crs, Point
from domain.report import Report
from domain.ticket import Ticket, TicketState
from domain.ticket_events import TicketCommand, TicketVerb
from handlers import messages as office_of_messages
from handlers.file import file_many
from handlers.messages import Received, Verdict, hear_again, hear_many
from handlers.outcomes import AlreadyDone, Declined, Done, Failed, Outcome
from handlers.perform import Request, perform_many
from handlers.ports import Office, new_id
from handlers.reject import Rejected, keep_rejects, waiting_rejects
from handlers.tickets import TicketRequest, act_many
from store.pool import Pool
from tests.demo_city import COARSE, DESK, accepted, case_of, dispatched, filed, history, merging, to_the_end
from tests.demo_city import a_call as any_call

SAID = "我家楼下的路灯还是不亮，电话13900000000"
_numbers = count(1)


class Death(BaseException):
    """What nobody catches."""


def a_call(**changes: Any) -> Report:
    """A ticket that joins no other's case."""
    return any_call(**{**COARSE, **changes})


def calls_apart(number: int) -> list[Report]:
    return [a_call() for _ in range(number)]


def about(report: Report, kind: MessageKind, **more: Any) -> Received:
    """A message about a report's ticket, by a record of its own."""
    n = next(_numbers)
    usual: dict[MessageKind, dict[str, Any]] = {
        MessageKind.SUPPLEMENT: {"words": SAID},
        MessageKind.URGE: {},
        MessageKind.WITHDRAW: {"reason": "caller-withdrew"},
        MessageKind.SATISFACTION: {"said": Said(True, True, True)},
    }
    sent_at = datetime(2026, 11, 20, tzinfo=UTC)
    message = Message(kind, report.origin, f"M{n}", report.origin_key, sent_at, **usual[kind] | more)
    return Received(message, ("intake.hotline-messages.v1", 0, n))


async def hear(office: Office, *received: Received) -> list[Verdict]:
    return await hear_many(office, received)


async def ticket_of(office: Office, report: ReportId) -> Ticket:
    async with office.store.unit() as unit:
        return (await unit.tickets.load([report]))[report]


async def answered(office: Office, report: Report) -> None:
    command = TicketCommand(TicketVerb.ANSWER, DESK, report.id, words="已修复")
    assert await act_many(office, [TicketRequest(command)]) == [Done(report.id, 3)]


async def outcome_of(pool: Pool, received: Received) -> tuple[str | None, str | None]:
    row = await pool.fetchrow(
        "SELECT outcome::text, refusal, doc FROM messages WHERE (client, key) = ($1, $2)",
        received.message.client,
        received.message.key,
    )
    assert row is not None
    assert (row["doc"] is None) == (row["outcome"] is not None), "words are forgotten when a message is settled"
    return row["outcome"], row["refusal"]


async def make_due(pool: Pool) -> None:
    await pool.execute("UPDATE messages SET next_try_at = now() WHERE outcome IS NULL")


def codes(verdicts: Sequence[Verdict]) -> list[str]:
    return [v.error.code for v in verdicts if isinstance(v, Failed) and isinstance(v.error, CityloopError)]


# --- What each kind does


async def test_further_words_a_place_and_a_photo_stay_with_the_ticket(office: Office, pool: Pool) -> None:
    report = a_call()
    (case,) = await filed(office, report)
    photo = new_id()
    await pool.execute(
        "INSERT INTO attachments (id, client, key, fingerprint, state, name, length, received, parts) "
        "VALUES ($1, 'hotline-12345', $2, '', 'uploading', 'a.jpg', 1, 0, 0)",
        photo,
        str(photo),
    )
    gcj = Point(113.9512345, 27.9312345, Crs.GCJ02)
    more = about(report, MessageKind.SUPPLEMENT, photos=(photo, new_id()), position=gcj)
    before = await history(pool, case)
    assert await hear(office, more) == [Done(report.id, 3)]
    row = await pool.fetchrow("SELECT type, doc FROM events WHERE subject = $1 ORDER BY version DESC", report.id)
    assert row is not None
    assert row["type"] == "ticket.supplemented"
    assert str(photo).encode() in row["doc"]
    assert b"GCJ02" not in row["doc"], "a published position is in WGS-84"
    assert "路灯".encode() not in row["doc"], "what a caller says is in no event"
    words = await pool.fetch("SELECT verb, words FROM ticket_answers WHERE report_id = $1", report.id)
    assert [tuple(one) for one in words] == [("supplement", SAID)]
    links = await pool.fetch("SELECT attachment_id FROM attachment_links WHERE report_id = $1", report.id)
    assert [link["attachment_id"] for link in links] == [photo], "the centre's own upload, and no stranger's"
    assert await history(pool, case) == before
    assert await outcome_of(pool, more) == ("done", None)


async def test_an_urging_reaches_every_open_case_of_the_report(office: Office, pool: Pool) -> None:
    report, other = calls_apart(2)
    case, main = await filed(office, report, other)
    # merged, so that the report stands behind two cases, of which one is open
    assert isinstance((await perform_many(office, [merging(await case_of(office, case), main)]))[0], Done)
    urging = about(report, MessageKind.URGE, words=SAID)
    assert isinstance((await hear(office, urging))[0], Done)
    assert [(await case_of(office, each)).urges for each in (case, main)] == [0, 1]
    for document in await pool.fetch("SELECT doc FROM events WHERE subject = $1", main):
        assert "路灯还是不亮".encode() not in document["doc"]
    said = await pool.fetchval("SELECT words FROM ticket_answers WHERE report_id = $1", report.id)
    assert said == SAID


async def test_an_urging_without_words_leaves_the_ticket_alone(office: Office) -> None:
    report = a_call()
    (case,) = await filed(office, report)
    assert isinstance((await hear(office, about(report, MessageKind.URGE)))[0], Done)
    assert (await case_of(office, case)).urges == 1
    assert (await ticket_of(office, report.id)).version == 2


async def test_a_withdrawal_takes_back_ticket_and_case_while_it_is_not_filed(office: Office, pool: Pool) -> None:
    report = a_call(category=None, text="说不清楚的事情")
    (case,) = await filed(office, report)
    assert (await case_of(office, case)).state is State.REPORTED
    back = about(report, MessageKind.WITHDRAW)
    assert isinstance((await hear(office, back))[0], Done)
    assert (await case_of(office, case)).state is State.WITHDRAWN
    assert (await ticket_of(office, report.id)).state is TicketState.WITHDRAWN
    assert await outcome_of(pool, back) == ("done", None)


async def test_after_filing_the_ticket_is_withdrawn_and_the_case_goes_on(office: Office, pool: Pool) -> None:
    report = a_call()
    (case,) = await filed(office, report)
    back = about(report, MessageKind.WITHDRAW)
    assert isinstance((await hear(office, back))[0], Done)
    assert (await ticket_of(office, report.id)).state is TicketState.WITHDRAWN
    assert (await case_of(office, case)).state is State.PENDING_DISPATCH
    assert await outcome_of(pool, back) == ("partly", "verb-not-allowed")


async def test_what_the_law_refuses_is_recorded_and_is_no_poison(office: Office, pool: Pool) -> None:
    report = a_call()
    await filed(office, report)
    await answered(office, report)
    late = about(report, MessageKind.WITHDRAW)
    assert await hear(office, late) == [Declined(report.id, "verb-not-allowed")]
    assert await outcome_of(pool, late) == ("declined", "verb-not-allowed")
    assert await hear(office, late) == [AlreadyDone(report.id)]


async def test_a_call_back_is_told_to_the_ticket_and_to_the_closed_case(office: Office, pool: Pool) -> None:
    report = a_call()
    (case,) = await dispatched(office, report)
    await to_the_end(office, case)
    await answered(office, report)
    said = about(report, MessageKind.SATISFACTION, said=Said(True, True, False))
    assert isinstance((await hear(office, said))[0], Done)
    after = await case_of(office, case)
    assert after.state is State.EVALUATED
    assert [(one.solved, one.satisfied, one.report) for one in after.call_backs] == [(True, False, report.id)]
    (call_back,) = (await ticket_of(office, report.id)).call_backs
    assert (call_back.contacted, call_back.solved, call_back.satisfied) == (True, True, False)
    assert call_back.by.id == report.origin


# --- Once each, in order


async def test_a_message_takes_effect_once_whatever_is_repeated(office: Office, pool: Pool) -> None:
    report = a_call()
    (case,) = await filed(office, report)
    urging = about(report, MessageKind.URGE)
    again = replace(urging, record=("intake.hotline-messages.v1", 0, next(_numbers)))
    first, twin = await hear(office, urging, again)
    assert isinstance(first, Done)
    assert isinstance(twin, AlreadyDone)
    await asyncio.gather(*(hear(office, again) for _ in range(4)))
    assert (await case_of(office, case)).urges == 1
    (changed,) = await hear(office, replace(urging, message=replace(urging.message, words="别的话")))
    assert codes([changed]) == ["idempotency-key-reused"]


async def test_whoever_dies_between_ticket_and_case_does_the_rest_later(
    office: Office, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = a_call()
    (case,) = await filed(office, report)
    urging = about(report, MessageKind.URGE, words=SAID)

    async def dies(*_: object) -> None:
        raise Death

    with monkeypatch.context() as broken:
        broken.setattr(office_of_messages, "perform_many", dies)
        with pytest.raises(Death):
            await hear(office, urging)
    assert (await case_of(office, case)).urges == 0
    await hear(office, urging)
    assert (await case_of(office, case)).urges == 1
    assert (await ticket_of(office, report.id)).version == 3, "the words were taken once"


async def test_a_fault_of_ours_holds_up_one_message_and_loses_none(
    office: Office, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = calls_apart(3)
    cases = await filed(office, *reports)
    urgings = [about(report, MessageKind.URGE) for report in reports]

    async def stumbles(office: Office, requests: Sequence[Request]) -> list[Outcome]:
        if any(request.command.case == cases[1] for request in requests):
            raise ZeroDivisionError
        return await perform_many(office, requests)

    with monkeypatch.context() as broken:
        broken.setattr(office_of_messages, "perform_many", stumbles)
        verdicts = await hear(office, *urgings)
    assert [type(verdict) for verdict in verdicts] == [Done, Failed, Done]
    assert [(await case_of(office, case)).urges for case in cases] == [1, 0, 1]
    await make_due(pool)
    assert await hear_again(office) == 1
    assert (await case_of(office, cases[1])).urges == 1


async def test_the_messages_of_a_ticket_take_effect_in_their_order(office: Office) -> None:
    reports = calls_apart(4)
    await filed(office, *reports)
    for report in reports:
        await answered(office, report)
    unsolved = {"said": Said(True, False, None)}
    batch = [
        message
        for report in reports
        for message in (
            about(report, MessageKind.SUPPLEMENT),
            about(report, MessageKind.SATISFACTION, **unsolved),
            about(report, MessageKind.WITHDRAW),
            about(report, MessageKind.SUPPLEMENT),
        )
    ]
    verdicts = await hear(office, *batch)
    for n, report in enumerate(reports):
        own = verdicts[4 * n : 4 * n + 4]
        assert [type(verdict) for verdict in own] == [Done, Done, Done, Declined]
        assert (await ticket_of(office, report.id)).state is TicketState.WITHDRAWN, "re-opened, then taken back"


# --- Too early


async def test_what_comes_before_its_ticket_waits_and_is_tried_again(office: Office, pool: Pool) -> None:
    report = a_call()
    early, later = about(report, MessageKind.SUPPLEMENT), about(report, MessageKind.URGE)
    verdicts = await hear(office, early)
    assert codes(verdicts) == ["ticket-unknown"]
    await keep_rejects(office, [rejected(early)])
    await make_due(pool)
    assert await hear_again(office) == 0, "still nobody knows the ticket"
    await accepted(office, report)
    assert await hear(office, later) == [Done(report.id)], "its report is there and will be filed: it waits in silence"
    await file_many(office, [report.id])
    await make_due(pool)
    assert await hear_again(office) == 2
    assert await hear_again(office) == 0
    (case,) = await cases_behind(pool, report)
    assert (await case_of(office, case)).urges == 1
    assert (await ticket_of(office, report.id)).version == 3
    assert early.record not in {(one.topic, one.partition, one.offset) for one in await waiting_rejects(office)}


async def test_a_later_message_goes_behind_those_that_wait(office: Office, pool: Pool) -> None:
    report = a_call()
    early = about(report, MessageKind.SUPPLEMENT)
    await hear(office, early)
    await filed(office, report)
    back = about(report, MessageKind.WITHDRAW)
    assert [type(one) for one in await hear(office, back)] == [Done]
    assert await outcome_of(pool, early) == ("done", None), "before the withdrawal, not refused after it"


async def test_a_replayed_record_answers_its_reject_too(office: Office, pool: Pool) -> None:
    report = a_call()
    early = about(report, MessageKind.SUPPLEMENT)
    replayed = replace(early, record=("intake.hotline-messages.v1", 3, next(_numbers)))
    for one in (early, replayed):
        assert codes(await hear(office, one)) == ["ticket-unknown"]
    await keep_rejects(office, [rejected(replayed)])
    await filed(office, report)
    await make_due(pool)
    assert await hear_again(office) == 1
    assert [one for one in await waiting_rejects(office) if one.offset == replayed.record[2]] == []


async def test_who_waits_long_is_tried_seldom(office: Office, pool: Pool) -> None:
    report = a_call()
    await hear(office, about(report, MessageKind.URGE))
    await pool.execute(
        "UPDATE messages SET heard_at = now() - interval '1 day', next_try_at = now() WHERE ticket_no = $1",
        report.origin_key,
    )
    assert await hear_again(office) == 0
    wait = "SELECT next_try_at > now() + interval '9 minutes' FROM messages WHERE ticket_no = $1"
    assert await pool.fetchval(wait, report.origin_key)


async def cases_behind(pool: Pool, report: Report) -> list[CaseId]:
    rows = await pool.fetch("SELECT case_id FROM case_reports WHERE report_id = $1", report.id)
    return [CaseId(row["case_id"]) for row in rows]


def rejected(received: Received) -> Rejected:
    topic, partition, offset = received.record
    return Rejected(topic, partition, offset, 0, b"12345/x", [("schema", "00")], b"{}", "ticket-unknown", "")
