"""The HTTP door: a day without a line arrives in one call, each report with its own key and its own outcome."""

import asyncio
from typing import Any

import pytest

from store.pool import Pool
from tests.contract.api_city import a_body, a_key
from tests.front_door import FrontDoor

PATH = "/v1/reports:batch"


def an_item(number: int, **changes: Any) -> dict[str, Any]:
    return {"key": a_key(), "report": a_body(number, **changes)}


async def sent(city: FrontDoor, items: list[Any], who: str = "inspector-1") -> list[dict[str, Any]]:
    answer = await city.post(who, PATH, {"items": items})
    assert answer.status_code == 200
    outcomes: list[dict[str, Any]] = answer.json()["items"]
    return outcomes


async def test_a_day_offline_arrives_and_what_is_wrong_takes_nothing_with_it(city: FrontDoor, pool: Pool) -> None:
    items = [an_item(n) for n in range(120)]
    items[7]["report"]["position"]["lon"] = 400.0
    items[8]["report"]["colour"] = "red"
    items[9] = {"key": a_key(), "report": {"text": "   "}}
    outcomes = await sent(city, items)
    assert [one["key"] for one in outcomes] == [item["key"] for item in items]
    assert [n for n, one in enumerate(outcomes) if one["status"] != 202] == [7, 8, 9]
    wrong = [outcomes[n]["problem"] for n in (7, 8, 9)]
    assert [one["code"] for one in wrong] == ["coordinate-out-of-range", "field-unknown", "text-empty"]
    assert [one["errors"][0]["pointer"] for one in wrong] == ["/report/position", "/report/colour", "/report/text"]
    kept = [item["key"] for n, item in enumerate(items) if n not in (7, 8, 9)]
    found = await pool.fetchval("SELECT count(*) FROM reports WHERE origin_key = ANY ($1)", kept)
    assert found == len(kept) == 117
    first = await city.get("inspector-1", f"/v1/reports/{outcomes[0]['report_id']}")
    assert first.json()["text"] == items[0]["report"]["text"]


async def test_the_answer_was_lost_and_the_phone_sends_everything_again(city: FrontDoor) -> None:
    items = [an_item(n) for n in range(20)]
    first = await sent(city, items)
    items.append(an_item(20))
    items[3]["report"]["text"] = "另一件事"
    again = await sent(city, items)
    assert [one["replayed"] for one in again[:20]] == [n != 3 for n in range(20)]
    assert (again[3]["status"], again[3]["problem"]["code"]) == (422, "idempotency-key-reused")
    assert [one["report_id"] for n, one in enumerate(again[:20]) if n != 3] == [
        one["report_id"] for n, one in enumerate(first) if n != 3
    ]
    assert (again[20]["status"], again[20]["replayed"]) == (202, False)


async def test_one_report_alone_and_the_same_in_a_batch_are_one_report(city: FrontDoor) -> None:
    item = an_item(1)
    alone = await city.post("inspector-1", "/v1/reports", item["report"], Idempotency_Key=item["key"])
    (outcome,) = await sent(city, [item])
    assert (outcome["report_id"], outcome["replayed"]) == (alone.json()["report_id"], True)


async def test_a_key_twice_in_one_batch_is_one_report(city: FrontDoor) -> None:
    item = an_item(1)
    one, two = await sent(city, [item, item])
    assert one["report_id"] == two["report_id"]
    assert sorted([one["replayed"], two["replayed"]]) == [False, True]


async def test_two_lines_at_once_bring_each_report_once(city: FrontDoor, pool: Pool) -> None:
    items = [an_item(n) for n in range(30)]
    for one, two in zip(*await asyncio.gather(sent(city, items), sent(city, items)), strict=True):
        assert (one["status"], one["report_id"]) == (two["status"], two["report_id"])
        assert one["replayed"] != two["replayed"]
    keys = [item["key"] for item in items]
    assert await pool.fetchval("SELECT count(*) FROM reports WHERE origin_key = ANY ($1)", keys) == 30


@pytest.mark.parametrize(
    ("items", "code"),
    [([], "too-many-items"), ([{}] * 501, "too-many-items"), ("all of them", "type-mismatch"), (None, "type-mismatch")],
)
async def test_what_is_no_batch_is_refused_as_a_whole(city: FrontDoor, items: Any, code: str) -> None:
    answer = await city.post("inspector-1", PATH, {"items": items})
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize(
    ("item", "key", "pointer"),
    [
        ("not an object", "", "/"),
        ({"report": {"text": "无编号"}}, "", "/key"),
        ({"key": "with blanks ", "report": {"text": "有空格"}}, "with blanks ", None),
        ({"key": "k1"}, "k1", "/report"),
    ],
)
async def test_an_item_that_is_none_says_so(city: FrontDoor, item: Any, key: str, pointer: str | None) -> None:
    (outcome,) = await sent(city, [item])
    assert (outcome["key"], outcome["report_id"]) == (key, None)
    assert 400 <= outcome["status"] < 500
    if pointer:
        assert outcome["problem"]["errors"][0]["pointer"] == pointer


async def test_photos_are_named_by_each_report_for_itself(city: FrontDoor) -> None:
    photo = await city.photo("inspector-1")
    good, bad = an_item(1, attachments=[photo]), an_item(2, attachments=["0197a3de-0000-7000-8000-000000000000"])
    one, two = await sent(city, [good, bad])
    assert (one["status"], two["problem"]["code"]) == (202, "attachment-unknown")
    assert two["problem"]["errors"][0]["pointer"] == "/report/attachments/0"
    report = (await city.get("inspector-1", f"/v1/reports/{one['report_id']}")).json()
    assert [each["id"] for each in report["attachments"]] == [photo]


async def test_how_exact_the_phone_was_is_kept(city: FrontDoor, pool: Pool) -> None:
    item = an_item(1)
    item["report"]["position"]["accuracy_m"] = 35.5
    (outcome,) = await sent(city, [item])
    doc = await pool.fetchval("SELECT doc #>> '{extra,accuracy_m}' FROM reports WHERE id = $1", outcome["report_id"])
    assert doc == "35.5"


async def test_a_viewer_reports_nothing(city: FrontDoor) -> None:
    answer = await city.post("viewer-1", PATH, {"items": [an_item(1)]})
    assert (answer.status_code, answer.json()["code"]) == (403, "role-not-allowed")
