"""A case by the number people read out, for a caller who may see it."""

from api.auth import Caller
from api.deps import Deps
from domain.case import Case
from domain.errors import NotFound
from domain.ids import CaseNo


async def seen_case(tools: Deps, who: Caller, no: str) -> Case:
    """The case. Raises ``Invalid`` for a number that cannot be one, ``NotFound`` for one that is not the caller's."""
    case = await tools.views.case(str(CaseNo.parse(no)), who.scope)
    if case is None:
        raise NotFound("case")
    return case
