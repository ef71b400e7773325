"""What a file is, told by its bytes; whether it is whole; and that what is shown says nothing of who made it where."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.attachment import SIZE_LIMITS, MediaKind
from domain.boxes import position, tracks
from domain.errors import Invalid
from domain.media import recognise
from domain.spans import Span
from handlers.develop import Developed, develop
from tests.files import (
    FILES,
    LAT,
    LON,
    WORDS,
    a_movie,
    a_page,
    a_paper,
    a_photo,
    a_track,
    a_wav,
    an_amr,
    an_mp3,
    an_ogg,
    box,
    comments,
    page_checksum,
)  # fmt: skip


def developed(content: bytes, folder: Path) -> tuple[Developed, bytes]:
    """What becomes of a content, with the bytes that are shown."""
    original = folder / "original"
    original.write_bytes(content)
    found = develop(original)
    return found, (found.served or original).read_bytes()


def refusal(content: bytes) -> str:
    with pytest.raises(Invalid) as caught:
        recognise(content)
    return caught.value.code


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_what_its_bytes_say(name: str, tmp_path: Path) -> None:
    content, kind, of = FILES[name]
    found = recognise(content)
    assert (found.type, found.kind) == (kind, of)
    shown, _ = developed(content, tmp_path)
    assert shown.type == ("image/jpeg" if kind == "image/heic" else kind)
    assert shown.kind == of


def an_archive() -> bytes:
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("run.exe", b"MZ" * 50)
    return file.getvalue()


OTHERS = {
    "a page": b"<!DOCTYPE html><script>alert(1)</script>",
    "a drawing that runs": b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>',
    "a script": b"#!/bin/sh\necho\n",
    "an archive": an_archive(),
    "a program": b"MZ\x90\x00" + bytes(200),
    "an old film": a_movie(b"vide", brand=b"qt  "),
    "an AVIF photo": box(b"ftyp", b"avif", bytes(4), b"mif1") + box(b"meta", bytes(9)),
    "a film without picture or sound": a_movie(b"text"),
    "a film in Ogg": a_page((b"\x80theora" + bytes(30),), 0),
    "a GIF": b"GIF89a" + bytes(40),
    "a TIFF": b"II*\x00" + bytes(40),
    "words": "井盖不见了".encode(),
    "GBK words": "井盖不见了".encode("gbk"),
    "one byte": b"\xff",
    "one frame by chance": b"\xff\xfb\x58\x00" + bytes(400),
    "zeros": bytes(5000),
    "a photo that is a page": a_photo()[:20] + b"<html><script>steal()</script>" + a_photo()[20:],
    "a paper that is a page": b"%PDF-1.4\n<html><script>steal()</script>" + a_paper(),
    "a photo that is a paper": a_photo()[:20] + a_paper() + a_photo()[20:],
    "a photo that is an archive": a_photo() + an_archive(),
    "a paper that is an archive": a_paper() + an_archive() + b"%%EOF",
    "a recording that is an archive": an_mp3(told=False) + b"APETAGEX" + an_archive(),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_we_do_not_take_is_refused_whatever_it_is_called(name: str) -> None:
    assert refusal(OTHERS[name]) == "file-type"


WHOLE = {name: content for name, (content, _, _) in FILES.items() if name not in ("JPEG", "PNG", "WebP")}


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_is_cut_off_is_refused(name: str) -> None:
    content = WHOLE[name]
    for missing in (1, len(content) // 3, len(content) * 2 // 3):
        assert refusal(content[:-missing]) in ("file-corrupt", "file-type"), missing


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WebP", "HEIC"])
def test_a_photo_that_is_cut_off_is_refused(name: str, tmp_path: Path) -> None:
    content = FILES[name][0]
    with pytest.raises(Invalid, match="file-corrupt"):
        developed(content[: len(content) * 2 // 3], tmp_path)


@pytest.mark.parametrize("name", FILES)
@given(noise=st.data())
def test_a_damaged_file_is_refused_or_read_and_never_an_accident(name: str, noise: st.DataObject) -> None:
    content = bytearray(FILES[name][0])
    for _ in range(noise.draw(st.integers(1, 6))):
        content[noise.draw(st.integers(0, len(content) - 1))] = noise.draw(st.integers(0, 255))
    told: tuple[Span, ...] = ()
    with suppress(Invalid):  # any other exception is the accident
        told = recognise(bytes(content)).told
    assert all(0 <= span.start <= span.end <= len(content) for span in told)
    assert all(len(span.content) <= span.end - span.start for span in told)


@given(content=st.binary(min_size=1, max_size=400))
def test_noise_is_no_file(content: bytes) -> None:
    assert refusal(content) in ("file-type", "file-corrupt")


SAID = {name: content for name, (content, _, _) in FILES.items() if WORDS in content}


@pytest.mark.parametrize("name", SAID)
def test_what_is_shown_says_nothing_of_its_maker(name: str, tmp_path: Path) -> None:
    assert len(SAID) > 7, "the samples say nothing any more"
    _, shown = developed(SAID[name], tmp_path)
    assert WORDS not in shown
    assert WORDS.split()[0] not in shown


@pytest.mark.parametrize("name", ["film", "film of a phone, 3GP", "voice, M4A"])
def test_a_film_keeps_its_pictures_and_loses_where_it_was(name: str, tmp_path: Path) -> None:
    content = FILES[name][0]
    found, shown = developed(content, tmp_path)
    assert found.position is not None
    assert list(found.position) == pytest.approx([LON, LAT], abs=1e-4)
    assert position(shown) is None
    assert len(shown) == len(content), "films are full of offsets"
    frames = bytes(range(256)) * 8
    assert frames in shown
    assert tracks(shown) == tracks(content) - {"meta"}
    assert recognise(shown).told == (), "nothing is left to be blanked"


def test_a_box_with_a_long_length_keeps_it(tmp_path: Path) -> None:
    plain = a_movie(b"vide", told=False)
    words = struct.pack(">I4sQ", 1, b"uuid", 16 + 16 + len(WORDS)) + bytes(16) + WORDS
    _, shown = developed(plain + words, tmp_path)
    assert WORDS not in shown
    assert tracks(shown) == {"vide"}


@pytest.mark.parametrize("where", [b"+91.0+113.0/", b"+00.0000+000.0000/", b"nowhere", b""])
def test_a_camera_without_a_fix_gives_no_position(where: bytes) -> None:
    moov = box(b"moov", a_track(b"vide"), box(b"udta", box(b"\xa9xyz", bytes(4), where)))
    assert position(box(b"ftyp", b"isom", bytes(8)) + box(b"mdat", b"x") + moov) is None


def test_boxes_without_end_are_refused() -> None:
    assert refusal(box(b"ftyp", b"isom", bytes(8)) + box(b"free") * 20_000) == "file-corrupt"


def test_a_table_of_endless_samples_is_refused() -> None:
    stbl = box(
        b"stbl",
        box(b"stsz", bytes(4), struct.pack(">II", 1, 2**31)),
        box(b"stsc", bytes(4), struct.pack(">IIII", 1, 1, 2**31, 1)),
        box(b"stco", bytes(4), struct.pack(">II", 1, 0)),
    )
    trak = box(b"trak", box(b"mdia", box(b"hdlr", bytes(8), b"meta", bytes(13)), box(b"minf", stbl)))
    assert refusal(box(b"ftyp", b"isom", bytes(8)) + box(b"mdat", b"x") + box(b"moov", trak)) == "file-corrupt"


def pages(content: bytes) -> Iterator[bytes]:
    while content:
        size = 27 + content[26] + sum(content[27 : 27 + content[26]])
        yield content[:size]
        content = content[size:]


@pytest.mark.parametrize("codec", ["opus", "vorbis"])
def test_a_recording_in_ogg_keeps_its_sound_and_its_checksums(codec: str, tmp_path: Path) -> None:
    content = an_ogg(codec)
    _, shown = developed(content, tmp_path)
    before, after = list(pages(content)), list(pages(shown))
    assert [len(page) for page in after] == [len(page) for page in before]
    assert after[0] == before[0]
    assert after[2:] == before[2:]
    for page in after:
        assert struct.unpack("<I", page[22:26])[0] == page_checksum(page[:22] + bytes(4) + page[26:])


def test_comments_over_several_pages_are_blanked_too() -> None:
    head = b"OpusHead" + bytes(11)
    tags = comments(b"OpusTags") * 40  # one packet of 20,000 bytes
    laces = [255] * (len(tags) // 255) + [len(tags) % 255]
    first = 60 * 255

    def page(number: int, some: list[int], content: bytes) -> bytes:
        bare = b"OggS" + bytes([0, 0]) + bytes(8) + struct.pack("<III", 7, number, 0) + bytes([len(some), *some])
        whole = bare + content
        return whole[:22] + struct.pack("<I", page_checksum(whole)) + whole[26:]

    content = a_page((head,), 0) + page(1, laces[:60], tags[:first]) + page(2, laces[60:], tags[first:])
    spans = recognise(content).told
    shown = bytearray(content)
    for span in spans:
        shown[span.start : span.end] = span.content.ljust(span.end - span.start, b"\0")
    assert WORDS not in shown
    for each in pages(bytes(shown)):
        assert struct.unpack("<I", each[22:26])[0] == page_checksum(each[:22] + bytes(4) + each[26:])


def test_a_recording_without_words_is_shown_as_it_came(tmp_path: Path) -> None:
    for content in (an_amr(), a_wav(told=False), an_mp3(told=False), a_movie(b"vide", told=False)):
        found, shown = developed(content, tmp_path)
        assert found.served is None
        assert shown == content


def test_a_kind_has_its_own_limit(tmp_path: Path) -> None:
    long = a_wav(told=False)
    samples = SIZE_LIMITS[MediaKind.VOICE]
    size = struct.pack("<I", samples)
    grown = long[:4] + struct.pack("<I", len(long) - 8 - 800 + samples) + long[8:40] + size + bytes(samples)
    assert recognise(grown).kind is MediaKind.VOICE
    with pytest.raises(Invalid, match="file-too-large"):
        developed(grown, tmp_path)
