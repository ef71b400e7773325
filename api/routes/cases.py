"""Cases: lists for desks and dashboards, one case whole, its history, why it is as it is, and every verb on it."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response

from api.actions import asked, mine
from api.attachment_schemas import shown
from api.auth import Caller
from api.body import json_body
from api.case_schemas import ActionDone, ActionsOut, CasePage, CaseWithReports, Explanation, ReportPage, StepOut
from api.deps import Deps, answer, caller, deps
from api.filters import by_area, by_category, by_unit
from api.parameters import Limit
from api.present import rows
from api.routes.paging import read, written
from api.routes.preconditions import changed, expected_version
from api.routes.reports import idempotency_key
from api.schemas import ActionIn, json_of, problems
from api.seeing import seen_case
from domain.actor import Role
from domain.case import Case, State
from domain.checks import ON_TASK
from domain.commands import Verb
from domain.errors import Refused
from domain.ids import TaskId
from domain.lifecycle import PAIRED, TASK_VERBS, allowed
from store.views import Filter

router = APIRouter(prefix="/v1/cases", tags=["cases"])

_MISSING = problems(404)
# the report that opened a case stands first, whatever came at the same moment: all others come after it
_BEGIN = (datetime(2000, 1, 1, tzinfo=UTC), UUID(int=0))
ACTION_REFUSALS = problems(400, 403, 404, 409, 413, 415, 422, 428, 503)
ACTION_BODY = json_of(ActionIn)


@router.get("", response_model=CasePage, responses=problems(400, 422))
async def listing(
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    area: str | None = None,
    unit: str | None = None,
    category: str | None = None,
    state: State | None = None,
    overdue: bool | None = None,
    petitioned: bool | None = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Response:
    """Cases, newest first, narrowed by area code, lead unit, category code, state and overdue; pages by ``cursor``.

    ``petitioned`` are those on which somebody has asked for something (延期, 挂账, 退回, 作废, 申诉) and waits.
    """
    narrowed = Filter(
        area=by_area(tools, area),
        unit=by_unit(tools, unit),
        category=by_category(tools, category),
        state=state,
        overdue=overdue,
        petitioned=petitioned,
        before=read(cursor),
        limit=limit,
    )
    page = await tools.views.cases(narrowed, who.scope)
    more = written((page[-1].opened_at, page[-1].id)) if len(page) == limit else None
    return answer({"items": [tools.present.case(case) for case in page], "next": more})


@router.get("/{no}", response_model=CaseWithReports, responses=_MISSING)
async def whole(no: str, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]) -> Response:
    """One case with the reports behind it. The ETag is its version: send it back in If-Match with a verb."""
    case = await seen_case(tools, who, no)
    behind = await tools.views.behind(case)
    partners = {"merged_into_no": behind.merged_into_no, "absorbed": behind.absorbed}
    attachments = [shown(each) for each in await tools.views.attachments.of_case(case.id)]
    body = {**tools.present.case(case), "reports": rows(behind.reports), **partners, "attachments": attachments}
    return answer(body, headers={"ETag": f'"{case.version}"'})


@router.get("/{no}/reports", response_model=ReportPage, responses=problems(400, 404, 422))
async def reports(
    no: str,
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    cursor: str | None = None,
    limit: Limit = 50,
) -> Response:
    """The reports behind the case, also those taken back, the one that opened it first; pages by ``cursor``."""
    before = read(cursor)
    case = await seen_case(tools, who, no)
    page = await tools.views.reports_behind(case, before, limit)
    last = page[-1] if len(page) == limit else None
    more = written(_BEGIN if last["opened"] else (last["linked_at"], last["id"])) if last else None
    return answer({"items": rows(page), "next": more})


@router.get("/{no}/history", response_model=list[StepOut], responses=_MISSING)
async def history(no: str, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]) -> Response:
    """Every step of the case, who took it, when and why."""
    case = await seen_case(tools, who, no)
    return answer([tools.present.step(event) for event in await tools.views.history(case.id)])


@router.get("/{no}/explain", response_model=Explanation, responses=_MISSING)
async def explain(no: str, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]) -> Response:
    """Why this category, this place, this unit and this deadline."""
    return answer(tools.present.explanation(await seen_case(tools, who, no)))


@router.get("/{no}/actions", response_model=ActionsOut, responses=_MISSING)
async def actions(no: str, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]) -> Response:
    """What the caller may do on the case now."""
    case = await seen_case(tools, who, no)
    verbs = allowed(case, who.actor, tools.office.advisers.policy, datetime.now(UTC))
    of_task = ON_TASK if who.actor.role is Role.INSPECTOR else TASK_VERBS
    tasks = {str(task.id): [v for v in verbs if v in of_task] for task in case.tasks if mine(task, who)}
    body = {"version": case.version, "verbs": [v for v in verbs if v not in of_task], "tasks": tasks}
    return answer(body, headers={"ETag": f'"{case.version}"'})


@router.post("/{no}/actions/{verb}", response_model=ActionDone, responses=ACTION_REFUSALS, openapi_extra=ACTION_BODY)
async def act(
    no: str,
    verb: Verb,
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    match: Annotated[str | None, Header(alias="If-Match")] = None,
    key: Annotated[str | None, Header(alias="Idempotency-Key")] = None,
) -> Response:
    """Use a verb on the case. If-Match carries the version you looked at; 409 tells the current one."""
    return await carry_out(tools, who, await seen_case(tools, who, no), verb, None, match, key, request)


async def carry_out(
    tools: Deps,
    who: Caller,
    case: Case,
    verb: Verb,
    task: TaskId | None,
    match: str | None,
    key: str | None,
    request: Request,
) -> Response:
    """The common end of both action routes: understand the body, ask the office, answer with the new version."""
    if verb in PAIRED:
        raise Refused("verb-not-allowed", "当前状态不允许此操作", "merge and split do it for both cases")
    checked = idempotency_key(key) if key else None
    sent = await json_body(request, ActionIn)
    outcome = await tools.actions.submit(
        await asked(tools, who, case, verb, task, expected_version(match), checked, sent)
    )
    return changed(outcome, {"no": case.no})
