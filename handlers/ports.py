"""What the office works with: the memory, the advisers of one city pack, and a source of fresh ids."""

import os
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from classify.classifier import Classification
from classify.rules import Keywords
from dispatch.duty import Duty
from dispatch.facts import Facts, Surroundings
from dispatch.plans import plans_for, resolve_plan
from dispatch.roster import Roster
from domain.case import Case, Verdict
from domain.catalogue import Catalogue
from domain.errors import Refused
from domain.place import Place, Point
from domain.plan import Activation
from domain.policy import Policy
from domain.report import Report
from geo.address.answers import Candidate
from store.unit import Store


class Where(Protocol):
    """Adviser for place."""

    def places_of(self, reports: Sequence[Report]) -> list[tuple[Place, Point | None]]:
        """For each report the place it falls in, and its point in WGS-84 where it has one."""

    def standing(self, point: Point | None, grid: str | None, at: datetime) -> tuple[Place, Point | None]:
        """The place of a thing that stands in a grid, or where its point says; and the point in WGS-84."""

    def in_wgs84(self, points: Sequence[Point | None]) -> list[Point | None]:
        """Points as cases keep them."""


class Geocoder(Protocol):
    """An online service that knows addresses. Nothing in the pipeline waits for it: a desk asks when in doubt."""

    async def candidates(self, text: str) -> tuple[Candidate, ...]:
        """What it takes a text for, without places. Raises ``Unavailable``: away, slow, or not understood."""


class What(Protocol):
    """Adviser for category."""

    def classify_many(self, reports: Sequence[Report]) -> list[Classification]:
        """For each report its category and condition, with the reason."""


class Who(Protocol):
    """Adviser for the responsible units."""

    def choose_many(self, facts: Sequence[Facts]) -> list[Verdict]:
        """For each case's facts a verdict; no match is a verdict too."""


class Blobs(Protocol):
    """Where the bytes of attachments are kept: contents under keys ``xx/<uuid>/<name>``, ``xx`` the shard.

    All methods raise ``Unavailable`` when the file store is away or full.
    """

    async def put(self, key: str, content: bytes | Path) -> None:
        """Keep a content, whole or not at all; when this returns it is safe. What was under the key is replaced."""

    def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from ``start`` to ``end`` (exclusive). Raises ``FileNotFoundError`` for an unknown key."""

    async def drop(self, keys: Sequence[str]) -> None:
        """Forget contents; unknown keys are passed over."""

    def listed(self, shard: str) -> AsyncIterator[tuple[str, datetime]]:
        """Keys of a shard, each with the time it was written."""


@dataclass(frozen=True, slots=True)
class Advisers:
    """All that comes from one version of a city pack; replaced as a whole when the pack changes."""

    where: Where
    what: What
    who: Who
    catalogue: Catalogue
    policy: Policy
    roster: Roster
    surroundings: Surroundings
    tags: Keywords
    prefix: str
    duty: Duty

    def plan(self, plan_id: str, areas: tuple[str, ...], at: datetime) -> Activation:
        """A plan of the pack as it starts here. Raises ``Refused`` where there is none, or nobody to lead it."""
        started = self.started(plan_id, areas, at)
        if started is None:
            raise Refused("plan-required", "缺少预案", "name a plan of the city pack that has a lead unit here")
        return started

    def started(self, plan_id: str, areas: tuple[str, ...], at: datetime) -> Activation | None:
        """A plan of the pack as it starts here; None where there is none, or nobody to lead it."""
        plan = next((plan for plan in self.policy.plans if plan.id == plan_id), None)
        return resolve_plan(plan, areas, self._local(at), self.roster) if plan else None

    def plan_for(self, case: Case, at: datetime) -> Activation | None:
        """The plan a filed case starts by itself, if any."""
        local = self._local(at)
        started = (resolve_plan(p, case.place.path, local, self.roster) for p in plans_for(case, self.policy.plans))
        return next((plan for plan in started if plan), None)

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self.policy.calendar.zone)


# seeded by the system once a process: ids must be unique, not secret, and asking the system for each costs ten times
# as much
_dice = random.Random(os.urandom(32))  # noqa: S311


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562 §5.7): ordered by time, so that indexes grow at their end."""
    value = (time.time_ns() // 1_000_000) << 80 | _dice.getrandbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


@dataclass(frozen=True, slots=True)
class Office:
    """Everything a handler needs, handed to it by the wiring."""

    store: Store
    advisers: Advisers
    new_id: Callable[[], UUID] = new_id
