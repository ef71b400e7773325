"""CPU of our own code by stage, one after the other in one process: parse, accept, file, assign."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec

from bench.bed import bed, fresh
from bench.tickets import tickets
from domain.ids import ReportId
from domain.report import Report
from handlers.accept import accept_many
from handlers.assign import assign_many
from handlers.file import file_many
from handlers.ports import new_id
from runtime.settings import Settings
from runtime.wiring import open_desk
from streams.records import hotline_report

BATCH = 500

Found = list[tuple[str, float, float]]


async def _stage(
    found: Found, name: str, items: Sequence[Any], run: Callable[[Any], Awaitable[list[Any]]]
) -> list[Any]:
    cpu, wall, results = time.process_time(), time.perf_counter(), []
    for start in range(0, len(items), BATCH):
        results += await run(items[start : start + BATCH])
    found.append((name, time.process_time() - cpu, time.perf_counter() - wall))
    return results


async def _parse(values: Sequence[bytes]) -> list[Report]:
    now = datetime.now(UTC)
    return [hotline_report(value, now, ReportId(new_id())) for value in values]


async def _run(settings: Settings, count: int) -> Found:
    found: Found = []
    async with open_desk(settings, "bench-stages") as desk:
        office = desk.office
        values = [msgspec.json.encode(ticket) for ticket in tickets(desk.pack, count)]
        reports = await _stage(found, "parse", values, _parse)
        await _stage(found, "accept", reports, partial(accept_many, office))
        outcomes = await _stage(found, "file", [r.id for r in reports], partial(file_many, office))
        cases = list(dict.fromkeys(outcome.subject for outcome in outcomes))
        await _stage(found, "assign", cases, partial(assign_many, office))
    return found


def main(count: int = 20_000) -> str:
    """The table, as Markdown."""
    with bed() as settings:
        found = asyncio.run(_run(fresh(settings, "stages"), count))
    lines = ["| stage | our CPU, µs an incident | with the database, µs |", "|---|---:|---:|"]
    lines += [f"| {name} | {cpu / count * 1e6:.0f} | {wall / count * 1e6:.0f} |" for name, cpu, wall in found]
    return "\n".join(lines)


if __name__ == "__main__":
    print(main(*map(int, sys.argv[1:])))
