"""Attachments in the record: announced, growing piece by piece, ready or refused, named, and at last forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg

from domain.attachment import Announced, Attachment, AttachmentId, AttachmentState, MediaKind
from domain.ids import CaseId
from store.pool import Connection
from store.queries import sql


@dataclass(frozen=True, slots=True)
class Ready:
    """What is known of a good content; see ``domain.attachment.Attachment``. ``position`` is (lon, lat) in WGS-84."""

    kind: MediaKind
    type: str
    sha256: bytes
    served_sha256: bytes
    served_size: int
    stripped: bool
    thumbnail_size: int
    width: int | None
    height: int | None
    position: tuple[float, float] | None


def attachment_of(row: asyncpg.Record) -> Attachment:
    """A row of the table, without where it was taken."""
    return Attachment(
        id=row["id"],
        client=row["client"],
        state=AttachmentState(row["state"]),
        name=row["name"],
        length=row["length"],
        received=row["received"],
        parts=row["parts"],
        fingerprint=row["fingerprint"],
        digest=row["digest"],
        created_at=row["created_at"],
        changed_at=row["changed_at"],
        kind=None if row["kind"] is None else MediaKind(row["kind"]),
        type=row["type"] or "",
        sha256=row["sha256"] or b"",
        served_sha256=row["served_sha256"] or b"",
        served_size=row["served_size"] or 0,
        stripped=row["stripped"],
        thumbnail_size=row["thumbnail_size"],
        width=row["width"],
        height=row["height"],
        refusal=row["refusal"] or "",
    )


class Attachments:
    """The attachments of one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def announce(self, new: Announced) -> bool:
        """Note an upload to come; False if the client's key is known already."""
        found = await self._connection.fetchval(
            sql("attachments_announce"),
            new.id, new.client, new.key, new.fingerprint, new.name, new.length, new.digest,
        )  # fmt: skip
        return found is not None

    async def used(self, client: str) -> tuple[int, int]:
        """How many attachments a client has announced within a day, and how many bytes."""
        row = await self._connection.fetchrow(sql("attachments_used"), client)
        return (row["files"], row["bytes"]) if row else (0, 0)

    async def by_key(self, client: str, key: str) -> Attachment | None:
        """What a client has announced under a key."""
        row = await self._connection.fetchrow(sql("attachments_by_key"), client, key)
        return attachment_of(row) if row else None

    async def get(self, attachment: AttachmentId) -> Attachment | None:
        """One attachment."""
        row = await self._connection.fetchrow(sql("attachments_get"), attachment)
        return attachment_of(row) if row else None

    async def grow(self, attachment: AttachmentId, start: int, size: int, blob: str) -> bool:
        """Note a piece that is safe in the file store; False if the upload no longer stands where it begins."""
        return await self._connection.fetchval(sql("attachments_grow"), attachment, start, size, blob) is not None

    async def parts(self, attachment: AttachmentId) -> list[tuple[str, int]]:
        """The files of an upload's pieces, in order, each with its size in bytes."""
        rows = await self._connection.fetch(sql("attachments_parts"), attachment)
        return [(row["blob"], row["size"]) for row in rows]

    async def ready(self, attachment: AttachmentId, found: Ready) -> bool:
        """The content is good and its files are in their places; False if somebody else said so before."""
        lon, lat = found.position or (None, None)
        done = await self._connection.fetchval(
            sql("attachments_ready"),
            attachment, found.kind, found.type, found.sha256, found.served_sha256, found.served_size, found.stripped,
            found.thumbnail_size, found.width, found.height, lon, lat,
        )  # fmt: skip
        return done is not None

    async def refuse(self, attachment: AttachmentId, code: str) -> bool:
        """The content is refused; False if somebody else has judged it before."""
        return await self._connection.fetchval(sql("attachments_refuse"), attachment, code) is not None

    async def forget_parts(self, attachment: AttachmentId) -> list[str]:
        """Forget the pieces of an upload that has come to its end; returns their files."""
        return [row["blob"] for row in await self._connection.fetch(sql("attachments_forget_parts"), attachment)]

    async def link_cases(self, links: Sequence[tuple[AttachmentId, CaseId]]) -> None:
        """Put attachments behind cases; what is there already, or is unknown, is passed over."""
        await self._connection.execute(sql("attachments_link_cases"), *zip(*links, strict=True))

    async def stale(self, untouched: timedelta, limit: int) -> list[AttachmentId]:
        """At most ``limit`` attachments nobody has named and nobody has touched for a time; locked."""
        return [row["id"] for row in await self._connection.fetch(sql("attachments_stale"), untouched, limit)]

    async def drop(self, attachments: Sequence[AttachmentId]) -> list[AttachmentId]:
        """Forget attachments; returns those that really were named by nobody."""
        return [row["id"] for row in await self._connection.fetch(sql("attachments_drop"), attachments)]

    async def unfinished(self, since: timedelta, limit: int) -> list[Attachment]:
        """Uploads that are complete for a while and that nobody has looked at."""
        return [attachment_of(row) for row in await self._connection.fetch(sql("attachments_unfinished"), since, limit)]

    async def owed(self, attachments: Sequence[UUID]) -> dict[UUID, tuple[AttachmentState, frozenset[str]]]:
        """The state of each known attachment, and the files of its pieces."""
        rows = await self._connection.fetch(sql("attachments_owed"), attachments)
        return {row["id"]: (AttachmentState(row["state"]), frozenset(row["blobs"])) for row in rows}
