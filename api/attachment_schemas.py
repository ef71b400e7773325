"""What is told of attachments, and how: the shapes for OpenAPI and the one place that fills them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from domain.attachment import Attachment, AttachmentState


class AttachmentOut(BaseModel):
    """An attachment. ``kind`` and ``type`` are told by its content, once all of it is there.

    ``size`` is in bytes of what can be fetched; before that, of what was announced. ``links`` hold ``self``, ``about``,
    and what can be fetched: ``content``, ``thumbnail``.
    """

    id: UUID
    state: str = Field(examples=["ready"])
    kind: str | None = Field(examples=["photo"])
    type: str | None = Field(examples=["image/jpeg"])
    name: str = Field(examples=["井盖.jpg"])
    size: int
    width: int | None
    height: int | None
    created_at: datetime
    links: dict[str, str]


def shown(attachment: Attachment) -> dict[str, Any]:
    """An attachment as plain data (``AttachmentOut``)."""
    where = f"/v1/attachments/{attachment.id}"
    links = {"self": where, "about": f"{where}/about"}
    if attachment.served_size:
        links["content"] = where
    if attachment.thumbnail_size:
        links["thumbnail"] = f"{where}/thumbnail"
    ready = attachment.state is AttachmentState.READY
    return {
        "id": attachment.id,
        "state": attachment.state,
        "kind": attachment.kind,
        "type": attachment.type or None,
        "name": attachment.name,
        "size": attachment.served_size if ready else attachment.length,
        "width": attachment.width,
        "height": attachment.height,
        "created_at": attachment.created_at,
        "links": links,
    }
