"""The HTTP door: lists for desks and departments, complete, narrowed and in the caller's own bounds."""

from typing import Any

from handlers.ports import Office
from tests.contract.api_city import LINHU, act
from tests.demo_city import (
    NO_RULE,
    a_call,
    case_of,
    cases_of,
    dispatched,
    filed,
    grid,
    in_district,
    pack,
)
from tests.front_door import FrontDoor


async def test_pages_are_complete_and_without_repeats_while_cases_are_added(city: FrontDoor, office: Office) -> None:
    n = in_district("439902002")
    there = grid(n)
    old = {case.no for case in await cases_of(office, await filed(office, *_spread(n, 25)))}
    found: list[str] = []
    cursor, pages = "", 0
    while True:
        page = (await city.get("viewer-1", f"/v1/cases?area={there}&limit=7{cursor}")).json()
        found += [case["no"] for case in page["items"]]
        pages += 1
        await filed(office, *_spread(n, 2))
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert pages == 4
    assert len(found) == len(set(found)) == 25
    assert set(found) == old
    listed = (await city.get("viewer-1", f"/v1/cases?area={there}&limit=200")).json()
    times = [case["opened_at"] for case in listed["items"]]
    assert times == sorted(times, reverse=True)
    assert len(times) == 33
    assert listed["next"] is None


_CATEGORIES = iter(key for key in sorted(pack().catalogue.categories) if ":event:" in key)


def _spread(n: int, number: int) -> list[Any]:
    """Reports in one grid that are not the same incident."""
    return [a_call(n, next(_CATEGORIES)) for _ in range(number)]


async def test_lists_are_narrowed_by_area_unit_category_state_and_overdue(city: FrontDoor, office: Office) -> None:
    n = in_district("439902003")
    (lamp,) = await cases_of(office, await dispatched(office, a_call(n)))
    (grave,) = await cases_of(office, await dispatched(office, a_call(n, NO_RULE)))
    unlocated = await case_of(office, (await filed(office, a_call(n, point=None)))[0])

    async def listed(query: str) -> set[str]:
        answer = await city.get("viewer-1", f"/v1/cases?limit=200&{query}")
        assert answer.status_code == 200
        return {case["no"] for case in answer.json()["items"]}

    own = {lamp.no, grave.no}
    for area in ("439900", "439902", "439902003", grid(n)):
        assert own <= await listed(f"area={area}"), area
    assert not own & await listed("area=439901")
    assert unlocated.no in await listed("")
    assert unlocated.no not in await listed("area=439900")
    assert await listed(f"area={grid(n)}&unit=lighting") == {lamp.no}
    assert await listed(f"area={grid(n)}&category={NO_RULE}") == {grave.no}
    assert await listed(f"area={grid(n)}&state=pending_dispatch") == {grave.no}
    assert await listed(f"area={grid(n)}&overdue=false") == own
    assert await listed(f"area={grid(n)}&overdue=true") == set()


async def test_callers_bound_to_areas_see_only_those(city: FrontDoor, office: Office) -> None:
    here = await case_of(office, (await dispatched(office, a_call(LINHU + 1)))[0])
    there = await case_of(office, (await dispatched(office, a_call(in_district("439902") + 3)))[0])
    for who, own, foreign in (("officer-1", here, there), ("officer-2", there, here), ("inspector-3", there, here)):
        listed = (await city.get(who, "/v1/cases?limit=200")).json()["items"]
        assert {case["areas"][1]["code"] for case in listed} == {own.place.path[1]}
        assert (await city.get(who, f"/v1/cases/{own.no}")).status_code == 200
        assert (await city.get(who, f"/v1/cases/{foreign.no}")).status_code == 404
        assert (await city.get(who, f"/v1/cases/{foreign.no}/actions")).status_code == 404
    refused = await act(city, "officer-2", here, "pass")
    assert refused.status_code == 404


async def test_a_units_work_list_is_paged_oldest_first(city: FrontDoor, office: Office) -> None:
    cases = await cases_of(office, await dispatched(office, *(a_call(200 + n, "01046") for n in range(5))))
    unit = cases[0].tasks[0].unit
    found, cursor = [], ""
    while True:
        page = (await city.get(f"unit-{unit}", f"/v1/tasks?limit=2{cursor}")).json()
        found += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    offered = [item["task"]["offered_at"] for item in found]
    assert offered == sorted(offered)
    assert {case.no for case in cases} <= {item["case"]["no"] for item in found}
    assert all(item["task"]["unit"] == unit for item in found)
    assert len({item["task"]["id"] for item in found}) == len(found)
