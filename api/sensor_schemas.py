"""What HTTP clients receive about alarms of devices and the incidents they are witnesses of."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from api.present import Plain
from store.views import AlarmLine, IncidentLine


class IncidentOut(BaseModel):
    """An incident of sensors: one cause at one place and time, told the city once.

    ``witnesses`` are the devices that were ever part of it, ``standing`` those whose alarm stands. Times are event
    times. ``case_no`` is None until its report is filed.
    """

    id: UUID
    cause: str = Field(examples=["cloudburst"])
    level: int = Field(ge=1, le=3, description="1 (一级) is the gravest")
    opened_at: datetime
    changed_at: datetime
    recovered_at: datetime | None
    report: UUID
    case_no: str | None
    witnesses: int
    standing: int


class IncidentPage(BaseModel):
    """A page of incidents, the latest first; ``next`` is what to send as ``cursor``."""

    items: list[IncidentOut]
    next: str | None


class AlarmOut(BaseModel):
    """One alarm of a device (报警); ``cleared_at`` (恢复) is None while it stands. Times are event times.

    ``since`` is when the breach began, ``raised_at`` when it had lasted long enough.
    """

    device: str
    device_name: str
    rule: str
    alarm: str
    level: int
    since: datetime
    raised_at: datetime
    cleared_at: datetime | None
    value: float
    reason: str
    flapping: bool
    incident: UUID


class AlarmList(BaseModel):
    """Alarms in order of time."""

    items: list[AlarmOut]


def incident_shown(one: IncidentLine) -> Plain:
    """An incident (``IncidentOut``)."""
    return {name: getattr(one, name) for name in IncidentOut.model_fields}


def alarm_shown(one: AlarmLine) -> Plain:
    """An alarm (``AlarmOut``)."""
    return {name: getattr(one, name) for name in AlarmOut.model_fields}
