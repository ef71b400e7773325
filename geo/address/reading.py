"""What a text names of what the gazetteer knows: areas, and places with their numbers, left to right. Pure."""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass

from geo.address.holdings import roadlike
from geo.address.likeness import Likeness
from geo.address.nametable import NameTable, Occurrence
from geo.address.numerals import Numbers, numbers_after
from geo.address.shape import narrow
from geo.address.spoken import FILLERS

LONGEST = 256
"""Characters of a text that are read; GB/T 47678.5 gives the place of an event (事发位置) no more."""
_SHORTEST_LIKE = 3
_KEPT_LIKE = 3  # names alike that are followed up for one stretch
_CLOSE = 0.08  # how much less alike the others may be
_STRETCH = re.compile(r"[^\x00-\x40\[-`{-\x7f]+")  # letters of any script: no digits, no signs
_COUNTRY_UP = re.compile(r"^(?:中国|中华人民共和国)?(?:[^\d省市县区路]{2,6}省|[^\d省市县区路]{2,7}自治区)?")


@dataclass(frozen=True, slots=True)
class Item:
    """A place named in a text: characters ``start`` to ``end``, the numbers said behind it, and how sure the name is.

    ``names`` are the numbers of the names it may be, each with the share of it that agrees (1 for the name itself).
    """

    start: int
    end: int
    names: tuple[tuple[int, float], ...]
    numbers: Numbers

    @property
    def after(self) -> int:
        """Where the item ends, its numbers included."""
        return max(self.end, self.numbers.end)


@dataclass(frozen=True, slots=True)
class Reading:
    """A cleaned text with the areas and the places it names; ``explained`` is the share of its signs that are known."""

    text: str
    areas: tuple[Occurrence, ...]
    items: tuple[Item, ...]
    explained: float


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """Reads texts against one gazetteer's names. ``cities`` are names that say nothing within the city,
    ``short_names`` those of areas without their kind.

    ``least_alike`` is the share of a name that must agree for it to be taken for meant.
    """

    table: NameTable
    likeness: Likeness
    area_names: Container[int]
    short_names: Container[int]
    place_names: Container[int]
    cities: Sequence[str]
    least_alike: float

    def read_many(self, texts: Sequence[str]) -> list[Reading]:
        """One reading a text."""
        cleaned = [self.clean(text) for text in texts]
        found = self.table.find_many(cleaned)
        return [self._read(text, hits) for text, hits in zip(cleaned, found, strict=True)]

    def clean(self, text: str) -> str:
        """The text, as far as it is read, in narrow signs: no blanks, and no country, province and city in front."""
        plain = "".join(narrow(text[:LONGEST]).split())
        while True:
            rest = _COUNTRY_UP.sub("", plain, count=1) or plain
            city = next((city for city in self.cities if rest.startswith(city) and len(rest) > len(city)), "")
            rest = rest[len(city) :]
            if rest == plain:
                return plain
            plain = rest

    def _read(self, text: str, hits: Sequence[Occurrence]) -> Reading:
        chosen = _cover(hits, self.place_names)
        areas = [hit for hit in chosen if hit.name in self.area_names]
        named = [hit for hit in chosen if hit.name in self.place_names]
        items = [self._item(text, hit.start, hit.end, ((hit.name, 1.0),)) for hit in named]
        # what may be an area's short name may as well be the beginning of another name with a slip
        sure = [hit for hit in areas if hit.name not in self.short_names]
        taken = [(hit.start, hit.end) for hit in sure] + [(item.start, item.after) for item in items]
        alike, unknown = self._alike(text, taken)
        short = [hit for hit in areas if hit.name in self.short_names]
        short = [hit for hit in short if not any(item.start < hit.end and hit.start < item.end for item in alike)]
        unknown -= sum(hit.end - hit.start for hit in short)
        items = sorted([*items, *alike], key=lambda item: item.start)
        areas = sorted([*sure, *short], key=lambda hit: hit.start)
        return Reading(text, tuple(areas), tuple(items), 1 - max(unknown, 0) / max(len(text), 1))

    def _item(self, text: str, start: int, end: int, names: tuple[tuple[int, float], ...]) -> Item:
        road = roadlike(self.table.name(names[0][0]))
        return Item(start, end, names, numbers_after(text, end, road=road))

    def _alike(self, text: str, taken: Sequence[tuple[int, int]]) -> tuple[list[Item], int]:
        """Items for stretches that no known name covers, and how many signs nobody knows."""
        items: list[Item] = []
        unknown = 0
        for start, end in _free(text, taken):
            for at, stop in _stretches(text, start, end):
                unknown += stop - at
                # two letters are a name with a letter missing only if a number follows: 云路1号
                if stop - at < (2 if text[stop : stop + 1].isdigit() else _SHORTEST_LIKE):
                    continue
                likes = self.likeness.like(text[at:stop], self.least_alike)
                likes = [like for like in likes if like.name in self.place_names]
                likes = [like for like in likes if like.share >= likes[0].share - _CLOSE]
                if likes:
                    names = tuple((like.name, like.share) for like in likes[:_KEPT_LIKE])
                    items.append(self._item(text, at + likes[0].start, at + likes[0].end, names))
                    unknown -= likes[0].end - likes[0].start
        return items, unknown


def _cover(hits: Sequence[Occurrence], places: Container[int]) -> list[Occurrence]:
    """Occurrences that do not overlap: as many characters as can be with as few names, places before areas."""
    best: list[tuple[float, tuple[Occurrence, ...]]] = [(0.0, ())]
    ends: dict[int, list[Occurrence]] = {}
    for hit in hits:
        ends.setdefault(hit.end, []).append(hit)
    marks = [0, *sorted(ends)]
    at = {mark: n for n, mark in enumerate(marks)}
    for n, mark in enumerate(marks[1:], start=1):
        choice = best[n - 1]
        for hit in ends[mark]:
            m = at.get(hit.start)
            if m is None:
                m = max(k for k, other in enumerate(marks[: n + 1]) if other <= hit.start)
            worth = best[m][0] + (hit.end - hit.start) - 0.5 + (0.01 if hit.name in places else 0.0)
            if worth > choice[0]:
                choice = (worth, (*best[m][1], hit))
        best.append(choice)
    return list(best[-1][1])


def _free(text: str, taken: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    free, at = [], 0
    for start, end in sorted(taken):
        if start > at:
            free.append((at, start))
        at = max(at, end)
    if at < len(text):
        free.append((at, len(text)))
    return free


def _stretches(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The parts of a free part that may be a name: letters between numbers, signs and words that say how near."""
    found = []
    for run in _STRETCH.finditer(text, start, end):
        at = run.start()
        for filler in [*(match.span() for match in FILLERS.finditer(text, run.start(), run.end())), (run.end(),) * 2]:
            if filler[0] > at:
                found.append((at, filler[0]))
            at = filler[1]
    return found
