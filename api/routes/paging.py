"""Cursors of keyset pages: where the page before ended, opaque to clients."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from datetime import datetime
from uuid import UUID

from domain.errors import Invalid

Cursor = tuple[datetime, UUID]


def written(cursor: Cursor) -> str:
    """A cursor as text."""
    return urlsafe_b64encode(f"{cursor[0].isoformat()} {cursor[1]}".encode()).decode().rstrip("=")


def read(text: str | None) -> Cursor | None:
    """A cursor back from text. Raises ``Invalid`` (400) for one we did not write."""
    if text is None:
        return None
    try:
        moment, _, row = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii").partition(" ")
        cursor = datetime.fromisoformat(moment), UUID(row)
    except (ValueError, Base64Error) as error:
        raise Invalid("cursor-invalid", "分页位置有误", "send the 'next' of the page before, unchanged") from error
    if cursor[0].tzinfo is None or not 2000 <= cursor[0].year < 9999:
        raise Invalid("cursor-invalid", "分页位置有误", "send the 'next' of the page before, unchanged")
    return cursor


def written_text(*parts: str) -> str:
    """A cursor of texts, none of which holds a line end."""
    return urlsafe_b64encode("\n".join(parts).encode()).decode().rstrip("=")


def read_text(text: str) -> list[str]:
    """The texts of a cursor. Raises ``Invalid`` (400) for one we did not write."""
    try:
        parts = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split("\n")
    except (ValueError, Base64Error) as error:
        raise Invalid("cursor-invalid", "分页位置有误", "send the 'next' of the page before, unchanged") from error
    if any("\0" in part for part in parts):
        raise Invalid("cursor-invalid", "分页位置有误", "send the 'next' of the page before, unchanged")
    return parts
