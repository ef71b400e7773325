"""Duty (值班): who is there, who is away, what units have to do, and the list one shift leaves to the next."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from api.auth import Caller
from api.body import json_body
from api.deps import Deps, answer, caller, deps
from api.duty_present import DutyPresenter
from api.duty_schemas import AbsenceIn, DutyOut, HandOverOut, LoadOut
from api.moments import Asked, possible
from api.schemas import json_of, problems
from dispatch.handover import left_over
from domain.absence import Absence
from domain.errors import NotFound, invalid
from handlers.duty import come_back, go_away

router = APIRouter(prefix="/v1", tags=["duty"])

_LONGEST = 500  # tasks on a hand-over list
_NOTES = 1000
_NO_SHIFT = timedelta(hours=12)  # so far a hand-over list looks back and ahead where a unit has no shifts

At = Annotated[Asked | None, Query(description="now if left out")]


@router.get("/duty", response_model=DutyOut, responses=problems(400, 404))
async def on_duty(
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    at: At = None,
    unit: str | None = None,
) -> Response:
    """Who is on duty at a moment, with deputies for those who are away; a unit sees its own people."""
    moment = _moment(at)
    wanted = _unit(tools, who, unit) if unit or who.actor.unit else None
    duty = tools.office.advisers.duty
    absences = [one for one in await tools.views.duty.absences() if one.person in duty.people]
    state = duty.at(moment, absences)
    shown = _presenter(tools)
    away = (one for one in absences if one.holds(moment))
    return answer(
        {
            "at": moment,
            "watches": [shown.watch(w) for w in state.watches if wanted in (None, duty.unit_of(w.shift.of))],
            "off": sorted(of for of in state.off if wanted in (None, duty.unit_of(of))),
            "absent": [shown.absence(one) for one in away if wanted in (None, duty.people[one.person].unit)],
        }
    )


@router.put(
    "/duty/{person}",
    status_code=204,
    responses=problems(400, 404, 413, 415, 422, 503),
    openapi_extra=json_of(AbsenceIn),
)
async def absent(
    person: str, request: Request, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]
) -> Response:
    """Somebody is away for a while (请假), and another stands in; it replaces what was said of them before."""
    sent = await json_body(request, AbsenceIn)
    await go_away(tools.office, Absence(person, sent.since, sent.until, sent.deputy or ""), who.actor)
    return Response(status_code=204)


@router.delete("/duty/{person}", status_code=204, responses=problems(404, 503))
async def back(person: str, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]) -> Response:
    """Somebody is back, or does not go away after all."""
    await come_back(tools.office, person, who.actor)
    return Response(status_code=204)


@router.get("/duty/handover", response_model=HandOverOut, responses=problems(400, 404))
async def hand_over(
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    unit: Annotated[str | None, Query(description="a unit's own if left out")] = None,
    at: At = None,
) -> Response:
    """What a shift leaves to the next (交接班清单): open tasks, the most pressing first, with what was said on them.

    Within an hour after its end a shift is still the one that leaves; before, the one that runs. The tasks are those
    open now.
    """
    moment, wanted = _moment(at), _unit(tools, who, unit)
    duty, shown = tools.office.advisers.duty, _presenter(tools)
    change = duty.hand_over(wanted, moment, await tools.views.duty.absences())
    since, until = (change.begins, change.ends) if change else (moment - _NO_SHIFT, moment)
    leaving, coming = (change.leaving, change.coming) if change else ((), ())
    soon = max((watch.ends for watch in coming), default=until + _NO_SHIFT)
    tasks, in_all = await tools.views.duty.left(wanted, who.scope, _LONGEST)
    items = left_over(tasks, since, soon)
    cases = list({left.case.id for left in items})
    notes = await tools.views.duty.notes(cases, since, moment, _NOTES) if cases else []
    return answer(
        {
            "unit": wanted,
            "unit_name": shown.unit(wanted),
            "since": since,
            "until": until,
            "soon": soon,
            "leaving": [shown.watch(watch) for watch in leaving],
            "coming": [shown.watch(watch) for watch in coming],
            "open": in_all,
            "overdue": sum(left.overdue for left in items),
            "due_soon": sum(left.due_soon for left in items),
            "fresh": sum(left.fresh for left in items),
            "petitions": sum(bool(left.asked) for left in items),
            "replies_owed": sum(bool(left.replies_owed) for left in items),
            "items": shown.left(items, notes),
        }
    )


@router.get("/units/{unit}/load", response_model=LoadOut, responses=problems(404))
async def load(unit: str, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]) -> Response:
    """What a unit has to do now: its open tasks by part, as far as the caller may see their cases."""
    wanted = _unit(tools, who, unit)
    parts = await tools.views.duty.load(wanted, who.scope)
    duty = tools.office.advisers.duty.at(datetime.now(UTC), await tools.views.duty.absences())
    return answer(
        {
            "unit": wanted,
            "unit_name": tools.present.units[wanted],
            "on_duty": duty.is_on(wanted),
            "open": sum(part.open for part in parts),
            "parts": parts,
        }
    )


def _moment(at: datetime | None) -> datetime:
    return possible(at, "at") if at else datetime.now(UTC)


def _unit(tools: Deps, who: Caller, unit: str | None) -> str:
    """The unit asked for: a caller that is one sees itself only. Raises ``NotFound``, ``Invalid``."""
    wanted = unit or who.actor.unit
    if wanted is None:
        raise invalid("/unit", "field-missing", "缺少必填字段", "name the unit")
    if wanted not in tools.present.units or (who.actor.unit and wanted != who.actor.unit):
        raise NotFound("unit")
    return wanted


def _presenter(tools: Deps) -> DutyPresenter:
    return DutyPresenter(tools.office.advisers.duty, tools.present.names)
