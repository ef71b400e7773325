"""Tables come in whole: handed in, kept with what was asked of them, and worked off by ``handlers.import_work``."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from domain.errors import Fault, NotFound, Refused
from domain.report import Report
from domain.table_import import MAX_UNFINISHED, Import, ImportId, NewImport, TableOrder
from handlers.ports import Blobs, Office
from handlers.repeats import key_lock
from store.codec import encode

Count = Callable[[str, int], None]
"""Told what became of rows and imports, and of how many: see the metrics ``cityloop_import_rows`` and ``_imports``."""


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """A row as the report it makes, or everything that is wrong with it, the column as pointer."""

    line: int
    report: Report | None
    faults: tuple[Fault, ...] = ()


class Tables(Protocol):
    """Adviser for tables: reads a file as it was ordered. All methods block; they are called in threads."""

    def count(self, file: Path, order: TableOrder) -> int:
        """At most how many rows a file has. Raises ``Invalid`` for whatever keeps the whole file out."""

    def judged(self, file: Path, order: TableOrder) -> AbstractContextManager[Iterator[JudgedRow]]:
        """The rows one by one, always in the same order and judged alike. Raises as ``count`` does."""


@dataclass(frozen=True, slots=True)
class ImportDesk:
    """What handlers of imports need. ``sources`` are those of the city's own mappings, by the mapping's name.

    ``lease`` is how long a worker may be silent before another takes over, ``batch`` the rows of one transaction.
    """

    office: Office
    blobs: Blobs
    tables: Tables
    count: Count
    sources: Mapping[str, str]
    lease: timedelta = timedelta(seconds=30)
    batch: int = 500


@dataclass(frozen=True, slots=True)
class Delivery:
    """A file as a client sends it, with its SHA-256 and what is asked of it."""

    client: str
    key: str
    order: TableOrder
    file: Path
    digest: bytes


def table_key(job: ImportId) -> str:
    """The key of an import's file in the file store."""
    return f"{str(job)[-2:]}/{job}/table"


async def hand_in(desk: ImportDesk, sent: Delivery) -> tuple[Import, bool]:
    """Take a table; with whether it is new. When this returns, file and order are safe.

    A repeat under the same key finds the first one. Raises ``Invalid`` for what keeps the whole file out, ``Refused``:
    the key stands for another content, or too many of the client's imports wait.
    """
    fingerprint = sha256(sent.digest + encode(sent.order)).digest()
    async with desk.office.store.unit() as unit:
        before = await unit.imports.by_key(sent.client, sent.key)
    if before is not None:
        return _same(before, fingerprint), False
    rows = await asyncio.to_thread(desk.tables.count, sent.file, sent.order)
    new = ImportId(desk.office.new_id())
    size = (await asyncio.to_thread(sent.file.stat)).st_size
    await desk.blobs.put(table_key(new), sent.file)
    made = NewImport(new, sent.client, sent.key, fingerprint, sent.order, size, rows)
    fresh = False
    try:
        async with desk.office.store.unit(lock=[key_lock(sent.client, "imports")]) as unit:
            if await unit.imports.unfinished(sent.client) >= MAX_UNFINISHED:
                raise Refused("import-quota", "待处理的导入过多", f"wait for one of {MAX_UNFINISHED} to end")
            fresh = await unit.imports.announce(made)
            found = await unit.imports.by_key(sent.client, sent.key)
    except Refused:
        await desk.blobs.drop([table_key(new)])
        raise
    if not fresh:  # the same request came twice at once
        await desk.blobs.drop([table_key(new)])
    if found is None:
        raise NotFound("import")
    return _same(found, fingerprint), fresh


async def cancel(desk: ImportDesk, wanted: ImportId, client: str) -> Import:
    """Cancel an import of the client; what came in before stays. Harmless when it is cancelled already.

    Raises ``NotFound``, or ``Refused`` with code ``import-ended`` when there is nothing left to cancel.
    """
    async with desk.office.store.unit() as unit:
        cancelled = await unit.imports.cancel(wanted, client)
        now = await unit.imports.one(wanted, client)
    if now is None:
        raise NotFound("import")
    if cancelled:
        desk.count("cancelled", 1)
        await desk.blobs.drop([table_key(wanted)])
    elif now.state != "cancelled":
        raise Refused("import-ended", "导入已结束", "it has come to its end; what came in stays")
    return now


def _same(found: Import, fingerprint: bytes) -> Import:
    if found.fingerprint != fingerprint:
        raise Refused("idempotency-key-reused", "同一编号已用于不同内容", "use a new key for a new import")
    return found
