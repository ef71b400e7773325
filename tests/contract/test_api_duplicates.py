"""The HTTP door: what the desk is shown beside a case, and what it says of it."""

from typing import Any

from domain.case import Case
from handlers.ports import Office
from tests.contract.api_city import LINHU, SHANQIAN
from tests.demo_city import a_call, cases_of, dispatched, filed, spot, to_the_end
from tests.front_door import FrontDoor


async def two_near(office: Office, n: int) -> tuple[Case, Case]:
    """Two cases of one kind, 60 m apart: too far to join by themselves."""
    (first,) = await filed(office, a_call(n, text="路灯不亮"))
    (second,) = await filed(office, a_call(n, text="路灯不亮了", point=spot(n, 60)))
    one, other = await cases_of(office, [first, second])
    return one, other


async def beside(city: FrontDoor, case: Case, who: str = "desk-1", **query: str) -> list[dict[str, Any]]:
    answer = await city.get(who, f"/v1/cases/{case.no}/duplicates", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


async def put_aside(city: FrontDoor, case: Case, other: Case, **body: Any) -> int:
    answer = await city.ask("desk-1", "PUT", f"/v1/cases/{case.no}/duplicates/{other.no}", json=body)
    return answer.status_code


async def waiting(city: FrontDoor, who: str = "desk-1") -> dict[str, list[str]]:
    """The desk's list, all pages, one line a page."""
    found: dict[str, list[str]] = {}
    cursor = None
    while True:
        query = {"limit": "1", **({"cursor": cursor} if cursor else {})}
        answer = await city.get(who, "/v1/duplicates", params=query)
        assert answer.status_code == 200, answer.text
        for one in answer.json()["items"]:
            assert one["no"] not in found, "no case stands on two pages"
            found[one["no"]] = [other["no"] for other in one["others"]]
        cursor = answer.json()["next"]
        if cursor is None:
            return found


async def test_the_desk_sees_score_and_reasons_beside_a_case(city: FrontDoor, office: Office) -> None:
    one, other = await two_near(office, LINHU + 2)
    (found,) = await beside(city, other)
    assert (found["no"], found["kind"], found["state"]) == (one.no, "same", "pending_dispatch")
    assert 0.1 <= found["score"] < 1
    assert {ground["sign"] for ground in found["grounds"]} == {"near", "soon", "category", "words"}
    assert "60 m away" in {ground["fact"] for ground in found["grounds"]}
    assert [each["no"] for each in await beside(city, one)] == [other.no]
    assert (await waiting(city))[other.no] == [one.no]


async def test_not_the_same_is_said_once_and_holds_from_both_sides(city: FrontDoor, office: Office) -> None:
    one, other = await two_near(office, LINHU + 6)
    assert await put_aside(city, one, other) == 204
    assert await beside(city, one) == await beside(city, other) == []
    assert other.no not in await waiting(city)
    (found,) = await beside(city, other, aside="true")
    assert (found["aside"], found["aside_until"]) == (True, None)


async def test_for_some_days_is_not_for_ever(city: FrontDoor, office: Office) -> None:
    one, other = await two_near(office, LINHU + 10)
    assert await put_aside(city, other, one, days=7) == 204
    assert await beside(city, one) == []
    async with office.store.unit() as unit:
        await unit._connection.execute("UPDATE duplicates SET aside_until = now() WHERE case_id = $1", other.id)
    assert [each["no"] for each in await beside(city, one)] == [other.no]
    assert (await waiting(city))[other.no] == [one.no]


async def test_a_closed_case_stands_there_as_one_to_rework(city: FrontDoor, office: Office) -> None:
    (first,) = await dispatched(office, a_call(LINHU + 14))
    await to_the_end(office, first)
    (second,) = await filed(office, a_call(LINHU + 14))
    closed, again = await cases_of(office, [first, second])
    (found,) = await beside(city, again)
    assert (found["no"], found["kind"], found["ended_at"] is not None) == (closed.no, "rework", True)
    assert (await waiting(city))[again.no] == [closed.no]


async def test_what_a_caller_may_not_see_is_not_shown(city: FrontDoor, office: Office) -> None:
    one, other = await two_near(office, LINHU + 18)
    assert [each["no"] for each in await beside(city, one, "officer-1")] == [other.no]
    assert (await city.get("officer-2", f"/v1/cases/{one.no}/duplicates")).status_code == 404
    assert other.no not in await waiting(city, "officer-2")
    assert other.no in await waiting(city, "officer-1")
    far, near = await two_near(office, SHANQIAN + 2)
    assert near.no in await waiting(city, "officer-2")
    assert far.no not in await waiting(city)


async def test_who_may_not_merge_may_not_put_aside_and_nobody_compares_a_case_with_itself(
    city: FrontDoor, office: Office
) -> None:
    one, other = await two_near(office, LINHU + 22)
    path = f"/v1/cases/{one.no}/duplicates/{other.no}"
    assert (await city.ask("viewer-1", "PUT", path, json={})).status_code == 403
    assert (await city.get("unit-lighting", f"/v1/cases/{one.no}/duplicates")).status_code == 403
    assert await put_aside(city, one, one) == 422
    assert await put_aside(city, one, other, days=0) == 422
    assert (await city.get("desk-1", "/v1/duplicates", params={"cursor": "x"})).status_code == 400
    assert [each["no"] for each in await beside(city, one)] == [other.no]
