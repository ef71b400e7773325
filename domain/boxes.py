"""The boxes of ISO base media files (ISO/IEC 14496-12): MP4, M4A, 3GP and HEIC. Used by ``domain.media``.

Says what a file is, whether it is whole, where it says it was made, and which of its bytes are about anything but
picture and sound.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

from domain.attachment import refusal
from domain.spans import Data, Span, number

_MOST = 10_000  # boxes of one parent; a film of a minute has some dozens
_SAMPLES = 200_000
_INSIDE = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf"})
_TOLD = frozenset({b"udta", b"meta", b"uuid"})  # user data, metadata, XMP
_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis"})
_IMAGES = frozenset({b"mif1", b"msf1", b"heif"})
_MOVIES = re.compile(rb"iso[m2-9]|mp4[12]|avc1|M4[AVB] |3g[pg2][0-9a-z]|mmp4|MSNV|dash|f4v |XAVC")
_ISO6709 = re.compile(rb"([+-]\d{1,2}(?:\.\d+)?)([+-]\d{1,3}(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its four-letter type, where it begins, where its content begins, and where it ends."""

    type: bytes
    start: int
    inside: int
    end: int


def boxes(data: Data, start: int, end: int) -> Iterator[Box]:
    """The boxes side by side in a range. Raises ``Invalid`` (file-corrupt) where they do not fill it exactly."""
    for _ in range(_MOST):
        if start == end:
            return
        if end - start < 8:
            raise refusal("file-corrupt")
        size, inside = number(data, start, 4), start + 8
        if size == 1 and end - start >= 16:
            size, inside = number(data, start + 8, 8), start + 16
        elif size == 0:
            size = end - start
        if size < inside - start or start + size > end:
            raise refusal("file-corrupt")
        yield Box(bytes(data[start + 4 : start + 8]), start, inside, start + size)
        start += size
    raise refusal("file-corrupt")


def brand(data: Data) -> str:
    """``heic``, ``movie``, or nothing we know, by the file type box at the beginning."""
    if bytes(data[4:8]) != b"ftyp":
        return ""
    size = number(data, 0, 4)
    if not 16 <= size <= 512:
        return ""
    known = [bytes(data[at : at + 4]) for at in (8, *range(16, size, 4))]
    if known[0] in _HEIC or (known[0] in _IMAGES and _HEIC & set(known)):
        return "heic"
    return "movie" if _MOVIES.fullmatch(known[0]) else ""


def tracks(data: Data) -> frozenset[str]:
    """Of a whole movie file, what its tracks hold: ``vide``, ``soun`` and others.

    Raises ``Invalid`` (file-corrupt) if it is cut off, or has no index or no media.
    """
    top = list(boxes(data, 0, len(data)))
    types = {box.type for box in top}
    if b"moov" not in types or not types & {b"mdat", b"moof"}:
        raise refusal("file-corrupt")
    return frozenset(_handler(data, trak) for moov in _named(top, b"moov") for trak in _of(data, moov, b"trak"))


def about(data: Data) -> list[Span]:
    """The bytes of a movie file that are about its maker and place: to be blanked, with the box's type as ``free``.

    Timed tracks that are neither picture nor sound (a camera's own log of positions) go too, samples included.
    """
    found: list[Span] = []
    _collect(data, 0, len(data), found)
    return found


def position(data: Data) -> tuple[float, float] | None:
    """Longitude and latitude where a movie says it was made (ISO 6709 in its user data or metadata), if it does."""
    for moov in _named(boxes(data, 0, len(data)), b"moov"):
        for box in boxes(data, moov.inside, moov.end):
            if box.type in _TOLD:
                match = _ISO6709.search(bytes(data[box.inside : min(box.end, box.inside + 65_536)]))
                if match:
                    return plausible(float(match[2]), float(match[1]))
    return None


def plausible(lon: float, lat: float) -> tuple[float, float] | None:
    """A position that can be one; cameras without a fix write zeros or nonsense."""
    whole = isfinite(lon) and isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90
    return (round(lon, 7), round(lat, 7)) if whole and (lon, lat) != (0.0, 0.0) else None


def _collect(data: Data, start: int, end: int, found: list[Span]) -> None:
    for box in boxes(data, start, end):
        if box.type in _TOLD:
            found += _blank(box)
        elif box.type == b"trak" and _handler(data, box) not in ("vide", "soun"):
            found += [*_samples(data, box), *_blank(box)]
        elif box.type in _INSIDE:
            _collect(data, box.inside, box.end, found)


def _blank(box: Box) -> list[Span]:
    return [Span(box.start + 4, box.start + 8, b"free"), Span(box.inside, box.end)]


def _handler(data: Data, trak: Box) -> str:
    for mdia in _of(data, trak, b"mdia"):
        for hdlr in _of(data, mdia, b"hdlr"):
            return bytes(data[hdlr.inside + 8 : hdlr.inside + 12]).decode("ascii", "replace")
    raise refusal("file-corrupt")


def _of(data: Data, parent: Box, kind: bytes) -> list[Box]:
    return _named(boxes(data, parent.inside, parent.end), kind)


def _named(found: Iterator[Box] | list[Box], kind: bytes) -> list[Box]:
    return [box for box in found if box.type == kind]


def _samples(data: Data, trak: Box) -> Iterator[Span]:
    """Where the samples of a track lie: from each chunk's offset on, as long as its samples are together."""
    tables = {box.type: box for stbl in _down(data, trak, b"mdia", b"minf", b"stbl") for box in _inside(data, stbl)}
    sizes, runs = tables.get(b"stsz"), tables.get(b"stsc")
    offsets, wide = (tables[b"co64"], 8) if b"co64" in tables else (tables.get(b"stco"), 4)
    if sizes is None or runs is None or offsets is None:
        return
    all_alike, samples = number(data, sizes.inside + 4, 4), number(data, sizes.inside + 8, 4)
    chunks, steps = number(data, offsets.inside + 4, 4), number(data, runs.inside + 4, 4)
    if max(samples, chunks, steps) > _SAMPLES:
        raise refusal("file-corrupt")
    starts = [number(data, runs.inside + 8 + 12 * n, 4) for n in range(steps)]
    counts = dict(zip(starts, (number(data, runs.inside + 12 + 12 * n, 4) for n in range(steps)), strict=True))
    sample, count = 0, 0
    for chunk in range(chunks):
        count = counts.get(chunk + 1, count)
        last = min(sample + count, samples)
        size = sum(all_alike or number(data, sizes.inside + 12 + 4 * n, 4) for n in range(sample, last))
        start = number(data, offsets.inside + 8 + wide * chunk, wide)
        sample = last
        if start < len(data):
            yield Span(start, min(start + size, len(data)))


def _inside(data: Data, box: Box) -> Iterator[Box]:
    return boxes(data, box.inside, box.end)


def _down(data: Data, box: Box, *path: bytes) -> list[Box]:
    found = [box]
    for step in path:
        found = [child for parent in found for child in _of(data, parent, step)]
    return found
