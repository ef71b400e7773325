"""Somebody at a screen, with one key and nothing but the public API. The offices of the demo city are made of them."""

import asyncio
from abc import ABC, abstractmethod
from base64 import b64decode
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import uuid4

import msgspec

from runtime.demo.clock import ExerciseClock
from runtime.demo.line import Line, Plain

Deed = Coroutine[Any, Any, object]

PHOTO = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAQAAAAECAAAAACMmsGiAAAAHElEQVR4nGNgsKnYwsDv3X6YQS5q2iUG3cylDwE72AcJ+zyaRQAAAABJRU5ErkJggg=="
)
"""Four by four grey dots: what matters is that a photo is there."""

EVENING = 0.8
"""From this share of the day on nobody dawdles: all want to go home."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What somebody has made up their mind to do, and at which city minute."""

    verb: str
    minute: float
    reason: str = ""


class Person(ABC):
    """Looks, makes up their mind, acts when the time has come, looks again."""

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

    def meant(self, matter: str, think: Callable[[], Intent]) -> Intent:
        """What is meant about a matter; the first thought is the one that counts."""
        if matter not in self._minds:
            self._minds[matter] = think()
        return self._minds[matter]

    def ready(self, matter: str, think: Callable[[], Intent]) -> Intent | None:
        """What is meant about a matter, once its time has come."""
        intent = self.meant(matter, think)
        return intent if intent.minute <= self.clock.minutes else None

    async def act(self, path: str, verb: str, version: int, **said: object) -> bool:
        """Use a verb on what was seen as ``version``. False when somebody was faster; the next round looks again."""
        headers = {"If-Match": f'"{version}"', "Idempotency-Key": uuid4().hex}
        answer = await self.line.tell(f"{path}/actions/{verb}", msgspec.json.encode(said), headers)
        self.deeds[verb if answer.status_code == 200 else f"told {answer.status_code}"] += 1
        return answer.status_code == 200

    async def act_on_the_spot(self, case: Plain, path: str, verb: str, **said: object) -> bool:
        """Use a verb from the spot, with a photo where the filing condition asks for evidence."""
        condition = case["condition"]
        if condition and condition["evidence"]:
            headers = {"Content-Type": "image/png", "Idempotency-Key": uuid4().hex}
            taken = await self.line.tell("/v1/attachments", PHOTO, headers)
            said["photos"] = [taken.json()["id"]]
        return await self.act(path, verb, case["version"], **said)
