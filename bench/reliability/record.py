"""What the record says: the system of record by SQL, and the topics read from offset 0."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import asyncpg
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from bench.reliability.ledger import digest
from bench.reliability.reckoning import Address, Events, Found, Ticket, reckon_events
from bench.reliability.town import Town
from domain.errors import Unavailable
from streams.offsets import Clerk
from streams.topics import ASSIGN_WORK, CASE_EVENTS, FILE_WORK, HOTLINE, REPORT_EVENTS

T = TypeVar("T")

_PATIENCE = 120.0  # seconds without any progress
_LOOK_EVERY = 0.25

# a control's worker keeps the number elsewhere: its inbox goes by another key
_REPORTS = """
    SELECT r.origin || '/' || coalesce(r.doc->'extra'->>'ticket_no', r.origin_key) AS key, r.id::text,
           count(l.case_id) AS homes, extract(epoch FROM r.received_at)::float8 AS at
    FROM reports r LEFT JOIN case_reports l ON l.report_id = r.id AND l.home GROUP BY r.id"""
_REJECTS = "SELECT topic, partition, record_offset, encode(digest, 'hex') AS digest, code FROM rejects"
_EVENTS = "SELECT subject::text || '/' || version FROM events"
_UNFILED = """
    SELECT count(*) FROM reports r
    WHERE NOT EXISTS (SELECT FROM case_reports l WHERE l.report_id = r.id AND l.home)"""
_UNTOLD = """
    SELECT count(*) FROM events e
    WHERE (e.tx, e.seq) > (SELECT coalesce(max(tx), 0), coalesce(max(seq), 0) FROM positions WHERE reader = 'relay')"""


async def asked(town: Town, query: str, *values: Any) -> list[asyncpg.Record]:
    """What the database says, over a line of our own that no fault touches."""
    connection = await asyncpg.connect(town.dsn)
    try:
        return list(await connection.fetch(query, *values))
    finally:
        await connection.close()


async def reports(town: Town) -> dict[str, list[Found]]:
    """Every report by origin and number."""
    found = defaultdict(list)
    for row in await asked(town, _REPORTS):
        found[row["key"]].append(Found(row["id"], row["homes"], row["at"]))
    return dict(found)


async def rejects(town: Town) -> dict[Address, str]:
    """The codes of all rejects, by address."""
    rows = await asked(town, _REJECTS)
    return {(r["topic"], r["partition"], r["record_offset"], r["digest"]): r["code"] for r in rows}


async def events(town: Town) -> Events:
    """The history beside what consumers were told, once the relay has told it all."""
    before = {row[0] for row in await asked(town, _EVENTS)}
    await _until(lambda: _count(town, _UNTOLD), 0, "events that nobody was told")
    piles: dict[tuple[str, int], list[str]] = defaultdict(list)
    for record in await topic(town, CASE_EVENTS.full(town.prefix), REPORT_EVENTS.full(town.prefix)):
        piles[record.topic, record.partition].append(dict(record.headers)["id"].decode())
    after = {row[0] for row in await asked(town, _EVENTS)}
    return reckon_events(before, after, list(piles.values()))


async def tickets(town: Town) -> list[Ticket]:
    """Every record on the hotline topic, in order within each partition."""
    return [
        Ticket((r.topic, r.partition, r.offset, digest(r.value or b"")), _key(r.value), r.timestamp / 1000)
        for r in await topic(town, town.hotline)
    ]


def _key(value: bytes | None) -> str:
    try:
        said = json.loads(value or b"")
        return f"hotline:{said['centre']}/{said['ticket_no']}"
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


async def topic(town: Town, *names: str) -> list[ConsumerRecord]:
    """Every record of these topics from offset 0, in order within each partition."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=town.settings.kafka_bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        places = [TopicPartition(name, n) for name in names for n in range(HOTLINE.partitions)]
        consumer.assign(places)
        ends: Mapping[TopicPartition, int] = await consumer.end_offsets(places)
        found: list[ConsumerRecord] = []
        while any([await consumer.position(place) < ends[place] for place in places]):
            for batch in (await consumer.getmany(timeout_ms=1000)).values():
                found += batch
        return found
    finally:
        await consumer.stop()


async def settled(town: Town) -> None:
    """Until the workers have read all there is, every report has its case, and the relay has told everything."""
    await _until(lambda: asyncio.to_thread(lag, town, HOTLINE.full(town.prefix)), 0, "tickets not read")
    await _until(lambda: _count(town, _UNFILED), 0, "reports without a case")
    work = [one.full(town.prefix) for one in (FILE_WORK, ASSIGN_WORK)]
    await _until(lambda: asyncio.to_thread(lag, town, *work), 0, "work not done")


def lag(town: Town, *topics: str) -> int:
    """Records of these topics the workers have not finished."""
    return _clerk(town, lambda clerk: sum(place.lag for place in clerk.standings(town.group, topics).values()))


def owners(town: Town) -> dict[int, str]:
    """Which worker reads which partition of the hotline topic."""
    dealt = _clerk(town, lambda clerk: clerk.owners(town.group))
    return {number: owner for (name, number), owner in dealt.items() if name == town.hotline}


def _clerk(town: Town, ask: Callable[[Clerk], T]) -> T:
    """What the broker says; one that is away, or has just come, is asked again."""
    while True:
        try:
            clerk = Clerk(town.settings.kafka_bootstrap)
            try:
                return ask(clerk)
            finally:
                clerk.close()
        except Unavailable:
            time.sleep(_LOOK_EVERY)


async def _count(town: Town, query: str) -> int:
    return int((await asked(town, query))[0][0])


async def _until(look: Callable[[], Awaitable[int]], wanted: int, what: str) -> None:
    """Raises ``TimeoutError`` when nothing moves any more."""
    last, moved = -1, time.monotonic()
    while (now := await look()) != wanted:
        if now != last:
            last, moved = now, time.monotonic()
        if time.monotonic() - moved > _PATIENCE:
            raise TimeoutError(f"{now} {what}, and nothing moves")
        await asyncio.sleep(_LOOK_EVERY)
