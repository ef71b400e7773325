"""What the commands of ``cityloop address`` do."""

import asyncio
import csv
from pathlib import Path

from rich.console import Console
from rich.table import Table

from geo.address.answers import Candidate
from geo.address.lexicon import Lexicon
from geo.address.rules import RuleParser
from runtime.addresses.model import parser, read_labelled, train
from runtime.citypack import Pack
from runtime.citypack.gazetteer import PRECISION_WORDS
from runtime.geocoder import geocoder
from runtime.settings import Settings


def explained(text: str, pack: Pack, model: Path | None, online: Settings | None, out: Console) -> bool:
    """Print what a text means; whether one candidate is certain. ``online`` names the service to ask besides."""
    reader = parser(model.read_bytes()) if model else RuleParser(divisions(pack))
    (spans,) = reader.parse_many([text])
    out.print(" ".join(f"{span.text}/{span.label}" for span in spans) or "(empty)", highlight=False, markup=False)
    certain = False
    if pack.gazetteer is None:
        out.print("the city pack has no gazetteer.csv")
    else:
        (match,) = pack.gazetteer.match_many([text])
        _show(match.candidates, pack, out)
        place, certain = match.place, match.certain
        names = " ".join(pack.atlas.name(code) for code in place.path)
        out.print(f"{'certain' if certain else 'for the desk'}: {names or '-'} {place.grid or ''} ({place.doubt})")
    if online:
        found = asyncio.run(_asked(text, online))
        out.print(f"online: {len(found)} candidates")
        _show(found, pack, out)
    return certain


def train_file(labelled: Path, into: Path, names: Path | None, out: Console) -> None:
    """Train on a file of labelled addresses and write the model. Raises ``Invalid`` for a line nobody can use."""
    addresses = read_labelled(labelled.read_text(encoding="utf-8").splitlines())
    content = train(addresses, _lexicon(names))
    into.write_bytes(content)
    out.print(f"{len(addresses)} addresses, {len(content) / 1e6:.1f} MB in {into}")


def divisions(pack: Pack) -> Lexicon:
    """The names of the pack's areas, for the parser of rules."""
    kinds = {"province": "P", "city": "C", "district": "D", "street": "T", "community": "V"}
    areas = pack.atlas.tree.areas.values()
    return Lexicon.build((kinds[area.level], area.name) for area in areas if area.level in kinds)


async def _asked(text: str, settings: Settings) -> tuple[Candidate, ...]:
    async with geocoder(settings) as service:
        return await service.candidates(text)


def _lexicon(names: Path | None) -> Lexicon:
    if names is None:
        return Lexicon.build([])
    with names.open(encoding="utf-8-sig", newline="") as file:
        return Lexicon.build(row[:3] for row in csv.reader(file) if len(row) >= 2)


def _show(candidates: tuple[Candidate, ...], pack: Pack, out: Console) -> None:
    table = Table("score", "name", "级别", "± m", "where", "why")
    for one in candidates:
        deepest = one.place.path[-1] if one.place.path else None
        where = one.place.grid or (pack.atlas.name(deepest) if deepest else "-")
        why = ", ".join(one.reasons)
        table.add_row(
            f"{one.score:.2f}", one.name, PRECISION_WORDS[one.precision], f"{one.uncertainty_m:.0f}", where, why
        )
    out.print(table)
