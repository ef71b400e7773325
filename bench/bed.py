"""The test bed: real servers for one benchmark run, a fresh database each time, and the CPU its processes used."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

import asyncpg

from runtime.bringup import issue_missing_keys, prepare
from runtime.settings import Settings, load
from runtime.supervisor import Process, servers
from runtime.wiring import read_pack

_TICK = os.sysconf("SC_CLK_TCK")


@contextmanager
def bed() -> Iterator[Settings]:
    """Settings of running servers under a temporary home, nobody held to a rate; everything is gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="cityloop-bench-"))
    home.chmod(0o755)
    try:
        with servers(replace(load(), home=home, rates=0.0), lambda _: None) as found:
            yield found.settings
    finally:
        shutil.rmtree(home, ignore_errors=True)


def fresh(settings: Settings, name: str) -> Settings:
    """The same servers with an empty database and topics of their own, prepared, with keys in its own home."""

    async def create() -> None:
        connection = await asyncpg.connect(settings.database_url)
        try:
            await connection.execute(f'CREATE DATABASE "{name}"')
        finally:
            await connection.close()

    async def count_statements() -> None:
        connection = await asyncpg.connect(own.database_url)
        try:
            await connection.execute("CREATE EXTENSION pg_stat_statements")
        finally:
            await connection.close()

    asyncio.run(create())
    base, _, _ = settings.database_url.rpartition("/")
    home = settings.home / name
    home.mkdir()
    own = replace(settings, database_url=f"{base}/{name}", topic_prefix=name, home=home)
    asyncio.run(count_statements())
    asyncio.run(prepare(own, read_pack(own), lambda _: None))
    asyncio.run(issue_missing_keys(own))
    return own


@contextmanager
def processes(settings: Settings, kinds: Sequence[str]) -> Iterator[list[Process]]:
    """Run the named kinds of processes."""
    running = [Process(kind, (kind,), settings.environment(), settings.home) for kind in kinds]
    for process in running:
        process.start()
    try:
        yield running
    finally:
        for process in running:
            process.stop()


def cpu_seconds(pid: int) -> float:
    """CPU time a process has used so far, user and system, its children included (PostgreSQL forks them)."""
    total = _own_seconds(pid)
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        total += cpu_seconds(int(child))
    return total


def _own_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / _TICK


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def middle(values: Sequence[float]) -> float:
    """The median."""
    return median(values)
