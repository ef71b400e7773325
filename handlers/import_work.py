"""Imports are worked off: a batch of rows comes in and the import moves on in one transaction.

Whoever takes over from a process that died goes on at the very row.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from domain.errors import CityloopError, Fault, Invalid, Refused, Unavailable
from domain.report import Report
from domain.table_import import Import, ImportMode, ImportState, Remark
from handlers.accept import fingerprint, let_in, reused
from handlers.imports import ImportDesk, JudgedRow, table_key
from handlers.outcomes import AlreadyDone, Done, Failed, Outcome

log = logging.getLogger(__name__)

_TRIES = 5
_RACES = 3
_KEPT = timedelta(days=90)
_FORGOTTEN_AT_ONCE = 50
_ACCEPTED, _REPEATED, _REFUSED = "accepted", "repeated", "refused"


class _Lost(Exception):
    """The import was cancelled, or another worker has it."""


@dataclass(frozen=True, slots=True)
class _End:
    """What an import comes to, with the code of what kept all of it out, and whether that is in the record already."""

    state: ImportState
    failure: str = ""
    written: bool = False


class _Raced(Exception):
    """Between judging and letting in, somebody else used a number of the table for another content."""


async def work_once(desk: ImportDesk) -> bool:
    """Take the oldest import that waits and bring it to its end; False if there is none. Safe to run twice at once.

    Raises ``Unavailable`` when a neighbour is away: somebody goes on with it once the lease is over.
    """
    async with desk.office.store.unit() as unit:
        job = await unit.imports.take(desk.lease)
    if job is None:
        return False
    try:
        end = await _work(desk, job)
        if not end.written:
            async with desk.office.store.unit() as unit:
                if not await unit.imports.end(job, end.state, end.failure):
                    raise _Lost
    except _Lost:
        return True
    desk.count(end.state, 1)
    await desk.blobs.drop([table_key(job.id)])
    return True


async def forget_old(desk: ImportDesk, kept: timedelta = _KEPT) -> int:
    """Forget imports that ended long ago, with their remarks; returns how many. Their reports stay."""
    async with desk.office.store.unit() as unit:
        return await unit.imports.forget(kept, _FORGOTTEN_AT_ONCE)


async def _work(desk: ImportDesk, job: Import) -> _End:
    """The end an import comes to. Raises ``Unavailable``."""
    try:
        return await _tried(desk, job)
    except (_Lost, Unavailable):
        raise
    except CityloopError as error:
        return _End(ImportState.REFUSED, error.code)
    except Exception:  # a fault of ours in one table must not keep the others waiting
        log.exception("an import fails: %s", job.id)
        return _End(ImportState.REFUSED, "internal")


async def _tried(desk: ImportDesk, job: Import) -> _End:
    if job.tries > _TRIES:
        raise Invalid("import-given-up", "多次处理失败，已放弃", "its worker died every time")
    try:
        with TemporaryDirectory(prefix="cityloop-", ignore_cleanup_errors=True) as folder:
            table = Path(folder) / "table"
            await _fetch(desk, job, table)
            return await _bring(desk, job, table)
    except FileNotFoundError as error:
        raise Invalid("import-file-lost", "导入文件丢失", "hand the table in again") from error


async def _fetch(desk: ImportDesk, job: Import, into: Path) -> None:
    with await asyncio.to_thread(into.open, "wb") as file:
        async for chunk in desk.blobs.read(table_key(job.id), 0, job.size):
            await asyncio.to_thread(file.write, chunk)


async def _bring(desk: ImportDesk, job: Import, table: Path) -> _End:
    whole = job.order.mode is ImportMode.ALL_OR_NOTHING
    if not whole and not job.order.dry_run:
        async for batch in _batches(desk, job, table, job.read):
            await _let_in(desk, job, batch)
        return _End(ImportState.DONE)
    refused = Refused("rows-refused", "有行被拒收，全部未导入", "the report says which and why")
    for _ in range(_RACES):
        found = await _judge(desk, job, table)
        if whole and found[_REFUSED]:
            raise refused
        if job.order.dry_run:
            return _End(ImportState.DONE)
        try:
            await _all_at_once(desk, job, table, found[_REPEATED])
        except _Raced:
            continue
        return _End(ImportState.DONE, written=True)
    raise refused


async def _batches(desk: ImportDesk, job: Import, table: Path, skip: int = 0) -> AsyncIterator[Sequence[JudgedRow]]:
    """The rows after the first ``skip``, read beside the loop."""
    with ExitStack() as stack:
        rows = await asyncio.to_thread(stack.enter_context, desk.tables.judged(table, job.order))
        await asyncio.to_thread(lambda: sum(1 for _ in islice(rows, skip)))
        while batch := await asyncio.to_thread(lambda: list(islice(rows, desk.batch))):
            yield batch


async def _let_in(desk: ImportDesk, job: Import, batch: Sequence[JudgedRow]) -> None:
    """A batch comes in and the import moves on, both or neither."""
    async with desk.office.store.unit() as unit:
        if not await unit.imports.hold(job):
            raise _Lost
        reports = _reports(batch)
        outcomes = await let_in(unit.reports, reports) if reports else []
        remarks, counts = _account(batch, outcomes)
        if remarks:
            await unit.imports.remark(job, remarks)
        await unit.imports.step(job, _step(len(batch), counts), desk.lease)
    _tell(desk, counts)


async def _judge(desk: ImportDesk, job: Import, table: Path) -> Counter[str]:
    """What would become of all rows, from the first one on; nothing comes in."""
    async with desk.office.store.unit() as unit:
        await unit.imports.restart(job)
    seen: dict[tuple[str, str], bytes] = {}
    found: Counter[str] = Counter()
    async for batch in _batches(desk, job, table):
        reports = _reports(batch)
        async with desk.office.store.unit() as unit:
            known = await unit.reports.known(reports) if reports else {}
            before = {name: one.fingerprint for name, one in known.items()}
            remarks, counts = _account(batch, [_foreseen(report, seen, before) for report in reports])
            if remarks:
                await unit.imports.remark(job, remarks)
            found.update(counts)
            told = counts if job.order.dry_run else counts - Counter({_ACCEPTED: counts[_ACCEPTED]})
            if not await unit.imports.step(job, _step(len(batch), told), desk.lease):
                raise _Lost
    return found


async def _all_at_once(desk: ImportDesk, job: Import, table: Path, repeated: int) -> None:
    """All rows come in at once; ``repeated`` of them were known when they were judged."""
    counts: Counter[str] = Counter()
    async with desk.office.store.unit() as unit:
        if not await unit.imports.hold(job):
            raise _Lost
        async for batch in _batches(desk, job, table):
            _, now = _account(batch, await let_in(unit.reports, _reports(batch)))
            counts.update(now)
            if now[_REFUSED]:
                raise _Raced
        await unit.imports.step(job, (0, counts[_ACCEPTED], counts[_REPEATED] - repeated, 0), desk.lease)
        # in the same transaction: who dies now has either brought in nothing or has nothing left to do
        await unit.imports.end(job, ImportState.DONE)
    _tell(desk, counts)


def _foreseen(report: Report, seen: dict[tuple[str, str], bytes], known: dict[tuple[str, str], bytes]) -> Outcome:
    name, own = (report.origin, report.origin_key), fingerprint(report)
    first = known.get(name) or seen.setdefault(name, own)
    if first is own:
        return Done(report.id)
    return AlreadyDone(report.id) if first == own else Failed(reused())


def _account(batch: Sequence[JudgedRow], outcomes: Sequence[Outcome]) -> tuple[list[Remark], Counter[str]]:
    """What is to be said of a batch's rows, and how many became what."""
    remarks, counts, left = list[Remark](), Counter[str](), iter(outcomes)
    for row in batch:
        outcome = None if row.report is None else next(left)
        if isinstance(outcome, Done):
            counts[_ACCEPTED] += 1
        elif isinstance(outcome, AlreadyDone):
            counts[_REPEATED] += 1
            remarks.append(Remark(row.line, _REPEATED, Fault("", "row-repeated")))
        else:
            counts[_REFUSED] += 1
            faults = _faults(outcome) if isinstance(outcome, Failed) else row.faults
            remarks += [Remark(row.line, _REFUSED, fault) for fault in faults]
    return remarks, counts


def _faults(outcome: Failed) -> tuple[Fault, ...]:
    if not isinstance(outcome.error, CityloopError):
        raise outcome.error
    return (Fault("", outcome.error.code, outcome.error.detail),)


def _reports(batch: Sequence[JudgedRow]) -> list[Report]:
    return [row.report for row in batch if row.report is not None]


def _step(read: int, counts: Counter[str]) -> tuple[int, int, int, int]:
    return read, counts[_ACCEPTED], counts[_REPEATED], counts[_REFUSED]


def _tell(desk: ImportDesk, counts: Counter[str]) -> None:
    for outcome, number in counts.items():
        desk.count(f"rows_{outcome}", number)
