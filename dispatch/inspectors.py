"""Which inspector goes to the spot (核实, 核查, 抽查): the nearest on duty. Called by the office, many cases at once.

Practice: such tasks go to the inspector nearest the spot (the field's case workflow specifications).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.lattice import metres
from domain.place import Crs, Point

FRESH = timedelta(minutes=15)
_WHOLE_CITY = ""
# Systems whose points may be compared as they are: they differ by decimetres. The others are shifted by hundreds of
# metres, and to undo that is not for this room.
_ALIKE = {Crs.CGCS2000: Crs.WGS84}


@dataclass(frozen=True, slots=True)
class Presence:
    """An inspector on duty: where and when seen last (aware), and the tasks still open with them.

    ``areas`` are area codes of any level; they hold everything below them, and none means the whole city.
    """

    inspector: str
    point: Point | None
    seen_at: datetime
    areas: tuple[str, ...]
    open_tasks: int


@dataclass(frozen=True, slots=True)
class Spot:
    """Where somebody must go: the case's point and area codes from the city down, and who shall not be sent."""

    point: Point | None
    areas: tuple[str, ...]
    not_these: frozenset[str] = frozenset()


def nearest_many(
    spots: Sequence[Spot], presences: Iterable[Presence], at: datetime, fresh: timedelta = FRESH
) -> list[str | None]:
    """For each spot the inspector of its area nearest by a position at most ``fresh`` old; None if there is none.

    Equally near: who has fewer open tasks, then the lower id; each task given counts for the spots after it. Where
    nobody's position can be used, who has the fewest open tasks. A position in another coordinate system than the
    spot's cannot be used, but CGCS2000 and WGS-84 are one. An inspector is present once.
    """
    of_area: dict[str, list[str]] = defaultdict(list)
    where: dict[str, Point] = {}
    load: dict[str, int] = {}
    for one in presences:
        load[one.inspector] = one.open_tasks
        if one.point is not None and at - one.seen_at <= fresh:
            where[one.inspector] = one.point
        for area in one.areas or (_WHOLE_CITY,):
            of_area[area].append(one.inspector)
    sent: list[str | None] = []
    for spot in spots:
        able = {who for area in (_WHOLE_CITY, *spot.areas) for who in of_area.get(area, ())} - spot.not_these
        who = _nearest(spot.point, able, where, load)
        if who is not None:
            load[who] += 1
        sent.append(who)
    return sent


def _nearest(
    point: Point | None, able: Iterable[str], where: Mapping[str, Point], load: Mapping[str, int]
) -> str | None:
    away = {}
    if point is not None:
        seen = {who: where[who] for who in able if who in where}
        away = {who: metres(point, there) for who, there in seen.items() if _system(there) is _system(point)}
    return min(away or able, key=lambda who: (away.get(who, 0.0), load[who], who), default=None)


def _system(point: Point) -> Crs:
    return _ALIKE.get(point.crs, point.crs)
