"""Disposal over HTTP: people assigned, stages reached, more time asked for, work suspended, results confirmed."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from domain.policy import Steps
from handlers.assign import assign_many
from tests.contract.api_city import PHOTO, Road, another_city, at_work, opened, sent_out
from tests.front_door import FrontDoor

BUILT = "06001"  # 违法建设: stages 立案查处 and 行政处罚, 执法局 leads
SOON = timedelta(days=20)


@pytest.fixture(scope="module")
async def confirming(postgres_dsn: str) -> AsyncIterator[FrontDoor]:
    """A city where the department confirms what its worker says."""
    async with another_city(postgres_dsn, steps=Steps(confirm=True)) as door:
        yield door


async def on_the_list(city: FrontDoor, road: Road) -> bool:
    """Whether the dispatcher's list of what was asked shows the case."""
    listed = (await city.get("dispatcher-1", "/v1/cases?petitioned=true&limit=200")).json()["items"]
    assert all(any(p["state"] == "asked" for p in case["petitions"]) for case in listed)
    return road.no in {case["no"] for case in listed}


async def test_a_unit_sends_a_worker_and_takes_the_order_back(city: FrontDoor) -> None:
    road = await sent_out(city)
    assert await road.refused("unit-lighting", "assign") == (422, "worker-required")
    assert await road.refused("unit-lighting", "unassign") == (409, "guard-not-met")
    shown = await road.does("unit-lighting", "assign", worker="张工")
    assert (shown["state"], road.task("lead")["worker"]) == ("disposing", "张工"), "who assigns has accepted"
    assert await road.refused("unit-lighting", "send-back", reason="not-ours") == (409, "worker-assigned")
    assert await road.refused("unit-lighting", "accept") == (409, "guard-not-met")
    shown = await road.does("unit-lighting", "assign", worker="李工")
    assert road.task("lead")["worker"] == "李工"
    shown = await road.does("unit-lighting", "unassign")
    assert (shown["state"], road.task("lead")["state"], road.task("lead")["worker"]) == (
        "pending_disposal",
        "offered",
        "",
    )
    assert (await road.does("unit-lighting", "send-back", reason="not-ours"))["state"] == "pending_dispatch"


async def test_a_worker_named_like_an_inspector_opens_no_door_to_that_one(city: FrontDoor) -> None:
    road = await sent_out(city)
    await road.does("unit-lighting", "assign", worker="inspector-3")
    assert (await city.get("inspector-3", f"/v1/cases/{road.no}")).status_code == 404
    assert road.no not in (await city.get("inspector-3", "/v1/cases?limit=200")).text
    assert road.no not in (await city.get("inspector-3", "/v1/tasks?limit=200")).text


async def test_stages_are_reached_one_after_the_other(city: FrontDoor) -> None:
    road = await opened(city, category=BUILT, condition="06001-2")
    await assign_many(city.office, [road.id])
    assert (await road.look())["unit"] == "enforcement"
    stages = [d for d in road.now["deadlines"] if d["clock"] == "milestone"]
    assert [d["origin"] for d in stages] == ["milestone 立案查处", "milestone 行政处罚"]
    await road.does("unit-enforcement", "accept")
    for reached in (1, 2):
        assert "reach" in await road.offered("unit-enforcement")
        await road.does("unit-enforcement", "reach", note="已立案")
        states = [d["state"] for d in road.now["deadlines"] if d["clock"] == "milestone"]
        assert states == ["met"] * reached + ["running"] * (2 - reached)
    assert await road.refused("unit-enforcement", "reach") == (409, "milestone-none")
    helper = road.task("assist")["unit"]
    assert await road.refused(f"unit-{helper}", "reach") == (409, "guard-not-met")


async def test_more_time_is_granted_with_both_dates_kept_and_only_so_often(city: FrontDoor) -> None:
    road = await at_work(city)
    promised = road.deadline("disposal")["due_at"]
    assert await road.refused("unit-lighting", "request-extension") == (422, "reason-required")
    assert await road.refused("dispatcher-1", "request-extension", reason="x") == (403, "actor-not-allowed")
    assert not await on_the_list(city, road)
    await road.does("unit-lighting", "request-extension", reason="no-part")
    assert await on_the_list(city, road)
    assert (road.now["petitions"][0]["matter"], road.now["petitions"][0]["by"]["id"]) == ("extension", "unit-lighting")
    assert road.deadline("disposal")["due_at"] == promised, "asking moves nothing"
    assert await road.refused("unit-lighting", "request-extension", reason="again") == (409, "petition-open")
    assert await road.refused("unit-lighting", "grant", petition=road.asked()) == (403, "actor-not-allowed")
    assert await road.refused("dispatcher-1", "grant") == (409, "petition-unknown")
    assert await road.refused("dispatcher-1", "grant", petition=str(road.id)) == (409, "petition-unknown")
    await road.does("dispatcher-1", "grant", petition=road.asked(), note="可以")
    moved = road.deadline("disposal")
    assert (moved["first_due_at"], moved["state"]) == (promised, "running")
    assert moved["due_at"] > promised
    assert (road.now["petitions"][0]["state"], road.now["petitions"][0]["consents"][0]["note"]) == ("granted", "可以")
    assert not await on_the_list(city, road)
    await road.does("unit-lighting", "request-extension", reason="still-no-part")
    await road.does("chief-1", "deny", petition=road.asked(), reason="borrow-one")
    assert road.deadline("disposal") == moved
    await road.does("unit-lighting", "request-extension", reason="nobody-lends")
    await road.does("chief-1", "grant", petition=road.asked())
    last = road.deadline("disposal")
    assert (last["first_due_at"], last["due_at"] > moved["due_at"]) == (promised, True), "the first promise stays"
    assert await road.refused("unit-lighting", "request-extension", reason="more") == (409, "petition-limit")
    assert "request-extension" not in await road.offered("unit-lighting")
    assert [p["state"] for p in road.now["petitions"]] == ["granted", "denied", "granted"]


async def test_a_petition_nobody_answered_lapses_when_the_case_goes_on(city: FrontDoor) -> None:
    road = await at_work(city)
    await road.does("unit-lighting", "request-extension", reason="no-part")
    petition = road.asked()
    await road.does("unit-lighting", "finish", note="已修好")
    assert road.now["petitions"][0]["state"] == "lapsed"
    assert not await on_the_list(city, road)
    assert (await road.refused("dispatcher-1", "grant", petition=petition))[1] in ("verb-not-allowed", "guard-not-met")


@pytest.mark.parametrize("stage", ["offered", "accepted"])
async def test_suspended_work_stands_still_until_its_date_or_until_somebody_resumes(
    city: FrontDoor, stage: str
) -> None:
    road = await (sent_out(city) if stage == "offered" else at_work(city))
    before, until = road.now["state"], datetime.now(UTC) + SOON
    for wrong in ({}, {"until": "2020-01-01T00:00:00Z"}, {"until": (until + timedelta(days=400)).isoformat()}):
        assert await road.refused("unit-lighting", "request-suspension", reason="frost", **wrong) == (
            422, "until-invalid",
        )  # fmt: skip
    await road.does("unit-lighting", "request-suspension", reason="frost", until=until.isoformat())
    assert await on_the_list(city, road)
    shown = await road.does("dispatcher-1", "grant", petition=road.asked())
    assert (shown["state"], road.deadline("disposal")["state"]) == ("suspended", "paused")
    ends = road.deadline("suspension")
    assert (ends["state"], datetime.fromisoformat(ends["due_at"]), ends["origin"]) == ("running", until, "petition")
    assert await road.refused("unit-lighting", "finish", note="x") == (409, "verb-not-allowed")
    assert await road.refused("unit-gas", "resume") == (404, "not-found")
    shown = await road.does("unit-lighting", "resume")
    assert (shown["state"], road.deadline("disposal")["state"]) == (before, "running")
    again = {"reason": "frost", "until": until.isoformat()}
    assert await road.refused("unit-lighting", "request-suspension", **again) == (409, "petition-limit")


async def test_the_department_confirms_what_its_worker_says(confirming: FrontDoor) -> None:
    road = await at_work(confirming)
    shown = await road.does("unit-lighting", "finish", note="已换灯", photos=[PHOTO])
    assert (shown["state"], road.task("lead")["state"]) == ("disposed", "done")
    assert await road.refused("dispatcher-1", "confirm") == (403, "actor-not-allowed")
    assert await road.refused("unit-lighting", "return") == (422, "reason-required")
    first = road.task("lead")["photos"]
    assert len(first) == 1
    shown = await road.does("unit-lighting", "return", reason="blurred-photo")
    assert (shown["state"], road.task("lead")["state"], len(shown["tasks"])) == ("disposing", "accepted", 1)
    await road.does("unit-lighting", "finish", note="已换灯", photos=[PHOTO])
    assert (await road.does("unit-lighting", "confirm"))["state"] == "pending_check"
    assert road.task("lead")["photos"] == first
