"""The references that benchmarks are read against keep up with the record: they write what its tables want."""

import json

from bench.bare_loop import write
from bench.sample import sample
from bench.tickets import tickets
from runtime.settings import load
from runtime.wiring import read_pack
from store.pool import connect
from tests.conftest import fresh_database

MANY = 3
SAME = ("reports", "cases", "tasks", "alarms", "case_reports", "tickets")


async def test_the_bare_loop_writes_the_rows_of_dispatched_reports(postgres_dsn: str) -> None:
    values = [json.dumps(ticket).encode() for ticket in tickets(read_pack(load()), MANY)]
    async with fresh_database(postgres_dsn) as dsn:
        pool = await connect(dsn, size=1, application="bare-loop")
        try:
            async with pool.acquire() as connection:
                await write(connection, values, sample())
            counts = {table: await pool.fetchval(f"SELECT count(*) FROM {table}") for table in SAME}  # noqa: S608
            events = await pool.fetchval("SELECT count(*) FROM events")
        finally:
            await pool.close()
    assert counts == dict.fromkeys(SAME, MANY)
    assert events >= 3 * MANY, "filed, dispatched, and the ticket's"
