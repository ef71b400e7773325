"""Who tells the city: the call centre and the device platforms by Kafka, the inspectors' phones by HTTP."""

import asyncio
from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaProducer

from runtime.demo.city import Message
from runtime.demo.clock import ExerciseClock
from runtime.demo.ledger import Entry, Ledger
from runtime.demo.line import Line
from streams.broker import answering


class Senders:
    """Send each message at its moment and note what they were told. A slow answer holds no other message up."""

    def __init__(self, lines: Mapping[str, Line], producer: AIOKafkaProducer, prefix: str, ledger: Ledger) -> None:
        self._lines = lines
        self._producer = producer
        self._prefix = prefix
        self._ledger = ledger

    async def send_all(self, messages: Sequence[Message], clock: ExerciseClock) -> None:
        """Return when every message is answered for. Raises ``Unavailable`` if the broker takes one no longer."""
        async with asyncio.TaskGroup() as group:
            for message in messages:
                await asyncio.sleep(message.at * clock.seconds - clock.elapsed)
                group.create_task(self.send(message))

    async def send(self, message: Message) -> None:
        """Send one message now."""
        entry = self._ledger.open(message)
        if message.topic is None:
            await self._phone(message, entry)
        else:
            await self._publish(message, message.topic.full(self._prefix), entry)

    async def _publish(self, message: Message, topic: str, entry: Entry) -> None:
        with answering():
            receipt = await self._producer.send_and_wait(
                topic, message.value, key=message.route.encode(), headers=list(message.headers)
            )
        entry.address = (topic, receipt.partition, receipt.offset)

    async def _phone(self, message: Message, entry: Entry) -> None:
        answer = await self._lines[message.client].tell("/v1/reports", message.value, {"Idempotency-Key": message.key})
        if answer.status_code == 202:
            entry.report = answer.json()["report_id"]
        else:
            entry.refused = answer.json()["code"]
