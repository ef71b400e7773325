"""Any road through the law over HTTP, with several clients at once: legal histories, no lost update, nothing forgotten.

Each step lets a crowd act on the version that stands. Whatever is offered to one of them is not refused for the verb's
or the actor's sake; of all orders on one version exactly one wins; the others are told the version that stands then.
"""

import asyncio
from collections.abc import Iterator
from typing import Any, ClassVar

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain.actor import Role
from domain.case import State
from domain.commands import Verb
from domain.deadlines import STAGE_OF
from domain.petition import Matter
from domain.policy import Reopening, Steps
from handlers.assign import assign_many
from handlers.file import file_many
from handlers.ports import new_id
from tests.contract.api_audit import lawful
from tests.contract.api_city import CLIENTS, DARK, Road, another_city, complete, opened, reported, shown
from tests.demo_city import case_of, pack
from tests.front_door import FrontDoor

ACTORS = [
    *(client for role, client in CLIENTS.items() if role not in (Role.VIEWER, Role.DEVICE)),
    "chief-1",
    "unit-roads",
    "unit-power",
]
NO_BUTTON = {"verb-not-allowed", "actor-not-allowed", "role-not-allowed"}


# What leads away from the end or only makes noise; a walk that takes these as often as the others never arrives.
DETOURS = frozenset(
    {"force-close", "recall", "raise", "lower", "return", "merge", "request-void", "activate", "urge", "supervise",
     "join", "reopen", "refuse", "decline", "withdraw"}
)  # fmt: skip
LEAD = "the lead"
NEXT = {  # who usually takes the next step, and which
    "reported": ("desk-1", ("file", "admit")),
    "verifying": ("inspector-1", ("pass",)),
    "pending_filing": ("desk-1", ("file",)),
    "pending_dispatch": ("dispatcher-1", ("dispatch",)),
    "joint_decision": ("dispatcher-1", ("dispatch",)),
    "pending_disposal": (LEAD, ("accept",)),
    "disposing": (LEAD, ("finish",)),
    "suspended": (LEAD, ("resume",)),
    "disposed": (LEAD, ("confirm",)),
    "pending_check": ("officer-1", ("check",)),
    "checking": ("inspector-1", ("pass",)),
    "pending_close": ("desk-1", ("close",)),
    "closed": ("callback-1", ("call-back",)),
}


def chosen(offered: list[str], luck: int) -> str:
    """One of the verbs, a detour more seldom."""
    straight = [verb for verb in offered if verb not in DETOURS]
    pool = straight if straight and luck % 5 else offered
    return pool[luck % len(pool)]


class World:
    """One city for all runs, on a loop of its own."""

    def __init__(self, runner: asyncio.Runner, city: FrontDoor) -> None:
        self.run = runner.run
        self.city = city


class Crowd(RuleBasedStateMachine):
    """One case and everybody who may act on it."""

    world: ClassVar[World]

    @initialize(known=st.booleans())
    def a_case(self, known: bool) -> None:
        self.road = self.world.run(self._begin(known))

    async def _begin(self, known: bool) -> Road:
        city = self.world.city
        self.partner = await opened(city, category=None, text=DARK)
        spare = await reported(city, category=None, text=DARK)
        await file_many(city.office, [spare])
        self.spare = str(spare)
        return await opened(city) if known else await opened(city, category=None, text=DARK)

    @rule()
    def the_reaction_runs(self) -> None:
        """The worker hears of the case, as it does after every event, and perhaps more than once."""
        self.world.run(assign_many(self.world.city.office, [self.road.id]))
        self.world.run(self.road.look())

    @rule(steps=st.integers(1, 4))
    def the_work_goes_on(self, steps: int) -> None:
        for _ in range(steps):
            self.world.run(self._next_step())

    async def _next_step(self) -> None:
        who, verbs = NEXT.get(self.road.now["state"], ("", ()))
        client = f"unit-{self.road.now['unit']}" if who == LEAD else who
        offered = await self.road.offered(client) if verbs else set()
        for verb in [verb for verb in verbs if verb in offered][:1]:
            answer = await self._ask(client, verb)
            assert answer.status_code == 200, f"{client} {verb} at {self.road.now['state']}: {answer.text}"
        await self.road.look()

    @rule(who=st.sampled_from(ACTORS), luck=st.integers(0, 9999))
    def somebody_does_what_is_offered(self, who: str, luck: int) -> None:
        self.world.run(self._offered(who, luck))

    async def _offered(self, who: str, luck: int) -> None:
        road = self.road
        seen = await self.world.city.get(who, f"/v1/cases/{road.no}/actions")
        assert seen.status_code in (200, 404)
        if seen.status_code == 404:
            return
        offered = sorted(await road.offered(who))
        others = sorted(set(Verb) - set(offered))
        other = others[luck % len(others)]
        before = road.now
        refused = await self._ask(who, other)
        assert refused.status_code in (403, 404, 409, 422), f"{who} was not offered {other} at {before['state']}"
        assert await road.look() == before
        if not offered:
            return
        verb = chosen(offered, luck)
        answer = await self._ask(who, verb)
        assert answer.status_code == 200 or answer.json()["code"] not in NO_BUTTON, (
            f"{who} was offered {verb} at {before['state']}: {answer.text}"
        )
        await road.look()
        assert road.now["version"] == before["version"] + (answer.status_code == 200)

    async def _ask(self, who: str, verb: str, key: str | None = None, version: int | None = None) -> httpx.Response:
        body = await shown(self.world.city, who, complete(verb, self.road.now, self.spare, self.partner.no))
        headers = {"If_Match": f'"{version or self.road.now["version"]}"'}
        if key:
            headers["Idempotency_Key"] = key
        return await self.world.city.post(who, f"/v1/cases/{self.road.no}/actions/{verb}", body, **headers)

    @rule(crowd=st.lists(st.tuples(st.sampled_from(ACTORS), st.integers(0, 99)), min_size=2, max_size=6))
    def several_act_at_once(self, crowd: list[tuple[str, int]]) -> None:
        self.world.run(self._rush(crowd))

    async def _rush(self, crowd: list[tuple[str, int]]) -> None:
        road = self.road
        version = road.now["version"]
        orders = []
        for who, luck in crowd:
            seen = await self.world.city.get(who, f"/v1/cases/{road.no}/actions")
            offered = sorted(await road.offered(who)) if seen.status_code == 200 else []
            orders.append((who, chosen(offered, luck) if offered else "urge"))
        keys = [str(new_id()) for _ in orders]
        answers = await asyncio.gather(*(self._ask(*order, key) for order, key in zip(orders, keys, strict=True)))
        won = [answer for answer in answers if answer.status_code == 200]
        assert len(won) <= 1, f"{orders} all took effect on version {version}"
        after = await road.look()
        assert after["version"] == version + len(won)
        for answer in answers:
            if answer.status_code == 409 and answer.json()["code"] == "version-conflict":
                assert won, "nobody was first, and yet somebody came too late"
                assert answer.json()["current_version"] == version + 1
                assert answer.headers["etag"] == f'"{version + 1}"'
        # who lost the answer asks again with the same key, and with the version of then
        for order, key, answer in zip(orders, keys, answers, strict=True):
            if answer.status_code == 200:
                again = await self._again(order, key, answer)
                assert (again.status_code, again.json()) == (200, answer.json())
                assert again.headers["idempotent-replayed"] == "true"
        assert await road.look() == after

    async def _again(self, order: tuple[str, str], key: str, answer: httpx.Response) -> httpx.Response:
        who, verb = order
        body = answer.request.content
        headers = {"If-Match": answer.request.headers["if-match"], "Idempotency-Key": key,
                   "Content-Type": "application/json"}  # fmt: skip
        path = f"/v1/cases/{self.road.no}/actions/{verb}"
        return await self.world.city.ask(who, "POST", path, content=body, headers=headers)

    @precondition(lambda self: self.road.now["version"] > 1)
    @rule(who=st.sampled_from(ACTORS), verb=st.sampled_from(sorted(Verb)), back=st.integers(1, 3))
    def who_looked_too_long_ago_is_told_so(self, who: str, verb: Verb, back: int) -> None:
        version = max(1, self.road.now["version"] - back)
        before = self.road.now
        answer = self.world.run(self._ask(who, verb, version=version))
        assert answer.status_code in (403, 404, 409, 422)
        if answer.json()["code"] == "version-conflict":
            assert answer.json()["current_version"] == before["version"]
        assert self.world.run(self.road.look()) == before

    @invariant()
    def somebody_owns_it_and_by_a_date(self) -> None:
        if not hasattr(self, "road"):
            return
        case = self.world.run(case_of(self.world.city.office, self.road.id))
        if case.open:
            running = [d.clock for d in case.deadlines if d.open]
            assert STAGE_OF[case.state] in running, f"{case.state} has no date among {running}"
        if case.state in (State.PENDING_DISPOSAL, State.DISPOSING, State.SUSPENDED):
            assert any(task.open and task.unit for task in case.tasks)
            assert case.lead is not None
            assert case.lead.open
        if case.state in (State.VERIFYING, State.CHECKING):
            assert [task.worker for task in case.tasks if task.open and task.on_site] != []

    def teardown(self) -> None:
        if hasattr(self, "road"):
            for road in (self.road, self.partner):
                self.world.run(self._audit(road))

    async def _audit(self, road: Road) -> None:
        """The history is legal and alone gives the case, for us and for whoever only has the API."""
        await lawful(self.world.city.tools.views, self.world.city.office, road.id)
        await road.look()
        steps = (await self.world.city.get("admin-1", f"/v1/cases/{road.no}/history")).json()
        for name, key in (("tasks", ("id",)), ("petitions", ("id",)), ("deadlines", ("clock", "cycle"))):
            told = {tuple(one[part] for part in key): one for step in steps for one in step[name]}
            shown = {tuple(one[part] for part in key): one for one in road.now[name]}
            assert shown.keys() == told.keys()
            assert all(told[each][field] == value for each, one in shown.items() for field, value in one.items()
                       if field != "unit_name")  # fmt: skip
        assert (steps[-1]["version"], steps[-1]["state"]) == (road.now["version"], road.now["state"])


def policies() -> dict[str, dict[str, Any]]:
    """Two procedures: the city's own, and one with every step and every consent."""
    own = pack().policy
    everything = {
        "steps": Steps(filing=True, confirm=True, close=True, call_back=True),
        "consents": {**own.consents, Matter.SEND_BACK: 1, Matter.VOID: 1},
        "auto_file_from": 1.01,
        "auto_admit_from": 0.6,
        "reopening": Reopening(dissatisfied=True),
        "first_accepts_leads": True,
    }
    return {"plain": {}, "with every step": everything}


@pytest.fixture(params=policies())
def world(request: pytest.FixtureRequest, postgres_dsn: str) -> Iterator[World]:
    """A city with one of the procedures."""
    # not the loop of the other tests: rules are no coroutines
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        door = another_city(postgres_dsn, **policies()[request.param])
        yield World(runner, runner.run(door.__aenter__()))
        runner.run(door.__aexit__(None, None, None))


def test_whatever_everybody_does_the_case_stays_lawful(world: World) -> None:
    machine = type("CrowdHere", (Crowd,), {"world": world})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=10, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )  # fmt: skip
