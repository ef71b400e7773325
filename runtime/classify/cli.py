"""``cityloop classify``: train, judge and question the text model. Everything heavy is imported when a command runs."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

classify = typer.Typer(no_args_is_help=True, help="The text model: train, evaluate, explain, export.")

Data = Annotated[list[Path], typer.Option("--data", help="JSON lines with label and text or tokens; may be repeated")]
ModelFile = Annotated[Path | None, typer.Option("--model", help="the model; default: the one in the settings")]


_EVER = datetime(2000, 1, 1, tzinfo=UTC)


@classify.callback()
def about() -> None:
    """The text model: what callers' words speak of, with probabilities and reasons."""


@classify.command("train")
def train_command(data: Data, out: Annotated[Path, typer.Option(help="where the model is written")]) -> None:
    """Train a model on texts with labels and put it in place; workers take it up within seconds."""
    from runtime.classify.command import train
    from runtime.console import out as console

    train(data, out, datetime.now(UTC).date(), console)


@classify.command("evaluate")
def evaluate_command(
    data: Data,
    model: ModelFile = None,
    folds: Annotated[int, typer.Option(min=0, max=20, help="above 0: cross-validate on the data instead")] = 0,
) -> None:
    """Judge a model on rows it was not trained on, or the method on the data itself, groups kept together."""
    from runtime.classify.command import cross_validate, evaluate
    from runtime.console import out as console
    from runtime.settings import load

    if folds:
        cross_validate(data, folds, console)
    else:
        evaluate(data, model or load().model_file, console)


@classify.command("explain")
def explain_command(text: str, model: ModelFile = None) -> None:
    """Say what the city's rules and model make of a text, and which words spoke for it."""
    from runtime.classify.command import explain
    from runtime.console import out as console
    from runtime.settings import load
    from runtime.wiring import read_pack

    settings = load()
    explain(text, read_pack(settings), model or settings.model_file, console)


@classify.command("export")
def export_command(
    out: Annotated[Path, typer.Option(help="where the JSON lines are written")],
    since: Annotated[
        datetime | None, typer.Option(help="cases that changed from this time (UTC) on; default: all")
    ] = None,
) -> None:
    """Write the texts whose category people decided or confirmed, with personal data masked, as training data."""
    from runtime.classify.command import export
    from runtime.console import out as console
    from runtime.machine import running_settings
    from runtime.settings import load

    export(running_settings(load()).database_url, out, since.replace(tzinfo=UTC) if since else _EVER, console)
