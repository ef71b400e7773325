"""``cityloop import`` on a running machine: by Kafka and by HTTP, whichever comes first; nothing is doubled."""

import csv
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from runtime.machine import Machine, machine
from runtime.settings import ROOT, Settings
from streams.offsets import Clerk
from streams.topics import HOTLINE
from tests.vectors.files import NAMES, book, row, table

MAPPING = """
source: {source}
key: no
time: {{column: when, timezone: Asia/Shanghai}}
text: what
position: {{lon: x, lat: y, crs: EPSG:4326}}
category: {{column: kind, values: {{litter: "06010", cover: "01002"}}}}
"""
HEADER = "no,when,what,kind,x,y\n"
GOOD = [
    f"T-{n},2026-03-02T08:{n:02d}:00,垃圾满溢 {n},{kind},{113.93 + n / 500},{27.92 + n / 900},\n".replace(",\n", "\n")
    for n, kind in enumerate(["litter", "cover", "other"] * 7)
]
BROKEN = {
    "B-1,yesterday,垃圾,litter,113.93,27.92\n": ("when", "timestamp-malformed"),
    "B-2,2026-03-02T08:00:00,垃圾,litter,27.92,113.93\n": ("x y", "coordinate-swapped"),
    ",2026-03-02T08:00:00,垃圾,litter,113.93,27.92\n": ("no", "key-empty"),
    "B-4,2026-03-02T08:00:00,,litter,113.93,27.92\n": ("what", "text-empty"),
    "B-5,2026-03-02T08:00:00\n": ("", "csv-columns"),
}


@pytest.fixture(scope="module")
def running(kafka_bootstrap: str, fresh_dsn: str, server_home: Path) -> Iterator[Machine]:
    """A machine of its own on the tests' servers."""
    prefix = f"import-{uuid4().hex[:8]}"
    settings = Settings(
        home=server_home / prefix, kafka_bootstrap=kafka_bootstrap, database_url=fresh_dsn, topic_prefix=prefix
    )
    with machine(settings, lambda _: None) as started:
        yield started


@dataclass(frozen=True)
class Desk:
    """A table to import, its mapping, and the record it goes into."""

    machine: Machine
    table: Path
    mapping: Path
    source: str

    def write(self, *rows: str) -> None:
        self.table.write_text(HEADER + "".join(rows), encoding="utf-8")

    def run(self, *options: str, mapped: bool = True) -> "subprocess.CompletedProcess[str]":
        mapping = ["--mapping", str(self.mapping)] if mapped else ["--source", self.source]
        command = ["-m", "runtime.cli", "import", str(self.table), *mapping, *options]
        given = self.machine.settings.environment()
        environment = {**os.environ, **given, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "TERM": "dumb"}
        return subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, check=False)

    def refused(self) -> list[list[str]]:
        """Line, column and code of the rows refused."""
        with self.table.with_name("table.report.csv").open(encoding="utf-8-sig", newline="") as lines:
            rows = [row for row in csv.DictReader(lines) if row["outcome"] == "refused"]
        return [[row["line"], row["column"], row["code"]] for row in rows]

    async def known(self, origin: str) -> dict[str, int]:
        """Reports by their number, each with the number of cases it stands behind."""
        connection = await asyncpg.connect(self.machine.settings.database_url)
        try:
            rows = await connection.fetch(
                "SELECT r.origin_key, count(l.case_id) FROM reports r LEFT JOIN case_reports l ON l.report_id = r.id "
                "WHERE r.origin = $1 GROUP BY r.id",
                origin,
            )
            assert len({row[0] for row in rows}) == len(rows), "a row became two reports"
            return {row[0]: row[1] for row in rows}
        finally:
            await connection.close()

    async def rejects(self) -> dict[str, int]:
        connection = await asyncpg.connect(self.machine.settings.database_url)
        try:
            return dict(await connection.fetch("SELECT code, count(*) FROM rejects GROUP BY code"))
        finally:
            await connection.close()

    async def settled(self, origin: str, number: int) -> dict[str, int]:
        """What is known once ``number`` reports all have their case."""
        until = time.monotonic() + 60
        while True:
            found = await self.known(origin)
            if len(found) >= number and all(found.values()):
                return found
            assert time.monotonic() < until, f"{len(found)} of {number} reports, {sum(found.values())} behind a case"

    def read_to_the_end(self) -> None:
        """Wait until the worker has taken every ticket there is."""
        clerk = Clerk(self.machine.settings.kafka_bootstrap)
        prefix = self.machine.settings.topic_prefix
        until = time.monotonic() + 60
        try:
            while any(p.lag for p in clerk.standings(f"{prefix}.worker", [HOTLINE.full(prefix)]).values()):
                assert time.monotonic() < until
                time.sleep(0.1)
        finally:
            clerk.close()


@pytest.fixture
def desk(running: Machine, tmp_path: Path) -> Callable[[str], Desk]:
    """Makes a desk whose rows carry a source of their own."""

    def make(source: str) -> Desk:
        mapping = tmp_path / "mapping.yaml"
        mapping.write_text(MAPPING.format(source=source), encoding="utf-8")
        return Desk(running, tmp_path / "table.csv", mapping, source)

    return make


async def test_by_kafka_twice_and_nothing_is_doubled(desk: Callable[[str], Desk]) -> None:
    by_kafka = desk("kafka-table")
    by_kafka.write(*GOOD, *BROKEN)
    for _ in range(2):
        ended = by_kafka.run()
        assert ended.returncode == 1, ended.stderr
        assert f"{len(GOOD) + len(BROKEN)} rows = {len(GOOD)} sent + {len(BROKEN)} refused" in ended.stdout
        assert f"{len(GOOD) // 3} carry no category" in ended.stdout
        by_kafka.read_to_the_end()
        found = await by_kafka.settled("hotline:kafka-table", len(GOOD))
        assert found == {f"T-{n}": 1 for n in range(len(GOOD))}
        first = 2 + len(GOOD)
        wanted = [[str(first + n), *fault] for n, fault in enumerate(BROKEN.values())]
        assert by_kafka.refused() == wanted
    assert await by_kafka.rejects() == {}, "what is refused here is never sent"


async def test_a_number_with_another_content_is_among_the_rejects(desk: Callable[[str], Desk]) -> None:
    changed = desk("changed-table")
    changed.write(GOOD[0])
    assert changed.run().returncode == 0
    changed.write(GOOD[0].replace("垃圾", "路灯"))
    assert changed.run().returncode == 0
    changed.read_to_the_end()
    assert await changed.settled("hotline:changed-table", 1) == {"T-0": 1}
    assert await changed.rejects() == {"idempotency-key-reused": 1}


async def test_by_http_twice_and_nothing_is_doubled(desk: Callable[[str], Desk]) -> None:
    by_http = desk("http-table")
    by_http.write(*GOOD, *BROKEN)
    for turn in range(2):
        ended = by_http.run("--via", "http")
        assert ended.returncode == 1, ended.stderr
        assert f"{len(GOOD)} sent + {len(BROKEN)} refused" in ended.stdout
        assert (f"{len(GOOD)} of the rows sent had been taken before" in ended.stdout) is bool(turn)
    found = await by_http.settled("hotline:http-table", len(GOOD))
    assert found == {f"T-{n}": 1 for n in range(len(GOOD))}


async def test_one_way_and_then_the_other_and_nothing_is_doubled(desk: Callable[[str], Desk]) -> None:
    """A row is the same report by whatever door it comes."""
    both = desk("both-ways")
    both.write(*GOOD)
    assert both.run().returncode == 0
    both.read_to_the_end()
    ended = both.run("--via", "http")
    assert f"{len(GOOD)} of the rows sent had been taken before" in ended.stdout, ended.stderr
    assert both.run().returncode == 0
    both.read_to_the_end()
    assert await both.settled("hotline:both-ways", len(GOOD)) == {f"T-{n}": 1 for n in range(len(GOOD))}


@pytest.mark.parametrize("via", ["kafka", "http"])
async def test_a_trial_sends_nothing_and_all_or_nothing_means_it(desk: Callable[[str], Desk], via: str) -> None:
    whole = desk(f"whole-{via}")
    whole.write(*GOOD, *BROKEN)
    trial = whole.run("--via", via, "--dry-run")
    assert (trial.returncode, len(whole.refused())) == (1, len(BROKEN)), trial.stderr
    assert f"{len(GOOD)} well, none sent" in trial.stdout
    assert whole.run("--via", via, "--all-or-nothing").returncode == 1
    whole.write(*GOOD)
    assert whole.run("--via", via, "--dry-run").returncode == 0
    assert await whole.known(f"hotline:whole-{via}") == {}
    ended = whole.run("--via", via, "--all-or-nothing")
    assert (ended.returncode, f"{len(GOOD)} sent" in ended.stdout) == (0, True), ended.stderr
    assert len(await whole.settled(f"hotline:whole-{via}", len(GOOD))) == len(GOOD)


async def test_a_table_with_names_of_its_own_needs_no_mapping(desk: Callable[[str], Desk]) -> None:
    named = desk("named-table")
    rows = [row(ticket_no=f"N-{n}") for n in range(3)]
    named.table.write_bytes(table(*rows).decode().encode("gb18030"))
    asked = named.run(mapped=False)
    assert asked.returncode == 1
    assert "工单号,事发时间,诉求内容" in asked.stderr.replace("\n", "")
    assert named.run("--encoding", "gb18030", mapped=False).returncode == 0
    named.table.write_bytes(book(NAMES, *rows, row(ticket_no="N-3")))
    ended = named.run("--via", "http", mapped=False)
    assert (ended.returncode, "4 rows = 4 sent" in ended.stdout) == (0, True), ended.stderr
    assert len(await named.settled("hotline:named-table", 4)) == 4


def test_by_http_the_servers_refusal_is_listed_with_its_line(desk: Callable[[str], Desk]) -> None:
    changed = desk("http-changed")
    changed.write(GOOD[0])
    assert changed.run("--via", "http").returncode == 0
    changed.write(GOOD[1].replace("T-1", "T-5"), GOOD[0].replace("垃圾", "路灯"))
    ended = changed.run("--via", "http")
    assert "2 rows = 1 sent + 1 refused" in ended.stdout
    assert changed.refused() == [["3", "", "idempotency-key-reused"]]


def test_a_key_nobody_knows_and_a_server_that_is_away_are_told_in_one_sentence(desk: Callable[[str], Desk]) -> None:
    lost = desk("lost-table")
    lost.write(GOOD[0])
    assert "name one with --client" in lost.run("--via", "http", "--client", "nobody").stderr.replace("\n", " ")
    refused = lost.run("--via", "http", "--client", "viewer-1")
    assert (refused.returncode, "api-key-refused" in refused.stderr or "接口拒绝" in refused.stderr) == (1, True)
    assert "Traceback" not in refused.stderr
