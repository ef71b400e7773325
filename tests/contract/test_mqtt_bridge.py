"""The MQTT bridge on a real MQTT broker, a real Kafka and a real database: nothing is lost, whoever dies or is away."""

import asyncio
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from domain.device import Device
from handlers.ports import Office
from handlers.reject import waiting_rejects
from runtime.embedded import EmbeddedKafka
from runtime.mqtt import Gateways
from store.pool import Pool
from streams.broker import producing
from streams.door import Door, Reject
from streams.doors import keep
from streams.mqtt import Item, parser, publisher, raw_of, shared
from streams.mqtt_source import Arrived, Broker, MqttSource
from streams.raw import Raw
from streams.sensor_wire import parse
from streams.topics import SENSOR_READINGS, create_topics
from tests.mosquitto import Mosquitto, mosquitto_broker

ROOT = Path(__file__).resolve().parents[2]
EIGHT = 1795305600000
WITHIN = 60.0

Reading = tuple[str, str, int, float]
"""Gateway, device, time and value."""


@pytest.fixture(scope="module")
def mosquitto(server_home: Path) -> Iterator[Mosquitto]:
    with mosquitto_broker(server_home / f"mosquitto-{uuid4().hex[:8]}") as broker:
        yield broker


@pytest.fixture(scope="module")
def guarded(server_home: Path) -> Iterator[Mosquitto]:
    """A broker with a listener that wants TLS and a password."""
    with mosquitto_broker(server_home / f"mosquitto-{uuid4().hex[:8]}", guarded=True) as broker:
        yield broker


@pytest.fixture
async def prefix(kafka_bootstrap: str) -> str:
    """Topics of its own for each test; its bridges have sessions and a share of that name."""
    own = f"mqtt-{uuid4().hex[:10]}"
    await create_topics(kafka_bootstrap, own)
    return own


class Bridge:
    """A bridge in this process: what it acknowledged and rejected, and what it would do at a chosen moment."""

    def __init__(self, source: MqttSource) -> None:
        self.source = source
        self.acknowledged: list[Arrived] = []
        self.rejected: list[Reject] = []
        tell = source.acknowledge

        def acknowledge(messages: Sequence[Arrived]) -> None:
            self.acknowledged += messages
            tell(messages)

        source.acknowledge = acknowledge  # type: ignore[method-assign]

    async def reject(self, rejects: Sequence[Reject]) -> None:
        self.rejected += rejects


@asynccontextmanager
async def bridging(
    mosquitto: Mosquitto,
    kafka: str,
    prefix: str,
    number: int = 0,
    gateway_of: Mapping[str, str] | None = None,
    reject: Callable[[Sequence[Reject]], Awaitable[None]] | None = None,
    flight: int = 1000,
) -> AsyncIterator[Bridge]:
    """A bridge as its process runs it."""
    connected = asyncio.Event()

    def heard(there: bool) -> None:
        (connected.set if there else connected.clear)()

    broker = Broker("127.0.0.1", mosquitto.port, f"{prefix}-{number}", flight=flight)
    async with producing(kafka) as producer:
        source = MqttSource(broker, shared(prefix), raw_of(prefix), heard, lambda: None)
        bridge = Bridge(source)
        publish = publisher(producer, prefix, lambda _: None)
        door: Door[Item] = Door(
            "mqtt", parser(gateway_of or {}), publish, reject or bridge.reject, batch=flight, within=0.02
        )
        async with source:
            work = asyncio.create_task(door.run(source))
            async with asyncio.timeout(WITHIN):
                await connected.wait()
                await asyncio.sleep(0.2)  # the subscription is on its way behind the connection
            try:
                yield bridge
                assert not work.done(), source.failure
            finally:
                work.cancel()
                with suppress(asyncio.CancelledError):
                    await work


async def on_kafka(bootstrap: str, prefix: str) -> list[Reading]:
    """Every reading on the topic, in the broker's order within each partition; read as the worker reads them."""
    topic = SENSOR_READINGS.full(prefix)
    parts = [TopicPartition(topic, number) for number in range(SENSOR_READINGS.partitions)]
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    found: list[Reading] = []
    try:
        consumer.assign(parts)
        await consumer.seek_to_beginning(*parts)
        ends = await consumer.end_offsets(parts)
        async with asyncio.timeout(WITHIN):
            while any([await consumer.position(part) < ends[part] for part in parts]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    for one in records:
                        raw = Raw(one.topic, one.partition, one.offset, one.key, tuple(one.headers), one.value, 0)
                        batch = parse(raw)
                        readings = zip(batch.devices, batch.at.tolist(), batch.values.tolist(), strict=True)
                        found += [(batch.gateway, *each) for each in readings]
    finally:
        await consumer.stop()
    return found


async def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN
    while not true():
        assert time.monotonic() < deadline, "never true"
        await asyncio.sleep(0.02)


async def until_on_kafka(bootstrap: str, prefix: str, wanted: set[Reading]) -> list[Reading]:
    """Everything on the topic, once all of ``wanted`` is."""
    deadline = time.monotonic() + WITHIN
    while not wanted <= set(found := await on_kafka(bootstrap, prefix)):
        assert time.monotonic() < deadline, f"{len(wanted - set(found))} are missing"
        await asyncio.sleep(0.2)
    return found


def observation(device: str, n: int) -> tuple[str, str]:
    """The n-th observation of a device as SensorThings publishes it; the time is n seconds past eight."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(EIGHT // 1000 + n))
    return f"v1.1/Datastreams('{device}')/Observations", json.dumps({"phenomenonTime": at, "result": float(n)})


def columns(gateway: str, devices: Sequence[str], n: int, **more: object) -> tuple[str, str]:
    """What a gateway sends of its devices, n seconds past eight."""
    at = [EIGHT + 1000 * n] * len(devices)
    body = {"gateway": gateway, "devices": devices, "at": at, "values": [float(n)] * len(devices), **more}
    return f"readings/{gateway}", json.dumps(body)


def expected(gateway: str, device: str, numbers: Sequence[int]) -> set[Reading]:
    return {(gateway, device, EIGHT + 1000 * n, float(n)) for n in numbers}


def in_order(readings: Sequence[Reading]) -> bool:
    """Whether every device's readings came in the order they were made, repeats left out."""
    seen: dict[str, int] = {}
    known: set[Reading] = set()
    for one in readings:
        if one in known:
            continue
        known.add(one)
        if seen.get(one[1], 0) > one[2]:
            return False
        seen[one[1]] = one[2]
    return True


# --- The good road


async def test_readings_reach_kafka_under_their_gateway_in_the_order_of_each_device(
    mosquitto: Mosquitto, kafka_bootstrap: str, prefix: str
) -> None:
    devices = [f"drain-{k}" for k in range(8)]
    gateway_of = dict.fromkeys(devices[:4], "gw-1")
    stream = [observation(device, n) for n in range(60) for device in devices]
    own = [columns("gw-2", ["a", "b"], n) for n in range(60)]
    numbered = [columns("gw-3", ["c"], n, sequence=n) for n in range(20)]
    one = ("readings/lamp-9", json.dumps({"device": "lamp-9", "at": "2026-11-22T08:00:05+08:00", "value": 5}))
    async with bridging(mosquitto, kafka_bootstrap, prefix, gateway_of=gateway_of) as bridge:
        await mosquitto.publish([*stream, *own, *numbered, one])
        await until(lambda: len(bridge.acknowledged) >= 480 + 60 + 20 + 1)
    found = await on_kafka(kafka_bootstrap, prefix)
    wanted = set().union(
        *(expected("gw-1", device, range(60)) for device in devices[:4]),
        *(expected(device, device, range(60)) for device in devices[4:]),
        *(expected("gw-2", device, range(60)) for device in "ab"),
        expected("gw-3", "c", range(20)),
        expected("lamp-9", "lamp-9", [5]),
    )
    assert Counter(found) == Counter(wanted)
    assert in_order(found)
    assert bridge.rejected == []


async def test_the_register_says_whose_gateway_it_is(office: Office) -> None:
    async with office.store.unit() as unit:
        await unit.devices.put(Device("tilt-1", "manhole-tilt", "gw-1"))
        await unit.devices.put(Device("tilt-2", "manhole-tilt", "tilt-2"))
    gateways = Gateways(office.store)
    await gateways.look()
    assert dict(gateways) == {"tilt-1": "gw-1"}
    async with office.store.unit() as unit:
        await unit.devices.put(Device("tilt-1", "manhole-tilt", "tilt-1"))
        await unit.devices.put(Device("tilt-2", "manhole-tilt", "gw-2"))
    await gateways.look()
    assert dict(gateways) == {"tilt-2": "gw-2"}


async def test_two_bridges_share_the_messages(mosquitto: Mosquitto, kafka_bootstrap: str, prefix: str) -> None:
    async with (
        bridging(mosquitto, kafka_bootstrap, prefix, 0) as first,
        bridging(mosquitto, kafka_bootstrap, prefix, 1) as second,
    ):
        await mosquitto.publish([observation("lamp", n) for n in range(400)])
        await until(lambda: len(first.acknowledged) + len(second.acknowledged) >= 400)
    assert min(len(first.acknowledged), len(second.acknowledged)) > 100
    assert Counter(await on_kafka(kafka_bootstrap, prefix)) == Counter(expected("lamp", "lamp", range(400)))


# --- What goes wrong


async def test_while_the_bridge_is_away_the_broker_keeps_what_comes(
    mosquitto: Mosquitto, kafka_bootstrap: str, prefix: str
) -> None:
    async with bridging(mosquitto, kafka_bootstrap, prefix) as bridge:
        await mosquitto.publish([observation("lamp", 0)])
        await until(lambda: len(bridge.acknowledged) == 1)
    await mosquitto.publish([observation("lamp", n) for n in range(1, 1500)])
    async with bridging(mosquitto, kafka_bootstrap, prefix) as bridge:
        await until(lambda: len(bridge.acknowledged) >= 1499)
    found = await on_kafka(kafka_bootstrap, prefix)
    assert Counter(found) == Counter(expected("lamp", "lamp", range(1500)))
    assert in_order(found)


async def test_while_kafka_is_away_nothing_is_acknowledged_and_nothing_is_lost(
    mosquitto: Mosquitto, prefix: str, server_home: Path, jar_cache: Path
) -> None:
    """More messages than may be in flight: the rest waits at the broker, which is how reading stops."""
    with EmbeddedKafka(server_home / "mqtt-kafka", jar_cache) as kafka:
        await create_topics(kafka.bootstrap, prefix)
        async with bridging(mosquitto, kafka.bootstrap, prefix, flight=50) as bridge:
            await mosquitto.publish([observation("lamp", 0)])
            await until(lambda: len(bridge.acknowledged) == 1)
            assert kafka.pid is not None
            os.kill(kafka.pid, signal.SIGSTOP)
            try:
                await mosquitto.publish([observation("lamp", n) for n in range(1, 300)])
                await asyncio.sleep(5)
                assert len(bridge.acknowledged) == 1
                assert len(bridge.source._arrived) < 50, "the bridge stops reading"
            finally:
                os.kill(kafka.pid, signal.SIGCONT)
            await until(lambda: len(bridge.acknowledged) >= 300)
        found = await on_kafka(kafka.bootstrap, prefix)
    assert set(found) == expected("lamp", "lamp", range(300))
    assert in_order(found)


async def test_a_kafka_that_starts_anew_is_waited_for(
    mosquitto: Mosquitto, prefix: str, server_home: Path, jar_cache: Path
) -> None:
    with EmbeddedKafka(server_home / "mqtt-kafka-anew", jar_cache) as kafka:
        await create_topics(kafka.bootstrap, prefix)
        async with bridging(mosquitto, kafka.bootstrap, prefix, flight=50) as bridge:
            await mosquitto.publish([observation("lamp", n) for n in range(10)])
            await until(lambda: len(bridge.acknowledged) == 10)
            await asyncio.to_thread(kafka.kill)
            await mosquitto.publish([observation("lamp", n) for n in range(10, 200)])
            await asyncio.sleep(1)
            assert len(bridge.acknowledged) == 10
            await asyncio.to_thread(kafka.start)
            await until(lambda: len(bridge.acknowledged) >= 200)
        found = await on_kafka(kafka.bootstrap, prefix)
    assert set(found) == expected("lamp", "lamp", range(200))
    assert in_order(found)


async def test_a_connection_that_breaks_takes_what_was_not_acknowledged_with_it_and_brings_it_again(
    mosquitto: Mosquitto, kafka_bootstrap: str, prefix: str
) -> None:
    async with bridging(mosquitto, kafka_bootstrap, prefix, flight=40) as bridge:
        sending = asyncio.create_task(mosquitto.publish([observation("lamp", n) for n in range(600)]))
        await until(lambda: len(bridge.acknowledged) > 60)
        for _ in range(3):
            line: Any = bridge.source._client.socket()
            if line is not None:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)
            await asyncio.sleep(1.5)
        await sending
        found = await until_on_kafka(kafka_bootstrap, prefix, expected("lamp", "lamp", range(600)))
    assert set(found) == expected("lamp", "lamp", range(600))
    assert in_order(found)


async def test_a_broker_that_starts_anew_still_has_everything(
    server_home: Path, kafka_bootstrap: str, prefix: str
) -> None:
    with mosquitto_broker(server_home / f"mosquitto-{uuid4().hex[:8]}") as broker:
        async with bridging(broker, kafka_bootstrap, prefix) as bridge:
            await broker.publish([observation("lamp", 0)])
            await until(lambda: len(bridge.acknowledged) == 1)
        await broker.publish([observation("lamp", n) for n in range(1, 200)])
        await asyncio.to_thread(broker.stop)
        await asyncio.to_thread(broker.start)
        async with bridging(broker, kafka_bootstrap, prefix) as bridge:
            await until(lambda: len(bridge.acknowledged) >= 199)
    assert Counter(await on_kafka(kafka_bootstrap, prefix)) == Counter(expected("lamp", "lamp", range(200)))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("trusted", "password", "says"),
    [(True, "secret", ""), (True, "guessed", "Not authorized"), (False, "secret", "CERTIFICATE_VERIFY_FAILED")],
    ids=["a guest", "a wrong password", "a broker nobody vouches for"],
)
async def test_a_guarded_broker_is_spoken_to_by_tls_with_a_password(
    guarded: Mosquitto, prefix: str, trusted: bool, password: str, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    connected = asyncio.Event()
    broker = Broker(
        "127.0.0.1",
        guarded.tls_port,
        prefix,
        tls=True,
        certificates=str(guarded.certificate) if trusted else "",
        user="bridge",
        password=password,
    )

    def heard(there: bool) -> None:
        if there:
            connected.set()

    source = MqttSource(broker, shared(prefix), raw_of(prefix), heard, lambda: None)
    async with source:
        if says:
            await until(lambda: says in caplog.text)
            assert not connected.is_set()
        else:
            await until(connected.is_set)
            await asyncio.sleep(0.3)
            await guarded.publish([observation("lamp", 1)])
            async with asyncio.timeout(20):
                taken = await source.take(10, 0)
            assert [raw.value for raw in taken.raws] == [observation("lamp", 1)[1].encode()]
    gc.collect()  # the socket of a failed handshake, which paho leaves to the collector: not in another test


BAD: list[tuple[str, bytes, str]] = [
    ("readings/gw-1", b"", "json-invalid"),
    ("readings/gw-1", b"\xff\xfe", "json-invalid"),
    ("readings/gw-1", b'{"device":"d","at":"2026-11-22T08:00:00","value":1}', "timestamp-no-offset"),
    ("readings/gw-1", b'{"gateway":"gw-2","devices":["d"],"at":[1],"values":[1]}', "key-mismatch"),
    ("readings/gw-1", b'{"gateway":"gw-1","devices":["d","e"],"at":[1],"values":[1]}', "readings-uneven"),
    ("v1.1/Datastreams('d')/Observations", b'{"result":"dark"}', "type-mismatch"),
    ("v1.1/Datastreams('d')/Observations", b'{"result":NaN}', "number-not-finite"),
    ("v1.1/Things('d')/Observations", b'{"result":1}', "mqtt-topic-unknown"),
]


async def test_what_cannot_be_read_is_kept_with_its_reason_acknowledged_and_holds_nobody_up(
    mosquitto: Mosquitto, kafka_bootstrap: str, prefix: str, office: Office, pool: Pool
) -> None:
    kept_by = partial(keep, office)
    sent = [(topic, payload) for topic, payload, _ in BAD]
    async with bridging(mosquitto, kafka_bootstrap, prefix, reject=kept_by) as bridge:
        await mosquitto.publish([observation("lamp", 0), *sent, *sent, observation("lamp", 1)])
        await until(lambda: len(bridge.acknowledged) >= 2 + 2 * len(BAD))
    assert Counter(await on_kafka(kafka_bootstrap, prefix)) == Counter(expected("lamp", "lamp", [0, 1]))
    kept = [one for one in await waiting_rejects(office) if one.topic == SENSOR_READINGS.full(prefix)]
    told = {(bytes.fromhex(dict(one.headers)["mqtt-topic"]).decode(), one.value, one.code) for one in kept}
    assert told == {(topic, payload, code) for topic, payload, code in BAD}
    assert len(kept) == len(BAD), "the same again is kept once"
    async with bridging(mosquitto, kafka_bootstrap, prefix, reject=kept_by) as bridge:
        await asyncio.sleep(1)
        assert bridge.acknowledged == []


# --- The process


def environment(mosquitto: Mosquitto, kafka: str, dsn: str, prefix: str, home: Path) -> dict[str, str]:
    return os.environ | {
        "CITYLOOP_HOME": str(home),
        "CITYLOOP_KAFKA_BOOTSTRAP": kafka,
        "CITYLOOP_DATABASE_URL": dsn,
        "CITYLOOP_TOPIC_PREFIX": prefix,
        "CITYLOOP_MQTT_URL": f"mqtt://127.0.0.1:{mosquitto.port}",
        "CITYLOOP_MQTT_CLIENT": prefix,
        "CITYLOOP_MQTT_SHARE": prefix,
        "PYTHONPATH": str(ROOT),
    }


def started(command: Sequence[str], variables: Mapping[str, str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("ab") as out:
        return subprocess.Popen([sys.executable, *command], cwd=ROOT, env=variables, stdout=out, stderr=out)


async def subscribed(log: Path) -> None:
    await until(lambda: log.exists() and "connected to the MQTT broker" in log.read_text())
    await asyncio.sleep(0.5)


async def test_a_bridge_that_is_killed_between_kafka_and_its_acknowledgement_repeats_and_loses_nothing(
    mosquitto: Mosquitto, kafka_bootstrap: str, fresh_dsn: str, prefix: str, tmp_path: Path
) -> None:
    variables = environment(mosquitto, kafka_bootstrap, fresh_dsn, prefix, tmp_path) | {"CITYLOOP_MQTT_FLIGHT": "50"}
    doomed, log = [str(Path(__file__).with_name("mqtt_bridge.py"))], tmp_path / "log-1"
    process = started(doomed, variables, log)
    try:
        await subscribed(log)
        await mosquitto.publish([observation(f"lamp-{k}", n) for n in range(100) for k in range(3)])
        assert await asyncio.to_thread(process.wait, 30) == -signal.SIGKILL, log.read_text()
    finally:
        process.kill()
        process.wait()
    before = await on_kafka(kafka_bootstrap, prefix)
    assert 0 < len(before) <= 50, "Kafka had the batch that was never acknowledged"
    wanted: dict[str, set[Reading]] = defaultdict(set)
    for k in range(3):
        wanted[f"lamp-{k}"] = expected(f"lamp-{k}", f"lamp-{k}", range(100))
    everything = set().union(*wanted.values())
    log = tmp_path / "log-2"
    process = started(["-m", "runtime.cli", "bridge", "mqtt"], variables, log)
    try:
        await subscribed(log)
        await until_on_kafka(kafka_bootstrap, prefix, everything)
        process.terminate()
        assert await asyncio.to_thread(process.wait, 30) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()
    found = await on_kafka(kafka_bootstrap, prefix)
    assert set(found) == everything
    assert in_order(found)
    assert Counter(found)[before[0]] > 1, "what was not acknowledged came again"


async def test_without_an_mqtt_broker_in_the_settings_the_command_says_what_to_set(
    kafka_bootstrap: str, fresh_dsn: str, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    variables = environment(mosquitto, kafka_bootstrap, fresh_dsn, "none", tmp_path) | {"CITYLOOP_MQTT_URL": ""}
    log = tmp_path / "log"
    process = started(["-m", "runtime.cli", "bridge", "mqtt"], variables, log)
    assert await asyncio.to_thread(process.wait, 60) == 1
    assert "CITYLOOP_MQTT_URL" in log.read_text()
