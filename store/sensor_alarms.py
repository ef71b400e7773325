"""Alarms of devices and the incidents they are witnesses of, for the sensors' handler and the sweep."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from domain.ids import CaseId, ReportId
from domain.place import Crs, Point
from domain.sensor_alarm import AlarmKey, SensorAlarm, SensorIncident, StandingAlarm
from store.pool import Connection
from store.queries import sql


@dataclass(frozen=True, slots=True)
class KnownAlarm:
    """An alarm in the record: whether it still stands, and the cause of its incident."""

    stands: bool
    cause: str


@dataclass(frozen=True, slots=True)
class Recovered:
    """An incident that is over, and the case that is to know; ``report`` is what the case was told by."""

    incident: UUID
    report: ReportId
    case: CaseId


class SensorAlarms:
    """The alarms and incidents of one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def known(self, keys: Collection[AlarmKey]) -> dict[AlarmKey, KnownAlarm]:
        """Those of these alarms that are in the record."""
        rows = await self._connection.fetch(sql("sensor_alarms_known"), *_columns(keys))
        return {_key(row): KnownAlarm(row["stands"], row["cause"]) for row in rows}

    async def abandoned(self, rules: Collection[str]) -> list[AlarmKey]:
        """Alarms that stand and that nothing will clear: of devices out of use, or by other rules than these."""
        return [_key(row) for row in await self._connection.fetch(sql("sensor_alarms_abandoned"), list(rules))]

    async def raised(self, alarms: Sequence[SensorAlarm]) -> None:
        """Enter alarms; one that is known stays as it is. Their incidents must be there."""
        standing = [alarm.standing for alarm in alarms]
        points = [each.point for each in standing]
        await self._connection.execute(
            sql("sensor_alarms_raise"),
            *_columns([each.key for each in standing]),
            [each.alarm for each in standing],
            [each.level for each in standing],
            [each.raised_at for each in standing],
            [alarm.value for alarm in alarms],
            [alarm.reason for alarm in alarms],
            [alarm.flapping for alarm in alarms],
            [point.lon if point else None for point in points],
            [point.lat if point else None for point in points],
            [" ".join(each.links) for each in standing],
            [alarm.incident for alarm in alarms],
        )

    async def cleared(self, ends: Mapping[AlarmKey, datetime]) -> None:
        """Alarms are over, each from a moment; one cleared before stays as it is."""
        await self._connection.execute(sql("sensor_alarms_clear"), *_columns(ends), list(ends.values()))

    async def open(self, causes: Collection[str]) -> list[tuple[SensorIncident, list[StandingAlarm]]]:
        """The open incidents of these causes, each with the alarms that stand."""
        rows = await self._connection.fetch(sql("sensor_incidents_open"), list(causes))
        alarms: dict[UUID, list[StandingAlarm]] = defaultdict(list)
        incidents: dict[UUID, SensorIncident] = {}
        for row in rows:
            incidents.setdefault(row["id"], _incident(row))
            alarms[row["id"]].append(_standing(row))
        return [(incident, alarms[name]) for name, incident in incidents.items()]

    async def put(self, incidents: Collection[SensorIncident]) -> None:
        """Enter or change incidents; name, beginning and report of one that is known stay."""
        await self._connection.execute(
            sql("sensor_incidents_put"),
            [each.id for each in incidents],
            [each.name for each in incidents],
            [each.cause for each in incidents],
            [each.level for each in incidents],
            [each.opened_at for each in incidents],
            [each.changed_at for each in incidents],
            [each.recovered_at for each in incidents],
            [each.report for each in incidents],
        )

    async def absorb(self, pairs: Mapping[UUID, UUID]) -> None:
        """Incidents go on as part of others, with all that is behind them."""
        await self._connection.execute(sql("sensor_incidents_absorb"), list(pairs), list(pairs.values()))

    async def recovered(self, limit: int) -> list[Recovered]:
        """Incidents that are over and whose case does not know it yet; those not filed yet wait."""
        rows = await self._connection.fetch(sql("sensor_incidents_to_note"), limit)
        return [Recovered(row["id"], ReportId(row["report"]), CaseId(row["case_id"])) for row in rows]

    async def noted(self, incidents: Collection[UUID]) -> None:
        """The cases of these incidents know."""
        await self._connection.execute(sql("sensor_incidents_noted"), list(incidents))


def _columns(keys: Collection[AlarmKey]) -> tuple[list[str], list[str], list[datetime]]:
    return [device for device, _, _ in keys], [rule for _, rule, _ in keys], [since for _, _, since in keys]


def _incident(row: asyncpg.Record) -> SensorIncident:
    return SensorIncident(
        row["id"],
        row["name"],
        row["cause"],
        row["level"],
        row["opened_at"],
        row["changed_at"],
        ReportId(row["report"]),
    )


def _standing(row: asyncpg.Record) -> StandingAlarm:
    point = None if row["lon"] is None else Point(row["lon"], row["lat"], Crs.WGS84)
    return StandingAlarm(_key(row), row["alarm"], row["alarm_level"], row["raised_at"], point, tuple(row["links"]))


def _key(row: asyncpg.Record) -> AlarmKey:
    return row["device"], row["rule"], row["since"]
