"""What the routes of alerts and of the joint command record answer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from api.case_schemas import AreaOut


class AlertOut(BaseModel):
    """A message to the public, in the terms of CAP 1.2; ``href`` is the message itself, in XML."""

    identifier: str = Field(examples=["YH-261121-0000123-4.7"])
    no: str = Field(examples=["YH-261121-0000123-4"])
    type: str = Field(examples=["Update"])
    exercise: bool
    sent: datetime
    expires: datetime
    event: str
    category: str
    urgency: str
    severity: str
    certainty: str
    headline: str
    instruction: str
    level: str | None
    areas: list[AreaOut]
    point: dict[str, Any] | None
    href: str


class AlertList(BaseModel):
    """Messages, those of now the newest first, those of one case in their order."""

    items: list[AlertOut]


class CommandShare(BaseModel):
    """One unit under the plan and its answer. ``planned`` is false for a unit that was called besides.

    ``state`` is that of its task; minutes count from the start of the plan, ``minutes_left`` from now (negative: that
    late; null: nothing runs).
    """

    unit: str
    unit_name: str
    part: str
    planned: bool
    required: bool
    task: UUID
    state: str
    limit: dict[str, Any] | None
    accepted_at: datetime | None
    accepted_after: float | None
    ended_at: datetime | None
    ended_after: float | None
    result: str
    reason: str
    due_at: datetime | None
    minutes_left: float | None
    overdue: bool


class CommandStep(BaseModel):
    """One step since the plan started. ``after`` is in minutes since then; ``units`` are those it is about."""

    version: int
    type: str
    at: datetime
    after: float
    actor: dict[str, Any]
    state: str
    units: list[str]
    clocks: list[str]
    level: str | None
    alert: str | None
    reason: str
    note: str


class CommandRecord(BaseModel):
    """The joint command record (联合指挥记录) of a case under a plan, as it stood at ``at``.

    ``unanswered`` are the shares nobody has accepted yet, those with the least time first.
    """

    no: str
    plan: dict[str, Any]
    started_at: datetime
    started_by: dict[str, Any]
    at: datetime
    minutes: float
    state: str
    level: str | None
    ended_at: datetime | None
    escalations: int
    urges: int
    supervisions: list[dict[str, Any]]
    shares: list[CommandShare]
    unanswered: list[CommandShare]
    timeline: list[CommandStep]
