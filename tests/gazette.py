"""A gazetteer on the demo city, and a small one made for a test."""

from collections.abc import Sequence
from functools import cache

from domain.place import Crs, Point
from geo.atlas import Atlas
from geo.atlases import Atlases
from geo.gazetteer import Bounds, Entry, EntryKind, Gazetteer, Match
from runtime.citypack.files import PackFiles
from runtime.citypack.gazetteer import read_gazetteer
from runtime.citypack.map import read_map
from runtime.settings import Settings
from runtime.wiring import STANDARDS
from tests.demo_city import spot


@cache
def maps() -> Atlases:
    """The demo city's map, of all times."""
    atlases = read_map(_files()).atlases
    assert atlases is not None
    return atlases


def atlas() -> Atlas:
    """The demo city's map."""
    return maps().last


@cache
def yunhu() -> Gazetteer:
    """The demo pack's."""
    files = _files()
    gazetteer = read_gazetteer(files, atlas(), Bounds())
    assert files.findings.faults == []
    assert gazetteer is not None
    return gazetteer


def _files() -> PackFiles:
    return PackFiles(Settings().pack, STANDARDS)


def match(text: str, gazetteer: Gazetteer | None = None) -> Match:
    """What one text means."""
    return (gazetteer or yunhu()).match_many([text])[0]


def an_entry(name: str, n: int, kind: EntryKind = EntryKind.ADDRESS, *aliases: str) -> Entry:
    """Something in the middle of the n-th grid of the demo city."""
    return Entry(f"{kind}:{name}:{n}", kind, name, aliases, (), spot(n))


def a_gazetteer(entries: Sequence[Entry], bounds: Bounds | None = None) -> Gazetteer:
    """These entries on the demo city's map."""
    return Gazetteer.build(entries, atlas(), bounds)


def beside(n: int, east_m: float) -> Point:
    """So many metres east of the middle of the n-th grid."""
    middle = spot(n)
    return Point(round(middle.lon + east_m / 98_300, 7), middle.lat, Crs.WGS84)
