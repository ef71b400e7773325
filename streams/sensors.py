"""The sensors' door: records of readings and ticks of the clock become what the handler judges, in order.

Time comes by the log: each worker writes a tick into every partition it has, and silence is judged when the tick is
read, behind all readings before it. A worker that lags, or was replaced and does not know, calls nobody silent.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from domain.errors import Invalid, Unavailable
from handlers.sensor_records import Heard, Tick
from streams.broker import answering
from streams.raw import Raw
from streams.sensor_state import partition_of_gateway
from streams.sensor_wire import moment_ms, parse
from streams.topics import SENSOR_READINGS, TICK_CONTRACT
from streams.wire import checked_schema, decode

log = logging.getLogger(__name__)

TICK_SECONDS = 5.0
"""How often the clock is read into every partition; silence is found this much later at most."""


class SensorTick(msgspec.Struct, frozen=True):
    """``sensor-tick.v1``: a worker's clock, in each partition between the readings; without a key."""

    at: datetime


_ticks = msgspec.json.Decoder(SensorTick)


def parse_sensors(raw: Raw) -> Sequence[Heard | Tick]:
    """What a record of the readings' topic says. Raises ``Invalid``, with ``partition-wrong`` for a gateway's record
    on a partition that is not its own: there another worker would keep a second memory of its devices.
    """
    if checked_schema(raw.headers, *SENSOR_READINGS.contracts) == TICK_CONTRACT:
        return (Tick(raw.partition, raw.offset, moment_ms(decode(_ticks, raw.value).at, "/at")),)
    batch = parse(raw)
    if partition_of_gateway(batch.gateway) != raw.partition:
        hint = "let Kafka's default partitioner (murmur2) choose by the key"
        raise Invalid("partition-wrong", "分区与网关不符", hint)
    return (Heard(raw.partition, raw.offset, raw.timestamp, batch.gateway, batch.devices, batch.at, batch.values),)


def keep_ticking(app: Any, topic: str) -> None:
    """Let a worker read the clock into its partitions for as long as it runs."""
    readings = app.topic(topic, key_serializer="raw", value_serializer="raw")
    headers = {"schema": TICK_CONTRACT.encode()}

    async def tick() -> None:
        own = [tp.partition for tp in app.consumer.assignment() if tp.topic == topic]
        value = msgspec.json.encode(SensorTick(datetime.now(UTC)))
        try:
            with answering():
                sent = [await readings.send(value=value, partition=partition, headers=headers) for partition in own]
                await asyncio.gather(*sent)
        except Unavailable as error:  # the next one comes soon, and says the same
            log.warning("a tick was not written: %s", error)

    app.timer(TICK_SECONDS)(tick)
