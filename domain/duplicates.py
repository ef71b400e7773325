"""Is this the same incident as that case? What joins by itself and what the desk is told of, with the reasons.

Practice: 50 m and 24 h; 国办函〔2025〕66号 (五) asks for 并单. ``domain.likeness`` scores, this decides.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from heapq import nlargest

from domain.ids import CaseId
from domain.lattice import blocks, metres
from domain.likeness import Ground, Sighting, grounds, score
from domain.policy import Policy

MOST = 3
"""Suggestions a new case is given; the desk can always look for more."""


class DuplicateKind(StrEnum):
    """Same incident as an open case (重复案件), or the same trouble come back after a case ended (疑似返工)."""

    SAME = "same"
    REWORK = "rework"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A case as far as likeness needs it: what its first report says, and when it ended, if it has."""

    case: CaseId
    seen: Sighting
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A case, how alike it is (0 to 1), why, and what follows: joined now or shown to the desk."""

    case: CaseId
    kind: DuplicateKind
    score: float
    grounds: tuple[Ground, ...]

    @property
    def reason(self) -> str:
        """The score with the facts behind it; figures only, nothing anybody wrote."""
        return f"{self.score:.2f} alike: {', '.join(ground.fact for ground in self.grounds)}"


def looks(seen: Sighting, policy: Policy) -> Iterator[tuple[str, int, int]]:
    """Category and block of the lattice wherever a case may lie that a report joins or is shown beside."""
    if seen.point is None or not seen.category:
        return iter(())
    reach, kin = max(policy.join_within_m, policy.likeness.suggest_within_m), policy.likeness.kin(seen.category)
    return ((category, x, y) for x, y in blocks(seen.point, reach) for category in kin)


def same_incident(seen: Sighting, candidates: Iterable[Candidate], policy: Policy) -> Match | None:
    """The most alike open case that the report joins by itself, or None.

    It must be of the same category, within the policy's time and distance (the same component may be anywhere: phones
    err more than codes), and alike enough. The times compared are those of the incidents, not of our receipt, so that
    old records may be brought in without meeting today's. A policy of no time joins nothing; what has ended is never
    joined.
    """
    if not policy.join_within:
        return None
    able = (c for c in candidates if c.ended_at is None and _within_bounds(seen, c.seen, policy))
    best = max(((_score(seen, c, policy), n, c) for n, c in enumerate(able)), default=None)
    return None if best is None or best[0] < policy.likeness.join_from else _match(seen, best[2], best[0], policy)


def suggestions(seen: Sighting, candidates: Iterable[Candidate], policy: Policy, most: int = MOST) -> list[Match]:
    """The cases that the desk should compare with this report, the most alike first."""
    able = ((_score(seen, c, policy), n, c) for n, c in enumerate(candidates) if _worth_a_look(seen, c, policy))
    alike = nlargest(most, (each for each in able if each[0] >= policy.likeness.suggest_from))
    return [_match(seen, candidate, found, policy) for found, _, candidate in alike]


def _within_bounds(seen: Sighting, other: Sighting, policy: Policy) -> bool:
    if seen.category != other.category or abs(seen.at - other.at) > policy.join_within:
        return False
    return _near(seen, other, policy.join_within_m)


def _worth_a_look(seen: Sighting, candidate: Candidate, policy: Policy) -> bool:
    likeness, other = policy.likeness, candidate.seen
    if candidate.ended_at is not None and seen.at - candidate.ended_at > likeness.reworks_within:
        return False
    if abs(seen.at - other.at) > likeness.suggest_within or not _near(seen, other, likeness.suggest_within_m):
        return False
    alike = seen.category == other.category or other.category in likeness.kin(seen.category)
    return alike or _same_component(seen, other)


def _near(seen: Sighting, other: Sighting, reach_m: float) -> bool:
    if _same_component(seen, other):
        return True
    return seen.point is not None and other.point is not None and metres(seen.point, other.point) <= reach_m


def _same_component(seen: Sighting, other: Sighting) -> bool:
    return bool(seen.component) and seen.component == other.component


def _score(seen: Sighting, candidate: Candidate, policy: Policy) -> float:
    return score(seen, _last_seen(seen, candidate), policy.likeness.weights)


def _match(seen: Sighting, candidate: Candidate, alike: float, policy: Policy) -> Match:
    kind = DuplicateKind.SAME if candidate.ended_at is None else DuplicateKind.REWORK
    why = grounds(seen, _last_seen(seen, candidate), policy.likeness.weights)
    return Match(candidate.case, kind, alike, why)


def _last_seen(seen: Sighting, candidate: Candidate) -> Sighting:
    """What the case says of its incident; of one that ended it counts how soon after its end the trouble is back."""
    if candidate.ended_at is None:
        return candidate.seen
    return replace(candidate.seen, at=min(seen.at, candidate.ended_at))
