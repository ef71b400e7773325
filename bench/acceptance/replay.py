"""Replays one city on a machine of its own: import through Kafka, wait until all is dispatched, import once more."""

import asyncio
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import asyncpg
from rich.console import Console

from bench.acceptance.cities import City
from bench.acceptance.ledger import Ledger, found_of, ledger, sizes
from bench.bed import cpu_seconds
from runtime.importing.command import Order, run_import
from runtime.importing.mapping import read_mapping
from runtime.importing.rows import RowFile
from runtime.importing.run import Tally
from runtime.importing.senders import KafkaSender
from runtime.importing.tickets import RowReader
from runtime.machine import Machine, machine
from runtime.settings import load
from streams.offsets import Clerk
from streams.topics import ASSIGN_WORK, FILE_WORK, HOTLINE

_PATIENCE = 600.0  # seconds without any progress
_LOOK_EVERY = 0.5
CALLS, RATE = 1_000, 50.0
"""Tickets sent one by one after the flood, and how many of them a second."""

_PROGRESS = """
    SELECT (SELECT count(*) FROM reports) + (SELECT count(*) FROM rejects), (SELECT count(*) FROM case_reports),
           (SELECT count(*) FROM tasks)"""
_OPEN = """
    SELECT (SELECT count(*) FROM reports r WHERE NOT EXISTS (SELECT FROM case_reports l WHERE l.report_id = r.id))
         + (SELECT count(*) FROM cases WHERE state = 'pending_dispatch' AND doc->>'verdict' IS NULL)"""


@dataclass(frozen=True, slots=True)
class Replay:
    """What was measured. ``seconds`` run from the first row sent to the last case at its department.

    ``at_leisure`` are seconds from sending to dispatch of single tickets, ascending, after the flood. ``cpu`` are the
    seconds each of our processes computed for the flood.
    """

    city: City
    tally: Tally
    ledger: Ledger
    seconds: float
    sent_in: float
    changed_by_repeat: int
    at_leisure: list[float]
    cpu: dict[str, float]

    @property
    def waits(self) -> list[float]:
        """Seconds from receipt to dispatch, ascending."""
        return sorted(one.took for one in self.ledger.found.values() if one.took is not None)


def replay(city: City, home: Path, out: Console) -> Replay:
    """Run it. Raises ``Unavailable`` when servers do not start, ``TimeoutError`` when nothing moves any more."""
    settings = replace(load({}), pack=city.pack, home=home)
    with machine(settings, lambda said: out.print(f"  {said}", highlight=False)) as running:
        order = Order(city.file, city.mapping, report=home / "refused.csv")
        idle = _cpu(running)
        start = datetime.now(UTC)
        tally = run_import(order, running.settings, running.pack, out)
        sent_in = (datetime.now(UTC) - start).total_seconds()
        out.print("  waiting until all of it is dispatched")
        found, before = asyncio.run(_settled(city, running, tally, order))
        cpu = {name: seconds - idle.get(name, 0.0) for name, seconds in _cpu(running).items()}
        out.print("  the same file once more")
        run_import(order, running.settings, running.pack, out)
        after = asyncio.run(_idle(running))
        out.print(f"  {CALLS:,} rows at leisure, {RATE:.0f} a second")
        calm = asyncio.run(_at_leisure(city, running))
    last = max((one.dispatched_at for one in found.found.values() if one.dispatched_at), default=start)
    changed = sum(abs(now - then) for now, then in zip(after, before, strict=True))
    return Replay(city, tally, found, (last - start).total_seconds(), sent_in, changed, calm, cpu)


def _cpu(running: Machine) -> dict[str, float]:
    children = ((process.name, process.child) for process in running.supervisor.processes)
    return {name: cpu_seconds(child.pid) for name, child in children if child is not None and child.pid is not None}


async def _settled(city: City, running: Machine, tally: Tally, order: Order) -> tuple[Ledger, tuple[int, ...]]:
    connection = await asyncpg.connect(running.settings.database_url)
    try:
        before, moved = (), time.monotonic()
        while True:
            now = tuple(await connection.fetchrow(_PROGRESS) or ())
            if now[0] >= tally.sent and not await connection.fetchval(_OPEN):
                break
            if now != before:
                before, moved = now, time.monotonic()
            if time.monotonic() - moved > _PATIENCE:
                raise TimeoutError(f"nothing moves: of {tally.sent} sent, reports and rejects, links, tasks are {now}")
            await asyncio.sleep(_LOOK_EVERY)
        await asyncio.to_thread(_await_no_lag, running)
        source = read_mapping(city.mapping, running.pack.catalogue).source
        return await ledger(connection, source, city.keys, order.report), await sizes(connection)
    finally:
        await connection.close()


async def _idle(running: Machine) -> tuple[int, ...]:
    """The sizes when the worker has read everything there is."""
    await asyncio.to_thread(_await_no_lag, running)
    connection = await asyncpg.connect(running.settings.database_url)
    try:
        return await sizes(connection)
    finally:
        await connection.close()


async def _at_leisure(city: City, running: Machine) -> list[float]:
    """Seconds from sending a ticket to its dispatch, ascending, for rows that come one by one at a steady rate.

    The rows are the file's first ones, under a source of their own; what joins or waits at a desk is left out.
    """
    mapping = read_mapping(city.mapping, running.pack.catalogue)
    mapping = mapping.model_copy(update={"source": f"{mapping.source}-calm"})
    with RowFile(city.file, delimiter=mapping.delimiter) as rows:
        reader = RowReader(mapping, rows.header)
        tickets = [reader.ticket(row.line, row.cells) for row in islice(rows, CALLS)]
    sent: dict[str, datetime] = {}
    async with KafkaSender(running.settings.kafka_bootstrap, running.settings.topic_prefix) as sender:
        start = time.monotonic()
        for n, ticket in enumerate(tickets):
            await asyncio.sleep(start + n / RATE - time.monotonic())
            sent[ticket.said.ticket_no] = datetime.now(UTC)
            await sender.send([ticket])
    connection = await asyncpg.connect(running.settings.database_url)
    try:
        until = time.monotonic() + _PATIENCE
        while len(found := await found_of(connection, mapping.source)) < CALLS or await connection.fetchval(_OPEN):
            if time.monotonic() > until:
                raise TimeoutError(f"{len(found)} of {CALLS} tickets came in")
            await asyncio.sleep(_LOOK_EVERY)
    finally:
        await connection.close()
    ends = {number: one.dispatched_at for number, one in found.items() if one.opened}
    return sorted((end - sent[number]).total_seconds() for number, end in ends.items() if end is not None)


def _await_no_lag(running: Machine) -> None:
    prefix = running.settings.topic_prefix
    topics = [topic.full(prefix) for topic in (HOTLINE, FILE_WORK, ASSIGN_WORK)]
    clerk = Clerk(running.settings.kafka_bootstrap)
    until = time.monotonic() + _PATIENCE
    try:
        while any(place.lag for place in clerk.standings(f"{prefix}.worker", topics).values()):
            if time.monotonic() > until:
                raise TimeoutError("the worker does not come to the end of its topics")
            time.sleep(_LOOK_EVERY)
    finally:
        clerk.close()
