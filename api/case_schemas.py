"""What HTTP clients receive about cases: lists, one case whole, its history and why it is as it is."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from api.attachment_schemas import AttachmentOut


class AreaOut(BaseModel):
    """An area on the path from the city down."""

    code: str
    name: str


class DeadlineOut(BaseModel):
    """A promise with a date, its limit and where that comes from; ``first_due_at`` is what was promised first."""

    clock: str
    cycle: int
    set_at: datetime
    due_at: datetime
    origin: str
    limit: dict[str, Any]
    state: str
    task: UUID | None
    first_due_at: datetime | None
    ended_at: datetime | None
    exempt: bool


class TaskOut(BaseModel):
    """One share of a case: a unit's, or an inspector's (``unit`` null, ``worker`` is the inspector)."""

    id: UUID
    unit: str | None
    unit_name: str | None
    part: str
    state: str
    round: int
    required: bool
    worker: str
    offered_at: datetime
    accepted_at: datetime | None
    ended_at: datetime | None
    result: str
    reason: str
    photos: list[str]
    position: dict[str, Any] | None
    passed: bool | None
    limit: dict[str, Any] | None


class PetitionOut(BaseModel):
    """What was asked of the case, by whom, and every answer."""

    id: UUID
    matter: str
    task: UUID | None
    by: dict[str, Any]
    asked_at: datetime
    reason: str
    state: str
    until: datetime | None
    clock: str
    cycle: int
    consents: list[dict[str, Any]]
    answered_by: dict[str, Any] | None
    answered_at: datetime | None
    answer: str


class CaseOut(BaseModel):
    """A case as lists show it."""

    no: str = Field(examples=["YH-261121-0000123-4"])
    version: int
    state: str
    state_name: str
    source: str
    urgency: str
    overdue: bool
    category: dict[str, Any] | None
    condition: dict[str, Any] | None
    areas: list[AreaOut]
    grid: str | None
    doubt: str
    point: dict[str, Any] | None
    unit: str | None
    unit_name: str | None
    opened_at: datetime
    updated_at: datetime
    behind: int = Field(description="how many reports stand behind it now")
    filed_at: datetime | None
    dispatched_at: datetime | None
    ended_at: datetime | None
    send_backs: int
    reworks: int
    reopened: int
    urges: int
    escalation: int
    level: str | None
    closing: str
    verified: bool | None
    merged_into: UUID | None
    plan: dict[str, Any] | None
    deadlines: list[DeadlineOut]
    tasks: list[TaskOut]
    petitions: list[PetitionOut]
    supervisions: list[dict[str, Any]]
    call_backs: list[dict[str, Any]]


class ReportBehind(BaseModel):
    """A report behind a case. ``opened``: the case began with it; ``withdrawn``: its caller took it back."""

    id: UUID
    source: str
    received_at: datetime
    opened: bool
    withdrawn: bool
    text: str
    address: str


class ReportPage(BaseModel):
    """A page of the reports behind a case, as they came; ``next`` is the cursor of the next page, null at the end."""

    items: list[ReportBehind]
    next: str | None


class CaseWithReports(CaseOut):
    """A case with the first 200 reports behind it; of merged cases, the number of the other side."""

    reports: list[ReportBehind]
    merged_into_no: str | None = Field(examples=["YH-261121-0000123-4"])
    absorbed: list[str]
    attachments: list[AttachmentOut]


class CasePage(BaseModel):
    """A page of cases, newest first; ``next`` is the cursor of the following page, null at the end."""

    items: list[CaseOut]
    next: str | None


class TaskItem(BaseModel):
    """One line of a unit's work list: its task and the case it belongs to."""

    task: TaskOut
    case: CaseOut


class TaskPage(BaseModel):
    """A page of a unit's open tasks, oldest first."""

    items: list[TaskItem]
    next: str | None


class StepOut(BaseModel):
    """One step of a case's history; what it made or changed is given as it was after it.

    ``reports`` are those that came or went, ``other`` the second case of a merge or split.
    """

    version: int
    type: str
    at: datetime
    actor: dict[str, Any]
    state: str
    reason: str
    note: str
    closing: str
    level: str | None
    tasks: list[dict[str, Any]]
    deadlines: list[dict[str, Any]]
    petitions: list[dict[str, Any]]
    supervision: dict[str, Any] | None
    call_back: dict[str, Any] | None
    plan: dict[str, Any] | None
    reports: list[UUID]
    other: UUID | None


class Explanation(BaseModel):
    """Why this category, place, unit and deadline, in facts and in sentences; ``citizen`` may be told to the caller."""

    no: str
    what: dict[str, Any]
    where: dict[str, Any]
    who: dict[str, Any] | None
    when: list[DeadlineOut]
    sentences: list[str]
    citizen: str


class ActionsOut(BaseModel):
    """What the caller may do now, with the version to send in If-Match."""

    version: int
    verbs: list[str]
    tasks: dict[str, list[str]]


class ActionDone(BaseModel):
    """A verb took effect."""

    no: str
    version: int
