"""Raw readings in files instead of PostgreSQL: CSV, a file a day and process, closed by compressing it under its name.

Bytes are on the disk before the transaction that counts them commits, and what a file has beyond its committed length
is cut off: so a reading is in the files once, whoever dies when.
"""

import asyncio
import gzip
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from domain.errors import Unavailable
from store.pool import Connection
from store.queries import sql
from store.readings import RawReadings

HEADER = b"device,at,value,flags\n"
_OPEN, _CLOSED = ".csv.open", ".csv.gz"
_PATIENCE = timedelta(hours=1)
"""After its day a file may still belong to a transaction under way."""


class ReadingFiles:
    """The files of one process in a folder, which is made where it is missing. Used by one task at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = uuid4().hex[:12]
        self.names: dict[int, str] = {}

    def lines(self, batch: RawReadings) -> bytes:
        """A line for each reading: the device's id, epoch milliseconds UTC, the value, and the flags as a number."""
        names = self.names
        columns = (batch.devices.tolist(), batch.at.tolist(), batch.values.tolist(), batch.flags.tolist())
        rows = zip(*columns, strict=True)
        return "".join(f"{names[no]},{at},{value!r},{flags}\n" for no, at, value, flags in rows).encode()

    def append(self, name: str, committed: int, lines: bytes) -> int:
        """Write behind what is committed, and onto the disk; the length of the file then. Raises ``OSError``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{name}{_OPEN}"
        with path.open("r+b" if path.exists() else "x+b") as file:
            file.truncate(committed)
            file.seek(committed)
            file.write(lines if committed else HEADER + lines)
            file.flush()
            os.fsync(file.fileno())
            return file.tell()


class FiledReadings:
    """The files of readings, in one unit of work that began ``at``."""

    def __init__(self, connection: Connection, at: datetime) -> None:
        self._connection = connection
        self._at = at

    async def keep(self, files: ReadingFiles, batch: RawReadings) -> None:
        """Write a batch; it is in the files if this transaction commits. Raises ``Unavailable`` if the disk is full."""
        if not len(batch):
            return
        new = set(batch.devices.tolist()) - files.names.keys()
        if new:
            rows = await self._connection.fetch(sql("devices_named"), list(new))
            files.names.update((row["no"], row["id"]) for row in rows)
        name = f"readings-{self._at:%Y%m%d}-{files.process}"
        committed = await self._connection.fetchval(sql("reading_files_length"), name) or 0
        with _disk():
            length = await asyncio.to_thread(files.append, name, committed, files.lines(batch))
        await self._connection.execute(sql("reading_files_grow"), name, self._at.date(), length)

    async def close(self, folder: Path) -> int:
        """Compress the files of past days, cut to what is committed; returns how many. Raises ``Unavailable``.

        A file has its closed name only when it is whole; who dies on the way does it again.
        """
        closed = []
        for row in await self._connection.fetch(sql("reading_files_past"), (self._at - _PATIENCE).date()):
            if (folder / f"{row['name']}{_OPEN}").exists():
                with _disk():
                    await asyncio.to_thread(_close, folder, row["name"], row["length"])
            elif not (folder / f"{row['name']}{_CLOSED}").exists():
                continue  # it lies on another machine, whose sweep closes it
            closed.append(row["name"])
        await self._connection.execute(sql("reading_files_closed"), closed)
        return len(closed)


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable("storage-full", "数据库暂不可用", f"{type(error).__name__} at the readings' files") from error


def drop_before(folder: Path, oldest: date) -> int:
    """Delete the closed files of days before ``oldest``; how many."""
    past = [path for path in folder.glob(f"readings-*{_CLOSED}") if path.name < f"readings-{oldest:%Y%m%d}"]
    for path in past:
        path.unlink(missing_ok=True)
    return len(past)


def _close(folder: Path, name: str, length: int) -> None:
    path, making = folder / f"{name}{_OPEN}", folder / f"{name}{_CLOSED}.making"
    os.truncate(path, length)
    with path.open("rb") as file, making.open("wb") as made:
        with gzip.GzipFile(fileobj=made, mode="wb", compresslevel=6, mtime=0) as packed:
            shutil.copyfileobj(file, packed)
        made.flush()
        os.fsync(made.fileno())
    making.replace(folder / f"{name}{_CLOSED}")
    path.unlink()
