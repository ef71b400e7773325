"""Kafka to dispatched: one worker and one relay, beside a bare loop that writes the same rows and does nothing else.

Before classification, gazetteer and likeness advised on every report, the same benchmark on the same kind of machine
gave 1,550 incidents/s and a ratio of 0.26.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from subprocess import Popen

import asyncpg

from bench.bed import bed, cpu_seconds, fresh, middle, processes
from bench.tickets import publish
from runtime.settings import Settings
from runtime.wiring import read_pack


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run: incidents a second, CPU microseconds an incident by process, SQL statements an incident."""

    rate: float
    cpu: dict[str, float]
    statements: float


async def _ours_left(connection: asyncpg.Connection, count: int) -> int:
    """How much is left; the dear question, who waits for dispatch, is asked only when all is filed."""
    unfiled = count - await connection.fetchval("SELECT count(*) FROM case_reports")
    return unfiled or await connection.fetchval(
        "SELECT count(*) FROM cases WHERE state = 'pending_dispatch' AND doc ->> 'verdict' IS NULL"
    )


async def _bare_left(connection: asyncpg.Connection, count: int) -> int:
    return count - await connection.fetchval("SELECT count(*) FROM case_reports")


async def _measure(
    settings: Settings, count: int, left: Callable[[asyncpg.Connection, int], Awaitable[int]], pids: dict[str, int]
) -> Run:
    """Wait until nothing is left; the clock starts when the first report is in."""
    connection = await asyncpg.connect(settings.database_url)
    try:
        async with asyncio.timeout(60):
            while not await connection.fetchval("SELECT EXISTS (SELECT FROM reports)"):
                await asyncio.sleep(0.02)
        start, before = time.perf_counter(), {name: cpu_seconds(pid) for name, pid in pids.items()}
        await connection.execute("SELECT pg_stat_statements_reset()")
        async with asyncio.timeout(300):
            while await left(connection, count) > 0:
                await asyncio.sleep(0.25)
        seconds = time.perf_counter() - start
        used = {name: (cpu_seconds(pid) - before[name]) / count * 1e6 for name, pid in pids.items()}
        calls = await connection.fetchval(
            "SELECT sum(calls) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid"
            " WHERE d.datname = current_database()"
        )
        return Run(count / seconds, used, float(calls) / count)
    finally:
        await connection.close()


def run_ours(settings: Settings, count: int) -> Run:
    """One worker and one relay on ``count`` tickets that wait on the topic."""
    with processes(settings, ["worker", "relay"]) as running:
        pids = {process.name: process.pid for process in running}
        return asyncio.run(_measure(settings, count, _ours_left, pids))


def run_bare(settings: Settings, count: int) -> Run:
    """The bare loop on the same number of tickets."""
    loop = Popen([sys.executable, "-m", "bench.bare_loop", str(count)], env=settings.environment())
    try:
        return asyncio.run(_measure(settings, count, _bare_left, {"bare loop": loop.pid}))
    finally:
        loop.terminate()
        loop.wait()


def main(count: int = 20_000, rounds: int = 3) -> str:
    """The table, as Markdown."""
    ours, bare = [], []
    with bed() as settings:
        for n in range(rounds):
            for name, run, results in (("ours", run_ours, ours), ("bare", run_bare, bare)):
                own = fresh(settings, f"{name}{n}")
                asyncio.run(publish(own, read_pack(own), count, seed=n + 1))
                results.append(run(own, count))
    ratio = middle([a.rate / b.rate for a, b in zip(ours, bare, strict=True)])
    lines = ["| | incidents/s | CPU µs an incident | SQL statements an incident |", "|---|---:|---|---:|"]
    for name, results in (("one worker and relay", ours), ("bare loop, same rows", bare)):
        cpu = ", ".join(f"{part} {middle([r.cpu[part] for r in results]):.0f}" for part in results[0].cpu)
        statements = middle([r.statements for r in results])
        lines.append(f"| {name} | {middle([r.rate for r in results]):,.0f} | {cpu} | {statements:.3f} |")
    lines.append(f"| **ratio** (median of {rounds} pairs of {count:,}) | **{ratio:.2f}** | | |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(main(*map(int, sys.argv[1:])))
