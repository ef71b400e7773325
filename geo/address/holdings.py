"""The entries of a gazetteer as columns: a million fit into some hundred megabytes. Used by the gazetteer; pure.

A road's thousand doors share one name; what is kept a door is its number. Rows are sorted by name and number, so that a
name's doors are one slice and a number lies between its neighbours.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.address.entries import Entry, EntryKind, spellings
from geo.address.nametable import NameTable
from geo.address.numerals import CHINESE, numbers_after
from geo.address.shape import narrow

KINDS = tuple(EntryKind)
_KINDS_ONLY = frozenset({
    "大道", "大街", "公路", "小区", "花园", "大厦", "广场", "公寓", "市场", "菜场", "医院",
    "学校", "公园", "社区", "街道", "路口", "车站",
})  # fmt: skip
_DEGREE = 1e7  # positions are kept as whole ten-millionths of a degree, 1 cm
_NO_POINT = np.iinfo(np.int32).min
_STARTS = re.compile(rf"(?<=..)(?=第?[A-Za-z]?[\d{CHINESE}])")
_ROADLIKE = re.compile(r"[路街道巷弄线里]$|胡同$|大道$|公路$")

Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Row:
    """One spelling of an entry: the name, its numbers (``n12|b3``), the entry."""

    name: str
    key: str
    entry: int


@dataclass(frozen=True, slots=True, eq=False)
class Holdings:
    """Columns of entries, and rows of their spellings in order of name and number."""

    ids: NDArray[np.object_]
    titles: NDArray[np.object_]
    kinds: NDArray[np.uint8]
    lons: Ints
    lats: Ints
    places: Ints
    first: Ints
    house: Ints
    keys: Ints
    entry: Ints
    key_words: tuple[str, ...]
    key_numbers: Mapping[str, int]

    @classmethod
    def build(
        cls, entries: Sequence[Entry], lons: NDArray[np.float64], lats: NDArray[np.float64], places: Ints,
        further_names: Sequence[str] = (),
    ) -> tuple["Holdings", NameTable]:  # fmt: skip
        """Columns of entries whose positions (degrees, NaN where there is none) and place numbers are given.

        ``further_names`` get a number in the table without having rows.
        """
        rows = [row for n, entry in enumerate(entries) for row in rows_of(entry, n)]
        names = list(dict.fromkeys([*(row.name for row in rows), *further_names]))
        numbers = {name: n for n, name in enumerate(names)}
        words = sorted({row.key for row in rows})
        word_numbers = {word: n for n, word in enumerate(words)}
        name = np.fromiter((numbers[row.name] for row in rows), np.int32, len(rows))
        key = np.fromiter((word_numbers[row.key] for row in rows), np.int32, len(rows))
        house_of = np.array([house_number(word) for word in words], dtype=np.int32)
        house = house_of[key] if len(rows) else np.zeros(0, np.int32)
        owner = np.fromiter((row.entry for row in rows), np.int32, len(rows))
        order = np.lexsort((owner, key, house, name))
        first = np.searchsorted(name[order], np.arange(len(names) + 1)).astype(np.int32)
        holdings = cls(
            ids=np.array([entry.id for entry in entries], dtype=object),
            titles=np.array([entry.name for entry in entries], dtype=object),
            kinds=np.fromiter((KINDS.index(entry.kind) for entry in entries), np.uint8, len(entries)),
            lons=_packed(lons),
            lats=_packed(lats),
            places=places,
            first=first,
            house=house[order],
            keys=key[order],
            entry=owner[order],
            key_words=tuple(words),
            key_numbers=word_numbers,
        )
        return holdings, NameTable.build(names)

    def __len__(self) -> int:
        return len(self.ids)

    def kind(self, entry: int) -> EntryKind:
        """What an entry is."""
        return KINDS[int(self.kinds[entry])]

    def position(self, entry: int) -> tuple[float, float] | None:
        """Degrees east and north, None where only the area is known."""
        if self.lons[entry] == _NO_POINT:
            return None
        return int(self.lons[entry]) / _DEGREE, int(self.lats[entry]) / _DEGREE

    def all_of(self, name: int) -> list[int]:
        """All entries of a name, by number."""
        entries: list[int] = self.entry[self.first[name] : self.first[name + 1]].tolist()
        return entries

    def numbered(self, name: int, key: str) -> list[int]:
        """The entries of a name with exactly these numbers; the empty key stands for the name itself."""
        wanted = self.key_numbers.get(key)
        if wanted is None:
            return []
        start, end = self.first[name], self.first[name + 1]
        if end - start > 64:
            block = self.house[start:end]
            house = house_number(key)
            low, high = np.searchsorted(block, house, "left"), np.searchsorted(block, house, "right")
            start, end = start + low, start + high
        same = self.keys[start:end] == wanted
        entries: list[int] = self.entry[start:end][same].tolist()
        return entries

    def neighbours(self, name: int, house: int) -> list[tuple[int, int]]:
        """(number, entry) of the doors next below and above a number, on its own side of the road if both are there."""
        start, end = self.first[name], self.first[name + 1]
        block = self.house[start:end]
        doors = np.flatnonzero(block >= 0)
        for side in (doors[block[doors] % 2 == house % 2], doors):
            if len(side) >= 2 and block[side[0]] < house < block[side[-1]]:
                at = int(np.searchsorted(block[side], house))
                return [(int(block[i]), int(self.entry[start + i])) for i in (side[at - 1], side[at])]
        return []


def rows_of(entry: Entry, number: int) -> Iterator[Row]:
    """Each spelling of an entry, its numbers cut off; the bare word for a kind of place is no name."""
    for spelling in spellings((entry.name, *entry.aliases)):
        if spelling in _KINDS_ONLY:
            continue
        name, key = split_number(narrow(spelling))
        yield Row(name, key, number)


def split_number(name: str) -> tuple[str, str]:
    """A name and the key of the numbers it ends with: 湖滨路12号 is 湖滨路 and ``n12``. Names that hold no number, or
    go on behind it, stay whole."""
    if not name[-1].isascii() and name[-1] not in "号弄巷栋幢座楼门元层室房铺户组队社区期":
        return name, ""
    for start in _STARTS.finditer(name):
        head = name[: start.start()]
        numbers = numbers_after(name, len(head), road=bool(_ROADLIKE.search(head)))
        if numbers.parts and numbers.end == len(name):
            return head, numbers.key
    return name, ""


def roadlike(name: str) -> bool:
    """Whether a name is a road's, so that a bare number behind it is a door and not a building."""
    return bool(_ROADLIKE.search(name))


def house_number(key: str) -> int:
    """The first number of a key as a number, -1 where there is none."""
    found = re.match(r"[nb](\d{1,8})", key)
    return int(found[1]) if found else -1


def _packed(degrees: NDArray[np.float64]) -> Ints:
    known = np.isfinite(degrees)
    packed = np.full(len(degrees), _NO_POINT, dtype=np.int32)
    packed[known] = np.round(degrees[known] * _DEGREE).astype(np.int32)
    return packed
