"""What people look at, and how long it takes: every list of a desk, one case whole, its history, the figures."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from bench.line import Line

_RUNS, _LONGEST = 60, 6.0
"""How often each is asked, and for how many seconds at most."""


@dataclass(frozen=True, slots=True)
class Look:
    """A thing to look at: its name, who looks, and the path; ``{no}`` is another case each time."""

    name: str
    who: str
    path: str


LOOKS = (
    Look("newest 50", "viewer-1", "/v1/cases"),
    Look("newest 50 of an officer's district", "officer-1", "/v1/cases"),
    Look("by state, many", "viewer-1", "/v1/cases?state=closed"),
    Look("by state, open", "viewer-1", "/v1/cases?state=pending_check"),
    Look("by state, none there", "viewer-1", "/v1/cases?state=void"),
    Look("by lead unit, large", "viewer-1", "/v1/cases?unit=roads"),
    Look("by lead unit, small", "viewer-1", "/v1/cases?unit=duty-desk"),
    Look("by lead unit, none there", "viewer-1", "/v1/cases?unit=gas"),
    Look("a unit's own, large", "unit-roads", "/v1/cases"),
    Look("a unit's own, small", "unit-duty-desk", "/v1/cases"),
    Look("a unit's own, none there", "unit-gas", "/v1/cases"),
    Look("by area, a district", "viewer-1", "/v1/cases?area=439901"),
    Look("by area, one grid", "viewer-1", "/v1/cases?area={grid}"),
    Look("by area and state", "viewer-1", "/v1/cases?area={grid}&state=disposing"),
    Look("overdue", "viewer-1", "/v1/cases?overdue=true"),
    Look("overdue, of a small unit", "viewer-1", "/v1/cases?overdue=true&unit=duty-desk"),
    Look("petitioned", "dispatcher-1", "/v1/cases?petitioned=true"),
    Look("by category", "viewer-1", "/v1/cases?category=09001"),
    Look("by category, none there", "viewer-1", "/v1/cases?category=10002"),
    Look("a unit's open tasks", "unit-roads", "/v1/tasks"),
    Look("one case whole", "viewer-1", "/v1/cases/{no}"),
    Look("its history", "viewer-1", "/v1/cases/{no}/history"),
    Look("its explanation", "viewer-1", "/v1/cases/{no}/explain"),
    Look("its actions", "desk-1", "/v1/cases/{no}/actions"),
    Look("tickets owed", "hotline-12345", "/v1/tickets"),
    Look("begin to listen", "viewer-1", "/v1/stream"),
    Look("figures (metrics)", "viewer-1", "/metrics"),
    Look("ready?", "viewer-1", "/readyz"),
)


async def cases_to_look_at(dsn: str) -> tuple[list[str], str]:
    """Numbers of some cases of any age, and the grid of one of them."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            "SELECT no, area FROM cases WHERE filed_at IS NOT NULL ORDER BY md5(no || 'look') LIMIT 300"
        )
    finally:
        await connection.close()
    grids = [row["area"].split("/")[-2] for row in rows if len(row["area"].split("/")[-2]) == 15]
    return [row["no"] for row in rows], grids[0]


async def look(url: str, keys: dict[str, str], nos: Sequence[str], grid: str) -> dict[str, list[float]]:
    """Seconds each look took, one after another on one line. Raises ``RuntimeError`` for an answer that is none."""
    dice, found = random.Random(3), {}
    line = await Line.open(url)
    for one in LOOKS:
        took: list[float] = []
        began = time.perf_counter()
        while len(took) < _RUNS and time.perf_counter() - began < _LONGEST:
            path = one.path.format(no=dice.choice(nos), grid=grid)
            start = time.perf_counter()
            if one.path == "/v1/stream":
                await _listen(url, path, keys[one.who])
            else:
                answer = await line.ask("GET", path, keys[one.who])
                if answer.status != 200:
                    raise RuntimeError(f"{path}: {answer.status} {answer.body.decode()[:300]}")
            took.append(time.perf_counter() - start)
        found[one.name] = took
    line.close()
    return found


async def _listen(url: str, path: str, key: str) -> None:
    line = await Line.open(url)
    await line.listen(path, key)
    line.close()


def look_at(url: str, dsn: str, keys: dict[str, str]) -> dict[str, list[float]]:
    """``look``, for those who do not wait."""
    nos, grid = asyncio.run(cases_to_look_at(dsn))
    return asyncio.run(look(url, keys, nos, grid))
