"""Readings a second: sensors' workers that keep and judge them, beside a bare consumer that parses the same bytes.

The bare consumer is confluent-kafka with orjson and does nothing with what it parsed. 500 gateways with 200 devices
each, half of them water levels and half manholes; all is quiet, as it nearly always is. «Counts» keeps no raw
readings. «Back» is how long a worker that was killed takes from its start until its table is read and it works again.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import asyncpg
import numpy as np
import orjson
from aiokafka import AIOKafkaProducer
from confluent_kafka import Consumer

from bench.bed import bed, cpu_seconds, fresh, middle
from domain.device import Keeping
from runtime.settings import Settings
from runtime.supervisor import Process
from streams.offsets import Clerk
from streams.sensor_state import partition_of_gateway
from streams.topics import SENSOR_READINGS

GATEWAYS, DEVICES = 500, 200
MANY, SINGLE = 10_000, 60_000
TURNS = 3
_MINUTE = 60_000
_SCHEMA = [("schema", SENSOR_READINGS.contract.encode())]


@dataclass(frozen=True, slots=True)
class Run:
    """Readings a second, and microseconds of processor time a reading, of all workers together."""

    rate: float
    cpu: float


async def register(settings: Settings) -> None:
    """Every gateway has as many devices, half of them water levels and half manholes."""
    connection = await asyncpg.connect(settings.database_url)
    try:
        await connection.execute(
            "INSERT INTO devices (id, kind, gateway, name, lon, lat, crs, area, limits, active)"
            " SELECT format('d-%s-%s', g, d), CASE WHEN d % 2 = 0 THEN 'water-level' ELSE 'manhole' END,"
            " 'gw-' || g, '', 113.9 + g * 0.0001, 27.9 + d * 0.0001, 'EPSG:4326', '', '{}', true"
            " FROM generate_series(0, $1 - 1) AS g, generate_series(0, $2 - 1) AS d",
            GATEWAYS, DEVICES,
        )  # fmt: skip
    finally:
        await connection.close()


def many() -> Iterator[tuple[str, bytes, int]]:
    """Records of gateways: key, value, readings."""
    dice, start = np.random.default_rng(1), int(time.time() * 1000) - MANY // GATEWAYS * _MINUTE
    for number in range(MANY):
        gateway, turn = number % GATEWAYS, number // GATEWAYS
        body = {
            "gateway": f"gw-{gateway}",
            "devices": [f"d-{gateway}-{device}" for device in range(DEVICES)],
            "at": [start + turn * _MINUTE] * DEVICES,
            "values": [round(value, 3) for value in dice.uniform(0.4, 0.9, DEVICES).tolist()],
        }
        yield f"gw-{gateway}", orjson.dumps(body), DEVICES


def one() -> Iterator[tuple[str, bytes, int]]:
    """Records of single readings: key, value, 1."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    for number in range(SINGLE):
        gateway, device = number % GATEWAYS, number // GATEWAYS % DEVICES
        yield f"gw-{gateway}", orjson.dumps({"device": f"d-{gateway}-{device}", "at": at, "value": 0.5}), 1


async def publish(settings: Settings, records: Iterator[tuple[str, bytes, int]]) -> int:
    """All records onto the topic; how many readings."""
    topic, sent, readings = SENSOR_READINGS.full(settings.topic_prefix), [], 0
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, linger_ms=20, max_batch_size=1 << 20)
    await producer.start()
    try:
        for key, value, number in records:
            partition = partition_of_gateway(key)
            sent.append(await producer.send(topic, value, key=key.encode(), partition=partition, headers=_SCHEMA))
            readings += number
        await asyncio.gather(*sent)
    finally:
        await producer.stop()
    return readings


def bare(settings: Settings, readings: int) -> float:
    """Readings a second of a consumer that only parses."""
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka_bootstrap,
            "group.id": f"bare-{time.time()}",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([SENSOR_READINGS.full(settings.topic_prefix)])
    seen, start = 0, 0.0
    while seen < readings:
        for message in consumer.consume(1000, 1.0):
            start = start or time.perf_counter()
            body = orjson.loads(message.value() or b"{}")
            seen += len(body.get("devices", (1,)))
    seconds = time.perf_counter() - start
    consumer.close()
    return readings / seconds


def worked(settings: Settings, readings: int, workers: int) -> tuple[Run, float]:
    """Let workers finish all, on the clock from the first of it to the last; and how soon one is back after a kill."""
    with ExitStack() as stack:
        running = [_started(settings, number) for number in range(workers)]
        for each in running:
            stack.callback(each.stop)
        run = _finished(settings, readings, [each.pid or 0 for each in running])
        first = running[0]
        assert first.child is not None
        first.child.kill()
        again, start = _started(settings, workers), time.perf_counter()
        stack.callback(again.stop)
        log = again.home / "logs" / "sensors.log"
        while not log.exists() or "Worker ready" not in log.read_text():
            time.sleep(0.05)
        return run, time.perf_counter() - start


def _started(settings: Settings, number: int) -> Process:
    home = settings.home / f"sensors-{number}"
    process = Process("sensors", ("sensors", "--number", str(number)), settings.environment(), home)
    process.start()
    return process


def _finished(settings: Settings, readings: int, pids: Sequence[int]) -> Run:
    topic, group = SENSOR_READINGS.full(settings.topic_prefix), f"{settings.topic_prefix}.sensors"
    clerk = Clerk(settings.kafka_bootstrap)
    try:
        ends = {place: standing.end for place, standing in clerk.standings(group, [topic]).items()}

        def left() -> int:
            now = clerk.standings(group, [topic])
            return sum(max(0, end - now[place].next) for place, end in ends.items())

        whole = sum(ends.values())
        while (first := left()) == whole:
            time.sleep(0.05)
        start, before = time.perf_counter(), sum(map(cpu_seconds, pids))
        while left():
            time.sleep(0.1)
        seconds, used = time.perf_counter() - start, sum(map(cpu_seconds, pids)) - before
        rest = readings * first / whole
        return Run(rest / seconds, used / rest * 1e6)
    finally:
        clerk.close()


def main() -> str:
    """The table, as Markdown."""
    lines = [
        "| form | raw readings | workers | bare consumer | we | ratio | µs of processor a reading | back, s |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    cases = (
        ("many, 200 a record", many, Keeping.DATABASE, 1),
        ("many, 200 a record", many, Keeping.DATABASE, 2),
        ("many, 200 a record", many, Keeping.COUNTS, 1),
        ("many, 200 a record", many, Keeping.COUNTS, 2),
        ("one a record", one, Keeping.DATABASE, 1),
    )
    with bed() as settings:
        for case, (form, records, keeping, workers) in enumerate(cases):
            bares, runs, backs = [], [], []
            for turn in range(TURNS):
                own = replace(fresh(settings, f"flow_{case}_{turn}"), readings=keeping)
                asyncio.run(register(own))
                number = asyncio.run(publish(own, records()))
                bares.append(bare(own, number))
                run, back = worked(own, number, workers)
                runs.append(run)
                backs.append(back)
            ours, theirs = middle([run.rate for run in runs]), middle(bares)
            cpu = middle([run.cpu for run in runs])
            lines.append(
                f"| {form} | {keeping} | {workers} | {theirs:,.0f} | {ours:,.0f} | {ours / theirs:.2f} | {cpu:.2f} |"
                f" {middle(backs):.1f} |"
            )
    return "\n".join(lines)
