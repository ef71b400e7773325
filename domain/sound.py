"""Voice recordings that are no boxes: AMR (RFC 4867), Ogg (RFC 3533, 7845), MP3 (ISO/IEC 11172-3), WAV. For ``media``.

For each: whether it is whole, and which of its bytes are words about it and no sound.
"""

from collections.abc import Iterator, Mapping, Sequence

from domain.attachment import refusal
from domain.spans import Data, Span, little, number

_AMR: Mapping[bytes, Sequence[int | None]] = {
    b"#!AMR\n": (12, 13, 15, 17, 19, 20, 26, 31, 5, None, None, None, None, None, None, 0),
    b"#!AMR-WB\n": (17, 23, 32, 36, 40, 46, 50, 58, 60, 5, None, None, None, None, 0, 0),
}
"""Bytes of a frame behind its header, by frame type."""
_KBIT = {
    True: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_HERTZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_TAGS = (b"APETAGEX", b"LYRICS")
_SOUND = frozenset({b"fmt ", b"data", b"fact"})
_COMMENTS = {b"OpusHead": b"OpusTags", b"\x01vorbis": b"\x03vorbis"}
OGG_VOICES = (*_COMMENTS, b"Speex   ")


def amr(data: Data) -> list[Span]:
    """AMR has no place for words. Raises ``Invalid`` (file-corrupt) unless its frames fill it exactly."""
    magic, sizes = next((m, s) for m, s in _AMR.items() if data[: len(m)] == m)
    at, end = len(magic), len(data)
    while at < end:
        size = sizes[data[at] >> 3 & 0x0F]
        if size is None:
            raise refusal("file-corrupt")
        at += 1 + size
    if at != end or end == len(magic):
        raise refusal("file-corrupt")
    return []


def wav(data: Data) -> list[Span]:
    """Every chunk of a WAV file but format and samples. Raises ``Invalid`` (file-corrupt) if it is cut off."""
    end = 8 + little(data, 4, 4)
    if end > len(data) or end + 1 < len(data):
        raise refusal("file-corrupt")
    at, told, types = 12, [], set()
    while at + 8 <= end:
        kind, size = bytes(data[at : at + 4]), little(data, at + 4, 4)
        if at + 8 + size > end:
            raise refusal("file-corrupt")
        types.add(kind)
        if kind not in _SOUND:
            told += [Span(at, at + 4, b"JUNK"), Span(at + 8, at + 8 + size)]
        at += 8 + size + size % 2
    if not types >= {b"fmt ", b"data"}:
        raise refusal("file-corrupt")
    return told


def frame(data: Data, at: int) -> int:
    """The length of the MPEG layer III frame that begins here; 0 if none does."""
    head = number(data, at, 4)
    version, layer, rate, hertz = head >> 19 & 3, head >> 17 & 3, head >> 12 & 15, head >> 10 & 3
    if head >> 21 != 0x7FF or layer != 1 or version == 1 or not 0 < rate < 15 or hertz == 3:
        return 0
    first = version == 3
    return (144 if first else 72) * _KBIT[first][rate - 1] * 1000 // _HERTZ[version][hertz] + (head >> 9 & 1)


def mp3(data: Data) -> list[Span]:
    """The tags before and behind the frames of an MP3 file, blanked: players look for the first frame.

    Raises ``Invalid`` (file-corrupt) if it is cut off, or something else stands where a frame should begin.
    """
    first = at = after_id3(data)
    while (size := frame(data, at)) and at + size <= len(data):
        at += size
    rest = bytes(data[at : at + 8])
    tagged = len(data) - at == 128 if rest.startswith(b"TAG") else rest.startswith(_TAGS)
    if at == first or (rest and not tagged):
        raise refusal("file-corrupt")
    return [Span(start, end) for start, end in ((0, first), (at, len(data))) if start < end]


def after_id3(data: Data) -> int:
    """Where an ID3v2 tag at the beginning ends; 0 if there is none."""
    if bytes(data[:3]) != b"ID3" or len(data) < 10:
        return 0
    size = 0
    for byte in bytes(data[6:10]):
        size = size << 7 | byte & 0x7F
    return min(10 + size + (10 if data[5] & 0x10 else 0), len(data))


def ogg(data: Data) -> list[Span]:
    """The comments of an Ogg recording, made one nameless vendor, with the checksums of their pages.

    Raises ``Invalid`` (file-corrupt) unless its pages fill it exactly.
    """
    pages = list(_pages(data))
    if not pages:
        raise refusal("file-corrupt")
    opening = bytes(data[pages[0][1] : pages[0][1] + 8])
    mark = next((comments for head, comments in _COMMENTS.items() if opening.startswith(head)), b"")
    where = _second_packet(data, pages)
    said = b"".join(bytes(data[start:end]) for start, end in where)
    if mark and (not said.startswith(mark) or len(said) < len(mark) + 9):
        raise refusal("file-corrupt")
    ending = bytes(4) + (b"\x01" if mark == b"\x03vorbis" else b"")
    vendor = len(said) - len(mark) - 4 - len(ending)
    silent = mark + vendor.to_bytes(4, "little") + bytes(vendor) + ending if mark else bytes(len(said))
    return list(_rewritten(data, pages, where, silent))


def _pages(data: Data) -> Iterator[tuple[int, int, int]]:
    """Pages as (start, start of the content, end)."""
    at = 0
    while at < len(data):
        inside = at + 27 + data[at + 26] if at + 27 <= len(data) else 0
        end = inside + sum(data[at + 27 : inside])
        if bytes(data[at : at + 4]) != b"OggS" or not inside or inside > len(data) or end > len(data):
            raise refusal("file-corrupt")
        yield at, inside, end
        at = end


def _second_packet(data: Data, pages: Sequence[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """Where the bytes of the second packet lie, the comments; the first one fills the first page."""
    where = []
    for start, inside, _ in pages[1:]:
        size, ends = 0, False
        for lace in bytes(data[start + 27 : inside]):
            size += lace
            ends = lace < 255
            if ends:
                break
        where.append((inside, inside + size))
        if ends:
            return where
    raise refusal("file-corrupt")


def _rewritten(
    data: Data, pages: Sequence[tuple[int, int, int]], where: Sequence[tuple[int, int]], content: bytes
) -> Iterator[Span]:
    for (start, inside, end), (first, last) in zip(pages[1:], where, strict=False):
        part, content = content[: last - first], content[last - first :]
        page = bytearray(data[start:end])
        page[22:26] = bytes(4)
        page[first - start : last - start] = part
        yield Span(start + 22, start + 26, _checksum(page).to_bytes(4, "little"))
        yield Span(inside, last, part)


def _checksum(page: bytes | bytearray) -> int:
    """Ogg's CRC-32: polynomial 0x04c11db7, not reflected, from 0 (RFC 3533 §6)."""
    crc = 0
    for byte in page:
        crc = crc << 8 & 0xFFFFFFFF ^ _CRC[crc >> 24 ^ byte]
    return crc


def _crc_of(byte: int) -> int:
    crc = byte << 24
    for _ in range(8):
        crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc


_CRC = tuple(map(_crc_of, range(256)))
