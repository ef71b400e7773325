"""The story of the demo: start the machine, let a day happen, show the accounts. Called by ``cityloop demo``."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import httpx

from domain.errors import CityloopError
from runtime.console import out, wait_for_ctrl_c, where
from runtime.demo import tables
from runtime.demo.bars import setting_up
from runtime.demo.register import stock
from runtime.demo.yunhu import Day, Evening
from runtime.machine import Machine, machine
from runtime.settings import ROOT, Settings

PACK = ROOT / "deploy" / "citypacks" / "demo"


def play(settings: Settings, *, reports: int, seed: int, stay: bool) -> bool:
    """Play a day with so many reports; returns whether every one of them accounts. With ``stay``: until Ctrl-C.

    Raises ``CityloopError`` when the machine cannot be started or a server is lost for good.
    """
    with ExitStack() as stack:
        with setting_up(out) as say:
            running = stack.enter_context(machine(replace(settings, pack=PACK), say))
            say(f"register: {stock(running)} components")
        out.print(f"\na day in {running.pack.name}: {reports:,} reports", highlight=False)
        evening = _live(running, reports, seed)
        balanced = evening is not None and show(evening)
        if stay:
            out.print()
            if evening is not None:
                chart = running.url + evening.sensors.picture.path
                out.print(f"chart          curl -H 'Authorization: Bearer KEY' '{chart}'", soft_wrap=True)
            where(running.settings)
            wait_for_ctrl_c()
    return balanced


def _live(running: Machine, reports: int, seed: int) -> Evening | None:
    """The day's end, or None when the API was lost on the way; our own errors leave as themselves."""
    try:
        return asyncio.run(Day(running, reports=reports, seed=seed, out=out).live())
    except BaseExceptionGroup as group:
        for error in _leaves(group):
            if isinstance(error, CityloopError):
                raise error from group
            if isinstance(error, httpx.HTTPError):
                log = running.settings.home / "logs" / "api.log"
                out.print(f"[bold red]the API is lost[/]: {error or type(error).__name__}; read {log}")
                return None
        raise


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def show(evening: Evening) -> bool:
    """Print the tables; returns whether every report accounts."""
    out.print()
    out.print(tables.departments(evening.figures))
    out.print(tables.performance(evening.figures, evening.account, evening.heard, evening.conflicts))
    out.print(tables.practice(evening.matters, evening.tickets))
    out.print(tables.accounting(evening.account, evening.record))
    out.print(tables.measured(evening.sensors))
    out.print(f"chart of one device: {evening.sensors.picture.file}", highlight=False, soft_wrap=True)
    out.print(f"played in {evening.seconds:.0f} s", highlight=False)
    if evening.unfinished:
        out.print(tables.unfinished(evening.unfinished))
    return tables.verdict(out, evening.account, evening.sensors, in_time=evening.in_time, heard=evening.heard)
