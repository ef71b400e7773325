"""Wire contracts of the intake topics, version 1: bytes become reports, or ``Invalid`` says what is wrong and where.

Strict on what is missing or of the wrong type, deaf to what is extra; see ``streams.wire``. The ``schema`` header names
the contract, so that a later version is told apart before a byte is parsed.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from domain.asset import MAX_SCANNED, scanned
from domain.catalogue import Kind, Urgency
from domain.ids import ReportId
from domain.place import Crs, Point
from domain.reading import Reading, contact_of
from domain.report import CallerKind, Report, Source, checked_point, clean_code, crs_of
from domain.ticket import Appeal
from streams.wire import decode

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
System = Annotated[str, msgspec.Meta(extra_json_schema={"enum": [crs.value for crs in Crs]})]
"""A coordinate system; another word than these is read, and judged by who sent it."""
Scan = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_SCANNED)]
"""Identifier of a component, or what its QR code says."""


class Position(msgspec.Struct, frozen=True):
    """Longitude and latitude in degrees, with the coordinate system they are in (never guessed).

    A position without one, or in one nobody knows, is for a person to look at; of a machine it is refused.
    """

    lon: float
    lat: float
    crs: System | None = None


class Caller(msgspec.Struct, frozen=True):
    """Who called. Name and number are personal data and stored apart; ``kind`` is who speaks."""

    name: Annotated[str, msgspec.Meta(max_length=100)] = ""
    phone: Annotated[str, msgspec.Meta(max_length=40)] = ""
    kind: CallerKind | None = None


class HotlineTicket(msgspec.Struct, frozen=True, kw_only=True):
    """``hotline-ticket.v1``: a 12345 ticket. Its number, with the centre's name, is unique for ever."""

    centre: Code
    ticket_no: Code
    called_at: datetime
    text: str
    address: str = ""
    areas: list[str] = []
    position: Position | None = None
    category: Code | None = None
    kind: Kind = Kind.EVENT
    condition: Code | None = None
    urgency: Urgency = Urgency.NORMAL
    appeal: Appeal = Appeal.HELP
    asset: Scan | None = None
    caller: Caller | None = None


class InspectorReport(msgspec.Struct, frozen=True, kw_only=True):
    """``inspector-report.v1``: what a grid inspector saw, with position and category code."""

    inspector: Code
    report_no: Code
    captured_at: datetime
    position: Position
    category: Code
    kind: Kind = Kind.EVENT
    condition: Code | None = None
    text: str = ""
    address: str = ""
    urgency: Urgency = Urgency.NORMAL
    asset: Scan | None = None


class SensorAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """``sensor-alarm.v1``: an alarm of a device platform that already stands for an incident, not a reading."""

    platform: Code
    alarm_id: Code
    device: Code
    raised_at: datetime
    position: Position
    category: Code
    kind: Kind = Kind.EVENT
    condition: Code | None = None
    text: str = ""
    urgency: Urgency = Urgency.URGENT


class Work(msgspec.Struct, frozen=True):
    """``work.v1``: ids of reports to be filed, or of cases to be assigned."""

    ids: list[UUID]


_ticket = msgspec.json.Decoder(HotlineTicket)
_inspection = msgspec.json.Decoder(InspectorReport)
_alarm = msgspec.json.Decoder(SensorAlarm)
_work = msgspec.json.Decoder(Work)


def hotline_report(value: bytes | None, now: datetime, new: ReportId) -> Report:
    """A hotline ticket as a report. Raises ``Invalid``."""
    ticket, reading = decode(_ticket, value), Reading(Source.HOTLINE)
    return Report(
        id=new,
        source=Source.HOTLINE,
        origin=f"hotline:{clean_code(ticket.centre, '/centre')}",
        origin_key=clean_code(ticket.ticket_no, "/ticket_no"),
        received_at=now,
        occurred_at=reading.moment(ticket.called_at, now, "/called_at"),
        text=reading.text(ticket.text, "text", required=True),
        address=reading.text(ticket.address, "address", 256),
        area_names=tuple(reading.area(name, n) for n, name in enumerate(ticket.areas[:6])),
        point=_point(ticket.position, reading),
        category=_code(ticket.category, "/category"),
        kind=ticket.kind,
        condition=_code(ticket.condition, "/condition"),
        urgency=ticket.urgency,
        contact=contact_of(ticket.caller.name, ticket.caller.phone) if ticket.caller else None,
        extra={"appeal": ticket.appeal, **_asset(ticket.asset), **_caller(ticket.caller), **reading.extra},
    )


def inspector_report(value: bytes | None, now: datetime, new: ReportId) -> Report:
    """An inspector's report. Raises ``Invalid``."""
    seen, reading = decode(_inspection, value), Reading(Source.INSPECTOR)
    return Report(
        id=new,
        source=Source.INSPECTOR,
        origin=f"inspector:{clean_code(seen.inspector, '/inspector')}",
        origin_key=clean_code(seen.report_no, "/report_no"),
        received_at=now,
        occurred_at=reading.moment(seen.captured_at, now, "/captured_at"),
        text=reading.text(seen.text, "text"),
        address=reading.text(seen.address, "address", 256),
        point=_point(seen.position, reading),
        category=clean_code(seen.category, "/category"),
        kind=seen.kind,
        condition=_code(seen.condition, "/condition"),
        urgency=seen.urgency,
        extra={**_asset(seen.asset), **reading.extra},
    )


def alarm_report(value: bytes | None, now: datetime, new: ReportId) -> Report:
    """A sensor alarm as a report. Raises ``Invalid``."""
    alarm, reading = decode(_alarm, value), Reading(Source.ALARM)
    return Report(
        id=new,
        source=Source.ALARM,
        origin=f"alarm:{clean_code(alarm.platform, '/platform')}",
        origin_key=clean_code(alarm.alarm_id, "/alarm_id"),
        received_at=now,
        occurred_at=reading.moment(alarm.raised_at, now, "/raised_at"),
        text=reading.text(alarm.text, "text"),
        point=_point(alarm.position, reading),
        category=clean_code(alarm.category, "/category"),
        kind=alarm.kind,
        condition=_code(alarm.condition, "/condition"),
        urgency=alarm.urgency,
        extra={"device": clean_code(alarm.device, "/device"), **reading.extra},
    )


def work_ids(value: bytes | None) -> list[UUID]:
    """The ids of a work record. Raises ``Invalid``."""
    return decode(_work, value).ids


def work_record(ids: list[UUID]) -> bytes:
    """The value of a work record."""
    return msgspec.json.encode(Work(ids))


def point_of(position: Position | None) -> Point | None:
    """A position as a point that can be one. Raises ``Invalid``."""
    if position is None:
        return None
    return checked_point(position.lon, position.lat, crs_of(position.crs, "/position"), "/position")


def _point(position: Position | None, reading: Reading) -> Point | None:
    return reading.point(position.lon, position.lat, position.crs) if position else None


def _code(code: str | None, pointer: str) -> str | None:
    return None if code is None else clean_code(code, pointer)


def _caller(caller: Caller | None) -> dict[str, str]:
    return {"caller": caller.kind} if caller and caller.kind else {}


def _asset(scan: str | None) -> dict[str, str]:
    return {} if scan is None else {"asset": str(scanned(scan, "/asset"))}
