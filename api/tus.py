"""The headers of resumable uploads (tus 1.0: core, creation, checksum, expiration), for ``api.routes.attachments``."""

import binascii
import hashlib
import hmac
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass
from email.utils import format_datetime

from fastapi import Request, Response
from starlette.requests import ClientDisconnect

from api.body import whole
from api.errors import problem
from domain.attachment import MAX_SIZE, Attachment, AttachmentState
from domain.errors import CityloopError, Invalid, Refused

VERSION = "1.0.0"
CAPABILITIES = {
    "Tus-Resumable": VERSION,
    "Tus-Version": VERSION,
    "Tus-Extension": "creation,checksum,expiration",
    "Tus-Max-Size": str(MAX_SIZE),
    "Tus-Checksum-Algorithm": "sha1,sha256",
}
PIECE = "application/offset+octet-stream"
MAX_WHOLE = 8 * 1024 * 1024
"""Bytes of a request that is held in memory: a small attachment, or a piece with its checksum."""
_MAX_METADATA = 4096
_HASHES = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a client says of its file. The name is for showing; ``digest`` is the SHA-256 the file shall have."""

    name: str = ""
    digest: bytes | None = None


async def answered(work: Awaitable[Response]) -> Response:
    """The answer to a request of the protocol, refusals included: every one says which version it speaks."""
    try:
        response = await work
    except CityloopError as error:
        response = problem(error)
        if response.status_code == 412:
            response.headers["Tus-Version"] = VERSION
    response.headers["Tus-Resumable"] = VERSION
    return response


def check_version(headers: Mapping[str, str]) -> None:
    """Raises ``Refused`` (412) for another version of the protocol, or none."""
    if headers.get("tus-resumable") != VERSION:
        raise Refused("tus-version-unsupported", "上传协议版本不受支持", f"send Tus-Resumable: {VERSION}")


def length(headers: Mapping[str, str]) -> int:
    """The announced ``Upload-Length`` in bytes. Raises ``Invalid`` (400)."""
    text = headers.get("upload-length", "")
    if not _whole(text):
        raise Invalid("upload-length-invalid", "Upload-Length 有误", "send the length of the file in bytes")
    return int(text)


def offset(headers: Mapping[str, str]) -> int:
    """Where a piece begins, ``Upload-Offset``. Raises ``Invalid`` (400)."""
    text = headers.get("upload-offset", "")
    if not _whole(text):
        raise Invalid("upload-offset-invalid", "Upload-Offset 有误", "send the offset that HEAD tells")
    return int(text)


def metadata(headers: Mapping[str, str]) -> Metadata:
    """``Upload-Metadata``: pairs of a key and a value in Base64; of ours are ``filename`` and ``sha256`` (hexadecimal).

    Raises ``Invalid`` (400) for what cannot be read. Other keys are passed over: programs send what they know.
    """
    text = headers.get("upload-metadata", "")
    fault = Invalid("upload-metadata-invalid", "Upload-Metadata 有误", "send «filename BASE64,sha256 BASE64-OF-HEX»")
    if len(text) > _MAX_METADATA:
        raise fault
    found: dict[str, str] = {}
    for pair in filter(None, (pair.strip() for pair in text.split(","))):
        key, _, value = pair.partition(" ")
        try:
            if key in found:
                raise fault
            found[key] = b64decode(value.strip(), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            raise fault from None
    try:
        digest = bytes.fromhex(found["sha256"]) if "sha256" in found else None
    except ValueError:
        raise fault from None
    if digest is not None and len(digest) != 32:
        raise fault
    return Metadata(found.get("filename", found.get("name", "")), digest)


def checked_sum(headers: Mapping[str, str], content: bytes) -> None:
    """Compare a piece with its ``Upload-Checksum``. Raises ``Invalid``: 400 if unreadable, 460 if it differs."""
    algorithm, _, value = headers["upload-checksum"].partition(" ")
    try:
        told = b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError):
        told = b""
    if algorithm not in _HASHES or not told:
        raise Invalid("upload-checksum-invalid", "Upload-Checksum 有误", "send «sha256 BASE64» or «sha1 BASE64»")
    if not hmac.compare_digest(_HASHES[algorithm](content, usedforsecurity=False).digest(), told):
        raise Invalid("upload-checksum-mismatch", "分片校验不符", "send the piece again")


async def content(request: Request) -> AsyncIterator[bytes]:
    """The bytes of a request as they come; when the line breaks, those that have come."""
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        return


async def once(piece: bytes) -> AsyncIterator[bytes]:
    """A piece that is there already, as a stream."""
    yield piece


async def small(request: Request) -> bytes:
    """A small body whole. Raises ``Invalid`` (413)."""
    return await whole(request, MAX_WHOLE, "; larger files go in pieces")


def standing(upload: Attachment) -> dict[str, str]:
    """The headers that say how far an upload has come."""
    found = {"Upload-Offset": str(upload.received), "Upload-Length": str(upload.length), "Cache-Control": "no-store"}
    if upload.state is AttachmentState.UPLOADING:
        found["Upload-Expires"] = format_datetime(upload.expires_at, usegmt=True)
    return found


def _whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15
