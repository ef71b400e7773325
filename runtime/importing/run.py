"""An import from its first row to its tally: read, judge, send in batches, and note what became of rows."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from domain.catalogue import Catalogue
from domain.errors import Fault
from domain.table_import import Remark
from runtime.importing.damage import known_category
from runtime.importing.report import ReportFile
from runtime.importing.row import Row
from runtime.importing.rows import RowFile
from runtime.importing.senders import Receipt, Sender
from runtime.importing.tickets import RowReader, Ticket

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
    shown: list[Remark] = field(default_factory=list)

    def refuse(self, remarks: Sequence[Remark]) -> None:
        """Count refused rows; ``remarks`` is all that is wrong with them."""
        self.refused += len({remark.line for remark in remarks})
        self.shown += remarks[: _SHOWN - len(self.shown)]


class Nowhere:
    """A way in for a trial: everything is taken, and nothing happens."""

    batch = 2_000

    async def send(self, tickets: Sequence[Ticket]) -> Receipt:
        """Send nothing."""
        return Receipt()


async def import_rows(
    rows: RowFile,
    reader: RowReader,
    catalogue: Catalogue,
    sender: Sender,
    report: ReportFile | None,
    beat: Callable[[Tally], None] = lambda tally: None,
) -> Tally:
    """Send every usable row and note the others; one batch in memory. ``beat`` is called after each batch.

    May be repeated at any time: a row is known by the mapping's source and its own number. Raises ``Invalid`` if the
    file is damaged, ``Unavailable`` when the other side stays away; what was sent before is safe.
    """
    tally, iterator = Tally(), iter(rows)
    while True:
        tickets, refused, read = await asyncio.to_thread(_judged, iterator, reader, sender.batch)
        if not read:
            return tally
        tally.rows += read
        tally.uncategorised += sum(not _categorised(ticket, catalogue) for ticket in tickets)
        receipt = await sender.send(tickets) if tickets else Receipt()
        refused += receipt.refused
        tally.refuse(refused)
        tally.repeated += len(receipt.repeated)
        tally.sent += len(tickets) - len({remark.line for remark in receipt.refused})
        if report is not None:
            repeats = (Remark(line, "repeated", Fault("", "row-repeated")) for line in receipt.repeated)
            report.write(sorted([*refused, *repeats], key=lambda remark: remark.line))
        beat(tally)


def _judged(rows: Iterator[Row], reader: RowReader, batch: int) -> tuple[list[Ticket], list[Remark], int]:
    """The next batch: what may be sent, what is wrong with the others, and how many rows it is."""
    tickets, refused, read = list[Ticket](), list[Remark](), 0
    for row in islice(rows, batch):
        read += 1
        judged = reader.judged(row)
        if isinstance(judged, Ticket):
            tickets.append(judged)
        else:
            refused += [Remark(row.line, "refused", fault) for fault in judged]
    return tickets, refused, read


def _categorised(ticket: Ticket, catalogue: Catalogue) -> bool:
    said = ticket.said
    return said.category is not None and known_category(catalogue, said.category, said.kind)
