"""A city's past in bulk: lives told by the real law (``bench.lives``), cast many times (``bench.mould``).

A copy's documents are its life's, byte for byte, but for its ids, its case number, its sender's key, its point (within
20 m) and the microseconds of its times. Run alone: ``python -m bench.history CASES`` times it.
"""

import asyncio
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from io import BytesIO
from multiprocessing import get_context

import asyncpg

from bench.bed import bed, fresh
from bench.lives import lives
from bench.mould import TABLES, Mould
from runtime.processes import RELAY
from runtime.settings import Settings
from runtime.wiring import read_pack
from store.pool import connect
from store.seat import reposition

_TOGETHER = 2_000  # cases a transaction
_PARTS = 2


def _copies(settings: Settings, part: int, count: int, now: datetime) -> Iterator[list[str]]:
    """``count`` cases, the oldest first; several parts make different ones."""
    pack, dice = read_pack(settings), random.Random(part)
    moulds = max(min(count, 500), min(count // 50, 4_000))
    made = 0
    for n, life in enumerate(lives(pack, moulds, now, seed=1000 + part), start=1):
        mould = Mould(life)
        while made < count * n // moulds:
            made += 1
            yield mould.copy(made * _PARTS + part, pack.prefix, dice)


async def _write(settings: Settings, part: int, count: int, now: datetime) -> None:
    connection = await asyncpg.connect(settings.database_url, server_settings={"synchronous_commit": "off"})
    piles: list[list[str]] = [[] for _ in TABLES]
    try:
        # the rows are those of a consistent record: to look for each one's parent again would double the time
        await connection.execute("SET session_replication_role = replica")
        for n, copy in enumerate(_copies(settings, part, count, now), start=1):
            for pile, rows in zip(piles, copy, strict=True):
                pile.append(rows)
            if n % _TOGETHER == 0 or n == count:
                async with connection.transaction():
                    for (table, columns), pile in zip(TABLES.items(), piles, strict=True):
                        source = BytesIO("".join(pile).encode())
                        await connection.copy_to_table(table, source=source, columns=columns)
                        pile.clear()
    finally:
        await connection.close()


def _run_part(settings: Settings, part: int, count: int, now: datetime) -> None:
    asyncio.run(_write(settings, part, count, now))


def write_history(settings: Settings, count: int) -> None:
    """Put ``count`` cases of the past into an empty, prepared database, told to the world already, and analysed."""
    now = datetime.now(UTC)
    with ProcessPoolExecutor(_PARTS, mp_context=get_context("spawn")) as pool:
        shares = [count * (part + 1) // _PARTS - count * part // _PARTS for part in range(_PARTS)]
        parts = [pool.submit(_run_part, settings, part, share, now) for part, share in enumerate(shares)]
        for each in parts:
            each.result()
    asyncio.run(_settle(settings, count))


async def _settle(settings: Settings, count: int) -> None:
    pool = await connect(settings.database_url, size=1, application="bench-history")
    try:
        await reposition(pool, RELAY, None)
        await pool.execute("SELECT setval('case_serial', $1)", count + _PARTS)
        await pool.execute("VACUUM (ANALYZE)", timeout=1800)
        await pool.execute("CHECKPOINT", timeout=1800)
    finally:
        await pool.close()


async def _sizes(settings: Settings) -> str:
    connection = await asyncpg.connect(settings.database_url)
    try:
        sizes = [
            f"{table} {await connection.fetchval(f'SELECT count(*) FROM {table}'):,} rows"  # noqa: S608
            f" {await connection.fetchval('SELECT pg_total_relation_size($1::regclass)', table) / 2**20:,.0f} MB"
            for table in TABLES
        ]
        return "; ".join(sizes)
    finally:
        await connection.close()


def main(count: int = 100_000) -> str:
    """One line: how long it took, and what is there then."""
    with bed() as settings:
        own = fresh(settings, "history")
        start = time.perf_counter()
        write_history(own, count)
        took = time.perf_counter() - start
        return f"{count:,} cases in {took:.0f} s: {asyncio.run(_sizes(own))}"


if __name__ == "__main__":
    print(main(*map(int, sys.argv[1:])))
