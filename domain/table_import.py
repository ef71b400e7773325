"""Files in (批量导入): a table handed over as one piece of work, what was asked for, and how far it has come."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.errors import Fault
from domain.place import Crs

ImportId = NewType("ImportId", UUID)

MAX_ROWS = 50_000
MAX_BYTES = 50 * 1024 * 1024
MAX_UNPACKED = 200 * 1024 * 1024
"""What one job takes: rows, bytes as sent, and bytes once a packed file is unpacked."""
MAX_UNFINISHED = 20
"""Imports of one client that may wait or run at a time."""


class ImportState(StrEnum):
    """待处理, 处理中, 已完成, 未导入, 已取消; the last three are ends."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    CANCELLED = "cancelled"


ENDED = frozenset({ImportState.DONE, ImportState.REFUSED, ImportState.CANCELLED})


class ImportMode(StrEnum):
    """Good rows come in and the others are listed (部分导入), or all come in at once or none does (整体导入)."""

    PARTIAL = "partial"
    ALL_OR_NOTHING = "all-or-nothing"


class TableKind(StrEnum):
    """What a file holds: a CSV, an Excel workbook (XLSX), or one ``hotline-ticket.v1`` a line (NDJSON)."""

    CSV = "csv"
    XLSX = "xlsx"
    TICKETS = "tickets"


@dataclass(frozen=True, slots=True)
class TableOrder:
    """What was asked for. ``encoding`` and ``delimiter`` None: to be told by the file; ``mapping`` "": column names.

    ``source`` is the origin's name for rows that do not bring one (``hotline:<source>``), ``crs`` the system of
    positions whose column says none.
    """

    kind: TableKind
    source: str
    encoding: str | None = None
    delimiter: str | None = None
    mapping: str = ""
    crs: Crs | None = None
    mode: ImportMode = ImportMode.PARTIAL
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class NewImport:
    """An import as it is handed in; ``fingerprint`` stands for the file and all that was asked of it."""

    id: ImportId
    client: str
    key: str
    fingerprint: bytes
    order: TableOrder
    size: int
    rows: int


@dataclass(frozen=True, slots=True)
class Import:
    """An import as it stands. ``read`` of ``rows`` were judged; of these came in, were known before, were refused.

    Of a dry run ``accepted`` are the rows that would have come in. ``failure`` is the code of what kept all of it out.
    ``attempt`` tells who works on it; ``tries`` counts those that began since the last progress.
    """

    id: ImportId
    client: str
    key: str
    fingerprint: bytes
    order: TableOrder
    state: ImportState
    size: int
    rows: int
    read: int
    accepted: int
    repeated: int
    refused: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    failure: str
    attempt: int
    tries: int

    @property
    def percentage(self) -> int:
        """How much of it is done, 0 to 100; 100 only at the end."""
        if self.state in (ImportState.DONE, ImportState.REFUSED):
            return 100
        return min(99, 100 * self.read // max(self.rows, 1))


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about one row: what became of it (``refused``, ``repeated``, ``noted``) and why, the column as pointer.

    What the row says is not repeated.
    """

    line: int
    outcome: str
    fault: Fault
