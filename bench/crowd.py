"""One incident and its crowd: 20,000 callers about the same thing, filed in batches of 500 as the worker files them.

All of them join one case. What a joined report costs must not depend on how many stand behind the case already: the
rows are slices of the crowd in order, with reports filed a second, the bytes of the case's document after the slice,
and the write-ahead log of the slice by report.
"""

import asyncio
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg

from bench.bed import bed, fresh
from bench.tickets import spots
from domain.ids import ReportId
from domain.place import Crs, Point
from domain.report import Report, Source
from handlers.accept import accept_many
from handlers.file import file_many
from handlers.ports import Office, new_id
from runtime.settings import Settings
from runtime.wiring import open_desk, read_pack

_BATCH = 500
_SLICES = 10


async def _came(office: Office, first: Report, count: int) -> list[ReportId]:
    """So many callers more; their reports are in the record."""
    reports = [
        replace(first, id=ReportId(new_id()), origin_key=str(new_id()), received_at=datetime.now(UTC))
        for _ in range(count)
    ]
    await accept_many(office, reports)
    return [report.id for report in reports]


async def _run(settings: Settings, crowd: int) -> str:
    pack = read_pack(settings)
    lon, lat = spots(pack)[0]
    said = Report(
        ReportId(new_id()), Source.HOTLINE, "hotline:bench", "0", datetime.now(UTC), "路灯整夜不亮，行人看不清路",
        category="01037", point=Point(round(lon, 7), round(lat, 7), Crs.WGS84),
    )  # fmt: skip
    lines = ["| reports behind the case | reports/s | document, bytes | log, bytes a report |", "|---:|---:|---:|---:|"]
    record = await asyncpg.connect(settings.database_url)
    async with open_desk(settings, "bench-crowd", pack) as desk:
        for number in range(_SLICES):
            ids = await _came(desk.office, said, crowd // _SLICES)
            mark, start = await record.fetchval("SELECT pg_current_wal_lsn()"), time.perf_counter()
            for at in range(0, len(ids), _BATCH):
                await file_many(desk.office, ids[at : at + _BATCH])
            took = time.perf_counter() - start
            [document] = await record.fetch("SELECT length(doc::text) AS bytes FROM cases")
            log = await record.fetchval("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), $1)", mark)
            behind = (number + 1) * len(ids)
            lines.append(f"| {behind:,} | {len(ids) / took:,.0f} | {document['bytes']:,} | {log / len(ids):,.0f} |")
    await record.close()
    return "\n".join(lines)


def main(crowd: int = 20_000) -> str:
    """The table, as Markdown."""
    with bed() as servers:
        return asyncio.run(_run(fresh(servers, "crowd"), crowd))


if __name__ == "__main__":
    print(main(*map(int, sys.argv[1:])))
