"""What the city is told of an incident of sensors: a report like any other, in words for a duty officer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.catalogue import Kind, Urgency
from domain.device import Device
from domain.epoch import moment
from domain.ids import ReportId
from domain.report import Report, Source
from domain.sensor_alarm import SensorIncident
from handlers.sensor_pack import SensorPack
from sensing.signal import Signal
from sensing.storm import Change, Key, Turn, Witness

ORIGIN: Final = "sensors"
_LEVELS: Final = {1: "一级", 2: "二级", 3: "三级"}
_URGENCIES: Final = {1: Urgency.CRITICAL, 2: Urgency.URGENT, 3: Urgency.NORMAL}
_NAMED: Final = 5


def report_of(
    pack: SensorPack,
    devices: Mapping[str, Device],
    signals: Mapping[Key, Signal],
    change: Change,
    incident: SensorIncident,
    now: datetime,
    report: ReportId,
) -> Report:
    """An incident that opened, or climbed to a graver level. Its place is that of the gravest of its new witnesses.

    ``signals`` are those of the change's witnesses. Category, condition and urgency are the rule's; where the rule
    names no urgency the level does.
    """
    gravest = min(change.witnesses, key=lambda one: (one.level, one.key[2], one.key))
    rule, device = pack.rules[gravest.key[1]], devices[gravest.device]
    _, kind, code = rule.category.rsplit(":", 2)
    level = change.incident.level
    extra = {"device": device.id, "incident": str(incident.id)}
    if device.component:
        extra["asset"] = device.component
    return Report(
        id=report,
        source=Source.ALARM,
        origin=ORIGIN,
        origin_key=_key(incident.id, change),
        received_at=now,
        occurred_at=moment(gravest.key[2]),
        text=_words(pack, devices, signals, change, gravest),
        category=code,
        kind=Kind(kind),
        condition=rule.condition,
        urgency=rule.urgency or _URGENCIES[level],
        point=device.point,
        extra=extra,
    )


def _key(incident: UUID, change: Change) -> str:
    return f"{incident}:{change.incident.level}" if change.turn is Turn.CLIMBED else str(incident)


def _words(
    pack: SensorPack, devices: Mapping[str, Device], signals: Mapping[Key, Signal], change: Change, gravest: Witness
) -> str:
    """Level, cause, what the gravest sensor says, and which others stand beside it."""
    names = list(dict.fromkeys(_name(devices, one.device) for one in change.witnesses))
    many = len(change.incident.devices)
    cause = pack.causes.get(change.incident.cause, "")
    head = f"物联报警（{_LEVELS[change.incident.level]}{'，升级' if change.turn is Turn.CLIMBED else ''}）"
    said = f"{head}{cause}：{_name(devices, gravest.device)} {signals[gravest.key].reason}"
    if many == 1:
        return said
    more = "等" if many > _NAMED else ""
    return f"{said}。同因 {many} 处：{'、'.join(names[:_NAMED])}{more}"


def _name(devices: Mapping[str, Device], device: str) -> str:
    return devices[device].name or device
