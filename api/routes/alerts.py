"""What the public is warned of, as CAP 1.2 and as lines for dashboards, and the joint command record behind it."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.alert_schemas import AlertList, CommandRecord
from api.auth import Caller
from api.command_record import command_record
from api.deps import Deps, answer, caller, deps
from api.schemas import problems
from api.seeing import seen_case
from domain.bulletin import Bulletin
from domain.errors import NotFound
from domain.ids import CaseNo

router = APIRouter(prefix="/v1", tags=["alerts"])

CAP_TYPE = "application/cap+xml"

_MISSING = problems(404)


class CapResponse(Response):
    """One message as CAP 1.2."""

    media_type = CAP_TYPE


@router.get("/alerts", response_model=AlertList)
async def standing(_who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]) -> Response:
    """What is warned of now, the newest first: the last message of every open case that has one standing."""
    desk = tools.alerts
    return answer({"items": desk.lines(await desk.book.standing())})


@router.get("/alerts/{no}", response_class=CapResponse, responses=_MISSING)
async def message(no: str, _who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]) -> Response:
    """A message as CAP 1.2: by its identifier that one, as it was sent; by a case's number the case's last one."""
    case, _, version = no.partition(".")
    messages = await _messages(tools, case)
    found = [each for each in messages if each.identifier == no.strip().upper()] if version else messages[-1:]
    if not found:
        raise NotFound("alert")
    return CapResponse(tools.alerts.render(found[0]), headers={"ETag": f'"{found[0].identifier}"'})


@router.get("/cases/{no}/alerts", response_model=AlertList, responses=_MISSING)
async def of_case(no: str, _who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]) -> Response:
    """Every message of a case, the first first."""
    return answer({"items": tools.alerts.lines(await _messages(tools, no))})


@router.get("/cases/{no}/command", response_model=CommandRecord, responses=_MISSING)
async def command(no: str, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]) -> Response:
    """The joint command record of a case under a plan: who was called, who answered when, who still owes an answer."""
    case = await seen_case(tools, who, no)
    history = await tools.views.history(case.id)
    record = command_record(case, history, datetime.now(UTC), tools.present.units)
    if record is None:
        raise NotFound("plan")
    return answer(record)


async def _messages(tools: Deps, no: str) -> list[Bulletin]:
    messages = await tools.alerts.book.of_case(str(CaseNo.parse(no)))
    if not messages:
        raise NotFound("alert")
    return messages
