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

_CASES = (
    "id", "no", "version", "state", "source", "urgency", "category", "area", "unit", "overdue", "opened_at",
    "updated_at", "filed_at", "dispatched_at", "lon", "lat", "cell_x", "cell_y", "doc",
    "petitioned",
)  # fmt: skip
_EVENTS = ("subject", "version", "type", "at", "route", "doc")
_TASKS = ("id", "case_id", "unit", "part", "state", "round", "offered_at")
_ALARMS = ("case_id", "clock", "cycle", "rings_at", "share")
_LINKS = ("report_id", "case_id", "opened", "linked_at", "home", "behind", "own", "withdrawn")
_TICKETS = (
    "report_id", "version", "state", "tier", "overdue", "contact_due_at", "answer_due_at", "due_at", "next_due_at",
    "doc",
)  # fmt: skip


async def write(connection: asyncpg.Connection, values: list[bytes], like: Sample) -> None:
    """One transaction with all rows of a batch; COPY, the fastest way there is."""
    tickets = [orjson.loads(value) for value in values]
    n, now = len(tickets), datetime.now(UTC)
    pairs = [(new_id(), new_id()) for _ in range(n)]
    async with connection.transaction():
        await connection.fetch(
            sql("reports_let_in"),
            [report for report, _ in pairs],
            ["hotline"] * n,
            ["hotline:12345"] * n,
            [ticket["ticket_no"] for ticket in tickets],
            [b"\0" * 32] * n,
            [like.report] * n,
            [like.contact] * n,
            ["113.95,27.93"] * n,
            [None] * n,
            [],
            [],
        )
        await _copy(connection, "cases", _CASES, [_case(case, like, now) for _, case in pairs])
        filed = [(case, 1, "case.filed", now, str(case), like.filed) for _, case in pairs]
        sent = [(case, 2, "case.dispatched", now, str(case), like.dispatched) for _, case in pairs]
        await _copy(connection, "events", _EVENTS, filed + sent)
        tasks = [(new_id(), case, like.unit, "lead", "offered", 0, now) for _, case in pairs]
        await _copy(connection, "tasks", _TASKS, tasks)
        await _copy(connection, "alarms", _ALARMS, [(case, "disposal", 1, now, 0.8) for _, case in pairs])
        linked = [(report, case, True, now, True, True, True, False) for report, case in pairs]
        await _copy(connection, "case_reports", _LINKS, linked)
        promised = [(r, 2, "open", "general", False, now, now, now, now, like.ticket) for r, _ in pairs]
        await _copy(connection, "tickets", _TICKETS, promised)
        heard = [(report, 2, "ticket.opened", now, str(report), like.opened) for report, _ in pairs]
        await _copy(connection, "events", _EVENTS, heard)


async def _copy(connection: asyncpg.Connection, table: str, columns: tuple[str, ...], rows: list[tuple]) -> None:
    await connection.copy_records_to_table(table, columns=columns, records=rows)


def _case(case: UUID, like: Sample, now: datetime) -> tuple:
    number, spot = f"YH-{case.hex[-16:]}", case.int % 2_000_000
    return (case, number, 2, "pending_disposal", "hotline", "normal", like.category, like.area, like.unit, False, now,
            now, now, now, 113.95, 27.93, spot, spot, like.case, False)  # fmt: skip


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
