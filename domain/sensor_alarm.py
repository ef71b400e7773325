"""What the readings of devices came to: alarms of single devices (报警), and the incidents they are witnesses of.

One incident is one cause at one place and time, such as a cloudburst over many drains. It is told the city once, as one
report, and followed as one case.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.ids import ReportId
from domain.place import Point

AlarmKey = tuple[str, str, datetime]
"""Device, rule and the moment the breach began: the same however often its readings are judged."""


@dataclass(frozen=True, slots=True)
class StandingAlarm:
    """An alarm as far as others may join it.

    ``raised_at`` is when the breach had lasted long enough, an event time. ``point`` is where the device stood
    (WGS-84), ``links`` what joins it to others at any distance.
    """

    key: AlarmKey
    alarm: str
    level: int
    raised_at: datetime
    point: Point | None
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SensorAlarm:
    """An alarm as it is raised, behind an incident. ``reason`` is for people, in Chinese."""

    standing: StandingAlarm
    value: float
    reason: str
    flapping: bool
    incident: UUID


@dataclass(frozen=True, slots=True)
class SensorIncident:
    """One incident of sensors. Times are event times; ``recovered_at`` is when its last witness was well again.

    ``name`` is the same however often its readings are judged, ``level`` the gravest it reached (1 一级), ``report``
    the report the city was told by.
    """

    id: UUID
    name: str
    cause: str
    level: int
    opened_at: datetime
    changed_at: datetime
    report: ReportId
    recovered_at: datetime | None = None
