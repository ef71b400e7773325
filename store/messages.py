"""Call centres' messages about their tickets in the record: each once, waiting until it is settled."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from domain.ids import CaseId, ReportId
from domain.message import Message, MessageOutcome
from store.codec import encode
from store.pool import Connection
from store.queries import sql

_decoder = msgspec.json.Decoder(Message)

Name = tuple[str, str]
"""A message: its client and its key. Or a ticket: the client that sent it and its number."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that stands in the record. ``report`` is its ticket's, None while that is unknown."""

    fingerprint: bytes
    settled: bool
    report: ReportId | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that is not settled. It can be once ``ticketed``: the report was filed and has its ticket."""

    message: Message
    fingerprint: bytes
    report: ReportId | None
    ticketed: bool


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a message; ``refusal`` is the first code the law refused with, empty if all was done."""

    client: str
    key: str
    outcome: MessageOutcome
    refusal: str = ""


class Messages:
    """The messages of one unit of work. All methods take batches; none makes a query per row."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def keep(self, messages: Sequence[tuple[Message, bytes, tuple[str, int, int]]]) -> None:
        """Take in messages, each with its fingerprint and the address of its record; known ones stay as they are.

        The caller holds their locks.
        """
        await self._connection.execute(
            sql("messages_keep"),
            [message.client for message, _, _ in messages],
            [message.key for message, _, _ in messages],
            [fingerprint for _, fingerprint, _ in messages],
            [message.kind for message, _, _ in messages],
            [message.ticket_no for message, _, _ in messages],
            [encode(message) for message, _, _ in messages],
            [topic for _, _, (topic, _, _) in messages],
            [partition for _, _, (_, partition, _) in messages],
            [offset for _, _, (_, _, offset) in messages],
        )

    async def known(self, names: Sequence[Name]) -> dict[Name, Kept]:
        """What stands under (client, key)."""
        rows = await self._connection.fetch(sql("messages_known"), *zip(*names, strict=True))
        return {(r["client"], r["key"]): Kept(r["fingerprint"], bool(r["outcome"]), r["report_id"]) for r in rows}

    async def waiting(self, tickets: Sequence[Name]) -> list[Waiting]:
        """All that waits on these tickets, in order of arrival."""
        rows = await self._connection.fetch(sql("messages_waiting"), *zip(*tickets, strict=True))
        return [Waiting(_decoder.decode(r["doc"]), r["fingerprint"], r["report_id"], r["ticketed"]) for r in rows]

    async def cases(self, reports: Sequence[ReportId]) -> dict[ReportId, list[CaseId]]:
        """The cases behind which these reports stand."""
        found: dict[ReportId, list[CaseId]] = defaultdict(list)
        for row in await self._connection.fetch(sql("messages_cases"), reports):
            found[row["report_id"]].append(row["case_id"])
        return found

    async def park(self, messages: Sequence[tuple[Name, tuple[str, int, int]]]) -> None:
        """Note by which record these came last; they wait for their tickets."""
        rows = [(*name, *address) for name, address in messages]
        await self._connection.execute(sql("messages_park"), *zip(*rows, strict=True))

    async def settle(self, settled: Sequence[Settlement]) -> None:
        """Write down what became of messages; whoever was first is right."""
        rows = [(one.client, one.key, one.outcome, one.refusal) for one in settled]
        await self._connection.execute(sql("messages_settle"), *zip(*rows, strict=True))

    async def due(self, limit: int) -> list[Name]:
        """Tickets on which at most ``limit`` messages have waited long enough to be tried again."""
        rows = await self._connection.fetch(sql("messages_due"), limit)
        return list(dict.fromkeys((row["client"], row["ticket_no"]) for row in rows))
