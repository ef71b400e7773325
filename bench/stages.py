"""CPU of our own code by stage, one after the other in one process: parse, accept, file, assign; then by adviser.

The advisers are asked alone about the same reports in batches of 500: they are a part of «file» and «assign».
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec

from bench.bed import bed, fresh
from bench.tickets import tickets
from domain.duplicates import same_incident, suggestions
from domain.ids import CaseId, ReportId
from domain.likeness import Sighting
from domain.report import Report
from handlers.accept import accept_many
from handlers.assign import assign_many
from handlers.file import file_many
from handlers.nearby import Nearby
from handlers.ports import Office, new_id
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


async def _advisers(office: Office, reports: Sequence[Report], cases: Sequence[CaseId]) -> list[tuple[str, float]]:
    """Processor seconds of each adviser over all reports."""
    spent = dict.fromkeys(("where", "what", "tags", "the same one?", "who"), 0.0)
    advisers = office.advisers

    @contextmanager
    def clocked(name: str) -> Iterator[None]:
        begun = time.process_time()
        yield
        spent[name] += time.process_time() - begun

    for start in range(0, len(reports), BATCH):
        batch = reports[start : start + BATCH]
        with clocked("where"):
            places = advisers.where.places_of(batch)
        with clocked("what"):
            found = advisers.what.classify_many(batch)
        with clocked("tags"):
            for report in batch:
                advisers.tags.hits(report.text)
        seen = [
            Sighting(what.category.key if what.category else "", r.received_at, point, r.asset or "", r.text, r.address)
            for r, (_, point), what in zip(batch, places, found, strict=True)
        ]
        async with office.store.unit() as unit:
            candidates = await unit.cases.open_near(seen, advisers.policy)
        with clocked("the same one?"):
            nearby = Nearby(candidates, advisers.policy)
            for one in seen:
                around = nearby.around(one)
                if same_incident(one, around, advisers.policy) is None:
                    suggestions(one, around, advisers.policy)
    for start in range(0, len(cases), BATCH):
        async with office.store.unit() as unit:
            loaded = list((await unit.cases.load(cases[start : start + BATCH])).values())
        with clocked("who"):
            advisers.who.choose_many(advisers.surroundings.facts_many(loaded, unit.at, {}))
    return list(spent.items())


async def _run(settings: Settings, count: int) -> tuple[Found, list[tuple[str, float]]]:
    found: Found = []
    async with open_desk(settings, "bench-stages") as desk:
        office = desk.office
        values = [msgspec.json.encode(ticket) for ticket in tickets(desk.pack, count)]
        reports = await _stage(found, "parse", values, _parse)
        await _stage(found, "accept", reports, partial(accept_many, office))
        outcomes = await _stage(found, "file", [r.id for r in reports], partial(file_many, office))
        cases = list(dict.fromkeys(outcome.subject for outcome in outcomes))
        await _stage(found, "assign", cases, partial(assign_many, office))
        return found, await _advisers(office, reports, cases)


def main(count: int = 20_000) -> str:
    """The table, as Markdown."""
    with bed() as settings:
        found, advisers = asyncio.run(_run(fresh(settings, "stages"), count))
    lines = ["| stage | our CPU, µs an incident | with the database, µs |", "|---|---:|---:|"]
    lines += [f"| {name} | {cpu / count * 1e6:.0f} | {wall / count * 1e6:.0f} |" for name, cpu, wall in found]
    lines += ["", "| adviser | our CPU, µs a report |", "|---|---:|"]
    lines += [f"| {name} | {cpu / count * 1e6:.0f} |" for name, cpu in advisers]
    return "\n".join(lines)


if __name__ == "__main__":
    print(main(*map(int, sys.argv[1:])))
