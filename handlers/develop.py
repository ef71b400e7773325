"""From the bytes that came to what may be shown: photos decoded and written anew, sound and film without their words.

Runs in a thread (``handlers.attach``): it is the one place that opens what strangers send.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import pi_heif
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError

from domain.attachment import MAX_PIXELS, SIZE_LIMITS, MediaKind, refusal
from domain.boxes import plausible
from domain.errors import Invalid
from domain.media import Media, recognise
from domain.spans import Span

THUMBNAIL = 320
_QUALITY = 90
_COPY = 1 << 20
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_GPS = {name: ExifTags.GPS[f"GPS{name}"] for name in ("Latitude", "LatitudeRef", "Longitude", "LongitudeRef")}

pi_heif.register_heif_opener(thumbnails=False)
# the limit is ours and stricter, looked at before a pixel is decoded; the library's own would only warn
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True, slots=True)
class Developed:
    """What became of a content. ``served`` is a file beside the original, None where the original itself is shown.

    ``position`` is longitude and latitude as the camera noted them: personal, kept apart, never shown.
    """

    kind: MediaKind
    type: str
    served: Path | None = None
    thumbnail: bytes | None = None
    width: int | None = None
    height: int | None = None
    position: tuple[float, float] | None = None
    shown: bool = True


def develop(original: Path) -> Developed:
    """The presentable form of a whole file; what is made lies beside it.

    Raises ``Invalid`` with one of ``domain.attachment.refusal``.
    """
    with original.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        media = recognise(data)
        if len(data) > SIZE_LIMITS[media.kind]:
            raise refusal("file-too-large")
        if media.kind is MediaKind.PHOTO:
            return _photo(original, media)
        if not media.told:
            return Developed(media.kind, media.type, position=media.position)
        served = _blanked(data, media.told, original.with_name("served"))
        return Developed(media.kind, media.type, served, position=media.position)


def _blanked(data: mmap, told: tuple[Span, ...], served: Path) -> Path:
    """A copy in which some bytes are others; no length changes, for films and sounds are full of offsets."""
    with served.open("w+b") as file:
        for at in range(0, len(data), _COPY):
            file.write(data[at : at + _COPY])
        for span in told:
            file.seek(span.start)
            file.write(span.content)
            for at in range(span.start + len(span.content), span.end, _COPY):
                file.write(bytes(min(_COPY, span.end - at)))
    return served


def _photo(original: Path, media: Media) -> Developed:
    try:
        with Image.open(original, formats=_formats(media)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise refusal("image-too-large")
            position = _position(image.getexif().get_ifd(ExifTags.IFD.GPSInfo))
            upright = _in_srgb(ImageOps.exif_transpose(image))
    except Invalid:
        raise
    except Exception as error:  # a decoder fails in as many ways as files are broken; each means the same
        if media.decoder == "HEIF" and isinstance(error, UnidentifiedImageError):
            return Developed(media.kind, media.type, shown=False)
        raise refusal("file-corrupt") from error
    shown = _FORMATS.get(media.type, "JPEG")
    plain = _plain(upright, alpha=shown != "JPEG")
    served = original.with_name("served")
    # the pixels alone: what else an image carries would be written with it
    plain.info.clear()
    plain.save(served, shown, **_options(shown))
    width, height = plain.size
    plain.thumbnail((THUMBNAIL, THUMBNAIL))  # in place
    small = BytesIO()
    _plain(plain, alpha=False).save(small, "JPEG", **_options("JPEG"))
    kind = media.type if media.type in _FORMATS else "image/jpeg"
    return Developed(media.kind, kind, served, small.getvalue(), width, height, position)


def _formats(media: Media) -> list[str]:
    # phones join several photos in one JPEG file (MPO, CIPA DC-007); the first one is the photo
    return ["JPEG", "MPO"] if media.decoder == "JPEG" else [media.decoder]


def _options(form: str) -> dict[str, Any]:
    return {} if form == "PNG" else {"quality": _QUALITY}


def _in_srgb(image: Image.Image) -> Image.Image:
    """The picture in the colours every screen knows, so that the camera's own profile need not be kept."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA", "L", "CMYK"):
        return image
    try:
        mode = image.mode if image.mode in ("RGB", "RGBA") else "RGB"
        known = ImageCms.profileToProfile(image, BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError):
        return image
    return known or image


def _plain(image: Image.Image, *, alpha: bool) -> Image.Image:
    """In one of the modes every format here can hold."""
    if alpha and (image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info):
        return image.convert("RGBA")
    return image if image.mode in ("RGB", "L") else image.convert("RGB")


def _position(gps: Mapping[int, Any]) -> tuple[float, float] | None:
    """Longitude and latitude from degrees, minutes and seconds with their hemisphere (EXIF 2.32 §4.6.6)."""
    try:
        lat, lon = (
            sum(float(part) / 60**n for n, part in enumerate(gps[_GPS[axis]])) for axis in ("Latitude", "Longitude")
        )
        south, west = gps.get(_GPS["LatitudeRef"]) == "S", gps.get(_GPS["LongitudeRef"]) == "W"
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return plausible(-lon if west else lon, -lat if south else lat)
