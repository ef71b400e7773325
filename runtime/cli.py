"""The command line: every way to start, look after and question cityloop. Each command is a few lines."""

import asyncio
import json
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from domain.errors import CityloopError, Invalid
from runtime.addresses.cli import address
from runtime.assets.cli import assets
from runtime.classify.cli import classify
from runtime.console import err, out, wait_for_ctrl_c, where
from runtime.devices.cli import devices
from runtime.dispatch.cli import dispatch
from runtime.dispatch.learning_cli import draft_command
from runtime.importing.cli import import_command
from runtime.mqtt_cli import bridge
from runtime.settings import Settings, load

app = typer.Typer(no_args_is_help=True, add_completion=False, help="cityloop: 一网统管, from report to verified end.")
rejects = typer.Typer(no_args_is_help=True, help="What could not be used: list, show, replay.")
pack = typer.Typer(no_args_is_help=True, help="City packs.")
keys = typer.Typer(no_args_is_help=True, help="API keys of the pack's clients.")
app.add_typer(rejects, name="rejects")
app.add_typer(pack, name="pack")
app.add_typer(keys, name="keys")
app.add_typer(assets, name="assets")
app.add_typer(devices, name="devices")
app.add_typer(classify, name="classify")
app.add_typer(address, name="address")
app.add_typer(dispatch, name="dispatch")
app.add_typer(bridge, name="bridge")


def main() -> None:
    """Entry point. Our own errors leave as one sentence with the remedy, never as a traceback."""
    try:
        app()
    except CityloopError as error:
        err.print(f"[bold red]{error.title}[/] {error.detail or error.code}")
        for fault in error.faults:
            err.print(f"  {fault.pointer}: {fault.code} {fault.hint}", highlight=False)
        sys.exit(1)


def _log() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)


@app.command()
def up() -> None:
    """Start everything on this machine and keep it running until Ctrl-C; embedded servers where none are given."""
    from runtime.machine import machine

    settings = load()
    with machine(settings, out.print) as running:
        where(running.settings)
        wait_for_ctrl_c()


@app.command()
def demo(
    exit: Annotated[bool, typer.Option(help="stop by itself; exit status 0 only if every report accounts")] = False,  # noqa: A002
    reports: Annotated[int, typer.Option(min=50, max=100_000, help="reports to play")] = 600,
    seed: Annotated[int, typer.Option(help="another seed is another day")] = 1,
) -> None:
    """Play a day of the demo city on real Kafka and PostgreSQL, with departments and inspectors acting by the API."""
    from runtime.demo.play import play

    balanced = play(replace(load(), exercise_pace=400.0), reports=reports, seed=seed, stay=not exit)
    raise typer.Exit(0 if balanced else 1)


@app.command()
def doctor() -> None:
    """Check everything a newcomer can get wrong, and say what to do."""
    from runtime.doctor import examine

    findings = examine(load())
    for finding in findings:
        mark = "[green]ok[/]   " if finding.well else "[bold red]fault[/]"
        out.print(f"{mark} {finding.what}: {finding.says}", highlight=False)
    raise typer.Exit(0 if all(finding.well for finding in findings) else 1)


def _process(run: Callable[[Settings], None]) -> None:
    _log()
    run(load())


@app.command()
def api(number: int = 0) -> None:
    """Run one API process."""
    from runtime.processes import run_api

    _process(lambda settings: run_api(settings, number))


@app.command()
def worker(number: int = 0) -> None:
    """Run one stream worker."""
    from runtime.workers import run_stream_worker

    _process(lambda settings: run_stream_worker(settings, number))


@app.command()
def sensors(number: int = 0) -> None:
    """Run one sensors' worker (readings of devices)."""
    from runtime.workers import run_sensor_worker

    _process(lambda settings: run_sensor_worker(settings, number))


@app.command()
def relay() -> None:
    """Run the relay (outbox to Kafka)."""
    from runtime.processes import run_relay

    _process(run_relay)


@app.command()
def sweep() -> None:
    """Run the sweep (deadlines)."""
    from runtime.processes import run_sweep

    _process(run_sweep)


app.command("import")(import_command)


@app.command()
def prepare() -> None:
    """Migrate the database, create topics, enter the pack's clients. Needs given servers."""
    from runtime.bringup import prepare as get_ready
    from runtime.wiring import read_pack

    settings = _given(load())
    asyncio.run(get_ready(settings, read_pack(settings), out.print))


@app.command()
def republish(
    since: Annotated[datetime | None, typer.Option(help="from the events of this time (UTC) on")] = None,
    from_now: Annotated[bool, typer.Option(help="skip what was not published; reports among it are not filed")] = False,
) -> None:
    """Set where the relay goes on: needed after a restore, when the position belongs to another timeline.

    Consumers know repeated events by their id; stop the relay first.
    """
    if (since is None) is not from_now:
        raise Invalid("since-required", "请指定起点", "give --since TIME, or --from-now to skip all")
    from store.pool import connect
    from store.seat import reposition

    async def run() -> str:
        pool = await connect(_given(load()).database_url, size=1, application="cityloop-republish")
        try:
            return str(await reposition(pool, "relay", since.replace(tzinfo=UTC) if since else None))
        finally:
            await pool.close()

    out.print(f"the relay goes on after {asyncio.run(run())}")


@pack.command("check")
def pack_check(folder: Path) -> None:
    """Read a city pack and name every fault with file and line."""
    from runtime.citypack import load as read
    from runtime.importing.tables import read_mappings
    from runtime.wiring import STANDARDS

    city = read(folder, STANDARDS)
    read_mappings(folder / "imports", city.catalogue)
    for warning in city.warnings:
        out.print(f"[yellow]warning[/] {warning.pointer}: {warning.code} {warning.hint}", highlight=False)
    out.print(f"{city.name} {city.version}: no faults, {len(city.warnings)} warnings")


@pack.command("limits")
def pack_limits(
    table: Path,
    into: Annotated[Path, typer.Option(help="the pack's folder; files that are there are never overwritten")],
    standard: Annotated[str, typer.Option(help="the name of the table's edition in the catalogue")] = "own",
    current: Annotated[bool, typer.Option(help="put the conditions on the current national categories")] = False,
) -> None:
    """Make categories.csv and conditions.csv of a city's printed table of 立案、处置和结案 (CSV, a row a condition)."""
    from runtime.citypack.limits import convert, write

    converted = convert(table, standard, current=current)
    write(converted, into)
    for warning in converted.warnings:
        out.print(f"{warning.pointer}: {warning.code} {warning.hint}", markup=False)
    out.print(f"{len(converted.categories)} categories, {len(converted.conditions)} conditions")


pack.command("draft")(draft_command)


@keys.command("issue")
def keys_issue(client: str) -> None:
    """Give a client a new key; it is shown once, and the old one stops working within 30 seconds."""
    from store.clients import Clients
    from store.pool import connect

    async def issue() -> str | None:
        pool = await connect(_given(load()).database_url, size=1, application="cityloop-keys")
        try:
            return await Clients(pool).issue(client)
        finally:
            await pool.close()

    key = asyncio.run(issue())
    if key is None:
        raise Invalid("client-unknown", "客户端不存在", "name a client of the city pack")
    out.print(key, highlight=False)


@rejects.command("list")
def rejects_list(code: str | None = None, limit: int = 50) -> None:
    """Rejects that wait for somebody."""
    from handlers.reject import waiting_rejects

    table = Table("id", "when", "where", "code", "reason")
    for one in _with_office(lambda office: waiting_rejects(office, code, 0, limit)):
        table.add_row(
            str(one.id),
            f"{one.rejected_at:%m-%d %H:%M}",
            f"{one.topic}[{one.partition}]@{one.offset}",
            one.code,
            one.reason,
        )
    out.print(table)


@rejects.command("show")
def rejects_show(reject: int) -> None:
    """One reject whole, its bytes included. What people wrote is shown here and nowhere else."""
    from handlers.reject import one_reject

    found = _with_office(lambda office: one_reject(office, reject))
    if found is None:
        raise Invalid("reject-unknown", "没有这条记录", "take the id from 'cityloop rejects list'")
    shown = {
        "topic": found.topic,
        "partition": found.partition,
        "offset": found.offset,
        "item": found.item,
        "key": (found.key or b"").decode("utf-8", "replace"),
        "headers": [[name, bytes.fromhex(value).decode("utf-8", "replace")] for name, value in found.headers],
        "value": (found.value or b"").decode("utf-8", "replace"),
        "code": found.code,
        "reason": found.reason,
        "traceback": found.traceback,
    }
    out.print_json(json.dumps(shown, ensure_ascii=False))


@rejects.command("replay")
def rejects_replay(code: str | None = None, reject: int | None = None) -> None:
    """Put rejects back through the door they came by: one by id, or all of a code, or all."""
    from runtime.replay import replay

    settings = _given(load())
    count = asyncio.run(replay(settings, code=code, reject=reject))
    out.print(f"{count} records put back")


def _with_office(ask: Callable[[Any], Any]) -> Any:
    from runtime.wiring import open_desk

    async def run() -> Any:
        async with open_desk(_given(load()), "cityloop-cli") as desk:
            return await ask(desk.office)

    return asyncio.run(run())


def _given(settings: Settings) -> Settings:
    """Settings with server addresses: those given, else those of the machine that runs now."""
    from runtime.machine import running_settings

    return running_settings(settings)


if __name__ == "__main__":
    main()
