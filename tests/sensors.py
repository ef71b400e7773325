"""A city's sensors for tests: devices in the register, a worker that can be killed, and gateways that send to it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

import asyncpg
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from domain.device import Device
from domain.errors import Unavailable
from domain.place import Crs, Point
from handlers.ports import Office
from handlers.sensor_watch import States
from runtime.settings import Settings
from runtime.supervisor import Process
from streams.offsets import Clerk, Place, Standing, prime_offsets
from streams.raw import Raw
from streams.sensor_state import partition_of_gateway
from streams.topics import SENSOR_READINGS, create_topics, missing_topics

DEADLINE = 60.0
MINUTE = 60_000
SCHEMA = [("schema", SENSOR_READINGS.contract.encode())]

Reading = tuple[str, int, float]
"""Device, event time in epoch milliseconds UTC, value."""


def a_gauge(
    device: str, kind: str = "water-level", gateway: str = "gw-1", east_m: float = 0.0, **more: object
) -> Device:
    """A device in Yunhu, some metres east of the lake road."""
    point = Point(113.934867 + east_m / 98_300, 27.964142, Crs.WGS84)
    return replace(Device(device, kind, gateway, device, point, Crs.WGS84), **more)  # type: ignore[arg-type]


class Memory:
    """What outlives a worker, here: the states as last written. ``away``: the broker does not answer."""

    def __init__(self) -> None:
        self.states: dict[str, dict[str, bytes]] = {}
        self.away = False

    async def hold(self, states: States) -> None:
        """Write states."""
        if self.away:
            raise Unavailable("kafka-unavailable", "消息服务暂不可用", "away")
        for gateway, of_gateway in states.items():
            self.states.setdefault(gateway, {}).update(of_gateway)

    def held(self, devices: Mapping[str, Sequence[str]]) -> States:
        """What was last written of gateways."""
        return {gateway: self.states.get(gateway, {}) for gateway in devices}


@dataclass
class SensorCity:
    """One database, one prefix of topics, and the workers on them."""

    settings: Settings
    office: Office
    database: asyncpg.Connection
    producer: KafkaProducer
    workers: list[Process] = field(default_factory=list)
    sent: list[Reading] = field(default_factory=list)

    async def register(self, *devices: Device) -> None:
        """Put devices into the register."""
        async with self.office.store.unit() as unit:
            for device in devices:
                await unit.devices.put(device)

    def start(self) -> Process:
        """One more worker."""
        number = str(len(self.workers))
        home = self.settings.home / f"worker-{number}"
        worker = Process("sensors", ("sensors", "--number", number), self.settings.environment(), home)
        worker.start()
        self.workers.append(worker)
        return worker

    def kill(self, worker: Process) -> None:
        """As a fault would."""
        assert worker.child is not None
        worker.child.kill()

    def logs(self) -> str:
        """The end of what every worker said."""
        return "\n\n".join((each.home / "logs" / "sensors.log").read_text()[-3000:] for each in self.workers)

    def send(self, readings: Mapping[str, Sequence[Reading]]) -> None:
        """One record of each gateway."""
        for gateway, rows in readings.items():
            body = {
                "gateway": gateway,
                "devices": [device for device, _, _ in rows],
                "at": [at for _, at, _ in rows],
                "values": [value for _, _, value in rows],
            }
            self.send_raw(gateway, json.dumps(body).encode())
            self.sent += rows
        self.producer.flush()

    def send_raw(self, gateway: str, value: bytes, partition: int | None = None, clock: int | None = None) -> None:
        """One record as it is; ``clock`` is the sender's, in epoch milliseconds."""
        own = partition_of_gateway(gateway) if partition is None else partition
        topic = SENSOR_READINGS.full(self.settings.topic_prefix)
        self.producer.send(topic, value, key=gateway.encode(), partition=own, headers=SCHEMA, timestamp_ms=clock)

    async def make_anew(self) -> None:
        """Delete the readings' topic and create it again, as an operator does while no worker runs."""
        bootstrap, prefix = self.settings.kafka_bootstrap, self.settings.topic_prefix
        topic = SENSOR_READINGS.full(prefix)

        def delete() -> None:
            admin = KafkaAdminClient(bootstrap_servers=bootstrap)
            admin.delete_topics([topic])
            admin.close()

        await asyncio.to_thread(delete)

        async def gone() -> bool:
            return topic in await missing_topics(bootstrap, prefix)

        await self.until(gone, "the topic is gone")
        await create_topics(bootstrap, prefix)

    async def until(self, truth: Callable[[], Awaitable[bool]], what: str) -> None:
        """Wait for it."""
        deadline = time.monotonic() + DEADLINE
        while not await truth():
            assert time.monotonic() < deadline, f"never happened: {what}\n{self.logs()}"
            await asyncio.sleep(0.1)

    async def until_finished(self) -> None:
        """Wait until the workers have finished all that was sent."""
        group, topic = f"{self.settings.topic_prefix}.sensors", SENSOR_READINGS.full(self.settings.topic_prefix)
        self.producer.flush()
        ends = self._standings(group, topic)

        async def finished() -> bool:
            now = self._standings(group, topic)
            return all((now[place].committed or 0) >= standing.end for place, standing in ends.items())

        await self.until(finished, "all finished")

    def _standings(self, group: str, topic: str) -> Mapping[Place, Standing]:
        clerk = Clerk(self.settings.kafka_bootstrap)
        try:
            return clerk.standings(group, [topic])
        finally:
            clerk.close()

    def finished(self) -> Mapping[int, int]:
        """By partition, the offset up to which all is done."""
        group, topic = f"{self.settings.topic_prefix}.sensors", SENSOR_READINGS.full(self.settings.topic_prefix)
        return {place[1]: standing.next for place, standing in self._standings(group, topic).items()}

    def log(self) -> list[Raw]:
        """All that came by the readings' topic, ticks of the clock too, in order within each partition."""
        topic = SENSOR_READINGS.full(self.settings.topic_prefix)
        consumer = KafkaConsumer(bootstrap_servers=self.settings.kafka_bootstrap, consumer_timeout_ms=2000)
        consumer.assign([TopicPartition(topic, number) for number in range(SENSOR_READINGS.partitions)])
        consumer.seek_to_beginning()
        found = [Raw(topic, r.partition, r.offset, r.key, tuple(r.headers), r.value, r.timestamp) for r in consumer]
        consumer.close()
        return found

    async def alarms(self) -> list[asyncpg.Record]:
        """All alarms, in the order they began."""
        return await self.database.fetch("SELECT * FROM sensor_alarms ORDER BY since, device, rule")

    async def kept(self) -> int:
        """How many raw readings are in the record."""
        tables = "(SELECT count(*) FROM readings) + (SELECT count(*) FROM readings_odd)"
        return int(await self.database.fetchval(f"SELECT {tables}"))


@asynccontextmanager
async def sensor_city(
    dsn: str, kafka: str, home: Path, office: Office, database: asyncpg.Connection
) -> AsyncIterator[SensorCity]:
    """A city without workers yet; whatever was started is stopped at the end."""
    prefix = f"s{uuid4().hex[:8]}"
    settings = Settings(database_url=dsn, kafka_bootstrap=kafka, topic_prefix=prefix, home=home / prefix)
    settings.home.mkdir()
    await create_topics(kafka, prefix)
    await asyncio.to_thread(prime_offsets, kafka, f"{prefix}.sensors", [SENSOR_READINGS.full(prefix)])
    producer = KafkaProducer(bootstrap_servers=kafka, acks="all")
    city = SensorCity(settings, office, database, producer)
    try:
        yield city
    finally:
        for worker in city.workers:
            await asyncio.to_thread(worker.stop)
        producer.close()
