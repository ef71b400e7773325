"""The HTTP door: how a verb is asked for, repeated, refused, and offered."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import asyncpg
import pytest

from domain.actor import Role
from domain.case import State
from domain.commands import Verb
from domain.ids import CaseId
from handlers.assign import assign_many
from handlers.file import file_many
from handlers.outcomes import Done
from handlers.ports import Office, new_id
from tests.contract.api_city import (
    CLIENTS,
    DARK,
    LINHU,
    a_key,
    act,
    another_city,
    complete,
    in_state,
    live_case,
    many_in_state,
    reported,
    seen,
)
from tests.demo_city import (
    LAMP,
    SEWER_COVER,
    a_call,
    case_of,
    dispatched,
    filed,
    grid,
)
from tests.front_door import FrontDoor


async def test_a_verb_needs_the_version_that_was_looked_at(city: FrontDoor, office: Office) -> None:
    case = await in_state(office, State.PENDING_DISPOSAL)
    path = f"/v1/cases/{case.no}/actions/accept"
    for match in (None, "", "2", "*", '"x"', '"2", "3"', '"-1"', '"9999999999"'):
        headers = {} if match is None else {"If_Match": match}
        answer = await city.post("unit-lighting", path, {}, **headers)
        assert (answer.status_code, answer.json()["code"]) == (428, "precondition-required"), match
    stale = await city.post("unit-lighting", path, {}, If_Match='"1"')
    assert (stale.status_code, stale.json()["code"]) == (409, "version-conflict")
    assert stale.json()["current_version"] == case.version
    assert stale.headers["etag"] == f'"{case.version}"'
    done = await city.post("unit-lighting", path, {}, If_Match=stale.headers["etag"])
    assert done.status_code == 200
    assert done.headers["etag"] == '"3"'
    assert done.json() == {"no": case.no, "version": 3}
    weak = await city.post("unit-lighting", path.replace("accept", "finish"), {}, If_Match='W/"3"')
    assert weak.status_code == 200


async def test_the_whole_road_through_the_front_door(city: FrontDoor, office: Office) -> None:
    report = await reported(city, "inspector-1", n=LINHU + 7, category=None, text="说不清楚是什么")
    (outcome,) = await file_many(office, [report])
    case = await case_of(office, CaseId(outcome.subject)) if isinstance(outcome, Done) else pytest.fail("not filed")
    etag = (await city.get("desk-1", f"/v1/cases/{case.no}")).headers["etag"]

    async def does(who: str, verb: str, **body: Any) -> dict[str, Any]:
        nonlocal etag
        answer = await city.post(who, f"/v1/cases/{case.no}/actions/{verb}", body, If_Match=etag)
        assert answer.status_code == 200, f"{verb}: {answer.text}"
        etag = answer.headers["etag"]
        return await seen(city, "admin-1", case)

    shown = await does("desk-1", "file", category=LAMP, area=grid(LINHU + 7))
    assert shown["state"] == "pending_dispatch"
    shown = await does("dispatcher-1", "dispatch", unit="lighting", assist=["power"], reason="旧线路")
    assert [(t["unit"], t["part"]) for t in shown["tasks"]] == [("lighting", "lead"), ("power", "assist")]
    assert (await does("unit-lighting", "accept"))["state"] == "disposing"
    assert (await does("unit-power", "accept"))["state"] == "disposing"
    await does("unit-power", "finish", note="已断电配合")
    assert (await does("unit-lighting", "finish", note="换灯"))["state"] == "pending_check"
    assert (await does("officer-1", "fail", reason="still-dark"))["state"] == "pending_disposal"
    await does("unit-lighting", "accept")
    await does("unit-lighting", "finish", note="换线")
    shown = await does("officer-1", "pass")
    assert (shown["state"], shown["reworks"]) == ("closed", 1)
    assert [report["text"] for report in shown["reports"]] == ["说不清楚是什么"]


async def test_a_task_is_worked_on_by_its_own_address(city: FrontDoor, office: Office) -> None:
    case = await in_state(office, State.PENDING_DISPOSAL)
    task = case.tasks[0].id
    done = await city.post("unit-lighting", f"/v1/tasks/{task}/actions/accept", {}, If_Match='"2"')
    assert done.status_code == 200
    wrong = await city.post("unit-lighting", f"/v1/tasks/{task}/actions/pass", {}, If_Match='"3"')
    assert (wrong.status_code, wrong.json()["code"]) == (409, "verb-not-allowed")
    missing = await city.post("unit-lighting", f"/v1/tasks/{new_id()}/actions/finish", {}, If_Match='"3"')
    assert missing.status_code == 404
    key = a_key()
    for replayed in (None, "true"):
        answer = await city.post(
            "unit-lighting", f"/v1/tasks/{task}/actions/finish", {"note": "好"}, If_Match='"3"', Idempotency_Key=key
        )
        assert (answer.status_code, answer.json()["version"]) == (200, 4)
        assert answer.headers.get("idempotent-replayed") == replayed


@pytest.mark.parametrize("verb", ["accept", "finish", "send-back"])
async def test_a_repeated_verb_gets_its_first_answer(city: FrontDoor, office: Office, verb: str) -> None:
    case = await in_state(office, State.PENDING_DISPOSAL if verb == "accept" else State.DISPOSING)
    path, key = f"/v1/cases/{case.no}/actions/{verb}", a_key()
    sent = {"If_Match": f'"{case.version}"', "Idempotency_Key": key}
    first = await city.post("unit-lighting", path, {"reason": "not-ours"}, **sent)
    assert first.status_code == 200
    if verb == "send-back":
        await assign_many(office, [case.id])
    again = await city.post("unit-lighting", path, {"reason": "not-ours"}, **sent)
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    other = await city.post("unit-lighting", path, {"reason": "another"}, **sent)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


_STATES = (State.REPORTED, State.PENDING_DISPATCH, State.PENDING_DISPOSAL, State.DISPOSING, State.PENDING_CHECK)


@pytest.mark.parametrize("state", _STATES)
async def test_what_may_be_done_is_what_can_be_done(city: FrontDoor, office: Office, state: State) -> None:
    """Each listed verb works and each unlisted one is refused, for every role that may act."""
    partner = await in_state(office, State.PENDING_DISPATCH)
    other = await reported(city, n=LINHU, category=None, text=DARK)
    await file_many(office, [other])
    for role in (Role.DESK, Role.CHIEF, Role.DISPATCHER, Role.UNIT, Role.OFFICER, Role.SUPERVISOR, Role.ADMIN):
        who = CLIENTS[role]
        if role is Role.UNIT and state in (State.REPORTED, State.PENDING_DISPATCH):
            continue  # no unit has been asked, so none may look
        cases = await many_in_state(office, len(Verb), state)
        for verb, case in zip(Verb, cases, strict=True):
            offer = (await city.get(who, f"/v1/cases/{case.no}/actions")).json()
            assert offer["version"] == case.version
            listed = {*offer["verbs"], *(v for own in offer["tasks"].values() for v in own)}
            shown = await seen(city, "admin-1", case)
            answer = await act(city, who, case, verb, **complete(verb, shown, str(other), partner.no))
            assert (answer.status_code == 200) is (verb in listed), f"{role} at {state}: {verb} {answer.text}"
            assert answer.status_code in (200, 403, 404, 409, 422), f"{role} at {state}: {verb} {answer.text}"


async def test_a_second_report_is_joined_by_hand(city: FrontDoor, office: Office) -> None:
    case = await in_state(office, State.PENDING_DISPATCH)
    assert "join" in (await city.get("desk-1", f"/v1/cases/{case.no}/actions")).json()["verbs"]
    other = await reported(city, category=None, text=DARK)
    unfiled = await act(city, "desk-1", case, "join", report=str(other))
    assert (unfiled.status_code, unfiled.json()["code"]) == (422, "report-required"), "it has no home yet"
    await file_many(office, [other])
    assert (await act(city, "desk-1", case, "join", report=str(other))).status_code == 200
    assert str(other) in {report["id"] for report in (await seen(city, "desk-1", case))["reports"]}
    assert len((await city.get("hotline-12345", f"/v1/reports/{other}")).json()["cases"]) == 2
    twice = await act(city, "desk-1", await case_of(office, case.id), "join", report=str(other))
    assert (twice.status_code, twice.json()["code"]) == (409, "report-joined")


@pytest.mark.parametrize("report", [None, str(new_id())])
async def test_joining_by_hand_without_a_report_changes_nothing(
    city: FrontDoor, office: Office, report: str | None
) -> None:
    case = await in_state(office, State.PENDING_DISPATCH)
    answer = await act(city, "desk-1", case, "join", **({"report": report} if report else {}))
    assert (answer.status_code, answer.json()["code"]) == (422, "report-required")
    assert await case_of(office, case.id) == case


@pytest.mark.parametrize(
    ("verb", "who", "state", "body", "status", "code"),
    [
        ("send-back", "unit-lighting", State.DISPOSING, {}, 422, "reason-required"),
        ("fail", "officer-1", State.PENDING_CHECK, {}, 422, "reason-required"),
        ("refuse", "desk-1", State.REPORTED, {}, 422, "reason-required"),
        ("dispatch", "dispatcher-1", State.PENDING_DISPATCH, {}, 422, "unit-required"),
        ("dispatch", "dispatcher-1", State.PENDING_DISPATCH, {"unit": "nobody"}, 422, "unit-unknown"),
        (
            "dispatch",
            "dispatcher-1",
            State.PENDING_DISPATCH,
            {"unit": "roads", "assist": ["roads"]},
            422,
            "unit-unknown",
        ),
        ("file", "desk-1", State.REPORTED, {}, 422, "filing-incomplete"),
        ("file", "desk-1", State.REPORTED, {"category": "99999"}, 422, "category-unknown"),
        ("file", "desk-1", State.REPORTED, {"category": LAMP, "condition": "01002-1"}, 422, "condition-mismatch"),
        ("file", "desk-1", State.REPORTED, {"category": LAMP, "area": "000"}, 422, "area-unknown"),
        ("pass", "officer-1", State.DISPOSING, {}, 409, "verb-not-allowed"),
        ("expire", "admin-1", State.DISPOSING, {}, 403, "actor-not-allowed"),
        ("pass", "desk-1", State.PENDING_CHECK, {}, 403, "actor-not-allowed"),
        ("pass", "admin-1", State.PENDING_CHECK, {}, 403, "actor-not-allowed"),
        ("fly", "admin-1", State.DISPOSING, {}, 422, "type-mismatch"),
        ("accept", "unit-lighting", State.PENDING_DISPOSAL, {"version": 2}, 422, "field-unknown"),
        ("accept", "unit-lighting", State.PENDING_DISPOSAL, {"reason": 7}, 422, "type-mismatch"),
        ("finish", "unit-lighting", State.DISPOSING, {"note": "长" * 2001}, 422, "text-too-long"),
    ],
)
async def test_a_verb_that_is_refused_says_why(
    city: FrontDoor, office: Office, verb: str, who: str, state: State, body: dict[str, Any], status: int, code: str
) -> None:
    case = await in_state(office, state)
    answer = await act(city, who, case, verb, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert await case_of(office, case.id) == case


@pytest.fixture
async def sandbox(postgres_dsn: str) -> AsyncIterator[FrontDoor]:
    """A door on a database of its own, for what might spoil it for others."""
    with suppress(asyncpg.PostgresError):  # a spoilt application ends with what spoilt it
        async with another_city(postgres_dsn) as door:
            yield door


@pytest.mark.parametrize("field", ["reason", "note"])
async def test_words_of_a_verb_are_cleaned_like_those_of_a_report(sandbox: FrontDoor, field: str) -> None:
    office = sandbox.tools.office
    case = await in_state(office, State.DISPOSING)
    async with sandbox.listen("viewer-1") as line:
        answer = await act(sandbox, "unit-lighting", case, "send-back", **{"reason": "x", field: "a\x00b"})
        other = await live_case(office)
        assert other.no in {event["no"] for event in await line.silence()}
    assert (answer.status_code, answer.json()["code"]) == (422, "text-control-char")


async def test_the_desk_that_only_places_a_case_keeps_what_was_heard(city: FrontDoor, office: Office) -> None:
    (case_id,) = await filed(office, a_call(0, None, text="路灯漏电了", point=None))
    case = await case_of(office, case_id)
    assert case.condition is not None
    assert case.condition.id == "01037-2"
    assert (await act(city, "desk-1", case, "file", area=grid(LINHU + 63))).status_code == 200
    after = await case_of(office, case_id)
    assert after.condition == case.condition


async def test_a_case_cannot_be_filed_nowhere(city: FrontDoor, office: Office) -> None:
    (case_id,) = await filed(office, a_call(0, None, text="路灯常亮", point=None))
    case = await case_of(office, case_id)
    answer = await act(city, "desk-1", case, "file", category=LAMP)
    assert (answer.status_code, answer.json()["code"]) == (422, "filing-incomplete")


async def test_a_unit_sees_and_touches_only_its_own_cases(city: FrontDoor, office: Office) -> None:
    case = await in_state(office, State.PENDING_DISPOSAL)
    for path in ("", "/reports", "/history", "/explain", "/actions"):
        assert (await city.get("unit-lighting", f"/v1/cases/{case.no}{path}")).status_code == 200
        assert (await city.get("unit-gas", f"/v1/cases/{case.no}{path}")).status_code == 404
    assert (await act(city, "unit-gas", case, "accept")).status_code == 404
    foreign = await city.post("unit-gas", f"/v1/tasks/{case.tasks[0].id}/actions/accept", {}, If_Match='"2"')
    assert foreign.status_code == 404
    assert case.no not in (await city.get("unit-gas", "/v1/cases?limit=200")).text
    assert case.no not in (await city.get("unit-gas", "/v1/tasks?limit=200")).text
    assert await case_of(office, case.id) == case
    # an assistant sees the case and has no say over the lead's task
    wide = await case_of(office, (await dispatched(office, a_call(LINHU + 65, SEWER_COVER)))[0])
    lead = next(task for task in wide.tasks if task.unit == "drainage")
    assert (await city.get("unit-traffic-police", f"/v1/cases/{wide.no}")).status_code == 200
    path = f"/v1/tasks/{lead.id}/actions/accept"
    assert (await city.post("unit-traffic-police", path, {}, If_Match='"2"')).status_code == 404
