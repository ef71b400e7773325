"""Photos are decoded and written anew: upright, in common colours, without a word of the camera, never too large."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import ExifTags, Image, UnidentifiedImageError

from domain.attachment import MAX_PIXELS, clean_name
from domain.errors import Invalid
from handlers import develop as room
from handlers.develop import THUMBNAIL, Developed, develop
from tests.files import LAT, LON, WORDS, a_bomb, a_heic, a_photo, an_image


def developed(content: bytes, folder: Path) -> tuple[Developed, Image.Image]:
    original = folder / "original"
    original.write_bytes(content)
    found = develop(original)
    assert found.served is not None
    shown = Image.open(BytesIO(found.served.read_bytes()))
    shown.load()
    return found, shown


PHOTOS = {"JPEG": a_photo(), "PNG": a_photo("PNG"), "WEBP": a_photo("WEBP"), "HEIC": a_heic()}


@pytest.mark.parametrize("form", PHOTOS)
def test_nothing_a_camera_wrote_is_left(form: str, tmp_path: Path) -> None:
    """Read back by the same library that wrote it: first that it is there, then that it is gone."""
    before = Image.open(BytesIO(PHOTOS[form]))
    assert before.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    found, shown = developed(PHOTOS[form], tmp_path)
    assert not shown.getexif()
    assert not shown.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    assert not {"exif", "icc_profile", "xmp", "comment", "XML:com.adobe.xmp"} & shown.info.keys()
    assert found.position is not None
    assert list(found.position) == pytest.approx([LON, LAT], abs=1e-6)
    assert found.thumbnail is not None
    small = Image.open(BytesIO(found.thumbnail))
    assert not small.getexif()
    assert WORDS not in found.thumbnail


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_shown_upright_however_the_phone_was_held(orientation: int, tmp_path: Path) -> None:
    found, shown = developed(a_photo("PNG", orientation=orientation), tmp_path)
    turned = orientation >= 5
    assert shown.size == ((48, 64) if turned else (64, 48))
    assert (found.width, found.height) == shown.size
    corners = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}
    x, y = corners[orientation]
    red, _, blue = shown.convert("RGB").getpixel((x * (shown.width - 1), y * (shown.height - 1)))  # type: ignore[misc]
    assert blue > 150 > red, "the blue corner is where the eye had it"


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_of_any_colours_is_shown(mode: str, tmp_path: Path) -> None:
    file = BytesIO()
    an_image(mode=mode).save(file, "JPEG")
    _, shown = developed(file.getvalue(), tmp_path)
    assert shown.mode in ("RGB", "L")


@pytest.mark.parametrize("mode", ["1", "P", "RGBA", "LA", "I;16"])
def test_a_png_of_any_colours_is_shown(mode: str, tmp_path: Path) -> None:
    file = BytesIO()
    image = Image.new("I;16", (64, 48), 500) if mode == "I;16" else an_image().convert(mode)
    image.save(file, "PNG")
    found, shown = developed(file.getvalue(), tmp_path)
    assert shown.size == (64, 48)
    assert (shown.mode == "RGBA") is (mode in ("RGBA", "LA"))
    assert found.thumbnail is not None
    assert Image.open(BytesIO(found.thumbnail)).mode in ("RGB", "L")


def test_a_thumbnail_is_small_and_keeps_its_form(tmp_path: Path) -> None:
    found, shown = developed(a_photo(size=(1600, 400)), tmp_path)
    assert (found.width, found.height) == shown.size == (1600, 400)
    assert found.thumbnail is not None
    assert Image.open(BytesIO(found.thumbnail)).size == (THUMBNAIL, 80)


def test_a_small_photo_is_not_blown_up(tmp_path: Path) -> None:
    found, _ = developed(a_photo(size=(40, 30)), tmp_path)
    assert found.thumbnail is not None
    assert Image.open(BytesIO(found.thumbnail)).size == (40, 30)


def test_what_hangs_behind_a_photo_is_gone(tmp_path: Path) -> None:
    """Phones hang a film behind the photo; others hang something worse."""
    found, _ = developed(a_photo() + b"<p>hidden</p>" * 100, tmp_path)
    assert found.served is not None
    assert b"hidden" not in found.served.read_bytes()


@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (MAX_PIXELS + 1, 1), (7072, 7072)])
def test_a_bomb_is_refused_before_a_pixel_is_decoded(
    width: int, height: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        pytest.fail("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", never)
    original = tmp_path / "original"
    original.write_bytes(a_bomb(width, height))
    with pytest.raises(Invalid, match="image-too-large"):
        develop(original)


def test_the_limit_itself_is_looked_at(tmp_path: Path) -> None:
    original = tmp_path / "original"
    original.write_bytes(a_bomb(10_000, 5_000))
    with pytest.raises(Invalid, match="file-corrupt"):
        develop(original)


def test_a_heic_that_nobody_here_can_decode_is_kept_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise UnidentifiedImageError

    monkeypatch.setattr("handlers.develop.Image.open", unknown)
    original = tmp_path / "original"
    original.write_bytes(a_heic())
    found = develop(original)
    assert (found.shown, found.served, found.thumbnail, found.type) == (False, None, None, "image/heic")


@pytest.mark.parametrize("gps", [{}, {1: "N", 2: (1.0,)}, {1: "N", 2: "x", 3: "E", 4: "y"}, {2: None, 4: None}])
def test_a_camera_without_a_fix_gives_no_position(gps: dict[int, object], tmp_path: Path) -> None:
    assert room._position(gps) is None


def test_the_southern_and_western_halves_are_negative() -> None:
    assert room._position({1: "S", 2: (33.0, 30.0, 0.0), 3: "W", 4: (70.0, 36.0, 0.0)}) == (-70.6, -33.5)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("井盖.jpg", "井盖.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\a.jpg", "a.jpg"),
        ("a\x00b.jpg", "ab.jpg"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("x" * 10_000 + ".jpeg", "x" * 95 + ".jpeg"),
        ("\ud800.jpg", "jpg"),
        ("...", ""),
        ("", ""),
    ],
)
def test_a_name_is_for_showing_only(sent: str, shown: str) -> None:
    assert clean_name(sent) == shown
    assert len(clean_name(sent)) <= 100
