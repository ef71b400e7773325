"""What stands over a case over HTTP: 催办, 督办 and its reply, 作废, 申诉, 并单 and 拆单, 强制结案."""

import asyncio
from typing import Any

import pytest

from handlers.assign import assign_many
from handlers.overdue import ring_due
from tests.contract.api_city import DARK, Road, another_city, at_work, opened, sent_out, shut
from tests.front_door import FrontDoor


async def test_everybody_who_waits_may_urge_and_it_is_counted(city: FrontDoor) -> None:
    road = await sent_out(city)
    for times, who in enumerate(("hotline-12345", "desk-1", "dispatcher-1", "callback-1", "supervisor-1"), 1):
        assert (await road.does(who, "urge", note="三天了"))["urges"] == times
    assert road.now["state"] == "pending_disposal"
    assert await road.refused("unit-lighting", "urge") == (403, "actor-not-allowed")
    closed = await shut(city)
    assert await closed.refused("desk-1", "urge") == (409, "verb-not-allowed")


async def test_a_supervised_unit_owes_a_reply(city: FrontDoor) -> None:
    road = await at_work(city)
    assert await road.refused("supervisor-1", "supervise", replies=True) == (422, "reason-required")
    assert await road.refused("desk-1", "supervise", reason="x") == (403, "actor-not-allowed")
    assert await road.refused("unit-lighting", "reply", note="马上") == (409, "reply-not-owed")
    shown = await road.does("dispatcher-1", "supervise", reason="slow")
    assert [(s["no"], s["level"], s["reply_due"]) for s in shown["supervisions"]] == [(1, 1, False)]
    assert not any(d["clock"] == "reply" for d in shown["deadlines"])
    shown = await road.does("supervisor-1", "supervise", reason="still-slow", replies=True)
    assert (shown["supervisions"][1]["level"], road.deadline("reply")["state"]) == (2, "running")
    assert await road.refused("unit-lighting", "reply") == (422, "note-required")
    assert await road.refused("unit-gas", "reply", note="x") == (404, "not-found")
    shown = await road.does("unit-lighting", "reply", note="今晚换灯")
    assert (shown["supervisions"][1]["reply"], road.deadline("reply")["state"]) == ("今晚换灯", "met")
    assert (await road.last())["supervision"]["replied_by"]["id"] == "unit-lighting"
    assert await road.refused("unit-lighting", "reply", note="again") == (409, "reply-not-owed")


async def test_voiding_is_asked_by_one_and_granted_by_another(city: FrontDoor) -> None:
    road = await opened(city, category=None, text=DARK)
    assert await road.refused("desk-1", "request-void") == (422, "reason-required")
    await road.does("chief-1", "request-void", reason="a-drill")
    petition = road.asked()
    assert await road.refused("dispatcher-1", "grant", petition=petition) == (403, "actor-not-allowed")
    assert await road.refused("chief-1", "grant", petition=petition) == (403, "four-eyes")
    assert "grant" not in await road.offered("chief-1")
    await road.does("admin-1", "deny", petition=petition, reason="it-is-real")
    assert road.now["state"] == "reported"
    await road.does("desk-1", "request-void", reason="sent-twice")
    shown = await road.does("chief-1", "grant", petition=road.asked())
    assert (shown["state"], [p["state"] for p in shown["petitions"]]) == ("void", ["denied", "granted"])
    assert await road.refused("chief-1", "reopen", reason="x") == (409, "verb-not-allowed")
    late = await at_work(city)
    assert await late.refused("desk-1", "request-void", reason="x") == (409, "verb-not-allowed")


async def missed(city: FrontDoor) -> Road:
    """A case whose unit has missed its deadline: limits run a hundred thousand times faster there."""
    road = await at_work(city)
    while road.deadline("disposal")["state"] != "missed":
        if not await ring_due(city.office):
            await asyncio.sleep(0.02)
        await road.look()
    return road


async def test_an_appeal_needs_two_others_and_never_erases_the_overrun(postgres_dsn: str) -> None:
    async with another_city(postgres_dsn, exercise_pace=100_000.0) as city:
        road = await missed(city)
        assert road.now["overdue"]
        late = {"clock": "disposal", "cycle": 1}
        assert await road.refused("unit-lighting", "appeal", **late) == (422, "reason-required")
        wrong: dict[str, Any]
        for wrong in ({}, {"clock": "disposal", "cycle": 7}, {"clock": "dispatch", "cycle": 1}):
            assert await road.refused("unit-lighting", "appeal", reason="flood", **wrong) == (409, "appeal-impossible")
        assert await road.refused("unit-lighting", "request-extension", reason="late") == (409, "deadline-passed")
        await road.does("unit-lighting", "appeal", reason="flood", **late)
        shown = await road.does("dispatcher-1", "grant", petition=road.asked())
        assert (shown["petitions"][0]["state"], shown["petitions"][0]["consents"][0]["by"]["id"]) == (
            "asked", "dispatcher-1",
        )  # fmt: skip
        assert await road.refused("dispatcher-1", "grant", petition=road.asked()) == (403, "four-eyes")
        assert await road.refused("unit-lighting", "grant", petition=road.asked()) == (403, "actor-not-allowed")
        await road.does("supervisor-1", "grant", petition=road.asked(), note="有气象证明")
        excused = next(d for d in road.now["deadlines"] if d["clock"] == "disposal")
        assert (excused["state"], excused["exempt"]) == ("missed", True)
        assert road.now["petitions"][0]["state"] == "granted"
        assert await road.refused("unit-lighting", "appeal", reason="again", **late) == (409, "appeal-impossible")
        denied = await missed(city)
        await denied.does("unit-lighting", "appeal", reason="holiday", **late)
        await denied.does("chief-1", "deny", petition=denied.asked(), reason="was-on-duty")
        assert await denied.refused("unit-lighting", "appeal", reason="please", **late) == (409, "petition-limit")
        assert denied.now["overdue"]


async def test_two_cases_become_one_and_part_again(city: FrontDoor) -> None:
    main, one = await at_work(city), await sent_out(city)
    for who in ("hotline-12345", "unit-lighting"):
        assert (await city.get(who, f"/v1/cases/{one.no}")).status_code == 200
    assert await one.refused("desk-1", "merge", into=main.no) == (422, "reason-required")
    assert await one.refused("desk-1", "merge", reason="same") == (404, "not-found")
    assert await one.refused("desk-1", "merge", reason="same", into="YH-261116-0000001-0") == (422, "case-no-invalid")
    assert await one.refused("desk-1", "merge", reason="same", into=one.no) == (422, "other-case-required")
    assert await one.refused("unit-lighting", "merge", reason="same", into=main.no) == (403, "actor-not-allowed")
    shown = await one.does("dispatcher-1", "merge", reason="the-same-lamp", into=main.no)
    assert (shown["state"], shown["merged_into"], shown["merged_into_no"]) == ("merged", str(main.id), main.no)
    assert {task["state"] for task in shown["tasks"]} == {"cancelled"}
    await main.look()
    assert main.now["absorbed"] == [one.no]
    assert {r["id"] for r in main.now["reports"]} >= {r["id"] for r in one.now["reports"]}, "every reporter stays"
    step = await main.last()
    assert (step["type"], step["other"], step["reason"]) == ("absorbed", str(one.id), "the-same-lamp")
    assert (await one.last())["other"] == str(main.id)
    report = one.now["reports"][0]["id"]
    behind = (await city.get("hotline-12345", f"/v1/reports/{report}")).json()["cases"]
    assert {(case["no"], case["state"]) for case in behind} == {(one.no, "merged"), (main.no, "disposing")}
    third = await opened(city)
    assert await third.refused("desk-1", "merge", reason="same", into=one.no) == (409, "other-case-ended")
    assert await main.refused("desk-1", "merge", reason="same", into=third.no) == (409, "other-case-absorbed")
    for verb in ("absorb", "release"):
        assert await main.refused("admin-1", verb) == (409, "verb-not-allowed")
    assert await one.refused("desk-1", "split") == (422, "reason-required")
    shown = await one.does("desk-1", "split", reason="two-lamps")
    assert (shown["state"], shown["merged_into"], shown["merged_into_no"]) == ("pending_dispatch", None, None)
    await main.look()
    assert ((await main.last())["type"], main.now["absorbed"], len(main.now["reports"])) == ("released", [], 1)
    await assign_many(city.office, [one.id])
    assert (await one.look())["state"] == "pending_disposal"


async def test_of_two_merges_at_once_into_each_other_one_happens(city: FrontDoor) -> None:
    for _ in range(5):
        one, two = await opened(city), await opened(city)
        answers = await asyncio.gather(
            one.ask("desk-1", "merge", reason="same", into=two.no),
            two.ask("dispatcher-1", "merge", reason="same", into=one.no),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        assert {(await one.look())["state"], (await two.look())["state"]} == {"merged", "pending_dispatch"}


async def test_a_chief_closes_by_force_and_opens_again(city: FrontDoor) -> None:
    road = await at_work(city)
    assert await road.refused("chief-1", "force-close") == (422, "reason-required")
    assert await road.refused("dispatcher-1", "force-close", reason="x") == (403, "actor-not-allowed")
    shown = await road.does("chief-1", "force-close", reason="street-rebuilt")
    assert (shown["state"], road.deadline("disposal")["state"]) == ("force_closed", "stopped")
    assert {task["state"] for task in shown["tasks"]} == {"cancelled"}
    assert await road.refused("desk-1", "reopen", reason="x") == (403, "actor-not-allowed")
    assert (await road.does("chief-1", "reopen", reason="not-rebuilt"))["state"] == "pending_dispatch"
    unfiled = await opened(city, category=None, text=DARK)
    await unfiled.does("chief-1", "force-close", reason="a-drill")
    assert (await unfiled.does("chief-1", "reopen", reason="no-drill"))["state"] == "reported"


@pytest.mark.parametrize("verb", ["warn", "expire", "escalate", "defer", "register"])
async def test_what_only_clocks_and_rules_do_nobody_may_ask_for(city: FrontDoor, verb: str) -> None:
    road = await opened(city)
    status, code = await road.refused("admin-1", verb)
    assert (status, code) in ((403, "actor-not-allowed"), (409, "verb-not-allowed"))
    assert verb not in await road.offered("admin-1")
