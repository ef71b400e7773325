"""From report to filed case over HTTP: accepting and filing apart, 核实 on the spot, refusal, withdrawal."""

from collections.abc import AsyncIterator

import pytest

from domain.policy import OnSite, Steps
from handlers.file import file_many
from tests.contract.api_city import DARK, LINHU, PHOTO, Road, another_city, opened, position, reported, seen
from tests.demo_city import LAMP, grid
from tests.front_door import FrontDoor


@pytest.fixture(scope="module")
async def careful(postgres_dsn: str) -> AsyncIterator[FrontDoor]:
    """A city where accepting and filing are two people's, nothing is filed by itself, and 核实 needs proof."""
    changes = {"auto_file_from": 1.01, "auto_admit_from": 0.6, "on_site": OnSite(photos=1, within_m=100.0)}
    async with another_city(postgres_dsn, steps=Steps(filing=True), **changes) as door:
        yield door


async def here(city: FrontDoor, inspector: str, n: int = LINHU, north: float = 0.0) -> None:
    """An inspector goes on duty at a place."""
    answer = await city.ask(inspector, "PUT", "/v1/presence", json={"position": position(n, north)})
    assert answer.status_code == 204, answer.text


async def gone(city: FrontDoor, *inspectors: str) -> None:
    """Inspectors go off duty."""
    for inspector in inspectors:
        assert (await city.ask(inspector, "DELETE", "/v1/presence")).status_code == 204


async def test_accepting_and_filing_are_two_steps_where_the_city_says_so(careful: FrontDoor) -> None:
    road = await opened(careful, category=None, text=DARK)
    assert road.now["state"] == "reported"
    assert road.deadline("intake")["state"] == "running"
    assert await road.refused("desk-1", "file", category=LAMP, area=grid(LINHU)) == (409, "guard-not-met")
    assert (await road.does("desk-1", "admit"))["state"] == "pending_filing"
    assert (road.deadline("intake")["state"], road.deadline("filing")["state"]) == ("met", "running")
    assert await road.refused("chief-1", "return") == (422, "reason-required")
    assert (await road.does("chief-1", "return", reason="no-photo"))["state"] == "reported"
    await road.does("desk-1", "admit")
    assert await road.refused("desk-1", "decline") == (422, "reason-required")
    assert (await road.does("chief-1", "decline", reason="not-in-the-catalogue"))["state"] == "not_filed"
    assert await road.refused("desk-1", "reopen", reason="wrong") == (403, "actor-not-allowed")
    assert (await road.does("chief-1", "reopen", reason="it-is"))["state"] == "reported"
    await road.does("desk-1", "admit")
    shown = await road.does("desk-1", "file", category=LAMP, condition="01037-2", area=grid(LINHU))
    assert (shown["state"], shown["condition"]["id"], shown["reopened"]) == ("pending_dispatch", "01037-2", 1)
    assert await road.refused("desk-1", "return", reason="x") == (403, "actor-not-allowed")
    assert (await road.does("dispatcher-1", "return", reason="wrong-grid"))["state"] == "pending_filing"
    assert road.now["filed_at"] is None


async def test_what_is_sure_enough_is_accepted_by_itself_and_waits_for_filing(careful: FrontDoor) -> None:
    road = await opened(careful)
    assert (road.now["state"], await road.told()) == ("pending_filing", ["admitted"])


async def test_where_filing_is_no_step_of_its_own_there_is_nothing_to_admit(city: FrontDoor) -> None:
    road = await opened(city, category=None, text=DARK)
    assert await road.refused("desk-1", "admit") == (409, "guard-not-met")
    assert "admit" not in await road.offered("desk-1")
    await road.does("desk-1", "file", category=LAMP)
    assert (await road.does("dispatcher-1", "return", reason="wrong-grid"))["state"] == "reported"


async def test_the_nearest_inspector_verifies_with_a_photo_from_the_place(careful: FrontDoor) -> None:
    await here(careful, "inspector-1", north=900.0)
    await here(careful, "inspector-4", north=20.0)
    road = await opened(careful, n=LINHU, category=None, text=DARK)
    assert (await road.does("desk-1", "verify"))["state"] == "verifying"
    task = road.task("verify")
    assert (task["worker"], task["unit"], task["state"]) == ("inspector-4", None, "offered")
    assert road.deadline("verify")["task"] == task["id"]
    listed = (await careful.get("inspector-4", "/v1/tasks")).json()["items"]
    assert [(item["task"]["id"], item["case"]["no"]) for item in listed] == [(task["id"], road.no)]
    assert (await careful.get("inspector-1", "/v1/tasks")).json()["items"] == []
    proof = {"photos": [PHOTO], "position": position(LINHU, 30.0)}
    assert await road.refused("inspector-1", "pass", **proof) == (409, "guard-not-met")
    assert await road.refused("inspector-4", "pass", position=position(LINHU)) == (422, "photos-required")
    assert await road.refused("inspector-4", "pass", photos=[PHOTO]) == (422, "position-required")
    away = {"photos": [PHOTO], "position": position(LINHU, 500.0)}
    assert await road.refused("inspector-4", "pass", **away) == (409, "too-far-away")
    assert await road.offered("inspector-4") >= {"pass", "fail"}
    shown = await road.does("inspector-4", "pass", note="灯确实不亮", **proof)
    assert (shown["state"], shown["verified"]) == ("reported", True)
    task = road.task("verify")
    assert (task["state"], task["passed"], task["result"], len(task["photos"])) == ("done", True, "灯确实不亮", 1)
    assert task["position"]["crs"] == "EPSG:4326"
    assert (await careful.get("inspector-4", "/v1/tasks")).json()["items"] == []
    assert road.deadline("verify")["state"] == "met"
    # who was there does not go again: a second pair of eyes sees more
    assert (await road.does("desk-1", "verify"))["tasks"][-1]["worker"] == "inspector-1"
    assert (await road.does("desk-1", "return", reason="mistake"))["state"] == "reported"
    assert road.task("verify")["state"] == "cancelled"
    await gone(careful, "inspector-1", "inspector-4")
    assert await road.refused("desk-1", "verify") == (422, "inspector-required")


async def test_an_inspector_is_named_by_hand_and_finds_nothing(careful: FrontDoor) -> None:
    road = await opened(careful, n=LINHU + 1, category=None, text=DARK)
    await road.does("desk-1", "verify", worker="inspector-3")
    where = {"photos": [await careful.photo("inspector-3")], "position": position(LINHU + 1)}
    task = road.task("verify")["id"]
    path = f"/v1/tasks/{task}/actions/fail"
    match = {"If_Match": f'"{road.now["version"]}"'}
    assert (await careful.post("inspector-2", path, {"reason": "x"}, **match)).status_code == 404
    silent = await careful.post("inspector-3", path, where, **match)
    assert (silent.status_code, silent.json()["code"]) == (422, "reason-required")
    answer = await careful.post("inspector-3", path, {"reason": "nothing-there", **where}, **match)
    assert answer.status_code == 200, answer.text
    assert ((await road.look())["state"], road.now["verified"]) == ("reported", False)
    assert await road.refused("desk-1", "refuse") == (422, "reason-required")
    shown = await road.does("desk-1", "refuse", reason="nothing-there")
    assert (shown["state"], shown["deadlines"][0]["ended_at"] is not None) == ("not_accepted", True)
    assert (await road.last())["reason"] == "nothing-there"
    assert (await road.does("chief-1", "reopen", reason="seen-again"))["state"] == "reported"


async def behind(city: FrontDoor, road: Road, who: str) -> str:
    """Another report by somebody, joined to the case by the desk."""
    other = await reported(city, who, n=LINHU, category=None, text=DARK)
    await file_many(city.office, [other])
    await road.does("desk-1", "join", report=str(other))
    return str(other)


async def test_a_reporter_withdraws_as_long_as_nobody_accepted(city: FrontDoor) -> None:
    road = await opened(city, category=None, text=DARK)
    own = road.now["reports"][0]["id"]
    other = await behind(city, road, "inspector-1")
    assert await road.refused("hotline-12345", "withdraw", report=own) == (422, "reason-required")
    assert await road.refused("hotline-12345", "withdraw", reason="lit") == (422, "report-required")
    assert await road.refused("hotline-12345", "withdraw", reason="lit", report=other) == (404, "not-found")
    assert await road.refused("desk-1", "withdraw", reason="lit", report=own) == (404, "not-found")
    shown = await road.does("hotline-12345", "withdraw", reason="lit", report=own)
    assert shown["state"] == "reported", "somebody else still waits"
    assert (await road.last())["reports"] == [own]
    assert own in {report["id"] for report in shown["reports"]}, "every reporter stays on the case"
    assert await road.refused("hotline-12345", "withdraw", reason="lit", report=own) == (422, "report-required")
    assert (await road.does("inspector-1", "withdraw", reason="lit", report=other))["state"] == "withdrawn"
    late = await opened(city)
    mine = late.now["reports"][0]["id"]
    assert await late.refused("hotline-12345", "withdraw", reason="x", report=mine) == (409, "verb-not-allowed")


async def test_an_inspector_follows_its_own_report_out_of_its_area(city: FrontDoor) -> None:
    """Who reports from across the border sees what becomes of it and may take it back."""
    away = await opened(city, "inspector-3", category=None, text=DARK)
    assert (await seen(city, "inspector-3", away.no))["state"] == "reported"
    own = away.now["reports"][0]["id"]
    assert (await away.does("inspector-3", "withdraw", reason="gone", report=own))["state"] == "withdrawn"
    assert (await city.get("inspector-2", f"/v1/cases/{away.no}")).status_code == 404
