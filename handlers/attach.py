"""Attachments come in: announced, piece by piece, looked at when the last byte is there. Any step may be the last one.

A piece counts once its file is safe *and* its row is written. Who dies between the two leaves a file nobody knows,
which ``handlers.tidy`` sweeps; the client asks how far it got and goes on from there.
"""

import asyncio
import errno
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from domain.attachment import (
    Announced,
    Attachment,
    AttachmentId,
    AttachmentState,
    check_part,
    checked_length,
    refusal,
)
from domain.errors import Invalid, NotFound, Refused, Unavailable
from handlers.darkroom import Darkroom
from handlers.develop import Developed
from handlers.ports import Blobs, Office
from handlers.repeats import key_lock
from store.attachments import Ready

PIECE = 1 << 20
ORIGINAL, SERVED, THUMBNAIL = "original", "served", "thumbnail"

Count = Callable[[str, int], None]
"""Told what happened, and to how many: see the metric ``cityloop_attachments``."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What one client may announce within 24 hours."""

    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Archive:
    """What handlers of attachments need: the office, the file store, the darkroom, the quota and a counter."""

    office: Office
    blobs: Blobs
    darkroom: Darkroom
    quota: Quota
    count: Count


def blob_key(attachment: AttachmentId, name: str) -> str:
    """The key of one of an attachment's files; the end of a UUIDv7 is random and spreads them over 256 shards."""
    return f"{str(attachment)[-2:]}/{attachment}/{name}"


async def announce(archive: Archive, new: Announced) -> tuple[Attachment, bool]:
    """Take note of an upload to come; with whether it is new.

    A repeat under the same key finds the first one. Raises ``Invalid`` for a length that cannot be, ``Refused``: the
    key stands for another content, or the client's quota is used up.
    """
    checked_length(new.length)
    async with archive.office.store.unit(lock=[key_lock(new.client, "attachments")]) as unit:
        before = await unit.attachments.by_key(new.client, new.key)
        if before is None:
            files, size = await unit.attachments.used(new.client)
            if files >= archive.quota.files or size + new.length > archive.quota.bytes:
                archive.count("over_quota", 1)
                raise Refused("attachment-quota", "附件数量或容量超出每日限额", "the client's day is used up")
            await unit.attachments.announce(new)
        found = before or await unit.attachments.by_key(new.client, new.key)
    if found is None or found.fingerprint != new.fingerprint:
        raise Refused("idempotency-key-reused", "同一编号已用于不同内容", "use a new key for a new attachment")
    return found, before is None


async def own(archive: Archive, attachment: AttachmentId, client: str) -> Attachment:
    """An upload of this client, looked at now if nobody has who should have. Raises ``NotFound``."""
    async with archive.office.store.unit() as unit:
        found = await unit.attachments.get(attachment)
    if found is None or found.client != client:
        raise NotFound("attachment")
    return await finish(archive, found) if found.complete else found


async def append(
    archive: Archive, attachment: AttachmentId, client: str, offset: int, content: AsyncIterable[bytes]
) -> Attachment:
    """Add bytes from an offset on; what has come before the line broke stays.

    Returns the upload as it is now, looked at if it is complete. Raises as ``check_part`` and ``finish`` do, and
    ``Invalid`` for more bytes than were announced.
    """
    upload = await own(archive, attachment, client)
    check_part(upload, offset)
    async for piece in _pieces(content, upload.length - offset):
        key = blob_key(attachment, f"p{offset}-{token_hex(4)}")
        await archive.blobs.put(key, piece)
        async with archive.office.store.unit() as unit:
            grown = await unit.attachments.grow(attachment, offset, len(piece), key)
        if not grown:
            await archive.blobs.drop([key])
            raise Refused("upload-offset-mismatch", "续传位置不符", "somebody else sends the same bytes now")
        archive.count("bytes", len(piece))
        offset += len(piece)
    return await own(archive, attachment, client)


async def _pieces(content: AsyncIterable[bytes], room: int) -> AsyncIterator[bytes]:
    gathered = bytearray()
    async for chunk in content:
        room -= len(chunk)
        if room < 0:
            raise Invalid("upload-length-exceeded", "内容超出声明长度", "announce the length there is")
        gathered += chunk
        while len(gathered) >= PIECE:
            yield bytes(gathered[:PIECE])
            del gathered[:PIECE]
    if gathered:
        yield bytes(gathered)


async def upload_whole(archive: Archive, new: Announced, content: bytes) -> tuple[Attachment, bool]:
    """A small attachment in one request. Raises as ``announce`` and ``append`` do."""
    found, fresh = await announce(archive, new)
    if found.state is AttachmentState.REFUSED:
        raise refusal(found.refusal)
    if found.complete:
        return await finish(archive, found), fresh
    return await append(archive, found.id, new.client, found.received, _once(content[found.received :])), fresh


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def finish(archive: Archive, upload: Attachment) -> Attachment:
    """Look at a complete upload: put what may be shown in its place, or refuse it. Harmless when done before.

    Raises ``Invalid`` with the refusal's code, ``Unavailable`` when a neighbour is away: then it is looked at again.
    """
    if upload.state is AttachmentState.UPLOADING:
        try:
            await _look_at(archive, upload)
        except FileNotFoundError as error:
            await _done_by_another(archive, upload, error)
    async with archive.office.store.unit() as unit:
        now = await unit.attachments.get(upload.id)
    if now is None:
        raise NotFound("attachment")
    if now.state is AttachmentState.REFUSED:
        raise refusal(now.refusal)
    return now


async def _done_by_another(archive: Archive, upload: Attachment, error: FileNotFoundError) -> None:
    """Pieces are gone because another process has finished the same upload; if it has not, they are lost."""
    async with archive.office.store.unit() as unit:
        now = await unit.attachments.get(upload.id)
    if now is not None and now.state is AttachmentState.UPLOADING:
        raise Unavailable("storage-unavailable", "文件存储暂不可用", "a piece is missing") from error


async def _look_at(archive: Archive, upload: Attachment) -> None:
    async with archive.office.store.unit() as unit:
        pieces = await unit.attachments.parts(upload.id)
    if sum(size for _, size in pieces) != upload.length:
        raise FileNotFoundError(errno.ENOENT, "its pieces are forgotten", str(upload.id))
    with TemporaryDirectory(prefix="cityloop-", ignore_cleanup_errors=True) as folder:
        original = Path(folder) / ORIGINAL
        digest = await _assemble(archive.blobs, pieces, original)
        try:
            if upload.digest not in (None, digest):
                raise refusal("digest-mismatch")
            developed = await archive.darkroom.develop(original)
        except Invalid as error:
            await _end(archive, upload, error.code)
            return
        await _end(archive, upload, await _put_away(archive.blobs, upload, original, digest, developed))


async def _assemble(blobs: Blobs, pieces: Sequence[tuple[str, int]], into: Path) -> bytes:
    """The pieces as one file; returns its SHA-256."""
    digest = sha256()

    def add(file: BinaryIO, chunk: bytes) -> None:
        file.write(chunk)
        digest.update(chunk)

    file: Any = await asyncio.to_thread(into.open, "wb")
    with file:
        for piece, size in pieces:
            async for chunk in blobs.read(piece, 0, size):
                await asyncio.to_thread(add, file, chunk)
    return digest.digest()


async def _put_away(blobs: Blobs, upload: Attachment, original: Path, digest: bytes, developed: Developed) -> Ready:
    await blobs.put(blob_key(upload.id, ORIGINAL), original)
    served, shown = developed.served, digest
    size = upload.length if developed.shown else 0
    if served is not None:
        await blobs.put(blob_key(upload.id, SERVED), served)
        shown, size = await asyncio.to_thread(_measured, served)
    if developed.thumbnail is not None:
        await blobs.put(blob_key(upload.id, THUMBNAIL), developed.thumbnail)
    return Ready(
        developed.kind, developed.type, digest, shown, size, served is not None, len(developed.thumbnail or b""),
        developed.width, developed.height, developed.position,
    )  # fmt: skip


def _measured(file: Path) -> tuple[bytes, int]:
    content = file.read_bytes()
    return sha256(content).digest(), len(content)


async def _end(archive: Archive, upload: Attachment, found: Ready | str) -> None:
    """Write down what was found, then let the pieces go."""
    async with archive.office.store.unit() as unit:
        if isinstance(found, Ready):
            first = await unit.attachments.ready(upload.id, found)
        else:
            first = await unit.attachments.refuse(upload.id, found)
        pieces = await unit.attachments.forget_parts(upload.id) if first else []
    if first:
        archive.count(found.kind if isinstance(found, Ready) else "refused", 1)
        await archive.blobs.drop(pieces)
