"""How large and how fast the gazetteer is with a million entries and more, beside a plain dict of whole addresses.

The city is made up: roads with doors, estates with buildings, places of interest, on the demo city's map. The dict
finds an address only if it is written exactly as it is kept; the gazetteer is asked for the same addresses, and for
others with a slip or spoken. All are asked in batches of 500, as reports come. A slip in a name of three letters is
often another name of this crowded city, and then that one rightly comes first.
"""

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from domain.place import Crs, Point
from geo.atlas import Atlas
from geo.gazetteer import Entry, EntryKind, Gazetteer
from runtime.citypack.files import PackFiles
from runtime.citypack.map import read_map
from runtime.settings import ROOT

ENTRIES = 1_000_000
ASKED = 10_000
BATCH = 500
_SYLLABLES = (
    "东西南北中平安和顺福泰兴隆昌盛文华明德仁义礼智信永宁清源龙凤江河湖海山石金银玉珠松柏梅兰竹菊"
    "春夏秋冬云雨风雪星月日光天地人民新建设荣胜利"
)
_ROADS = ("路", "街", "大道", "巷")
_ESTATES = ("花园", "小区", "家园", "公寓", "苑")
_PLACES = ("超市", "药店", "幼儿园", "饭店", "公司", "诊所", "工业园", "宾馆")


def main() -> str:
    """The tables, as Markdown."""
    dice = random.Random(1)
    atlas = _atlas()
    entries = city(dice, atlas, ENTRIES)
    start = time.perf_counter()
    gazetteer = Gazetteer.build(entries, atlas)
    built = time.perf_counter() - start
    plain = {entry.name: n for n, entry in enumerate(entries)}
    exact = [entry.name for entry in dice.sample(entries, ASKED)]
    kinds: dict[str, Callable[[str], str]] = {
        "whole and right": lambda text: text,
        "with the city before it": lambda text: f"云湖市{text}",
        "one letter wrong": lambda text: _slip(text, dice),
        "spoken: 对面": lambda text: f"{text}对面",
    }
    lines = [
        f"{len(entries):,} entries, {len(gazetteer.reader.table):,} names: built in {built:.1f} s, "
        f"{_index_megabytes(gazetteer):.0f} MB of index and {_title_megabytes(entries):.0f} MB of ids and titles.",
        "",
        "| asked | addresses/s | µs each | its own entry is first | among the first three |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    rate = _rate(lambda batch: [plain.get(text) for text in batch], exact)
    lines.append(f"| plain dict, whole and right | {rate:,.0f} | {1e6 / rate:.2f} | 100 % | |")
    for name, change in kinds.items():
        asked = [change(text) for text in exact]
        rate = _rate(gazetteer.match_many, asked)
        found = gazetteer.match_many(asked)
        names = [[one.name for one in match.candidates[:3]] for match in found]
        first = sum(own == given[0] for own, given in zip(exact, names, strict=True) if given) / ASKED
        among = sum(own in given for own, given in zip(exact, names, strict=True)) / ASKED
        lines.append(f"| {name} | {rate:,.0f} | {1e6 / rate:.0f} | {first:.1%} | {among:.1%} |")
    return "\n".join(lines)


def city(dice: random.Random, atlas: Atlas, size: int) -> list[Entry]:
    """So many entries: two thirds doors, a fifth buildings, the rest places of interest."""
    west, south, east, north = 113.93, 27.935, 113.97, 27.97
    found: list[Entry] = []
    taken: set[str] = set()
    while len(found) < size:
        lon, lat = dice.uniform(west, east), dice.uniform(south, north)
        what = dice.random()
        if what < 0.01:
            found += _numbered(
                _name(dice, taken, _ROADS), "号", EntryKind.ADDRESS, dice.randint(20, 400), lon, lat, len(found)
            )
        elif what < 0.04:
            found += _numbered(
                _name(dice, taken, _ESTATES), "栋", EntryKind.ESTATE, dice.randint(4, 40), lon, lat, len(found)
            )
        else:
            name = _name(dice, taken, _PLACES)
            found.append(Entry(f"E{len(found)}", EntryKind.POI, name, point=Point(lon, lat, Crs.CGCS2000)))
    return found[:size]


def _numbered(name: str, sign: str, kind: EntryKind, most: int, lon: float, lat: float, after: int) -> list[Entry]:
    spots = [Point(lon + n * 1e-5, lat, Crs.CGCS2000) for n in range(most)]
    return [Entry(f"E{after + n}", kind, f"{name}{n + 1}{sign}", point=spot) for n, spot in enumerate(spots)]


def _name(dice: random.Random, taken: set[str], kinds: Sequence[str]) -> str:
    while True:
        name = "".join(dice.choices(_SYLLABLES, k=dice.randint(2, 4))) + dice.choice(kinds)
        if name not in taken:
            taken.add(name)
            return name


def _slip(text: str, dice: random.Random) -> str:
    at = dice.choice([n for n, char in enumerate(text) if not char.isdigit()])
    return f"{text[:at]}甴{text[at + 1 :]}"


def _rate(ask: Callable[[list[str]], object], texts: Sequence[str]) -> float:
    start = time.perf_counter()
    for at in range(0, len(texts), BATCH):
        ask(list(texts[at : at + BATCH]))
    return len(texts) / (time.perf_counter() - start)


def _index_megabytes(gazetteer: Gazetteer) -> float:
    held = gazetteer.holdings
    columns = (held.kinds, held.lons, held.lats, held.places, held.first, held.house, held.keys, held.entry, held.ids)
    size = sum(column.nbytes for column in (*columns, held.titles))
    return (size + gazetteer.reader.table.nbytes + gazetteer.reader.likeness.nbytes) / 1e6


def _title_megabytes(entries: Sequence[Entry]) -> float:
    return sum(len(entry.id) + 49 + 2 * len(entry.name) + 74 for entry in entries) / 1e6


def _atlas() -> Atlas:
    atlases = read_map(PackFiles(ROOT / "deploy" / "citypacks" / "demo", Path())).atlases
    assert atlases is not None
    return atlases.last


if __name__ == "__main__":
    print(main())
