"""How alike two reported incidents are, as a score between 0 and 1 with the share of every sign in it.

The score is logistic: σ(bias + Σ weight · sign), signs between 0 and 1. Used by ``domain.duplicates``.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from math import exp, sqrt

from domain.lattice import metres
from domain.place import Point

READ = 200
"""Characters of a text that are compared: who writes more repeats it or goes into other matters."""

_WORD = re.compile(r"\w+")
_STOREY = re.compile(r"(\d{1,4}|[一二三四五六七八九十]{1,3})\s*(号楼|[栋幢]|单元|[层楼]|室)")
_ALIKE = {"栋": "号楼", "幢": "号楼", "层": "楼"}
_FACTS = {
    "near": "{:.0f} m away",
    "soon": "{:.0f} h apart",
    "category": "same category",
    "component": "same component",
    "address": "same address",
    "words": "words {:.0%} alike",
    "unsaid": "no words to compare",
    "apart": "another {}",
}
_DIGITS = {digit: n for n, digit in enumerate("一二三四五六七八九", 1)}


@dataclass(frozen=True, slots=True)
class Weights:
    """What each sign weighs; docs/duplicates.md tells where the house's values come from.

    ``near`` falls to 1/e over ``near_m`` metres, ``soon`` over ``soon_hours``. ``words`` holds for texts that are
    alike; where one side has none, ``unsaid`` stands for their likeness. ``apart`` counts against: both name a floor,
    door or component, and not the same.
    """

    bias: float = -6.3
    near: float = 4.0
    soon: float = 3.7
    category: float = 2.0
    address: float = 2.0
    words: float = 3.0
    component: float = 8.0
    apart: float = 8.0
    near_m: float = 50.0
    soon_hours: float = 72.0
    unsaid: float = 0.1


@dataclass(frozen=True, slots=True)
class Likeness:
    """A city's switches for 并单: what joins by itself, and what is shown to the desk.

    ``join_from``: a report this alike joins an open case, within the bounds of ``Policy.join_within_m`` and
    ``join_within``. ``suggest_from``: the desk is told of a pair this alike, within ``suggest_within_m`` metres and
    ``suggest_within``; of a case that ended less than ``reworks_within`` ago as one to rework. ``related`` are groups
    of category keys that people take for each other.
    """

    join_from: float = 0.5
    suggest_from: float = 0.1
    suggest_within_m: float = 100.0
    suggest_within: timedelta = timedelta(days=14)
    reworks_within: timedelta = timedelta(days=7)
    related: tuple[frozenset[str], ...] = ()
    weights: Weights = Weights()

    def kin(self, category: str) -> frozenset[str]:
        """The category itself and those related to it."""
        own = frozenset({category})
        return own.union(*(group for group in self.related if category in group)) if self.related else own


@dataclass(frozen=True)
class Sighting:
    """What one report says of an incident, as far as likeness looks at it. ``at`` is when it happened.

    Points are in one coordinate system; ``component`` is the identifier of the component (部件标识码), if named.
    """

    category: str
    at: datetime
    point: Point | None = None
    component: str = ""
    text: str = ""
    address: str = ""

    @cached_property
    def shingles(self) -> frozenset[str]:
        """The pairs of neighbouring characters in the text."""
        return shingles(self.text)

    @cached_property
    def storeys(self) -> dict[str, set[int]]:
        """The numbers of buildings, entrances, floors and rooms in text and address, by kind."""
        found: dict[str, set[int]] = {}
        for number, kind in _STOREY.findall(f"{self.address}\n{self.text[:READ]}"):
            found.setdefault(_ALIKE.get(kind, kind), set()).add(_number(number))
        return found

    @cached_property
    def door(self) -> str:
        """The address in one way of writing, empty if it has no number: a street alone is no place."""
        plain = "".join(_WORD.findall(unicodedata.normalize("NFKC", self.address).casefold()))
        return plain if any(char.isdigit() for char in plain) else ""


@dataclass(frozen=True, slots=True)
class Ground:
    """One sign of a score: how strong it is (0 to 1), what it adds to the sum, and the fact in words."""

    sign: str
    value: float
    share: float
    fact: str


def shingles(text: str) -> frozenset[str]:
    """The pairs of neighbouring characters in the words of a text; a word of one character counts as it is."""
    words = _WORD.findall(text[:READ].casefold())
    return frozenset(word[n : n + 2] for word in words for n in range(max(1, len(word) - 1)))


def words_alike(one: frozenset[str], other: frozenset[str]) -> float:
    """How much two sets of shingles share (Ochiai): 0 for nothing, 1 for the same; long beside short is no fault."""
    return len(one & other) / sqrt(len(one) * len(other)) if one and other else 0.0


def score(one: Sighting, other: Sighting, weights: Weights) -> float:
    """How alike two sightings are, between 0 and 1; the same both ways."""
    return sigmoid(weights.bias + sum(weight * value for _, value, weight, _ in _signs(one, other, weights)))


def grounds(one: Sighting, other: Sighting, weights: Weights) -> tuple[Ground, ...]:
    """The signs that speak for or against, the heaviest first; where nothing does, that is said."""
    found = [
        Ground(sign, value, weight * value, _FACTS[sign].format(figure))
        for sign, value, weight, figure in _signs(one, other, weights)
        if weight * value
    ]
    found.sort(key=lambda ground: -abs(ground.share))
    return tuple(found) or (Ground("none", 0.0, 0.0, "nothing in common"),)


def sigmoid(x: float) -> float:
    """The logistic function, without overflow."""
    return 1 / (1 + exp(-x)) if x >= 0 else exp(x) / (1 + exp(x))


def _signs(one: Sighting, other: Sighting, weights: Weights) -> Iterator[tuple[str, float, float, object]]:
    """Every sign that can be judged: its name, value, weight, and the figure or word that its fact tells."""
    if one.point is not None and other.point is not None:
        distance = metres(one.point, other.point)
        yield "near", exp(-distance / weights.near_m), weights.near, distance
    hours = abs((one.at - other.at).total_seconds()) / 3600
    yield "soon", exp(-hours / weights.soon_hours), weights.soon, hours
    if one.category == other.category:
        yield "category", 1.0, weights.category, None
    if one.component and one.component == other.component:
        yield "component", 1.0, weights.component, None
    if one.address and other.address and one.door and one.door == other.door:
        yield "address", 1.0, weights.address, None
    if one.shingles and other.shingles:
        alike = words_alike(one.shingles, other.shingles)
        yield "words", alike, weights.words, alike
    else:
        yield "unsaid", weights.unsaid, weights.words, None
    against = _apart(one, other)
    if against:
        yield "apart", 1.0, -weights.apart, against


def _apart(one: Sighting, other: Sighting) -> str:
    """What both name and differ in; empty if nothing."""
    if one.component and other.component and one.component != other.component:
        return "component"
    mine, theirs = one.storeys, other.storeys
    return "、".join(kind for kind in mine if kind in theirs and not mine[kind] & theirs[kind])


def _number(written: str) -> int:
    """A number up to 99 in Chinese characters, or in digits."""
    if written.isdecimal():
        return int(written)
    tens, ten, ones = written.rpartition("十")
    return (_DIGITS.get(tens, 1) * 10 if ten else 0) + _DIGITS.get(ones[-1:], 0)
