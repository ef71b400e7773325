"""The HTTP door: reports come in, once each, and are read by those who may."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.ids import CaseId, ReportId
from handlers.assign import assign_many
from handlers.file import file_many
from handlers.outcomes import Done
from handlers.ports import Office, new_id
from store.pool import Pool
from tests.contract.api_city import (
    LINHU,
    SECRET,
    a_body,
    a_key,
    reported,
)
from tests.demo_city import (
    case_of,
    cases_of,
)
from tests.front_door import FrontDoor


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
    for path in ("", "/reports", "/history", "/explain", "/actions"):
        answer = await city.get("admin-1", f"/v1/cases/{case.no}{path}")
        assert answer.status_code == 200
        assert "13912345678" not in answer.text
        assert "张三丰" not in answer.text
    assert "13912345678" not in (await city.get("hotline-12345", f"/v1/reports/{report}")).text
