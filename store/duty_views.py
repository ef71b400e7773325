"""Read models of duty: who is away, what a unit has to do, and what one shift leaves to the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.absence import Absence
from domain.case import Case
from store.codec import decode_case
from store.read_model import ReadModel
from store.scope import Scope


@dataclass(frozen=True, slots=True)
class PartLoad:
    """A unit's open tasks of one part (主办, 协办): how many, not accepted yet, of overdue cases; the oldest offer."""

    part: str
    open: int
    offered: int
    overdue: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody said with a step of a case."""

    case: UUID
    at: datetime
    step: str
    by: str
    words: str


class DutyViews(ReadModel):
    """Duty for the doors, as far as a scope may see it. Raises ``Unavailable``."""

    async def absences(self) -> list[Absence]:
        """Everybody's absence, past ones too: one a person."""
        return [Absence(**row) for row in await self._fetch("absences_all")]

    async def load(self, unit: str, scope: Scope) -> list[PartLoad]:
        """A unit's open tasks by part."""
        return [PartLoad(**row) for row in await self._fetch("view_unit_load", unit, list(scope.areas))]

    async def left(self, unit: str, scope: Scope, limit: int) -> tuple[list[tuple[UUID, Case]], int]:
        """A unit's open tasks with their cases, the oldest first, and how many there are beyond the limit too."""
        rows = await self._fetch("view_handover_tasks", unit, list(scope.areas), limit)
        return [(row["id"], decode_case(row["doc"])) for row in rows], rows[0]["open"] if rows else 0

    async def notes(self, cases: Sequence[UUID], since: datetime, until: datetime, limit: int) -> list[Note]:
        """What was said on these cases from ``since`` to ``until`` (exclusive), in order."""
        rows = await self._fetch("view_handover_notes", cases, since, until, limit)
        return [
            Note(r["subject"], r["at"], r["type"].removeprefix("case."), r["by"], r["note"] or r["reason"])
            for r in rows
        ]
