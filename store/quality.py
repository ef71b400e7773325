"""How well cases are dispatched the first time, by rule, unit, category and area; part of ``store.views``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

import asyncpg

from domain.accuracy import PAST, WEEK, Tally
from store.read_model import ReadModel
from store.scope import Scope

By = Literal["rule", "unit", "category", "area"]
Judged = Literal["rule", "unit"]
"""What an alarm is raised for."""
NOTHING = Tally(0, 0)
BYS: tuple[By, ...] = get_args(By)
JUDGED: tuple[Judged, ...] = get_args(Judged)


@dataclass(frozen=True, slots=True)
class Trouble:
    """First dispatches under one name, and the seconds until those that came back did, together."""

    name: str
    tally: Tally
    seconds_lost: float


@dataclass(frozen=True, slots=True)
class Troubles:
    """Names ranked by how many came back; ``total`` counts all ``names``, also those that the limit cut off."""

    ranked: tuple[Trouble, ...] = ()
    names: int = 0
    total: Tally = NOTHING


class QualityViews(ReadModel):
    """Tallies of first dispatches, as far as a scope may see them. Raises ``Unavailable``."""

    async def tally(self, by: By, since: datetime, scope: Scope, limit: int, codes: Sequence[str] = ()) -> Troubles:
        """First dispatches since a time (aware), ranked by trouble; ``codes`` are all areas of one level."""
        areas = list(scope.areas)
        if by == "area":
            rows = await self._fetch("quality_tally_areas", since, codes, areas, limit)
        else:
            rows = await self._fetch("quality_tally", by, since, areas, limit)
        if not rows:
            return Troubles()
        total = Tally(rows[0]["all_dispatched"], rows[0]["all_sent_back"])
        return Troubles(tuple(map(_trouble, rows)), rows[0]["names"], total)

    async def weeks(self, by: Judged, scope: Scope) -> Mapping[str, tuple[Tally, Tally]]:
        """By name: the last week and the time before it that it is compared with, as of the last full hour."""
        rows = await self._fetch("quality_drift", by, WEEK, PAST, list(scope.areas))
        return {r["name"]: (Tally(r["week"], r["week_back"]), Tally(r["past"], r["past_back"])) for r in rows}


def _trouble(row: asyncpg.Record) -> Trouble:
    return Trouble(row["name"], Tally(row["dispatched"], row["sent_back"]), row["seconds_lost"])
