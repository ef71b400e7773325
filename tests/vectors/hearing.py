"""The doors of readings: what they let in is read and judged by the sensors' desk, as the worker behind Kafka does."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from domain.device import Keeping
from handlers.devices import register
from handlers.ports import Office
from handlers.sensor_records import Heard, Tick
from handlers.sensors import Kept, SensorDesk
from sensing.wire import Columns
from store.reading_files import ReadingFiles
from streams.door import Door, Reject
from streams.doors import keep
from streams.mqtt import Item, parser, publisher, raw_of
from streams.mqtt_source import Arrived
from streams.raw import Raw
from streams.sensor_state import partition_of_gateway
from streams.sensors import parse_sensors
from streams.topics import SENSOR_READINGS
from tests.demo_city import pack
from tests.devices import a_device
from tests.front_door import FrontDoor
from tests.sensors import Memory
from tests.vectors import judge
from tests.vectors.judge import faults
from tests.vectors.line import Line
from tests.vectors.readings import GATEWAY, GAUGE
from tests.vectors.sensors import messages
from tests.vectors.source import through

_PUBLISHED = "published"
"""Prefix of the topic that doors publish on here."""


class Log:
    """What the doors of readings publish, in their order: bytes that the sensors' door has still to read."""

    def __init__(self) -> None:
        self.raws: list[Raw] = []
        self.publish = publisher(self, _PUBLISHED, lambda _: None)

    async def send(self, topic: str, value: bytes, key: bytes, headers: Sequence[tuple[str, bytes]]) -> Awaitable[None]:
        """As the producer's."""
        place = partition_of_gateway(key.decode())
        self.raws.append(Raw(topic, place, len(self.raws), key, tuple(headers), value, _now()))
        return asyncio.sleep(0)


@contextmanager
def publishing(city: FrontDoor, log: Log) -> Iterator[None]:
    """Let the city's door for observations publish into a log."""

    class Outlet:
        async def publish(self, records: Sequence[Columns]) -> None:
            await log.publish(records)

    before = city.tools
    city.app.state.deps = replace(before, outlet=Outlet())
    try:
        yield
    finally:
        city.app.state.deps = before


async def sensors_door(office: Office, prefix: str) -> Door[Heard | Tick]:
    """The sensors' door with its desk, which watches a gauge; what it keeps it keeps in the database."""
    await register(office, a_device(GAUGE, gateway=GATEWAY))
    kept = Kept(Keeping.DATABASE, 30, ReadingFiles(Path("unused")))
    topic = SENSOR_READINGS.full(prefix)
    desk = SensorDesk(office, pack().sensors, kept, topic, partition_of_gateway, memory=Memory())
    await desk.take_over({number: {} for number in range(SENSOR_READINGS.partitions)})
    return Door(SENSOR_READINGS.name, parse_sensors, desk.judge_many, partial(keep, office))


async def by_mqtt(office: Office, log: Log) -> dict[str, Line]:
    """Every message through the bridge's door; what it publishes goes into the log."""
    lines: dict[str, Line] = defaultdict(Line)
    told: dict[int, Reject] = {}

    async def reject(rejects: Sequence[Reject]) -> None:
        told.update({id(each.raw): each for each in rejects})
        await keep(office, rejects)

    sent = [(record, topic) for topic, record in messages()]
    made = raw_of(_PUBLISHED)
    raws = [made(Arrived(1, n, topic, record.value or b"", _now())) for n, (record, topic) in enumerate(sent)]
    door: Door[Item] = Door("mqtt", parser({GAUGE: GATEWAY}), log.publish, reject)
    await through(door, raws)
    for raw, (record, _) in zip(raws, sent, strict=True):
        refusal = told.get(id(raw))
        answer = judge.reject(*((refusal.code, refusal.reason) if refusal else ("", "")))
        wrong = list(faults(answer, record.want, 202, record.pointer, own_status=False))
        lines[record.intake].take(record.name, answer, wrong)
    return lines


async def judged(office: Office, log: Log) -> list[str]:
    """Judge every reading that was let in and published: what the doors publish must not break the worker behind."""
    door = await sensors_door(office, _PUBLISHED)
    rejected: list[str] = []

    async def reject(rejects: Sequence[Reject]) -> None:
        rejected.extend(f"{each.code}: {each.reason}" for each in rejects)

    door.reject = reject
    await through(door, log.raws)
    return rejected


def _now() -> int:
    return time.time_ns() // 1_000_000
