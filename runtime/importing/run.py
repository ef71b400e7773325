"""An import from its first row to its tally: read, judge, send in batches, and note every row that was refused."""

import csv
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from domain.catalogue import Catalogue
from domain.errors import Invalid
from runtime.importing.mapping import RowMapping, known_category
from runtime.importing.rows import Row, RowFile
from runtime.importing.senders import Refusal, Sender
from runtime.importing.tickets import RowReader, Ticket

_BATCH = 500
_SHOWN = 10


@dataclass(slots=True)
class Tally:
    """Where the rows are: ``rows`` = ``sent`` + ``refused``. ``shown`` are the first refusals.

    Of the rows sent, ``repeated`` were known to the server and ``uncategorised`` carry no code the city knows: keyword
    rules or the desk decide.
    """

    rows: int = 0
    sent: int = 0
    refused: int = 0
    repeated: int = 0
    uncategorised: int = 0
    shown: list[Refusal] = field(default_factory=list)


class RefusalFile(AbstractContextManager["RefusalFile"]):
    """The refused rows as a table beside the import; gone again if there are none.

    Opened before anything is sent. Raises ``Invalid`` where it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written = 0
        try:
            self._file = path.open("w", encoding="utf-8", newline="")
        except OSError as error:
            detail = f"{path.name}: {error.strerror}; name another place with --refused"
            raise Invalid("file-unwritable", "无法写入拒收清单", detail) from error
        self._rows = csv.writer(self._file, lineterminator="\n")
        self._rows.writerow(["line", "column", "code", "hint"])

    def write(self, refusal: Refusal) -> None:
        """Note one."""
        self._rows.writerow([refusal.line, refusal.column, refusal.code, refusal.hint])
        self.written += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if not self.written:
            self.path.unlink()


class _Import:
    def __init__(self, reader: RowReader, catalogue: Catalogue, sender: Sender, refusals: RefusalFile) -> None:
        self.tally = Tally()
        self._reader = reader
        self._catalogue = catalogue
        self._sender = sender
        self._refusals = refusals
        self._batch: list[Ticket] = []

    def take(self, row: Row) -> bool:
        """Judge a row; True when there is a batch to send."""
        self.tally.rows += 1
        if row.fault is not None:
            self._refuse(Refusal(row.line, row.fault.pointer, row.fault.code, row.fault.hint))
            return False
        try:
            ticket = self._reader.ticket(row.line, row.cells)
        except Invalid as error:
            self._refuse(*(Refusal(row.line, fault.pointer, fault.code, fault.hint) for fault in error.faults))
            return False
        said = ticket.said
        known = said.category is not None and known_category(self._catalogue, said.category, said.kind)
        self.tally.uncategorised += not known
        self._batch.append(ticket)
        return len(self._batch) >= _BATCH

    async def send(self) -> None:
        """Send what is in hand."""
        receipt = await self._sender.send(self._batch)
        for refusal in receipt.refused:
            self._refuse(refusal)
        self.tally.repeated += receipt.repeated
        self.tally.sent += len(self._batch) - len(receipt.refused)
        self._batch = []

    def _refuse(self, *faults: Refusal) -> None:
        """One row, with all that is wrong with it."""
        self.tally.refused += 1
        for fault in faults:
            self._refusals.write(fault)
        self.tally.shown += faults[: _SHOWN - len(self.tally.shown)]


async def import_rows(
    rows: RowFile,
    mapping: RowMapping,
    catalogue: Catalogue,
    sender: Sender,
    refusals: RefusalFile,
    beat: Callable[[Tally], None] = lambda tally: None,
) -> Tally:
    """Send every usable row and note the others; one batch in memory. ``beat`` is called after each batch.

    May be repeated at any time: a row is known by the mapping's source and its own number. Raises ``Invalid`` if the
    file lacks a column or is damaged, ``Unavailable`` when the other side stays away; what was sent before is safe.
    """
    work = _Import(RowReader(mapping, rows.header), catalogue, sender, refusals)
    for row in rows:
        if work.take(row):
            await work.send()
            beat(work.tally)
    await work.send()
    beat(work.tally)
    return work.tally
