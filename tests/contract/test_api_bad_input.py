"""The HTTP door: stories of bad input that no table of vectors tells (those are in tests/vectors)."""

import json
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from store.pool import Pool
from tests.contract.api_city import a_body, a_key, position, reported
from tests.front_door import FrontDoor


def raw(**changes: Any) -> bytes:
    return json.dumps(a_body(**changes), ensure_ascii=False).encode()


@pytest.mark.parametrize("body", [{}, {"text": "  \n"}, {"areas": []}, {"text": "", "address": " "}])
async def test_a_report_that_says_nothing_is_refused(city: FrontDoor, body: dict[str, Any]) -> None:
    answer = await city.post("inspector-1", "/v1/reports", body, Idempotency_Key=a_key())
    assert (answer.status_code, answer.json()["code"]) == (422, "text-empty")


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
        ("/position/lat", "type-mismatch"), ("/extra", "field-unknown"),
    }  # fmt: skip


async def test_what_people_say_is_kept_as_they_said_it_and_put_right(city: FrontDoor, pool: Pool) -> None:
    """A call with a swap and hidden characters: the desk sees what is doubtful, and what was sent is kept beside."""
    here = position(0)
    swapped = {**here, "lon": here["lat"], "lat": here["lon"]}
    report = await reported(city, "hotline-12345", text="路灯\u202e不亮\ufeff", position=swapped)
    told = (await city.get("desk-1", f"/v1/reports/{report}")).json()
    assert (told["text"], told["flags"]) == ("路灯不亮", ["normalized", "coordinate-swapped"])
    assert (told["point"]["lon"], told["point"]["lat"]) == (round(here["lon"], 7), round(here["lat"], 7))
    extra = json.loads(await pool.fetchval("SELECT doc -> 'extra' FROM reports WHERE id = $1", report))
    assert extra["text_as_sent"] == "路灯\u202e不亮\ufeff"
    assert extra["position_as_sent"].startswith(f"{here['lat']:.4f}")


async def test_a_clock_put_right_between_two_tries_makes_no_second_report(city: FrontDoor) -> None:
    """What only shows by our clock is no part of what was said: the same body again is the same report."""
    soon = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    sent, key = a_body(captured_at=soon), a_key()
    first = await city.post("inspector-1", "/v1/reports", sent, Idempotency_Key=key)
    again = await city.post("inspector-1", "/v1/reports", sent, Idempotency_Key=key)
    assert (first.json(), again.headers["Idempotent-Replayed"]) == (again.json(), "true")


async def test_a_typing_error_in_a_code_gets_the_codes_it_may_mean(city: FrontDoor) -> None:
    answer = await city.post("inspector-1", "/v1/reports", a_body(category="0l037"), Idempotency_Key=a_key())
    (fault,) = answer.json()["errors"]
    assert (fault["pointer"], fault["code"]) == ("/category", "category-unknown")
    assert "01037" in fault["hint"]


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
        assert answer.status_code in (202, 400, 415, 422), f"{answer.status_code} for {body!r}"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("state=lost", 422, "type-mismatch"),
        ("overdue=perhaps", 422, "type-mismatch"),
        ("area=999", 422, "area-unknown"),
        ("unit=no-such-unit", 422, "unit-unknown"),
        ("category=99999", 422, "category-unknown"),
    ],
)
async def test_a_bad_query_is_refused(city: FrontDoor, query: str, status: int, code: str) -> None:
    answer = await city.get("admin-1", f"/v1/cases?{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("no", ["YH-1", "YH-261116-0000001-0", "%00", "x" * 3000])
async def test_a_number_that_is_misread_is_not_somebody_elses(city: FrontDoor, no: str) -> None:
    answer = await city.get("admin-1", f"/v1/cases/{no}")
    assert answer.status_code in (404, 422)
    assert answer.json()["code"] in ("case-no-invalid", "route-unknown", "not-found")
