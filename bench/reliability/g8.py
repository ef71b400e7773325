"""T-G8, conservation: every record read is accepted, known, or rejected with its reason; a database that is away makes
no rejects; a poison record delays its own partition hardly, and others not at all.

Faults: 1 % poison of 42 kinds, workers killed, answers of the database lost, the database held and then gone, the
broker's lines reset, and records that wait for another transaction.
"""

import asyncio
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

import asyncpg

from bench.reliability import record
from bench.reliability.delays import Window, delays
from bench.reliability.doors import KafkaSender
from bench.reliability.ledger import Entry, Ledger, digest, entries, read
from bench.reliability.poison import KINDS, Poison
from bench.reliability.reckoning import Account, reckon_records, reckon_reports
from bench.reliability.sayings import HEADERS, Saying, sayings
from bench.reliability.schedule import Fault, carry_out, spread
from bench.reliability.town import Ground, Town, in_home, town
from streams.topics import HOTLINE

_TICK = 0.05
_COPIES = 0.02
_CALM, _ONLY_SLOW = 0.15, 0.4
_ANSWERS_LOST, _SLOW_DATABASE = 0.5, 2.0  # seconds
_EACH_WAY = 0.05  # seconds a slow database takes longer to hear and to answer


@dataclass(frozen=True, slots=True)
class Size:
    """How much: records in all and a second, worker kills, seconds without database, slow records and their seconds.

    ``poison`` is the share of poison; ``careless`` employs a control's workers.
    """

    records: int
    rate: float
    kills: int
    outage: float
    slow: int
    slow_seconds: float
    broker_resets: int = 0
    poison: float = 0.01
    careless: str = ""


SHORT = Size(1_200, 150, 2, 5.0, 1, 1.0, poison=0.05)
OFFSET_FIRST = Size(600, 150, 1, 4.0, 0, 0.0, careless="offset-first")
DEAD_LETTER = Size(600, 150, 1, 4.0, 0, 0.0, careless="dead-letter")
LONG = Size(20_000, 200, 5, 20.0, 9, 10.0, 2)


@dataclass(frozen=True, slots=True)
class Sent:
    """One record to be sent. ``slow``: another transaction holds its number while it arrives."""

    saying: Saying
    partition: int
    poison: Poison | None = None
    slow: bool = False

    @property
    def key(self) -> str:
        """What it goes by on the ledger: a poison record has no report."""
        return f"poison/{self.saying.number}" if self.poison else self.saying.key


@dataclass(slots=True)
class Progress:
    """How far the sender has come."""

    planned: int
    done: int = 0
    windows: list[Window] = field(default_factory=list)

    def share(self) -> float:
        """From 0 to 1."""
        return self.done / self.planned


def plan(size: Size, made: Sequence[Saying], dice: random.Random) -> Iterator[Sent]:
    """The records in order: each kind of poison in turn, copies of earlier ones, slow ones evenly after the calm."""
    poisoned = set(dice.sample(range(size.records), round(size.records * size.poison)))
    slow = {round(size.records * (_CALM + (1 - _CALM) * n / size.slow)) for n in range(size.slow)} if size.slow else ()
    kinds = [*KINDS.values()]
    dice.shuffle(kinds)
    good: list[Saying] = []
    for n, saying in enumerate(made[: size.records]):
        partition = dice.randrange(HOTLINE.partitions)
        if n in poisoned:
            yield Sent(saying, partition, kinds[len(poisoned & set(range(n))) % len(kinds)](saying))
        elif n in slow:
            yield Sent(saying, partition, slow=True)
        elif good and dice.random() < _COPIES:
            yield Sent(dice.choice(good), partition)
        else:
            good.append(saying)
            yield Sent(saying, partition)


def schedule(size: Size, seed: int) -> list[Fault]:
    """The faults of a drill, from its seed. One of the kills falls into the outage, which brings it along."""
    dice = random.Random(seed)
    kills = spread(dice, size.kills - 1, "kill", ("worker-0", "worker-1"), begin=_ONLY_SLOW)
    resets = spread(dice, size.broker_resets, "reset broker", begin=_ONLY_SLOW)
    # not in a control: what was carried out although nobody heard of it could not be lost in the outage
    in_doubt = [] if size.careless else [Fault(0.41, "lose answers", "", _ANSWERS_LOST)]
    slow = Fault(0.9, "slow database", "", _SLOW_DATABASE)
    return sorted([*kills, *resets, *in_doubt, slow, Fault(0.5, "outage", "worker-0", size.outage)])


async def drill(ground: Ground, size: Size, seed: int) -> Account:
    """Play it and account for it."""
    async with town(ground, apis=1, workers=2, careless=size.careless) as place:
        await _dealt_out(place)
        dice = random.Random(seed)
        planned = list(plan(size, list(sayings(place.machine.pack, size.records, seed)), dice))
        path = in_home(place, "ledger.jsonl")
        progress = Progress(len(planned))
        with Ledger(path) as ledger:
            async with KafkaSender(place, ledger, dice) as kafka, asyncio.TaskGroup() as together:
                faults = _Faults(place)
                does = {
                    "kill": faults.kill, "outage": faults.outage, "lose answers": faults.lose_answers,
                    "reset broker": faults.reset_broker, "slow database": faults.slow_database,
                }  # fmt: skip
                together.create_task(carry_out(schedule(size, seed), does, progress.share))
                together.create_task(_send(place, kafka, planned, size, progress))
        await record.settled(place)
        return await _account(place, entries(read(path)), planned, progress, faults)


async def _send(place: Town, kafka: KafkaSender, planned: Sequence[Sent], size: Size, progress: Progress) -> None:
    """At a steady rate, whatever happens to those who read."""
    start = time.monotonic()
    step = max(1, round(size.rate * _TICK))
    async with asyncio.TaskGroup() as slow:
        for first in range(0, len(planned), step):
            await asyncio.sleep(start + first / size.rate - time.monotonic())
            now = planned[first : first + step]
            for each in now:
                if each.slow:
                    slow.create_task(_hold(place, each, await _held(place, each.saying), size, progress))
            await asyncio.gather(*(_put(kafka, each) for each in now))
            progress.done += len(now)


async def _put(kafka: KafkaSender, sent: Sent) -> None:
    headers = sent.poison.headers if sent.poison else HEADERS
    value = sent.poison.value if sent.poison else _value(sent)
    await kafka.put(sent.key, sent.saying.number, value, headers, sent.partition)


def _value(sent: Sent) -> bytes:
    return sent.saying.record() if sent.poison is None else sent.poison.value or b""


async def _held(place: Town, saying: Saying) -> "asyncpg.Connection[asyncpg.Record]":
    """Another transaction writes a report under the same number and does not end: whoever comes after it must wait."""
    connection = await asyncpg.connect(place.dsn)
    origin, _, number = saying.key.partition("/")
    await connection.execute("BEGIN")
    await connection.execute(
        "INSERT INTO reports (id, source, origin, origin_key, fingerprint, doc)"
        " VALUES (gen_random_uuid(), 'hotline', $1, $2, '', '{}')",
        origin,
        number,
    )
    return connection


async def _hold(
    place: Town, sent: Sent, holder: "asyncpg.Connection[asyncpg.Record]", size: Size, progress: Progress
) -> None:
    begin = time.time()
    try:
        owners = await asyncio.to_thread(record.owners, place)
        await asyncio.sleep(size.slow_seconds - (time.time() - begin))
        await holder.execute("ROLLBACK")
    finally:
        await holder.close()
    waiting = frozenset(p for p, owner in owners.items() if owner == owners.get(sent.partition))
    if progress.share() <= _ONLY_SLOW:
        progress.windows.append(Window(begin, time.time(), waiting))


async def _dealt_out(place: Town) -> None:
    """Until both workers have partitions of the hotline topic."""
    async with asyncio.timeout(90):
        while len(owners := await asyncio.to_thread(record.owners, place)) < HOTLINE.partitions or len(
            set(owners.values())
        ) < len(place.workers):
            await asyncio.sleep(0.2)


class _Faults:
    def __init__(self, place: Town) -> None:
        self._place = place
        self.waits = 0.0

    async def kill(self, fault: Fault) -> None:
        self._place.kill(fault.target)

    async def reset_broker(self, _: Fault) -> None:
        if self._place.broker is not None:
            self._place.broker.reset()

    async def lose_answers(self, fault: Fault) -> None:
        """The database does what it is asked, and nobody hears of it: commits in doubt."""
        self._place.database.loses = lambda _: True
        await asyncio.sleep(fault.seconds)
        self._place.database.loses = None

    async def slow_database(self, fault: Fault) -> None:
        """Everything gets through, late."""
        self._place.database.delay = _EACH_WAY
        await asyncio.sleep(fault.seconds)
        self._place.database.delay = 0.0

    async def outage(self, fault: Fault) -> None:
        """Nothing comes through at first, then nobody listens any more; a worker dies in the middle of it."""
        database, begin = self._place.database, time.monotonic()
        database.hold()
        await asyncio.sleep(fault.seconds / 4)
        await database.refuse()
        database.go_on()
        await asyncio.sleep(fault.seconds / 2 - (time.monotonic() - begin))
        self._place.kill(fault.target)
        await asyncio.sleep(fault.seconds - (time.monotonic() - begin))
        await database.accept()
        self.waits = time.monotonic() - begin


async def _account(
    place: Town, book: Mapping[str, Entry], planned: Sequence[Sent], progress: Progress, faults: _Faults
) -> Account:
    found = await record.reports(place)
    topic = await record.tickets(place)
    good = {key: entry for key, entry in book.items() if not key.startswith("poison/")}
    planted = {digest(_value(one)): one.poison.code for one in planned if one.poison}
    records = reckon_records(topic, planted, found.keys(), await record.rejects(place))
    reports = reckon_reports(good, found)
    events = await record.events(place)
    wrongs = {
        "lost": reports.lost + reports.expected - reports.acked,
        "phantom": reports.phantom,
        "duplicate reports": reports.duplicate,
        "reports without exactly one home case": reports.homeless,
        "records unaccounted for": abs(records.unaccounted),
        "false rejects": records.false_rejects,
        "poison not rejected": records.missing_rejects,
        "poison rejected under another code": records.wrong_codes,
        "unpublished": events.unpublished,
        "ghost events": events.ghosts,
        "gaps in applied state": events.gaps,
    }
    calm = [digest(_value(one)) for one in planned[: round(len(planned) * _CALM)]]
    bad = [one.poison for one in planned if one.poison]
    facts = {
        **asdict(records),
        "poison planted": len(bad),
        "kinds of poison": min(len(bad), len(KINDS)),
        "unknown to the sender": sum(sum(entry.unknown.values()) for entry in book.values()),
        "database away, seconds": round(faults.waits, 1),
        "answers of the database lost": place.database.counts["answers lost"],
        "killed": dict(place.killed),
        "events": asdict(events),
        **delays(topic, planted, found, calm, progress.windows),
    }
    return Account(wrongs, facts)
