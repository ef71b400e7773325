"""The MQTT door: readings that gateways and devices publish, gathered into records of ``sensor-readings.v1``.

Run by ``cityloop bridge mqtt``. The broker is acknowledged only after Kafka (``acks=all``) has the records, or after
the rejects are kept: no message is lost here, and one may be published twice, which the sensors' worker does not mind.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zlib import crc32

import msgspec
import orjson
from aiokafka import AIOKafkaProducer

from domain.errors import Invalid
from domain.report import clean_code
from handlers.outcomes import Done
from sensing.wire import Columns, Observation, columns_of
from streams.broker import answering
from streams.mqtt_source import Arrived
from streams.raw import Raw
from streams.sensor_wire import moment_ms, read
from streams.topics import DAY_MS, SENSOR_READINGS
from streams.wire import MAX_VALUE, decode

FILTERS = ("v1.1/+/Observations", "readings/+")
"""What is read: observations of a datastream as OGC SensorThings 1.1 publishes them, and what gateways send us."""
TOGETHER = 2000
"""Readings of one gateway that are gathered into one record."""
_AS_IT_IS = 500
_DATASTREAM = re.compile(r"v1\.1/Datastreams\((?:'((?:[^']|'')+)'|(\d+))\)/Observations")
_GATEWAY = re.compile(r"readings/([^/]+)")
_TOPIC = "mqtt-topic"
_PUBLISHED = Done(UUID(int=0))
"""A reading is no subject with an id and a version."""


class Sensed(msgspec.Struct, frozen=True, rename="camel"):
    """An Observation of SensorThings, as far as it is heard. A state may be sent as a truth value."""

    result: float | bool
    phenomenon_time: datetime | None = None


_sensed = msgspec.json.Decoder(Sensed)


@dataclass(frozen=True, slots=True)
class Ready:
    """A body that is a good record by itself."""

    gateway: str
    body: bytes


Item = Columns | Ready


def shared(group: str) -> tuple[str, ...]:
    """The filters as several bridges read them together: each message goes to one of them."""
    return tuple(f"$share/{group}/{each}" for each in FILTERS)


def raw_of(prefix: str) -> Callable[[Arrived], Raw]:
    """How a message looks to the door: as the record it might have been, so that a reject can be put back.

    MQTT numbers nothing for good. The place is made of day and topic: what is refused is kept once a day, however
    often a faulty device repeats it.
    """
    topic = SENSOR_READINGS.full(prefix)
    schema = ("schema", SENSOR_READINGS.contract.encode())

    def made(arrived: Arrived) -> Raw:
        name, gateway = arrived.topic.encode(), _GATEWAY.fullmatch(arrived.topic)
        place = (arrived.at // DAY_MS << 32) + crc32(name)
        key = gateway[1].encode() if gateway else None
        return Raw(topic, -1, place, key, (schema, (_TOPIC, name)), arrived.payload, arrived.at)

    return made


def parser(gateway_of: Mapping[str, str]) -> Callable[[Raw], Sequence[Item]]:
    """How messages are understood; ``gateway_of`` names the gateway of a registered device.

    The returned function raises ``Invalid``: what ``sensor_wire.read`` does, and ``mqtt-topic-unknown``.
    """

    def parse(raw: Raw) -> Sequence[Item]:
        topic = dict(raw.headers)[_TOPIC].decode()
        if gateway := _GATEWAY.fullmatch(topic):
            return (_by_gateway(clean_code(gateway[1], "/gateway"), raw.value),)
        if stream := _DATASTREAM.fullmatch(topic):
            device = clean_code(stream[2] or stream[1].replace("''", "'"), "/device")
            return columns_of((_observation(device, raw),), gateway_of)
        raise Invalid("mqtt-topic-unknown", "MQTT 主题有误", "v1.1/Datastreams('ID')/Observations or readings/GATEWAY")

    return parse


def _by_gateway(gateway: str, value: bytes | None) -> Item:
    batch = read(value, gateway)
    if batch.sequence is not None or len(batch) >= _AS_IT_IS:
        return Ready(gateway, value or b"")
    return Columns(gateway, batch.devices, batch.at.tolist(), batch.values.tolist())


def _observation(device: str, raw: Raw) -> Observation:
    """An observation without a time was made when it came, as the standard says."""
    sensed = decode(_sensed, raw.value)
    at = raw.timestamp if sensed.phenomenon_time is None else moment_ms(sensed.phenomenon_time, "/phenomenonTime")
    return Observation(device, at, float(sensed.result))


def records(items: Sequence[Item]) -> Iterator[Ready]:
    """The records of a batch: readings of one gateway together, and always in the order they came."""
    gathered: dict[str, Columns] = {}
    for item in items:
        before = gathered.get(item.gateway)
        if before and (isinstance(item, Ready) or len(before) + len(item) > TOGETHER):
            yield from _written(gathered.pop(item.gateway))
            before = None
        if isinstance(item, Ready):
            yield item
        elif before:
            before.devices.extend(item.devices)
            before.at.extend(item.at)
            before.values.extend(item.values)
        else:
            gathered[item.gateway] = Columns(item.gateway, [*item.devices], [*item.at], [*item.values])
    for columns in gathered.values():
        yield from _written(columns)


def _written(columns: Columns) -> Iterator[Ready]:
    """A record, or as many as the limit of a value's size asks for."""
    body = orjson.dumps(columns.record)
    if len(body) <= MAX_VALUE or len(columns) == 1:
        yield Ready(columns.gateway, body)
        return
    half = len(columns) // 2
    for part in (slice(None, half), slice(half, None)):
        yield from _written(Columns(columns.gateway, columns.devices[part], columns.at[part], columns.values[part]))


def publisher(
    producer: AIOKafkaProducer, prefix: str, count: Callable[[int], None]
) -> Callable[[Sequence[Item]], Awaitable[Sequence[Done]]]:
    """The handler behind the door: returns when Kafka has everything, in order for each gateway.

    ``count`` hears of the records that were published. Raises ``Unavailable`` if the broker does not take them.
    """
    topic = SENSOR_READINGS.full(prefix)
    headers = [("schema", SENSOR_READINGS.contract.encode())]

    async def publish(items: Sequence[Item]) -> Sequence[Done]:
        with answering():
            sent = [
                await producer.send(topic, each.body, key=each.gateway.encode(), headers=headers)
                for each in records(items)
            ]
            await asyncio.gather(*sent)
        count(len(sent))
        return [_PUBLISHED] * len(items)

    return publish
