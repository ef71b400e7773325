"""What ``cityloop dispatch learn`` and ``cityloop pack draft`` do: read old cases, propose, and apply nothing."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from dispatch.decision_list import Demand
from dispatch.history import Past
from dispatch.learn import Proposal, propose, says
from dispatch.recommender_training import train
from runtime.citypack import Pack, load
from runtime.dispatch.draft import City, draft, write_csv, write_pack
from runtime.dispatch.old_cases import Columns, in_the_words_of, read_old_cases
from runtime.dispatch.recommender_files import save_recommender
from store.lead_tasks import lead_tasks
from store.pool import connect

_SHOWN = 30


def from_file(file: Path, columns: Columns, pack: Pack, out: Console) -> list[Past]:
    """The cases of a table under the pack's codes; what could not be used is told."""
    history, passed_over = in_the_words_of(pack, read_old_cases(file, columns))
    _tell(len(history), passed_over, out)
    return history


def from_record(database_url: str, since: datetime, pack: Pack, out: Console) -> list[Past]:
    """The city's own cases since a moment (aware). Raises ``Unavailable`` when the database is away."""
    history, passed_over = asyncio.run(_record(database_url, since, pack))
    _tell(len(history), passed_over, out)
    return history


async def _record(database_url: str, since: datetime, pack: Pack) -> tuple[list[Past], Counter[str]]:
    pool = await connect(database_url, size=1, application="cityloop-learn")
    zone, categories = pack.policy.calendar.zone, pack.catalogue.categories
    history: list[Past] = []
    passed_over: Counter[str] = Counter()
    try:
        async for task in lead_tasks(pool, since):
            category = categories.get(task.category)
            if category is None:
                passed_over["category unknown"] += 1
                continue
            path = f"class:{category.class_code}", category.key
            day = task.offered_at.astimezone(zone).date()
            history.append(Past(day, path, task.areas, task.unit, task.sent_back))
    finally:
        await pool.close()
    return history, passed_over


def learn(
    history: Sequence[Past],
    pack: Pack,
    demand: Demand,
    out: Console,
    *,
    proposals: Path | None = None,
    model: Path | None = None,
    day: date | None = None,
) -> list[Proposal]:
    """Print what the rulebook could learn; write the rules to ``proposals`` and a recommender to ``model``.

    Raises ``Invalid`` with code ``history-too-short`` where a recommender is wanted and there are not twenty cases.
    """
    found = propose(history, pack.rulebook, demand)
    right = sum(one.learnt.right for one in found)
    today = sum(one.today for one in found)
    _show(found[:_SHOWN], pack, out)
    out.print(
        f"{len(found)} rules to read, {right:,} cases right by them and {today:,} by the rulebook today; "
        "nothing is applied",
        highlight=False,
    )
    if proposals is not None:
        write_csv(proposals, ["id", "category", "area", "lead", "note"], [*_rows(found, pack)])
        out.print(f"{proposals}: take over what you agree with into rules.csv", highlight=False, markup=False)
    if model is not None:
        made = train(history, pack.roster, day.isoformat() if day else "")
        save_recommender(made, model)
        first, third = made.header.figures["first"], made.header.figures["third"]
        said = f"{made.header.cases:,} cases; of cases held out {first:.1%} right at first, {third:.1%} within three"
        out.print(f"{model}: {said}", highlight=False, markup=False)
    return found


def draft_pack(file: Path, columns: Columns, into: Path, city: City, demand: Demand, out: Console) -> None:
    """Write a pack drafted from a table of old cases, and read it as the system will."""
    from runtime.wiring import STANDARDS

    read = read_old_cases(file, columns)
    _tell(len(read.cases), read.passed_over, out)
    made = draft(read.cases, demand)
    write_pack(made, into, city)
    pack = load(into, STANDARDS)
    right = sum(rule.right for rule in made.rules)
    decided = sum(rule.cases for rule in made.rules)
    renamed = sum(bool(unit.successor) for unit in made.units)
    local = len({unit.kind for unit in made.units if unit.kind})
    out.print(
        f"{into}: {len(made.areas)} areas, {len(made.units)} units ({renamed} renamed on the way, {local} kinds), "
        f"{len(made.categories)} categories, {len(made.rules)} rules: they decide {decided:,} of {len(made.history):,} "
        f"cases and {right:,} of them as people did; {len(pack.warnings)} warnings (cityloop pack check)",
        highlight=False,
        markup=False,
    )


def _tell(used: int, passed_over: Counter[str], out: Console) -> None:
    told = "".join(f"; {count:,} passed over: {why}" for why, count in passed_over.most_common())
    out.print(f"{used:,} cases{told}", highlight=False, markup=False)


def _show(found: Sequence[Proposal], pack: Pack, out: Console) -> None:
    table = Table("category", "area", "lead", "support", "today", "against it")
    for one in found:
        rule = one.learnt
        by = ", ".join(f"{name or 'no rule'} {count}" for name, count in one.by[:2])
        against = ", ".join(f"{past.day} {_called(past.unit, pack)}" for past in one.examples)
        category, area = _named(rule.category, pack), _named(rule.area, pack)
        table.add_row(category, area, _called(rule.lead, pack), says(rule), f"{one.today} right: {by}", against)
    out.print(table)


def _rows(found: Sequence[Proposal], pack: Pack) -> list[list[str]]:
    """Rows of rules.csv, with the names and the support in the note."""
    codes = {one.key: one.code for one in pack.catalogue.categories.values() if one.standard == pack.catalogue.current}
    return [
        [
            f"learnt-{n}",
            codes.get(one.learnt.category, one.learnt.category),
            one.learnt.area,
            one.learnt.lead,
            f"{_named(one.learnt.category, pack)} × {_named(one.learnt.area, pack)}: {says(one.learnt)}",
        ]
        for n, one in enumerate(found, 1)
    ]


def _named(node: str, pack: Pack) -> str:
    """The name of a category, class or area; «any» for none."""
    if node in pack.catalogue.categories:
        return pack.catalogue.categories[node].name
    if node in pack.atlases.areas:
        return pack.atlases.areas[node].name
    classes = {f"class:{one.class_code}": one.class_name for one in pack.catalogue.categories.values()}
    return classes.get(node, node) or "any"


def _called(unit: str, pack: Pack) -> str:
    return pack.roster.units[unit].name if unit in pack.roster.units else unit
