"""Read models of the Open311 door; part of ``store.views``. What of a case is public is the door's business."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from domain.case import Case
from store.codec import decode_case
from store.read_model import ReadModel


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """What the list of service requests is narrowed to.

    ``categories`` are keys, an empty text for cases without one; None means all. ``before`` is the last row of the page
    before, ``skip`` the rows to pass over instead.
    """

    since: datetime
    until: datetime
    categories: tuple[str, ...] | None = None
    open: bool | None = None
    before: tuple[datetime, UUID] | None = None
    skip: int = 0
    limit: int = 1000


@dataclass(frozen=True, slots=True)
class RequestView:
    """A case as a service request, with the number of the case it was merged into, and the first words if asked."""

    case: Case
    merged_into_no: str | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class TokenView:
    """A report by its token; ``no`` is the number of its home once it has one."""

    no: str | None


class Open311Views(ReadModel):
    """The read models on one pool. ``origin`` keeps to cases behind which a report of it stands; None to none.

    Raises ``Unavailable`` when the database is away.
    """

    async def page(self, narrowed: RequestFilter, origin: str | None, words: bool) -> list[RequestView]:
        """Service requests, the newest first, at most ``narrowed.limit``."""
        before = narrowed.before or (None, None)
        rows = await self._fetch(
            "view_open311_requests",
            narrowed.since,
            narrowed.until,
            narrowed.categories,
            narrowed.open,
            origin,
            *before,
            narrowed.limit,
            narrowed.skip,
            words,
        )
        return await self._views(rows)

    async def by_no(self, nos: Sequence[str], origin: str | None, words: bool) -> list[RequestView]:
        """The cases with these numbers, the newest first; numbers nobody has are left out."""
        return await self._views(await self._fetch("view_open311_requests_by_no", list(nos), origin, words))

    async def token(self, report: UUID) -> TokenView | None:
        """A report that came in by Open311."""
        rows = await self._fetch("view_open311_token", report)
        return TokenView(rows[0]["no"]) if rows else None

    async def _views(self, rows: Sequence[asyncpg.Record]) -> list[RequestView]:
        cases = [decode_case(row["doc"]) for row in rows]
        merged = [case.merged_into for case in cases if case.merged_into]
        nos = {row["id"]: row["no"] for row in await self._fetch("view_case_partners", merged)} if merged else {}
        return [
            RequestView(case, nos[case.merged_into] if case.merged_into else None, row["words"])
            for case, row in zip(cases, rows, strict=True)
        ]
