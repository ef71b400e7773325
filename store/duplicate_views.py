"""Read models of suspected duplicates: what else is known of them, and the desk's list of cases to compare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from store.codec import decode_plain
from store.pool import Pool
from store.queries import sql
from store.scope import Scope
from store.translate import translated


@dataclass(frozen=True, slots=True)
class OtherCase:
    """A case beside the one looked at. ``aside``: the pair was put aside, until a time or (None) for ever."""

    id: UUID
    no: str
    state: str
    opened_at: datetime
    ended_at: datetime | None
    aside: bool
    aside_until: datetime | None


@dataclass(frozen=True, slots=True)
class Suspect:
    """A case that may be a duplicate; ``others`` as plain data, the most alike first."""

    case: UUID
    no: str
    found_at: datetime
    others: Sequence[Mapping[str, Any]]


class DuplicateViews:
    """Suspected pairs for the desk, as far as a scope may see them. Raises ``Unavailable``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def beside(self, case: UUID, others: Sequence[UUID], scope: Scope) -> dict[UUID, OtherCase]:
        """What is known of other cases beside one; those the scope does not hold are absent."""
        with translated():
            rows = await self._pool.fetch(sql("view_duplicates_beside"), case, others, list(scope.areas))
        return {row["id"]: OtherCase(**row) for row in rows}

    async def waiting(self, scope: Scope, before: tuple[datetime, UUID] | None, limit: int) -> list[Suspect]:
        """A page of cases with pairs that nobody has decided on, the newest first."""
        with translated():
            rows = await self._pool.fetch(sql("view_duplicates"), list(scope.areas), *(before or (None, None)), limit)
        return [Suspect(row["case_id"], row["no"], row["found_at"], decode_plain(row["others"])) for row in rows]
