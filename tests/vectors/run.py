"""Send vectors and records through the real doors, and say what is wrong with the answers."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any
from uuid import UUID

import httpx

from domain.ids import ReportId
from handlers.devices import register
from handlers.file import file_many
from handlers.outcomes import Failed
from handlers.ports import Office
from store.pool import Pool
from streams.door import Door, NoMeter
from streams.doors import doors
from streams.topics import SENSOR_READINGS, Topic
from tests.demo_city import a_call, case_of, dispatched, open_task
from tests.devices import a_device
from tests.front_door import FrontDoor
from tests.vectors import judge, sensors
from tests.vectors.attachments import uploads
from tests.vectors.heads import heads, queries
from tests.vectors.hearing import Log, publishing, sensors_door
from tests.vectors.http import Things, batch_items, envelope, others, reports, verbs
from tests.vectors.intake import Vector
from tests.vectors.judge import faults
from tests.vectors.kafka import Record, contracts
from tests.vectors.line import Line
from tests.vectors.open311 import forms
from tests.vectors.readings import GATEWAY, GAUGE
from tests.vectors.sensorthings import addresses, array, arrays, observations
from tests.vectors.source import through

_SHAPES = {"problem": judge.problem, "item": judge.item, "open311": judge.open311}


async def things(office: Office) -> Things:
    """A case that is dispatched, with its ticket; and a gauge in the register of devices."""
    await register(office, a_device(GAUGE, gateway=GATEWAY))
    call = a_call(0, origin="hotline:12345")
    (case_id,) = await dispatched(office, call)
    case = await case_of(office, case_id)
    task = open_task(case)
    client = f"unit-{task.unit}"
    return Things(case.no, case.version, str(task.id), client, str(call.id), 2)


def vectors(city: FrontDoor, about: Things) -> Iterator[Vector]:
    """Every vector of every way in by HTTP."""
    phone, people = reports()
    yield from phone.vectors()
    yield from people.vectors()
    yield from batch_items(phone)
    yield from envelope().vectors()
    yield from chain.from_iterable(intake.vectors() for intake in (*verbs(about), *others(), *observations()))
    yield from addresses()
    yield from arrays(array())
    yield from forms(city)
    yield from uploads()
    yield from queries(city.app.openapi())
    yield from heads(about)


async def by_http(city: FrontDoor, sent: Iterable[Vector], log: Log) -> dict[str, Line]:
    """Send vectors one by one; a line for each intake. Observations that are let in are published into the log."""
    with publishing(city, log):
        return await _by_http(city, sent)


async def _by_http(city: FrontDoor, sent: Iterable[Vector]) -> dict[str, Line]:
    lines: dict[str, Line] = defaultdict(Line)
    for vector in sent:
        line = lines[vector.intake]
        response = await _asked(city, vector)
        media = response.headers.get("content-type", "")
        answer = _SHAPES[vector.shape](response.status_code, response.content, media)
        own_status = vector.shape != "open311"
        found = list(faults(answer, vector.want, vector.accepted, vector.pointer, own_status=own_status))
        if answer.status == 202 and not vector.want.code:
            report = ReportId(UUID(_report(response)))
            line.reports.append(report)
            found += await _flags(city, vector, report)
        line.take(vector.name, answer, found)
    return lines


async def _asked(city: FrontDoor, vector: Vector) -> httpx.Response:
    headers = dict(vector.headers)
    if vector.who:
        headers.setdefault("Authorization", f"Bearer {city.keys[vector.who]}")
    asked = city.http.request(vector.method, vector.path, content=vector.content, headers=headers)
    return await asyncio.wait_for(asked, 20)


def _report(response: httpx.Response) -> str:
    told = response.json()
    found: str = told["items"][0]["report_id"] if "items" in told else told["report_id"]
    return found


async def _flags(city: FrontDoor, vector: Vector, report: ReportId) -> list[str]:
    told = (await city.get("admin-1", f"/v1/reports/{report}")).json()["flags"]
    wanted = [vector.want.flag] if vector.want.flag else []
    return [] if told == wanted else [f"flags {told} instead of {wanted}"]


# --- Kafka


async def by_kafka(office: Office, pool: Pool) -> dict[str, Line]:
    """Every record through its topic's own door; what was turned away is read from the rejects."""
    lines: dict[str, Line] = defaultdict(Line)
    by_topic: dict[str, list[Record]] = defaultdict(list)
    made = (contract.records() for contract in (*contracts(), *sensors.contracts()))
    for record in chain(*made, sensors.keys()):
        by_topic[record.topic.name].append(record)
    readings = await sensors_door(office, "cityloop")
    every: Iterator[tuple[Topic, Door[Any]]] = chain(doors(office, NoMeter()), [(SENSOR_READINGS, readings)])
    for topic, door in every:
        sent = by_topic[topic.name]
        await through(door, [record.raw(offset) for offset, record in enumerate(sent)])
        found = await pool.fetch(
            "SELECT record_offset, code, reason FROM rejects WHERE topic = $1", f"cityloop.{topic.name}"
        )
        told = {row["record_offset"]: (row["code"], row["reason"]) for row in found}
        for offset, record in enumerate(sent):
            code, reason = told.get(offset, ("", ""))
            answer = judge.reject(code, reason)
            wrong = list(faults(answer, record.want, 202, record.pointer, own_status=False))
            lines[record.intake].take(record.name, answer, wrong)
    return lines


async def filed(office: Office, pool: Pool) -> list[str]:
    """File every report that was let in: what the door accepts must not break the office behind it."""
    ids = [ReportId(row["id"]) for row in await pool.fetch("SELECT id FROM reports ORDER BY id")]
    outcomes = await file_many(office, ids)
    return [repr(outcome.error) for outcome in outcomes if isinstance(outcome, Failed)]
