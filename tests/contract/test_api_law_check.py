"""The end of the loop over HTTP: 核查 on the spot, rework, closing with its proof, 回访, re-opening, 抽查."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.policy import OnSite, Steps
from handlers.assign import assign_many
from tests.contract.api_city import LINHU, PHOTO, another_city, done, opened, position, shut
from tests.demo_city import in_district
from tests.front_door import FrontDoor

HERE = in_district("439901001")
BUILT = "06001"  # closing needs a photo
GREEN = "04013"  # may be closed by notice


@pytest.fixture(scope="module")
async def strict(postgres_dsn: str) -> AsyncIterator[FrontDoor]:
    """A city where work is checked on the spot, closing is a step of its own, and somebody calls back."""
    on_site = OnSite(photos=1, within_m=100.0, required=True)
    async with another_city(postgres_dsn, steps=Steps(close=True, call_back=True), on_site=on_site) as door:
        for inspector, north in (("inspector-1", 10.0), ("inspector-4", 800.0)):
            where = {"position": position(HERE, north)}
            assert (await door.ask(inspector, "PUT", "/v1/presence", json=where)).status_code == 204
        yield door


def proof(n: int = HERE) -> dict[str, Any]:
    """A photo, from the place."""
    return {"photos": [PHOTO], "position": position(n)}


async def test_checked_on_the_spot_reworked_and_closed(strict: FrontDoor) -> None:
    road = await done(strict, n=HERE)
    assert await road.refused("officer-1", "pass") == (409, "guard-not-met")
    assert not {"pass", "fail"} & await road.offered("officer-1")
    assert (await road.does("officer-1", "check"))["state"] == "checking"
    first = road.task("check")
    assert (first["worker"], road.deadline("on_site")["task"]) == ("inspector-1", first["id"])
    assert await road.refused("inspector-1", "fail", **proof()) == (422, "reason-required")
    shown = await road.does("inspector-1", "fail", reason="still-dark", **proof())
    assert (shown["state"], shown["reworks"]) == ("pending_disposal", 1)
    rounds = [(t["round"], t["state"], t["result"]) for t in shown["tasks"] if t["part"] == "lead"]
    assert rounds == [(0, "done", "已换灯"), (1, "offered", "")], "the first result is kept"
    assert [d["cycle"] for d in shown["deadlines"] if d["clock"] == "disposal"] == [1, 2]
    await road.does("unit-lighting", "accept")
    await road.does("unit-lighting", "finish", note="换了线路")
    await road.does("dispatcher-1", "check")
    assert road.task("check")["worker"] == "inspector-4", "a second pair of eyes"
    assert (await road.does("officer-1", "return", reason="rain"))["state"] == "pending_check"
    await road.does("officer-1", "check", worker="inspector-4")
    assert (await road.does("inspector-4", "pass", **proof()))["state"] == "pending_close"
    assert await road.refused("dispatcher-1", "close", closing="met") == (403, "actor-not-allowed")
    assert await road.refused("desk-1", "close") == (422, "closing-required")
    assert await road.refused("desk-1", "close", closing="notice") == (409, "closing-by-notice")
    assert (await road.does("chief-1", "return", reason="which-lamp"))["state"] == "pending_check"
    await road.does("officer-1", "check", worker="inspector-2")
    await road.does("inspector-2", "pass", **proof())
    shown = await road.does("desk-1", "close", closing="met")
    assert (shown["state"], shown["closing"], shown["ended_at"] is not None) == ("closed", "met", True)
    assert (await road.last())["closing"] == "met"
    assert road.deadline("call_back")["state"] == "running"
    assert (await road.does("callback-1", "call-back", contacted=True, solved=True, satisfied=True))[
        "state"
    ] == "evaluated"
    assert road.deadline("call_back")["state"] == "met"


async def finished(city: FrontDoor, category: str, condition: str) -> Any:
    """A case whose lead has finished without a photo."""
    road = await opened(city, category=category, condition=condition)
    await assign_many(city.office, [road.id])
    await road.look()
    for task in sorted(road.now["tasks"], key=lambda task: task["part"]):  # assistants first
        await road.does(f"unit-{task['unit']}", "accept")
        await road.does(f"unit-{task['unit']}", "finish", note="已处置")
    assert road.now["state"] == "pending_check"
    return road


async def test_where_the_closing_condition_needs_a_photo_there_is_one(city: FrontDoor) -> None:
    road = await finished(city, BUILT, "06001-2")
    assert await road.refused("officer-1", "pass") == (422, "evidence-required")
    shown = await road.does("officer-1", "pass", photos=[PHOTO])
    assert (shown["state"], shown["closing"]) == ("closed", "met")


async def test_what_cannot_be_put_right_now_is_closed_by_notice(city: FrontDoor) -> None:
    road = await finished(city, GREEN, "04013-1")
    shown = await road.does("officer-1", "pass", closing="notice", note="待播种季节")
    assert (shown["state"], shown["closing"]) == ("closed", "notice")


async def test_the_caller_has_the_last_word(city: FrontDoor) -> None:
    road = await shut(city)
    report = road.now["reports"][0]["id"]
    assert await road.refused("callback-1", "call-back", note="x") == (422, "verdicts-required")
    assert await road.refused("callback-1", "call-back", solved=True, report=str(road.id)) == (422, "report-required")
    assert await road.refused("viewer-1", "call-back", solved=True) == (403, "role-not-allowed")
    assert await road.refused("dispatcher-1", "call-back", solved=True) == (403, "actor-not-allowed")
    shown = await road.does("hotline-12345", "call-back", contacted=False, note="无人接听")
    assert (shown["state"], shown["call_backs"][0]["solved"]) == ("evaluated", None)
    shown = await road.does("callback-1", "call-back", contacted=True, solved=False, satisfied=True, report=report)
    assert (shown["state"], shown["reopened"], shown["ended_at"]) == ("pending_dispatch", 1, None)
    said = shown["call_backs"][1]
    assert (said["contacted"], said["solved"], said["satisfied"], said["report"]) == (True, False, True, report)
    assert (await road.last())["call_back"]["by"]["id"] == "callback-1"


async def test_a_case_is_reopened_by_hand_and_only_so_often_by_callers(city: FrontDoor) -> None:
    road = await shut(city)
    assert await road.refused("desk-1", "reopen") == (422, "reason-required")
    assert await road.refused("dispatcher-1", "reopen", reason="x") == (403, "actor-not-allowed")
    for again in (1, 2):
        shown = await road.does("desk-1", "reopen", reason="dark-again")
        assert (shown["state"], shown["reopened"]) == ("pending_dispatch", again)
        await road.does("dispatcher-1", "dispatch", unit="lighting")
        await road.does("unit-lighting", "accept")
        await road.does("unit-lighting", "finish", note="好")
        await road.does("officer-1", "pass")
    unhappy = await road.does("callback-1", "call-back", contacted=True, solved=False, satisfied=False)
    assert unhappy["state"] == "evaluated", "twice is the limit; from here on a person decides"


async def draw(city: FrontDoor, who: str, seed: str, **changes: Any) -> Any:
    """A draw over the last hour."""
    now = datetime.now(UTC)
    body = {"seed": seed, "quota": 1, "since": (now - timedelta(hours=1)).isoformat(),
            "until": (now + timedelta(minutes=1)).isoformat(), **changes}  # fmt: skip
    return await city.post(who, "/v1/spot-checks", body)


async def test_closed_cases_are_drawn_by_a_seed_and_checked_again(postgres_dsn: str) -> None:
    async with another_city(postgres_dsn) as city:
        roads = {road.no: road for road in [await shut(city) for _ in range(4)]}
        assert (await draw(city, "dispatcher-1", "s")).status_code == 403
        nobody = (await draw(city, "supervisor-1", "2026-11")).json()
        assert [(case["unit"], case["inspector"], case["problem"]) for case in nobody["cases"]] == [
            ("lighting", None, "inspector-required")
        ]
        assert (await city.ask("inspector-4", "PUT", "/v1/presence", json={})).status_code == 204
        drawn = (await draw(city, "supervisor-1", "2026-11")).json()["cases"]
        assert [case["no"] for case in drawn] == [case["no"] for case in nobody["cases"]], "the seed alone decides"
        assert (drawn[0]["inspector"], drawn[0]["problem"]) == ("inspector-4", None)
        all_of_them = (await draw(city, "admin-1", "2026-11", quota=100)).json()["cases"]
        assert {case["no"] for case in all_of_them} == set(roads)
        road = roads[drawn[0]["no"]]
        await road.look()
        assert road.now["state"] == "closed"
        assert await road.refused("inspector-4", "fail") == (422, "reason-required")
        shown = await road.does("inspector-4", "fail", reason="dark-again")
        assert (shown["state"], shown["reopened"]) == ("pending_dispatch", 1)
        good = next(one for no, one in roads.items() if no != road.no)
        await good.look()
        shown = await good.does("inspector-4", "pass")
        assert (shown["state"], good.task("spot_check")["passed"]) == ("closed", True)
        shown = await good.does("supervisor-1", "spot-check", worker="inspector-1")
        assert [t["worker"] for t in shown["tasks"] if t["state"] == "offered"] == ["inspector-1"]


async def test_a_draw_drawn_again_sends_nobody_twice(postgres_dsn: str) -> None:
    async with another_city(postgres_dsn) as city:
        road = await shut(city)
        await city.ask("inspector-4", "PUT", "/v1/presence", json={"position": position(LINHU)})
        for _ in range(2):
            drawn = (await draw(city, "supervisor-1", "seed")).json()["cases"]
            assert [case["no"] for case in drawn] == [road.no]
        shown = await road.look()
        assert len([t for t in shown["tasks"] if t["part"] == "spot_check" and t["state"] == "offered"]) == 1


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"quota": 0}, "number-out-of-range", "/quota"),
        ({"quota": "1"}, "type-mismatch", "/quota"),
        ({"seed": ""}, "text-empty", "/seed"),
        ({"seed": "a\x00"}, "text-control-char", "/seed"),
        ({"since": "2026-11-16"}, "timestamp-no-offset", "/since"),
        ({"since": "2999-01-01T00:00:00Z"}, "interval-empty", "/until"),
        ({"since": "0001-01-01T00:00:00+14:00"}, "timestamp-out-of-range", "/since"),
        ({"until": "9999-12-31T23:59:59-14:00"}, "timestamp-out-of-range", "/until"),
        ({"all": True}, "field-unknown", "/all"),
    ],
)
async def test_a_draw_nobody_can_understand_is_refused(
    city: FrontDoor, changes: dict[str, Any], code: str, pointer: str
) -> None:
    answer = await draw(city, "supervisor-1", **{"seed": "s", **changes})
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ({"lon": 27.9, "lat": 113.9, "crs": "EPSG:4326"}, "coordinate-swapped"),
        ({"lon": 0, "lat": 0, "crs": "EPSG:4326"}, "coordinate-placeholder"),
        ({"lon": 113.9, "lat": 27.9}, "crs-missing"),
    ],
)
async def test_a_phone_without_a_fix_is_told(city: FrontDoor, where: dict[str, Any], code: str) -> None:
    answer = await city.ask("inspector-1", "PUT", "/v1/presence", json={"position": where})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
