"""What the commands of ``cityloop dispatch`` do."""

import asyncio
import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from dispatch.engine import Engine
from dispatch.simulate import Simulation
from domain.catalogue import Kind, Urgency
from domain.errors import Invalid, NotFound
from domain.report import Source
from domain.rule_table import Remark
from handlers.rulebooks import simulate
from runtime.citypack import Pack
from runtime.citypack.rulebook import RULES
from runtime.citypack.words import meaning
from runtime.dispatch.city_rules import CityRules
from runtime.dispatch.tables import RuleTable, read_rule_table, written
from runtime.settings import Settings
from store.scope import Scope

_SPAN = re.compile(r"(\d{1,4})([dh])")
_EVERY = 100_000_000
_DESK = "duty desk"
_ROWS = 30


def check(pack: Pack, rules: Path | None, out: Console) -> bool:
    """Print what is wrong with a rulebook; whether it can be used."""
    table = _table(pack, rules)
    remarks = CityRules(pack).check_table(table, _today(pack))
    _print(remarks, out)
    grave = sum(one.grave for one in remarks)
    out.print(
        f"{table.name}: {len(table.rows)} rules, {grave} faults, {len(remarks) - grave} warnings", highlight=False
    )
    return not grave


def bring_in(pack: Pack, file: Path, folder: Path, out: Console) -> bool:
    """Check a table and make it the pack's ``rules.csv``; whether it could be used. With a fault nothing is written."""
    table = read_rule_table(file)
    remarks = CityRules(pack).check_table(table, _today(pack))
    _print(remarks, out)
    if any(one.grave for one in remarks):
        return False
    place = folder / RULES.file
    part = place.with_name(f".{RULES.file}.part")
    part.write_bytes(written(table.rows, "csv"))
    part.replace(place)
    out.print(f"{place}: {len(table.rows)} rules", highlight=False)
    return True


def export(pack: Pack, file: Path, force: bool, out: Console) -> None:
    """Write a pack's rules as a table. Raises ``Invalid`` for a file that is there, or of another kind."""
    form = file.suffix.lower().removeprefix(".")
    if form not in ("csv", "xlsx"):
        raise Invalid("table-type", "不支持的表格类型", "name a file that ends in .csv or .xlsx")
    if file.exists() and not force:
        raise Invalid("file-exists", "文件已存在", f"{file.name}: move it away, or give --force")
    file.write_bytes(CityRules(pack).written(pack.rule_rows, "xlsx" if form == "xlsx" else "csv"))
    out.print(f"{file}: {len(pack.rule_rows)} rules", highlight=False)


def what_if(
    pack: Pack,
    rules: Path | None,
    category: str,
    area: str,
    said: Mapping[str, str],
    tags: Sequence[str],
    at: datetime | None,
    out: Console,
) -> None:
    """Print who would act on a case that might be, and why. Raises ``Invalid`` for names that are none."""
    urgency, source = meaning(said["urgency"], Urgency), meaning(said["source"], Source)
    if urgency is None or source is None:
        raise Invalid("word-unknown", "词语未知", f"urgency: {', '.join(Urgency)}; source: {', '.join(Source)}")
    if area and area not in pack.atlases.paths:
        raise Invalid("area-unknown", "区域代码不存在", "use an area code of areas.csv")
    zone = pack.policy.calendar.zone
    facts = pack.surroundings.imagined(
        at.replace(tzinfo=zone) if at else datetime.now(zone),
        pack.catalogue.find(category, Kind.EVENT) if category else None,
        tuple(pack.atlases.paths[area]) if area else (),
        condition=said["condition"],
        urgency=urgency,
        source=source,
        tags=frozenset(tags),
    )
    book = CityRules(pack).compiled(rules.name, read_rule_table(rules)) if rules else pack.rulebook
    (verdict,) = Engine(book).choose_many([facts])
    out.print(f"主办：{_unit(pack, verdict.lead or '')}（{verdict.reason}；{verdict.rulebook}）", highlight=False)
    if verdict.choice:
        out.print(f"可选主办：{'、'.join(_unit(pack, unit) for unit in verdict.choice)}", highlight=False)
    if verdict.assist:
        out.print(f"协办：{'、'.join(_unit(pack, unit) for unit in verdict.assist)}", highlight=False)
    _lines("未采用", verdict.passed_over, out)
    _lines("假如", verdict.changes, out)


def explain_case(number: str, settings: Settings, out: Console) -> None:
    """Print why a case of the record is where it is. Raises ``NotFound``."""
    from api.present import Presenter
    from runtime.wiring import names_of, open_desk
    from store.views import Views

    async def ask() -> Mapping[str, object] | None:
        async with open_desk(settings, "cityloop-dispatch") as desk:
            case = await Views(desk.pool).case(number, Scope())
            return None if case is None else Presenter(names_of(desk.pack)).explanation(case)

    found = asyncio.run(ask())
    if found is None:
        raise NotFound("case")
    sentences = found["sentences"]
    for sentence in sentences if isinstance(sentences, list) else ():
        out.print(sentence, highlight=False, markup=False)
    out.print(f"\n{found['citizen']}", highlight=False, markup=False)


def run_simulation(settings: Settings, rules: Path, since: str, changes: Path | None, out: Console) -> None:
    """Replay the record under another rulebook and print what changes."""
    from runtime.wiring import open_desk, read_pack

    pack = read_pack(settings)
    start = _start(since, pack)
    book = CityRules(pack).compiled(rules.name, read_rule_table(rules))

    async def run() -> Simulation:
        async with open_desk(settings, "cityloop-dispatch", pack) as desk:
            return await simulate(desk.rulebooks, Engine(book), start, _EVERY)

    found = asyncio.run(run())
    _show(found, pack, out)
    if changes is not None:
        with changes.open("w", encoding="utf-8-sig", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(["案件编号", "原主办单位", "新主办单位", "原规则", "新规则"])
            lines.writerows([c.no, c.before, c.after, c.rule_before, c.rule_after] for c in found.changes)
        told = f"the first {len(found.changes):,}" if found.changed > len(found.changes) else "all"
        out.print(f"{changes}: {told} of {found.changed:,} cases", highlight=False)


def _show(found: Simulation, pack: Pack, out: Console) -> None:
    out.print(
        f"{found.cases:,} cases replayed, {found.changed:,} would go to another unit; of {found.send_backs:,} "
        f"send-backs {found.avoided:,} would not have been, {found.repeated:,} would come again",
        highlight=False,
    )
    moves = Table("from", "to", "rule", "new rule", "cases", title="what changes unit")
    for (old, new, by, then), cases in found.moves.most_common(_ROWS):
        moves.add_row(_unit(pack, old), _unit(pack, new), by, then, f"{cases:,}")
    load = Table("unit", "leads", "would lead", "assists", "would assist", title="load by unit")
    for unit in found.units():
        sides = (found.load["before"], found.load["after"], found.assisting["before"], found.assisting["after"])
        load.add_row(_unit(pack, unit), *(f"{side[unit]:,}" for side in sides))
    out.print(moves)
    out.print(load)


def _table(pack: Pack, rules: Path | None) -> RuleTable:
    return read_rule_table(rules) if rules else RuleTable(pack.rule_rows, lines=pack.rule_lines)


def _print(remarks: Iterable[Remark], out: Console) -> None:
    for one in remarks:
        mark = "[bold red]fault[/]  " if one.grave else "[yellow]warning[/]"
        out.print(f"{mark} {one.at}: {one.code} {one.title}: {_plain(one.says)}", highlight=False, soft_wrap=True)
        if one.remedy:
            out.print(f"        {_plain(one.remedy)}", highlight=False, soft_wrap=True)


def _plain(text: str) -> str:
    return text.replace("[", "\\[")


def _lines(title: str, told: Iterable[str], out: Console) -> None:
    for each in told:
        out.print(f"{title}：{each}", highlight=False, markup=False)


def _unit(pack: Pack, unit: str) -> str:
    known = pack.roster.units.get(unit)
    return f"{unit} {known.name}" if known else unit or _DESK


def _today(pack: Pack) -> date:
    return datetime.now(pack.policy.calendar.zone).date()


def _start(since: str, pack: Pack) -> datetime:
    """The moment that ``30d``, ``12h`` or a local day means. Raises ``Invalid`` with code ``since-invalid``."""
    span = _SPAN.fullmatch(since)
    if span:
        number = int(span[1])
        return datetime.now(UTC) - (timedelta(days=number) if span[2] == "d" else timedelta(hours=number))
    try:
        return datetime.combine(datetime.fromisoformat(since).date(), time(0), pack.policy.calendar.zone)
    except ValueError:
        raise Invalid("since-invalid", "起始时间有误", "write 30d, 12h or 2026-11-01") from None
