"""A register of 1,000,000 components brought in by `cityloop assets load`, beside a bare COPY of the same bytes.

The bare COPY puts every column as text into a table without index or constraint and looks at nothing. The load reads,
judges and places every row and brings it into the indexed register; its time is that of the whole command, its memory
the peak of its process. The second load finds nothing to change; the last one brings all rows in at once or none.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import numpy as np
import shapely

from bench.bed import bed, fresh
from runtime.settings import ROOT, Settings

ROWS = 1_000_000
HEADER = (
    "GLBJBSM,GLBJMC,ZGBMDM,ZGBMMC,QSDWDM,QSDWMC,YHDWDM,YHDWMC,SZDYWGBSM,GLBJZT,CSRQ,BGRQ,SJLY,BZ,SZJDDM,SZJDMC,"
    "SZSQDM,SZSQMC,经度,纬度"
)
KINDS = (("01001", "供水井盖"), ("01002", "污水井盖"), ("01003", "雨水井盖"), ("01037", "路灯"), ("04002", "行道树"))
STATES = ("完好", "完好", "完好", "破损")
CHUNK = 50_000


def lines(settings: Settings, rows: int) -> Iterator[str]:
    """The table: components all over the demo city, every fifth without its grid, as a survey would write them."""
    features = json.loads((settings.pack / "areas.geojson").read_text(encoding="utf-8"))["features"]
    grids = [f for f in features if len(f["properties"]["code"]) == 15]
    shapes = [shapely.from_geojson(json.dumps(f["geometry"])) for f in grids]
    codes = [f["properties"]["code"] for f in grids]
    middles = np.array([(shape.centroid.x, shape.centroid.y) for shape in shapes])
    rng = np.random.default_rng(1)
    yield HEADER + "\n"
    for start in range(0, rows, CHUNK):
        numbers = range(start, min(start + CHUNK, rows))
        at = rng.integers(0, len(codes), len(numbers))
        points = middles[at] + rng.uniform(-0.0005, 0.0005, (len(numbers), 2))
        said = []
        for n, grid, (lon, lat) in zip(numbers, at.tolist(), points.tolist(), strict=True):
            kind, name = KINDS[n % len(KINDS)]
            code = codes[grid]
            said.append(
                f"{code[:6]}{kind}{n // len(KINDS):06d},{name},11439900MB0000001A,云湖市住房和城乡建设局,"
                f"91439900MA0000002B,云湖市市政集团有限公司,91439900MA0000003C,云湖市市政设施养护中心,"
                f"{code if n % 5 else ''},{STATES[n % len(STATES)]},202{n % 6}0601,,实测,,{code[:9]},,{code[:12]},,"
                f"{lon:.7f},{lat:.7f}\n"
            )
        yield "".join(said)


def bare(settings: Settings, table: Path) -> float:
    """Seconds of the COPY alone."""

    async def copy() -> float:
        connection = await asyncpg.connect(settings.database_url)
        try:
            columns = ", ".join(f'"{name}" text' for name in HEADER.split(","))
            await connection.execute(f"CREATE TABLE bare ({columns})")
            began = time.perf_counter()
            await connection.copy_to_table("bare", source=str(table), format="csv", header=True)
            return time.perf_counter() - began
        finally:
            await connection.close()

    return asyncio.run(copy())


def load(settings: Settings, table: Path, *options: str) -> tuple[float, float]:
    """Seconds of the whole command, and its peak memory in MB."""
    command = [sys.executable, "-m", "runtime.cli", "assets", "load", str(table), "--crs", "EPSG:4490", *options]
    environment = {**os.environ, **settings.environment(), "PYTHONPATH": str(ROOT)}
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, "the load failed"
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def main(rows: int = ROWS) -> str:
    """The table, as Markdown."""
    with bed() as settings:
        own = fresh(settings, "assets")
        table = own.home / "assets.csv"
        with table.open("w", encoding="utf-8") as file:
            file.writelines(lines(own, rows))
        megabytes = table.stat().st_size / 1e6
        seconds = bare(own, table)
        ways = {"load, empty register": load(own, table), "the same again": load(own, table)}
        ways["all or nothing, empty register"] = load(fresh(settings, "atonce"), table, "--all-or-nothing")
    head = [
        f"{rows:,} rows, {megabytes:,.0f} MB.\n",
        "| way | seconds | rows/s | beside COPY | peak MB |",
        "|---|---:|---:|---:|---:|",
        f"| bare COPY | {seconds:.1f} | {rows / seconds:,.0f} | 1.00 | |",
    ]
    body = [
        f"| {way} | {took:.1f} | {rows / took:,.0f} | {seconds / took:.2f} | {peak:,.0f} |"
        for way, (took, peak) in ways.items()
    ]
    return "\n".join(head + body)


if __name__ == "__main__":
    print(main(*map(int, sys.argv[1:])))
