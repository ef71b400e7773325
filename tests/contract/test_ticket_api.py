"""12345 tickets from the call to the answer, by every door: filed, listed, answered over HTTP, swept, published."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from domain.actor import Actor, Role
from domain.catalogue import Urgency
from domain.ids import ReportId
from domain.report import Contact, Report, Source
from domain.ticket import Tier
from domain.ticket_events import TicketCommand, TicketVerb
from handlers.assign import assign_many
from handlers.file import file_many
from handlers.outcomes import Done
from handlers.ports import Office, new_id
from handlers.tickets import TicketRequest, act_many
from store.events import Entry, Position
from store.pool import Pool
from streams.relay import event_record
from streams.sweep import sweep
from streams.topics import REPORT_EVENTS
from tests.demo_city import (
    LAMP,
    SEWER_COVER,
    a_call,
    accepted,
    behind,
    case_of,
    dispatched,
    filed,
    in_district,
    spot,
)
from tests.front_door import FrontDoor

CENTRE = "hotline:12345"
SPOKEN = "王先生，路灯已经修好"
LINHU = in_district("439901")


async def a_ticket(office: Office, n: int = 0, **changes: Any) -> ReportId:
    """A call with a case and a ticket."""
    call = a_call(n, **{"origin": CENTRE, **changes})
    await filed(office, call)
    return call.id


async def act(city: FrontDoor, who: str, report: ReportId, verb: str, version: int, **body: Any) -> httpx.Response:
    return await city.post(who, f"/v1/tickets/{report}/actions/{verb}", body, If_Match=f'"{version}"')


async def seen(city: FrontDoor, report: ReportId, who: str = "desk-1") -> dict[str, Any]:
    reply = await city.get(who, f"/v1/tickets/{report}")
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    assert reply.headers["etag"] == f'"{found["version"]}"'
    return found


# --- With the case


async def test_filing_a_call_opens_its_ticket_in_the_tier_its_category_has(office: Office, pool: Pool) -> None:
    lamp, cover = a_call(0, LAMP), a_call(1, SEWER_COVER, urgency=Urgency.NORMAL)
    seen_by_inspector = a_call(2, source=Source.INSPECTOR)
    await filed(office, lamp, cover, seen_by_inspector)
    rows = await pool.fetch("SELECT report_id, tier FROM tickets WHERE report_id = ANY ($1)", [
        lamp.id, cover.id, seen_by_inspector.id
    ])  # fmt: skip
    assert {row["report_id"]: row["tier"] for row in rows} == {lamp.id: Tier.GENERAL, cover.id: Tier.URGENT}


async def test_every_caller_behind_one_case_has_a_ticket_of_their_own(city: FrontDoor, office: Office) -> None:
    one, other = a_call(3, origin=CENTRE), a_call(3, origin=CENTRE, point=spot(3, north=5))
    (case_id,) = await filed(office, one)
    assert await filed(office, other) == [case_id]
    case = await case_of(office, case_id)
    for report, opened in ((one.id, True), (other.id, False)):
        found = await seen(city, report)
        assert found["cases"] == [{"no": case.no, "state": "pending_dispatch", "opened": opened}]
        assert found["state"] == "open"
    await act(city, "hotline-12345", one.id, "answer", 2, text=SPOKEN)
    assert (await seen(city, other.id))["state"] == "open", "who answered one has not answered the other"


async def test_filing_twice_opens_one_ticket(office: Office, pool: Pool) -> None:
    (report,) = await accepted(office, a_call(4))
    await asyncio.gather(*(file_many(office, [report]) for _ in range(4)))
    assert await pool.fetchval("SELECT count(*) FROM events WHERE subject = $1", report) == 2


# --- Over HTTP


async def test_a_ticket_goes_its_way(city: FrontDoor, office: Office) -> None:
    report = await a_ticket(office, 5, text="路灯不亮")
    first = await seen(city, report, "hotline-12345")
    assert (first["version"], first["state"], first["text"]) == (2, "open", "路灯不亮")
    assert first["verbs"] == ["contact", "answer", "supplement", "withdraw"]
    assert (await act(city, "hotline-12345", report, "contact", 2, text="约今晚")).status_code == 200
    reply = await act(city, "desk-1", report, "answer", 3, text=SPOKEN)
    assert (reply.json(), reply.headers["etag"]) == ({"report_id": str(report), "version": 4}, '"4"')
    said = {"contacted": True, "solved": False, "satisfied": None}
    await act(city, "hotline-12345", report, "call-back", 4, call_back=said, text="还是不亮")
    again = await seen(city, report)
    assert (again["state"], again["reopened"], len(again["promises"])) == ("open", 1, 4)
    assert [{k: c[k] for k in said} for c in again["call_backs"]] == [said]
    await act(city, "desk-1", report, "regrade", 5, tier="hard", reason="需协调供电公司")
    await act(city, "hotline-12345", report, "answer", 6, text=f"{SPOKEN}，换了电缆")
    await act(city, "hotline-12345", report, "call-back", 7, call_back={**said, "solved": True, "satisfied": True})
    last = await seen(city, report)
    assert (last["state"], last["tier"], last["verbs"]) == ("ended", "hard", [])
    assert [one["text"] for one in last["answers"]] == [SPOKEN, f"{SPOKEN}，换了电缆"]
    steps = (await city.get("desk-1", f"/v1/tickets/{report}/history")).json()
    assert [(s["version"], s["type"], s["state"]) for s in steps] == [
        (2, "opened", "open"), (3, "contacted", "contacted"), (4, "answered", "answered"), (5, "called_back", "open"),
        (6, "regraded", "open"), (7, "answered", "answered"), (8, "called_back", "ended"),
    ]  # fmt: skip
    assert [s["text"] for s in steps if s["text"]] == ["约今晚", SPOKEN, "还是不亮", f"{SPOKEN}，换了电缆"]
    assert steps[4]["reason"] == "需协调供电公司"
    assert steps[4]["tier"] == "hard"


@pytest.mark.parametrize(
    ("who", "verb", "body", "status", "code"),
    [
        ("hotline-12345", "answer", {}, 422, "text-empty"),
        ("hotline-12345", "answer", {"text": "x" * 4001}, 422, "text-too-long"),
        ("hotline-12345", "answer", {"text": "a\x00b"}, 422, "text-control-char"),
        ("hotline-12345", "answer", {"note": "x"}, 422, "field-unknown"),
        ("hotline-12345", "call-back", {"call_back": {}}, 409, "verb-not-allowed"),
        ("hotline-12345", "regrade", {"tier": "hard", "reason": "x"}, 403, "actor-not-allowed"),
        ("hotline-12345", "expire", {}, 403, "actor-not-allowed"),
        ("hotline-12345", "open", {}, 409, "verb-not-allowed"),
        ("hotline-12345", "burn", {}, 422, "type-mismatch"),
        ("desk-1", "regrade", {"tier": "hard"}, 422, "reason-required"),
        ("desk-1", "regrade", {"reason": "x"}, 422, "field-missing"),
        ("desk-1", "regrade", {"tier": "later", "reason": "x"}, 422, "type-mismatch"),
        ("desk-1", "regrade", {"tier": "general", "reason": "x"}, 409, "guard-not-met"),
        ("desk-1", "withdraw", {}, 403, "actor-not-allowed"),
        ("viewer-1", "contact", {}, 403, "role-not-allowed"),
    ],
)
async def test_what_is_refused_changes_nothing_and_says_why(
    city: FrontDoor, office: Office, who: str, verb: str, body: dict[str, Any], status: int, code: str
) -> None:
    report = await a_ticket(office, 6)
    reply = await act(city, who, report, verb, 2, **body)
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert (await seen(city, report))["version"] == 2


async def test_the_version_looked_at_is_asked_for_and_the_present_one_told(city: FrontDoor, office: Office) -> None:
    report = await a_ticket(office, 7)
    where = f"/v1/tickets/{report}/actions/contact"
    for headers in ({}, {"If_Match": "2"}, {"If_Match": "*"}):
        reply = await city.post("desk-1", where, {}, **headers)
        assert (reply.status_code, reply.json()["code"]) == (428, "precondition-required")
    reply = await act(city, "desk-1", report, "contact", 1)
    assert (reply.status_code, reply.headers["etag"], reply.json()["current_version"]) == (409, '"2"', 2)


async def test_a_repeat_is_answered_as_the_first_and_says_so(city: FrontDoor, office: Office) -> None:
    report = await a_ticket(office, 8)
    where, key = f"/v1/tickets/{report}/actions/answer", str(new_id())
    headers = {"If_Match": '"2"', "Idempotency_Key": key}
    first = await city.post("desk-1", where, {"text": SPOKEN}, **headers)
    again = await city.post("desk-1", where, {"text": SPOKEN}, **headers)
    assert (first.status_code, again.json()) == (200, first.json())
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    other = await city.post("desk-1", where, {"text": "另一个答复"}, **headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_a_key_is_one_for_cases_and_tickets(city: FrontDoor, office: Office) -> None:
    call = a_call(9, None, text="说不清")
    (case_id,) = await filed(office, call)
    case = await case_of(office, case_id)
    key = str(new_id())
    headers = {"If_Match": '"2"', "Idempotency_Key": key}
    assert (await city.post("desk-1", f"/v1/tickets/{call.id}/actions/contact", {}, **headers)).status_code == 200
    headers["If_Match"] = '"1"'
    reply = await city.post("desk-1", f"/v1/cases/{case.no}/actions/refuse", {"reason": "不属实"}, **headers)
    assert (reply.status_code, reply.json()["code"]) == (422, "idempotency-key-reused")


async def test_who_sees_a_ticket(city: FrontDoor, office: Office) -> None:
    call, stranger = a_call(LINHU, origin=CENTRE), a_call(LINHU + 1, origin="hotline:elsewhere")
    await dispatched(office, call, stranger)
    for who, status in (
        ("hotline-12345", 200), ("desk-1", 200), ("admin-1", 200), ("unit-lighting", 200), ("unit-gas", 404),
        ("inspector-1", 403), ("viewer-1", 403), ("officer-1", 403),
    ):  # fmt: skip
        for path in ("", "/history"):
            assert (await city.get(who, f"/v1/tickets/{call.id}{path}")).status_code == status, who
        listed = await city.get(who, "/v1/tickets?limit=200")
        if listed.status_code == 200:
            found = {line["report_id"] for line in listed.json()["items"]}
            assert (str(call.id) in found) is (status == 200), who
    assert (await city.get("hotline-12345", f"/v1/tickets/{stranger.id}")).status_code == 404
    assert (await act(city, "hotline-12345", stranger.id, "contact", 2)).status_code == 404
    assert (await act(city, "unit-gas", call.id, "contact", 2)).status_code == 404
    assert (await act(city, "unit-lighting", call.id, "contact", 2, text="已联系")).status_code == 200
    assert (await city.get("desk-1", f"/v1/tickets/{new_id()}")).status_code == 404


async def test_a_call_made_over_http_belongs_to_who_made_it(city: FrontDoor, office: Office) -> None:
    body = {"text": "路灯不亮", "areas": ["临湖区"], "caller": {"name": "王先生", "phone": "13912345678"}}
    reply = await city.post("hotline-12345", "/v1/reports", body, Idempotency_Key=str(new_id()))
    report = ReportId(UUID(reply.json()["report_id"]))
    assert (await city.get("hotline-12345", f"/v1/tickets/{report}")).status_code == 404, "not filed yet"
    assert isinstance((await file_many(office, [report]))[0], Done)
    found = await city.get("hotline-12345", f"/v1/tickets/{report}")
    assert found.status_code == 200
    assert "13912345678" not in found.text


async def test_the_list_is_read_page_by_page(city: FrontDoor, office: Office) -> None:
    for n in range(5):
        await a_ticket(office, 20 + n, urgency=Urgency.CRITICAL)
    pages, cursor = [], ""
    while True:
        page = (await city.get("desk-1", f"/v1/tickets?tier=emergency&limit=2{cursor}")).json()
        pages.append(page["items"])
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    lines = [line for page in pages for line in page]
    assert len(lines) == len({line["report_id"] for line in lines}) >= 5
    assert [line["due_at"] for line in lines] == sorted(line["due_at"] for line in lines)
    assert {line["tier"] for line in lines} == {"emergency"}
    for query, code in (
        ("cursor=x", "cursor-invalid"),
        ("state=lost", "type-mismatch"),
        ("limit=0", "limit-out-of-range"),
    ):
        assert (await city.get("desk-1", f"/v1/tickets?{query}")).json()["code"] == code


# --- The clock and the stream


async def test_the_sweep_strikes_for_tickets_too(city: FrontDoor, office: Office, pool: Pool) -> None:
    late = await a_report_long_ago(office, pool)
    struck = asyncio.Event()
    task = asyncio.create_task(sweep(office, lambda expired: struck.set() if expired else None))
    async with asyncio.timeout(10):
        await struck.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    found = await seen(city, late)
    assert found["overdue"]
    assert {promise["state"] for promise in found["promises"]} == {"missed"}


async def a_report_long_ago(office: Office, pool: Pool) -> ReportId:
    """A call that lay unfiled for days; the record dates reports itself, so the date is set there."""
    call = a_call(31, origin=CENTRE)
    await accepted(office, call)
    await pool.execute("UPDATE reports SET received_at = now() - interval '9 days' WHERE id = $1", call.id)
    await file_many(office, [call.id])
    return call.id


async def test_a_tickets_events_follow_its_reports_on_one_topic_and_tell_nothing_personal(
    office: Office, pool: Pool
) -> None:
    report = await a_ticket(office, 32, contact=Contact("王先生", "13912345678"), text="王先生家路灯不亮")
    desk = Actor("desk-1", Role.DESK)
    await act_many(office, [TicketRequest(TicketCommand(TicketVerb.ANSWER, desk, report, words=SPOKEN, reason=SPOKEN))])
    rows = await pool.fetch("SELECT * FROM events WHERE subject = $1 ORDER BY version", report)
    records = [
        event_record(
            Entry(Position(r["tx"], r["seq"]), r["subject"], r["version"], r["type"], r["at"], r["route"], r["doc"])
        )
        for r in rows
    ]
    assert {(r.topic, r.partition, r.key) for r in records} == {
        (REPORT_EVENTS, records[0].partition, str(report).encode())
    }
    headers = [dict(record.headers) for record in records]
    assert [(h["type"], h["schema"], h["version"]) for h in headers] == [
        (b"report.accepted", b"report-event.v1", b"1"),
        (b"ticket.opened", b"ticket-event.v1", b"2"),
        (b"ticket.answered", b"ticket-event.v1", b"3"),
    ]
    told = b"".join(record.value for record in records).decode()
    assert not any(word in told for word in ("王先生", "13912345678", "路灯"))


async def test_assigning_and_filing_go_on_as_before(office: Office) -> None:
    """The control: a ticket changes nothing about its report's case."""
    call: Report = a_call(33)
    (case_id,) = await filed(office, call)
    await assign_many(office, [case_id])
    case = await case_of(office, case_id)
    assert (await behind(office, case), case.version) == ((call.id,), 2)
    assert case.opened_at - datetime.now(UTC) < timedelta(minutes=1)
