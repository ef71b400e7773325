"""Attachments (附件): photos, short videos, voice recordings and papers that show what a report or an action says.

An attachment is uploaded first, by one client, in as many pieces as the line allows; then a report or an action names
it. Whoever may see that report or case may see it.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.errors import Invalid, Refused

AttachmentId = NewType("AttachmentId", UUID)

MEGABYTE = 1_000_000
MAX_PIXELS = 50_000_000
MAX_NAME = 100
MAX_FILES = 20  # of one report, or one action
MAX_BYTES = 200 * MEGABYTE  # of one report, or one action
MAX_CASE_FILES = 500  # that actions add to one case
LINKABLE = timedelta(hours=24)  # after the last byte; then a report or an action must have named it
KEPT = timedelta(hours=25)  # an hour more, so that nothing is swept while somebody names it

_FREE_PARTS = 64
_PART = 32 * 1024


class MediaKind(StrEnum):
    """What a person would call it: 照片, 视频, 录音, 文件."""

    PHOTO = "photo"
    VIDEO = "video"
    VOICE = "voice"
    DOCUMENT = "document"


class AttachmentState(StrEnum):
    """Bytes still come; it can be named and seen; its content was refused."""

    UPLOADING = "uploading"
    READY = "ready"
    REFUSED = "refused"


SIZE_LIMITS: Mapping[MediaKind, int] = {
    MediaKind.PHOTO: 25 * MEGABYTE,
    MediaKind.VIDEO: 100 * MEGABYTE,
    MediaKind.VOICE: 25 * MEGABYTE,
    MediaKind.DOCUMENT: 25 * MEGABYTE,
}
"""Bytes of one attachment, by kind. What is longer than all of them is refused before its first byte."""
MAX_SIZE = max(SIZE_LIMITS.values())


@dataclass(frozen=True, slots=True)
class Announced:
    """An upload as its client announces it: ``length`` in bytes, and the SHA-256 if the client knows it beforehand."""

    id: AttachmentId
    client: str
    key: str
    length: int
    name: str
    digest: bytes | None
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Attachment:
    """An attachment as it stands.

    ``received`` of ``length`` bytes are safe. ``type`` (of what is served), ``kind``, ``sha256`` (of what came) and
    ``served_sha256`` are known once it is ready; ``served_size`` and ``thumbnail_size`` are 0 where there is nothing to
    serve. ``stripped`` says
    that what is served differs from what came. ``refusal`` is the code of a refused content.
    """

    id: AttachmentId
    client: str
    state: AttachmentState
    name: str
    length: int
    received: int
    parts: int
    fingerprint: bytes
    digest: bytes | None
    created_at: datetime
    changed_at: datetime
    kind: MediaKind | None = None
    type: str = ""
    sha256: bytes = b""
    served_sha256: bytes = b""
    served_size: int = 0
    stripped: bool = False
    thumbnail_size: int = 0
    width: int | None = None
    height: int | None = None
    refusal: str = ""

    @property
    def complete(self) -> bool:
        """Whether every byte announced is safe."""
        return self.received == self.length

    @property
    def expires_at(self) -> datetime:
        """Until when it can be continued, and named for the first time."""
        return self.changed_at + LINKABLE

    @property
    def parts_allowed(self) -> int:
        """How many pieces it may come in: some for a bad line, and one for each 32 KiB."""
        return _FREE_PARTS + self.length // _PART


def refusal(code: str) -> Invalid:
    """What can be wrong with a content. The code is kept with the attachment, so that a repeat hears the same.

    Made anew each time: an exception keeps the frames it was raised through, and the content they hold.
    """
    made = (
        Invalid("file-type", "文件类型不受支持", "JPEG, PNG, WebP, HEIC, MP4, M4A, AMR, OGG, MP3, WAV or PDF"),
        Invalid("file-corrupt", "文件已损坏", "it is cut off, or not what its first bytes say"),
        Invalid("digest-mismatch", "文件摘要不符", "the bytes received are not the bytes announced"),
        Invalid("image-too-large", "图片像素过多", f"at most {MAX_PIXELS} pixels"),
        Invalid("file-too-large", "文件过大", "at most 25 MB for photos, voice and papers, 100 MB for videos"),
        Invalid("file-too-complex", "文件过于复杂", "it takes too long to open; take the photo anew"),
    )
    return next(each for each in made if each.code == code)


def checked_length(length: int) -> int:
    """An announced length in bytes. Raises ``Invalid``: nothing at all, or more than any kind may have."""
    if length == 0:
        raise Invalid("file-empty", "文件为空", "send at least one byte")
    if length > MAX_SIZE:
        raise refusal("file-too-large")
    return length


def clean_name(name: str) -> str:
    """A name to show: the last step of a path, without control and invisible characters, at most 100 characters.

    It is never used to find the file: that is kept under its id.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(char for char in last if unicodedata.category(char)[0] != "C").strip(". ")
    stem, dot, ending = shown.rpartition(".")
    if dot and len(ending) <= 10:
        return f"{stem[: MAX_NAME - len(ending) - 1]}.{ending}"
    return shown[:MAX_NAME]


def check_part(upload: Attachment, offset: int) -> None:
    """Whether the next piece may begin here.

    Raises ``Refused``: another offset than the one reached (somebody was faster, or the answer before was lost), or
    too many small pieces; and whatever the content was refused for before.
    """
    if upload.state is AttachmentState.REFUSED:
        raise refusal(upload.refusal)
    if offset != upload.received:
        raise Refused("upload-offset-mismatch", "续传位置不符", f"go on at byte {upload.received}")
    if not upload.complete and upload.parts >= upload.parts_allowed:
        raise Refused("upload-too-many-parts", "分片过多", "send larger pieces: 32 KiB or more each")
