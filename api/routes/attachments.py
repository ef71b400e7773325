"""Attachments: resumable uploads (tus 1.0) for a bad line, one request for a small photo, and the way back out."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response

from api import tus
from api.attachment_schemas import AttachmentOut, shown
from api.auth import Caller
from api.deps import Deps, answer, caller, deps
from api.routes.reports import idempotency_key
from api.schemas import problems
from api.serving import content_of, serve, thumbnail_of
from domain.attachment import Announced, Attachment, AttachmentId, clean_name
from domain.errors import Invalid, NotFound
from handlers.attach import announce, append, own, upload_whole

router = APIRouter(prefix="/v1/attachments", tags=["attachments"])

_UPLOAD = problems(400, 404, 409, 412, 413, 415, 422, 429, 460, 503)
_FETCH = {**problems(404, 416, 503), 206: {"description": "a range"}, 304: {"description": "unchanged"}}
_BYTES = {"requestBody": {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}}
_WHOLE = ("image/", "video/", "audio/", "application/pdf", "application/octet-stream")


@router.options("", status_code=204)
async def capabilities() -> Response:
    """What of the protocol for resumable uploads is spoken here."""
    return Response(status_code=204, headers=tus.CAPABILITIES)


@router.post("", status_code=201, response_model=AttachmentOut, responses=_UPLOAD, openapi_extra=_BYTES)
async def create(
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    key: Annotated[str | None, Header(alias="Idempotency-Key")] = None,
) -> Response:
    """With ``Upload-Length`` announce a resumable upload; without it the body is the attachment, at most 8 MiB.

    The type is told by the content and never by the name. The answer's ``Location`` takes HEAD and PATCH.
    """
    own_key = idempotency_key(key)
    if "upload-length" in request.headers:
        return await tus.answered(_announced(request.headers, who, tools, own_key))
    media = request.headers.get("content-type", "").strip().lower()
    if not media.startswith(_WHOLE):
        raise Invalid("media-type-unsupported", "仅接受文件内容", "send the bytes of the file, with their Content-Type")
    body = await tus.small(request)
    if "upload-checksum" in request.headers:
        tus.checked_sum(request.headers, body)
    told = tus.metadata(request.headers)
    new = _announcement(tools, who, own_key, len(body), told, sha256(body).digest())
    return _receipt(*await upload_whole(tools.archive, new, body))


async def _announced(headers: Mapping[str, str], who: Caller, tools: Deps, key: str) -> Response:
    tus.check_version(headers)
    new = _announcement(tools, who, key, tus.length(headers), tus.metadata(headers))
    return _receipt(*await announce(tools.archive, new))


def _announcement(
    tools: Deps, who: Caller, key: str, length: int, told: tus.Metadata, content: bytes = b""
) -> Announced:
    """``content`` is the digest of bytes that came with the announcement: a repeat must bring the same."""
    name = clean_name(told.name)
    mark = sha256(b"\0".join((str(length).encode(), name.encode(), told.digest or b"", content))).digest()
    return Announced(AttachmentId(tools.office.new_id()), who.actor.id, key, length, name, told.digest, mark)


def _receipt(attachment: Attachment, fresh: bool) -> Response:
    headers = {"Location": f"/v1/attachments/{attachment.id}", **tus.standing(attachment)}
    if not fresh:
        headers["Idempotent-Replayed"] = "true"
    return answer(shown(attachment), 201, headers)


@router.head("/{attachment_id}", responses=_UPLOAD)
async def reached(
    attachment_id: UUID,
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
) -> Response:
    """How far an upload of the caller has come: go on at ``Upload-Offset``. A refused content is told as such."""

    async def found() -> Response:
        tus.check_version(request.headers)
        upload = await own(tools.archive, AttachmentId(attachment_id), who.actor.id)
        return Response(headers=tus.standing(upload))

    return await tus.answered(found())


@router.patch("/{attachment_id}", status_code=204, responses=_UPLOAD, openapi_extra=_BYTES)
async def go_on(
    attachment_id: UUID,
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
) -> Response:
    """Add bytes at ``Upload-Offset``. What arrives before the line breaks is kept; after the last byte the content is
    looked at, and the answer says what is wrong with it, if anything."""
    return await tus.answered(_added(AttachmentId(attachment_id), request, who, tools))


async def _added(attachment: AttachmentId, request: Request, who: Caller, tools: Deps) -> Response:
    tus.check_version(request.headers)
    if request.headers.get("content-type") != tus.PIECE:
        raise Invalid("media-type-unsupported", "仅接受文件分片", f"send Content-Type: {tus.PIECE}")
    offset, content = tus.offset(request.headers), tus.content(request)
    if "upload-checksum" in request.headers:
        piece = await tus.small(request)
        tus.checked_sum(request.headers, piece)
        content = tus.once(piece)
    upload = await append(tools.archive, attachment, who.actor.id, offset, content)
    return Response(status_code=204, headers=tus.standing(upload))


@router.get("/{attachment_id}/about", response_model=AttachmentOut, responses=problems(404))
async def about(
    attachment_id: UUID, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]
) -> Response:
    """What is known of an attachment, for its uploader and whoever may see the report or case it stands behind."""
    return answer(shown(await _seen(attachment_id, who, tools)))


@router.get("/{attachment_id}", response_class=Response, responses=_FETCH)
async def fetch(
    attachment_id: UUID,
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
) -> Response:
    """The content without what the camera wrote into it, as a file to keep. Ranges and ETag as in RFC 9110."""
    return await serve(tools.archive.blobs, content_of(await _seen(attachment_id, who, tools)), request)


@router.get("/{attachment_id}/thumbnail", response_class=Response, responses=_FETCH)
async def thumbnail(
    attachment_id: UUID,
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
) -> Response:
    """A photo no wider and no higher than 320 pixels, as JPEG."""
    return await serve(tools.archive.blobs, thumbnail_of(await _seen(attachment_id, who, tools)), request)


async def _seen(attachment: UUID, who: Caller, tools: Deps) -> Attachment:
    found = await tools.views.attachments.one(attachment, who.actor.id, who.scope)
    if found is None:
        raise NotFound("attachment")
    return found
