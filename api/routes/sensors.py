"""What readings came to: incidents of sensors with their witnesses, a device's alarms, and its chart."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from api.auth import Caller
from api.chart import Shade, chart
from api.deps import Deps, answer, caller, deps
from api.moments import Asked
from api.parameters import AsWritten, Limit
from api.routes.devices import asked_span, seen_device
from api.routes.paging import read, written
from api.schemas import problems
from api.sensor_schemas import AlarmList, IncidentPage, alarm_shown, incident_shown
from store.views import Span

router = APIRouter(prefix="/v1", tags=["sensors"])

_POINTS = 400


@router.get("/sensor-incidents", response_model=IncidentPage, responses=problems(400))
async def incidents(
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    standing: Annotated[bool | None, Query(description="only those that last, or only those that are over")] = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Response:
    """Incidents of sensors, the latest first. Who has areas, or is a unit, sees those with a device of its own."""
    page = await tools.views.sensors.incidents(standing, read(cursor), limit, who.scope)
    more = written((page[-1].opened_at, page[-1].id)) if len(page) == limit else None
    return answer({"items": [incident_shown(one) for one in page], "next": more})


@router.get("/sensor-incidents/{incident}/witnesses", response_model=AlarmList)
async def witnesses(
    incident: UUID, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]
) -> Response:
    """The alarms an incident is made of, in the order they were raised; at most 5,000."""
    found = await tools.views.sensors.witnesses(incident, who.scope)
    return answer({"items": [alarm_shown(one) for one in found]})


@router.get("/devices/{device_id}/alarms", response_model=AlarmList, responses=problems(404))
async def alarms(
    device_id: str,
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    since: Annotated[Asked | None, Query(alias="from", description="a day before the end if left out")] = None,
    until: Annotated[Asked | None, Query(alias="to", description="now if left out")] = None,
) -> Response:
    """The alarms of a device that stood at some moment of a time, in the order they began."""
    device = await seen_device(tools, who, device_id)
    found = await tools.views.sensors.alarms(device.id, asked_span(since, until))
    return answer({"items": [alarm_shown(one) for one in found]})


@router.get(
    "/devices/{device_id}/chart",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {}}}, **problems(404)},
)
async def picture(
    device_id: str,
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    since: Annotated[Asked | None, Query(alias="from", description="a day before the end if left out")] = None,
    until: Annotated[Asked | None, Query(alias="to", description="now if left out")] = None,
    points: Annotated[int, AsWritten, Query(ge=1, le=2000, description="columns at most")] = _POINTS,
) -> Response:
    """The readings of a device as a picture (SVG), in local time, with its alarms as shaded times."""
    device = await seen_device(tools, who, device_id)
    span = asked_span(since, until)
    width = max(timedelta(milliseconds=1), -(-(span.until - span.since) // points))
    buckets = await tools.views.devices.chart(device, span, width)
    found = await tools.views.sensors.alarms(device.id, span)
    kind = tools.kinds.get(device.kind)
    zone = tools.office.advisers.policy.calendar.zone

    def local(moment: datetime) -> datetime:
        return moment.astimezone(zone)

    drawn = chart(
        device.name or device.id,
        kind.measure if kind else "",
        Span(local(span.since), local(span.until)),
        buckets,
        [Shade(one.since, one.cleared_at, one.level, one.reason) for one in found],
    )
    return Response(drawn, media_type="image/svg+xml")
