"""Devices (感知设备): registered, looked up, listed with those nobody registered; and charts of what they measured."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from api.auth import Caller
from api.body import json_body
from api.deps import Deps, answer, caller, deps
from api.device_schemas import (
    ChartOut,
    DeviceIn,
    DeviceOut,
    DevicePage,
    UnknownPage,
    bucket_shown,
    shown,
    unknown_shown,
)
from api.filters import by_area
from api.moments import Asked, possible
from api.parameters import AsWritten, Limit
from api.routes.paging import read_text, written_text
from api.schemas import json_of, problems
from domain.device import Device, is_device_id
from domain.errors import Invalid, NotFound, invalid
from handlers.devices import register
from store.views import DeviceFilter, Span

router = APIRouter(prefix="/v1/devices", tags=["devices"])

_DAY = timedelta(days=1)
_MOST_POINTS = 5000
Id = Annotated[str, Query(min_length=1, max_length=64, pattern=r"^[!-~]+$")]


@router.get("", response_model=DevicePage)
async def listing(
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    kind: Id | None = None,
    area: str | None = None,
    gateway: Id | None = None,
    network: Id | None = None,
    after: Annotated[Id | None, Query(description="the id the page before ended with")] = None,
    limit: Limit = 50,
) -> Response:
    """Devices in the order of their ids, narrowed by kind, area code, gateway and network. A unit sees its own."""
    narrowed = DeviceFilter(kind, by_area(tools, area), gateway, network, after, limit)
    page = await tools.views.devices.page(narrowed, who.scope)
    items = [shown(device, tools.present.names, tools.kinds) for device in page]
    return answer({"items": items, "next": page[-1].id if len(page) == limit else None})


@router.get("/unknown", response_model=UnknownPage, responses=problems(400))
async def unknown(
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    cursor: str | None = None,
    limit: Limit = 50,
) -> Response:
    """Devices that speak and are kept apart, the last heard first: not registered, or registered under another gateway.

    They are in nobody's area. Register them and they are heard from then on.
    """
    page = await tools.views.devices.unknown(_before(cursor), limit)
    more = written_text(page[-1].last_at.isoformat(), page[-1].id, page[-1].gateway) if len(page) == limit else None
    return answer({"items": [unknown_shown(one) for one in page], "next": more})


@router.get("/{device_id}", response_model=DeviceOut, responses=problems(404))
async def whole(
    device_id: str, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]
) -> Response:
    """One device as registered."""
    device = await seen_device(tools, who, device_id)
    return answer(shown(device, tools.present.names, tools.kinds))


@router.put(
    "/{device_id}",
    response_model=DeviceOut,
    responses={201: {"model": DeviceOut}, **problems(400, 404, 413, 415, 422, 503)},
    openapi_extra=json_of(DeviceIn),
)
async def put(
    device_id: str,
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
) -> Response:
    """Register a device (201), or say anew what is known of it (200). The same again changes nothing.

    The worker hears readings of it within half a minute. A client of some areas registers within them only.
    """
    sent = await json_body(request, DeviceIn)
    device, new = await register(tools.office, sent.device(device_id), who.scope.areas)
    return answer(shown(device, tools.present.names, tools.kinds), 201 if new else 200)


@router.get("/{device_id}/readings", response_model=ChartOut, responses=problems(404))
async def readings(
    device_id: str,
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    since: Annotated[Asked | None, Query(alias="from", description="a day before the end if left out")] = None,
    until: Annotated[Asked | None, Query(alias="to", description="now if left out")] = None,
    points: Annotated[int, AsWritten, Query(ge=1, le=_MOST_POINTS, description="buckets at most")] = 500,
) -> Response:
    """What a device measured, for a chart: least, greatest and mean value of each bucket of time, from ``from`` on.

    Readings out of range, doubtful in their time or of another gateway are counted as ``flagged`` and not drawn.
    """
    device = await seen_device(tools, who, device_id)
    span = asked_span(since, until)
    width = max(timedelta(milliseconds=1), -(-(span.until - span.since) // points))
    found = await tools.views.devices.chart(device, span, width)
    kind = tools.kinds.get(device.kind)
    return answer(
        {
            "device": device.id,
            "measure": kind.measure if kind else "",
            "since": span.since,
            "until": span.until,
            "width_s": width.total_seconds(),
            "points": [bucket_shown(bucket) for bucket in found],
        }
    )


async def seen_device(tools: Deps, who: Caller, wanted: str) -> Device:
    """A device the caller may see. Raises ``NotFound``."""
    device = await tools.views.devices.one(wanted, who.scope) if is_device_id(wanted) else None
    if device is None:
        raise NotFound("device")
    return device


def asked_span(since: datetime | None, until: datetime | None) -> Span:
    """The time asked for, by default the day up to now. Raises ``Invalid``."""
    end = possible(until, "to") if until else datetime.now(UTC)
    begin = possible(since, "from") if since else end - _DAY
    if begin >= end:
        raise invalid("/to", "interval-empty", "时间段为空", "from lies before to")
    return Span(begin, end)


def _before(cursor: str | None) -> tuple[datetime, str, str] | None:
    if cursor is None:
        return None
    wrong = Invalid("cursor-invalid", "分页位置有误", "send the 'next' of the page before, unchanged")
    parts = read_text(cursor)
    try:
        moment, device, gateway = parts
        at = datetime.fromisoformat(moment)
    except ValueError as error:
        raise wrong from error
    if at.tzinfo is None or not 2000 <= at.year < 9999:
        raise wrong
    return at, device, gateway
