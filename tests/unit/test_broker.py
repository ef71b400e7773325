"""A broker that does not answer has one name, whichever library finds it out, wherever the house writes to it."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import aiokafka.errors
import kafka.errors
import pytest
from faust.exceptions import ProducerSendError

from domain.errors import Unavailable
from streams.broker import answering
from streams.sensor_state import StateTable, partition_of_gateway
from streams.sensors import keep_ticking

SILENCES = [
    aiokafka.errors.KafkaTimeoutError(),
    aiokafka.errors.KafkaConnectionError(),
    kafka.errors.KafkaConnectionError(),
    ProducerSendError("Error while sending"),
    ConnectionRefusedError(),
]


class App:
    """A Faust app as far as those who write need it: every record has the fate that is set."""

    def __init__(self) -> None:
        self.fate: Exception | None = None
        self.at_once = False
        self.written: list[tuple[str, bytes, bytes, int]] = []
        self.timers: list[Callable[[], Any]] = []
        self.consumer = SimpleNamespace(assignment=lambda: [SimpleNamespace(topic="city.readings", partition=2)])

    def Table(self, _name: str, **_: Any) -> SimpleNamespace:  # noqa: N802  (Faust's name)
        return SimpleNamespace(data={})

    def topic(self, name: str, **_: Any) -> SimpleNamespace:
        async def send(value: bytes, partition: int, headers: object) -> "asyncio.Future[None]":
            return await self.send(name, b"", value, partition, None, headers)

        return SimpleNamespace(send=send)

    def timer(self, _seconds: float) -> Callable[[Callable[[], Any]], None]:
        return self.timers.append

    async def maybe_start_producer(self) -> "App":
        return self

    async def send(
        self, topic: str, key: bytes, value: bytes, partition: int, _at: float | None, _headers: object
    ) -> "asyncio.Future[None]":
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.fate is None:
            self.written.append((topic, key, value, partition))
            sent.set_result(None)
        elif self.at_once:
            raise self.fate
        else:
            sent.set_exception(self.fate)
        return sent


async def nobody(_: object) -> None:
    """Take over nothing."""


@pytest.mark.parametrize("silence", SILENCES, ids=lambda error: type(error).__module__ + type(error).__name__)
def test_a_broker_that_does_not_answer_has_one_name(silence: Exception) -> None:
    with pytest.raises(Unavailable) as told, answering():
        raise silence
    assert told.value.code == "kafka-unavailable"


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_state_nobody_took_is_not_held_and_may_be_written_again(at_once: bool) -> None:
    app = App()
    table = StateTable(app, "city", nobody)
    app.fate, app.at_once = aiokafka.errors.KafkaTimeoutError(), at_once
    with pytest.raises(Unavailable):
        await table.hold({"gw-1": {"": b"state", "d-1": b"its own"}})
    assert table.held({"gw-1": ["d-1"]}) == {"gw-1": {}}
    app.fate = None
    await table.hold({"gw-1": {"": b"state", "d-1": b"its own"}})
    assert table.held({"gw-1": ["d-1", "d-2"]}) == {"gw-1": {"": b"state", "d-1": b"its own"}}
    topic, place = "city.sensor.state.v1", partition_of_gateway("gw-1")
    assert app.written == [(topic, b"gw-1", b"state", place), (topic, b"gw-1\nd-1", b"its own", place)]


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_tick_nobody_took_ends_no_worker(at_once: bool) -> None:
    app = App()
    keep_ticking(app, "city.readings")
    (tick,) = app.timers
    app.fate, app.at_once = aiokafka.errors.KafkaTimeoutError(), at_once
    await tick()
    assert not app.written
    app.fate = None
    await tick()
    assert [partition for *_, partition in app.written] == [2]
