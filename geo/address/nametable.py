"""All names of a gazetteer, found wherever they stand in a batch of texts. Used by the gazetteer; pure.

A name is known by a polynomial hash modulo 2**64; the hashes of all substrings of one length come from one running sum,
and a bit map lets pass about one stranger in sixteen. Every hit is then compared letter by letter.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

_BASE = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))
_SPREAD = np.uint64(0xD6E8FEB86659FD93)
_BITS_A_NAME = 16
_GAP = "\0"  # between the texts of a batch; no name holds it


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A known name in a text: characters ``start`` to ``end``, the number of the name."""

    start: int
    end: int
    name: int


@dataclass(frozen=True, slots=True, eq=False)
class NameTable:
    """Distinct names, numbered in order of their hashes' table; ``blob`` holds them one after another."""

    blob: str
    offsets: NDArray[np.int32]
    hashes: Hashes
    order: NDArray[np.int32]
    bits: NDArray[np.uint8]
    shift: int
    lengths: tuple[int, ...]

    @classmethod
    def build(cls, names: Sequence[str]) -> "NameTable":
        """A table of distinct names, each of at least one character."""
        sizes = np.fromiter((len(name) for name in names), dtype=np.int32, count=len(names))
        offsets = np.concatenate(([0], np.cumsum(sizes))).astype(np.int32)
        blob = "".join(names)
        hashes = _hashes(_codes(blob), offsets)
        order = np.argsort(hashes, kind="stable").astype(np.int32)
        width = max(10, (len(names) * _BITS_A_NAME - 1).bit_length())
        shift = 64 - width
        places = hashes * _SPREAD >> np.uint64(shift)
        bits = np.zeros(1 << (width - 3), dtype=np.uint8)
        np.bitwise_or.at(bits, places >> np.uint64(3), np.uint8(1) << (places & np.uint64(7)).astype(np.uint8))
        return cls(blob, offsets, hashes[order], order, bits, shift, tuple(sorted(set(sizes.tolist()))))

    def __len__(self) -> int:
        return len(self.order)

    def name(self, number: int) -> str:
        """The name of a number."""
        return self.blob[self.offsets[number] : self.offsets[number + 1]]

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        arrays = self.offsets.nbytes + self.hashes.nbytes + self.order.nbytes + self.bits.nbytes
        return arrays + 2 * len(self.blob)

    def find_many(self, texts: Sequence[str]) -> list[list[Occurrence]]:
        """For each text all names that stand in it, overlapping ones too, by start and then by length."""
        joined = _GAP.join(texts) + _GAP
        codes = _codes(joined)
        powers, inverses = _powers(len(codes) + 1, _BASE), _powers(len(codes) + 1, _INVERSE)
        running = np.concatenate((np.zeros(1, np.uint64), np.cumsum(codes * powers[:-1], dtype=np.uint64)))
        starts = np.cumsum([0] + [len(text) + 1 for text in texts])
        hits: list[tuple[int, int, int]] = []
        for length in self.lengths:
            if length >= len(codes):
                break
            wanted = (running[length:] - running[:-length]) * inverses[: len(codes) - length + 1]
            hits += self._known(joined, wanted, length)
        found: list[list[Occurrence]] = [[] for _ in texts]
        hits.sort()
        owners = np.searchsorted(starts, [start for start, _, _ in hits], side="right") - 1
        for (start, end, name), owner in zip(hits, owners.tolist(), strict=True):
            shift = int(starts[owner])
            found[owner].append(Occurrence(start - shift, end - shift, name))
        return found

    def _known(self, joined: str, wanted: Hashes, length: int) -> list[tuple[int, int, int]]:
        places = wanted * _SPREAD >> np.uint64(self.shift)
        passing = np.flatnonzero(self.bits[places >> np.uint64(3)] >> (places & np.uint64(7)).astype(np.uint8) & 1)
        if not len(passing):
            return []
        rows = np.searchsorted(self.hashes, wanted[passing])
        rows[rows == len(self.hashes)] = 0
        same = self.hashes[rows] == wanted[passing]
        hits = []
        for start, row in zip(passing[same].tolist(), rows[same].tolist(), strict=True):
            name = int(self.order[row])
            if joined[start : start + length] == self.name(name):
                hits.append((start, start + length, name))
        return hits


def _codes(text: str) -> Hashes:
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)


def _powers(count: int, base: np.uint64) -> Hashes:
    return np.concatenate((np.ones(1, np.uint64), np.cumprod(np.full(count - 1, base), dtype=np.uint64)))


def _hashes(codes: Hashes, offsets: NDArray[np.int32]) -> Hashes:
    """The hash of each name: the sum of its characters, each times the base to the power of its place."""
    if len(offsets) == 1:
        return np.zeros(0, np.uint64)
    places = np.arange(len(codes), dtype=np.int32) - np.repeat(offsets[:-1], np.diff(offsets))
    weighted = codes * _powers(int(places.max()) + 1, _BASE)[places]
    hashes: Hashes = np.add.reduceat(weighted, offsets[:-1])
    return hashes
