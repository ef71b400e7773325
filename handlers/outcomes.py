"""What became of one member of a batch, as a value. Doors turn these into answers; nothing here is raised."""

from dataclasses import dataclass
from uuid import UUID

from domain.errors import CityloopError


@dataclass(frozen=True, slots=True)
class Done:
    """The command took effect: the subject (report or case) and the version it now has."""

    subject: UUID
    version: int = 1


@dataclass(frozen=True, slots=True)
class AlreadyDone:
    """The same command took effect before; the subject is the one it made then."""

    subject: UUID
    version: int = 1


@dataclass(frozen=True, slots=True)
class Failed:
    """Nothing changed, and ``error`` says why: ``Invalid``, ``Refused``, or an unexpected exception."""

    error: CityloopError | Exception


@dataclass(frozen=True, slots=True)
class Declined:
    """Understood, and the law said no for good: that is in the record, under ``code``, and nobody need look at it."""

    subject: UUID
    code: str


Outcome = Done | AlreadyDone | Failed
