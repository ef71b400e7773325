"""The reference of bench.pipeline: getmany, orjson, the same rows into the same tables; nothing is decided.

Documents are those of one sample case, so that the rows are as wide as ours.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer

from bench.sample import Sample, sample
from handlers.ports import new_id
from store.pool import connect
from store.queries import sql

_CASES = """INSERT INTO cases (id, no, version, state, source, urgency, category, area, unit, overdue, opened_at,
    updated_at, filed_at, dispatched_at, lon, lat, cell_x, cell_y, doc)
SELECT g.id, g.no, 2, 'pending_disposal', 'hotline', 'normal', $4, $5, $6, false, $7, $7, $7, $7,
    113.95, 27.93, g.x, g.x, $3
FROM unnest($1::uuid[], $2::text[], $8::integer[]) AS g (id, no, x)"""
_EVENTS = """INSERT INTO events (subject, version, type, at, route, doc)
SELECT g.id, $2, $3, $5, g.id::text, $4 FROM unnest($1::uuid[]) AS g (id)"""
_TASKS = """INSERT INTO tasks (id, case_id, unit, part, state, round, offered_at)
SELECT g.id, g.case_id, $3, 'lead', 'offered', 0, $4 FROM unnest($1::uuid[], $2::uuid[]) AS g (id, case_id)"""
_DEADLINES = """INSERT INTO deadlines (case_id, clock, cycle, due_at)
SELECT g.id, 'disposal', 1, $2 FROM unnest($1::uuid[]) AS g (id)"""
_LINKS = """INSERT INTO case_reports (report_id, case_id, opened, linked_at)
SELECT g.report_id, g.case_id, true, $3 FROM unnest($1::uuid[], $2::uuid[]) AS g (report_id, case_id)"""


async def write(connection: asyncpg.Connection, values: list[bytes], like: Sample) -> None:
    """One transaction with all rows of a batch."""
    tickets = [orjson.loads(value) for value in values]
    n, now = len(tickets), datetime.now(UTC)
    reports, cases, tasks = ([new_id() for _ in range(n)] for _ in range(3))
    async with connection.transaction():
        await connection.fetch(
            sql("reports_let_in"),
            reports,
            ["hotline"] * n,
            ["hotline:12345"] * n,
            [ticket["ticket_no"] for ticket in tickets],
            [b"\0" * 32] * n,
            [like.report] * n,
            [like.contact] * n,
            ["113.95,27.93"] * n,
        )
        numbers, cells = [_number(case) for case in cases], [case.int % 2_000_000 for case in cases]
        await connection.execute(_CASES, cases, numbers, like.case, like.category, like.area, like.unit, now, cells)
        await connection.execute(_EVENTS, cases, 1, "case.filed", like.filed, now)
        await connection.execute(_EVENTS, cases, 2, "case.dispatched", like.dispatched, now)
        await connection.execute(_TASKS, tasks, cases, like.unit, now)
        await connection.execute(_DEADLINES, cases, now)
        await connection.execute(_LINKS, reports, cases, now)


def _number(case: UUID) -> str:
    return f"YH-{case.hex[-16:]}"


async def run(count: int) -> None:
    """Read until ``count`` tickets are written."""
    topic = f"{os.environ['CITYLOOP_TOPIC_PREFIX']}.intake.hotline.v1"
    like = sample()
    pool = await connect(os.environ["CITYLOOP_DATABASE_URL"], size=1, application="bare-loop")
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=os.environ["CITYLOOP_KAFKA_BOOTSTRAP"],
        group_id=f"{topic}.bare",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    written = 0
    while written < count:
        found = await consumer.getmany(timeout_ms=200, max_records=500)
        values = [record.value for records in found.values() for record in records]
        if values:
            async with pool.acquire() as connection:
                await write(connection, values, like)
            await consumer.commit()
            written += len(values)
    await consumer.stop()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1])))
