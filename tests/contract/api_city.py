"""The demo city at its front door: who calls, what they send, and one case on its way over HTTP."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import httpx
from fastapi import FastAPI

from domain.actor import Role
from domain.case import Case, State
from domain.commands import Verb
from domain.ids import CaseId, ReportId
from domain.place import LEVELS
from domain.report import Report
from handlers.assign import assign_many
from handlers.file import file_many
from handlers.outcomes import Done
from handlers.ports import Office, new_id
from tests.conftest import fresh_database
from tests.demo_city import LAMP, a_call, case_of, cases_of, filed, grid, in_district, on_task, pack, perform, spot
from tests.front_door import FrontDoor, front_door

CLIENTS = {  # one client of every role
    Role.INSPECTOR: "inspector-1",
    Role.HOTLINE: "hotline-12345",
    Role.DESK: "desk-1",
    Role.CHIEF: "chief-1",
    Role.DISPATCHER: "dispatcher-1",
    Role.UNIT: "unit-lighting",
    Role.OFFICER: "officer-1",
    Role.CALLBACK: "callback-1",
    Role.SUPERVISOR: "supervisor-1",
    Role.VIEWER: "viewer-1",
    Role.ADMIN: "admin-1",
    Role.DEVICE: "devices-1",
}
LINHU = in_district("439901")  # where inspector-1 and officer-1 work
SHANQIAN = in_district("439902")  # where inspector-3 and officer-2 work
SECRET = "张三丰 13912345678"  # noqa: S105  (a person's, to be found where it must not be)
A_COMPONENT = "43990101002000017"  # a 污水井盖 that may or may not be in the register
PHOTO = "photo"  # in a body: a photo that the client has uploaded
DARK = "说不清楚，这里很黑"  # words no rule knows: the desk must say what it is

_albums: WeakKeyDictionary[FastAPI, dict[str, str]] = WeakKeyDictionary()


def a_body(n: int = 0, **changes: Any) -> dict[str, Any]:
    """A report as a phone sends it."""
    return {"text": "路灯不亮", "category": LAMP, "position": position(n), **changes}


def position(n: int, north: float = 0.0) -> dict[str, Any]:
    """The middle of the n-th grid, or so many metres north of it, as a phone sends it."""
    at = spot(n, north)
    return {"lon": at.lon, "lat": at.lat, "crs": "EPSG:4326"}


def a_key() -> str:
    """A fresh Idempotency-Key."""
    return f"key-{new_id()}"


async def reported(city: FrontDoor, who: str = "hotline-12345", **body: Any) -> ReportId:
    """A report let in by the front door."""
    answer = await city.post(who, "/v1/reports", a_body(**body), Idempotency_Key=a_key())
    assert answer.status_code == 202, answer.text
    return ReportId(UUID(answer.json()["report_id"]))


async def seen(city: FrontDoor, who: str, case: Case | str) -> dict[str, Any]:
    """A case as somebody sees it."""
    no = case if isinstance(case, str) else case.no
    answer = await city.get(who, f"/v1/cases/{no}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def act(city: FrontDoor, who: str, case: Case, verb: str, **body: Any) -> httpx.Response:
    """A verb with the version the client would have seen."""
    sent = await shown(city, who, body)
    return await city.post(who, f"/v1/cases/{case.no}/actions/{verb}", sent, If_Match=f'"{case.version}"')


async def shown(city: FrontDoor, who: str, body: dict[str, Any]) -> dict[str, Any]:
    """The body with every ``PHOTO`` in it uploaded by the client; one picture a client does for all."""
    if PHOTO not in body.get("photos", ()):
        return body
    album = _albums.setdefault(city.app, {})
    if who not in album:
        album[who] = await city.photo(who)
    return {**body, "photos": [album[who] if name == PHOTO else name for name in body["photos"]]}


def a_coarse_call(category: str | None = LAMP, *areas: str, **changes: Any) -> Report:
    """A call that names a street and has no point: the same incident as no other, however many there are."""
    return a_call(0, category, point=None, area_names=areas or ("临湖区", "望湖街道"), **changes)


async def many_in_state(office: Office, number: int, state: State, category: str = LAMP) -> list[Case]:
    """Cases brought to a state by the road everybody takes."""
    if state is State.REPORTED:
        return await cases_of(office, await filed(office, *(a_coarse_call(None, text="说不清") for _ in range(number))))
    cases = await filed(office, *(a_coarse_call(category) for _ in range(number)))
    road = (State.PENDING_DISPATCH, State.PENDING_DISPOSAL, State.DISPOSING, State.PENDING_CHECK)
    steps = road.index(state)
    if steps >= 1:
        await assign_many(office, cases)
    for verb in (Verb.ACCEPT, Verb.FINISH)[: max(0, steps - 1)]:
        await perform(office, *(on_task(case, verb) for case in await cases_of(office, cases)))
    found = await cases_of(office, cases)
    assert {case.state for case in found} == {state}
    return found


async def in_state(office: Office, state: State, category: str = LAMP) -> Case:
    """One of them."""
    return (await many_in_state(office, 1, state, category))[0]


async def live_case(office: Office, category: str = LAMP, *areas: str) -> Case:
    """A case that is filed and dispatched while somebody listens."""
    (case,) = await filed(office, a_coarse_call(category, *areas))
    await assign_many(office, [case])
    return await case_of(office, case)


@asynccontextmanager
async def another_city(postgres_dsn: str, **policy: Any) -> AsyncIterator[FrontDoor]:
    """The demo city with a procedure of its own, on a database of its own."""
    async with fresh_database(postgres_dsn) as dsn, front_door(dsn, kafka="127.0.0.1:1", **policy) as door:
        yield door


@dataclass(slots=True)
class Road:
    """One case on its way through the front door; what it is now as the administrator sees it."""

    city: FrontDoor
    no: str
    id: CaseId
    now: dict[str, Any] = field(default_factory=dict)

    async def look(self) -> dict[str, Any]:
        """The case as it is."""
        self.now = await seen(self.city, "admin-1", self.no)
        return self.now

    async def ask(self, who: str, verb: str, **body: Any) -> httpx.Response:
        """A verb with the version that stands; whatever comes of it."""
        path = f"/v1/cases/{self.no}/actions/{verb}"
        sent = await shown(self.city, who, body)
        return await self.city.post(who, path, sent, If_Match=f'"{self.now["version"]}"')

    async def does(self, who: str, verb: str, **body: Any) -> dict[str, Any]:
        """A verb that works; the case after it."""
        answer = await self.ask(who, verb, **body)
        assert answer.status_code == 200, f"{who} {verb} at {self.now['state']}: {answer.text}"
        assert answer.headers["etag"] == f'"{self.now["version"] + 1}"'
        return await self.look()

    async def refused(self, who: str, verb: str, **body: Any) -> tuple[int, str]:
        """Status and code of a verb that does not work, and changes nothing."""
        before = self.now
        answer = await self.ask(who, verb, **body)
        assert answer.status_code >= 400, f"{who} may {verb} at {before['state']}"
        assert await self.look() == before
        return answer.status_code, answer.json()["code"]

    async def offered(self, who: str) -> set[str]:
        """The verbs somebody is offered, on the case and on own tasks."""
        offer = (await self.city.get(who, f"/v1/cases/{self.no}/actions")).json()
        assert offer["version"] == self.now["version"]
        return {*offer["verbs"], *(verb for own in offer["tasks"].values() for verb in own)}

    async def told(self) -> list[str]:
        """What has happened, in order."""
        steps = (await self.city.get("admin-1", f"/v1/cases/{self.no}/history")).json()
        assert [step["version"] for step in steps] == list(range(1, len(steps) + 1))
        return [step["type"] for step in steps]

    async def last(self) -> dict[str, Any]:
        """The last step of the history."""
        step: dict[str, Any] = (await self.city.get("admin-1", f"/v1/cases/{self.no}/history")).json()[-1]
        return step

    def task(self, part: str) -> dict[str, Any]:
        """The latest task of a part."""
        found: dict[str, Any] = [task for task in self.now["tasks"] if task["part"] == part][-1]
        return found

    def asked(self) -> str:
        """The petition that waits for an answer."""
        return next(one["id"] for one in self.now["petitions"] if one["state"] == "asked")

    def deadline(self, clock: str) -> dict[str, Any]:
        """The latest deadline of a clock."""
        found: dict[str, Any] = [one for one in self.now["deadlines"] if one["clock"] == clock][-1]
        return found


async def opened(city: FrontDoor, who: str = "hotline-12345", n: int | None = None, **body: Any) -> Road:
    """A case just opened for a report, before anybody was asked: in the n-th grid, else in a street of 临湖区.

    Without a point it is the same incident as no other, however many there are.
    """
    if n is None:
        body = {"position": None, "areas": ["临湖区", "望湖街道"], **body}
    report = await reported(city, who, **({} if n is None else {"n": n}), **body)
    (outcome,) = await file_many(city.office, [report])
    assert isinstance(outcome, Done)
    return await followed(city, CaseId(outcome.subject))


async def followed(city: FrontDoor, case: CaseId) -> Road:
    """A case known by its id."""
    road = Road(city, (await case_of(city.office, case)).no, case)
    await road.look()
    return road


async def sent_out(city: FrontDoor, **report: Any) -> Road:
    """A case the rulebook has found its units for."""
    road = await opened(city, **report)
    await assign_many(city.office, [road.id])
    await road.look()
    return road


async def at_work(city: FrontDoor, **report: Any) -> Road:
    """A street lamp that its unit is at work on."""
    road = await sent_out(city, **report)
    await road.does("unit-lighting", "accept")
    return road


async def done(city: FrontDoor, **report: Any) -> Road:
    """A street lamp that its unit says is lit again."""
    road = await at_work(city, **report)
    await road.does("unit-lighting", "finish", note="已换灯")
    return road


async def shut(city: FrontDoor, **report: Any) -> Road:
    """A closed case."""
    road = await done(city, **report)
    await road.does("officer-1", "pass")
    return road


def complete(verb: str, case: Mapping[str, Any], report: str, into: str) -> dict[str, Any]:
    """A body with everything a person can fill in for a verb on a case as it is shown.

    ``report`` is one that has its home elsewhere, ``into`` the number of another open case.
    """
    busy = {task["unit"] for task in case["tasks"] if task["state"] in ("offered", "accepted")}
    unit = next(code for code in ("lighting", "roads", "power", *pack().roster.units) if code not in busy)
    here = case["point"] or position(LINHU)
    asked = next((one["id"] for one in case["petitions"] if one["state"] == "asked"), None)
    missed = next((d for d in case["deadlines"] if d["state"] == "missed" and not d["exempt"]), None)
    proof = {"photos": [PHOTO], "position": {name: here[name] for name in ("lon", "lat", "crs")}}
    bodies: dict[str, dict[str, Any]] = {
        "file": {"category": LAMP, "area": grid(LINHU)},
        "join": {"report": report},
        "withdraw": {"reason": "already-lit", "report": case["reports"][0]["id"]} if case["reports"] else {},
        "dispatch": {"unit": unit},
        "reinforce": {"assist": [unit]},
        "activate": {"plan": "waterlogging"},
        "assign": {"worker": "张工"},
        "finish": {"note": "已处置", **proof},
        "pass": {"closing": "met", **proof},
        "fail": {"reason": "not-done", **proof},
        "close": {"closing": "met", "photos": [PHOTO]},
        "call-back": {"contacted": True, "solved": True, "satisfied": None},
        "request-suspension": {"reason": "frost", "until": (datetime.now(UTC) + timedelta(days=9)).isoformat()},
        "appeal": {"reason": "flood", **({name: missed[name] for name in ("clock", "cycle")} if missed else {})},
        "grant": {"petition": asked} if asked else {},
        "deny": {"reason": "no-need", **({"petition": asked} if asked else {})},
        "supervise": {"reason": "the mayor asks", "replies": True},
        "reply": {"note": "今日完成"},
        "merge": {"reason": "the same hole", "into": into},
        "raise": {"reason": "too big for us", **_level(case, -1)},
        "lower": {"reason": "local", **_level(case, 1)},
        **{verb: {"worker": "inspector-1"} for verb in ("verify", "check", "spot-check")},
    }
    return bodies.get(verb, {"reason": "because"} if verb not in ("accept", "unassign", "confirm", "reach") else {})


def _level(case: Mapping[str, Any], step: int) -> dict[str, str]:
    where = LEVELS.index(case["level"]) + step
    return {"level": LEVELS[where]} if 0 <= where < len(LEVELS) else {}
