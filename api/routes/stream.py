"""The live stream: what happens to cases, as server-sent events, with resume after a lost line."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.responses import StreamingResponse

from api.auth import Caller
from api.deps import Deps, caller, deps
from api.filters import by_area, by_category, by_unit
from api.live import Wish, parsed_position
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
        area=by_area(tools, area),
        unit=by_unit(tools, unit),
        category=by_category(tools, category),
        state=state,
        type=type,
    )
    frames = await tools.hub.subscribe(who.scope, wish, parsed_position(last) if last else None)
    return StreamingResponse(frames, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
