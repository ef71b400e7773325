"""First dispatches in the record: who was to lead at first, by which rule, and whether it came back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.ids import CaseId
from store.pool import Connection
from store.queries import sql


@dataclass(frozen=True, slots=True)
class FirstDispatch:
    """The first time a case was given a lead unit. ``area`` are codes from the city down, as at that moment."""

    case: CaseId
    rule: str
    unit: str
    category: str
    area: tuple[str, ...]
    at: datetime


class Dispatches:
    """The first dispatches of one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def made(self, made: Sequence[FirstDispatch]) -> None:
        """Note first dispatches; a second one of a case breaks the primary key."""
        await self._connection.copy_records_to_table(
            "dispatches",
            columns=("case_id", "rule", "unit", "category", "area", "dispatched_at"),
            records=[(d.case, d.rule, d.unit, d.category, "".join(f"{code}/" for code in d.area), d.at) for d in made],
        )

    async def sent_back(self, back: Sequence[tuple[CaseId, datetime]]) -> None:
        """Note which came back, and when."""
        await self._connection.execute(sql("dispatches_sent_back"), *zip(*back, strict=True))
