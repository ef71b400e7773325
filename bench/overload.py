"""Reports over HTTP at half, once, twice and four times the API's capacity: what is let in, what is refused, how fast.

The load is open loop (``bench.flood``): requests come at random moments at the stated rate, whatever happened to those
before, and time counts from the moment each was due. One in twenty is about danger to life. One API process, one
client without a rate; capacity is the highest step of a ramp at which at least 99 % were accepted within half a second.
The control rows have the same load with rooms a thousand times as large, which is as good as none.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from subprocess import run

import asyncpg
import msgspec

from bench.bed import bed, cpu_seconds, fresh, processes
from bench.flood import Flood, Order, Seen
from bench.http import answers
from bench.tickets import spots
from runtime.bringup import keys_file
from runtime.settings import Settings
from runtime.wiring import read_pack

MULTIPLES = (0.5, 1.0, 2.0, 4.0)
CONTROLS = (2.0, 4.0)
_WITHOUT_ROOMS = 1000.0
_FIRST, _STEP, _STEPS, _STEP_SECONDS = 200.0, 1.25, 16, 5.0


def _order(settings: Settings) -> Order:
    lon, lat = spots(read_pack(settings))[0]
    said = {
        "category": "01037",
        "position": {"lon": round(lon, 7), "lat": round(lat, 7), "crs": "EPSG:4326"},
        "captured_at": "2026-11-21T08:00:00+08:00",
    }
    ordinary, pressing = (
        msgspec.json.encode({"text": text, **said}).decode()
        for text in ("路灯整夜不亮，行人看不清路", "楼道里有燃气泄漏，味道很大")
    )
    key = json.loads(keys_file(settings).read_text())["hotline-12345"]
    return Order(settings.api_host, settings.api_port, "/v1/reports", key, 0.0, 0.0, ordinary, pressing)


def _flooded(order: Order) -> Flood:
    answer = run(
        [sys.executable, "-m", "bench.flood"], input=json.dumps(asdict(order)).encode(), capture_output=True, check=True
    )
    said = json.loads(answer.stdout)
    return Flood(**{**said, "ordinary": Seen(**said["ordinary"]), "pressing": Seen(**said["pressing"])})


def _rows(settings: Settings) -> int:
    async def count() -> int:
        connection = await asyncpg.connect(settings.database_url)
        try:
            found: int = await connection.fetchval("SELECT count(*) FROM reports")
            return found
        finally:
            await connection.close()

    return asyncio.run(count())


@contextmanager
def _served(settings: Settings) -> Iterator[tuple[Order, int]]:
    """A running API on an empty database; what to send, and its process id."""
    with processes(settings, ["api"]) as [api]:
        answers(f"http://{settings.api_host}:{settings.api_port}/livez")
        order = _order(settings)
        _flooded(replace(order, rate=100.0, seconds=3.0))
        pid = api.pid
        assert pid is not None
        yield order, pid


def capacity(order: Order) -> float:
    """The highest rate of the ramp that was carried."""
    carried, rate = 0.0, _FIRST
    for _ in range(_STEPS):
        seen = _flooded(replace(order, rate=rate, seconds=_STEP_SECONDS))
        took = sorted(seen.ordinary.accepted + seen.pressing.accepted)
        sent = seen.ordinary.sent + seen.pressing.sent
        if len(took) < 0.99 * sent or _at(took, 0.99) > 0.5:
            return carried
        carried, rate = rate, rate * _STEP
    return carried


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def _times(took: list[float]) -> str:
    if not took:
        return "–"
    ordered = sorted(took)
    return " / ".join(f"{each * 1000:,.0f}" for each in (_at(ordered, 0.5), _at(ordered, 0.99), ordered[-1]))


def _row(name: str, settings: Settings, order: Order, pid: int) -> str:
    before, used = _rows(settings), cpu_seconds(pid)
    seen = _flooded(order)
    used = cpu_seconds(pid) - used
    kinds = (seen.ordinary, seen.pressing)
    sent = sum(kind.sent for kind in kinds)
    statuses = {name: sum(kind.statuses.get(name, 0) for kind in kinds) for name in ("202", "429", "503")}
    other = sent - sum(statuses.values())
    accepted = [time for kind in kinds for time in kind.accepted]
    refused = [time for kind in kinds for time in kind.refused]
    pressing = seen.pressing.statuses.get("202", 0) / max(seen.pressing.sent, 1)
    cells = (
        name,
        f"{sent / seen.took:,.0f}",
        f"{statuses['202'] / seen.took:,.0f}",
        f"{statuses['503'] / seen.took:,.0f}",
        f"{statuses['429']}",
        f"{other}",
        _times(accepted),
        _times(refused),
        f"{pressing:.1%} of {seen.pressing.sent:,}",
        f"{_rows(settings) - before - statuses['202']:+d}",
        f"{sum(kind.unsaid for kind in kinds)}",
        f"{seen.late / sent:.1%}",
        f"{used / seen.took:.2f} / {seen.cpu / seen.took:.2f}",
    )
    return f"| {' | '.join(cells)} |"


def main(seconds: float = 20.0) -> str:
    """The table, as Markdown."""
    heads = (
        "load", "offered/s", "accepted/s", "503/s", "429", "other", "accepted p50 / p99 / max ms",
        "refused p50 / p99 / max ms", "danger to life accepted", "reports in the database − 202s",
        "refused without Retry-After", "sent > 50 ms late", "CPU cores API / client",
    )  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", f"|---|{'---:|' * (len(heads) - 1)}"]
    with bed() as servers:
        own = replace(fresh(servers, "overload"), rates=1.0)
        with _served(own) as (order, pid):
            most = capacity(order)
            for multiple in MULTIPLES:
                wanted = replace(order, rate=most * multiple, seconds=seconds)
                lines.append(_row(f"{multiple:g} ×", own, wanted, pid))
        without = replace(fresh(servers, "overload_control"), rates=1.0, room=_WITHOUT_ROOMS)
        with _served(without) as (order, pid):
            for multiple in CONTROLS:
                wanted = replace(order, rate=most * multiple, seconds=seconds)
                lines.append(_row(f"{multiple:g} ×, control without rooms", without, wanted, pid))
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    lines += [
        "",
        f"Capacity by the ramp: {most:,.0f}/s. Load average of the machine at the end (1, 5, 15 min): {load}.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(main(*map(float, sys.argv[1:2])))
