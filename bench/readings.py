"""Raw readings: how fast they are kept beside a bare COPY of the same rows, what they weigh, how fast a chart is drawn.

``python -m bench.readings [MILLIONS]`` on the database of ``CITYLOOP_DATABASE_URL``, else an embedded one.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from domain.device import Device
from runtime.embedded import EmbeddedPostgres
from store.device_views import DeviceViews, Span
from store.pool import Pool, connect
from store.readings import COLUMNS, RawReadings, copied
from store.unit import Store
from tests.conftest import fresh_database

BATCH, DEVICES, POINTS, CHARTS = 20_000, 2_000, 500, 200
BARE = """CREATE TABLE bare (
    at timestamptz NOT NULL, value double precision NOT NULL, device integer NOT NULL, flags smallint NOT NULL
)"""


def batches(total: int, begin: datetime) -> Iterator[RawReadings]:
    """A day of ``total`` readings of ``DEVICES`` devices as they come: mixed within a batch, batches by time."""
    dice, first = np.random.default_rng(1), round(begin.timestamp() * 1000)
    for start in range(0, total, BATCH):
        number = np.arange(start, start + BATCH)
        yield RawReadings(
            dice.permutation(number % DEVICES).astype(np.int32),
            first + number * 86_400_000 // total,
            dice.normal(size=BATCH),
            np.zeros(BATCH, np.int16),
        )


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def bare(pool: Pool, total: int, begin: datetime) -> float:
    """Rows/s of COPY into a table without index or partitions, a transaction a batch, the bytes made beforehand."""
    await pool.execute(BARE)
    spent = 0.0
    for batch in batches(total, begin):
        body = copied(batch)
        since = time.perf_counter()
        async with pool.acquire() as connection, connection.transaction():
            await connection.copy_to_table("bare", source=_whole(body), columns=COLUMNS, format="binary")
        spent += time.perf_counter() - since
    await pool.execute("DROP TABLE bare")
    return total / spent


async def kept(pool: Pool, total: int, begin: datetime) -> float:
    """Rows/s of the handler's road: marks taken, readings kept in their day with its index, marks moved."""
    store, spent, offset = Store(pool), 0.0, 0
    async with store.unit() as unit:
        await unit.reading_days.make(30)
    for batch in batches(total, begin):
        since = time.perf_counter()
        async with store.unit() as unit:
            await unit.readings.marks("bench", [0])
            await unit.readings.keep(batch, 30)
            offset += 1
            await unit.readings.advance("bench", {0: offset})
        spent += time.perf_counter() - since
    return total / spent


async def charts(pool: Pool, begin: datetime) -> tuple[list[float], str]:
    """Milliseconds of charts of a whole day, a device each; and the plan of one."""
    views, span = DeviceViews(pool), Span(begin, begin + timedelta(days=1))
    spent = []
    for number in range(CHARTS):
        since = time.perf_counter()
        found = await views.chart(Device("d", "k", "d", no=number * 7 % DEVICES), span, timedelta(days=1) / POINTS)
        spent.append((time.perf_counter() - since) * 1000)
        assert found
    rows = await pool.fetch(
        "EXPLAIN SELECT count(*) FROM readings WHERE device = 7 AND at >= $1 AND at < $2", span.since, span.until
    )
    return spent, " / ".join(row[0].strip() for row in rows)


async def measure(server: str, millions: int) -> None:
    """Print the figures."""
    total = millions * 1_000_000
    begin = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    async with fresh_database(server) as dsn:
        pool = await connect(dsn, size=2, application="bench-readings")
        plain, road = await bare(pool, min(total, 2_000_000), begin), await kept(pool, total, begin)
        print(f"kept {road:,.0f} readings/s of {millions} million; bare COPY of the same rows {plain:,.0f} rows/s")
        await pool.execute("ANALYZE readings")
        table, index = await pool.fetchrow(
            "SELECT sum(pg_table_size(relid)), sum(pg_indexes_size(relid)) FROM pg_partition_tree('readings')"
            " WHERE isleaf"
        ) or (0, 0)
        print(f"{table / total:.1f} bytes a reading and {index / total:.1f} of index")
        spent, plan = await charts(pool, begin)
        print(f"a chart of {total // DEVICES} readings: {median(spent):.1f} ms, at most {max(spent):.1f} ms; {plan}")
        await pool.close()


@contextmanager
def _server() -> Iterator[str]:
    given = os.environ.get("CITYLOOP_DATABASE_URL")
    if given:
        yield given
        return
    with TemporaryDirectory(prefix="cityloop-bench-") as home:
        Path(home).chmod(0o755)
        with EmbeddedPostgres(Path(home) / "postgres") as database:
            yield database.dsn


if __name__ == "__main__":
    with _server() as address:
        asyncio.run(measure(address, int(sys.argv[1]) if len(sys.argv) > 1 else 10))
