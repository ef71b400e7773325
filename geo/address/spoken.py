"""How people say where: 对面, 旁边, 东侧100米, 甲路与乙路交叉口, 甲路从乙路到丙路段. Pure."""

import math
import re
from dataclasses import dataclass

from geo.address.numerals import CHINESE, value_of

_BEARINGS = {"北": 0, "东北": 45, "东": 90, "东南": 135, "南": 180, "西南": 225, "西": 270, "西北": 315}
_BEARINGS |= {"北东": 45, "南东": 135, "南西": 225, "北西": 315}
_OFFSET = re.compile(
    rf"(?:以|往|向|朝)?(?P<way>[东南西北]{{1,2}})(?:侧|边|面|方向|方|头|走|行|约)*(?P<metres>\d+(?:\.\d+)?|[{CHINESE}]+)"
    r"(?:多|余|来)?(?P<unit>米|公里|千米|里|km|KM|m|M)(?!\w*号)"
)
# What is said of a place, and by how many metres the spot is then uncertain beyond the place itself.
_WIDER = (
    (25.0, "门口 门前 门外 楼下"),
    (40.0, "旁边 旁 隔壁 边上 出入口 入口 出口 院内"),
    (50.0, "对面 对过"),
    (60.0, "斜对面 后面 前面 背后 东侧 西侧 南侧 北侧"),
    (150.0, "附近 周边 以东 以西 以南 以北"),
    (250.0, "一带"),
)
_NEAR = tuple(
    sorted(((word, metres) for metres, words in _WIDER for word in words.split()), key=lambda said: -len(said[0]))
)
_CROSSING = re.compile(
    r"(?:的)?(?:十字|丁字|三岔|T型)?(?:交叉路口|交叉口|交叉处|交汇处|交汇口|交汇|交会处|交界处|交界口|交界|相交处|交口|路口|口)"
)
_LINK = re.compile(r"(?:与|和|跟|同|/|-|、|到|至)?")
_UNTIL = re.compile(r"(?:路|路口|口)?(?:到|至|-|—|~)+")
_FROM = re.compile(r"[(（]?(?:从|自|由)?")
_STRETCH = re.compile(r"(?:路口|口)?(?:之间)?(?:路)?(?:段|区间)")
FILLERS = re.compile(
    "|".join(word for word, _ in _NEAR)
    + rf"|{_OFFSET.pattern.replace('?P<way>', '?:').replace('?P<metres>', '?:').replace('?P<unit>', '?:')}"
    + r"|交叉路口|交叉口|交汇处|交界处|路口|从|到|至|段|之间|与|和|的|靠近|临近|近"
)


@dataclass(frozen=True, slots=True)
class Nearness:
    """What a text says beyond the place: a way to go from it, and how much less certain the spot is.

    ``bearing`` in degrees clockwise from north and ``metres`` are None where no distance is said.
    """

    words: tuple[str, ...] = ()
    bearing: float | None = None
    metres: float | None = None
    wider_m: float = 0.0


def nearness(text: str) -> Nearness:
    """What the text, the part behind a place, says of the spot. A distance is believed to a quarter of itself."""
    offset = _OFFSET.search(text)
    if offset and offset["way"] in _BEARINGS:
        metres = _metres(offset["metres"], offset["unit"])
        return Nearness((offset[0],), float(_BEARINGS[offset["way"]]), metres, 10.0 + metres / 4)
    said, rest = [], text
    for word, wider in _NEAR:
        if word in rest:
            said.append((word, wider))
            rest = rest.replace(word, "#")
    return Nearness(tuple(word for word, _ in said), wider_m=max((wider for _, wider in said), default=0.0))


def moved(lon: float, lat: float, bearing: float, metres: float) -> tuple[float, float]:
    """The point so many metres away; exact to a metre over a few kilometres."""
    turn = math.radians(bearing)
    north = metres * math.cos(turn) / 110_900.0
    east = metres * math.sin(turn) / (111_320.0 * math.cos(math.radians(lat)))
    return lon + east, lat + north


def says_crossing(text: str, ends: int, starts: int, after: int) -> int | None:
    """Whether two roads, the first up to ``ends`` and the second from ``starts`` to ``after``, are said to cross: the
    end of the saying, else None."""
    if not _LINK.fullmatch(text, ends, starts):
        return None
    said = _CROSSING.match(text, after)
    return said.end() if said else None


def says_stretch(text: str, ends: tuple[int, int, int], starts: tuple[int, int]) -> int | None:
    """Whether a road is said to be meant from a second to a third one; ``ends`` of the three and ``starts`` of the
    last two. The end of the saying, else None."""
    opened = _FROM.fullmatch(text, ends[0], starts[0])
    through = _UNTIL.fullmatch(text, ends[1], starts[1])
    closed = _STRETCH.match(text, ends[2])
    if opened and through and (closed or opened[0]):
        return closed.end() if closed else ends[2]
    return None


def _metres(number: str, unit: str) -> float:
    value = float(number) if number[0].isdigit() else float(value_of(number))
    scale = {"公里": 1000.0, "千米": 1000.0, "里": 500.0}.get(unit, 1000.0 if unit.lower() == "km" else 1.0)
    return min(value * scale, 20_000.0)
