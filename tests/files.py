"""Files as phones, cameras and recorders make them, built byte by byte: with positions, makers and words inside."""

import struct
from io import BytesIO
from pathlib import Path
from typing import Any
from zlib import crc32

from PIL import Image
from PIL.ImageCms import ImageCmsProfile, createProfile

SAMPLES = Path(__file__).parent / "samples"
WORDS = b"Secret Phone of Wang Wu"
LON, LAT = 113.9348667, 27.9641417


def an_image(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    """A picture whose left half is red and whose first corner is blue, so that one sees how it was turned."""
    image = Image.new("RGB", (width, height), (20, 160, 40))
    image.paste((210, 20, 20), (0, 0, width // 2, height))
    image.paste((10, 10, 220), (0, 0, max(1, width // 8), max(1, height // 8)))
    return image.convert(mode)


def exif(orientation: int = 1) -> Image.Exif:
    """What a phone writes: who made it, how it was held, and where it was."""
    found = Image.Exif()
    found[0x010F] = WORDS.decode()
    found[0x0112] = orientation
    gps = found.get_ifd(0x8825)
    gps[1], gps[2] = "N", (27.0, 57.0, 50.91)
    gps[3], gps[4] = "E", (113.0, 56.0, 5.52)
    return found


def a_photo(form: str = "JPEG", *, orientation: int = 1, size: tuple[int, int] = (64, 48), mode: str = "RGB") -> bytes:
    """A photo with everything a camera writes into it."""
    more: dict[str, Any] = {"exif": exif(orientation), "icc_profile": ImageCmsProfile(createProfile("sRGB")).tobytes()}
    if form == "JPEG":
        more |= {"comment": WORDS, "quality": 95}
    if form in ("JPEG", "WEBP"):
        more |= {"xmp": b"<x:xmpmeta>" + WORDS + b"</x:xmpmeta>"}
    file = BytesIO()
    an_image(*size, mode=mode).save(file, form, **more)
    return file.getvalue()


def a_bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A PNG that is nothing but the claim of a size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", b"\x78\x9c" + bytes(200)) + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc32(kind + content))


def box(kind: bytes, *content: bytes) -> bytes:
    """A box of ISO/IEC 14496-12."""
    inside = b"".join(content)
    return struct.pack(">I", 8 + len(inside)) + kind + inside


def a_track(handler: bytes, at: int = 0, sizes: tuple[int, ...] = ()) -> bytes:
    """A track; its samples lie at ``at`` one after another, in one chunk."""
    hdlr = box(b"hdlr", bytes(8), handler, bytes(13))
    table = b"".join(struct.pack(">I", size) for size in sizes)
    stbl = box(
        b"stbl",
        box(b"stsc", bytes(4), struct.pack(">IIII", 1, 1, len(sizes), 1)),
        box(b"stsz", bytes(4), struct.pack(">II", 0, len(sizes)), table),
        box(b"stco", bytes(4), struct.pack(">II", 1, at)),
    )
    return box(b"trak", box(b"mdia", hdlr, box(b"minf", stbl)))


def a_movie(*handlers: bytes, brand: bytes = b"isom", told: bool = True) -> bytes:
    """A film or a recording; its camera has written where it was, into user data and into a track of its own."""
    ftyp = box(b"ftyp", brand, bytes(4), b"isommp42")
    frames, log = bytes(range(256)) * 8, WORDS * 3 if told else b""
    mdat = box(b"mdat", frames, log)
    where = f"{LAT:+08.4f}{LON:+09.4f}/".encode()
    words = box(b"udta", box(b"\xa9xyz", struct.pack(">HH", len(where), 0), where), box(b"\xa9mak", WORDS))
    start = len(ftyp) + 8 + len(frames)
    tracks = [a_track(handler) for handler in handlers]
    if told:
        tracks += [a_track(b"meta", start, (len(WORDS),) * 3), words, box(b"meta", bytes(4), WORDS)]
    end = box(b"uuid", bytes(16), WORDS) if told else b""
    return ftyp + mdat + box(b"moov", box(b"mvhd", bytes(100)), *tracks) + end


def a_wav(told: bool = True) -> bytes:
    """Half a second of silence, and who recorded it."""
    form = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16_000, 2, 16)
    words = b"LIST" + struct.pack("<I", 4 + len(WORDS) + len(WORDS) % 2) + b"INFO" + WORDS + bytes(len(WORDS) % 2)
    body = b"WAVE" + form + (words if told else b"") + b"data" + struct.pack("<I", 800) + bytes(800)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def an_mp3(frames: int = 5, told: bool = True) -> bytes:
    """Frames of 64 kbit/s at 32 kHz, between two kinds of tags."""
    frame = b"\xff\xfb\x58\x00" + bytes(288 - 4)
    words = WORDS + bytes(7)
    before = b"ID3\x03\x00\x00" + bytes([0, 0, 0, len(words)]) + words
    after = (b"TAG" + WORDS).ljust(128, b"\x00")
    return (before if told else b"") + frame * frames + (after if told else b"")


def an_amr(frames: int = 6) -> bytes:
    """Speech at 12.2 kbit/s: 32 bytes a frame."""
    return b"#!AMR\n" + (b"\x3c" + bytes(31)) * frames


def a_page(packets: tuple[bytes, ...], number: int) -> bytes:
    """A page of Ogg with whole packets."""
    laces = b"".join(b"\xff" * (len(p) // 255) + bytes([len(p) % 255]) for p in packets)
    head = b"OggS" + bytes([0, 2 if number == 0 else 0]) + bytes(8) + struct.pack("<III", 7, number, 0)
    page = head + bytes([len(laces)]) + laces + b"".join(packets)
    return page[:22] + struct.pack("<I", page_checksum(page)) + page[26:]


def page_checksum(page: bytes) -> int:
    """The checksum of a page whose own field is zero, bit by bit as RFC 3533 §6 describes it."""
    crc = 0
    for bit in (byte >> n & 1 for byte in page for n in range(7, -1, -1)):
        crc = (crc << 1 ^ (0x04C11DB7 if (crc >> 31) ^ bit else 0)) & 0xFFFFFFFF
    return crc


def comments(mark: bytes, end: bytes = b"") -> bytes:
    """A comment header (RFC 7845 §5.2) with a vendor and one comment."""
    said = b"ARTIST=" + WORDS * 20
    return mark + struct.pack("<I", 4) + b"libx" + struct.pack("<II", 1, len(said)) + said + end


def an_ogg(codec: str = "opus") -> bytes:
    """A recording in Ogg: head, comments, sound."""
    head, tags = {
        "opus": (b"OpusHead" + bytes(11), comments(b"OpusTags")),
        "vorbis": (b"\x01vorbis" + bytes(23), comments(b"\x03vorbis", b"\x01")),
    }[codec]
    return a_page((head,), 0) + a_page((tags,), 1) + a_page((b"sound" * 40, b"more" * 99), 2)


def a_paper() -> bytes:
    """The smallest PDF."""
    return b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"


def a_heic() -> bytes:
    """A photo of an iPhone's kind, 64 by 48, with position and maker."""
    return (SAMPLES / "phone.heic").read_bytes()


FILES: dict[str, tuple[bytes, str, str]] = {
    "JPEG": (a_photo(), "image/jpeg", "photo"),
    "PNG": (a_photo("PNG"), "image/png", "photo"),
    "WebP": (a_photo("WEBP"), "image/webp", "photo"),
    "HEIC": (a_heic(), "image/heic", "photo"),
    "film": (a_movie(b"vide", b"soun"), "video/mp4", "video"),
    "film of a phone, 3GP": (a_movie(b"vide", brand=b"3gp4"), "video/mp4", "video"),
    "voice, M4A": (a_movie(b"soun", brand=b"M4A "), "audio/mp4", "voice"),
    "voice, AMR": (an_amr(), "audio/amr", "voice"),
    "voice, AMR-WB": (b"#!AMR-WB\n" + (b"\x04" + bytes(17)) * 3, "audio/amr", "voice"),
    "voice, Opus": (an_ogg(), "audio/ogg", "voice"),
    "voice, Vorbis": (an_ogg("vorbis"), "audio/ogg", "voice"),
    "voice, MP3": (an_mp3(), "audio/mpeg", "voice"),
    "voice, bare MP3": (an_mp3(told=False), "audio/mpeg", "voice"),
    "voice, WAV": (a_wav(), "audio/wav", "voice"),
    "paper": (a_paper(), "application/pdf", "document"),
}
"""A good file of every type: its bytes, the type they tell, and its kind."""
