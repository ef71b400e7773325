"""Names that are like a stretch of text: written with a slip, or not to the end. Used by the gazetteer; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.address.nametable import NameTable

_SHORTEST = 3  # two characters with a slip are another name
_BY_GRAMS = 24  # candidates by shared pairs that are compared letter by letter
_COMMON = 20_000  # a pair in more names than this says nothing


@dataclass(frozen=True, slots=True)
class Like:
    """A name like the characters ``start`` to ``end`` of a stretch; ``share`` of it that agrees, 0 to 1."""

    start: int
    end: int
    name: int
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """Postings of pairs of characters, neighbours and next but one, so that one slip leaves every name some pairs."""

    table: NameTable
    grams: NDArray[np.uint32]
    first: NDArray[np.int32]
    names: NDArray[np.int32]

    @classmethod
    def build(cls, table: NameTable) -> "Likeness":
        """Postings of all names of at least three characters."""
        codes = np.frombuffer(table.blob.encode("utf-32-le"), dtype=np.uint32)
        sizes = np.diff(table.offsets)
        owner = np.repeat(np.arange(len(table), dtype=np.int32), sizes)
        wide = sizes[owner] >= _SHORTEST
        keys, names = [], []
        for gap in (1, 2):
            inside = (owner[:-gap] == owner[gap:]) & wide[:-gap]
            keys.append(_pair(codes[:-gap][inside], codes[gap:][inside], gap))
            names.append(owner[:-gap][inside])
        key, name = np.concatenate(keys), np.concatenate(names)
        order = np.argsort(key, kind="stable")
        grams, first = np.unique(key[order], return_index=True)
        bounds = np.concatenate((first, [len(order)])).astype(np.int32)
        return cls(table, grams, bounds, name[order])

    @property
    def nbytes(self) -> int:
        """Bytes in memory, without the table's."""
        return self.grams.nbytes + self.first.nbytes + self.names.nbytes

    def like(self, stretch: str, least: float) -> list[Like]:
        """Names of which at least the share ``least`` agrees with the stretch, the most alike first."""
        names = self._candidates(stretch)
        found = [like for number in names if (like := _compare(self.table.name(number), number, stretch, least))]
        return sorted(found, key=lambda like: (-like.share, like.start - like.end, like.name))

    def _candidates(self, stretch: str) -> Sequence[int]:
        if len(stretch) < 2:
            return ()
        codes = np.frombuffer(stretch.encode("utf-32-le"), dtype=np.uint32)
        pairs = [_pair(codes[:-gap], codes[gap:], gap) for gap in (1, 2)]
        if len(stretch) == 2:  # a name of three without its middle
            pairs.append(_pair(codes[:-1], codes[1:], 2))
        keys = np.unique(np.concatenate(pairs))
        rows = np.searchsorted(self.grams, keys)
        known = rows < len(self.grams)
        rows, keys = rows[known], keys[known]
        rows = rows[self.grams[rows] == keys]
        lists = [self.names[self.first[row] : self.first[row + 1]] for row in rows.tolist()]
        lists = [names for names in lists if len(names) <= _COMMON]
        if not lists:
            return ()
        names, shared = np.unique(np.concatenate(lists), return_counts=True)
        sizes = (self.table.offsets[names + 1] - self.table.offsets[names]).astype(np.float64)
        # pairs shared beside the fewer of what both have: a name inside the stretch and a stretch inside the name
        rank = shared / np.minimum(2 * sizes - 3, max(2 * len(stretch) - 3, 1))
        best = np.argsort(-rank, kind="stable")[:_BY_GRAMS]
        chosen: list[int] = names[best].tolist()
        return chosen


def _pair(left: NDArray[np.uint32], right: NDArray[np.uint32], gap: int) -> NDArray[np.uint32]:
    """A number for two characters and their distance; characters of one plane never share one."""
    low, high, far = right & np.uint32(0x7FFF), left & np.uint32(0x7FFF), np.uint32(gap - 1)
    return high << np.uint32(16) | low << np.uint32(1) | far


def _compare(name: str, number: int, stretch: str, least: float) -> Like | None:
    slips, start, end = _nearest(name, stretch)
    share = 1 - slips / len(name)
    if len(stretch) < len(name) and stretch in name:
        # said short: the more of the name is said, the more alike, and the beginning says more than the end; never
        # enough to be sure, for longer names may begin alike
        said = (0.5 if name.startswith(stretch) else 0.42) + 0.29 * len(stretch) / len(name)
        share, start, end = max(said, min(share, 0.7)), 0, len(stretch)
    return Like(start, end, number, share) if share >= least else None


def _nearest(name: str, stretch: str) -> tuple[int, int, int]:
    """The fewest slips (wrong, missing or added characters) from the name to any part of the stretch, and that part."""
    row = [(0, start) for start in range(len(stretch) + 1)]
    for i, letter in enumerate(name, start=1):
        above, row = row, [(i, 0)]
        for j, other in enumerate(stretch, start=1):
            slips, start = above[j - 1]
            changed = (slips + (letter != other), start)
            row.append(min(changed, (above[j][0] + 1, above[j][1]), (row[j - 1][0] + 1, row[j - 1][1])))
    # of two parts with equally few slips the longer one: 柳岸花元, not 柳岸花
    slips, end, start = min((slips, -end, start) for end, (slips, start) in enumerate(row))
    return slips, start, -end
