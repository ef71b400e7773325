"""How well cases are dispatched the first time (首次派单准确率), and what causes the most trouble."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from api.auth import Caller
from api.deps import Deps, answer, caller, deps
from api.moments import Asked, possible
from api.parameters import Limit
from api.quality_schemas import QualityOut
from api.schemas import problems
from dispatch.drift import drifting
from domain.accuracy import Tally
from domain.errors import Invalid
from domain.place import Level
from store.views import JUDGED, By

router = APIRouter(prefix="/v1", tags=["quality"])

_LOOK_BACK = timedelta(days=30)
_LABELS: Mapping[str, str] = {
    "@plan": "启动预案",
    "@territory": "属地兜底或按层级",
    "by hand": "人工派单",
    "recommended": "按历史推荐",
}


@router.get("/dispatch/quality", response_model=QualityOut, responses=problems(400))
async def quality(
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    by: Annotated[By, Query(description="what first dispatches are counted by")] = "rule",
    since: Annotated[Asked | None, Query(description="30 days ago if left out")] = None,
    level: Annotated[Level, Query(description="of areas")] = Level.STREET,
    limit: Limit = 50,
) -> Response:
    """First dispatches since a time and how many came back, ranked by that; with the drift alarms of rules or units."""
    begin = possible(since, "since") if since else datetime.now(UTC) - _LOOK_BACK
    found = await tools.views.quality.tally(by, begin, who.scope, limit, tools.areas_at[level])
    alarms = drifting(await tools.views.quality.weeks(by, who.scope)) if by in JUDGED else []
    return answer(
        {
            "by": by,
            "since": begin,
            "total": _tally(found.total),
            "names": found.names,
            "items": [
                {
                    **_tally(one.tally),
                    "name": one.name,
                    "label": _label(tools, by, one.name),
                    "hours_lost": round(one.seconds_lost / 3600, 2),
                }
                for one in found.ranked
            ],
            "drift": [
                {
                    "name": one.name,
                    "label": _label(tools, by, one.name),
                    "week": _tally(one.week),
                    "past": _tally(one.past),
                    "chance": one.chance,
                }
                for one in alarms
            ],
        }
    )


def _tally(tally: Tally) -> dict[str, Any]:
    return {"dispatched": tally.dispatched, "sent_back": tally.sent_back, "accuracy": round(tally.accuracy, 4)}


def _label(tools: Deps, by: By, name: str) -> str:
    """What people call it; the name itself where there is no other."""
    if by == "rule":
        return _LABELS.get(name, name)
    if by == "unit":
        return tools.present.units.get(name, name)
    if by == "area":
        return tools.present.names.areas.get(name, name)
    try:
        return tools.office.advisers.catalogue.find(name).name
    except Invalid:  # of a catalogue that is no longer in use
        return name
