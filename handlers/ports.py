"""What the office works with: the memory, the advisers of one city pack, and a source of fresh ids."""

import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from classify.classifier import Classification
from dispatch.facts import Facts
from domain.case import Verdict
from domain.catalogue import Catalogue
from domain.place import Place, Point
from domain.policy import Policy
from domain.report import Report
from store.unit import Store


class Where(Protocol):
    """Adviser for place."""

    def places_of(self, reports: Sequence[Report]) -> list[tuple[Place, Point | None]]:
        """For each report the place it falls in, and its point in WGS-84 where it has one."""


class What(Protocol):
    """Adviser for category."""

    def classify_many(self, reports: Sequence[Report]) -> list[Classification]:
        """For each report its category and condition, with the reason."""


class Who(Protocol):
    """Adviser for the responsible units."""

    def choose_many(self, facts: Sequence[Facts]) -> list[Verdict]:
        """For each case's facts a verdict; no match is a verdict too."""


@dataclass(frozen=True, slots=True)
class Advisers:
    """All that comes from one version of a city pack; replaced as a whole when the pack changes."""

    where: Where
    what: What
    who: Who
    catalogue: Catalogue
    policy: Policy
    prefix: str


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
