"""Two API processes, one database, five people who act on one case at once: one wins each version, the others are told.

Each process has its own memory, connections and batches; what decides between them is PostgreSQL alone.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.ids import CaseId
from handlers.assign import assign_many
from handlers.file import file_many
from handlers.ports import Office
from runtime.embedded.server import free_port
from runtime.settings import Settings
from runtime.supervisor import Process
from runtime.wiring import clients
from store.clients import Clients
from store.pool import Pool
from store.views import Views
from tests.contract.api_audit import lawful
from tests.contract.api_city import a_coarse_call, complete
from tests.demo_city import accepted, case_of, pack

PEOPLE = ("dispatcher-1", "dispatcher-2", "unit-lighting", "unit-roads", "inspector-1")
CASES, ROUNDS = 4, 40


@dataclass(frozen=True, slots=True)
class Doors:
    """Clients of both processes, and everybody's key."""

    doors: tuple[httpx.AsyncClient, ...]
    keys: dict[str, str]

    async def ask(self, door: int, who: str, method: str, path: str, **more: Any) -> httpx.Response:
        """A request to one of the processes."""
        headers = {"Authorization": f"Bearer {self.keys[who]}", **more.pop("headers", {})}
        return await self.doors[door].request(method, path, headers=headers, **more)


@contextmanager
def two_processes(settings: Settings) -> Iterator[list[str]]:
    """The addresses of two API processes on ports of their own."""
    own = [replace(settings, api_port=free_port(), home=settings.home / str(number)) for number in (0, 1)]
    running = [Process("api", ("api", "--number", str(n)), s.environment(), s.home) for n, s in enumerate(own)]
    try:
        for process in running:
            process.start()
        yield [f"http://{each.api_host}:{each.api_port}" for each in own]
        assert all(process.pid is not None for process in running), "a process died under the race"
    finally:
        for process in running:
            process.stop()


@pytest.fixture(scope="module")
async def doors(fresh_dsn: str, pool: Pool, server_home: Path) -> AsyncIterator[Doors]:
    """Two real processes on the module's database."""
    await Clients(pool).put(clients(pack()))
    keys = {client: str(await Clients(pool).issue(client)) for client in (*PEOPLE, "admin-1")}
    settings = Settings(home=server_home / "race", database_url=fresh_dsn, kafka_bootstrap="127.0.0.1:1", rates=0.0)
    with two_processes(settings) as urls:
        both = tuple(httpx.AsyncClient(base_url=url, timeout=30.0) for url in urls)
        for each in both:
            await ready(each)
        yield Doors(both, keys)
        for each in both:
            await each.aclose()


async def ready(door: httpx.AsyncClient) -> None:
    """Until a process answers."""
    async with asyncio.timeout(60):
        while True:
            try:
                if (await door.get("/livez")).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.1)


async def a_case(office: Office) -> tuple[CaseId, str]:
    """A case the rulebook has sent to the street lamp unit; its id and number."""
    (outcome,) = await file_many(office, await accepted(office, a_coarse_call()))
    case = CaseId(outcome.subject)  # type: ignore[union-attr]
    await assign_many(office, [case])
    return case, (await case_of(office, case)).no


async def with_help(doors: Doors, office: Office) -> tuple[CaseId, str]:
    """A case with two units on it."""
    case, no = await a_case(office)
    headers = {"If-Match": '"2"'}
    path = f"/v1/cases/{no}/actions/reinforce"
    answer = await doors.ask(0, "dispatcher-1", "POST", path, json={"assist": ["roads"]}, headers=headers)
    assert answer.status_code == 200, answer.text
    return case, no


async def shown(doors: Doors, door: int, no: str) -> dict[str, Any]:
    """The case as one of the processes shows it."""
    answer = await doors.ask(door, "admin-1", "GET", f"/v1/cases/{no}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def order(doors: Doors, door: int, who: str, case: dict[str, Any], dice: random.Random) -> httpx.Response:
    """One person does something that is offered, else anything; the version is the one everybody looks at."""
    offer = await doors.ask(door, who, "GET", f"/v1/cases/{case['no']}/actions")
    offered = {*offer.json().get("verbs", ()), *(v for own in offer.json().get("tasks", {}).values() for v in own)}
    wanted = VERBS_OF[who.partition("-")[0]]
    verb = dice.choice([verb for verb in wanted if verb in offered] or wanted)
    body = complete(verb, case, report=case["reports"][0]["id"], into=case["no"])
    body.pop("photos", None)
    headers = {"If-Match": f'"{case["version"]}"'}
    return await doors.ask(door, who, "POST", f"/v1/cases/{case['no']}/actions/{verb}", json=body, headers=headers)


# What each is likely to want; the law decides whether it fits.
VERBS_OF = {
    "dispatcher": ("dispatch", "recall", "reinforce", "urge", "supervise", "check", "grant", "deny", "raise", "lower",
                   "return"),
    "unit": ("accept", "finish", "send-back", "assign", "unassign", "request-extension", "reply", "request-suspension"),
    "inspector": ("pass", "fail"),
}  # fmt: skip


async def test_one_wins_each_version_and_the_others_are_told_which_it_is_now(
    doors: Doors, office: Office, pool: Pool
) -> None:
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    dice = random.Random(seed)
    won_by, told = Counter[int](), Counter[str]()
    cases = [await with_help(doors, office) for _ in range(CASES)]
    views = Views(pool)
    wins = {case: 0 for case, _ in cases}
    begun = {case: (await case_of(office, case)).version for case, _ in cases}
    for number in range(ROUNDS):
        for case_id, no in cases:
            case = await shown(doors, number % 2, no)
            at = [(who, dice.randrange(2)) for who in dice.sample(PEOPLE, len(PEOPLE))]
            answers = await asyncio.gather(*(order(doors, door, who, case, dice) for who, door in at))
            won = [door for (_, door), answer in zip(at, answers, strict=True) if answer.status_code == 200]
            assert len(won) <= 1, f"two took effect on version {case['version']}"
            now = case["version"] + len(won)
            for answer in answers:
                if answer.status_code != 200:
                    problem = answer.json()
                    told[problem["code"]] += 1
                    assert answer.status_code in (403, 404, 409, 422), answer.text
                    if problem["code"] == "version-conflict":
                        assert won, "nobody was first, and yet somebody came too late"
                        assert problem["current_version"] == now
                        assert answer.headers["etag"] == f'"{now}"'
            assert [(await shown(doors, door, no))["version"] for door in (0, 1)] == [now, now], "both tell the same"
            won_by.update(won)
            wins[case_id] += len(won)
    for case_id, _ in cases:
        assert await lawful(views, office, case_id) == begun[case_id] + wins[case_id]
    assert won_by[0], "the first process never won: this run proves nothing"
    assert won_by[1], "the second process never won: this run proves nothing"
    assert told["version-conflict"] > ROUNDS, f"hardly anybody met anybody: {told}"
    print(dict(won_by), dict(told))


async def test_one_order_repeated_through_both_processes_takes_effect_once(
    doors: Doors, office: Office, pool: Pool
) -> None:
    """A phone on a bad line sends again, and the second time another process takes it."""
    for number in range(10):
        case_id, no = await a_case(office)
        case = await shown(doors, 0, no)
        headers = {"If-Match": f'"{case["version"]}"', "Idempotency-Key": f"race-{number}"}
        path = f"/v1/cases/{no}/actions/accept"
        answers = await asyncio.gather(
            *(doors.ask(n % 2, "unit-lighting", "POST", path, json={}, headers=headers) for n in range(6))
        )
        assert {(answer.status_code, answer.text) for answer in answers} == {(200, answers[0].text)}
        assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
        assert await lawful(Views(pool), office, case_id) == case["version"] + 1


async def test_a_crowd_on_one_version_has_one_winner(doors: Doors, office: Office, pool: Pool) -> None:
    for _ in range(10):
        case_id, no = await a_case(office)
        case = await shown(doors, 0, no)
        headers = {"If-Match": f'"{case["version"]}"'}
        path = f"/v1/cases/{no}/actions/urge"
        answers = await asyncio.gather(
            *(doors.ask(n % 2, f"dispatcher-{1 + n % 2}", "POST", path, json={}, headers=headers) for n in range(12))
        )
        codes = Counter(answer.status_code for answer in answers)
        assert codes == {200: 1, 409: 11}
        assert {a.json()["current_version"] for a in answers if a.status_code == 409} == {case["version"] + 1}
        assert await lawful(Views(pool), office, case_id) == case["version"] + 1
