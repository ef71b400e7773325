"""Raw readings in files: each once, whoever dies when; closed whole under their name, and deleted when it is time."""

import csv
import gzip
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from domain.errors import Unavailable
from handlers.devices import register
from handlers.ports import Office
from handlers.reading_days import close_files
from store.pool import Pool
from store.reading_files import ReadingFiles
from store.readings import RawReadings
from tests.devices import a_device


@pytest.fixture(autouse=True)
async def numbers(pool: Pool, office: Office) -> list[int]:
    """No files, and the numbers of two devices."""
    await pool.execute("TRUNCATE reading_files")
    return [(await register(office, a_device(name)))[0].no for name in ("w-1", "w-2")]


def batch(numbers: list[int], first: int, number: int = 3) -> RawReadings:
    """Readings of the devices in turn, the value their number."""
    n = np.arange(first, first + number)
    return RawReadings(
        np.array(numbers, np.int32)[n % len(numbers)], n.astype(np.int64), n / 4, (n % 2).astype(np.int16)
    )


async def keep(office: Office, files: ReadingFiles, sent: RawReadings) -> None:
    async with office.store.unit() as unit:
        await unit.reading_files.keep(files, sent)


async def dies(office: Office, files: ReadingFiles, sent: RawReadings) -> None:
    """The bytes are written, and the transaction is not committed."""
    async with office.store.unit() as unit:
        await unit.reading_files.keep(files, sent)
        raise RuntimeError("killed")


async def yesterday(pool: Pool) -> None:
    await pool.execute("UPDATE reading_files SET day = day - 2")


def read(folder: Path) -> list[tuple[str, int, float, int]]:
    """All closed readings in the order they were written."""
    rows = []
    for path in sorted(folder.glob("*.csv.gz")):
        table = csv.DictReader(io.StringIO(gzip.decompress(path.read_bytes()).decode()))
        rows += [(r["device"], int(r["at"]), float(r["value"]), int(r["flags"])) for r in table]
    return rows


def half_closed(folder: Path) -> str:
    """Leave what a closing that broke off leaves; the name of the file it was about."""
    (opened,) = folder.glob("*.csv.open")
    name = opened.name.removesuffix(".csv.open")
    (folder / f"{name}.csv.gz.making").write_bytes(b"half")
    return name


def lay(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes(b"")


def listed(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def told(first: int, number: int) -> list[tuple[str, int, float, int]]:
    return [(f"w-{n % 2 + 1}", n, n / 4, n % 2) for n in range(first, first + number)]


async def test_what_was_kept_is_in_the_files_once_whoever_died_on_the_way(
    pool: Pool, office: Office, numbers: list[int], tmp_path: Path
) -> None:
    files = ReadingFiles(tmp_path / "readings")
    await keep(office, files, batch(numbers, 0))
    with pytest.raises(RuntimeError, match="killed"):
        await dies(office, files, batch(numbers, 3, 400))
    await keep(office, files, batch(numbers, 3))
    with pytest.raises(RuntimeError, match="killed"):
        await dies(office, files, batch(numbers, 6, 400))
    successor = ReadingFiles(tmp_path / "readings")
    await keep(office, successor, batch(numbers, 6))
    await keep(office, successor, batch(numbers, 0, 0))
    assert await close_files(office, tmp_path / "readings", 30) == 0, "today's are open"
    await yesterday(pool)
    assert await close_files(office, tmp_path / "readings", 30) == 2
    assert sorted(read(tmp_path / "readings"), key=lambda row: row[1]) == told(0, 9)
    assert not list((tmp_path / "readings").glob("*.open*"))
    assert await close_files(office, tmp_path / "readings", 30) == 0


async def test_a_closing_that_broke_off_is_done_again(
    pool: Pool, office: Office, numbers: list[int], tmp_path: Path
) -> None:
    files = ReadingFiles(tmp_path)
    await keep(office, files, batch(numbers, 0))
    await yesterday(pool)
    name = half_closed(tmp_path)
    assert await close_files(office, tmp_path, 30) == 1
    assert read(tmp_path) == told(0, 3)
    await pool.execute("INSERT INTO reading_files VALUES ($1, current_date - 2, 5)", name)
    assert await close_files(office, tmp_path, 30) == 1, "it was closed, and who closed it died before saying so"
    await pool.execute("INSERT INTO reading_files VALUES ('elsewhere', current_date - 2, 5)")
    assert await close_files(office, tmp_path, 30) == 0, "another machine's file is not ours to close"


async def test_files_older_than_the_policy_says_are_deleted_and_no_other(office: Office, tmp_path: Path) -> None:
    today = datetime.now(UTC)
    names = [f"readings-{today - timedelta(days=age):%Y%m%d}-abc.csv.gz" for age in range(5)]
    lay(tmp_path, *names, "notes.txt")
    await close_files(office, tmp_path, 2)
    assert listed(tmp_path) == {*names[:3], "notes.txt"}


async def test_a_disk_that_does_not_take_it_is_told_and_nothing_is_counted(
    pool: Pool, office: Office, numbers: list[int], tmp_path: Path
) -> None:
    lay(tmp_path, "file")
    with pytest.raises(Unavailable):
        await keep(office, ReadingFiles(tmp_path / "file"), batch(numbers, 0))
    assert await pool.fetchval("SELECT count(*) FROM reading_files") == 0
