"""A load on the terminal: the passes over the file that were asked for, a progress bar, and the tally at the end."""

import asyncio
import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Console

from domain.errors import Invalid
from domain.place import Crs
from runtime.assets.judge import Judge
from runtime.assets.layout import AssetMapping, Layout, read_asset_mapping
from runtime.assets.load import Into, LoadTally, Nowhere, load_assets
from runtime.assets.placing import Placing
from runtime.citypack import Pack
from runtime.importing.encodings import Encoding
from runtime.importing.report import ReportFile, beside
from runtime.importing.rows import RowFile
from runtime.progress import progress
from store.asset_load import loading


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


def run_load(order: Order, dsn: str, pack: Pack, out: Console) -> LoadTally:
    """Load a file, with a bar on ``out``. Raises ``Invalid`` or ``Unavailable`` with the remedy."""
    # rows hold no cycles; looking for some among a batch's hundred thousand objects takes a third of the time
    gc.disable()
    try:
        return asyncio.run(_run(order, dsn, pack, out))
    finally:
        gc.enable()


async def _run(order: Order, dsn: str, pack: Pack, out: Console) -> LoadTally:
    mapping = read_asset_mapping(order.mapping) if order.mapping else AssetMapping()
    place = order.report or beside(order.file)
    if order.dry_run or order.all_or_nothing:
        with ReportFile(place) as report:
            tally = await _pass(order, mapping, pack, Nowhere(), report, out)
        if order.dry_run or tally.refused:
            tell(tally, order, place, out)
            return tally
    async with loading(dsn) as register:
        if order.all_or_nothing:
            # every row was found well: the second reading brings them in, all at once
            async with register.together():
                tally = await _pass(order, mapping, pack, register, None, out)
                if tally.refused:
                    raise Invalid("file-changed", "文件在导入过程中被改动", f"{order.file.name}: load it again")
        else:
            with ReportFile(place) as report:
                tally = await _pass(order, mapping, pack, register, report, out)
    tell(tally, order, place, out)
    return tally


async def _pass(
    order: Order, mapping: AssetMapping, pack: Pack, into: Into, report: ReportFile | None, out: Console
) -> LoadTally:
    """One reading of the file."""
    with RowFile(order.file, order.encoding, mapping.delimiter) as table, progress(out, table.size) as bar:
        crs = order.crs or mapping.crs
        today = datetime.now(pack.policy.calendar.zone).date()
        judge = Judge(Layout(table.header, mapping), mapping, pack.catalogue, crs, today)
        beat = _beat(bar, table)
        return await load_assets(table, judge, Placing(pack.atlas, judge.crs), into, report, beat)


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
