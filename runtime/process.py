"""What every process needs whatever it does: its figures, an end in order."""

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

from prometheus_client import start_http_server

from runtime.settings import Settings
from runtime.telemetry import Telemetry


def expose(telemetry: Telemetry, settings: Settings, offset: int) -> None:
    """Serve the figures on the first metrics port + ``offset``, if the settings name one."""
    if settings.metrics_port:
        start_http_server(settings.metrics_port + offset, settings.api_host, registry=telemetry.registry)


async def until_stopped(run: Callable[[], Awaitable[None]]) -> None:
    """Run until SIGTERM or SIGINT, then end in order."""
    task = asyncio.ensure_future(run())
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


def settle() -> None:
    """Take the pack and the modules out of the garbage collector's rounds: they live as long as the process."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
