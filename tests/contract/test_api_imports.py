"""Imports at the HTTP door: what a call centre sends, what it is told, and whose it is."""

import csv
import io
from typing import Any
from uuid import uuid4

import httpx
import pytest

from domain.table_import import MAX_BYTES
from handlers.import_work import work_once
from store.pool import Pool
from tests.contract.api_city import a_key
from tests.front_door import NOBODY, FrontDoor
from tests.vectors.files import CSV, FILES, TICKETS, XLSX, File, book, row, table
from tests.vectors.files import NAMES as CHINESE

WHERE = "/v1/imports"
ME = "hotline-12345"


async def sent(
    city: FrontDoor, content: bytes, kind: str = CSV, who: str = ME, key: str | None = None, **query: str
) -> httpx.Response:
    headers = {"Content-Type": kind, "Idempotency-Key": key or a_key()}
    return await city.ask(who, "POST", WHERE, content=content, headers=headers, params=query)


async def worked(city: FrontDoor, answer: httpx.Response, who: str = ME) -> dict[str, Any]:
    """The import of a 202, at its end."""
    assert answer.status_code == 202, answer.text
    while await work_once(city.tools.imports):
        pass
    found: dict[str, Any] = (await city.get(who, answer.headers["Location"])).json()
    return found


def numbered(number: int) -> list[tuple[str, ...]]:
    stem = uuid4().hex[:8]
    return [row(ticket_no=f"{stem}-{n}") for n in range(number)]


async def report(city: FrontDoor, where: str) -> list[dict[str, str]]:
    answer = await city.get(ME, f"{where}/report")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment;")
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


async def test_a_table_comes_in_by_one_call(city: FrontDoor, pool: Pool) -> None:
    rows = numbered(5)
    answer = await sent(city, table(*rows, row(ticket_no="", text="=x")))
    told = answer.json()
    assert (told["state"], told["percentage"], told["rows"], told["read"]) == ("waiting", 0, 6, 0)
    job = await worked(city, answer)
    assert {name: job[name] for name in ("state", "read", "accepted", "repeated", "refused", "percentage")} == {
        "state": "done", "read": 6, "accepted": 5, "repeated": 0, "refused": 1, "percentage": 100
    }  # fmt: skip
    assert (job["source"], job["kind"], job["mode"], job["dry_run"]) == (ME, "csv", "partial", False)
    assert job["started_at"] <= job["ended_at"]
    assert [(one["line"], one["column"], one["code"]) for one in job["remarks"]] == [(7, "工单号", "key-empty")]
    assert [line["code"] for line in await report(city, answer.headers["Location"])] == ["key-empty"]
    known = await pool.fetch("SELECT origin_key FROM reports WHERE origin = $1", f"hotline:{ME}")
    assert {cells[0] for cells in rows} <= {each["origin_key"] for each in known}


async def test_a_workbook_and_tickets_come_in_too(city: FrontDoor) -> None:
    assert (await worked(city, await sent(city, book(CHINESE, *numbered(3)), XLSX)))["accepted"] == 3
    line = f'{{"centre":"{ME}","ticket_no":"{a_key()}","called_at":"2026-03-02T08:30:00+08:00","text":"路灯不亮"}}'
    job = await worked(city, await sent(city, line.encode(), TICKETS))
    assert (job["kind"], job["accepted"]) == ("tickets", 1)


async def test_the_same_call_again_is_the_same_import(city: FrontDoor) -> None:
    content, key = table(*numbered(2)), a_key()
    first, again = await sent(city, content, key=key), await sent(city, content, key=key)
    assert first.headers["Location"] == again.headers["Location"]
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")
    other = await sent(city, content, key=key, dry_run="true")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    await worked(city, first)
    repeated = await worked(city, await sent(city, content))
    assert (repeated["accepted"], repeated["repeated"]) == (0, 2)
    assert [one["outcome"] for one in repeated["remarks"]] == ["repeated", "repeated"]


async def test_all_or_nothing_and_a_trial(city: FrontDoor) -> None:
    rows = numbered(4)
    trial = await worked(city, await sent(city, table(*rows), dry_run="true"))
    assert (trial["state"], trial["dry_run"], trial["accepted"]) == ("done", True, 4)
    job = await worked(city, await sent(city, table(*rows, row(text="")), mode="all-or-nothing"))
    assert (job["state"], job["failure"], job["accepted"], job["refused"]) == ("refused", "rows-refused", 0, 1)
    job = await worked(city, await sent(city, table(*rows), mode="all-or-nothing"))
    assert (job["state"], job["accepted"]) == ("done", 4)


async def test_an_encoding_is_confirmed_by_declaring_it(city: FrontDoor) -> None:
    content = table(*numbered(1)).decode().encode("gb18030")
    asked = await sent(city, content)
    assert (asked.status_code, asked.json()["code"]) == (422, "encoding-unconfirmed")
    assert "工单号,事发时间" in asked.json()["detail"]
    assert (await worked(city, await sent(city, content, encoding="gb18030")))["accepted"] == 1


async def test_a_waiting_import_is_cancelled(city: FrontDoor) -> None:
    answer = await sent(city, table(*numbered(2)))
    where = answer.headers["Location"]
    stopped = await city.post(ME, f"{where}:cancel")
    assert (stopped.status_code, stopped.json()["state"]) == (200, "cancelled")
    assert (await worked(city, answer))["state"] == "cancelled"
    done = await sent(city, table(*numbered(1)))
    await worked(city, done)
    late = await city.post(ME, f"{done.headers['Location']}:cancel")
    assert (late.status_code, late.json()["code"]) == (409, "import-ended")


async def test_each_client_sees_its_own(city: FrontDoor) -> None:
    mine = await sent(city, table(*numbered(1)))
    where = mine.headers["Location"]
    for path in (where, f"{where}/report"):
        assert (await city.get("admin-1", path)).status_code == 404
    assert (await city.post("admin-1", f"{where}:cancel")).status_code == 404
    page = (await city.get(ME, f"{WHERE}?limit=1")).json()
    assert page["items"][0]["id"] == mine.json()["id"]
    rest = (await city.get(ME, f"{WHERE}?limit=1&cursor={page['next']}")).json()
    assert rest["items"][0]["id"] != mine.json()["id"]
    assert (await city.get("admin-1", WHERE)).json()["items"] == []
    assert (await city.get(ME, f"{WHERE}?cursor=x")).status_code == 400


@pytest.mark.parametrize(("who", "status"), [(NOBODY, 401), ("inspector-1", 403), ("viewer-1", 403), ("desk-1", 403)])
async def test_others_may_not_import(city: FrontDoor, who: str, status: int) -> None:
    assert (await sent(city, table(), who=who)).status_code == status
    assert (await city.get(who, WHERE)).status_code == status


async def test_nobody_takes_anothers_numbers(city: FrontDoor) -> None:
    """Else a centre could occupy the numbers of another, whose tickets would be refused."""
    refused = await sent(city, table(), source="another-centre")
    assert (refused.status_code, refused.json()["code"]) == (403, "source-not-yours")
    rows = numbered(1)
    job = await worked(city, await sent(city, table(*rows), who="admin-1", source="another-centre"), "admin-1")
    assert (job["source"], job["accepted"]) == ("another-centre", 1)


@pytest.mark.parametrize(
    ("headers", "query", "status", "code"),
    [
        ({"Idempotency-Key": ""}, {}, 400, "idempotency-key-invalid"),
        ({"Content-Length": str(MAX_BYTES + 1)}, {}, 413, "body-too-large"),
        ({"Content-Type": "application/json"}, {}, 415, "media-type-unsupported"),
        ({}, {"encoding": "gbk"}, 422, "type-mismatch"),
        ({}, {"delimiter": "|"}, 422, "type-mismatch"),
        ({}, {"source": "a b"}, 422, "text-malformed"),
        ({}, {"mode": "some"}, 422, "type-mismatch"),
        ({}, {"crs": "EPSG:3857"}, 422, "type-mismatch"),
    ],
)
async def test_what_is_asked_wrongly_is_told(
    city: FrontDoor, headers: dict[str, str], query: dict[str, str], status: int, code: str
) -> None:
    own = {"Content-Type": CSV, "Idempotency-Key": a_key(), **headers}
    answer = await city.ask(ME, "POST", WHERE, content=table(), headers=own, params=query)
    assert answer.status_code == status, answer.text
    assert answer.json()["code"] in (code, "type-mismatch", "text-malformed"), answer.text


STATUS = {"rows-too-many": 413, "table-type": 415, "media-type-unsupported": 415}


@pytest.mark.parametrize("one", [one for one in FILES if one.whole], ids=lambda one: one.name)
async def test_a_file_that_cannot_come_in_is_refused_at_once(city: FrontDoor, one: File) -> None:
    answer = await sent(city, one.content, one.type, **one.declared)
    assert (answer.status_code, answer.json()["code"]) == (STATUS.get(one.wanted, 422), one.wanted), answer.text


async def test_a_body_too_long_is_cut_off_while_it_arrives(city: FrontDoor) -> None:
    async def endless() -> Any:
        for _ in range(MAX_BYTES // 1_000_000 + 2):
            yield b"x" * 1_000_000

    headers = {"Content-Type": CSV, "Idempotency-Key": a_key()}
    answer = await city.ask(ME, "POST", WHERE, content=endless(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
