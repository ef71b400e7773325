"""What the commands share when they speak to a person: two consoles, where to look, and waiting for Ctrl-C."""

import signal
import threading

from rich.console import Console

from runtime.settings import Settings

out = Console()
err = Console(stderr=True)


def where(settings: Settings) -> None:
    """Say where to look."""
    base = f"http://{settings.api_host}:{settings.api_port}"
    out.print(f"API and docs   {base}/docs")
    out.print(f"live stream    curl -N -H 'Authorization: Bearer KEY' {base}/v1/stream")
    out.print(f"metrics        {base}/metrics")
    out.print(f"keys           {settings.home / 'keys.json'}", highlight=False)
    out.print("Ctrl-C stops everything.")


def wait_for_ctrl_c() -> None:
    """Return on SIGINT or SIGTERM."""
    stopped = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stopped.set())
    stopped.wait()
