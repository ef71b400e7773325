"""Cases that may be one incident: what the desk compares, and what it says of a pair. Merging is a verb of the case."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from api.auth import Caller
from api.body import json_body
from api.deps import Deps, answer, caller, deps
from api.duplicate_schemas import AsideIn, DuplicateFound, SuspectPage
from api.parameters import Limit
from api.routes.paging import read, written
from api.schemas import json_of, problems
from api.seeing import seen_case
from domain.duplicates import Match
from domain.errors import Invalid
from handlers.duplicates import alike, put_aside
from store.views import OtherCase

router = APIRouter(prefix="/v1", tags=["duplicates"])


@router.get("/cases/{no}/duplicates", response_model=list[DuplicateFound], responses=problems(404))
async def of_case(
    no: str,
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    aside: Annotated[bool, Query(description="also pairs that were put aside")] = False,
) -> Response:
    """The cases that may be of one incident with this one, by what is known now, the most alike first, with reasons."""
    case = await seen_case(tools, who, no)
    found = await alike(tools.office, case)
    known = await tools.views.duplicates.beside(case.id, [match.case for match in found], who.scope)
    beside = [(match, known[match.case]) for match in found if match.case in known]
    return answer([_found(match, other) for match, other in beside if aside or not other.aside])


@router.put(
    "/cases/{no}/duplicates/{other}",
    status_code=204,
    responses=problems(400, 404, 413, 415, 422, 503),
    openapi_extra=json_of(AsideIn),
)
async def aside(
    no: str,
    other: str,
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
) -> Response:
    """Not the same: the pair is not shown again, or not for some days. Either number may come first."""
    said = await json_body(request, AsideIn)
    case, beside = await seen_case(tools, who, no), await seen_case(tools, who, other)
    if case.id == beside.id:
        raise Invalid("other-case-required", "缺少另一案件", "name two different cases")
    until = datetime.now(UTC) + timedelta(days=said.days) if said.days else None
    await put_aside(tools.office, case.id, beside.id, until, who.actor.id)
    return Response(status_code=204)


@router.get("/duplicates", response_model=SuspectPage, responses=problems(400))
async def waiting(
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    cursor: str | None = None,
    limit: Limit = 50,
) -> Response:
    """Open cases that looked like another when they came, newest first, until somebody merges or puts them aside."""
    page = await tools.views.duplicates.waiting(who.scope, read(cursor), limit)
    more = written((page[-1].found_at, page[-1].case)) if len(page) == limit else None
    items = [{"no": one.no, "found_at": one.found_at, "others": one.others} for one in page]
    return answer({"items": items, "next": more})


def _found(match: Match, other: OtherCase) -> dict[str, Any]:
    return {
        "no": other.no,
        "state": other.state,
        "kind": match.kind,
        "score": match.score,
        "grounds": match.grounds,
        "opened_at": other.opened_at,
        "ended_at": other.ended_at,
        "aside": other.aside,
        "aside_until": other.aside_until,
    }
