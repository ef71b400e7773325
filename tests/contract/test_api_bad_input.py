"""The HTTP door: what is said of bad input (reliability.md §5.1), without an echo and without a trace."""

import base64
import json
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from handlers.ports import new_id
from store.pool import Pool
from tests.contract.api_city import SECRET, a_body, a_key, another_city, reported
from tests.front_door import FrontDoor


@pytest.fixture
async def sandbox(postgres_dsn: str) -> AsyncIterator[FrontDoor]:
    """A door on a database of its own, for what might spoil it for others."""
    with suppress(asyncpg.PostgresError):  # a spoilt application ends with what spoilt it
        async with another_city(postgres_dsn) as door:
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
