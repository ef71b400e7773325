"""Alarms of devices and their incidents for the doors. Part of ``store.views``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from store.device_views import Span
from store.read_model import ReadModel
from store.scope import Scope

MOST_WITNESSES = 5000


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """An incident of sensors; ``case_no`` is None until its report is filed. Times but ours are event times.

    ``witnesses`` are the devices that were ever part of it, ``standing`` those that still are.
    """

    id: UUID
    cause: str
    level: int
    opened_at: datetime
    changed_at: datetime
    recovered_at: datetime | None
    report: UUID
    case_no: str | None
    witnesses: int
    standing: int


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """One alarm of a device; ``cleared_at`` is None while it stands."""

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


@dataclass(frozen=True, slots=True)
class SensorTally:
    """What the readings of some devices came to. ``again`` of those ``kept`` were of a moment known already.

    ``unknown`` are readings of devices nobody registered. Of ``incidents``, ``absorbed`` went on in others,
    ``recovered`` are over and of these ``noted`` on their cases; ``reported`` have their first report. ``reports`` are
    all that were told, the climbs too; ``witnesses`` is of the greatest incident.
    """

    kept: int
    again: int
    unknown: int
    raised: int
    cleared: int
    incidents: int
    absorbed: int
    recovered: int
    noted: int
    witnesses: int
    reported: int
    reports: Sequence[UUID]


class SensorViews(ReadModel):
    """Alarms and incidents for the doors. Raises ``Unavailable``."""

    async def incidents(
        self, standing: bool | None, before: tuple[datetime, UUID] | None, limit: int, scope: Scope
    ) -> list[IncidentLine]:
        """A page of incidents, the latest first; ``standing`` None: those that are over too."""
        rows = await self._fetch(
            "view_sensor_incidents", standing, *(before or (None, None)), list(scope.areas), scope.unit, limit
        )
        return [IncidentLine(**dict(row)) for row in rows]

    async def witnesses(self, incident: UUID, scope: Scope) -> list[AlarmLine]:
        """The alarms of an incident, at most ``MOST_WITNESSES``, in the order they were raised."""
        rows = await self._fetch("view_sensor_witnesses", incident, list(scope.areas), scope.unit, MOST_WITNESSES)
        return [AlarmLine(**dict(row)) for row in rows]

    async def alarms(self, device: str, span: Span) -> list[AlarmLine]:
        """The alarms of a device that stood at some moment of a span, in the order they began."""
        rows = await self._fetch("view_sensor_alarms", device, span.since, span.until)
        return [AlarmLine(**dict(row)) for row in rows]

    async def tally(self, devices: Sequence[str], unknown: Sequence[str]) -> SensorTally:
        """What became of all that these devices sent, and these others that nobody registered."""
        (row,) = await self._fetch("view_sensor_tally", list(devices), list(unknown))
        return SensorTally(**dict(row))
