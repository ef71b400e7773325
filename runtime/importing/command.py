"""``cityloop import`` on the terminal: the way in that was asked for, a progress bar, and the tally at the end."""

import asyncio
import json
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from domain.actor import Role
from domain.errors import Invalid
from runtime.bringup import keys_file
from runtime.citypack import Pack
from runtime.importing.mapping import read_mapping
from runtime.importing.rows import RowFile
from runtime.importing.run import RefusalFile, Tally, import_rows
from runtime.importing.senders import HttpSender, KafkaSender
from runtime.machine import running_settings
from runtime.settings import Settings
from runtime.wiring import read_pack


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for. ``url`` and ``client`` (whose key) are for HTTP; None is found out."""

    file: Path
    mapping: Path
    via: Literal["kafka", "http"] = "kafka"
    url: str | None = None
    client: str | None = None
    refused: Path | None = None


def import_file(order: Order, settings: Settings, pack: Path | None, out: Console) -> Tally:
    """Import into the machine that runs, or into the servers of the settings; ``pack`` None is the settings' own."""
    if order.via == "kafka":
        settings = running_settings(settings)
    return run_import(order, settings, read_pack(replace(settings, pack=pack or settings.pack)), out)


def run_import(order: Order, settings: Settings, pack: Pack, out: Console) -> Tally:
    """Import a file, with a bar on ``out``. Raises ``Invalid`` or ``Unavailable`` with the remedy."""
    return asyncio.run(_run(order, settings, pack, out))


async def _run(order: Order, settings: Settings, pack: Pack, out: Console) -> Tally:
    mapping = read_mapping(order.mapping, pack.catalogue)
    bar = Progress(
        TextColumn("{task.fields[said]}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), console=out
    )
    with RowFile(order.file, mapping.delimiter) as rows, RefusalFile(_beside(order)) as refusals:
        async with _sender(order, settings, pack) as sender:
            with bar:
                task = bar.add_task("import", total=rows.size or 1, said="0 sent")

                def beat(tally: Tally) -> None:
                    said = f"{tally.sent:,} sent, {tally.refused:,} refused"
                    bar.update(task, completed=rows.read, said=said)

                tally = await import_rows(rows, mapping, pack.catalogue, sender, refusals, beat)
    _tell(tally, order, out)
    return tally


def _sender(
    order: Order, settings: Settings, pack: Pack
) -> AbstractAsyncContextManager[KafkaSender] | AbstractAsyncContextManager[HttpSender]:
    if order.via == "kafka":
        return KafkaSender(settings.kafka_bootstrap, settings.topic_prefix)
    if order.url is None and not settings.api_port:
        raise Invalid("api-address-unknown", "未指定接口地址", "name it with --url, as 'cityloop up' printed it")
    url = order.url or f"http://{settings.api_host}:{settings.api_port}"
    client = order.client or next((one.id for one in pack.clients if one.role is Role.HOTLINE), None)
    try:
        known: dict[str, str] = json.loads(keys_file(settings).read_text(encoding="utf-8"))
        return HttpSender(url, known[client or ""])
    except (FileNotFoundError, KeyError):
        remedy = f"{keys_file(settings)} has no key of {client or 'a hotline client'}; name one with --client"
        raise Invalid("api-key-unknown", "找不到客户端密钥", remedy) from None


def _beside(order: Order) -> Path:
    return order.refused or order.file.with_name(f"{order.file.name.split('.')[0]}.refused.csv")


def _tell(tally: Tally, order: Order, out: Console) -> None:
    out.print(f"{tally.rows:,} rows = {tally.sent:,} sent + {tally.refused:,} refused", highlight=False)
    if tally.repeated:
        out.print(f"{tally.repeated:,} of the rows sent had been taken before", highlight=False)
    if tally.uncategorised:
        out.print(
            f"{tally.uncategorised:,} carry no category the city knows: words or the desk decide", highlight=False
        )
    for refusal in tally.shown:
        place = f"line {refusal.line} {refusal.column}".rstrip()
        out.print(f"  {place}: {refusal.code} {refusal.hint}".rstrip(), highlight=False, markup=False)
    if tally.refused:
        out.print(f"all refused rows: {_beside(order)}", highlight=False)
    if order.via == "kafka" and tally.sent:
        out.print("what the worker cannot use: cityloop rejects list", highlight=False)
