"""``cityloop address``: what a text means and why, and training. Everything heavy is imported when a command runs."""

from pathlib import Path
from typing import Annotated

import typer

address = typer.Typer(no_args_is_help=True, help="Addresses: what a text means, and why.")


@address.callback()
def addresses() -> None:
    """Addresses: what a text means, and why."""


@address.command("explain")
def explain(
    text: Annotated[str, typer.Argument(help="an address as people say it")],
    model: Annotated[Path | None, typer.Option(help="a trained parser; default: the one of rules")] = None,
    online: Annotated[bool, typer.Option(help="ask the online geocoder of the settings too")] = False,
) -> None:
    """Print the elements of an address, the candidates with their reasons, and what a case would be filed under.

    Exit status 1 if no candidate is certain.
    """
    from runtime.addresses.explain import explained
    from runtime.console import out
    from runtime.settings import load
    from runtime.wiring import read_pack

    settings = load()
    certain = explained(text, read_pack(settings), model, settings if online else None, out)
    raise typer.Exit(0 if certain else 1)


@address.command("train")
def train_command(
    labelled: Annotated[Path, typer.Argument(help="labelled addresses, a JSON object a line")],
    into: Annotated[Path, typer.Option(help="where the model is written")],
    names: Annotated[Path | None, typer.Option(help="CSV of kind (P C D T V), name and code of divisions")] = None,
) -> None:
    """Train the parser on a city's own labelled addresses; a line is {"text": …, "spans": [[start, end, label], …]}."""
    from runtime.addresses.explain import train_file
    from runtime.console import out

    train_file(labelled, into, names, out)
