"""Is it the same one? 10,000 reports against 200,000 open cases in one pass, beside a bare SQL radius join.

Ours reads candidates with their words in one statement and scores every pair; the bare join knows distance and time
only, on the same index, in one statement. Half of the reports are about an open case, told anew nearby.
"""

import asyncio
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from bench.bed import bed, fresh, middle
from domain.duplicates import same_incident, suggestions
from domain.lattice import CELL, METRES_A_DEGREE, blocks
from domain.likeness import Sighting
from domain.place import Crs, Point
from domain.policy import Policy
from handlers.nearby import Nearby
from runtime.settings import Settings
from runtime.wiring import read_pack
from store.cases import Cases
from store.pool import Connection

CATEGORIES = 30
ROUNDS = 3
_WEST, _SOUTH, _SIDE = 113.0, 27.0, 0.2  # degrees: 20 by 22 km
_WORDS = (
    "路灯不亮", "井盖破损", "垃圾堆满", "路面坑洼", "占道经营",
    "噪音扰民", "积水很深", "树枝折断", "围挡倒了", "水管漏水",
)  # fmt: skip
_PLACES = ("小区门口", "学校旁边", "公交站前", "菜市场外", "桥下", "广场东侧", "医院对面", "河边步道")

_FILL = f"""
WITH made AS (
    SELECT n, gen_random_uuid() AS report, gen_random_uuid() AS id, 'c' || n % {CATEGORIES} AS category,
           {_WEST} + random() * {_SIDE} AS lon, {_SOUTH} + random() * {_SIDE} AS lat,
           now() - random() * interval '30 days' AS at,
           ($2::text[])[1 + n % cardinality($2::text[])] AS text
    FROM generate_series(1, $1::integer) AS n
), told AS (
    INSERT INTO reports (id, source, origin, origin_key, fingerprint, doc)
    SELECT report, 'hotline', 'bench', n::text, '',
           json_build_object('text', text, 'address', n % 900 || '号') FROM made
), opened AS (
    INSERT INTO cases (id, no, version, state, source, urgency, category, area, overdue, opened_at, updated_at,
                       occurred_at, lon, lat, cell_x, cell_y, doc, petitioned)
    SELECT id, 'B-' || n, 1, 'reported', 'hotline', 'normal', category, 'b/', false, at, at, at, lon, lat,
           floor(lon / {CELL})::integer, floor(lat / {CELL})::integer, '{{}}', false FROM made
)
INSERT INTO case_reports (report_id, case_id, opened, linked_at, home, behind, own, withdrawn)
SELECT report, id, true, at, true, true, true, false FROM made
"""  # noqa: S608  (our own constants)

_BARE = """
SELECT DISTINCT ON (w.n) w.n, c.id
FROM unnest($1::integer[], $2::text[], $3::integer[], $4::integer[], $5::float8[], $6::float8[], $7::timestamptz[])
    AS w (n, category, x, y, lon, lat, at)
JOIN cases c ON c.category = w.category AND c.cell_x >> 2 = w.x AND c.cell_y >> 2 = w.y
    AND coalesce(c.occurred_at, c.opened_at) BETWEEN w.at - $8::interval AND w.at + $8::interval
WHERE c.cell_x IS NOT NULL AND c.ended_at IS NULL
  AND sqrt(((c.lon - w.lon) * cos(radians(w.lat))) ^ 2 + (c.lat - w.lat) ^ 2) * $9::float8 <= $10::float8
ORDER BY w.n, ((c.lon - w.lon) * cos(radians(w.lat))) ^ 2 + (c.lat - w.lat) ^ 2
"""


def _texts() -> list[str]:
    return [f"{place}{what}，请尽快处理" for place in _PLACES for what in _WORDS]


async def _reports(connection: Connection, count: int) -> list[Sighting]:
    """Half of them 30 m or less beside an open case and a few hours after it, half anywhere."""
    dice, texts = random.Random(1), _texts()
    rows = await connection.fetch(
        "SELECT c.category, c.lon, c.lat, c.occurred_at, r.doc ->> 'text' AS text FROM cases c"
        " JOIN case_reports l ON l.case_id = c.id JOIN reports r ON r.id = l.report_id ORDER BY c.no LIMIT $1",
        count // 2,
    )
    up = 21 / METRES_A_DEGREE
    found = [
        Sighting(
            row["category"],
            row["occurred_at"] + timedelta(hours=dice.uniform(0, 12)),
            Point(row["lon"] + dice.uniform(-up, up), row["lat"] + dice.uniform(-up, up), Crs.WGS84),
            text=row["text"][dice.randrange(4) :],
        )
        for row in rows
    ]
    now = datetime.now(UTC)
    found += [
        Sighting(
            f"c{dice.randrange(CATEGORIES)}",
            now - timedelta(days=dice.uniform(0, 30)),
            Point(_WEST + dice.random() * _SIDE, _SOUTH + dice.random() * _SIDE, Crs.WGS84),
            text=dice.choice(texts),
        )
        for _ in range(count - len(found))
    ]
    dice.shuffle(found)
    return found


async def _ours(connection: Connection, reports: list[Sighting], policy: Policy) -> tuple[int, int]:
    nearby = Nearby(await Cases(connection).open_near(reports, policy), policy)
    joined = suggested = 0
    for seen in reports:
        around = nearby.around(seen)
        if same_incident(seen, around, policy):
            joined += 1
        elif suggestions(seen, around, policy):
            suggested += 1
    return joined, suggested


async def _bare(connection: Connection, reports: list[Sighting], policy: Policy) -> int:
    looks = [
        (n, seen.category, x, y, seen.point.lon, seen.point.lat, seen.at)
        for n, seen in enumerate(reports)
        if seen.point
        for x, y in blocks(seen.point, policy.join_within_m)
    ]
    columns = list(map(list, zip(*looks, strict=True)))
    rows = await connection.fetch(_BARE, *columns, policy.join_within, METRES_A_DEGREE, policy.join_within_m)
    found: dict[int, UUID] = {row["n"]: row["id"] for row in rows}
    return len(found)


async def _run(settings: Settings, count: int, cases: int) -> str:
    policy = read_pack(settings).policy
    pool = await asyncpg.create_pool(settings.database_url, min_size=1, max_size=1, command_timeout=600)
    async with pool, pool.acquire() as connection:
        await connection.execute("SET max_parallel_workers_per_gather = 0")
        await connection.execute(_FILL, cases, _texts())
        await connection.execute("VACUUM ANALYZE")
        reports = await _reports(connection, count)
        took: dict[str, list[float]] = {"ours": [], "bare": []}
        for _ in range(ROUNDS):
            start = time.perf_counter()
            joined, suggested = await _ours(connection, reports, policy)
            between = time.perf_counter()
            bare = await _bare(connection, reports, policy)
            took["ours"].append(between - start)
            took["bare"].append(time.perf_counter() - between)
    ratio = middle([b / o for o, b in zip(took["ours"], took["bare"], strict=True)])
    lines = ["| | seconds | reports/s | joins | shown to the desk |", "|---|---:|---:|---:|---:|"]
    for name, seconds, found, shown in (
        ("candidates, words and score", middle(took["ours"]), joined, f"{suggested:,}"),
        ("bare SQL radius join, nearest", middle(took["bare"]), bare, ""),
    ):
        lines.append(f"| {name} | {seconds:.2f} | {count / seconds:,.0f} | {found:,} | {shown} |")
    head = f"{count:,} reports against {cases:,} open cases of {CATEGORIES} categories on 20 by 22 km."
    return "\n".join([head, "", *lines, f"| **ratio** (median of {ROUNDS} turns) | **{ratio:.2f}** | | | |"])


def main(count: int = 10_000, cases: int = 200_000) -> str:
    """The table, as Markdown."""
    with bed() as settings:
        return asyncio.run(_run(fresh(settings, "joins"), count, cases))


if __name__ == "__main__":
    print(main(*map(int, sys.argv[1:])))
