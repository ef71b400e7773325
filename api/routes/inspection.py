"""Inspectors on duty, and the draw of closed cases for 抽查."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.auth import Caller
from api.body import json_body
from api.deps import Deps, answer, caller, deps
from api.schemas import Drawn, PresenceIn, SpotCheckIn, json_of, problems
from domain.errors import Fault, Invalid
from domain.report import clean_code
from handlers.inspect import go_off_duty, go_on_duty
from handlers.outcomes import Failed
from handlers.spot_check import Draw, draw

router = APIRouter(prefix="/v1", tags=["inspection"])

_YEARS = range(2000, 9999)  # at the ends of time an offset leads out of it
_REFUSALS = problems(400, 413, 415, 422, 503)


@router.put("/presence", status_code=204, responses=_REFUSALS, openapi_extra=json_of(PresenceIn))
async def on_duty(
    request: Request, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]
) -> Response:
    """On duty, here. Phones send it now and then: whoever is nearest gets 核实 and 核查."""
    sent = (await json_body(request, PresenceIn)).position
    point = sent.point("/position") if sent else None
    await go_on_duty(tools.office, who.actor.id, point)
    return Response(status_code=204)


@router.delete("/presence", status_code=204, responses=problems(503))
async def off_duty(who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]) -> Response:
    """Off duty: nothing new is sent to this inspector; what is open stays on the list."""
    await go_off_duty(tools.office, who.actor.id)
    return Response(status_code=204)


@router.post("/spot-checks", response_model=Drawn, responses=_REFUSALS, openapi_extra=json_of(SpotCheckIn))
async def spot_checks(
    request: Request, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]
) -> Response:
    """Draw closed cases at random, a quota for each lead unit, and send an inspector to each.

    The same seed over the same record draws the same cases, so that anybody can check the draw.
    """
    sent = await json_body(request, SpotCheckIn)
    for name, moment in (("since", sent.since), ("until", sent.until)):
        if moment.year not in _YEARS:
            fault = Fault(f"/{name}", "timestamp-out-of-range")
            raise Invalid("timestamp-out-of-range", "时间超出范围", faults=(fault,))
    if sent.since >= sent.until:
        fault = Fault("/until", "interval-empty")
        raise Invalid("interval-empty", "时间段为空", "since lies before until", (fault,))
    asked = Draw(clean_code(sent.seed, "/seed"), sent.quota, sent.since, sent.until)
    drawn = await draw(tools.office, asked, who.actor)
    cases = [
        {"no": no, "unit": unit, "inspector": inspector, "problem": _problem(outcome)}
        for no, unit, inspector, outcome in drawn
    ]
    return answer({"seed": asked.seed, "cases": cases})


def _problem(outcome: object) -> str | None:
    return getattr(outcome.error, "code", "unexpected") if isinstance(outcome, Failed) else None
