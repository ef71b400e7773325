"""How the bytes of attachments leave: as files to keep, never as pages to show, in ranges where somebody asks."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from api.errors import problem
from domain.attachment import Attachment
from domain.errors import NotFound, Refused, Unavailable
from handlers.attach import ORIGINAL, SERVED, THUMBNAIL, blob_key
from handlers.ports import Blobs

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_ENDINGS = {
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "video/mp4": "mp4", "audio/mp4": "m4a",
    "audio/amr": "amr", "audio/ogg": "ogg", "audio/mpeg": "mp3", "audio/wav": "wav", "application/pdf": "pdf",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Content:
    """Something to be fetched: its key in the file store, type, size in bytes, name, and a tag that never repeats."""

    key: str
    type: str
    size: int
    name: str
    tag: str


def content_of(attachment: Attachment) -> Content:
    """What is shown of an attachment. Raises ``NotFound`` where nothing can be."""
    if not attachment.served_size:
        raise NotFound("content")
    key = blob_key(attachment.id, SERVED if attachment.stripped else ORIGINAL)
    stem = attachment.name.rpartition(".")[0] or attachment.name or str(attachment.id)
    name = f"{stem}.{_ENDINGS[attachment.type]}"
    return Content(key, attachment.type, attachment.served_size, name, attachment.served_sha256.hex())


def thumbnail_of(attachment: Attachment) -> Content:
    """The small picture of an attachment, a JPEG. Raises ``NotFound`` where there is none."""
    if not attachment.thumbnail_size:
        raise NotFound("thumbnail")
    key, tag = blob_key(attachment.id, THUMBNAIL), f"{attachment.served_sha256.hex()}-t"
    return Content(key, "image/jpeg", attachment.thumbnail_size, f"{attachment.id}-thumbnail.jpg", tag)


async def serve(blobs: Blobs, content: Content, request: Request) -> Response:
    """The content, or the range of it that is asked for (RFC 9110 §14), or that it has not changed."""
    etag = f'"{content.tag}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=60",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(content.name, safe='')}",
        # whatever a browser makes of it: no guess at the type, no script, no place of ours
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if etag in (each.strip() for each in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    asked = _asked(request, etag)
    start, end = _span(asked, content.size) if asked else (0, content.size)
    if start >= end:
        response = problem(Refused("range-not-satisfiable", "所请求的范围不存在", f"it has {content.size} bytes"))
        response.headers["Content-Range"] = f"bytes */{content.size}"
        return response
    stream = blobs.read(content.key, start, end)
    try:
        first = await anext(stream)
    except (FileNotFoundError, StopAsyncIteration) as error:
        raise Unavailable("storage-unavailable", "文件存储暂不可用", "the file is not there") from error
    headers["Content-Length"] = str(end - start)
    if asked:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{content.size}"
    return StreamingResponse(_after(first, stream), 206 if asked else 200, headers, content.type)


async def _after(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


def _asked(request: Request, etag: str) -> tuple[str, str] | None:
    """First and last byte of a single range; several ranges, or those of another version, get the whole."""
    match = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if match is None or not (match[1] or match[2]) or request.headers.get("if-range", etag) != etag:
        return None
    return match[1], match[2]


def _span(asked: tuple[str, str], size: int) -> tuple[int, int]:
    first, last = asked
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(int(last) + 1, size) if last else size
