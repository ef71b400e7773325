"""Readings that came by HTTP on their way to the broker: published at once, acknowledged by all in-sync replicas."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from aiokafka import AIOKafkaProducer

from handlers.outcomes import Done
from sensing.wire import Columns
from streams.broker import answering, started_producer
from streams.mqtt import Item, publisher

_PATIENCE = 5.0
_SECONDS = 6.0
"""How long the broker may take: less than a request may, so that the caller is told."""


class ReadingsOutlet:
    """Connects when the first readings come: the other doors need no broker to open."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self._bootstrap = bootstrap
        self._prefix = prefix
        self._starting = asyncio.Lock()
        self._producer: AIOKafkaProducer | None = None
        self._send: Callable[[Sequence[Item]], Awaitable[Sequence[Done]]] | None = None

    async def publish(self, records: Sequence[Columns]) -> None:
        """Returns when the broker has all of them. Raises ``Unavailable``: some may have arrived; send all again."""
        with answering("the broker did not answer in time"):
            async with asyncio.timeout(_SECONDS):
                send = self._send or await self._start()
                await send(records)

    async def close(self) -> None:
        """End the connection; what was published has been acknowledged before."""
        if self._producer is not None:
            await self._producer.stop()

    async def _start(self) -> Callable[[Sequence[Item]], Awaitable[Sequence[Done]]]:
        async with self._starting:
            if self._send is not None:
                return self._send
            producer = await started_producer(self._bootstrap, _PATIENCE)
            self._producer, self._send = producer, publisher(producer, self._prefix, _uncounted)
            return self._send


def _uncounted(_records: int) -> None:
    return
