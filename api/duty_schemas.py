"""What HTTP clients send and are told of duty: who is there, what units have to do, what a shift leaves."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from api.schemas import Code, Moment, Strict


class AbsenceIn(Strict):
    """Somebody is away from ``since`` to ``until``; without ``deputy`` the usual one stands in."""

    since: Moment = Field(examples=["2026-11-21T08:00:00+08:00"])
    until: Moment = Field(examples=["2026-11-23T20:00:00+08:00"])
    deputy: Annotated[Code, Field(examples=["roads-02"])] | None = None


class PersonOut(BaseModel):
    """Somebody of the duty roster; ``stands_for`` is whom they stand in for."""

    id: str
    name: str
    role: str
    phone: str
    stands_for: str | None


class WatchOut(BaseModel):
    """A shift that runs. ``of`` is a unit or one of its teams; ``missing`` are away with nobody to stand in."""

    of: str
    name: str
    unit: str
    unit_name: str
    shift: str
    begins: datetime
    ends: datetime
    staffed: bool
    present: list[PersonOut]
    missing: list[PersonOut]


class AbsenceOut(BaseModel):
    """Somebody who is away."""

    person: str
    name: str
    since: datetime
    until: datetime
    deputy: str | None


class DutyOut(BaseModel):
    """Who is on duty at a moment; ``off`` are units and teams that have shifts of which none runs."""

    at: datetime
    watches: list[WatchOut]
    off: list[str]
    absent: list[AbsenceOut]


class PartLoadOut(BaseModel):
    """Open tasks of one part; ``offered`` are not accepted yet, ``overdue`` belong to cases with a missed promise."""

    part: str
    open: int
    offered: int
    overdue: int
    oldest: datetime


class LoadOut(BaseModel):
    """What a unit has to do now."""

    unit: str
    unit_name: str
    on_duty: bool
    open: int
    parts: list[PartLoadOut]


class NoteOut(BaseModel):
    """What somebody said with a step within the shift."""

    at: datetime
    step: str
    by: str
    words: str


class LeftOut(BaseModel):
    """An open task that one shift leaves to the next."""

    task: UUID
    no: str
    part: str
    state: str
    case_state: str
    category: str
    area: str
    worker: str
    offered_at: datetime
    due_at: datetime | None
    overdue: bool
    due_soon: bool
    fresh: bool
    petitions: list[str]
    replies_owed: int
    notes: list[NoteOut]


class HandOverOut(BaseModel):
    """The hand-over list of a unit (交接班清单): the counts are over ``items``, of ``open`` the longest open.

    ``since`` and ``until`` bound the shift that leaves; ``soon`` is when the one that comes ends.
    """

    unit: str
    unit_name: str
    since: datetime
    until: datetime
    soon: datetime
    leaving: list[WatchOut]
    coming: list[WatchOut]
    open: int
    overdue: int
    due_soon: int
    fresh: int
    petitions: int
    replies_owed: int
    items: list[LeftOut]
