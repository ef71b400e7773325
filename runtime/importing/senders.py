"""The two ways an import may take: hotline tickets on Kafka, or reports over HTTP. Nothing is sent ahead of answers."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol
from urllib.parse import quote

import httpx
import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from domain.errors import Refused, Unavailable
from runtime.importing.tickets import Ticket
from streams.topics import HOTLINE

_CONCURRENT = 64
_PATIENCE = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_LATER = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not taken, and why. What the row says is not repeated."""

    line: int
    column: str
    code: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch: the rows refused, and how many the server knew already (Kafka cannot tell)."""

    refused: tuple[Refusal, ...] = ()
    repeated: int = 0


class Sender(Protocol):
    """A way in. ``send`` returns when every ticket of the batch is in safe hands or refused."""

    async def send(self, tickets: Sequence[Ticket]) -> Receipt:
        """Send a batch. Raises ``Unavailable`` when the other side stays away, ``Refused`` when it knows us not."""


class KafkaSender(AbstractAsyncContextManager["KafkaSender"]):
    """Tickets on the hotline topic, keyed by their number, acknowledged by all in-sync replicas."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=2, max_batch_size=256 * 1024
        )
        self._topic = HOTLINE.full(prefix)
        self._headers = [("schema", HOTLINE.contract.encode())]

    async def __aenter__(self) -> "KafkaSender":
        try:
            await self._producer.start()
        except (KafkaError, OSError) as error:
            raise _away("Kafka", error) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._producer.stop()

    async def send(self, tickets: Sequence[Ticket]) -> Receipt:
        """Send a batch; what the worker cannot use of it will be among the rejects."""
        refused: list[Refusal] = []
        sent: list[asyncio.Future[Any]] = []
        try:
            for ticket in tickets:
                try:
                    key = ticket.said.ticket_no.encode()
                    sent.append(await self._producer.send(self._topic, ticket.value, key=key, headers=self._headers))
                except MessageSizeTooLargeError:
                    refused.append(Refusal(ticket.line, "", "record-too-large", "shorten the text"))
            await asyncio.gather(*sent)
        except (KafkaError, OSError) as error:
            raise _away("Kafka", error) from error
        return Receipt(tuple(refused))


class HttpSender(AbstractAsyncContextManager["HttpSender"]):
    """Reports to ``POST /v1/reports``, each under a key made of the source and the row's own number."""

    def __init__(self, url: str, api_key: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"},
            limits=httpx.Limits(max_connections=_CONCURRENT),
            timeout=30.0,
        )
        self._room = asyncio.Semaphore(_CONCURRENT)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def send(self, tickets: Sequence[Ticket]) -> Receipt:
        """Send a batch, several at once; busy servers and broken lines are tried again under the same key."""
        receipts = await asyncio.gather(*map(self._one, tickets))
        refused = tuple(refusal for receipt in receipts for refusal in receipt.refused)
        return Receipt(refused, sum(receipt.repeated for receipt in receipts))

    async def _one(self, ticket: Ticket) -> Receipt:
        async with self._room:
            answer = await self._answer(ticket)
        if answer.status_code == 202:
            return Receipt(repeated=int("Idempotent-Replayed" in answer.headers))
        if answer.status_code in (401, 403):
            raise Refused("api-key-refused", "接口拒绝了该密钥", "use the key of a client that may report")
        return Receipt((_refusal(ticket.line, answer),))

    async def _answer(self, ticket: Ticket) -> httpx.Response:
        body, headers = _body(ticket), {"Idempotency-Key": _key(ticket)}
        until, pause = time.monotonic() + _PATIENCE, _FIRST_PAUSE
        while True:
            wait = pause
            try:
                answer = await self._client.post("/v1/reports", content=body, headers=headers)
                if answer.status_code not in _LATER:
                    return answer
                reason: Exception = httpx.HTTPStatusError(
                    str(answer.status_code), request=answer.request, response=answer
                )
                asked = answer.headers.get("Retry-After", "")
                wait = min(float(asked), _LONGEST_PAUSE) if asked.isdecimal() else pause
            except httpx.TransportError as error:
                reason = error
            if time.monotonic() > until:
                raise _away("the API", reason) from reason
            await asyncio.sleep(wait)
            pause = min(pause * 2, _LONGEST_PAUSE)


def _body(ticket: Ticket) -> bytes:
    """The ticket as ``ReportIn`` has it; what says nothing is left out."""
    said = ticket.said
    fields: dict[str, Any] = {
        "text": said.text,
        "category": said.category,
        "kind": said.kind,
        "condition": said.condition,
        "urgency": said.urgency,
        "position": said.position,
        "areas": said.areas,
        "address": said.address,
        "captured_at": said.called_at,
    }
    return msgspec.json.encode({name: value for name, value in fields.items() if value not in (None, "", [])})


def _key(ticket: Ticket) -> str:
    return f"{ticket.said.centre}:{quote(ticket.said.ticket_no, safe='')}"[:255]


def _refusal(line: int, answer: httpx.Response) -> Refusal:
    try:
        problem: dict[str, Any] = answer.json()
        faults = problem.get("errors") or [{}]
        hint = faults[0].get("hint") or faults[0].get("code") or problem.get("detail") or ""
        return Refusal(line, faults[0].get("pointer", ""), problem["code"], hint)
    except (ValueError, KeyError, AttributeError):
        return Refusal(line, "", f"http-{answer.status_code}")


def _away(who: str, error: Exception) -> Unavailable:
    code = "kafka-unavailable" if who == "Kafka" else "api-unavailable"
    return Unavailable(code, "服务暂不可用", f"{who} does not answer ({type(error).__name__}); import the file again")
