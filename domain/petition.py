"""A petition (申请): what a person asks of the case that another must grant; kept with every answer it got."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.actor import Actor
from domain.ids import TaskId

PetitionId = NewType("PetitionId", UUID)


class Matter(StrEnum):
    """What may be asked: 延期, 挂账, 退回, 作废, 超期申诉."""

    EXTENSION = "extension"
    SUSPENSION = "suspension"
    SEND_BACK = "send_back"
    VOID = "void"
    APPEAL = "appeal"


class PetitionState(StrEnum):
    """``lapsed``: the case went on before anybody answered."""

    ASKED = "asked"
    GRANTED = "granted"
    DENIED = "denied"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Consent:
    """One yes on the way to a grant; some matters need several, each from another person."""

    by: Actor
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Petition:
    """One matter asked. ``until`` ends a suspension; ``clock`` and ``cycle`` name the deadline of an appeal."""

    id: PetitionId
    matter: Matter
    by: Actor
    asked_at: datetime
    reason: str
    state: PetitionState = PetitionState.ASKED
    task: TaskId | None = None
    until: datetime | None = None
    clock: str = ""
    cycle: int = 0
    consents: tuple[Consent, ...] = ()
    answered_by: Actor | None = None
    answered_at: datetime | None = None
    answer: str = ""
