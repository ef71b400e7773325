"""The demo city's register of components, brought in before the day begins; what stands there already stays."""

from pathlib import Path

from rich.console import Console

from domain.place import Crs
from runtime.assets.command import ASSETS, Order, run_load
from runtime.machine import Machine

_TABLE = Path("register") / "assets.csv"


def stock(running: Machine) -> int:
    """Bring the register in; returns how many components it has."""
    settings = running.settings
    order = Order(settings.pack / _TABLE, crs=Crs.CGCS2000, report=settings.home / "register.remarks.csv")
    return run_load(ASSETS, order, settings.database_url, running.pack, Console(quiet=True)).taken
