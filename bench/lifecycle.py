"""Whole life cycles a second through the HTTP API, on an empty database, at 100,000 and at 1,000,000 cases.

Report → dispatched → accepted → disposed → checked → closed, by real processes (one api, worker, relay and sweep, with
Kafka between them) and clients that wait for every answer. The cases were there before (``bench.history``): told by
the law, spread over a year, two or three of a hundred open. Sizes take turns, each beside a bare loop on the
same server that inserts one row and updates it five times. The lists are asked afterwards, one at a time, of an idle
system.
"""

import asyncio
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence, Sized
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from random import Random
from subprocess import PIPE, run
from urllib.request import urlopen

import asyncpg
import msgspec

from bench.bed import bed, fresh, middle, processes
from bench.cycles import Job, Tally
from bench.history import write_history
from bench.lists import look_at
from bench.lives import Life, lives
from domain.actor import SYSTEM
from runtime.bringup import keys_file
from runtime.citypack import Pack
from runtime.settings import Settings
from runtime.wiring import read_pack

SIZES = (0, 100_000, 1_000_000)
KINDS = ("api", "worker", "relay", "sweep")
VERBS = ("report", "until dispatched", "case", "accept", "finish", "pass", "whole cycle")
_WARM_UP, _BARE = 4.0, 4.0


@dataclass(frozen=True, slots=True)
class Run:
    """One size, one round: cycles a second, rows a second of the bare loop beside it, and what the clients saw."""

    rate: float
    bare: float
    tally: Tally

    def cpu(self, kind: str) -> float:
        """CPU milliseconds of a process for one cycle."""
        return self.tally.cpu[kind] / self.tally.closed * 1000


def main(clients: int = 32, seconds: int = 20, rounds: int = 3, *sizes: int) -> str:
    """The tables, as Markdown."""
    wanted = sizes or SIZES
    found: dict[int, list[Run]] = defaultdict(list)
    looks: dict[int, dict[str, list[float]]] = {}
    with bed() as settings:
        places = {size: fresh(settings, f"cases{size}") for size in wanted if size}
        loaded = {size: _loaded(place, size) for size, place in places.items()}
        bodies = _bodies(read_pack(settings), 4_000)
        for n in range(rounds):
            for size in wanted:
                if not size:
                    places[size] = fresh(settings, f"empty{n}")
                found[size].append(_round(places[size], settings, bodies, clients, seconds, f"{n}"))
        for size in wanted:
            with processes(places[size], KINDS):
                _await_ready(places[size])
                looks[size] = look_at(_url(places[size]), places[size].database_url, _keys(places[size]))
    return "\n\n".join((_rates(found, loaded, clients), _latencies(found), _looks(looks)))


def _loaded(place: Settings, size: int) -> float:
    start = time.perf_counter()
    write_history(place, size)
    return time.perf_counter() - start


def _round(own: Settings, settings: Settings, bodies: list[str], clients: int, seconds: float, name: str) -> Run:
    bare = float(_python("bench.bare_cycles", own.database_url, str(clients), str(_BARE)))
    keys, pack = _keys(own), read_pack(settings)
    officers = {area: c.id for c in pack.clients if c.role == "officer" for area in c.areas}
    Random(name).shuffle(bodies)
    with processes(own, KINDS) as running:
        _await_ready(own)
        pids = {process.name: process.pid or 0 for process in running} | _server_pids(settings)
        job = Job(_url(own), keys, officers, bodies, clients, _WARM_UP, seconds, f"{name}-{time.time_ns()}", pids)
        before = asyncio.run(_closed(own))
        tally = msgspec.json.decode(_python("bench.cycles", given=msgspec.json.encode(job)), type=Tally)
        closed = asyncio.run(_closed(own)) - before
    if closed != tally.every:
        raise RuntimeError(f"{tally.every} cycles were seen to close, {closed} cases are closed: {tally.others}")
    return Run(tally.closed / seconds, bare, tally)


def _server_pids(settings: Settings) -> dict[str, int]:
    """The embedded servers' processes, as their pid files tell."""
    files = {
        "postgres": settings.home / "postgres" / "data" / "postmaster.pid",
        "kafka": settings.home / "kafka" / "kafka.pid",
    }
    return {name: int(path.read_text().split()[0]) for name, path in files.items() if path.exists()}


def _python(module: str, *arguments: str, given: bytes | None = None) -> bytes:
    return run([sys.executable, "-m", module, *arguments], input=given, stdout=PIPE, check=True).stdout


async def _closed(own: Settings) -> int:
    connection = await asyncpg.connect(own.database_url)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM cases WHERE state = 'closed'"))
    finally:
        await connection.close()


def _bodies(pack: Pack, count: int) -> list[str]:
    """Reports that are filed and dispatched without a person and closed without a photo: the law's cost, not that of
    the files. They happened all over the year, so that few join."""
    sure = (life.report for life in lives(pack, count, datetime.now(UTC), seed=11) if _by_itself(life))
    return [
        json.dumps({"text": r.text, "address": r.address, "position": asdict(r.point),
                    "captured_at": r.occurred_at.isoformat()}, ensure_ascii=False)
        for r in sure if r.point and r.occurred_at
    ]  # fmt: skip


def _by_itself(life: Life) -> bool:
    if len(life.events) < 2 or life.events[1].type != "dispatched" or life.events[1].actor != SYSTEM:
        return False
    return life.case.condition is None or not life.case.condition.evidence


def _url(own: Settings) -> str:
    return f"http://{own.api_host}:{own.api_port}"


def _keys(own: Settings) -> dict[str, str]:
    keys: dict[str, str] = json.loads(keys_file(own).read_text(encoding="utf-8"))
    return keys


def _await_ready(own: Settings) -> None:
    for _ in range(600):
        with suppress(OSError):
            urlopen(f"{_url(own)}/readyz", timeout=30).close()  # noqa: S310  (our own address)
            return
        time.sleep(0.1)
    raise TimeoutError(_url(own))


def _rates(found: dict[int, list[Run]], loaded: dict[int, float], clients: int) -> str:
    """Cycles a second by size; the ratio to the first size is also taken of each side's ratio to the bare loop."""
    first, *_ = found.values()
    lines = [
        f"| cases before | loaded in s | cycles/s ({clients} clients) | bare rows/s | to the first size | the same, "
        "against bare | CPU ms a cycle | requests a cycle | ended otherwise |",
        "|---:|---:|---:|---:|---:|---:|---|---:|---|",
    ]
    for size, runs in found.items():
        plain = middle([a.rate / b.rate for a, b in zip(runs, first, strict=True)])
        level = middle([a.rate / a.bare / (b.rate / b.bare) for a, b in zip(runs, first, strict=True)])
        others = sum((Counter(run.tally.others) for run in runs), Counter())
        lines.append(
            f"| {size:,} | {loaded.get(size, 0):.0f} | {middle([r.rate for r in runs]):.1f} "
            f"| {middle([r.bare for r in runs]):.0f} | **{plain:.2f}** | **{level:.2f}** | {_cpu(runs)} "
            f"| {middle([r.tally.requests / r.tally.closed for r in runs]):.1f} | {dict(others) or 'none'} |"
        )
    return "\n".join(lines)


def _cpu(runs: Sequence[Run]) -> str:
    each = {kind: middle([run.cpu(kind) for run in runs]) for kind in runs[0].tally.cpu}
    return f"**{sum(each.values()):.1f}**: " + ", ".join(f"{kind} {cost:.1f}" for kind, cost in each.items())


def _latencies(found: dict[int, list[Run]]) -> str:
    """Latencies by verb."""
    lines = [_head("verb", found), _rule(found)]
    for verb in VERBS:
        took = [[t for run in runs for t in run.tally.took.get(verb, ())] for runs in found.values()]
        lines.append(f"| {verb} | {' | '.join(map(_two, took))} |")
    return "\n".join(lines)


def _looks(looks: dict[int, dict[str, list[float]]]) -> str:
    """Latencies by list."""
    first, *_ = looks.values()
    lines = [_head("look", looks), _rule(looks)]
    lines += [f"| {name} | {' | '.join(_two(found[name]) for found in looks.values())} |" for name in first]
    return "\n".join(lines)


def _head(what: str, sizes: Iterable[int]) -> str:
    return f"| {what}, p50 / p99 ms | " + " | ".join(f"{size:,}" for size in sizes) + " |"


def _rule(sizes: Sized) -> str:
    return "|---|" + "---:|" * len(sizes)


def _two(took: Sequence[float]) -> str:
    ranked = sorted(took)
    if not ranked:
        return ""
    return f"{ranked[len(ranked) // 2] * 1000:.1f} / {ranked[min(int(len(ranked) * 0.99), len(ranked) - 1)] * 1000:.1f}"


if __name__ == "__main__":
    print(main(*map(int, sys.argv[1:])))
