"""Read models of attachments for the doors: scoped like the reports and cases they stand behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.attachment import LINKABLE, Attachment, AttachmentState
from store.attachments import attachment_of
from store.read_model import ReadModel
from store.scope import Scope

_MOST = 1000


@dataclass(frozen=True, slots=True)
class Named:
    """An attachment somebody names: whether its content is good, and whether it may (still) be named."""

    client: str
    ready: bool
    size: int
    linkable: bool


class AttachmentViews(ReadModel):
    """Attachments as the doors see them. Raises ``Unavailable`` when the database is away."""

    async def one(self, attachment: UUID, client: str, scope: Scope) -> Attachment | None:
        """An attachment, for its uploader ``client`` and for whoever may see a report or case it stands behind."""
        rows = await self._fetch(
            "view_attachment",
            attachment, client, list(scope.areas), scope.unit, scope.worker, scope.origin, scope.reporter,
        )  # fmt: skip
        return attachment_of(rows[0]) if rows else None

    async def of_case(self, case: UUID) -> list[Attachment]:
        """What the reports behind a case and the actions on it name, the oldest first; at most 1,000."""
        return [attachment_of(row) for row in await self._fetch("view_attachments_of_case", case, _MOST)]

    async def of_report(self, report: UUID) -> list[Attachment]:
        """What a report names, the oldest first."""
        return [attachment_of(row) for row in await self._fetch("view_attachments_of_report", report)]

    async def named(self, attachments: Sequence[UUID]) -> dict[UUID, Named]:
        """What stands under the ids somebody names; unknown ids are absent."""
        rows = await self._fetch("view_attachments_named", attachments)
        return {
            row["id"]: Named(
                row["client"],
                row["state"] == AttachmentState.READY,
                row["length"],
                row["linked"] or row["changed_at"] + LINKABLE > row["at"],
            )
            for row in rows
        }

    async def count_of_case(self, case: UUID) -> int:
        """How many attachments the actions on a case have named."""
        (row,) = await self._fetch("view_attachments_count", case)
        files: int = row["files"]
        return files
