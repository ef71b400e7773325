"""The HTTP door: who may enter, what is said of bad input, lists, verbs, the live stream, and what is promised."""

import asyncio
import base64
import json
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from pydantic import BaseModel, TypeAdapter

from api import schemas
from api.app import create_app
from api.auth import PUBLIC, ROUTES
from api.schemas import ReportIn
from domain.case import Case, State
from domain.commands import Role, Verb
from domain.ids import CaseId, ReportId
from domain.report import Report
from handlers.assign import assign_many
from handlers.file import file_many
from handlers.outcomes import Done
from handlers.ports import Office, new_id
from runtime.telemetry import METRICS
from store.clients import Clients
from store.pool import Pool
from tests.conftest import fresh_database
from tests.demo_city import (
    LAMP,
    NO_RULE,
    SEWER_COVER,
    a_call,
    case_of,
    cases_of,
    dispatched,
    filed,
    grid,
    in_district,
    on_task,
    pack,
    perform,
    spot,
)
from tests.front_door import NOBODY, FrontDoor, api_routes, front_door, keys_of
from tests.wire import Wire, wire

CLIENTS = {  # one client of every role
    Role.INSPECTOR: "inspector-1",
    Role.HOTLINE: "hotline-12345",
    Role.DESK: "desk-1",
    Role.DISPATCHER: "dispatcher-1",
    Role.UNIT: "unit-lighting",
    Role.OFFICER: "officer-1",
    Role.VIEWER: "viewer-1",
    Role.ADMIN: "admin-1",
}
LINHU = in_district("439901")  # where inspector-1 and officer-1 work
SECRET = "张三丰 13912345678"  # noqa: S105  (a person's, to be found where it must not be)


def a_body(n: int = 0, **changes: Any) -> dict[str, Any]:
    """A report as a phone sends it."""
    at = spot(n)
    position = {"lon": at.lon, "lat": at.lat, "crs": "EPSG:4326"}
    return {"text": "路灯不亮", "category": LAMP, "position": position, **changes}


def a_key() -> str:
    return f"key-{new_id()}"


async def reported(city: FrontDoor, who: str = "hotline-12345", **body: Any) -> ReportId:
    """A report let in by the front door."""
    answer = await city.post(who, "/v1/reports", a_body(**body), Idempotency_Key=a_key())
    assert answer.status_code == 202, answer.text
    return ReportId(UUID(answer.json()["report_id"]))


async def seen(city: FrontDoor, who: str, case: Case | str) -> dict[str, Any]:
    no = case if isinstance(case, str) else case.no
    answer = await city.get(who, f"/v1/cases/{no}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def act(city: FrontDoor, who: str, case: Case, verb: str, **body: Any) -> httpx.Response:
    """A verb with the version the client would have seen."""
    return await city.post(who, f"/v1/cases/{case.no}/actions/{verb}", body, If_Match=f'"{case.version}"')


def a_coarse_call(category: str | None = LAMP, *areas: str, **changes: Any) -> Report:
    """A call that names a street and has no point: the same incident as no other, however many there are."""
    return a_call(0, category, point=None, area_names=areas or ("临湖区", "望湖街道"), **changes)


async def many_in_state(office: Office, number: int, state: State, category: str = LAMP) -> list[Case]:
    """Cases brought to a state by the road everybody takes."""
    if state is State.REPORTED:
        return await cases_of(office, await filed(office, *(a_coarse_call(None, text="说不清") for _ in range(number))))
    cases = await filed(office, *(a_coarse_call(category) for _ in range(number)))
    road = (State.PENDING_DISPATCH, State.PENDING_DISPOSAL, State.DISPOSING, State.PENDING_CHECK)
    steps = road.index(state)
    if steps >= 1:
        await assign_many(office, cases)
    for verb in (Verb.ACCEPT, Verb.FINISH)[: max(0, steps - 1)]:
        await perform(office, *(on_task(case, verb) for case in await cases_of(office, cases)))
    found = await cases_of(office, cases)
    assert {case.state for case in found} == {state}
    return found


async def in_state(office: Office, state: State, category: str = LAMP) -> Case:
    """One of them."""
    return (await many_in_state(office, 1, state, category))[0]


# --- Who may enter


def test_every_route_is_declared_and_every_declaration_is_a_route() -> None:
    served = {f"{method} {route.path}" for route in api_routes() for method in route.methods or ()}
    own = {"GET /metrics", "GET /openapi.json", "GET /docs"}
    assert served | own == set(ROUTES) | PUBLIC


def test_a_route_nobody_declared_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.app.ROUTES", {k: v for k, v in ROUTES.items() if k != "GET /v1/cases/{no}"})

    async def scrape(_: object) -> bytes:
        return b""

    with pytest.raises(RuntimeError, match="GET /v1/cases/"):
        create_app(lambda: pytest.fail("opened"), scrape)


@pytest.mark.parametrize("route", sorted(ROUTES))
async def test_a_route_is_open_to_its_roles_and_to_no_other(city: FrontDoor, office: Office, route: str) -> None:
    case = await in_state(office, State.PENDING_DISPOSAL)
    report = await reported(city)
    method, _, path = route.partition(" ")
    filled = path.format(no=case.no, verb="accept", task_id=case.tasks[0].id, report_id=report)
    for role, client in CLIENTS.items():
        if path == "/v1/stream" and role in ROUTES[route]:
            async with city.listen(client) as line:
                assert line.status == 200
            continue
        answer = await city.ask(client, method, filled, headers={"If-Match": '"99"'}, **_json(method))
        if role in ROUTES[route]:
            assert answer.status_code not in (401, 405, 500), f"{role}: {answer.text}"
            assert answer.status_code != 403 or answer.json()["code"] != "role-not-allowed"
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "role-not-allowed"), role
    for header in (None, "Bearer cl_unknown", "Basic abc", "Bearer", "Bearer  ", f"Token {city.keys['admin-1']}"):
        headers = {"Authorization": header} if header else {}
        answer = await city.ask(NOBODY, method, filled, headers=headers, **_json(method))
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["code"].startswith("credentials-")


def _json(method: str) -> dict[str, Any]:
    return {"json": {}} if method == "POST" else {}


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/openapi.json", "/docs"])
async def test_health_figures_and_docs_need_no_key(city: FrontDoor, path: str) -> None:
    assert (await city.get(NOBODY, path)).status_code == 200


async def test_a_new_key_replaces_the_old_and_is_stored_hashed(city: FrontDoor, pool: Pool) -> None:
    old = city.keys["unit-gas"]
    new = str(await Clients(pool).issue("unit-gas"))
    assert (await city.ask(NOBODY, "GET", "/v1/tasks", headers={"Authorization": f"Bearer {old}"})).status_code == 401
    assert (await city.ask(NOBODY, "GET", "/v1/tasks", headers={"Authorization": f"bearer {new}"})).status_code == 200
    city.keys["unit-gas"] = new
    rows = await pool.fetch("SELECT key_hash FROM clients")
    assert not any(key.encode() in row["key_hash"] for key in city.keys.values() for row in rows if row["key_hash"])
    assert await Clients(pool).issue("nobody") is None


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "route-unknown"),
        ("DELETE", "/v1/reports", 405, "method-not-allowed"),
        ("PUT", "/v1/cases", 405, "method-not-allowed"),
        ("POST", "/livez", 405, "method-not-allowed"),
    ],
)
async def test_what_does_not_exist_is_told_as_a_problem_too(
    city: FrontDoor, method: str, path: str, status: int, code: str
) -> None:
    answer = await city.ask("admin-1", method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


# --- Reports come in


async def test_a_report_can_be_read_the_moment_it_is_acknowledged(city: FrontDoor, office: Office) -> None:
    body = a_body(1, text="路灯不亮\r\n三天了", urgency="urgent", address="中山路 1 号")
    body["captured_at"] = (datetime.now(UTC) - timedelta(minutes=3)).isoformat()
    answer = await city.post("inspector-1", "/v1/reports", body, Idempotency_Key=a_key())
    assert answer.status_code == 202
    assert "Idempotent-Replayed" not in answer.headers
    where = answer.headers["location"]
    assert answer.json()["links"]["self"] == where
    report = (await city.get("inspector-1", where)).json()
    assert report["id"] == answer.json()["report_id"]
    assert (report["text"], report["source"], report["cases"]) == ("路灯不亮\n三天了", "inspector", [])
    assert report["point"]["crs"] == "EPSG:4326"
    (outcome,) = await file_many(office, [ReportId(UUID(report["id"]))])
    assert isinstance(outcome, Done)
    (link,) = (await city.get("inspector-1", where)).json()["cases"]
    case = await case_of(office, CaseId(outcome.subject))
    assert link == {"no": case.no, "state": "pending_dispatch", "opened": True}


async def test_a_repeat_is_answered_as_the_first_and_says_so(city: FrontDoor, pool: Pool) -> None:
    key, body = a_key(), a_body(2)
    first = await city.post("hotline-12345", "/v1/reports", body, Idempotency_Key=key)
    again = await city.post("hotline-12345", "/v1/reports", body, Idempotency_Key=key)
    assert again.status_code == first.status_code == 202
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    changed = await city.post("hotline-12345", "/v1/reports", {**body, "text": SECRET}, Idempotency_Key=key)
    assert (changed.status_code, changed.json()["code"]) == (422, "idempotency-key-reused")
    other = await city.post("desk-1", "/v1/reports", body, Idempotency_Key=key)
    assert other.status_code == 202
    assert other.json() != first.json(), "keys are each client's own"
    assert await pool.fetchval("SELECT count(*) FROM reports WHERE origin_key = $1", key) == 2


async def test_a_crowd_with_one_key_gets_one_report_and_a_crowd_with_many_gets_many(city: FrontDoor) -> None:
    key, body = a_key(), a_body(3)
    same = await asyncio.gather(
        *(city.post("hotline-12345", "/v1/reports", body, Idempotency_Key=key) for _ in range(20))
    )
    assert {answer.status_code for answer in same} == {202}
    assert len({answer.json()["report_id"] for answer in same}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in same) == 1
    many = await asyncio.gather(
        *(city.post("hotline-12345", "/v1/reports", body, Idempotency_Key=a_key()) for _ in range(60))
    )
    assert len({answer.json()["report_id"] for answer in many}) == 60


async def test_one_bad_report_among_many_fails_alone(city: FrontDoor) -> None:
    key = a_key()
    await city.post("hotline-12345", "/v1/reports", a_body(4), Idempotency_Key=key)
    crowd = [city.post("hotline-12345", "/v1/reports", a_body(4), Idempotency_Key=a_key()) for _ in range(15)]
    crowd.insert(7, city.post("hotline-12345", "/v1/reports", a_body(4, text="不同"), Idempotency_Key=key))
    answers = await asyncio.gather(*crowd)
    assert [a.status_code for a in answers] == [202] * 7 + [422] + [202] * 8


@pytest.mark.parametrize("key", ["", " ", "a" * 256, "has space", "tab\there", "é"])
async def test_a_key_must_be_printable_and_short(city: FrontDoor, key: str) -> None:
    headers = {"Idempotency-Key": key.encode("latin-1")}
    answer = await city.ask("hotline-12345", "POST", "/v1/reports", json=a_body(5), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-invalid")


async def test_a_key_is_required(city: FrontDoor) -> None:
    answer = await city.post("hotline-12345", "/v1/reports", a_body(5))
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-required")


async def test_reporters_see_their_own_reports_and_staff_see_all(city: FrontDoor) -> None:
    report = await reported(city, "inspector-1", n=LINHU)
    for who, status in (
        ("inspector-1", 200), ("inspector-2", 404), ("hotline-12345", 404), ("desk-1", 200), ("viewer-1", 200),
        ("unit-lighting", 403),
    ):  # fmt: skip
        assert (await city.get(who, f"/v1/reports/{report}")).status_code == status, who
    assert (await city.get("desk-1", f"/v1/reports/{new_id()}")).status_code == 404


async def test_an_officer_of_another_district_cannot_read_a_report(city: FrontDoor, office: Office) -> None:
    report = await reported(city, "inspector-1", n=LINHU)
    await file_many(office, [report])
    assert (await city.get("officer-1", f"/v1/reports/{report}")).status_code == 200
    assert (await city.get("officer-2", f"/v1/reports/{report}")).status_code == 404


async def test_who_called_is_told_to_nobody(city: FrontDoor, office: Office) -> None:
    report = await reported(city, n=6, caller={"name": "张三丰", "phone": "13912345678"})
    (case,) = await cases_of(
        office, [CaseId(o.subject) for o in await file_many(office, [report]) if isinstance(o, Done)]
    )
    await assign_many(office, [case.id])
    for path in ("", "/history", "/explain", "/actions"):
        answer = await city.get("admin-1", f"/v1/cases/{case.no}{path}")
        assert answer.status_code == 200
        assert "13912345678" not in answer.text
        assert "张三丰" not in answer.text
    assert "13912345678" not in (await city.get("hotline-12345", f"/v1/reports/{report}")).text


# --- Bad input (reliability.md §5.1)


@pytest.fixture
async def sandbox(postgres_dsn: str) -> AsyncIterator[FrontDoor]:
    """A door on a database of its own, for what might spoil it for others."""
    async with fresh_database(postgres_dsn) as dsn:
        with suppress(asyncpg.PostgresError):  # a spoilt application ends with what spoilt it
            async with front_door(dsn, kafka="127.0.0.1:1") as door:
                yield door


def raw(**changes: Any) -> bytes:
    return json.dumps(a_body(**changes), ensure_ascii=False).encode()


def place(lon: str, lat: str, crs: str = '"EPSG:4326"') -> bytes:
    return f'{{"text":"x","position":{{"lon":{lon},"lat":{lat},"crs":{crs}}}}}'.encode()


BAD_REPORTS: dict[str, tuple[bytes, int, str]] = {
    "empty": (b"", 400, "json-invalid"),
    "truncated": (b'{"text": "', 400, "json-invalid"),
    "a list": (b"[]", 422, "type-mismatch"),
    "a number": (b"7", 422, "type-mismatch"),
    "null": (b"null", 422, "type-mismatch"),
    "NaN": (place("NaN", "27.9"), 422, "number-not-finite"),
    "Infinity": (place("113.9", "Infinity"), 422, "number-not-finite"),
    "1e999": (place("1e999", "27.9"), 422, "number-not-finite"),
    "number as string": (place('"113.9"', "27.9"), 422, "type-mismatch"),
    "boolean as number": (place("true", "27.9"), 422, "type-mismatch"),
    "swapped": (place("27.93", "113.95"), 422, "coordinate-swapped"),
    "out of range": (place("181", "27.9"), 422, "coordinate-out-of-range"),
    "zero island": (place("0", "0"), 422, "coordinate-placeholder"),
    "no coordinate system": (b'{"text":"x","position":{"lon":113.9,"lat":27.9}}', 422, "field-missing"),
    "unknown coordinate system": (place("113.9", "27.9", '"mars"'), 422, "type-mismatch"),
    "coordinate system as number": (place("113.9", "27.9", "4326"), 422, "type-mismatch"),
    "an integer of 4,000 digits": (place("1" * 4000, "27.9"), 422, "number-not-finite"),
    "unknown field": (raw(is_admin=True), 422, "field-unknown"),
    "unknown field inside": (b'{"text":"x","position":{"lon":1,"lat":1,"crs":"GCJ02","z":1}}', 422, "field-unknown"),
    "text as number": (raw(text=7), 422, "type-mismatch"),
    "text too long": (raw(text="长" * 4001), 422, "text-too-long"),
    "NUL in text": (raw(text="a\x00b"), 422, "text-control-char"),
    "control in text": (raw(text="a\x01b"), 422, "text-control-char"),
    "C1 control in text": (raw(text="a\x85b"), 422, "text-control-char"),
    "NUL in address": (raw(address="a\x00b"), 422, "text-control-char"),
    "NUL in an area": (raw(areas=["a\x00b"]), 422, "text-control-char"),
    "NUL in the caller's name": (raw(caller={"name": "a\x00"}), 422, "text-control-char"),
    "lone surrogate": (b'{"text":"\\ud800"}', 400, "json-invalid"),
    "not UTF-8": ('{"text":"井盖"}'.encode("gbk"), 400, "json-invalid"),
    "UTF-16": ('{"text":"x"}'.encode("utf-16"), 400, "json-invalid"),
    "too many areas": (raw(areas=["a"] * 7), 422, "type-mismatch"),
    "unknown urgency": (raw(urgency="yesterday"), 422, "type-mismatch"),
    "unknown kind": (raw(kind=SECRET), 422, "type-mismatch"),
    "a time without offset": (raw(captured_at="2026-11-16T09:00:00"), 422, "timestamp-no-offset"),
    "a date": (raw(captured_at="2026-11-16"), 422, "timestamp-no-offset"),
    "a time to come": (raw(captured_at="2099-01-01T00:00:00+08:00"), 422, "timestamp-in-future"),
    "a time long past": (raw(captured_at="0001-01-01T00:00:00+14:00"), 422, "timestamp-out-of-range"),
    "1970": (raw(captured_at="1970-01-01T00:00:00Z"), 422, "timestamp-out-of-range"),
    "month 13": (raw(captured_at="2026-13-01T00:00:00Z"), 422, "type-mismatch"),
    "an empty category": (raw(category=""), 422, "text-empty"),
    "a long category": (raw(category="9" * 65), 422, "text-too-long"),
    "nesting": (b"[" * 100_000 + b"]" * 100_000, 400, "json-too-deep"),
    "nesting in a field": (b'{"areas":' + b"[" * 5000 + b"]" * 5000 + b"}", 400, "json-too-deep"),
    "too large": (raw(text="x" * 300_000), 413, "body-too-large"),
}


@pytest.mark.parametrize("name", BAD_REPORTS)
async def test_a_bad_report_is_refused_with_a_reason_and_without_an_echo(
    city: FrontDoor, name: str, pool: Pool
) -> None:
    body, status, code = BAD_REPORTS[name]
    before = await pool.fetchval("SELECT count(*) FROM reports")
    headers = {"Content-Type": "application/json", "Idempotency-Key": a_key()}
    answer = await city.ask("inspector-1", "POST", "/v1/reports", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    if status == 422:
        assert answer.json()["errors"][0]["pointer"].startswith("/")
    assert SECRET not in answer.text
    assert await pool.fetchval("SELECT count(*) FROM reports") == before


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(raw(category="01\x00"), "text-control-char", id="NUL in the category"),
        pytest.param(raw(condition="01\x00"), "text-control-char", id="NUL in the condition"),
    ],
)
async def test_codes_are_cleaned_like_text(sandbox: FrontDoor, body: bytes, code: str) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": a_key()}
    answer = await sandbox.ask("inspector-1", "POST", "/v1/reports", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize("when", [1763712000, 1763712000.5, "1763712000", "1763712000000"])
async def test_a_number_is_not_a_time(city: FrontDoor, when: object) -> None:
    answer = await city.post("inspector-1", "/v1/reports", a_body(captured_at=when), Idempotency_Key=a_key())
    assert (answer.status_code, answer.json()["code"]) == (422, "type-mismatch")


@pytest.mark.parametrize("body", [{}, {"text": "  \n"}, {"areas": []}, {"text": "", "address": " "}])
async def test_a_report_that_says_nothing_is_refused(city: FrontDoor, body: dict[str, Any]) -> None:
    answer = await city.post("inspector-1", "/v1/reports", body, Idempotency_Key=a_key())
    assert (answer.status_code, answer.json()["code"]) == (422, "text-empty")


async def test_a_field_named_twice_is_refused(city: FrontDoor) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": a_key()}
    twice = b'{"text":"x","urgency":"normal","urgency":"critical"}'
    answer = await city.ask("inspector-1", "POST", "/v1/reports", content=twice, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "json-duplicate-key")


async def test_a_refusal_stays_small_and_repeats_nobody(city: FrontDoor) -> None:
    body = {**a_body(), SECRET * 500: 1, **{f"x{n}" * 900: n for n in range(30)}}
    answer = await city.post("inspector-1", "/v1/reports", body, Idempotency_Key=a_key())
    assert answer.status_code == 422
    assert SECRET not in answer.text
    assert len(answer.content) <= 8192


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
async def test_only_json_is_taken(city: FrontDoor, media: str | None) -> None:
    headers = {"Idempotency-Key": a_key(), **({"Content-Type": media} if media else {})}
    answer = await city.ask("inspector-1", "POST", "/v1/reports", content=raw(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "media-type-unsupported")


async def test_a_body_that_never_ends_is_cut_off(city: FrontDoor) -> None:
    sent = 0

    async def flood() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'{"text":"'
        for _ in range(10_000):
            sent += 65_536
            yield b"x" * 65_536

    headers = {"Content-Type": "application/json", "Idempotency-Key": a_key()}
    answer = await city.ask("inspector-1", "POST", "/v1/reports", content=flood(), headers=headers)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "text", ["👨‍👩‍👧 𠮷野家", "'; DROP TABLE cases; --", "<script>alert(1)</script>", "{{7*7}}", "=cmd()"]
)
async def test_strange_words_are_words(city: FrontDoor, text: str) -> None:
    report = await reported(city, "inspector-1", text=text)
    assert (await city.get("inspector-1", f"/v1/reports/{report}")).json()["text"] == text


async def test_of_many_faults_each_is_named(city: FrontDoor) -> None:
    body = {"text": 7, "urgency": "x", "position": {"lon": "1", "lat": None}, "extra": 1}
    answer = await city.post("inspector-1", "/v1/reports", body, Idempotency_Key=a_key())
    faults = {(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]}
    assert faults == {
        ("/text", "type-mismatch"), ("/urgency", "type-mismatch"), ("/position/lon", "type-mismatch"),
        ("/position/lat", "type-mismatch"), ("/position/crs", "field-missing"), ("/extra", "field-unknown"),
    }  # fmt: skip


async def test_mutilated_reports_never_break_the_door(city: FrontDoor) -> None:
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    dice, whole = random.Random(seed), raw(caller={"name": "某", "phone": "1"}, areas=["临湖区"], urgency="urgent")
    whole = whole.replace(b"\\u0000", b"")
    bodies = []
    for _ in range(250):
        body = bytearray(whole)
        for _ in range(dice.choice([1, 1, 2, 5])):
            where = dice.randrange(len(body))
            match dice.randrange(4):
                case 0:
                    body[where] = dice.randrange(256)
                case 1:
                    del body[where : where + dice.randrange(1, 12)]
                case 2:
                    body[where:where] = dice.choice(
                        [b'"', b"{", b"]", b"null", b"1e400", b"-0", b"\\ud83d", b"\xff", b","]
                    )
                case 3:
                    body[where:where] = body[: dice.randrange(40)]
        bodies.append(bytes(body))
    headers = {"Content-Type": "application/json"}
    for body in bodies:
        own = {**headers, "Idempotency-Key": a_key()}
        answer = await city.ask("inspector-1", "POST", "/v1/reports", content=body, headers=own)
        assert answer.status_code in (202, 400, 422), f"{answer.status_code} for {body!r}"


def forged(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("limit=0", 422, "number-out-of-range"),
        ("limit=1000000000", 422, "number-out-of-range"),
        ("limit=ten", 422, "number-out-of-range"),
        ("cursor=nonsense", 400, "cursor-invalid"),
        ("cursor=%00", 400, "cursor-invalid"),
        (f"cursor={forged('2026-01-01T00:00:00 ' + str(new_id()))}", 400, "cursor-invalid"),
        (f"cursor={forged('2026-01-01T00:00:00Z no-id')}", 400, "cursor-invalid"),
        ("state=lost", 422, "type-mismatch"),
        ("overdue=perhaps", 422, "type-mismatch"),
        ("area=999", 422, "area-unknown"),
        ("area=%00", 422, "area-unknown"),
        ("unit=no-such-unit", 422, "unit-unknown"),
        ("unit=%00", 422, "unit-unknown"),
        ("category=99999", 422, "category-unknown"),
        ("category=%00", 422, "category-unknown"),
    ],
)
async def test_a_bad_query_is_refused(city: FrontDoor, query: str, status: int, code: str) -> None:
    answer = await city.get("admin-1", f"/v1/cases?{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("query", [f"cursor={forged(f'0001-01-01T00:00:00+14:00 {UUID(int=7)}')}"])
async def test_a_query_the_database_cannot_read_is_refused(city: FrontDoor, query: str) -> None:
    answer = await city.get("admin-1", f"/v1/cases?{query}")
    assert answer.status_code in (400, 422), answer.text


@pytest.mark.parametrize("no", ["YH-1", "YH-261116-0000001-0", "%00", "x" * 3000])
async def test_a_number_that_is_misread_is_not_somebody_elses(city: FrontDoor, no: str) -> None:
    answer = await city.get("admin-1", f"/v1/cases/{no}")
    assert answer.status_code in (404, 422)
    assert answer.json()["code"] in ("case-no-invalid", "route-unknown", "not-found")


# --- Lists


async def test_pages_are_complete_and_without_repeats_while_cases_are_added(city: FrontDoor, office: Office) -> None:
    n = in_district("439902002")
    there = grid(n)
    old = {case.no for case in await cases_of(office, await filed(office, *_spread(n, 25)))}
    found: list[str] = []
    cursor, pages = "", 0
    while True:
        page = (await city.get("viewer-1", f"/v1/cases?area={there}&limit=7{cursor}")).json()
        found += [case["no"] for case in page["items"]]
        pages += 1
        await filed(office, *_spread(n, 2))
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert pages == 4
    assert len(found) == len(set(found)) == 25
    assert set(found) == old
    listed = (await city.get("viewer-1", f"/v1/cases?area={there}&limit=200")).json()
    times = [case["opened_at"] for case in listed["items"]]
    assert times == sorted(times, reverse=True)
    assert len(times) == 33
    assert listed["next"] is None


_CATEGORIES = iter(key for key in sorted(pack().catalogue.categories) if ":event:" in key)


def _spread(n: int, number: int) -> list[Any]:
    """Reports in one grid that are not the same incident."""
    return [a_call(n, next(_CATEGORIES)) for _ in range(number)]


async def test_lists_are_narrowed_by_area_unit_category_state_and_overdue(city: FrontDoor, office: Office) -> None:
    n = in_district("439902003")
    (lamp,) = await cases_of(office, await dispatched(office, a_call(n)))
    (grave,) = await cases_of(office, await dispatched(office, a_call(n, NO_RULE)))
    unlocated = await case_of(office, (await filed(office, a_call(n, point=None)))[0])

    async def listed(query: str) -> set[str]:
        answer = await city.get("viewer-1", f"/v1/cases?limit=200&{query}")
        assert answer.status_code == 200
        return {case["no"] for case in answer.json()["items"]}

    own = {lamp.no, grave.no}
    for area in ("439900", "439902", "439902003", grid(n)):
        assert own <= await listed(f"area={area}"), area
    assert not own & await listed("area=439901")
    assert unlocated.no in await listed("")
    assert unlocated.no not in await listed("area=439900")
    assert await listed(f"area={grid(n)}&unit=lighting") == {lamp.no}
    assert await listed(f"area={grid(n)}&category={NO_RULE}") == {grave.no}
    assert await listed(f"area={grid(n)}&state=pending_dispatch") == {grave.no}
    assert await listed(f"area={grid(n)}&overdue=false") == own
    assert await listed(f"area={grid(n)}&overdue=true") == set()


async def test_callers_bound_to_areas_see_only_those(city: FrontDoor, office: Office) -> None:
    here = await case_of(office, (await dispatched(office, a_call(LINHU + 1)))[0])
    there = await case_of(office, (await dispatched(office, a_call(in_district("439902") + 3)))[0])
    for who, own, foreign in (("officer-1", here, there), ("officer-2", there, here), ("inspector-3", there, here)):
        listed = (await city.get(who, "/v1/cases?limit=200")).json()["items"]
        assert {case["areas"][1]["code"] for case in listed} == {own.place.path[1]}
        assert (await city.get(who, f"/v1/cases/{own.no}")).status_code == 200
        assert (await city.get(who, f"/v1/cases/{foreign.no}")).status_code == 404
        assert (await city.get(who, f"/v1/cases/{foreign.no}/actions")).status_code == 404
    refused = await act(city, "officer-2", here, "pass")
    assert refused.status_code == 404


async def test_a_units_work_list_is_paged_oldest_first(city: FrontDoor, office: Office) -> None:
    cases = await cases_of(office, await dispatched(office, *(a_call(200 + n, "01046") for n in range(5))))
    unit = cases[0].tasks[0].unit
    found, cursor = [], ""
    while True:
        page = (await city.get(f"unit-{unit}", f"/v1/tasks?limit=2{cursor}")).json()
        found += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    offered = [item["task"]["offered_at"] for item in found]
    assert offered == sorted(offered)
    assert {case.no for case in cases} <= {item["case"]["no"] for item in found}
    assert all(item["task"]["unit"] == unit for item in found)
    assert len({item["task"]["id"] for item in found}) == len(found)


# --- One case


async def test_a_case_shows_names_reports_and_its_version(city: FrontDoor, office: Office) -> None:
    (case_id,) = await dispatched(office, a_call(LINHU + 2, SEWER_COVER, text="井盖没了"))
    await filed(office, a_call(LINHU + 2, SEWER_COVER, text="真危险"))
    case = await case_of(office, case_id)
    answer = await city.get("desk-1", f"/v1/cases/{case.no}")
    shown = answer.json()
    assert answer.headers["etag"] == f'"{case.version}"'
    assert (shown["version"], shown["state"], shown["state_name"]) == (case.version, "pending_disposal", "待部门签收")
    assert shown["areas"][0] == {"code": "439900", "name": "云湖市"}
    assert (shown["unit"], shown["unit_name"]) == ("drainage", "云湖市排水管理处")
    assert [report["text"] for report in shown["reports"]] == ["井盖没了", "真危险"]
    assert [report["opened"] for report in shown["reports"]] == [True, False]
    assert [task["part"] for task in shown["tasks"]] == ["lead", "assist", "assist"]


async def test_the_history_tells_every_step_and_who_took_it(city: FrontDoor, office: Office) -> None:
    case = await in_state(office, State.DISPOSING)
    await perform(office, on_task(case, Verb.SEND_BACK, reason="not-ours", note="属市政"))
    steps = (await city.get("unit-lighting", f"/v1/cases/{case.no}/history")).json()
    assert [(s["version"], s["type"], s["state"]) for s in steps] == [
        (1, "filed", "pending_dispatch"),
        (2, "dispatched", "pending_disposal"),
        (3, "accepted", "disposing"),
        (4, "sent_back", "pending_dispatch"),
    ]
    assert [s["actor"]["role"] for s in steps] == ["system", "system", "unit", "unit"]
    assert (steps[3]["actor"]["id"], steps[3]["reason"], steps[3]["note"]) == ("unit-lighting", "not-ours", "属市政")
    times = [s["at"] for s in steps]
    assert times == sorted(times)


async def test_it_is_explained_why_this_category_place_unit_and_deadline(city: FrontDoor, office: Office) -> None:
    case = await case_of(office, (await dispatched(office, a_call(LINHU + 4, None, text="小区路灯不亮了")))[0])
    told = (await city.get("unit-lighting", f"/v1/cases/{case.no}/explain")).json()
    assert told["what"]["judgement"]["by"] == "keywords"
    assert told["where"]["grid"] == case.place.grid
    assert (told["who"]["lead"], told["who"]["rule"]) == ("lighting", "street-lamp")
    assert told["when"][-1]["origin"].startswith("condition 01037-1")
    text = "\n".join(told["sentences"])
    for word in ("01037", "路灯不亮", "云湖市", "路灯管理所", "street-lamp", "disposal"):
        assert word in text, word
    doubtful = await in_state(office, State.REPORTED)
    told = (await city.get("desk-1", f"/v1/cases/{doubtful.no}/explain")).json()
    assert told["who"] is None


# --- Verbs


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


BODIES: dict[Verb, dict[str, Any]] = {
    Verb.FILE: {"category": LAMP, "area": "439901001"},
    Verb.REFUSE: {"reason": "out-of-scope"},
    Verb.DISPATCH: {"unit": "roads"},
    Verb.SEND_BACK: {"reason": "not-ours"},
    Verb.FAIL: {"reason": "not-done"},
}
_STATES = (State.REPORTED, State.PENDING_DISPATCH, State.PENDING_DISPOSAL, State.DISPOSING, State.PENDING_CHECK)


@pytest.mark.parametrize("state", _STATES)
async def test_what_may_be_done_is_what_can_be_done(city: FrontDoor, office: Office, state: State) -> None:
    """Each listed verb works and each unlisted one is refused, for every role that may act."""
    for role in (Role.DESK, Role.DISPATCHER, Role.UNIT, Role.OFFICER, Role.ADMIN):
        who = CLIENTS[role]
        if role is Role.UNIT and state in (State.REPORTED, State.PENDING_DISPATCH):
            continue  # no unit has been asked, so none may look
        verbs = [verb for verb in Verb if verb is not Verb.JOIN]
        cases = await many_in_state(office, len(verbs), state)
        for verb, case in zip(verbs, cases, strict=True):
            offer = (await city.get(who, f"/v1/cases/{case.no}/actions")).json()
            assert offer["version"] == case.version
            listed = {*offer["verbs"], *(v for own in offer["tasks"].values() for v in own)}
            answer = await act(city, who, case, verb, **BODIES.get(verb, {}))
            assert (answer.status_code == 200) is (verb in listed), f"{role} at {state}: {verb} {answer.text}"
            assert answer.status_code in (200, 403, 409), f"{role} at {state}: {verb} {answer.text}"


async def test_a_verb_that_the_door_cannot_carry_out_is_not_offered(city: FrontDoor, office: Office) -> None:
    case = await in_state(office, State.PENDING_DISPATCH)
    offer = (await city.get("desk-1", f"/v1/cases/{case.no}/actions")).json()
    assert "join" not in offer["verbs"]


async def test_joining_by_hand_without_a_report_changes_nothing(city: FrontDoor, office: Office) -> None:
    case = await in_state(office, State.PENDING_DISPATCH)
    answer = await act(city, "desk-1", case, "join")
    assert answer.status_code in (403, 409, 422)
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
    for path in ("", "/history", "/explain", "/actions"):
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


# --- The live stream


async def live_case(office: Office, category: str = LAMP, *areas: str) -> Case:
    """A case that is filed and dispatched while somebody listens."""
    return await case_of(office, (await dispatched(office, a_coarse_call(category, *areas)))[0])


async def test_what_happens_is_told_live(city: FrontDoor, office: Office) -> None:
    async with city.listen("viewer-1") as line:
        assert line.headers["content-type"].startswith("text/event-stream")
        assert line.headers["cache-control"] == "no-store"
        case = await live_case(office)
        first, second = await line.take(2)
    assert (first["event"], first["no"], first["version"]) == ("case.filed", case.no, 1)
    assert (second["event"], second["version"], second["state"]) == ("case.dispatched", 2, "pending_disposal")
    assert first["area"].startswith("439900/439901/")


@pytest.mark.parametrize(
    "wanted",
    [
        {"area": "439902"},
        {"unit": "drainage"},
        {"category": SEWER_COVER},
        {"state": "pending_disposal"},
        {"type": "case.dispatched"},
    ],
)
async def test_a_stream_can_be_narrowed(city: FrontDoor, office: Office, wanted: dict[str, str]) -> None:
    async with city.listen("viewer-1", **wanted) as line:
        lamp = await live_case(office)
        cover = await live_case(office, SEWER_COVER, "山前区", "松岭街道")
        told = await line.silence()
    assert told
    name, value = next(iter(wanted.items()))
    if name in ("area", "unit", "category"):
        assert {event["no"] for event in told} == {cover.no}
    else:
        assert {event[{"state": "state", "type": "event"}[name]] for event in told} == {value}
        assert {event["no"] for event in told} == {lamp.no, cover.no}


@pytest.mark.parametrize("query", ["state=lost", "area=999", "category=99999"])
async def test_a_wish_nobody_can_understand_is_refused(city: FrontDoor, query: str) -> None:
    assert (await city.get("viewer-1", f"/v1/stream?{query}")).status_code == 422


async def test_who_comes_back_hears_what_was_missed_without_gap_or_repeat(city: FrontDoor, office: Office) -> None:
    async with city.listen("viewer-1") as line:
        await live_case(office)
        heard = await line.take(2)
    missed = [await live_case(office) for _ in range(3)]
    stop = asyncio.Event()

    async def goes_on() -> list[Case]:
        cases = []
        while not stop.is_set():
            cases.append(await live_case(office))
        return cases

    busy = asyncio.create_task(goes_on())
    async with city.listen("viewer-1", last=heard[-1]["id"]) as line:
        told = await line.take(6)
        await asyncio.sleep(0.3)
        stop.set()
        later = await busy
        told += await line.silence(1.0)
    expected = [(case.no, version) for case in [*missed, *later] for version in (1, 2)]
    assert [(event["no"], event["version"]) for event in told] == expected
    positions = [tuple(map(int, event["id"].split("-"))) for event in told]
    assert positions == sorted(set(positions))


@pytest.mark.parametrize(
    "last", ["x", "1", "1-2-3", "-1-2", "1-", "99999999999999999999-1", "9223372036854775808-1", "1 OR 1"]
)
async def test_a_malformed_place_to_resume_is_refused(city: FrontDoor, last: str) -> None:
    answer = await city.get("viewer-1", "/v1/stream", headers={"Last-Event-ID": last})
    assert (answer.status_code, answer.json()["code"]) == (400, "last-event-id-invalid")


async def test_a_place_that_was_never_reached_does_not_silence_the_stream(city: FrontDoor, office: Office) -> None:
    async with city.listen("viewer-1", last="9223372036854775807-1") as line:
        await live_case(office)
        told = await line.silence()
    assert told, "the client waits for ever and believes that nothing happens"


async def test_a_unit_hears_of_its_own_cases_only(city: FrontDoor, office: Office) -> None:
    async with city.listen("unit-lighting") as own, city.listen("unit-gas") as other, city.listen("officer-2") as away:
        case = await live_case(office)
        await perform(office, on_task(case, Verb.ACCEPT))
        told = await own.silence()
        assert await other.silence(0.1) == []
        assert await away.silence(0.1) == []
    assert {event["no"] for event in told} == {case.no}
    assert [event["event"] for event in told][-1] == "case.accepted"


@pytest.mark.parametrize("unit", ["traffic-police", "drainage"])
async def test_a_unit_hears_live_what_it_would_hear_on_its_return(city: FrontDoor, office: Office, unit: str) -> None:
    async with city.listen(f"unit-{unit}") as line:
        before = str(await city.tools.views.stream_end())
        case = await live_case(office, SEWER_COVER)
        await perform(office, on_task(case, Verb.ACCEPT, "traffic-police"))
        case = await case_of(office, case.id)
        await perform(office, on_task(case, Verb.SEND_BACK, "drainage", reason="not-ours"))
        live = await line.silence()
    async with city.listen(f"unit-{unit}", last=before) as line:
        resumed = await line.silence()
    assert [event["event"] for event in resumed][-2:] == ["case.accepted", "case.sent_back"]
    assert [event["id"] for event in live] == [event["id"] for event in resumed]


async def test_who_never_reads_is_dropped_and_delays_nobody(city: FrontDoor, office: Office, pool: Pool) -> None:
    case = await live_case(office)
    version = 1000
    async with city.listen("viewer-1") as reader, city.listen("viewer-1", reads=False):
        async with asyncio.timeout(5):
            while city.tools.hub.subscribers < 2:  # noqa: ASYNC110  (the application's own pace)
                await asyncio.sleep(0.01)
        for _ in range(4):
            await pool.execute(
                "INSERT INTO events (subject, version, type, at, route, doc)"
                " SELECT $1, $2 + n, 'case.noted', now(), 'x', '{\"state\": \"pending_disposal\"}'"
                " FROM generate_series(1, 400) AS n",
                case.id, version,
            )  # fmt: skip
            told = await reader.take(400)
            assert [event["version"] for event in told] == list(range(version + 1, version + 401))
            version += 400
        assert city.tools.hub.subscribers == 1
        metrics = (await city.get(NOBODY, "/metrics")).text
        assert "cityloop_streams 1.0" in metrics
    async with asyncio.timeout(5):
        while city.tools.hub.subscribers:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


# --- Health and figures


async def test_without_its_broker_it_is_degraded_and_still_takes_reports(city: FrontDoor) -> None:
    answer = await city.get(NOBODY, "/readyz")
    assert answer.status_code == 200
    assert answer.json()["ready"] is True
    assert "kafka-unavailable" in answer.json()["degraded"]
    assert await reported(city)


@pytest.fixture(scope="module")
async def cut_off(fresh_dsn: str) -> AsyncIterator[tuple[FrontDoor, Wire]]:
    """An application whose line to the database can be cut."""
    async with wire(fresh_dsn) as line, front_door(line.dsn, kafka="127.0.0.1:1") as door:
        yield door, line
        await line.join() if line.is_cut else None


async def test_without_its_database_it_is_not_ready_and_says_so_everywhere(cut_off: tuple[FrontDoor, Wire]) -> None:
    door, line = cut_off
    body, key = a_body(9), a_key()
    assert (await door.get(NOBODY, "/readyz")).status_code == 200
    assert (await door.get("admin-1", "/v1/cases")).status_code == 200
    assert (await door.post("hotline-12345", "/v1/reports", body, Idempotency_Key=a_key())).status_code == 202
    await line.cut()
    assert (await door.get(NOBODY, "/readyz")).status_code == 503
    assert (await door.get(NOBODY, "/livez")).status_code == 200
    assert (await door.get(NOBODY, "/metrics")).status_code == 200
    for answer in (
        await door.get("admin-1", "/v1/cases"),
        await door.get("viewer-1", "/v1/cases"),
        await door.post("hotline-12345", "/v1/reports", body, Idempotency_Key=key),
    ):
        assert (answer.status_code, answer.json()["code"]) == (503, "database-unavailable")
        assert answer.headers["retry-after"]
    await line.join()
    assert (await door.get(NOBODY, "/readyz")).status_code == 200
    again = await door.post("hotline-12345", "/v1/reports", body, Idempotency_Key=key)
    assert again.status_code == 202
    assert "idempotent-replayed" not in again.headers, "what was answered with 503 had not been kept"


async def test_streams_survive_an_absence_of_the_database(cut_off: tuple[FrontDoor, Wire], office: Office) -> None:
    door, line = cut_off
    async with door.listen("admin-1") as listener:
        first = await live_case(office)
        assert {event["no"] for event in await listener.take(2)} == {first.no}
        await line.cut()
        missed = await live_case(office)
        await asyncio.sleep(0.4)
        await line.join()
        assert {event["no"] for event in await listener.take(2)} == {missed.no}


async def test_the_figures_hold_every_declared_name_and_the_business(city: FrontDoor, office: Office) -> None:
    await live_case(office)
    text = (await city.get(NOBODY, "/metrics")).text
    assert {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")} >= {
        name + ("_total" if kind.__name__ == "Counter" else "") for name, (kind, _, _) in METRICS.items()
    }
    figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(figures['cityloop_cases{state="pending_disposal"}']) >= 1
    assert float(figures['cityloop_unit_open_cases{unit="lighting"}']) >= 1
    assert 0 <= float(figures["cityloop_dispatch_accuracy"]) <= 1
    assert float(figures["cityloop_outbox_age_seconds"]) > 0, "nobody relays here"
    requests = [name for name in figures if name.startswith("cityloop_http_requests_total")]
    assert any('route="/v1/cases/{no}"' in name for name in requests)
    assert not any("YH-" in name for name in figures), "figures are by route, never by case"


# --- What is promised on paper


async def openapi(city: FrontDoor) -> dict[str, Any]:
    document: dict[str, Any] = (await city.get(NOBODY, "/openapi.json")).json()
    return document


async def test_every_route_is_documented(city: FrontDoor) -> None:
    document = await openapi(city)
    documented = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    assert documented == (set(ROUTES) | PUBLIC) - {"GET /openapi.json", "GET /docs"}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert len(operation["description"]) > 20, f"{method} {path}"
            assert any(status.startswith("2") for status in operation["responses"])


async def test_every_reference_in_the_document_leads_somewhere(city: FrontDoor) -> None:
    document = await openapi(city)
    dangling = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            reference = value.get("$ref")
            if isinstance(reference, str):
                target: Any = document
                for part in reference.removeprefix("#/").split("/"):
                    target = target.get(part) if isinstance(target, dict) else None
                if target is None:
                    dangling.add(reference)
            for each in value.values():
                walk(each)
        elif isinstance(value, list):
            for each in value:
                walk(each)

    walk(document)
    assert dangling == set()


def models() -> list[type[BaseModel]]:
    found = (getattr(schemas, name) for name in dir(schemas))
    return [m for m in found if isinstance(m, type) and issubclass(m, BaseModel) and m.__module__ == schemas.__name__]


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_examples_are_valid(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())
        for example in field.examples or ():
            assert adapter.validate_json(json.dumps(example)) is not None, name


async def test_a_report_made_of_the_examples_is_accepted(city: FrontDoor) -> None:
    body: dict[str, Any] = {n: f.examples[0] for n, f in ReportIn.model_fields.items() if f.examples}
    body["position"] = {n: f.examples[0] for n, f in schemas.PositionIn.model_fields.items() if f.examples}
    assert body["position"].keys() == schemas.PositionIn.model_fields.keys()
    assert TypeAdapter(ReportIn).validate_json(json.dumps(body))
    assert (await city.post("hotline-12345", "/v1/reports", body, Idempotency_Key=a_key())).status_code == 202


def test_the_comparison_with_declared_models_can_fail() -> None:
    assert keys_of({"a": [{"b": 1}]}) == {"/a", "/a[]/b"} != keys_of({"a": [{"b": 1, "c": 2}]})


async def test_every_answer_of_this_whole_module_was_documented(city: FrontDoor) -> None:
    """Last in the file: by now nearly every refusal has been provoked once."""
    document = await openapi(city)
    everywhere = {405, 500}
    missing = {
        f"{method} {path} {status}"
        for method, path, status in city.answered
        if status not in everywhere and str(status) not in document["paths"][path][method.lower()]["responses"]
    }
    assert len(city.answered) > 50
    assert missing == set()
