"""Uploads: a small attachment in one request, and the announcement of a resumable one (reliability.md §5.5)."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from uuid import uuid4

from tests.files import a_photo
from tests.vectors.intake import Vector
from tests.vectors.values import CANARY, Want


def uploads() -> Iterator[Vector]:
    """Every vector of ``POST /v1/attachments``."""
    photo = a_photo()
    for name, content, headers, code in _whole(photo):
        yield _vector("in one request", name, content, headers, code)
    for name, headers, code in _announced():
        yield _vector("announced", name, b"", {"Tus-Resumable": "1.0.0", **headers}, code)
    yield _vector("announced", "no version of the protocol", b"", {"Upload-Length": "7"}, "tus-version-unsupported")


def _vector(how: str, name: str, content: bytes, headers: Mapping[str, str], code: str) -> Vector:
    keyed = {"Idempotency-Key": f"v-{uuid4()}", **headers}
    intake = f"POST /v1/attachments, {how}"
    return Vector(intake, name, "inspector-1", "POST", "/v1/attachments", Want(code), content, keyed, accepted=201)


def _named(name: str | bytes, **more: str) -> dict[str, str]:
    pairs = {"filename": name.encode() if isinstance(name, str) else name, **{k: v.encode() for k, v in more.items()}}
    return {"Upload-Metadata": ",".join(f"{key} {b64encode(value).decode()}" for key, value in pairs.items())}


def _whole(photo: bytes) -> Iterator[tuple[str, bytes, dict[str, str], str]]:
    image = {"Content-Type": "image/jpeg"}
    yield "as it should be", photo, image, ""
    for name in ("../../etc/passwd", "photo\u202egpj.exe", "a\0b.jpg", "CON.jpg", "名" * 1000, CANARY):
        yield f"named {name[:20]!r}", photo, {**image, **_named(name)}, ""
    yield "nothing", b"", image, "file-empty"
    yield "a page by the name of a photo", b"<html><script>alert(1)</script></html>", image, "file-type"
    yield "a drawing with a script", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", image, "file-type"
    yield "an archive", b"PK\x03\x04" + bytes(100), image, "file-type"
    yield "cut off", photo[: len(photo) // 2], image, "file-corrupt"
    yield "another digest", photo, {**image, **_named("a.jpg", sha256=sha256(b"x").hexdigest())}, "digest-mismatch"
    yield "said to be text", photo, {"Content-Type": "text/plain"}, "media-type-unsupported"
    yield "said to be nothing", photo, {}, "media-type-unsupported"
    yield "too large for one request", bytes(9 * 1024 * 1024), image, "body-too-large"
    yield "a name in GBK", photo, {**image, **_named("井盖".encode("gbk"))}, "upload-metadata-invalid"
    yield "no Base64", photo, {**image, "Upload-Metadata": "filename !!"}, "upload-metadata-invalid"
    yield "10 KiB of metadata", photo, {**image, **_named("a" * 10_000)}, "upload-metadata-invalid"
    yield "a digest of words", photo, {**image, **_named("a.jpg", sha256="words")}, "upload-metadata-invalid"
    yield "a checksum of words", photo, {**image, "Upload-Checksum": "md5 x"}, "upload-checksum-invalid"


def _announced() -> Iterator[tuple[str, dict[str, str], str]]:
    yield "as it should be", {"Upload-Length": "7"}, ""
    for text in ("", "-1", "1.5", "ten", "1_0", "９", "9" * 30):
        if text.isascii():
            yield f"length {text[:12]!r}", {"Upload-Length": text}, "upload-length-invalid"
    yield "nothing", {"Upload-Length": "0"}, "file-empty"
    yield "a terabyte", {"Upload-Length": "1000000000000"}, "file-too-large"
