"""Resident memory of each process: at rest, and after a flood of incidents went through it."""

import asyncio
import sys
import time

import asyncpg

from bench.bed import bed, fresh, processes, resident_mb
from bench.tickets import publish
from runtime.settings import Settings
from runtime.wiring import read_pack

KINDS = ("api", "worker", "relay", "sweep")


async def _await_filed(settings: Settings, count: int) -> None:
    connection = await asyncpg.connect(settings.database_url)
    try:
        async with asyncio.timeout(600):
            while await connection.fetchval("SELECT count(*) FROM case_reports") < count:
                await asyncio.sleep(1)
    finally:
        await connection.close()


def main(count: int = 100_000) -> str:
    """The table, as Markdown; megabytes."""
    with bed() as settings:
        own = fresh(settings, "memory")
        with processes(own, KINDS) as running:
            time.sleep(15)
            rest = {process.name: resident_mb(process.pid or 0) for process in running}
            asyncio.run(publish(own, read_pack(own), count))
            asyncio.run(_await_filed(own, count))
            time.sleep(5)
            after = {process.name: resident_mb(process.pid or 0) for process in running}
    lines = [f"| process | at rest, MB | after {count:,} incidents, MB |", "|---|---:|---:|"]
    lines += [f"| {kind} | {rest[kind]:.0f} | {after[kind]:.0f} |" for kind in KINDS]
    return "\n".join(lines)


if __name__ == "__main__":
    print(main(*map(int, sys.argv[1:])))
