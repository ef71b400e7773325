"""``cityloop assets load`` as a clerk types it: a trial, a load, the same again, all or nothing; all in plain words."""

import csv
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from runtime.settings import ROOT
from tests.assets import a_code, a_component, filled, written

GOOD = [a_component(number, n=number) for number in range(30)]
BROKEN = [a_component(40, GLBJZT="?"), a_component(41, n=3, SZDYWGBSM="", 经度="120.0"), a_component(42, CSRQ="")]


@dataclass(frozen=True)
class Clerk:
    """Types commands beside a table; the database is the module's."""

    dsn: str
    folder: Path

    def load(self, table: Path, *options: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "runtime.cli", "assets", "load", str(table), *options]
        given = {"CITYLOOP_DATABASE_URL": self.dsn, "CITYLOOP_KAFKA_BOOTSTRAP": "127.0.0.1:1"}
        environment = {**os.environ, **given, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "TERM": "dumb"}
        return subprocess.run(
            command, env=environment, cwd=self.folder, capture_output=True, text=True, check=False, timeout=120
        )

    async def count(self) -> int:
        connection = await asyncpg.connect(self.dsn)
        try:
            return int(await connection.fetchval("SELECT count(*) FROM assets"))
        finally:
            await connection.close()

    async def forget(self) -> None:
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute("TRUNCATE assets")
        finally:
            await connection.close()


@pytest.fixture
async def clerk(fresh_dsn: str, tmp_path: Path) -> Clerk:
    """A clerk before an empty register."""
    one = Clerk(fresh_dsn, tmp_path)
    await one.forget()
    return one


def first_line(ended: "subprocess.CompletedProcess[str]") -> str:
    return next(line for line in ended.stdout.splitlines() if re.match(r"[\d,]+ rows =", line))


async def test_a_trial_then_a_load_then_the_same_again(clerk: Clerk) -> None:
    table = filled(clerk.folder / "parts.csv", *GOOD)
    trial = clerk.load(table, "--crs", "EPSG:4490", "--dry-run")
    assert (trial.returncode, await clerk.count()) == (0, 0), trial.stderr
    assert first_line(trial) == "30 rows = 30 well, none brought in + 0 refused"
    assert first_line(clerk.load(table, "--crs", "EPSG:4490")) == (
        "30 rows = 30 new + 0 changed + 0 as they were + 0 refused"
    )
    again = clerk.load(table, "--crs", "EPSG:4490")
    assert first_line(again) == "30 rows = 0 new + 0 changed + 30 as they were + 0 refused"
    assert "rows/s" in again.stdout
    assert await clerk.count() == 30
    assert not list(clerk.folder.glob("*.report.csv"))


async def test_refused_rows_are_listed_and_all_or_nothing_means_nothing(clerk: Clerk) -> None:
    table = filled(clerk.folder / "parts.csv", *GOOD, *BROKEN)
    ended = clerk.load(table, "--crs", "EPSG:4490", "--all-or-nothing")
    assert (ended.returncode, await clerk.count()) == (1, 0), ended.stderr
    assert "none brought in" in first_line(ended)
    ended = clerk.load(table, "--crs", "EPSG:4490")
    assert (ended.returncode, await clerk.count()) == (1, 30)
    assert first_line(ended) == "33 rows = 30 new + 0 changed + 0 as they were + 3 refused"
    with (clerk.folder / "parts.report.csv").open(encoding="utf-8-sig", newline="") as remarks:
        listed = [(row["line"], row["column"], row["code"]) for row in csv.DictReader(remarks)]
    assert listed == [("32", "GLBJZT", "word-unknown"), ("33", "经度", "place-outside"), ("34", "CSRQ", "cell-empty")]
    assert first_line(clerk.load(filled(table, *GOOD), "--crs", "EPSG:4490", "--all-or-nothing")).startswith("30 rows")
    assert not (clerk.folder / "parts.report.csv").exists(), "the old list is gone when there is nothing to remark"


async def test_a_file_in_gb18030_with_a_mapping_and_a_report_elsewhere(clerk: Clerk) -> None:
    rows = [{"编号": a_code(n), "地名": "柳岸社区", **list_of(row)} for n, row in enumerate(GOOD[:3])]
    table = clerk.folder / "部件.csv"
    table.write_bytes(written([*rows, {**rows[0], "编号": "7"}], header=tuple(rows[0])).encode("gb18030"))
    (clerk.folder / "m.yaml").write_text("columns: {code: 编号}\ncrs: EPSG:4490\n", encoding="utf-8")
    options = ["--mapping", "m.yaml", "--report", "elsewhere.csv"]
    wrong = clerk.load(table, *options)
    assert (wrong.returncode, await clerk.count()) == (1, 0)
    assert "declare gb18030" in wrong.stderr.replace("\n", " ")
    ended = clerk.load(table, *options, "--encoding", "gb18030")
    assert (ended.returncode, await clerk.count()) == (1, 3), ended.stdout + ended.stderr
    assert "编号,component-code-invalid" in (clerk.folder / "elsewhere.csv").read_text(encoding="utf-8")


def list_of(row: dict[str, str]) -> dict[str, str]:
    """A row without the identifier, which the city names its own way."""
    return {name: cell for name, cell in row.items() if name != "GLBJBSM"}


@pytest.fixture(params=["no crs", "no file", "no server"])
def mishap(request: pytest.FixtureRequest, clerk: Clerk) -> Iterator[tuple[Clerk, Path, list[str], str]]:
    """What goes wrong before the first row, and what is said of it."""
    table = filled(clerk.folder / "parts.csv", *GOOD[:1])
    if request.param == "no crs":
        yield clerk, table, [], "--crs"
    elif request.param == "no file":
        yield clerk, clerk.folder / "nothing.csv", ["--crs", "EPSG:4490"], "nothing.csv"
    else:
        away = Clerk("postgresql://nobody@127.0.0.1:1/none", clerk.folder)
        yield away, table, ["--crs", "EPSG:4490"], "数据库"


def test_what_goes_wrong_is_one_sentence(mishap: tuple[Clerk, Path, list[str], str]) -> None:
    clerk, table, options, word = mishap
    ended = clerk.load(table, *options)
    assert ended.returncode == 1
    assert word in ended.stderr.replace("\n", " ")
    assert "Traceback" not in ended.stderr
