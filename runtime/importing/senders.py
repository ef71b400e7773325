"""The ways an import may take: hotline tickets on Kafka, or import jobs over HTTP. Both make the same reports."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

from aiokafka.errors import MessageSizeTooLargeError

from domain.errors import Fault
from domain.table_import import Remark
from runtime.importing.tickets import Ticket
from streams.broker import answering, started_producer
from streams.topics import HOTLINE


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch: the rows refused, and the lines the server knew already (Kafka cannot tell)."""

    refused: tuple[Remark, ...] = ()
    repeated: tuple[int, ...] = ()


class Sender(Protocol):
    """A way in, by batches of so many rows."""

    batch: int

    async def send(self, tickets: Sequence[Ticket]) -> Receipt:
        """Send a batch; returns when every ticket is in safe hands or refused.

        Raises ``Unavailable`` when the other side stays away, ``Refused`` when it knows us not.
        """


class KafkaSender(AbstractAsyncContextManager["KafkaSender"]):
    """Tickets on the hotline topic, keyed by their number, acknowledged by all in-sync replicas."""

    batch = 500

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self._bootstrap = bootstrap
        self._topic = HOTLINE.full(prefix)
        self._headers = [("schema", HOTLINE.contract.encode())]

    async def __aenter__(self) -> "KafkaSender":
        self._producer = await started_producer(self._bootstrap)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._producer.stop()

    async def send(self, tickets: Sequence[Ticket]) -> Receipt:
        """Send a batch; what the worker cannot use of it will be among the rejects."""
        refused: list[Remark] = []
        sent: list[asyncio.Future[Any]] = []
        with answering("Kafka does not answer; import the file again"):
            for ticket in tickets:
                try:
                    key = ticket.said.ticket_no.encode()
                    sent.append(await self._producer.send(self._topic, ticket.value, key=key, headers=self._headers))
                except MessageSizeTooLargeError:
                    refused.append(Remark(ticket.line, "refused", Fault("", "record-too-large", "shorten the text")))
            await asyncio.gather(*sent)
        return Receipt(tuple(refused))
