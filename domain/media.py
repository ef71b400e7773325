"""What a file is, told by its bytes and never by its name: one table of the types we take, and the look for two-faced
files. Called by ``handlers.develop``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from domain import boxes, sound
from domain.attachment import MediaKind, refusal
from domain.spans import Data, Span, little

_HEAD = 1024  # as far as readers of PDF look for its mark, and browsers for HTML
_OTHER_FACES = re.compile(rb"%PDF-|<!doctype|<html|<script|<svg|<body|<iframe|<\?php", re.IGNORECASE)
_ZIP_END = b"PK\x05\x06"


@dataclass(frozen=True, slots=True)
class Media:
    """A recognised type.

    ``told`` are the bytes of the file that speak of its maker and place, ``position`` the longitude and latitude they
    give; both of what has no ``decoder``, for photos are decoded and written anew.
    """

    type: str
    kind: MediaKind
    told: tuple[Span, ...] = ()
    position: tuple[float, float] | None = None
    decoder: str = ""


_Look = Callable[[Data], Media | None]


def recognise(data: Data) -> Media:
    """The type of a whole file.

    Raises ``Invalid``: ``file-type`` for what we do not take or what is two things at once, ``file-corrupt`` for what
    is cut off or contradicts itself, ``file-too-large`` for more than its kind may have. Pixels of photos are judged
    by whoever decodes them.
    """
    media = next((found for look in _LOOKS if (found := look(data)) is not None), None)
    if media is None or _two_faced(data, media):
        raise refusal("file-type")
    return media


def _two_faced(data: Data, media: Media) -> bool:
    """Whether another program would take the file for something else: a page, a script, a program, an archive."""
    head = bytes(data[5:_HEAD]) if media.kind is MediaKind.DOCUMENT else bytes(data[:_HEAD])
    return _OTHER_FACES.search(head) is not None or _is_archive(data)


def _is_archive(data: Data) -> bool:
    """Whether a directory of a ZIP archive closes the file, exactly as long as it says (APPNOTE 4.3.16)."""
    tail = bytes(data[max(0, len(data) - 65_557) :])
    at = tail.find(_ZIP_END)
    while at >= 0:
        comment, directory = little(tail, at + 20, 2), little(tail, at + 12, 4)
        if at + 22 + comment <= len(tail) and directory <= len(data):
            return True
        at = tail.find(_ZIP_END, at + 1)
    return False


def _photo(magic: bytes, kind: str, decoder: str, mark: bytes = b"") -> _Look:
    def look(data: Data) -> Media | None:
        if bytes(data[: len(magic)]) != magic or (mark and bytes(data[8:12]) != mark):
            return None
        return Media(kind, MediaKind.PHOTO, decoder=decoder)

    return look


def _voice(fits: Callable[[Data], bool], kind: str, told: Callable[[Data], list[Span]]) -> _Look:
    def look(data: Data) -> Media | None:
        return Media(kind, MediaKind.VOICE, tuple(told(data))) if fits(data) else None

    return look


def _movie(data: Data) -> Media | None:
    match boxes.brand(data):
        case "heic":
            list(boxes.boxes(data, 0, len(data)))
            return Media("image/heic", MediaKind.PHOTO, decoder="HEIF")
        case "movie":
            held, told, where = boxes.tracks(data), tuple(boxes.about(data)), boxes.position(data)
            if "vide" in held:
                return Media("video/mp4", MediaKind.VIDEO, told, where)
            return Media("audio/mp4", MediaKind.VOICE, told, where) if "soun" in held else None
        case _:
            return None


def _paper(data: Data) -> Media | None:
    if bytes(data[:5]) != b"%PDF-":
        return None
    if b"%%EOF" not in bytes(data[max(0, len(data) - _HEAD) :]):
        raise refusal("file-corrupt")
    return Media("application/pdf", MediaKind.DOCUMENT)


def _is_mp3(data: Data) -> bool:
    first = sound.after_id3(data)
    size = sound.frame(data, first)
    # one frame can be chance; that another follows cannot
    return bool(size) and (first > 0 or bool(sound.frame(data, first + size)))


_LOOKS: tuple[_Look, ...] = (
    _photo(b"\xff\xd8\xff", "image/jpeg", "JPEG"),
    _photo(b"\x89PNG\r\n\x1a\n", "image/png", "PNG"),
    _photo(b"RIFF", "image/webp", "WEBP", mark=b"WEBP"),
    _movie,
    _voice(lambda data: bytes(data[:6]) == b"#!AMR\n" or bytes(data[:9]) == b"#!AMR-WB\n", "audio/amr", sound.amr),
    _voice(
        lambda data: bytes(data[:4]) == b"OggS" and bytes(data[28:36]).startswith(sound.OGG_VOICES),
        "audio/ogg",
        sound.ogg,
    ),
    _voice(lambda data: bytes(data[:4]) == b"RIFF" and bytes(data[8:12]) == b"WAVE", "audio/wav", sound.wav),
    _voice(_is_mp3, "audio/mpeg", sound.mp3),
    _paper,
)
