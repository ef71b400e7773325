"""What a verb takes over HTTP: its own fields and no other, each fault with a pointer to its field."""

from typing import Any

import pytest

from api.actions import FIELDS
from api.schemas import ActionIn
from domain.case import State
from domain.commands import Verb
from domain.lifecycle import PAIRED
from handlers.ports import Office, new_id
from tests.contract.api_city import SECRET, Road, act, at_work, in_state, opened
from tests.demo_city import LAMP, case_of
from tests.front_door import FrontDoor

A_FIELD: dict[str, Any] = {  # each valid by itself
    "unit": "roads", "assist": ["roads"], "optional": ["roads"], "category": LAMP, "condition": "01037-1",
    "area": "439901", "report": str(new_id()), "worker": "张工", "photos": ["p"],
    "position": {"lon": 113.93, "lat": 27.96, "crs": "EPSG:4326"}, "closing": "met", "until": "2030-01-01T00:00:00Z",
    "clock": "disposal", "cycle": 1, "petition": str(new_id()), "replies": True, "contacted": True, "solved": False,
    "satisfied": None, "plan": "waterlogging", "level": "city", "into": "YH-261116-0000001-0",
}  # fmt: skip
PERSONS = frozenset(Verb) - PAIRED


def test_every_field_is_for_some_verb_and_none_is_unknown() -> None:
    known = set(ActionIn.model_fields) - {"reason", "note"}
    assert set().union(*FIELDS.values()) == known == set(A_FIELD)


@pytest.mark.parametrize("verb", sorted(PERSONS))
async def test_a_field_that_a_verb_is_not_about_is_told_and_not_ignored(
    city: FrontDoor, office: Office, verb: Verb
) -> None:
    case = await in_state(office, State.DISPOSING)
    for name, value in A_FIELD.items():
        # a version long past: whatever is understood takes no effect
        answer = await city.post("admin-1", f"/v1/cases/{case.no}/actions/{verb}", {name: value}, If_Match='"1"')
        strange = name not in FIELDS.get(verb, ())
        assert (answer.json().get("code") == "field-not-for-verb") is strange, f"{verb} {name}: {answer.text}"
        if strange:
            assert answer.status_code == 422
            assert answer.json()["errors"] == [{"pointer": f"/{name}", "code": "field-not-for-verb"}]
    assert await case_of(office, case.id) == case


async def test_all_strange_fields_are_told_at_once(city: FrontDoor) -> None:
    road = await opened(city)
    answer = await road.ask("desk-1", "urge", note="快", unit="roads", level="city", plan="x")
    assert {fault["pointer"] for fault in answer.json()["errors"]} == {"/unit", "/level", "/plan"}


BAD: list[tuple[str, dict[str, Any], str, str]] = [
    ("dispatch", {"unit": "nobody"}, "unit-unknown", "/unit"),
    ("dispatch", {"unit": "roads", "assist": ["gas", "nobody"]}, "unit-unknown", "/assist/1"),
    ("dispatch", {"unit": "roads", "assist": ["gas"], "optional": ["fire"]}, "unit-unknown", "/optional/0"),
    ("dispatch", {"unit": "roads", "assist": ["roads"]}, "unit-unknown", "/assist"),
    ("dispatch", {"unit": 7}, "type-mismatch", "/unit"),
    ("dispatch", {"unit": ""}, "text-empty", "/unit"),
    ("dispatch", {"unit": "roads", "assist": "gas"}, "type-mismatch", "/assist"),
    ("dispatch", {"unit": "roads", "assist": ["gas"] * 11}, "too-many-items", "/assist"),
    ("reinforce", {"assist": ["nobody"]}, "unit-unknown", "/assist/0"),
    ("file", {"category": "99999"}, "category-unknown", ""),
    ("file", {"category": LAMP, "area": "000"}, "area-unknown", "/area"),
    ("verify", {"worker": "a\x00b"}, "text-control-char", "/worker"),
    ("check", {"worker": "长" * 65}, "text-too-long", "/worker"),
    ("finish", {"photos": ["a\x01"]}, "text-control-char", "/photos/0"),
    ("finish", {"photos": ["p"] * 21}, "too-many-items", "/photos"),
    ("finish", {"position": {"lon": 27.9, "lat": 113.9, "crs": "EPSG:4326"}}, "coordinate-swapped", "/position"),
    ("pass", {"position": {"lon": 113.9, "lat": 27.9}}, "crs-missing", "/position/crs"),
    ("fail", {"position": {"lon": "1", "lat": 27.9, "crs": "GCJ02"}}, "type-mismatch", "/position/lon"),
    ("close", {"closing": "perhaps"}, "type-mismatch", "/closing"),
    ("request-suspension", {"until": "2027-01-01"}, "timestamp-no-offset", "/until"),
    ("request-suspension", {"until": 1763712000}, "type-mismatch", "/until"),
    ("appeal", {"clock": "kitchen"}, "type-mismatch", "/clock"),
    ("appeal", {"clock": "disposal", "cycle": -1}, "number-out-of-range", "/cycle"),
    ("appeal", {"clock": "disposal", "cycle": "1"}, "type-mismatch", "/cycle"),
    ("appeal", {"clock": "disposal", "cycle": 10**30}, "number-out-of-range", "/cycle"),
    ("grant", {"petition": "the first"}, "type-mismatch", "/petition"),
    ("join", {"report": 7}, "type-mismatch", "/report"),
    ("supervise", {"replies": "yes"}, "type-mismatch", "/replies"),
    ("call-back", {"solved": "yes"}, "type-mismatch", "/solved"),
    ("raise", {"level": "planet"}, "type-mismatch", "/level"),
    ("urge", {"reason": "长" * 501}, "text-too-long", "/reason"),
    ("urge", {"note": "a\x85b"}, "text-control-char", "/note"),
    ("urge", {"note": "快", "caller": SECRET}, "field-unknown", "/caller"),
]


@pytest.mark.parametrize(("verb", "body", "code", "pointer"), BAD, ids=lambda value: str(value)[:40])
async def test_a_fault_points_at_its_field(
    city: FrontDoor, office: Office, verb: str, body: dict[str, Any], code: str, pointer: str
) -> None:
    case = await in_state(office, State.DISPOSING)
    answer = await act(city, "admin-1", case, verb, **body)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    if pointer:
        assert pointer in {fault["pointer"].replace("/position/lat", "/position") for fault in answer.json()["errors"]}
    assert SECRET not in answer.text
    assert await case_of(office, case.id) == case


@pytest.mark.parametrize("until", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
async def test_the_ends_of_time_are_no_date_for_a_suspension(city: FrontDoor, until: str) -> None:
    road = await at_work(city)
    assert await road.refused("unit-lighting", "request-suspension", reason="frost", until=until) == (
        422, "until-invalid",
    )  # fmt: skip


async def test_one_key_for_two_different_orders_is_refused(city: FrontDoor) -> None:
    road: Road = await at_work(city)
    path = f"/v1/cases/{road.no}/actions"
    sent = {"If_Match": f'"{road.now["version"]}"', "Idempotency_Key": str(new_id())}
    first = await city.post("dispatcher-1", f"{path}/urge", {"note": "快"}, **sent)
    for verb, body, status in (("urge", {"note": "快"}, 200), ("urge", {}, 422), ("supervise", {"reason": "x"}, 422)):
        again = await city.post("dispatcher-1", f"{path}/{verb}", body, **sent)
        assert again.status_code == status, again.text
        assert again.json() == first.json() if status == 200 else again.json()["code"] == "idempotency-key-reused"
    assert (await road.look())["urges"] == 1
