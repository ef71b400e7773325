"""``cityloop dispatch``: check, explain, try out, carry rulebooks. What is heavy is imported when a command runs."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runtime.dispatch.learning_cli import learn_command

if TYPE_CHECKING:
    from runtime.citypack import Pack

dispatch = typer.Typer(
    no_args_is_help=True, help="The rulebook (派单目录): check, explain, simulate, tables in and out."
)

Folder = Annotated[Path | None, typer.Argument(help="a city pack; default: the one in the settings")]
RulesFile = Annotated[Path | None, typer.Option("--rules", help="CSV or XLSX instead of the pack's rules.csv")]


@dispatch.callback()
def about() -> None:
    """The rulebook (派单目录): who acts on what, where and when."""


@dispatch.command("check")
def check_command(folder: Folder = None, rules: RulesFile = None) -> None:
    """Name everything that is wrong with a rulebook, with line and remedy; exit status 1 if it cannot be used."""
    from runtime.console import out
    from runtime.dispatch.command import check

    raise typer.Exit(0 if check(_pack(folder), rules, out) else 1)


@dispatch.command("explain")
def explain_command(
    number: Annotated[str | None, typer.Argument(help="a case's number; or say below what a case might be")] = None,
    category: Annotated[str, typer.Option(help="its code")] = "",
    area: Annotated[str, typer.Option(help="the code of the finest area known")] = "",
    condition: Annotated[str, typer.Option(help="the id of a filing condition")] = "",
    urgency: Annotated[str, typer.Option(help="一般, 紧急 or 非常紧急")] = "一般",
    source: Annotated[str, typer.Option(help="热线, 监督员 or 物联告警")] = "热线",
    tag: Annotated[list[str] | None, typer.Option(help="what its text speaks of; may be repeated")] = None,
    at: Annotated[datetime | None, typer.Option(help="when, local time; default: now")] = None,
    rules: RulesFile = None,
) -> None:
    """Say why a case went to its unit and what would have changed that; without a number, who would get such a one."""
    from runtime.console import out
    from runtime.dispatch.command import explain_case, what_if
    from runtime.machine import running_settings
    from runtime.settings import load

    if number is not None:
        explain_case(number, running_settings(load()), out)
        return
    words = {"condition": condition, "urgency": urgency, "source": source}
    what_if(_pack(None), rules, category, area, words, tag or (), at, out)


@dispatch.command("simulate")
def simulate_command(
    rules: Annotated[Path, typer.Option("--rules", help="the other rulebook, CSV or XLSX")],
    since: Annotated[str, typer.Option(help="30d, 12h, or a local day such as 2026-11-01")] = "30d",
    changes: Annotated[Path | None, typer.Option(help="where the cases that change are listed (CSV)")] = None,
) -> None:
    """Replay the record's cases under another rulebook: what changes unit, and every unit's load. Writes nothing."""
    from runtime.console import out
    from runtime.dispatch.command import run_simulation
    from runtime.machine import running_settings
    from runtime.settings import load

    run_simulation(running_settings(load()), rules, since, changes, out)


@dispatch.command("export")
def export_command(
    file: Annotated[Path, typer.Argument(help="where the table is written; .xlsx or .csv")],
    folder: Folder = None,
    force: Annotated[bool, typer.Option(help="replace a file that is there")] = False,
) -> None:
    """Write a pack's rules as a table with Chinese headers; a workbook has a second sheet with what the codes mean."""
    from runtime.console import out
    from runtime.dispatch.command import export

    export(_pack(folder), file, force, out)


@dispatch.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="a table of rules, CSV or XLSX, headers Chinese or English")],
    folder: Folder = None,
) -> None:
    """Check a table of rules and put it in place of a pack's rules.csv; with a fault nothing is written."""
    from runtime.console import out
    from runtime.dispatch.command import bring_in
    from runtime.settings import load

    raise typer.Exit(0 if bring_in(_pack(folder), file, folder or load().pack, out) else 1)


dispatch.command("learn")(learn_command)


def _pack(folder: Path | None) -> "Pack":
    from runtime.citypack import load as read
    from runtime.settings import load
    from runtime.wiring import STANDARDS

    return read(folder or load().pack, STANDARDS)
