"""Alarms that begin and end become incidents, and incidents become reports: one for each, and one more if it climbs.

All of it in the transaction that keeps the readings. Alarms known already change nothing, so that judging the same
readings again tells nobody twice.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from domain.device import Device
from domain.epoch import epoch_ms, moment
from domain.ids import ReportId
from domain.place import Crs, Point
from domain.sensor_alarm import AlarmKey, SensorAlarm, SensorIncident, StandingAlarm
from handlers.accept import let_in
from handlers.outcomes import Failed
from handlers.ports import Office
from handlers.sensor_pack import SensorPack
from handlers.sensor_report import report_of
from sensing import storm
from sensing.signal import Change, Signal
from sensing.storm import Turn, Witness, joined, witness
from store.unit import Unit

INCIDENTS: Final = UUID("5f2b7c1e-6c0d-4a0e-9b51-6d5f3e1a7c42")
"""Locked by whoever changes incidents: alarms of one storm come by several workers."""
_NAMES: Final = UUID("0d1f3a52-0c1b-4c52-8f0e-6c5d1c8f7b11")
_NOWHERE: Final = float("nan")


async def tell(
    office: Office,
    unit: Unit,
    pack: SensorPack,
    devices: Mapping[str, Device],
    signals: Sequence[Signal],
) -> Counter[str]:
    """Enter the alarms that ``signals`` raise and clear; how many of what, for the figures.

    ``devices`` are those of the signals. The unit must hold the lock ``INCIDENTS``.
    """
    known = await unit.sensor_alarms.known({_key(signal.key) for signal in signals})
    raised = {s.key: s for s in signals if s.change is Change.RAISED and _key(s.key) not in known}
    ends = {s.key: s.at_ms for s in signals if s.change is Change.CLEARED}
    coming = [witness(one, pack.rules[one.rule], devices[one.device]) for one in raised.values()]
    cleared = {k: at for k, at in ends.items() if k in raised or (_key(k) in known and known[_key(k)].stands)}
    causes = {one.cause for one in coming} | {known[_key(key)].cause for key in cleared if key not in raised}
    return await _enter(office, unit, pack, devices, raised, coming, cleared, causes)


async def abandon(office: Office, unit: Unit, pack: SensorPack, at: datetime) -> Counter[str]:
    """Clear the alarms that nothing else will: their device went out of use, or their rule left the pack."""
    keys = await unit.sensor_alarms.abandoned(list(pack.rules))
    known = await unit.sensor_alarms.known(keys)
    cleared = {(device, rule, epoch_ms(since)): epoch_ms(at) for device, rule, since in keys}
    return await _enter(office, unit, pack, {}, {}, [], cleared, {each.cause for each in known.values()})


async def _enter(
    office: Office,
    unit: Unit,
    pack: SensorPack,
    devices: Mapping[str, Device],
    raised: Mapping[storm.Key, Signal],
    coming: Sequence[Witness],
    cleared: Mapping[storm.Key, int],
    causes: set[str],
) -> Counter[str]:
    if not raised and not cleared:
        return Counter()
    near = await unit.sensor_alarms.open(causes)
    book = _Book({incident.name: incident for incident, _ in near})
    outcome = joined([_open(*each) for each in near], coming, cleared.items(), pack.reaches, pack.reach)
    for change in outcome.changes:
        book.turn(change, office)
    await unit.sensor_alarms.put(book.changed)
    if book.absorbed:
        await unit.sensor_alarms.absorb(book.absorbed)
    if raised:
        behind = {key: book.incidents[name].id for key, name in book.behind.items()}
        await unit.sensor_alarms.raised([_entered(one, raised[one.key], behind[one.key]) for one in coming])
    if cleared:
        await unit.sensor_alarms.cleared({_key(key): moment(at) for key, at in cleared.items()})
    reports = [
        report_of(pack, devices, raised, change, book.incidents[change.incident.id], unit.at, report)
        for change, report in book.told
    ]
    for became in await let_in(unit.reports, reports) if reports else ():
        if isinstance(became, Failed):
            raise became.error
    counts = Counter(change.turn.value for change in outcome.changes)
    return counts + Counter(raised=len(raised), cleared=len(cleared))


@dataclass(slots=True)
class _Book:
    """The incidents as a batch leaves them, by name; ``behind`` says which one each new alarm is behind."""

    incidents: dict[str, SensorIncident]
    behind: dict[storm.Key, str] = field(default_factory=dict)
    absorbed: dict[UUID, UUID] = field(default_factory=dict)
    told: list[tuple[storm.Change, ReportId]] = field(default_factory=list)
    names: dict[str, None] = field(default_factory=dict)

    @property
    def changed(self) -> list[SensorIncident]:
        """Those that are to be entered."""
        return [self.incidents[name] for name in self.names]

    def turn(self, change: storm.Change, office: Office) -> None:
        """One thing that happened to an incident."""
        name, at = change.incident.id, moment(change.at_ms)
        if change.turn in (Turn.OPENED, Turn.CLIMBED):
            self.told.append((change, ReportId(office.new_id())))
        if change.turn is Turn.OPENED:
            began, report = moment(change.incident.opened_ms), self.told[-1][1]
            opened = SensorIncident(
                uuid5(_NAMES, name), name, change.incident.cause, change.incident.level, began, at, report
            )
            self.incidents[name] = opened
        elif change.turn is Turn.ABSORBED:
            self.absorbed[self.incidents[name].id] = self.incidents[change.into].id
        else:
            before = self.incidents[name]
            level = min(before.level, change.incident.level) if change.incident.witnesses else before.level
            over = at if change.turn is Turn.RECOVERED else None
            self.incidents[name] = replace(
                before, level=level, changed_at=max(before.changed_at, at), recovered_at=over
            )
        self.names[name] = None
        if change.turn in (Turn.OPENED, Turn.GREW, Turn.ABSORBED):
            self.behind |= {one.key: change.into or name for one in change.witnesses}


def _key(key: storm.Key) -> AlarmKey:
    device, rule, since = key
    return device, rule, moment(since)


def _open(incident: SensorIncident, alarms: Sequence[StandingAlarm]) -> storm.Incident:
    witnesses = [_witness(alarm, incident.cause) for alarm in alarms]
    opened, last = epoch_ms(incident.opened_at), max(one.at_ms for one in witnesses)
    return storm.Incident(incident.name, incident.cause, opened, last, {one.key: one for one in witnesses})


def _witness(alarm: StandingAlarm, cause: str) -> Witness:
    device, rule, since = alarm.key
    lon, lat = (alarm.point.lon, alarm.point.lat) if alarm.point else (_NOWHERE, _NOWHERE)
    key, at = (device, rule, epoch_ms(since)), epoch_ms(alarm.raised_at)
    return Witness(key, alarm.alarm, cause, alarm.level, at, lon, lat, alarm.links)


def _entered(one: Witness, signal: Signal, incident: UUID) -> SensorAlarm:
    point = None if one.lon != one.lon else Point(one.lon, one.lat, Crs.WGS84)
    standing = StandingAlarm(_key(one.key), one.alarm, one.level, moment(one.at_ms), point, one.links)
    return SensorAlarm(standing, signal.value, signal.reason, signal.flapping, incident)
