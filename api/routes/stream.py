"""The live stream: what happens to cases, as server-sent events, with resume after a lost line."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.responses import StreamingResponse

from api.auth import Caller
from api.deps import Deps, caller, deps
from api.live import Wish, parsed_position
from api.routes.cases import area_key, case_scope, known_unit
from api.schemas import problems
from domain.case import State

router = APIRouter(prefix="/v1/stream", tags=["stream"])


@router.get(
    "",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}, **problems(400, 422, 429)},
)
async def stream(
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    area: str | None = None,
    unit: str | None = None,
    category: str | None = None,
    state: State | None = None,
    type: str | None = None,  # noqa: A002  (the filter is called what the event calls it)
    last: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
) -> StreamingResponse:
    """Case events from now on, or from after ``Last-Event-ID``; filters narrow them. A client too slow is cut off."""
    wish = Wish(
        area=area_key(tools, area),
        unit=known_unit(tools, unit),
        category=tools.office.advisers.catalogue.find(category).key if category else None,
        state=state,
        type=type,
    )
    frames = await tools.hub.subscribe(case_scope(who), wish, parsed_position(last) if last else None)
    return StreamingResponse(frames, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
