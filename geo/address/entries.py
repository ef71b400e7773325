"""One thing a gazetteer knows: a standard address, a road, an estate, a point of interest, an area. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from domain.place import Point


class EntryKind(StrEnum):
    """What an entry of the gazetteer is (地名地址类别)."""

    ADDRESS = "address"
    ROAD = "road"
    CROSSING = "crossing"
    ESTATE = "estate"
    POI = "poi"
    COMPONENT = "component"
    AREA = "area"


class Precision(StrEnum):
    """How exactly a text was placed (匹配级别), from a door to a district."""

    BUILDING = "building"
    HOUSE_NUMBER = "house_number"
    POI = "poi"
    CROSSING = "crossing"
    INTERPOLATED = "interpolated"
    ROAD_SEGMENT = "road_segment"
    ROAD = "road"
    COMMUNITY = "community"
    STREET = "street"
    DISTRICT = "district"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a pack's gazetteer.

    ``name`` is the road, estate or place with its own number if it has one: 湖滨路12号, 柳岸花园3栋. ``parts`` are the
    areas it lies in as the source names them, from coarse to fine. An entry of kind ``area`` gives further names, old
    ones say, to the area of the map that ``area`` names. ``point`` may be None where ``area`` is given, and
    the other way round; ``area`` is the code of a grid or of a coarser area of the map.
    """

    id: str
    kind: EntryKind
    name: str
    aliases: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    point: Point | None = None
    area: str | None = None


def crossing_names(name: str) -> tuple[str, str] | None:
    """The two roads of a crossing's name (A路与B路交叉口), or None."""
    for end in ("交叉路口", "交叉口", "交汇处", "交界处", "交会处", "路口", "口"):
        if name.endswith(end):
            name = name.removesuffix(end)
            break
    for link in ("与", "和", "-", "/", "、", "跟", "—"):
        one, found, other = name.partition(link)
        if found and one and other:
            return one, other
    return None


def spellings(names: Iterable[str]) -> list[str]:
    """Names without blanks, each once, the empty ones left out."""
    return list(dict.fromkeys("".join(name.split()) for name in names if name.strip()))
