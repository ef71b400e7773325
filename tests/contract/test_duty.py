"""Duty over HTTP: who is there, who stands in, what a unit has to do, and the list the night finds at eight."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from domain.case import Case
from domain.commands import Verb
from domain.place import Level
from handlers.ports import Office, new_id
from tests.contract.api_city import LINHU, SHANQIAN
from tests.demo_city import SUPERVISOR, a_call, case_of, dispatched, done, on_case, on_task, pack
from tests.front_door import FrontDoor

ROAD_DAMAGE = "06013"
NIGHT, MORNING = "2026-11-21T23:30:00+08:00", "2026-11-22T09:00:00+08:00"


async def on_duty(city: FrontDoor, who: str, at: str, **more: str) -> dict[str, Any]:
    """Who is on duty at a moment, as somebody sees it."""
    asked = "&".join(f"{name}={quote(value)}" for name, value in {"at": at, **more}.items())
    answer = await city.get(who, f"/v1/duty?{asked}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def people(found: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Who is there, and for whom."""
    return [(one["id"], one["stands_for"]) for watch in found["watches"] for one in watch["present"]]


async def away(city: FrontDoor, who: str, person: str, **body: Any) -> int:
    """Somebody is said to be away through both days; the status of the answer."""
    sent = {"since": "2026-11-21T00:00:00+08:00", "until": "2026-11-23T00:00:00+08:00", **body}
    return (await city.ask(who, "PUT", f"/v1/duty/{person}", json=sent)).status_code


async def test_the_roster_tells_who_is_there_by_day_and_by_night(city: FrontDoor) -> None:
    night = await on_duty(city, "chief-1", NIGHT)
    assert people(night) == [("duty-02", None), ("roads-02", None), ("drainage-02", None)]
    team = night["watches"][2]
    assert (team["of"], team["name"], team["unit"]) == ("drainage-linhu", "排水临湖抢险班", "drainage")
    assert (team["begins"][:16], team["ends"][:16]) == ("2026-11-21T20:00", "2026-11-22T08:00")
    assert "parks" in night["off"]
    assert people(await on_duty(city, "chief-1", MORNING, unit="roads")) == [("roads-01", None), ("roads-03", None)]


async def test_a_deputy_stands_in_and_goes_home_when_the_other_is_back(city: FrontDoor) -> None:
    assert await away(city, "unit-roads", "roads-02") == 204
    found = await on_duty(city, "unit-roads", NIGHT)
    assert people(found) == [("roads-03", "roads-02")]
    assert found["absent"] == [
        {"person": "roads-02", "name": "吴工", "since": "2026-11-20T16:00:00Z", "until": "2026-11-22T16:00:00Z",
         "deputy": None}
    ]  # fmt: skip
    assert await away(city, "chief-1", "roads-02", deputy="roads-01") == 204
    assert people(await on_duty(city, "chief-1", NIGHT, unit="roads")) == [("roads-01", "roads-02")]
    assert (await city.ask("unit-roads", "DELETE", "/v1/duty/roads-02")).status_code == 204
    assert people(await on_duty(city, "chief-1", NIGHT, unit="roads")) == [("roads-02", None)]


async def test_where_everybody_is_away_the_shift_is_not_staffed(city: FrontDoor) -> None:
    for person in ("drainage-01", "drainage-02"):
        assert await away(city, "unit-drainage", person) == 204
    found = await on_duty(city, "chief-1", NIGHT, unit="drainage")
    (watch,) = found["watches"]
    assert (watch["staffed"], watch["present"], [one["id"] for one in watch["missing"]]) == (False, [], ["drainage-02"])
    assert set(found["off"]) == {"drainage", "drainage-linhu"}
    for person in ("drainage-01", "drainage-02"):
        assert (await city.ask("admin-1", "DELETE", f"/v1/duty/{person}")).status_code == 204


async def test_a_unit_sees_and_moves_its_own_people_only(city: FrontDoor) -> None:
    assert people(await on_duty(city, "unit-roads", NIGHT)) == [("roads-02", None)]
    assert (await city.get("unit-roads", "/v1/duty?unit=drainage")).status_code == 404
    assert (await city.get("unit-roads", "/v1/units/drainage/load")).status_code == 404
    assert (await city.get("unit-roads", "/v1/duty/handover?unit=drainage")).status_code == 404
    assert await away(city, "unit-roads", "drainage-01") == 404
    assert await away(city, "unit-roads", "nobody") == 404
    assert await away(city, "unit-roads", "roads-01", deputy="drainage-01") == 422
    assert (await city.ask("unit-roads", "DELETE", "/v1/duty/drainage-01")).status_code == 404
    for who in ("viewer-1", "inspector-1", "hotline-12345"):
        assert (await city.get(who, "/v1/duty")).status_code == 403
    assert await away(city, "supervisor-1", "roads-01") == 403


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"deputy": "nobody"}, "deputy-unknown"),
        ({"deputy": "roads-01"}, "deputy-self"),
        ({"until": "2026-11-21T00:00:00+08:00"}, "interval-empty"),
        ({"until": "9999-11-21T00:00:00+08:00"}, "timestamp-out-of-range"),
        ({"until": "2026-11-21T00:00:00"}, "timestamp-no-offset"),
        ({"until": 1763654400}, "type-mismatch"),
        ({"holiday": True}, "field-unknown"),
    ],
)
async def test_an_absence_that_cannot_be_is_refused(city: FrontDoor, body: dict[str, Any], code: str) -> None:
    sent = {"since": "2026-11-21T00:00:00+08:00", "until": "2026-11-23T00:00:00+08:00", **body}
    problem = (await city.ask("chief-1", "PUT", "/v1/duty/roads-01", json=sent)).json()
    assert code in {problem["code"], *(fault["code"] for fault in problem.get("errors", ()))}


async def test_a_moment_that_cannot_be_is_refused(city: FrontDoor) -> None:
    for at in ("yesterday", "2026-11-21T00:00:00", "0001-01-01T00:00:00Z", "1763654400"):
        for path in ("/v1/duty", "/v1/duty/handover"):
            answer = await city.get("unit-roads", f"{path}?at={at}")
            assert answer.status_code in (400, 422), (path, at)


async def test_the_load_of_a_unit_counts_what_is_open_as_far_as_one_may_see(city: FrontDoor, office: Office) -> None:
    one, other = await dispatched(office, a_call(LINHU, "09009"), a_call(SHANQIAN, "09009"))
    case = await case_of(office, one)
    await done(office, on_task(case, Verb.ACCEPT, "traffic-police"))
    found = (await city.get("unit-traffic-police", "/v1/units/traffic-police/load")).json()
    assert (found["open"], found["on_duty"], found["unit_name"]) == (2, True, "云湖市公安局交通警察支队")
    (part,) = found["parts"]
    assert (part["part"], part["open"], part["offered"], part["overdue"]) == ("lead", 2, 1, 0)
    own = (await city.get("officer-1", "/v1/units/traffic-police/load")).json()
    assert own["open"] == 1, "the officer of 临湖区 sees no cases of 山前区"
    assert (await city.get("chief-1", "/v1/units/nobody/load")).status_code == 404
    assert (await case_of(office, other)).lead is not None


# --- The hand-over at twenty hours


async def at_work(office: Office, n: int) -> Case:
    """Damage to a road that 市政 is at work on."""
    (case_id,) = await dispatched(office, a_call(n, ROAD_DAMAGE, text="路面有个坑"))
    case = await case_of(office, case_id)
    await done(office, on_task(case, Verb.ACCEPT, "roads"))
    return await case_of(office, case_id)


async def test_the_shift_that_comes_finds_what_the_one_that_leaves_has_open(city: FrontDoor, office: Office) -> None:
    waits, pressed, plain = [await at_work(office, LINHU + n) for n in range(3)]
    ask = {"reason": "frost", "until": waits.opened_at + timedelta(days=9), "new_id": new_id()}
    await done(office, on_task(waits, Verb.SUSPEND, "roads", **ask))
    await done(office, on_case(pressed, Verb.SUPERVISE, SUPERVISOR, reason="the mayor asks", replies=True))
    # the change of shifts that comes next, at eight in the morning or in the evening
    (watch,) = pack().duty.watches(datetime.now(UTC), unit="roads")
    moment = quote(watch.ends.isoformat())
    found = (await city.get("unit-roads", f"/v1/duty/handover?at={moment}")).json()
    assert (found["unit"], found["open"]) == ("roads", 3)
    assert datetime.fromisoformat(found["since"]) == watch.begins
    assert datetime.fromisoformat(found["until"]) == watch.ends
    assert datetime.fromisoformat(found["soon"]) == watch.ends + timedelta(hours=12)
    assert {found["leaving"][0]["shift"], found["coming"][0]["shift"]} == {"白班", "夜班"}
    assert (found["fresh"], found["petitions"], found["replies_owed"], found["overdue"]) == (3, 1, 1, 0)
    items = {item["no"]: item for item in found["items"]}
    assert items[waits.no]["petitions"] == ["suspension"]
    assert items[pressed.no]["replies_owed"] == 1
    assert [note["words"] for note in items[pressed.no]["notes"]] == ["the mayor asks"]
    assert items[plain.no]["notes"] == []
    assert (items[plain.no]["part"], items[plain.no]["category"], items[plain.no]["state"]) == (
        "lead", "道路破损", "accepted",
    )  # fmt: skip
    dues = [item["due_at"] for item in found["items"] if item["due_at"]]
    assert dues == sorted(dues), "the most pressing first"
    later = quote((watch.ends + timedelta(hours=2)).isoformat())
    after = (await city.get("chief-1", f"/v1/duty/handover?unit=roads&at={later}")).json()
    assert datetime.fromisoformat(after["since"]) == watch.ends
    assert (after["fresh"], after["open"]) == (0, 3)


async def test_a_unit_without_shifts_looks_back_and_ahead_for_twelve_hours(city: FrontDoor) -> None:
    found = (await city.get("chief-1", "/v1/duty/handover?unit=market")).json()
    span = datetime.fromisoformat(found["until"]) - datetime.fromisoformat(found["since"])
    assert (span, found["leaving"], found["coming"], found["items"]) == (timedelta(hours=12), [], [], [])
    problem = (await city.get("chief-1", "/v1/duty/handover")).json()
    assert problem["code"] == "field-missing"


async def test_the_levels_of_areas_are_those_of_the_map(city: FrontDoor) -> None:
    assert {len(code) for code in city.tools.areas_at[Level.STREET]} == {9}
    assert city.tools.areas_at[Level.CITY] == ("439900",)
