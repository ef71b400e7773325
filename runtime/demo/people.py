"""The people of the city's offices. Each has one key and uses nothing but the public API, as their screens would."""

import asyncio
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import uuid4

import msgspec

from domain.commands import Role
from domain.place import Level
from runtime.citypack import ClientSpec, Pack
from runtime.demo.clock import ExerciseClock
from runtime.demo.line import Line, Plain
from runtime.demo.words import LINE_TEST, NOT_DONE, SENT_BACK, VAGUE, CallBack

Deed = Coroutine[Any, Any, object]

EVENING = 0.8
"""From this share of the day on nobody dawdles: all want to go home."""

SLOW: Mapping[str, float] = {"sanitation": 0.22, "enforcement": 0.15, "roads": 0.10}
SELDOM_SLOW, PICKY, BADLY_DONE = 0.03, 0.05, 0.06
"""Shares of jobs that drag on, of cases a unit says are not its own, of work that fails the first check."""

NOBODY_HOME = 0.25
"""The share of call-backs nobody picks up."""


@dataclass(slots=True)
class Intent:
    """What somebody has made up their mind to do, and at which city minute."""

    verb: str
    minute: float
    reason: str = ""


class Person(ABC):
    """Somebody at a screen: looks, makes up their mind, acts when the time has come, looks again."""

    pause = 0.8

    def __init__(self, line: Line, clock: ExerciseClock, dice: Random, deeds: Counter[str]) -> None:
        self.line = line
        self.clock = clock
        self.dice = dice
        self.deeds = deeds
        self._minds: dict[str, Intent] = {}

    async def work(self) -> None:
        """Work until cancelled. An office has several people: what is due in a round is done at once."""
        await asyncio.sleep(self.dice.uniform(0, self.pause))
        while True:
            async with asyncio.TaskGroup() as group:
                async for deed in self.due():
                    group.create_task(deed)
            await asyncio.sleep(self.pause)

    @abstractmethod
    def due(self) -> AsyncIterator[Deed]:
        """Look once at the screen; what is to be done now."""

    def intend(self, verb: str, least: float, most: float, reason: str = "") -> Intent:
        """Mean to do something in so many city minutes."""
        return Intent(verb, self.clock.minutes + self.dice.uniform(least, most), reason)

    def ready(self, matter: str, intent: Intent) -> bool:
        """Whether the time has come for what was meant about a matter; the first thought is the one that counts."""
        return self._minds.setdefault(matter, intent).minute <= self.clock.minutes

    def meant(self, matter: str) -> Intent:
        """What was meant about a matter."""
        return self._minds[matter]

    async def act(self, path: str, verb: str, version: int, **said: str) -> bool:
        """Use a verb on what was seen as ``version``. False when somebody was faster; the next round looks again."""
        headers = {"If-Match": f'"{version}"', "Idempotency-Key": uuid4().hex}
        answer = await self.line.tell(f"{path}/actions/{verb}", msgspec.json.encode(said), headers)
        self.deeds[verb if answer.status_code == 200 else f"told {answer.status_code}"] += 1
        return answer.status_code == 200


class Department(Person):
    """A unit: takes its tasks, sends a few back, works, and says what was done. Some are slow now and then."""

    def __init__(
        self, line: Line, clock: ExerciseClock, dice: Random, deeds: Counter[str], slow: float, picky: float
    ) -> None:
        """``slow`` is the share of jobs that drag on, ``picky`` the share of cases it says are not its own."""
        super().__init__(line, clock, dice, deeds)
        self._slow = slow
        self._picky = picky

    async def due(self) -> AsyncIterator[Deed]:
        """Go through the work list."""
        async for item in self.line.pages("/v1/tasks"):
            task, case = item["task"], item["case"]
            matter = f"{task['id']} {task['state']}"
            if not self.ready(matter, self._decide(task, case)):
                continue
            intent = self.meant(matter)
            said = {"note": self._result(case)} if intent.verb == "finish" else {"reason": intent.reason}
            yield self.act(f"/v1/tasks/{task['id']}", intent.verb, case["version"], **said)

    def _decide(self, task: Plain, case: Plain) -> Intent:
        if task["state"] == "offered":
            ours = task["part"] == "assist" or case["send_backs"] or case["reworks"]
            if not ours and self.dice.random() < self._picky:
                return self.intend("send-back", 2, 8, self.dice.choice(SENT_BACK))
            return self.intend("accept", 2, 8)
        if self.clock.share < EVENING and self.dice.random() < self._slow:
            return self.intend("finish", 100, 170)
        return self.intend("finish", 10, 40)

    def _result(self, case: Plain) -> str:
        condition = case["condition"]
        return condition["closing"] if condition else "已到场处置，现场恢复正常"


class Officer(Person):
    """A grid officer: goes and looks whether it was really done."""

    async def due(self) -> AsyncIterator[Deed]:
        """Check what departments say is finished."""
        async for case in self.line.pages("/v1/cases", state="pending_check"):
            matter = f"{case['no']} {case['reworks']}"
            bad = not case["reworks"] and self.dice.random() < BADLY_DONE
            if not self.ready(matter, self.intend("fail" if bad else "pass", 2, 10)):
                continue
            intent = self.meant(matter)
            said = {"reason": self.dice.choice(NOT_DONE)} if intent.verb == "fail" else {"note": "现场核查属实"}
            yield self.act(f"/v1/cases/{case['no']}", intent.verb, case["version"], **said)


class Desk(Person):
    """The intake desk: calls back where words or place left a doubt; files, refuses, or tries again tomorrow."""

    pause = 0.5

    def __init__(
        self, line: Line, clock: ExerciseClock, dice: Random, deeds: Counter[str], communities: Sequence[str]
    ) -> None:
        """``communities`` are the area codes a citizen may name when asked where."""
        super().__init__(line, clock, dice, deeds)
        self._communities = communities
        self.put_aside: set[str] = set()
        """Cases whose citizen did not pick up: they wait for another day."""

    async def due(self) -> AsyncIterator[Deed]:
        """Go through what awaits the desk."""
        async for case in self.line.pages("/v1/cases", state="reported"):
            if case["no"] not in self.put_aside and self.ready(case["no"], self.intend("call back", 1, 5)):
                yield self._settle(case["no"])

    async def _settle(self, no: str) -> None:
        path = f"/v1/cases/{no}"
        case = await self.line.ask(path)
        heard = self._call_back(case)
        if not heard.reached:
            self.put_aside.add(no)
        elif heard.refusal:
            await self.act(path, "refuse", case["version"], reason=heard.refusal)
        else:
            await self.act(path, "file", case["version"], category=heard.category or "", area=self._area(case))

    def _call_back(self, case: Plain) -> CallBack:
        if case["category"]:
            return CallBack(case["category"]["code"])
        heard = next((VAGUE[report["text"]] for report in case["reports"] if report["text"] in VAGUE), CallBack())
        return CallBack() if heard is not LINE_TEST and self.dice.random() < NOBODY_HOME else heard

    def _area(self, case: Plain) -> str:
        known = case["areas"]
        code: str = known[-1]["code"] if len(known) > 2 else self.dice.choice(self._communities)
        return code


class Dispatcher(Person):
    """Sends on what no rule covers."""

    pause = 0.5
    _BOOK: Mapping[str, str] = {"05002": "housing", "05003": "market", "05009": "enforcement"}
    _ELSE = "duty-desk"

    def __init__(self, line: Line, clock: ExerciseClock, dice: Random, deeds: Counter[str]) -> None:
        super().__init__(line, clock, dice, deeds)
        self.sent: set[str] = set()
        """Numbers of the cases sent on by hand."""

    async def due(self) -> AsyncIterator[Deed]:
        """Go through what waits for a department."""
        async for case in self.line.pages("/v1/cases", state="pending_dispatch"):
            if self.ready(f"{case['no']} {case['send_backs']}", self.intend("dispatch", 1, 5)):
                yield self._send_on(case)

    async def _send_on(self, case: Plain) -> None:
        path = f"/v1/cases/{case['no']}"
        judged = (await self.line.ask(f"{path}/explain"))["who"]
        if judged is None or judged["lead"]:  # the rulebook has not judged yet, or just has
            return
        refused = {task["unit"] for task in case["tasks"] if task["state"] == "sent_back"}
        unit = self._BOOK.get(case["category"]["code"], self._ELSE)
        unit = self._ELSE if unit in refused else unit
        if await self.act(path, "dispatch", case["version"], unit=unit, reason="无规则可循，经协商确定主办"):
            self.sent.add(case["no"])


@dataclass(frozen=True, slots=True)
class Staff:
    """Everybody at work; the desk's and the dispatcher's notes are needed in the evening."""

    desk: Desk
    dispatcher: Dispatcher
    others: tuple[Person, ...]

    def __iter__(self) -> Iterator[Person]:
        return iter((self.desk, self.dispatcher, *self.others))


def hire(pack: Pack, lines: Mapping[str, Line], clock: ExerciseClock, seed: int, deeds: Counter[str]) -> Staff:
    """One person for every client of the pack that acts on cases; their deeds are counted together."""

    def dice(client: ClientSpec) -> Random:
        return Random(f"{seed} {client.id}")  # noqa: S311  (chance for a play)

    by_role = {role: [client for client in pack.clients if client.role is role] for role in Role}
    communities = [area.code for area in pack.atlas.tree.areas.values() if area.level is Level.COMMUNITY]
    desk, dispatcher = by_role[Role.DESK][0], by_role[Role.DISPATCHER][0]
    return Staff(
        Desk(lines[desk.id], clock, dice(desk), deeds, communities),
        Dispatcher(lines[dispatcher.id], clock, dice(dispatcher), deeds),
        (
            *(Officer(lines[one.id], clock, dice(one), deeds) for one in by_role[Role.OFFICER]),
            *(
                Department(lines[one.id], clock, dice(one), deeds, SLOW.get(one.unit or "", SELDOM_SLOW), PICKY)
                for one in by_role[Role.UNIT]
            ),
        ),
    )
