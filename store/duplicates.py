"""Pairs of cases that may be one incident: kept when they are found, put aside when somebody says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.duplicates import Match
from domain.ids import CaseId
from store.codec import encode
from store.pool import Connection
from store.queries import sql


@dataclass(frozen=True, slots=True)
class Suspected:
    """A new case and the one it may be a duplicate of, or the rework of."""

    case: CaseId
    match: Match


class Duplicates:
    """The suspected pairs of one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def keep(self, suspected: Sequence[Suspected], at: datetime) -> None:
        """Keep pairs found at a moment; a known pair stays as it is. A statement is sent only if there are any."""
        if suspected:
            await self._connection.execute(
                sql("duplicates_keep"),
                [one.case for one in suspected],
                [one.match.case for one in suspected],
                [one.match.kind for one in suspected],
                [one.match.score for one in suspected],
                [encode(one.match.grounds) for one in suspected],
                at,
            )

    async def put_aside(self, case: CaseId, other: CaseId, until: datetime | None, by: str) -> None:
        """Show the pair to nobody before ``until``, or never again if that is None, whichever of the two is looked at.

        The caller holds the locks of both cases.
        """
        await self._connection.execute(sql("duplicates_put_aside"), case, other, until, by)
