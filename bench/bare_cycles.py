"""The reference of bench.lifecycle: one row inserted and updated five times by so many clients, and nothing else.

Every statement is a transaction of its own, durable when it returns; the documents are as wide as a case's.
"""

import asyncio
import sys
import time
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import uvloop

from bench.lives import lives
from runtime.settings import load
from runtime.wiring import read_pack
from store.codec import encode


async def _client(pool: asyncpg.Pool, document: str, until: float) -> int:
    done = 0
    while time.perf_counter() < until:
        own = uuid4()
        await pool.execute("INSERT INTO bare (id, version, doc) VALUES ($1, 1, $2)", own, document)
        for version in range(2, 7):
            await pool.execute("UPDATE bare SET version = $2, doc = $3 WHERE id = $1", own, version, document)
        done += 1
    return done


async def run(dsn: str, clients: int, seconds: float) -> float:
    """Rows a second."""
    told = lives(read_pack(load()), 50, datetime.now(UTC))
    document = next(encode(life.case) for life in told if life.case.state == "closed").decode()
    async with asyncpg.create_pool(dsn, min_size=8, max_size=8) as pool:
        await pool.execute("CREATE TABLE IF NOT EXISTS bare (id uuid PRIMARY KEY, version integer, doc json)")
        start = time.perf_counter()
        done = await asyncio.gather(*(_client(pool, document, start + seconds) for _ in range(clients)))
        return sum(done) / (time.perf_counter() - start)


if __name__ == "__main__":
    print(uvloop.run(run(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))))
