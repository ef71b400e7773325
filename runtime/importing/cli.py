"""``cityloop import``: the command line of files in. Everything heavy is imported when it runs."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from domain.place import Crs


def import_command(
    file: Annotated[Path, typer.Argument(help="CSV (plain, gzip, or alone in a zip archive) or XLSX")],
    mapping: Annotated[Path | None, typer.Option(help="YAML that says what the columns mean")] = None,
    pack: Annotated[Path | None, typer.Option(help="the city pack; default: the one in the settings")] = None,
    via: Annotated[Literal["kafka", "http"], typer.Option(help="hotline topic, or jobs by POST /v1/imports")] = "kafka",
    url: Annotated[str | None, typer.Option(help="http: address of the API")] = None,
    client: Annotated[str | None, typer.Option(help="http: whose key of keys.json; default: an admin's")] = None,
    report: Annotated[Path | None, typer.Option(help="where remarks on rows are listed; default: beside FILE")] = None,
    encoding: Annotated[
        Literal["utf-8", "gb18030"] | None, typer.Option(help="what a CSV is written in; default: UTF-8, or it asks")
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="of a CSV; default: the one its header holds")] = None,
    source: Annotated[str | None, typer.Option(help="whose numbers they are, where no mapping says it")] = None,
    crs: Annotated[Crs | None, typer.Option(help="system of positions whose column names none")] = None,
    dry_run: Annotated[bool, typer.Option(help="judge every row and send none; needs no server")] = False,
    all_or_nothing: Annotated[bool, typer.Option(help="send nothing if a single row is refused")] = False,
) -> None:
    """Send the incidents of a table in as hotline tickets; exit status 1 if a row was refused.

    Without a mapping the columns are known by their names, Chinese or English. Safe to repeat by any way: a row is
    known by the table's source and its own number.
    """
    from runtime.console import out
    from runtime.importing.command import Order, import_file
    from runtime.settings import load

    order = Order(file, mapping, via, url, client, report, encoding, delimiter, source, crs, dry_run, all_or_nothing)
    tally = import_file(order, load(), pack, out)
    raise typer.Exit(1 if tally.refused else 0)
