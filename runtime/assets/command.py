"""A load on the terminal: the passes over the file that were asked for, a progress bar, and the tally at the end."""

import asyncio
import gc
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Generic, Protocol

from rich.console import Console

from domain.errors import Invalid
from domain.place import Crs
from runtime.assets.judge import Judge, Judged
from runtime.assets.layout import AssetMapping, Layout, read_asset_mapping
from runtime.assets.load import Into, J, Judging, LoadTally, Nowhere, Places, R, R_co, load_table
from runtime.assets.placing import Placing
from runtime.citypack import Pack
from runtime.importing.encodings import Encoding
from runtime.importing.report import ReportFile, beside
from runtime.importing.rows import RowFile
from runtime.progress import progress
from store.asset_load import AssetRow, loading
from store.table_load import TableLoad


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for."""

    file: Path
    mapping: Path | None = None
    crs: Crs | None = None
    encoding: Encoding | None = None
    report: Path | None = None
    all_or_nothing: bool = False
    dry_run: bool = False


class TableReader(Protocol[J, R_co]):
    """What a register makes of a table, by a mapping that has been read."""

    @property
    def delimiter(self) -> str | None:
        """Between the cells of a CSV; None: the header tells."""

    def begin(self, header: Sequence[str], pack: Pack, crs: Crs | None) -> tuple[Judging[J], Places[J, R_co]]:
        """Who judges the rows under a header, and who places them. Raises ``Invalid``."""


@dataclass(frozen=True, slots=True)
class Register(Generic[J, R]):
    """A register that tables are loaded into: how they are read, by the file of a mapping, and where rows go."""

    reader: Callable[[Path | None], TableReader[J, R]]
    loading: Callable[[str], AbstractAsyncContextManager[TableLoad[R]]]


class AssetTable:
    """A table of components."""

    def __init__(self, mapping: Path | None) -> None:
        self._mapping = read_asset_mapping(mapping) if mapping else AssetMapping()

    @property
    def delimiter(self) -> str | None:
        """As the mapping says."""
        return self._mapping.delimiter

    def begin(self, header: Sequence[str], pack: Pack, crs: Crs | None) -> tuple[Judge, Placing]:
        """Who judges the rows and who places them. Raises ``Invalid``."""
        today = datetime.now(pack.policy.calendar.zone).date()
        judge = Judge(Layout(header, self._mapping), self._mapping, pack.catalogue, crs or self._mapping.crs, today)
        return judge, Placing(pack.atlas, judge.crs)


ASSETS: Register[Judged, AssetRow] = Register(AssetTable, loading)


def run_load(register: Register[J, R], order: Order, dsn: str, pack: Pack, out: Console) -> LoadTally:
    """Load a file into a register, with a bar on ``out``. Raises ``Invalid`` or ``Unavailable`` with the remedy."""
    # rows hold no cycles; looking for some among a batch's hundred thousand objects takes a third of the time
    gc.disable()
    try:
        return asyncio.run(_run(register, order, dsn, pack, out))
    finally:
        gc.enable()


async def _run(register: Register[J, R], order: Order, dsn: str, pack: Pack, out: Console) -> LoadTally:
    reader = register.reader(order.mapping)
    place = order.report or beside(order.file)
    if order.dry_run or order.all_or_nothing:
        with ReportFile(place) as report:
            tally = await _pass(order, reader, pack, Nowhere(), report, out)
        if order.dry_run or tally.refused:
            tell(tally, order, place, out)
            return tally
    async with register.loading(dsn) as rows:
        if order.all_or_nothing:
            # every row was found well: the second reading brings them in, all at once
            async with rows.together():
                tally = await _pass(order, reader, pack, rows, None, out)
                if tally.refused:
                    raise Invalid("file-changed", "文件在导入过程中被改动", f"{order.file.name}: load it again")
        else:
            with ReportFile(place) as report:
                tally = await _pass(order, reader, pack, rows, report, out)
    tell(tally, order, place, out)
    return tally


async def _pass(
    order: Order, reader: TableReader[J, R], pack: Pack, into: Into[R], report: ReportFile | None, out: Console
) -> LoadTally:
    """One reading of the file."""
    with RowFile(order.file, order.encoding, reader.delimiter) as table, progress(out, table.size) as bar:
        judge, placing = reader.begin(table.header, pack, order.crs)
        return await load_table(table, judge, placing, into, report, _beat(bar, table))


def _beat(bar: Callable[[int, str], None], table: RowFile) -> Callable[[LoadTally], None]:
    began = time.monotonic()

    def beat(tally: LoadTally) -> None:
        rate = tally.rows / max(time.monotonic() - began, 1e-9)
        bar(table.read, f"{tally.rows:,} rows, {tally.refused:,} refused, {rate:,.0f} rows/s")

    return beat


def tell(tally: LoadTally, order: Order, report: Path, out: Console) -> None:
    """What became of the rows, as a sum that adds up."""
    fates = tally.fates
    brought = f"{fates.added:,} new + {fates.changed:,} changed + {fates.unchanged:,} as they were"
    if order.dry_run or (order.all_or_nothing and tally.refused):
        brought = f"{fates.unchanged:,} well, none brought in"
    sums = [f"{tally.rows:,} rows = {brought}", f"{tally.refused:,} refused"]
    sums += [f"{fates.older:,} older than the register"] if fates.older else []
    sums += [f"{tally.repeated:,} repeated in the table"] if tally.repeated else []
    out.print(" + ".join(sums), highlight=False)
    for remark in tally.shown:
        place = f"line {remark.line} {remark.fault.pointer}".rstrip()
        said = f"  {place}: {remark.outcome}, {remark.fault.code} {remark.fault.hint}".rstrip()
        out.print(said, highlight=False, markup=False)
    if tally.noted:
        out.print(f"{tally.noted:,} rows came in and have something to look at", highlight=False)
    if report.exists():
        out.print(f"all remarks: {report}", highlight=False)
