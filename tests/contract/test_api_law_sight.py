"""Who sees what over HTTP: callers their own, inspectors what they are sent to, units their own, and merged cases."""

from handlers.file import file_many
from handlers.ports import new_id
from tests.contract.api_city import DARK, LINHU, Road, at_work, opened, reported, seen, sent_out
from tests.front_door import FrontDoor

AWAY = ["山前区", "松岭街道"]


async def may_see(city: FrontDoor, road: Road, *who: str) -> set[str]:
    """Those of the callers who may read the case."""
    answers = {one: (await city.get(one, f"/v1/cases/{road.no}")).status_code for one in who}
    assert set(answers.values()) <= {200, 404}
    return {one for one, status in answers.items() if status == 200}


async def listed(city: FrontDoor, who: str) -> set[str]:
    """The numbers on somebody's list of cases."""
    return {case["no"] for case in (await city.get(who, "/v1/cases?limit=200")).json()["items"]}


async def test_a_hotline_sees_only_the_cases_behind_its_own_reports(city: FrontDoor) -> None:
    own, foreign = await opened(city), await opened(city, "inspector-1", n=LINHU + 3, category=None, text=DARK)
    assert await may_see(city, own, "hotline-12345", "desk-1") == {"hotline-12345", "desk-1"}
    assert await may_see(city, foreign, "hotline-12345", "desk-1") == {"desk-1"}
    assert (await city.get("hotline-12345", f"/v1/cases/{foreign.no}/actions")).status_code == 404
    assert await foreign.refused("hotline-12345", "urge") == (404, "not-found")
    for path in (f"/v1/cases/{own.no}/history", f"/v1/cases/{own.no}/explain", "/v1/cases", "/v1/stream", "/v1/tasks"):
        assert (await city.get("hotline-12345", path)).status_code == 403, path
    joined = await reported(city, n=LINHU + 3, category=None, text=DARK)
    await file_many(city.office, [joined])
    await foreign.does("desk-1", "join", report=str(joined))
    assert await may_see(city, foreign, "hotline-12345") == {"hotline-12345"}, "its caller stands behind it now"


async def test_an_inspector_sees_its_area_and_what_it_is_sent_to(city: FrontDoor) -> None:
    away = await opened(city, areas=AWAY, category=None, text=DARK)
    near = await opened(city, n=LINHU + 5, category=None, text=DARK)
    everybody = ("inspector-1", "inspector-2", "inspector-3")
    assert await may_see(city, near, *everybody) == {"inspector-1"}
    assert near.no in await listed(city, "inspector-1")
    before = await may_see(city, away, *everybody)
    assert "inspector-2" not in before
    await away.does("desk-1", "verify", worker="inspector-2")
    assert await may_see(city, away, *everybody) == before | {"inspector-2"}
    assert away.no in await listed(city, "inspector-2"), "what may be read is on the list"
    assert away.no not in await listed(city, "inspector-1")
    task = away.task("verify")["id"]
    items = (await city.get("inspector-2", "/v1/tasks?limit=200")).json()["items"]
    assert [item["case"]["no"] for item in items if item["task"]["id"] == task] == [away.no]
    await away.does("inspector-2", "pass")
    assert task not in (await city.get("inspector-2", "/v1/tasks?limit=200")).text
    assert await may_see(city, away, "inspector-2") == {"inspector-2"}, "one may look at what one has said"


async def test_a_unit_sees_what_it_has_or_had_a_task_on(city: FrontDoor) -> None:
    road = await sent_out(city)
    units = ("unit-lighting", "unit-power", "unit-gas")
    assert await may_see(city, road, *units) == {"unit-lighting"}
    await road.does("dispatcher-1", "reinforce", assist=["power"])
    assert await may_see(city, road, *units) == {"unit-lighting", "unit-power"}
    await road.does("unit-power", "send-back", reason="not-ours")
    await road.does("unit-lighting", "send-back", reason="not-ours")
    await road.does("dispatcher-1", "dispatch", unit="gas")
    assert await may_see(city, road, *units) == set(units)
    for unit, tasks in (("unit-lighting", 0), ("unit-power", 0), ("unit-gas", 1)):
        assert (await city.get(unit, "/v1/tasks?limit=200")).text.count(road.no) == tasks
        assert road.no in await listed(city, unit)
    assert await road.offered("unit-power") == set()
    assert await road.refused("unit-power", "accept") == (409, "guard-not-met")


async def test_of_merged_cases_each_side_keeps_those_who_knew_it(city: FrontDoor) -> None:
    main = await opened(city, "inspector-1", n=LINHU + 7, category=None, text=DARK)
    one = await sent_out(city)
    await one.does("desk-1", "merge", reason="same", into=main.no)
    await main.look()
    assert await may_see(city, one, "hotline-12345", "unit-lighting") == {"hotline-12345", "unit-lighting"}
    assert await may_see(city, main, "hotline-12345", "unit-lighting", "inspector-1") == {
        "hotline-12345",
        "inspector-1",
    }
    assert (await seen(city, "hotline-12345", one.no))["merged_into_no"] == main.no
    assert await main.refused("hotline-12345", "pass") in {(403, "actor-not-allowed"), (409, "verb-not-allowed")}
    assert (await main.does("hotline-12345", "urge"))["urges"] == 1
    await one.does("desk-1", "split", reason="two")
    await main.look()
    assert await may_see(city, main, "hotline-12345", "inspector-1") == {"inspector-1"}
    assert await may_see(city, one, "hotline-12345") == {"hotline-12345"}


async def test_staff_bound_to_an_area_see_nothing_beyond_it(city: FrontDoor) -> None:
    here, there = await at_work(city), await opened(city, areas=AWAY)
    assert await may_see(city, here, "officer-1", "officer-2") == {"officer-1"}
    assert await may_see(city, there, "officer-1", "officer-2") == {"officer-2"}
    assert there.no not in await listed(city, "officer-1")
    nobody = f"/v1/tasks/{new_id()}/actions/pass"
    assert (await city.post("inspector-1", nobody, {}, If_Match='"1"')).status_code == 404
