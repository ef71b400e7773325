"""A mould: one life as the COPY text of all its rows, to be cast many times with ids, number and place of its own."""

import random
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from bench.lives import FRACTION, KEY, NO, Life
from domain.ids import CaseNo
from domain.lattice import CELL
from domain.ticket import PromiseKind
from handlers.accept import fingerprint
from store.cases import area_key
from store.codec import encode

Rows = list[tuple[object, ...]]

TABLES: Mapping[str, tuple[str, ...]] = {
    "reports": ("id", "source", "origin", "origin_key", "fingerprint", "received_at", "doc", "contact"),
    "cases": (
        "id", "no", "version", "state", "source", "urgency", "category", "area", "unit", "overdue", "opened_at",
        "updated_at", "occurred_at", "filed_at", "dispatched_at", "ended_at", "lon", "lat", "cell_x", "cell_y", "doc",
        "petitioned",
    ),
    "case_reports": ("report_id", "case_id", "opened", "linked_at", "home", "behind", "own", "withdrawn"),
    "tasks": (
        "id", "case_id", "unit", "part", "state", "round", "offered_at", "accepted_at", "ended_at", "worker",
    ),
    "alarms": ("case_id", "clock", "cycle", "rings_at", "share"),
    "tickets": (
        "report_id", "version", "state", "tier", "overdue", "contact_due_at", "answer_due_at", "due_at",
        "next_due_at", "ended_at", "doc",
    ),
    "ticket_answers": ("report_id", "version", "verb", "at", "words"),
    "events": ("subject", "version", "type", "at", "route", "doc"),
}  # fmt: skip
_SPREAD = 0.0002  # degrees, about 20 m: a copy stays in its life's grid
_FRACTION = f".{FRACTION}Z"
_POINT = '"lon":@lon@,"lat":@lat@'


class Mould:
    """One life as the COPY text of all its rows, taken apart at everything that differs from copy to copy."""

    def __init__(self, life: Life) -> None:
        case = life.case
        self._day = case.opened_at
        self._point = case.point
        ids = [str(id_) for id_ in (case.id, life.report.id, *(task.id for task in case.tasks))]
        marks = "|".join(map(re.escape, (*ids, NO, KEY, _FRACTION, "@lon@", "@lat@", "@x@", "@y@")))
        text = "\0".join("".join(map(_line, rows)) for rows in _rows(life).values())
        if case.point:
            text = text.replace(f'"lon":{case.point.lon},"lat":{case.point.lat}', _POINT)
        self._pieces = re.split(f"({marks})", text)
        self._ids, self._marks = ids, self._pieces[1::2]

    def copy(self, serial: int, prefix: str, dice: random.Random) -> list[str]:
        """The rows of one copy, by table in the order of ``TABLES``."""
        millis = int(self._day.timestamp() * 1000)
        own = {id_: str(_id(millis, dice)) for id_ in self._ids}
        own[NO], own[KEY] = str(CaseNo(prefix, self._day.date(), serial)), f"past-{serial}"
        own[_FRACTION] = f".{dice.randrange(1_000_000):06d}Z"
        if self._point:
            lon = round(self._point.lon + dice.uniform(-_SPREAD, _SPREAD), 7)
            lat = round(self._point.lat + dice.uniform(-_SPREAD, _SPREAD), 7)
            own |= {"@lon@": str(lon), "@lat@": str(lat), "@x@": str(int(lon // CELL)), "@y@": str(int(lat // CELL))}
        pieces = self._pieces.copy()
        pieces[1::2] = [own[mark] for mark in self._marks]
        return "".join(pieces).split("\0")


def _id(millis: int, dice: random.Random) -> UUID:
    """A UUIDv7 of that time, as ``handlers.ports.new_id`` makes them."""
    value = millis << 80 | dice.getrandbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def _rows(life: Life) -> dict[str, Rows]:
    """The rows of a life by table, as ``store`` would write them."""
    case, report, ticket = life.case, life.report, life.caller.ticket
    spot = ("@lon@", "@lat@", "@x@", "@y@") if case.point else (None,) * 4
    petitioned = any(petition.state == "asked" for petition in case.petitions)
    alarms = [(d.clock, d.cycle, d.alarm_at, d.alarms[0]) for d in case.deadlines if d.alarm_at and d.alarms]
    tasks: Rows = [
        (t.id, case.id, t.unit, t.part, t.state, t.round, t.offered_at, t.accepted_at, t.ended_at, t.worker or None)
        for t in case.tasks
    ]
    accepted = {"report": report.id, "source": report.source, "origin": report.origin, "at": report.received_at}
    events: Rows = [(report.id, 1, "report.accepted", report.received_at, report.neighbourhood, encode(accepted))]
    events += [(report.id, e.version, f"ticket.{e.type}", e.at, report.id, encode(e)) for e in life.caller.events]
    events += [(case.id, e.version, f"case.{e.type}", e.at, case.id, encode(e)) for e in life.events]
    return {
        "reports": [
            (report.id, report.source, report.origin, KEY, _hex(fingerprint(report)), report.received_at,
             encode(report), encode(report.contact))
        ],
        "cases": [
            (case.id, NO, case.version, case.state, case.source, case.urgency, case.category and case.category.key,
             area_key(case.place.path), case.lead and case.lead.unit, case.overdue, case.opened_at, case.updated_at,
             case.occurred_at, case.filed_at, case.dispatched_at, case.ended_at, *spot, encode(case), petitioned)
        ],
        "case_reports": [(report.id, case.id, True, case.opened_at, True, True, True, False)],
        "tasks": tasks,
        "alarms": [(case.id, *alarm) for alarm in alarms],
        "tickets": [
            (report.id, ticket.version, ticket.state, ticket.tier, ticket.overdue,
             ticket.latest(PromiseKind.CONTACT).due_at, ticket.latest(PromiseKind.ANSWER).due_at, ticket.due_at,
             ticket.next_due_at, ticket.ended_at, encode(ticket))
        ],
        "ticket_answers": [(report.id, *words) for words in life.caller.words],
        "events": events,
    }  # fmt: skip


def _line(row: Sequence[object]) -> str:
    return "\t".join(map(_cell, row)) + "\n"


def _cell(value: object) -> str:
    """A value in PostgreSQL's COPY text format; documents are UTF-8 already, their backslashes are doubled."""
    match value:
        case None:
            return r"\N"
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case bytes():
            return value.decode().replace("\\", "\\\\")
    return str(value)


def _hex(value: bytes) -> str:
    return rf"\\x{value.hex()}"
