"""``cityloop import`` on the terminal: the way in that was asked for, a progress bar, and the tally at the end."""

import asyncio
import json
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from rich.console import Console

from domain.actor import Role
from domain.errors import Invalid
from domain.place import Crs
from domain.table_import import MAX_ROWS, ImportMode
from runtime.bringup import keys_file
from runtime.citypack import Pack
from runtime.importing.encodings import Encoding
from runtime.importing.headers import default_mapping
from runtime.importing.mapping import RowMapping, read_mapping
from runtime.importing.over_http import HttpSender
from runtime.importing.report import ReportFile, beside
from runtime.importing.rows import RowFile
from runtime.importing.run import Nowhere, Tally, import_rows
from runtime.importing.senders import KafkaSender, Sender
from runtime.importing.tickets import RowReader
from runtime.machine import running_settings
from runtime.progress import progress
from runtime.settings import Settings
from runtime.wiring import read_pack


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for. ``mapping`` None: the column names are told by ``source``'s own table (``headers.NAMES``).

    ``url`` and ``client`` (whose key) are for HTTP; None is found out.
    """

    file: Path
    mapping: Path | None = None
    via: Literal["kafka", "http"] = "kafka"
    url: str | None = None
    client: str | None = None
    report: Path | None = None
    encoding: Encoding | None = None
    delimiter: str | None = None
    source: str | None = None
    crs: Crs | None = None
    dry_run: bool = False
    all_or_nothing: bool = False


def import_file(order: Order, settings: Settings, pack: Path | None, out: Console) -> Tally:
    """Import into the machine that runs, or into the servers of the settings; ``pack`` None is the settings' own."""
    if order.via == "kafka" and not order.dry_run:
        settings = running_settings(settings)
    return run_import(order, settings, read_pack(replace(settings, pack=pack or settings.pack)), out)


def run_import(order: Order, settings: Settings, pack: Pack, out: Console) -> Tally:
    """Import a file, with a bar on ``out``. Raises ``Invalid`` or ``Unavailable`` with the remedy."""
    return asyncio.run(_run(order, settings, pack, out))


async def _run(order: Order, settings: Settings, pack: Pack, out: Console) -> Tally:
    mapping = read_mapping(order.mapping, pack.catalogue) if order.mapping else None
    tally = Tally()
    if order.dry_run or order.all_or_nothing:
        tally = await _pass(order, mapping, pack, Nowhere(), out)
        if order.dry_run or tally.refused:
            _tell(replace(tally, sent=0), order, out)
            return tally
        if order.via == "http" and tally.rows > MAX_ROWS:
            hint = f"{tally.rows:,} rows; over HTTP at most {MAX_ROWS:,} come in at once"
            raise Invalid("rows-too-many", "行数过多", hint)
    async with _sender(order, settings, pack, mapping.source if mapping else _source(order)) as sender:
        again = await _pass(order, mapping, pack, sender, out)
    if order.all_or_nothing and again.rows != tally.rows:
        raise Invalid("file-changed", "文件在导入过程中被改动", f"{order.file.name}: import it again")
    _tell(again, order, out)
    return again


async def _pass(order: Order, mapping: RowMapping | None, pack: Pack, sender: Sender, out: Console) -> Tally:
    """One reading of the file."""
    delimiter = order.delimiter or (mapping.delimiter if mapping else None)
    with RowFile(order.file, order.encoding, delimiter) as rows, ReportFile(_beside(order)) as report:
        meant = mapping or default_mapping(rows.header, _source(order), pack.policy.calendar.zone, order.crs)
        reader = RowReader(meant, rows.header, pack.catalogue)
        with progress(out, rows.size) as bar:

            def beat(tally: Tally) -> None:
                done = f"{tally.rows:,} judged" if isinstance(sender, Nowhere) else f"{tally.sent:,} sent"
                bar(rows.read, f"{done}, {tally.refused:,} refused")

            return await import_rows(rows, reader, pack.catalogue, sender, report, beat)


def _source(order: Order) -> str:
    if order.source is None:
        raise Invalid("source-missing", "未指定来源", "name the table's --source, or a --mapping that does")
    return order.source


def _sender(
    order: Order, settings: Settings, pack: Pack, source: str
) -> AbstractAsyncContextManager[KafkaSender] | AbstractAsyncContextManager[HttpSender]:
    if order.via == "kafka":
        return KafkaSender(settings.kafka_bootstrap, settings.topic_prefix)
    if order.url is None and not settings.api_port:
        raise Invalid("api-address-unknown", "未指定接口地址", "name it with --url, as 'cityloop up' printed it")
    url = order.url or f"http://{settings.api_host}:{settings.api_port}"
    # an administrator may import for every source
    roles = {one.role: one.id for one in reversed(pack.clients)}
    client = order.client or roles.get(Role.ADMIN) or roles.get(Role.HOTLINE)
    try:
        known: dict[str, str] = json.loads(keys_file(settings).read_text(encoding="utf-8"))
        key = known[client or ""]
    except (FileNotFoundError, KeyError):
        remedy = f"{keys_file(settings)} has no key of {client or 'an administrator'}; name one with --client"
        raise Invalid("api-key-unknown", "找不到客户端密钥", remedy) from None
    if order.all_or_nothing:
        return HttpSender(url, key, source, ImportMode.ALL_OR_NOTHING, MAX_ROWS)
    return HttpSender(url, key, source)


def _beside(order: Order) -> Path:
    return order.report or beside(order.file)


def _tell(tally: Tally, order: Order, out: Console) -> None:
    well = tally.rows - tally.refused - tally.sent
    sent = f"{tally.sent:,} sent" if not well else f"{well:,} well, none sent"
    out.print(f"{tally.rows:,} rows = {sent} + {tally.refused:,} refused", highlight=False)
    if tally.repeated:
        out.print(f"{tally.repeated:,} of the rows sent had been taken before", highlight=False)
    if tally.uncategorised:
        out.print(
            f"{tally.uncategorised:,} carry no category the city knows: words or the desk decide", highlight=False
        )
    for remark in tally.shown:
        place = f"line {remark.line} {remark.fault.pointer}".rstrip()
        out.print(f"  {place}: {remark.fault.code} {remark.fault.hint}".rstrip(), highlight=False, markup=False)
    if _beside(order).exists():
        out.print(f"all remarks: {_beside(order)}", highlight=False)
    if order.via == "kafka" and tally.sent:
        out.print("what the worker cannot use: cityloop rejects list", highlight=False)
