"""The outbox loses nothing and never turns a case's story around, however its writers overlap.

Beside the way we read stand two ways that look as good and are not: they must fail here, else this test proves nothing.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from domain.actor import SYSTEM
from domain.case import State
from domain.events import Event
from domain.ids import CaseId
from handlers.ports import new_id
from store.events import Position
from store.pool import Pool, connect
from store.seat import Seat, seat
from store.unit import Store, Unit

WRITERS = 16
TRANSACTIONS = 40
SUBJECTS = 12

Key = tuple[UUID, int]


@pytest.fixture(scope="module")
async def lines(fresh_dsn: str) -> AsyncIterator[Pool]:
    """Enough connections for all writers and readers at once."""
    pool = await connect(fresh_dsn, size=WRITERS + 6, application="tests-outbox")
    yield pool
    await pool.close()


@dataclass(slots=True)
class Ledger:
    """What was committed, by the word of those who committed it."""

    committed: set[Key] = field(default_factory=set)
    rolled_back: int = 0
    done: bool = False


class ChangeOfMind(Exception):
    """A transaction that its writer takes back."""


def step(case: UUID, version: int) -> Event:
    return Event(CaseId(case), version, "noted", datetime.now(UTC), SYSTEM, State.DISPOSING)


async def newest(unit: Unit, case: UUID) -> int:
    found: int = await unit._connection.fetchval("SELECT count(*) FROM events WHERE subject = $1", case)
    return found


async def write(store: Store, subjects: Sequence[UUID], dice: random.Random, ledger: Ledger) -> None:
    """One writer's day: transactions of random length on random cases, some of them taken back."""
    for _ in range(TRANSACTIONS):
        chosen = dice.sample(subjects, dice.choice([1, 1, 1, 2, 3]))
        written: list[Key] = []
        try:
            async with store.unit(lock=chosen) as unit:
                for case in chosen:
                    version = await newest(unit, case) + 1
                    await unit.events.append([step(case, version + n) for n in range(dice.choice([1, 1, 2]))])
                    written += [(case, v) for v in range(version, await newest(unit, case) + 1)]
                    await asyncio.sleep(dice.choice([0, 0, 0.001, 0.01]))
                if dice.random() < 0.15:
                    raise ChangeOfMind
        except ChangeOfMind:
            ledger.rolled_back += 1
        else:
            ledger.committed.update(written)


async def follow(reader: Seat, ledger: Ledger, limit: int) -> list[Key]:
    """Read as the relay does, until nothing more can come."""
    seen: list[Key] = []
    while True:
        over = ledger.done
        entries = await reader.next(limit)
        if entries:
            await reader.done(entries)
            seen += [(entry.subject, entry.version) for entry in entries]
        elif over:
            return seen
        else:
            await asyncio.sleep(0.001)


async def follow_naively(pool: Pool, start: int, ledger: Ledger) -> list[Key]:
    """Read by the running number alone, as one would at first."""
    seen: list[Key] = []
    last = start
    while True:
        over = ledger.done
        rows = await pool.fetch("SELECT subject, version, seq FROM events WHERE seq > $1 ORDER BY seq LIMIT 50", last)
        if rows:
            last = rows[-1]["seq"]
            seen += [(row["subject"], row["version"]) for row in rows]
        elif over:
            return seen
        else:
            await asyncio.sleep(0.001)


async def test_of_sixteen_writers_every_committed_step_is_read_once_and_in_order(lines: Pool) -> None:
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    subjects, ledger, store = [new_id() for _ in range(SUBJECTS)], Ledger(), Store(lines)
    async with seat(lines, "crowd") as reader:
        assert reader is not None
        start = await lines.fetchval("SELECT coalesce(max(seq), 0) FROM events")
        following = asyncio.create_task(follow(reader, ledger, limit=50))
        naive = asyncio.create_task(follow_naively(lines, start, ledger))
        await asyncio.gather(*(write(store, subjects, random.Random(seed + n), ledger) for n in range(WRITERS)))
        ledger.done = True
        seen, seen_naively = await following, await naive

    assert ledger.rolled_back > 20
    assert len(ledger.committed) > 500
    assert len(seen) == len(set(seen)), "something was read twice"
    assert set(seen) == ledger.committed, f"lost or invented {set(seen) ^ ledger.committed}"
    by_case: dict[UUID, list[int]] = defaultdict(list)
    for case, version in seen:
        by_case[case].append(version)
    assert all(versions == list(range(1, len(versions) + 1)) for versions in by_case.values())
    # the negative control, in the same run on the same writers
    assert set(seen_naively) < ledger.committed, "the naive reader lost nothing: this run proves nothing"


async def test_reading_by_number_loses_what_commits_late_and_the_seat_waits_for_it(lines: Pool) -> None:
    slow, quick = new_id(), new_id()
    store = Store(lines)
    async with seat(lines, "patient") as reader:
        assert reader is not None
        while entries := await reader.next(1000):
            await reader.done(entries)
        start = await lines.fetchval("SELECT coalesce(max(seq), 0) FROM events")
        async with store.unit(lock=[slow]) as unit:
            await unit.events.append([step(slow, 1)])
            async with store.unit(lock=[quick]) as other:
                await other.events.append([step(quick, 1)])
            rows = await lines.fetch("SELECT subject, seq FROM events WHERE seq > $1 ORDER BY seq", start)
            assert [row["subject"] for row in rows] == [quick]
            assert await reader.next(10) == []
        later = await lines.fetch("SELECT subject FROM events WHERE seq > $1 ORDER BY seq", rows[-1]["seq"])
        assert later == [], "the naive reader would find the slow one after all"
        assert [entry.subject for entry in await reader.next(10)] == [slow, quick]


async def raw(dsn: str) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(dsn)


_LOCK = "SELECT pg_advisory_xact_lock($1)"
_ADD = "INSERT INTO events (subject, version, type, at, route, doc) VALUES ($1, $2, 'case.x', now(), 'x', '{}')"


async def order_read(pool: Pool, case: UUID) -> list[int]:
    async with seat(pool, f"look-{case}") as reader:
        assert reader is not None
        return [entry.version for entry in await reader.next(1_000_000) if entry.subject == case]


async def test_writers_that_lock_after_their_first_write_turn_a_story_around(fresh_dsn: str, lines: Pool) -> None:
    """The second control: (tx, seq) order alone is not enough, the lock must come before the transaction's number."""
    case, elsewhere = new_id(), new_id()
    lock = case.int & 0x7FFF_FFFF
    early, late = await raw(fresh_dsn), await raw(fresh_dsn)
    try:
        first, second = early.transaction(), late.transaction()
        await first.start()
        await early.execute(_ADD, elsewhere, 1)  # draws its number before it holds the case
        await second.start()
        await late.execute(_LOCK, lock)
        await late.execute(_ADD, case, 1)
        await second.commit()
        await early.execute(_LOCK, lock)
        await early.execute(_ADD, case, 2)
        await first.commit()
    finally:
        await early.close()
        await late.close()
    assert await order_read(lines, case) == [2, 1]


async def test_with_the_lock_first_the_same_overlap_keeps_the_story(lines: Pool) -> None:
    case, elsewhere = new_id(), new_id()
    store, inside = Store(lines), asyncio.Event()

    async def early() -> None:
        async with store.unit(lock=[elsewhere, case]) as unit:
            await unit.events.append([step(elsewhere, 1)])
            inside.set()
            await asyncio.sleep(0.05)
            await unit.events.append([step(case, await newest(unit, case) + 1)])

    async def late() -> None:
        await inside.wait()
        async with store.unit(lock=[case]) as unit:
            await unit.events.append([step(case, await newest(unit, case) + 1)])

    await asyncio.gather(early(), late())
    assert await order_read(lines, case) == [1, 2]


async def test_locking_draws_no_transaction_number(lines: Pool) -> None:
    """What the order stands on: until its first write a unit of work has no place in the order at all."""
    number = "SELECT pg_current_xact_id_if_assigned()::text"
    async with Store(lines).unit(lock=[new_id(), new_id()]) as unit:
        assert await unit._connection.fetchval(number) is None
        await unit.lock([new_id()])
        await unit.cases.load([CaseId(new_id())])
        assert await unit._connection.fetchval(number) is None
        await unit.events.append([step(new_id(), 1)])
        assert await unit._connection.fetchval(number) is not None


async def test_a_transaction_left_open_elsewhere_holds_the_outbox_back_and_loses_nothing(
    postgres_dsn: str, lines: Pool
) -> None:
    """Numbers are dealt out by the whole cluster: an idler in another database is waited for too."""
    case, store = new_id(), Store(lines)
    idler = await raw(postgres_dsn)
    try:
        sleeping = idler.transaction()
        await sleeping.start()
        await idler.fetchval("SELECT pg_current_xact_id()")
        async with store.unit(lock=[case]) as unit:
            await unit.events.append([step(case, 1)])
        assert await order_read(lines, case) == []
        await sleeping.rollback()
    finally:
        await idler.close()
    assert await order_read(lines, case) == [1]


async def test_the_end_is_where_a_reader_that_begins_now_begins(lines: Pool) -> None:
    case, store = new_id(), Store(lines)
    async with store.unit() as unit:
        end = await unit.events.end()
    async with store.unit(lock=[case]) as unit:
        await unit.events.append([step(case, 1), step(case, 2)])
    async with store.unit() as unit:
        assert [(e.subject, e.version) for e in await unit.events.after(end, 10)] == [(case, 1), (case, 2)]
        assert await unit.events.after(await unit.events.end(), 10) == []
        assert await unit.events.position("nobody yet") == Position()
