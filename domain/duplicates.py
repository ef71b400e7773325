"""Is this the same incident as that open case? An answer with its reasons; the caller joins or files.

Thin on purpose: same category, near, and soon after (practice: 50 m and 24 h; 国办函〔2025〕66号 (五) asks for 并单).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import cos, hypot, radians

from domain.ids import CaseId
from domain.place import Point
from domain.policy import Policy

_METRES_A_DEGREE = 111_320.0
CELL = 0.001  # degrees, about 100 m: at least twice the usual joining radius


@dataclass(frozen=True, slots=True)
class Candidate:
    """An open case as far as likeness needs it."""

    case: CaseId
    category: str
    occurred_at: datetime
    point: Point


@dataclass(frozen=True, slots=True)
class Match:
    """The case to join, how alike it is (0 to 1), and why."""

    case: CaseId
    score: float
    reason: str


def cell(point: Point) -> tuple[int, int]:
    """The lattice cell of about 100 m that holds the point; near candidates lie in it or its eight neighbours."""
    return int(point.lon // CELL), int(point.lat // CELL)


def metres(a: Point, b: Point) -> float:
    """Distance of two near points in metres, on a local plane (error below 0.5 % within 10 km)."""
    east = (a.lon - b.lon) * cos(radians((a.lat + b.lat) / 2))
    return hypot(east, a.lat - b.lat) * _METRES_A_DEGREE


def same_incident(
    category: str, point: Point, at: datetime, candidates: Iterable[Candidate], policy: Policy
) -> Match | None:
    """The most alike open case within the policy's distance and time, or None.

    ``at`` is when the reported thing happened; the times compared are those of the incidents, not of our receipt, so
    that old records may be brought in without meeting today's. A policy of no time joins nothing.
    """
    best: Match | None = None
    if not policy.join_within:
        return None
    for candidate in candidates:
        if candidate.category != category or abs(at - candidate.occurred_at) > policy.join_within:
            continue
        distance = metres(point, candidate.point)
        if distance > policy.join_within_m:
            continue
        score = 1.0 - 0.5 * distance / policy.join_within_m
        if best is None or score > best.score:
            best = Match(candidate.case, score, f"same category, {distance:.0f} m away, still open")
    return best
