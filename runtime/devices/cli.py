"""``cityloop devices``: the command line of their register. Everything heavy is imported when a command runs."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from domain.place import Crs

devices = typer.Typer(no_args_is_help=True, help="The register of devices (感知设备).")


@devices.callback()
def register() -> None:
    """The register of devices (感知设备): what measures in the street, where it stands, and whose it is."""


@devices.command("load")
def load_command(
    file: Annotated[Path, typer.Argument(help="CSV (plain, gzip, or alone in a zip archive) or XLSX")],
    mapping: Annotated[Path | None, typer.Option(help="YAML that says what the city's own columns mean")] = None,
    crs: Annotated[Crs | None, typer.Option(help="the system the positions are in")] = None,
    encoding: Annotated[
        Literal["utf-8", "gb18030"] | None, typer.Option(help="what the file is written in; default: UTF-8, or it asks")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="where remarks on rows are listed; default: beside FILE")] = None,
    all_or_nothing: Annotated[bool, typer.Option(help="bring nothing in if a single row is refused")] = False,
    dry_run: Annotated[bool, typer.Option(help="judge every row and bring nothing in; needs no database")] = False,
) -> None:
    """Bring the devices of a table into the register; exit status 1 if a row was refused.

    Safe to repeat: a device is known by its id, the table given last holds, and a row that changes nothing is not
    written. A load that broke off is finished by giving it again.
    """
    from runtime.assets.command import Order, run_table_load
    from runtime.console import out
    from runtime.devices.table import DEVICE_REGISTER
    from runtime.machine import running_settings
    from runtime.settings import load as read_settings
    from runtime.wiring import read_pack

    settings = read_settings() if dry_run else running_settings(read_settings())
    order = Order(file, mapping, crs, encoding, report, all_or_nothing, dry_run)
    tally = run_table_load(DEVICE_REGISTER, order, settings.database_url, read_pack(settings), out)
    raise typer.Exit(1 if tally.refused else 0)
