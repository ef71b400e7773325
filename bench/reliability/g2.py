"""T-G2, once effective: however often and by whichever way the same report comes, it is there once, and every answer
names it.

Faults: API processes killed, one answer in ten lost after the commit, clients that give up, copies at the same instant
and on other partitions, the same table twice in another order, the topic made anew, other reports under used numbers.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass

import asyncpg
from kafka import KafkaAdminClient

from bench.reliability import record
from bench.reliability.copies import Plan, Volley, plan
from bench.reliability.doors import REUSED, HttpSender, Importer, KafkaSender
from bench.reliability.ledger import Entry, Ledger, digest, entries, read
from bench.reliability.reckoning import Account, Records, Ticket, reckon_records, reckon_reports
from bench.reliability.sayings import reordered, sayings
from bench.reliability.schedule import Fault, carry_out, spread
from bench.reliability.town import Ground, Town, in_home, town
from streams.topics import create_topics, missing_topics

CLIENTS = 24
_LOST_ANSWERS = 0.1


@dataclass(frozen=True, slots=True)
class Size:
    """How much; ``impostors`` is their share of the reports.

    ``careless`` employs a control's worker; ``blind`` takes the promise of uniqueness away.
    """

    reports: int
    kills: int
    broker_cuts: int = 0
    impostors: float = 0.1
    careless: str = ""
    blind: bool = False


SHORT = Size(300, 2)
LONG = Size(5_000, 20, 6, 0.02)
BLIND_INDEX = Size(80, 1, blind=True)
BY_ADDRESS = Size(80, 1, careless="by-address")

BLIND = """
    CREATE FUNCTION never_equal(text, text) RETURNS integer LANGUAGE sql IMMUTABLE
        AS 'SELECT CASE WHEN bttextcmp($1, $2) < 0 THEN -1 ELSE 1 END';
    CREATE OPERATOR CLASS blind FOR TYPE text USING btree
        AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 never_equal(text, text);
    ALTER TABLE reports DROP CONSTRAINT reports_origin_origin_key_key;
    CREATE UNIQUE INDEX blind_key ON reports (origin blind, origin_key blind);"""
"""The unique index dropped. ON CONFLICT insists on one: so one takes its place that never finds two keys equal."""


@dataclass(slots=True)
class Progress:
    """How many volleys of the first part have been sent."""

    planned: int
    done: int = 0

    def share(self) -> float:
        """From 0 to 1."""
        return self.done / self.planned


def schedule(size: Size, seed: int) -> list[Fault]:
    """The faults of a drill, from its seed."""
    dice = random.Random(seed)
    kills = spread(dice, size.kills, "kill", ("api-0", "api-1"), end=0.9)
    return sorted([*kills, *spread(dice, size.broker_cuts, "cut broker")])


@asynccontextmanager
async def losing_answers(place: Town, dice: random.Random) -> AsyncIterator[None]:
    """One answer in ten that says «taken» never arrives."""
    place.http.loses = lambda piece: piece.startswith(b"HTTP/1.1 202") and dice.random() < _LOST_ANSWERS
    try:
        yield
    finally:
        place.http.loses = None


async def drill(ground: Ground, size: Size, seed: int) -> Account:
    """Play it and account for it."""
    async with town(ground, apis=2, workers=1 if size.reports < 2_000 else 2, careless=size.careless) as place:
        if size.blind:
            connection = await asyncpg.connect(place.dsn)
            await connection.execute(BLIND)
            await connection.close()
        dice = random.Random(seed)
        planned = plan(list(sayings(place.machine.pack, size.reports, seed)), dice, size.impostors)
        path = in_home(place, "ledger.jsonl")
        with Ledger(path) as ledger:
            played = _Play(place, ledger, planned, size, seed)
            first = await played.first()
            second = await played.second()
        return await played.account(entries(read(path)), [*first, *second])


class _Play:
    def __init__(self, place: Town, ledger: Ledger, planned: Plan, size: Size, seed: int) -> None:
        self._place = place
        self._ledger = ledger
        self._plan = planned
        self._size = size
        self._seed = seed
        self._statuses: Counter[int] = Counter()
        self._strangers = 0

    async def first(self) -> list[Ticket]:
        """All doors at once, under fire; returns the records on the topic at the end of it."""
        dice = random.Random(self._seed + 1)
        progress = Progress(len(self._plan.volleys))
        waiting = iter(self._plan.volleys)
        async with losing_answers(self._place, dice), KafkaSender(self._place, self._ledger, dice) as kafka:
            http = HttpSender(self._place, self._ledger)
            async with asyncio.TaskGroup() as together:
                faults = {"kill": self._kill, "cut broker": self._cut_broker}
                together.create_task(carry_out(schedule(self._size, self._seed), faults, progress.share))
                together.create_task(self._tables(dice))
                for _ in range(CLIENTS):
                    together.create_task(self._work(waiting, http, kafka, progress, dice))
            self._statuses, self._strangers = http.statuses, http.strangers
        await record.settled(self._place)
        return await record.tickets(self._place)

    async def second(self) -> list[Ticket]:
        """The topic is made anew while the workers are away: its offsets start over, and old numbers come again."""
        workers = await self._place.without_workers()
        await _topic_anew(self._place)
        await self._place.employ(workers)
        dice = random.Random(self._seed + 2)
        async with KafkaSender(self._place, self._ledger, dice) as kafka:
            for volley in self._plan.second:
                await asyncio.gather(
                    *(kafka.send(volley.saying, impostor=volley.impostor) for _ in range(volley.copies))
                )
        await record.settled(self._place)
        return await record.tickets(self._place)

    async def account(self, book: Mapping[str, Entry], topic: list[Ticket]) -> Account:
        """Compare the ledger with the record, the rejects and the topics."""
        found = await record.reports(self._place)
        reports = reckon_reports(book, found)
        records = await self._records(topic, found)
        events = await record.events(self._place)
        everything = [entry for key, entry in book.items() if key.startswith("api:")]
        impostors = sum(entry.impostors_refused[REUSED] for entry in everything)
        attempts = sum(self._statuses.values())
        wrongs = {
            "lost": reports.lost + reports.expected - reports.acked,
            "phantom": reports.phantom,
            "duplicate reports": reports.duplicate,
            "reports without exactly one home case": reports.homeless,
            "answers that named another report": reports.misnamed,
            "copies refused": sum(sum(entry.refused.values()) for entry in book.values()),
            "impostors taken by HTTP": sum(entry.impostors_taken for entry in book.values()),
            "impostors by HTTP not told 422": sum(v.impostor for v in self._plan.volleys) - impostors,
            "impostors by Kafka not among the rejects": records.missing_rejects + records.wrong_codes,
            "false rejects": records.false_rejects,
            "records unaccounted for": abs(records.unaccounted),
            "5xx but 503, or refusals not problem+json": self._strangers,
            "unpublished": events.unpublished,
            "ghost events": events.ghosts,
            "gaps in applied state": events.gaps,
        }
        facts = {
            "logical reports": reports.expected,
            "copies": self._plan.copies,
            "reports in the record": reports.found,
            "attempts on the ledger": sum(entry.sent + entry.impostors for entry in book.values()),
            "answers by HTTP": attempts,
            "409, 429 and 503 of them": sum(self._statuses[code] for code in (409, 429, 503)),
            "unknown outcomes": sum(sum(entry.unknown.values()) for entry in book.values()),
            "first unknown, yet committed (keys)": sum(entry.committed_unseen for entry in book.values()),
            "answers lost after the commit": self._place.http.counts["answers lost"],
            "422 to impostors": impostors,
            "impostors by Kafka rejected": records.rejected,
            "Kafka records": asdict(records),
            "events": asdict(events),
            "killed": dict(self._place.killed),
        }
        return Account(wrongs, facts)

    async def _records(self, topic: list[Ticket], found: Mapping[str, object]) -> Records:
        impostors = [v.saying.changed for v in self._plan.second if v.impostor]
        planted = {digest(one.record()): REUSED for one in impostors}
        hotline = {key for key in found if key.startswith("hotline:")}
        return reckon_records(topic, planted, hotline, await record.rejects(self._place))

    async def _work(
        self, waiting: Iterator[Volley], http: HttpSender, kafka: KafkaSender, progress: Progress, dice: random.Random
    ) -> None:
        for volley in waiting:
            if volley.saying.by_http:
                sends = [
                    http.send(volley.saying, dice.uniform(0.005, 0.3), impostor=volley.impostor)
                    for _ in range(volley.copies)
                ]
            else:
                sends = [kafka.send(volley.saying) for _ in range(volley.copies)]
            await asyncio.gather(*sends)
            progress.done += 1

    async def _tables(self, dice: random.Random) -> None:
        clerk = Importer(self._place, self._ledger)
        for name, rows, by_http in (("k", self._plan.table, False), ("h", self._plan.http_table, True)):
            await clerk.send(f"{name}-first", rows, by_http=by_http)
            await clerk.send(f"{name}-again", reordered(rows, dice), by_http=by_http)

    async def _kill(self, fault: Fault) -> None:
        self._place.kill(fault.target)

    async def _cut_broker(self, _: Fault) -> None:
        if self._place.broker is not None:
            self._place.broker.cut()


async def _topic_anew(place: Town) -> None:
    def delete() -> None:
        admin = KafkaAdminClient(bootstrap_servers=place.settings.kafka_bootstrap)
        try:
            admin.delete_topics([place.hotline])
        finally:
            admin.close()

    bootstrap = place.settings.kafka_bootstrap
    await asyncio.to_thread(delete)
    while place.hotline not in await missing_topics(bootstrap, place.prefix):
        await asyncio.sleep(0.1)
    await create_topics(bootstrap, place.prefix)
