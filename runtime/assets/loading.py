"""The options every register's ``load`` command has, and how it ends. Everything heavy is imported when it runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from domain.place import Crs

if TYPE_CHECKING:
    from runtime.assets.command import Register

File = Annotated[Path, typer.Argument(help="CSV (plain, gzip, or alone in a zip archive) or XLSX")]
Mapped = Annotated[Path | None, typer.Option("--mapping", help="YAML that says what the city's own columns mean")]
System = Annotated[Crs | None, typer.Option("--crs", help="the system the positions are in")]
Encoding = Annotated[
    Literal["utf-8", "gb18030"] | None,
    typer.Option("--encoding", help="what the file is written in; default: UTF-8, or it asks"),
]
Remarks = Annotated[Path | None, typer.Option("--report", help="where remarks on rows go; default: beside FILE")]
Together = Annotated[bool, typer.Option("--all-or-nothing", help="bring nothing in if a single row is refused")]
Dry = Annotated[bool, typer.Option("--dry-run", help="judge every row and bring nothing in; needs no database")]


def load(
    register: "Register[Any, Any]",
    file: Path,
    mapping: Path | None,
    crs: Crs | None,
    encoding: Literal["utf-8", "gb18030"] | None,
    report: Path | None,
    together: bool,
    dry_run: bool,
) -> NoReturn:
    """Load the file, and exit with status 1 if a row was refused, else with 0."""
    from runtime.assets.command import Order, run_load
    from runtime.console import out
    from runtime.machine import running_settings
    from runtime.settings import load as read_settings
    from runtime.wiring import read_pack

    settings = read_settings() if dry_run else running_settings(read_settings())
    order = Order(file, mapping, crs, encoding, report, together, dry_run)
    tally = run_load(register, order, settings.database_url, read_pack(settings), out)
    raise typer.Exit(1 if tally.refused else 0)
