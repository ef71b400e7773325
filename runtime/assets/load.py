"""A load from its first row to its tally: read and judge a batch while the one before is brought in."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

from domain.errors import Fault
from domain.table_import import Remark
from runtime.assets.layout import Layout
from runtime.importing.report import ReportFile
from runtime.importing.row import Row
from runtime.importing.rows import RowFile
from store.table_load import Fates

BATCH = 20_000
_SHOWN = 10


@dataclass(slots=True)
class LoadTally:
    """Where the rows are: ``rows`` = ``refused`` + ``repeated`` + the fates. ``shown`` are the first remarks.

    ``repeated`` are rows whose component stands again nearby in the table with a date as late. ``noted`` rows came in
    and have something to look at.
    """

    rows: int = 0
    refused: int = 0
    repeated: int = 0
    noted: int = 0
    fates: Fates = field(default_factory=Fates)
    shown: list[Remark] = field(default_factory=list)

    @property
    def taken(self) -> int:
        """Rows that may come in."""
        return self.fates.added + self.fates.changed + self.fates.unchanged + self.fates.older


class Judgement(Protocol):
    """A row that may come in: its key, the day it speaks of, and what a person should look at."""

    line: int
    code: str
    notes: list[Fault]

    @property
    def dated(self) -> date:
        """Of two rows with one key the later counts, of two of one day the lower."""


J = TypeVar("J", bound=Judgement)
J_co = TypeVar("J_co", bound=Judgement, covariant=True)
J_contra = TypeVar("J_contra", bound=Judgement, contravariant=True)
R = TypeVar("R", bound=tuple[Any, ...])
R_co = TypeVar("R_co", bound=tuple[Any, ...], covariant=True)
R_contra = TypeVar("R_contra", bound=tuple[Any, ...], contravariant=True)


class Judging(Protocol[J_co]):
    """Who judges rows; ``key`` is the attribute by which two are of one thing."""

    layout: Layout
    key: str

    def judge(self, row: Row) -> J_co | tuple[Fault, ...]:
        """The row as it may come in, or everything that is wrong with it."""


class Places(Protocol[J_contra, R_co]):
    """Who finds where the things of a batch are."""

    def place(self, batch: Sequence[J_contra]) -> Sequence[R_co | Fault]:
        """A row for the register for each, in order, or what keeps it out."""


class Into(Protocol[R_contra]):
    """Where batches go: the register, or nowhere for a trial."""

    async def bring(self, rows: Sequence[R_contra]) -> Fates:
        """Bring a batch in, no code twice."""


class Nowhere:
    """A trial: everything that was judged counts as unchanged."""

    async def bring(self, rows: Sequence[tuple[Any, ...]]) -> Fates:
        """Bring nothing in."""
        return Fates(unchanged=len(rows))


@dataclass(slots=True)
class _Batch(Generic[R]):
    rows: int
    remarks: list[Remark]
    refused: int
    repeated: int
    noted: int
    taken: list[R]


async def load_table(
    table: RowFile,
    judge: Judging[J],
    placing: Places[J, R],
    into: Into[R],
    report: ReportFile | None,
    beat: Callable[[LoadTally], None] = lambda _: None,
) -> LoadTally:
    """Bring all rows of a table in, ``BATCH`` at a time; ``beat`` is called after each batch.

    Two batches are in memory at most. Raises ``Invalid`` where an archive is damaged, ``Unavailable`` when the database
    stays away: what was brought in before stays, and loading again goes on where it is needed.
    """
    tally, rows = LoadTally(), iter(table)
    ahead = asyncio.create_task(asyncio.to_thread(_read, rows, judge, placing))
    while (batch := await ahead).rows:
        ahead = asyncio.create_task(asyncio.to_thread(_read, rows, judge, placing))
        try:
            fates = await into.bring(batch.taken) if batch.taken else Fates()
        except BaseException:
            await asyncio.wait([ahead])
            raise
        _count(tally, batch, fates)
        if report is not None:
            report.write(batch.remarks)
        beat(tally)
    return tally


def _read(rows: Iterator[Row], judge: Judging[J], placing: Places[J, R]) -> _Batch[R]:
    """The next batch, judged and placed. Runs beside the database's work."""
    batch: _Batch[R] = _Batch(0, [], 0, 0, 0, [])
    chosen: dict[str, J] = {}
    for row in islice(rows, BATCH):
        batch.rows += 1
        judged = judge.judge(row)
        if isinstance(judged, tuple):
            batch.refused += 1
            batch.remarks += [Remark(row.line, "refused", fault) for fault in judged]
            continue
        before = chosen.get(judged.code)
        if before is not None:
            batch.repeated += 1
            late, early = (judged, before) if judged.dated >= before.dated else (before, judged)
            hint = f"line {late.line} is taken"
            batch.remarks.append(
                Remark(early.line, "repeated", Fault(judge.layout.column(judge.key), "code-repeated", hint))
            )
            judged = late
        chosen[judged.code] = judged
    for one, placed in zip(chosen.values(), placing.place(list(chosen.values())), strict=True):
        if isinstance(placed, Fault):
            batch.refused += 1
            batch.remarks.append(Remark(one.line, "refused", _named(judge, placed)))
            continue
        batch.taken.append(placed)
        batch.noted += bool(one.notes)
        batch.remarks += [Remark(one.line, "noted", _named(judge, note)) for note in one.notes]
    batch.remarks.sort(key=lambda remark: remark.line)
    return batch


def _named(judge: Judging[J], fault: Fault) -> Fault:
    """The fault with the table's own name of the column."""
    known = judge.layout.column(fault.pointer)
    return Fault(known, fault.code, fault.hint)


def _count(tally: LoadTally, batch: _Batch[R], fates: Fates) -> None:
    tally.rows += batch.rows
    tally.refused += batch.refused
    tally.repeated += batch.repeated
    tally.noted += batch.noted
    tally.fates.added += fates.added
    tally.fates.changed += fates.changed
    tally.fates.unchanged += fates.unchanged
    tally.fates.older += fates.older
    tally.shown += batch.remarks[: _SHOWN - len(tally.shown)]
