"""T-G1, acknowledged is durable: what a sender was told is safe is in the record, whatever dies afterwards.

Faults: SIGKILL of the API, the worker, the relay, the sweep, PostgreSQL and Kafka in turn, on a machine of its own.
"""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bench.reliability import record
from bench.reliability.doors import HttpSender, KafkaSender
from bench.reliability.ledger import Entry, Ledger, entries, read
from bench.reliability.proxy import FaultProxy
from bench.reliability.reckoning import Account, reckon_records, reckon_reports
from bench.reliability.sayings import sayings
from bench.reliability.schedule import Fault, carry_out, spread
from bench.reliability.town import Town, in_home
from runtime.embedded.server import accepts
from runtime.machine import machine
from runtime.settings import Settings

VICTIMS = ("api", "worker", "relay", "sweep", "postgres", "kafka")
_CLIENTS = 8
_PATIENCE = 5.0
_MORE_THAN_ENOUGH = 10_000_000


@dataclass(frozen=True, slots=True)
class Size:
    """Seconds of load, and kills within them."""

    seconds: float
    kills: int


SHORT = Size(30.0, 12)
LONG = Size(300.0, 60)


def schedule(size: Size, seed: int) -> list[Fault]:
    """The victims in turn, one somewhere in each of equal parts of the time."""
    return spread(random.Random(seed), size.kills, "kill", VICTIMS)


async def drill(home: Path, size: Size, seed: int) -> Account:
    """Play it on servers of its own under ``home``, and account for it."""
    async with AsyncExitStack() as stack:
        running = machine(Settings(home=home), lambda _: None)
        found = await asyncio.to_thread(running.__enter__)
        stack.push_async_callback(asyncio.to_thread, running.__exit__, None, None, None)
        http = await stack.enter_async_context(FaultProxy(found.settings.api_port))
        place = Town(found, found.settings.database_url, FaultProxy(), http, None)
        path = in_home(place, "ledger.jsonl")
        killed: Counter[str] = Counter()
        with Ledger(path) as ledger:
            strangers = await _play(place, ledger, size, seed, killed)
        await record.settled(place)
        return await _account(place, entries(read(path)), killed, strangers)


async def _play(place: Town, ledger: Ledger, size: Size, seed: int, killed: Counter[str]) -> int:
    begin = time.monotonic()

    def progress() -> float:
        return (time.monotonic() - begin) / size.seconds

    async def kill(fault: Fault) -> None:
        killed[fault.target] += await asyncio.to_thread(_kill, place, fault.target)

    said = sayings(place.machine.pack, _MORE_THAN_ENOUGH, seed)

    async def report() -> None:
        while progress() < 1:
            await http.send(replace(next(said), by_http=True), _PATIENCE)

    async def call() -> None:
        while progress() < 1:
            await kafka.send(next(said))

    http = HttpSender(place, ledger)
    async with KafkaSender(place, ledger, random.Random(seed)) as kafka:
        async with asyncio.TaskGroup() as together:
            together.create_task(carry_out(schedule(size, seed), {"kill": kill}, progress))
            together.create_task(call())
            for _ in range(_CLIENTS):
                together.create_task(report())
        return http.strangers


def _kill(place: Town, name: str) -> int:
    """SIGKILL a process or a server; the supervisor brings it back. Returns how many died: 0 if it is not back yet.

    A server is spared until it listens: killed at every start, it would be away for the rest of the drill.
    """
    supervisor = place.machine.supervisor
    for server in supervisor.embedded:
        if server.name == name:
            up = server.alive and accepts(server.port)
            if up:
                server.kill()
            return int(up)
    for process in supervisor.processes:
        pid = process.pid
        if process.name == name and pid is not None:
            os.kill(pid, signal.SIGKILL)
            return 1
    return 0


async def _account(place: Town, book: Mapping[str, Entry], killed: Counter[str], strangers: int) -> Account:
    found = await record.reports(place)
    reports = reckon_reports(book, found)
    hotline = {key for key in found if key.startswith("hotline:")}
    records = reckon_records(await record.tickets(place), {}, hotline, await record.rejects(place))
    events = await record.events(place)
    wrongs = {
        "lost": reports.lost + reports.expected - reports.acked,
        "phantom": reports.phantom,
        "duplicate reports": reports.duplicate,
        "reports without exactly one home case": reports.homeless,
        "answers that named another report": reports.misnamed,
        "refused": sum(sum(entry.refused.values()) for entry in book.values()),
        "rejects": records.rejected,
        "records unaccounted for": abs(records.unaccounted),
        "5xx but 503, or refusals not problem+json": strangers,
        "unpublished": events.unpublished,
        "ghost events": events.ghosts,
        "gaps in applied state": events.gaps,
    }
    facts = {
        "acknowledged": reports.acked,
        "unknown outcomes": sum(sum(entry.unknown.values()) for entry in book.values()),
        "first unknown, yet committed (keys)": sum(entry.committed_unseen for entry in book.values()),
        "Kafka records": asdict(records),
        "events": asdict(events),
        "killed": dict(killed),
    }
    return Account(wrongs, facts)
