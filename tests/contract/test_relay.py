"""The relay: what was committed reaches the broker, in order by case, at least once, whatever dies on the way."""

import asyncio
import socket
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaConnectionError

from domain.case import State
from domain.commands import Verb
from domain.errors import Unavailable
from domain.events import NAMES
from domain.ids import CaseId
from domain.lifecycle import TABLE
from domain.report import Source
from handlers.announce import announce
from handlers.assign import assign_many
from handlers.ports import Office
from runtime.embedded import EmbeddedKafka
from runtime.processes import RELAY, _relay
from runtime.settings import Settings
from runtime.telemetry import Telemetry
from store.events import Entry
from store.pool import Pool
from store.seat import Seat, seat
from streams.records import work_ids
from streams.relay import Publisher, follow, reactions
from streams.topics import ASSIGN_WORK, CASE_EVENTS, FILE_WORK, REPORT_EVENTS, Topic, create_topics, partition_of
from streams.wire import checked_schema
from tests.demo_city import (
    COARSE,
    NO_RULE,
    a_call,
    accepted,
    an_office,
    case_of,
    dispatched,
    filed,
    on_task,
    pack,
    perform,
    to_check,
)
from tests.wire import wire


@pytest.fixture
async def prefix(kafka_bootstrap: str) -> str:
    """Topics of its own for each test."""
    own = f"relay-{uuid4().hex[:10]}"
    await create_topics(kafka_bootstrap, own)
    return own


@pytest.fixture
async def producer(kafka_bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    async with AIOKafkaProducer(bootstrap_servers=kafka_bootstrap, acks="all", enable_idempotence=True) as own:
        yield own


@asynccontextmanager
async def sitting(pool: Pool, name: str) -> AsyncIterator[Seat]:
    async with seat(pool, name) as taken:
        assert taken is not None
        yield taken


@asynccontextmanager
async def fresh_seat(pool: Pool) -> AsyncIterator[Seat]:
    """A reader of its own for each test, that begins now."""
    async with sitting(pool, f"relay-{uuid4().hex[:8]}") as own:
        while entries := await own.next(5000):
            await own.done(entries)
        yield own


async def published(bootstrap: str, prefix: str, topic: Topic) -> list[ConsumerRecord]:
    """Everything on a topic, partition by partition in the broker's order."""
    parts = [TopicPartition(topic.full(prefix), number) for number in range(topic.partitions)]
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(parts)
        await consumer.seek_to_beginning(*parts)
        ends = await consumer.end_offsets(parts)
        found: list[ConsumerRecord] = []
        async with asyncio.timeout(20):
            while any([await consumer.position(part) < ends[part] for part in parts]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found += records
    finally:
        await consumer.stop()
    return sorted(found, key=lambda record: (record.partition, record.offset))


def stories(records: Sequence[ConsumerRecord]) -> dict[str, list[int]]:
    """The versions of each subject in the order in which a consumer sees them."""
    told: dict[str, list[int]] = defaultdict(list)
    for record in records:
        headers = dict(record.headers)
        told[record.key.decode()].append(int(headers["version"]))
    return dict(told)


def applied(versions: list[int]) -> list[int]:
    """What a consumer makes of it that knows repeats by their version: no gap is ever seen."""
    seen = 0
    taken = []
    for version in versions:
        assert version <= seen + 1, f"a gap before {version} in {versions}"
        if version == seen + 1:
            taken.append(version)
            seen = version
    return taken


async def a_life(office: Office) -> CaseId:
    """A case that is filed, dispatched, sent back, dispatched again and accepted: five events and one to come."""
    (case_id,) = await dispatched(office, a_call(0, **COARSE))
    await perform(office, on_task(await case_of(office, case_id), Verb.SEND_BACK, reason="not-ours"))
    await assign_many(office, [case_id])
    await perform(office, on_task(await case_of(office, case_id), Verb.ACCEPT))
    return case_id


async def test_every_event_is_published_once_in_order_by_case_and_says_what_it_is(
    office: Office, pool: Pool, kafka_bootstrap: str, prefix: str, producer: AIOKafkaProducer
) -> None:
    async with fresh_seat(pool) as reader:
        cases = [await a_life(office) for _ in range(6)]
        publisher = Publisher(producer, prefix)
        assert await announce(reader, publisher.publish) == 6 * (2 + 5), (
            "a report, its ticket, and five steps of its case"
        )
        assert await announce(reader, publisher.publish) == 0
    events = await published(kafka_bootstrap, prefix, CASE_EVENTS)
    assert stories(events) == {str(case): [1, 2, 3, 4, 5] for case in cases}
    rows = await pool.fetch("SELECT subject, version, type, doc, tx, seq FROM events WHERE subject = ANY ($1)", cases)
    kept = {f"{row['subject']}/{row['version']}": row for row in rows}
    for event in events:
        headers = {name: value.decode() for name, value in event.headers}
        row = kept[headers["id"]]
        checked_schema(tuple(event.headers), CASE_EVENTS.contract)
        assert headers["type"] == row["type"]
        assert headers["position"] == f"{row['tx']}-{row['seq']}"
        assert event.value == row["doc"]
        assert event.partition == partition_of(str(row["subject"]), CASE_EVENTS)
    accepted_events = await published(kafka_bootstrap, prefix, REPORT_EVENTS)
    assert Counter(dict(e.headers)["type"] for e in accepted_events) == {
        b"report.accepted": 6,
        b"ticket.opened": 6,
    }


async def test_our_own_work_travels_beside_the_events_many_ids_a_record(
    office: Office, pool: Pool, kafka_bootstrap: str, prefix: str, producer: AIOKafkaProducer
) -> None:
    async with fresh_seat(pool) as reader:
        numbers = (f"Z{999 - n}" for n in range(450))  # senders number as they like: it is our receipt that counts
        crowd = await accepted(office, *(a_call(n, origin_key=number, **COARSE) for n, number in enumerate(numbers)))
        elsewhere = await accepted(office, *(a_call(n) for n in range(3)))
        assert await announce(reader, Publisher(producer, prefix).publish) == 453
    work = await published(kafka_bootstrap, prefix, FILE_WORK)
    ids = [each for record in work for each in work_ids(record.value)]
    assert Counter(ids) == Counter([*crowd, *elsewhere])
    for record in work:
        checked_schema(tuple(record.headers), FILE_WORK.contract)
    home = partition_of("临湖区/望湖街道", FILE_WORK)
    batches = [work_ids(record.value) for record in work if record.partition == home]
    assert max(map(len, batches)) == 200
    assert len(batches) == 3
    in_order = [each for batch in batches for each in batch if each in set(crowd)]
    assert in_order == list(crowd), "reports of one neighbourhood are filed one after another, the first first"
    where = {each: record.partition for record in work for each in work_ids(record.value)}
    for n, report in enumerate(elsewhere):
        assert where[report] == partition_of(a_call(n).neighbourhood, FILE_WORK)


async def test_what_was_filed_or_sent_back_is_to_be_assigned_and_nothing_else(
    office: Office, pool: Pool, kafka_bootstrap: str, prefix: str, producer: AIOKafkaProducer
) -> None:
    async with fresh_seat(pool) as reader:
        sent_back = await a_life(office)
        (deferred,) = await dispatched(office, a_call(0, NO_RULE, **COARSE))
        (first, joined) = await filed(office, a_call(5), a_call(5))
        (doubtful,) = await filed(office, a_call(0, None, text="说不清", point=None))
        assert first == joined
        await announce(reader, Publisher(producer, prefix).publish)
    work = await published(kafka_bootstrap, prefix, ASSIGN_WORK)
    asked = Counter(each for record in work for each in work_ids(record.value))
    assert asked == {sent_back: 2, deferred: 1, first: 1}
    assert doubtful not in asked


_DESK = {"case.filed", "case.sent_back", "case.granted", "case.raised", "case.lowered", "case.reopened"}
_AGAIN = {"case.called_back", "case.failed", "case.split"}
_FINISHED = {"case.finished", "case.confirmed", "case.returned"}


@pytest.mark.parametrize(
    ("switches", "more"),
    [
        pytest.param({"auto_check": False, "auto_verify": frozenset()}, set(), id="people send the inspectors"),
        pytest.param({"auto_check": True, "auto_verify": frozenset()}, _FINISHED, id="checks are sent"),
        pytest.param(
            {"auto_check": False, "auto_verify": {Source.ALARM}}, {"case.registered"}, id="alarms are verified"
        ),
        pytest.param(
            {"auto_check": True, "auto_verify": {Source.ALARM}}, {"case.registered", *_FINISHED}, id="both are"
        ),
    ],
)
def test_what_our_worker_is_told_of_is_the_citys_policy(switches: dict[str, Any], more: set[str]) -> None:
    told = reactions(replace(pack().policy, **switches))
    assert {kind for kind, topic in told.items() if topic is FILE_WORK} == {"report.accepted"}
    assert {kind for kind, topic in told.items() if topic is ASSIGN_WORK} == _DESK | _AGAIN | more


def test_whatever_brings_a_case_back_to_where_units_or_inspectors_are_sent_is_told() -> None:
    """From the law itself: a step into a state that waits for the office, and nobody told, would wait for ever."""
    told = reactions(replace(pack().policy, auto_check=True, auto_verify=frozenset(Source)))
    by_hand = {
        (State.DISPOSING, Verb.RECALL),  # the dispatcher who took it back dispatches it
        (State.PENDING_DISPOSAL, Verb.RECALL),
        (State.VERIFYING, Verb.PASS),  # it was looked at: the desk decides
    }
    for row in TABLE:
        waits = row.target in (State.PENDING_DISPATCH, State.PENDING_CHECK, State.REPORTED) and row.source != row.target
        if waits and (row.source, row.verb) not in by_hand:
            assert told.get(f"case.{NAMES[row.verb]}") is ASSIGN_WORK, row


@pytest.mark.parametrize("sends", [False, True], ids=["people send the inspectors", "the system does"])
async def test_finished_and_doubtful_cases_are_work_only_where_the_system_sends_inspectors(
    pool: Pool, kafka_bootstrap: str, prefix: str, producer: AIOKafkaProducer, sends: bool
) -> None:
    own = an_office(pool, auto_check=sends, auto_verify=frozenset({Source.HOTLINE} if sends else ()))
    async with fresh_seat(pool) as reader:
        (finished,) = await dispatched(an_office(pool), a_call(0, **COARSE))
        await to_check(own, finished)
        (doubtful,) = await filed(own, a_call(0, None, text="说不清", point=None))
        publisher = Publisher(producer, prefix, reactions(own.advisers.policy))
        await announce(reader, publisher.publish)
    work = await published(kafka_bootstrap, prefix, ASSIGN_WORK)
    asked = Counter(each for record in work for each in work_ids(record.value))
    assert asked == ({finished: 2, doubtful: 1} if sends else {finished: 1})


async def test_a_relay_that_dies_between_publishing_and_noting_repeats_and_leaves_no_gap(
    office: Office, pool: Pool, kafka_bootstrap: str, prefix: str, producer: AIOKafkaProducer
) -> None:
    publisher, name = Publisher(producer, prefix), f"relay-{uuid4().hex[:8]}"

    async def published_and_killed(entries: Sequence[Entry]) -> None:
        await publisher.publish(entries)
        raise Unavailable("killed", "进程被终止")

    async with sitting(pool, name) as first:
        while entries := await first.next(5000):
            await first.done(entries)
    cases = []
    for _ in range(3):
        cases += [await a_life(office) for _ in range(2)]
        async with sitting(pool, name) as doomed:
            with pytest.raises(Unavailable):
                await announce(doomed, published_and_killed, limit=7)
        async with sitting(pool, name) as successor:
            await announce(successor, publisher.publish, limit=5)
    async with sitting(pool, name) as last:
        while await announce(last, publisher.publish, limit=4):
            pass
    told = stories(await published(kafka_bootstrap, prefix, CASE_EVENTS))
    assert {UUID(case) for case in told} == set(cases)
    assert sum(map(len, told.values())) > 30, "nothing was repeated: nothing was killed"
    assert all(applied(versions) == [1, 2, 3, 4, 5] for versions in told.values())


class Stubborn:
    """A producer whose broker refuses a few times."""

    def __init__(self, own: AIOKafkaProducer, refusals: int) -> None:
        self._own = own
        self.refusals = refusals

    def create_batch(self) -> object:
        return self._own.create_batch()

    async def send_batch(self, *given: object, **more: object) -> object:
        if self.refusals:
            self.refusals -= 1
            raise KafkaConnectionError("no broker")
        return await self._own.send_batch(*given, **more)


async def test_a_broker_that_refuses_is_waited_for_in_place(
    office: Office, pool: Pool, kafka_bootstrap: str, prefix: str, producer: AIOKafkaProducer
) -> None:
    stubborn = Stubborn(producer, 3)
    beats: list[int] = []
    async with fresh_seat(pool) as reader:
        case_id = await a_life(office)
        relay = asyncio.create_task(follow(reader, Publisher(stubborn, prefix), beats.append))
        async with asyncio.timeout(10):
            while sum(beats) < 6:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        relay.cancel()
        with suppress(asyncio.CancelledError):
            await relay
    assert stubborn.refusals == 0
    told = stories(await published(kafka_bootstrap, prefix, CASE_EVENTS))
    assert applied(told[str(case_id)]) == [1, 2, 3, 4, 5]


# --- The process as it runs


_BEHIND = """SELECT EXISTS (
    SELECT FROM events
    WHERE (tx, seq) > (SELECT coalesce(max(tx), 0), coalesce(max(seq), 0) FROM positions WHERE reader = $1)
)"""


class Running:
    """Relay processes, as tasks, with what each has published."""

    def __init__(self, dsn: str, bootstrap: str, prefix: str) -> None:
        self._settings = Settings(database_url=dsn, kafka_bootstrap=bootstrap, topic_prefix=prefix, pool_size=2)
        self._tasks: list[asyncio.Task[None]] = []
        self._telemetry: list[Telemetry] = []

    def start(self) -> int:
        """Start one more; returns its number."""
        self._telemetry.append(Telemetry())
        self._tasks.append(asyncio.create_task(_relay(self._settings, self._telemetry[-1])))
        return len(self._tasks) - 1

    async def stop(self, number: int) -> None:
        """End one."""
        self._tasks[number].cancel()
        with suppress(asyncio.CancelledError):
            await self._tasks[number]

    def alive(self, number: int) -> bool:
        """Whether it still runs."""
        return not self._tasks[number].done()

    def sent(self, number: int) -> float:
        """How many events it has published."""
        found: float = self._telemetry[number].registry.get_sample_value("cityloop_relay_events_total") or 0.0
        return found

    async def drained(self, pool: Pool, within: float = 20.0) -> None:
        """Until all events are published and noted."""
        async with asyncio.timeout(within):
            while await pool.fetchval(_BEHIND, RELAY):  # noqa: ASYNC110
                await asyncio.sleep(0.02)


@asynccontextmanager
async def running(dsn: str, bootstrap: str, prefix: str) -> AsyncIterator[Running]:
    relays = Running(dsn, bootstrap, prefix)
    try:
        yield relays
    finally:
        for number in range(len(relays._tasks)):
            await relays.stop(number)


async def test_a_second_relay_waits_for_the_seat_and_goes_on_where_the_first_ended(
    office: Office, pool: Pool, fresh_dsn: str, kafka_bootstrap: str, prefix: str
) -> None:
    async with running(fresh_dsn, kafka_bootstrap, prefix) as relays:
        first = relays.start()
        cases = [await a_life(office) for _ in range(2)]
        await relays.drained(pool)
        second = relays.start()
        cases += [await a_life(office) for _ in range(2)]
        await relays.drained(pool)
        assert relays.sent(first) > 0
        assert relays.sent(second) == 0
        await relays.stop(first)
        cases += [await a_life(office) for _ in range(2)]
        await relays.drained(pool)
        assert relays.sent(second) == 2 * (2 + 5)
    told = stories(await published(kafka_bootstrap, prefix, CASE_EVENTS))
    assert all(told[str(case)] == [1, 2, 3, 4, 5] for case in cases), "a change of the guard in peace repeats nothing"


async def test_a_relay_whose_line_breaks_starts_over_and_leaves_no_gap(
    office: Office, pool: Pool, fresh_dsn: str, kafka_bootstrap: str, prefix: str
) -> None:
    async with wire(fresh_dsn) as line, running(line.dsn, kafka_bootstrap, prefix) as relays:
        relay = relays.start()
        cases = []
        for _ in range(2):
            cases.append(await a_life(office))
            await relays.drained(pool)
            cases.append(await a_life(office))
            await line.cut()
            cases.append(await a_life(office))
            await asyncio.sleep(0.05)
            assert relays.alive(relay)
            await line.join()
        await relays.drained(pool)
    told = stories(await published(kafka_bootstrap, prefix, CASE_EVENTS))
    assert all(applied(told[str(case)]) == [1, 2, 3, 4, 5] for case in cases)


async def test_without_a_broker_it_waits_and_when_one_comes_it_drains(
    office: Office, pool: Pool, fresh_dsn: str, server_home: Path, jar_cache: Path
) -> None:
    late = EmbeddedKafka(server_home / "late-kafka", jar_cache, port=_free_port())
    bootstrap, prefix = f"127.0.0.1:{late.port}", "late"
    async with running(fresh_dsn, bootstrap, prefix) as relays:
        relay = relays.start()
        case_id = await a_life(office)
        await asyncio.sleep(1.0)
        assert relays.alive(relay)
        assert relays.sent(relay) == 0
        await asyncio.to_thread(late.start)
        try:
            await create_topics(bootstrap, prefix)
            await relays.drained(pool, 30)
            told = stories(await published(bootstrap, prefix, CASE_EVENTS))
            assert applied(told[str(case_id)]) == [1, 2, 3, 4, 5]
            assert all(applied(versions) for versions in told.values())
            await relays.stop(relay)
        finally:
            await asyncio.to_thread(late.stop)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
