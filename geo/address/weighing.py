"""Candidates weighed by everything a text says: the areas it names, its other places, what nobody knows. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from geo.address.answers import Candidate
from geo.address.drafts import metres_between
from geo.address.entries import Precision

_FINENESS = {
    Precision.BUILDING: 1.0, Precision.HOUSE_NUMBER: 1.0, Precision.POI: 0.97, Precision.CROSSING: 0.97,
    Precision.INTERPOLATED: 0.93, Precision.ROAD_SEGMENT: 0.93, Precision.ROAD: 0.8, Precision.COMMUNITY: 0.7,
    Precision.STREET: 0.6, Precision.DISTRICT: 0.5,
}  # fmt: skip
_OF_A_KIND = 0.1  # candidates whose fineness differs by less answer the same question
_UNKNOWN_WORDS = 0.15  # lost when nothing else in the text is known
_OTHER_AREA, _OTHER_SHORT = 0.7, 0.9  # the text names another area, by its whole name or by a short one
_APART = 0.85  # none of the text's other places is near
_NEAR_M = 300.0

Ranked = tuple[Candidate, int]


@dataclass(frozen=True, slots=True)
class Said:
    """The areas a text names, each as the ways down to what it may mean and whether its name was whole; and the share
    of the text's signs that something is known of."""

    areas: tuple[tuple[tuple[tuple[str, ...], ...], bool], ...]
    explained: float


def weighed(candidates: Sequence[Candidate], items: Sequence[int], said: Said) -> list[Ranked]:
    """Candidates with the text's other words taken in, each entry once, the best first, with the item it came from."""
    known = 1 - _UNKNOWN_WORDS * (1 - said.explained)
    best: dict[tuple[str, str], Ranked] = {}
    for one, item in zip(candidates, items, strict=True):
        factor, reasons = _areas(one, said)
        if not _company(one, item, candidates, items):
            factor, reasons = factor * _APART, (*reasons, "far-from-the-rest")
        scored = replace(one, score=round(one.score * factor * known, 4), reasons=(*one.reasons, *reasons))
        key = one.entry, one.name
        if key not in best or best[key][0].score < scored.score:
            best[key] = scored, item
    return sorted(best.values(), key=lambda ranked: (-_worth(ranked[0]), ranked[0].entry))


def rivals(ranked: Sequence[Ranked], margin: float) -> list[Candidate]:
    """The candidates that may be meant as well as the first: as fine, about as likely, somewhere else."""
    if not ranked:
        return []
    first, item = ranked[0]
    return [
        other
        for other, its in ranked[1:]
        if other.score > first.score - margin
        and _FINENESS[other.precision] > _FINENESS[first.precision] - _OF_A_KIND
        and (other.place.grid or other.place.path) != (first.place.grid or first.place.path)
        and (its == item or other.precision is Precision.ROAD or not _near(first, other))
    ]


def _areas(one: Candidate, said: Said) -> tuple[float, tuple[str, ...]]:
    factor = 1.0
    reasons: tuple[str, ...] = ()
    for paths, whole in said.areas:
        if any(path[-1] in one.place.path for path in paths):
            reasons = (*reasons, "area-agrees")
        elif one.place.path and not any(_above(one, path) for path in paths):
            factor *= _OTHER_AREA if whole else _OTHER_SHORT
            reasons = (*reasons, f"other-area {paths[0][-1]}")
    return factor, reasons


def _above(one: Candidate, path: tuple[str, ...]) -> bool:
    """Whether the candidate is only known as something that holds the area, so that it contradicts nothing."""
    return one.place.path[-1] in path


def _worth(one: Candidate) -> float:
    return one.score * _FINENESS[one.precision]


def _company(one: Candidate, item: int, candidates: Sequence[Candidate], items: Sequence[int]) -> bool:
    others = [other for other, its in zip(candidates, items, strict=True) if its != item]
    return not others or any(_near(one, other) for other in others)


def _near(one: Candidate, other: Candidate) -> bool:
    if one.point is None or other.point is None:
        return True
    apart = metres_between((one.point.lon, one.point.lat), (other.point.lon, other.point.lat))
    return apart <= max(_NEAR_M, one.uncertainty_m, other.uncertainty_m)
