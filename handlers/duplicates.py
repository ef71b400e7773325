"""What a case may be a duplicate of, as the desk asks for it, and what the desk says of a pair."""

from datetime import datetime

from domain.case import Case
from domain.duplicates import Match, suggestions
from domain.ids import CaseId
from handlers.ports import Office

MOST = 10


async def alike(office: Office, case: Case) -> list[Match]:
    """The cases that may be of one incident with this one, by what is known now; the most alike first, at most ten."""
    async with office.store.unit() as unit:
        seen = await unit.cases.sightings([case.id])
        if case.id not in seen:
            return []
        found = await unit.cases.open_near([seen[case.id]], office.advisers.policy)
    others = [candidate for candidate in found if candidate.case != case.id]
    return suggestions(seen[case.id], others, office.advisers.policy, MOST)


async def put_aside(office: Office, case: CaseId, other: CaseId, until: datetime | None, by: str) -> None:
    """Two cases are not the same incident, or not to be looked at before ``until``; said by a client."""
    async with office.store.unit(lock=(case, other)) as unit:
        await unit.duplicates.put_aside(case, other, until, by)
