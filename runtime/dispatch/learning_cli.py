"""``cityloop dispatch learn`` and ``cityloop pack draft``. Everything heavy is imported when a command runs."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

Day = Annotated[str, typer.Option("--day", help="the column with the day of dispatch, year first")]
Unit = Annotated[str, typer.Option("--unit", help="the column with the responsible unit")]
Categories = Annotated[str, typer.Option("--categories", help="columns of the category, coarse to fine, with commas")]
Areas = Annotated[str, typer.Option("--areas", help="columns of the area, coarse to fine, with commas")]
SentBack = Annotated[str, typer.Option("--sent-back", help="the column that says whether the unit sent it back")]
Worth = Annotated[int, typer.Option(min=1, help="cases a rule must decide right beyond the others to be worth reading")]
Sure = Annotated[float, typer.Option(min=0, max=1, help="the share a rule must be right in at least")]

_EVER = datetime(2000, 1, 1, tzinfo=UTC)


def learn_command(
    history: Annotated[Path | None, typer.Option(help="old cases (CSV, XLSX); default: the city's own record")] = None,
    day: Day = "date",
    unit: Unit = "unit",
    categories: Categories = "category",
    areas: Areas = "district,street,community",
    sent_back: SentBack = "",
    since: Annotated[datetime | None, typer.Option(help="own cases from this time (UTC) on; default: all")] = None,
    worth: Worth = 3,
    sure: Sure = 0.7,
    proposals: Annotated[Path | None, typer.Option(help="write the rules here, as rows of rules.csv")] = None,
    model: Annotated[Path | None, typer.Option(help="train a recommender and put it here")] = None,
) -> None:
    """Propose rules learnt from old cases, with support and counter-examples. Nothing is applied."""
    from dispatch.decision_list import Demand
    from runtime.console import out
    from runtime.dispatch.learning import from_file, from_record, learn
    from runtime.dispatch.old_cases import Columns
    from runtime.machine import running_settings
    from runtime.settings import load
    from runtime.wiring import read_pack

    settings = load()
    pack = read_pack(settings)
    if history is not None:
        past = from_file(history, Columns(day, unit, _names(categories), _names(areas), sent_back), pack, out)
    else:
        url = running_settings(settings).database_url
        past = from_record(url, since.replace(tzinfo=UTC) if since else _EVER, pack, out)
    today = datetime.now(pack.policy.calendar.zone).date()
    learn(past, pack, Demand(worth, sure), out, proposals=proposals, model=model, day=today)


def draft_command(
    history: Annotated[Path, typer.Option(help="the city's old cases (CSV, XLSX)")],
    into: Annotated[Path, typer.Option(help="the pack's folder, which must be new or empty")],
    name: Annotated[str, typer.Option(help="the city's name")],
    prefix: Annotated[str, typer.Option(help="letters of its case numbers")],
    id: Annotated[str, typer.Option(help="the pack's id: letters, digits and hyphens")] = "city",  # noqa: A002
    day: Day = "date",
    unit: Unit = "unit",
    categories: Categories = "class,category",
    areas: Areas = "district,street,community",
    sent_back: SentBack = "",
    worth: Worth = 3,
    sure: Sure = 0.5,
) -> None:
    """Draft a whole pack from old cases: areas, units, categories and rules, for a person to go on from."""
    from dispatch.decision_list import Demand
    from runtime.console import out
    from runtime.dispatch.draft import City
    from runtime.dispatch.learning import draft_pack
    from runtime.dispatch.old_cases import Columns

    columns = Columns(day, unit, _names(categories), _names(areas), sent_back)
    draft_pack(history, columns, into, City(id, name, prefix), Demand(worth, sure), out)


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in text.split(","))))
