"""Tasks: a department's work list, and its three verbs."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from api.auth import Caller
from api.deps import Deps, answer, caller, deps, json_body
from api.routes.cases import ACTION_BODY, TASK_VERBS, carry_out, case_scope
from api.routes.paging import read, written
from api.schemas import ActionDone, TaskPage, problems
from domain.commands import Verb
from domain.errors import NotFound, Refused
from domain.ids import TaskId
from store.views import MAX_PAGE

router = APIRouter(prefix="/v1/tasks", tags=["tasks"])

_REFUSALS = problems(400, 403, 404, 409, 422, 428, 503)


@router.get("", response_model=TaskPage)
async def listing(
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> Response:
    """The caller's open tasks, the oldest first, each with its case."""
    page = await tools.views.tasks(who.actor.unit or "", read(cursor), limit)
    lines = [(next(task for task in case.tasks if task.id == id_), case) for id_, case in page]
    more = written((lines[-1][0].offered_at, lines[-1][0].id)) if len(lines) == limit else None
    items = [{"task": tools.present.task(task), "case": tools.present.case(case)} for task, case in lines]
    return answer({"items": items, "next": more})


@router.post("/{task_id}/actions/{verb}", response_model=ActionDone, responses=_REFUSALS, openapi_extra=ACTION_BODY)
async def act(
    task_id: UUID,
    verb: Verb,
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    match: Annotated[str | None, Header(alias="If-Match")] = None,
    key: Annotated[str | None, Header(alias="Idempotency-Key")] = None,
) -> Response:
    """Accept, send back or finish a task. If-Match carries the case's version."""
    if verb not in TASK_VERBS:
        raise Refused("verb-not-allowed", "任务不支持此操作", f"{verb} is a verb of the case")
    case = await tools.views.case_of_task(task_id, case_scope(who))
    if case is None:
        raise NotFound("task")
    return await carry_out(tools, who, case, verb, TaskId(task_id), match, key, await json_body(request))
