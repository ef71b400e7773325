"""The relay: settled events leave the database for Kafka, in commit order, keyed by their case.

What our own worker must do next travels beside them as work records, many ids each: one Kafka record costs the worker
as much as ten rows in PostgreSQL. Run by ``cityloop relay``; several may run, one has the seat.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from domain.bulletin import Bulletin
from domain.commands import Verb
from domain.errors import Unavailable
from domain.events import NAMES
from domain.policy import Policy
from handlers.announce import Entry, Seat, announce
from streams.broker import answering
from streams.cap import bulletin_of
from streams.records import work_record
from streams.topics import (
    ALERTS,
    ASSIGN_WORK,
    CASE_EVENTS,
    FILE_WORK,
    REPORT_EVENTS,
    TICKET_CONTRACT,
    Topic,
    partition_of,
)

log = logging.getLogger(__name__)

# Events after which a case may wait for units; the office looks whether it does.
REACTIONS: Mapping[str, Topic] = {
    "report.accepted": FILE_WORK,
    **dict.fromkeys(
        (f"case.{NAMES[verb]}" for verb in (
            Verb.FILE, Verb.SEND_BACK, Verb.GRANT, Verb.RAISE, Verb.LOWER, Verb.REOPEN, Verb.CALL_BACK, Verb.FAIL,
            Verb.SPLIT,
        )),
        ASSIGN_WORK,
    ),
}  # fmt: skip
_WORK_IDS = 200
_IDLE = 0.02

Headers = list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it will be on the broker."""

    topic: Topic
    partition: int
    key: bytes | None
    value: bytes
    headers: Headers


def reactions(policy: Policy) -> Mapping[str, Topic]:
    """What the worker is told of under this policy: also what may wait for an inspector, where the system sends one."""
    sends = {Verb.REGISTER: bool(policy.auto_verify)}
    sends |= dict.fromkeys((Verb.FINISH, Verb.CONFIRM, Verb.RETURN), policy.auto_check)
    return {**REACTIONS, **{f"case.{NAMES[verb]}": ASSIGN_WORK for verb, sent in sends.items() if sent}}


class Publisher:
    """Puts events and work on the broker; returns when all of it is acknowledged by all in-sync replicas."""

    def __init__(
        self,
        producer: AIOKafkaProducer,
        prefix: str,
        reactions: Mapping[str, Topic] = REACTIONS,
        render: Callable[[Bulletin], bytes] | None = None,
    ) -> None:
        self._producer = producer
        self._prefix = prefix
        self._reactions = reactions
        self._render = render

    async def publish(self, entries: Sequence[Entry]) -> None:
        """Send a batch, in order within each partition. Raises ``Unavailable`` if the broker does not take it."""
        piles: dict[tuple[Topic, int], list[Record]] = defaultdict(list)
        alerts = alert_records(entries, self._render) if self._render else ()
        for record in chain(map(event_record, entries), work_records(entries, self._reactions), alerts):
            piles[record.topic, record.partition].append(record)
        with answering():
            sent = [future for pile in piles.values() for future in await self._send(pile)]
            await asyncio.gather(*sent)

    async def _send(self, pile: Sequence[Record]) -> "list[asyncio.Future[object]]":
        """Send the records of one partition. Whole batches cost a tenth of the CPU that single sends do."""
        topic, partition = pile[0].topic.full(self._prefix), pile[0].partition
        sent, batch = [], self._producer.create_batch()
        for record in pile:
            if not _fits(batch, record):
                sent.append(await self._producer.send_batch(batch, topic, partition=partition))
                batch = self._producer.create_batch()
                if not _fits(batch, record):
                    raise ValueError(f"an event of {len(record.value)} bytes does not fit the broker")
        sent.append(await self._producer.send_batch(batch, topic, partition=partition))
        return sent


def _fits(batch: BatchBuilder, record: Record) -> bool:
    added = batch.append(key=record.key, value=record.value, timestamp=None, headers=record.headers)
    return added is not None


def event_record(entry: Entry) -> Record:
    """An event as the world sees it: keyed by its subject, so that a case's events keep their order."""
    topic = CASE_EVENTS if entry.type.startswith("case.") else REPORT_EVENTS
    contract = TICKET_CONTRACT if entry.type.startswith("ticket.") else topic.contract
    subject = str(entry.subject)
    headers: Headers = [
        ("schema", contract.encode()),
        ("type", entry.type.encode()),
        ("id", f"{subject}/{entry.version}".encode()),
        ("version", str(entry.version).encode()),
        ("position", str(entry.position).encode()),
    ]
    return Record(topic, partition_of(subject, topic), subject.encode(), entry.doc, headers)


def work_records(entries: Sequence[Entry], reactions: Mapping[str, Topic]) -> Iterator[Record]:
    """The work that follows from a batch, gathered by topic and partition, many ids a record."""
    piles: dict[tuple[Topic, int], list[UUID]] = defaultdict(list)
    for entry in entries:
        topic = reactions.get(entry.type)
        if topic is not None:
            piles[topic, partition_of(entry.route, topic)].append(entry.subject)
    for (topic, partition), ids in piles.items():
        for start in range(0, len(ids), _WORK_IDS):
            value = work_record(ids[start : start + _WORK_IDS])
            yield Record(topic, partition, None, value, [("schema", topic.contract.encode())])


def alert_records(entries: Sequence[Entry], render: Callable[[Bulletin], bytes]) -> Iterator[Record]:
    """The messages to the public that a batch of events carries, keyed by their case's number."""
    for entry in entries:
        bulletin = bulletin_of(entry.doc)
        if bulletin is not None:
            headers = [("schema", ALERTS.contract), ("type", bulletin.kind), ("id", bulletin.identifier)]
            route, wire = partition_of(bulletin.no, ALERTS), [(name, value.encode()) for name, value in headers]
            yield Record(ALERTS, route, bulletin.no.encode(), render(bulletin), wire)


async def follow(seat: Seat, publisher: Publisher, beat: Callable[[int], None]) -> None:
    """Relay for as long as the seat lasts. Raises ``Unavailable`` when the seat is lost.

    A broker that is away is waited for here: events stay in the database, in order, and nobody else could send them.
    ``beat`` is called after every round with the number of events published.
    """
    delay = 0.1
    while True:
        try:
            published = await announce(seat, publisher.publish)
        except Unavailable as error:
            if error.code != "kafka-unavailable":
                raise
            log.warning("relay waits: %s", error)
            await asyncio.sleep(delay)
            delay = min(delay * 2, 5.0)
            continue
        delay = 0.1
        beat(published)
        if not published:
            await asyncio.sleep(_IDLE)
