"""Tasks: the work list of a department or an inspector, and what they do with it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response

from api.auth import Caller
from api.case_schemas import ActionDone, TaskPage
from api.deps import Deps, answer, caller, deps
from api.parameters import Limit
from api.routes.cases import ACTION_BODY, ACTION_REFUSALS, carry_out
from api.routes.paging import read, written
from api.schemas import problems
from domain.actor import Role
from domain.checks import ON_TASK
from domain.commands import Verb
from domain.errors import NotFound, Refused
from domain.ids import TaskId

router = APIRouter(prefix="/v1/tasks", tags=["tasks"])


@router.get("", response_model=TaskPage, responses=problems(400))
async def listing(
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    cursor: str | None = None,
    limit: Limit = 50,
) -> Response:
    """The caller's open tasks, the oldest first, each with its case."""
    of = tools.views.tasks_of_worker if who.actor.role is Role.INSPECTOR else tools.views.tasks
    page = await of(who.actor.unit or who.actor.id, read(cursor), limit)
    lines = [(next(task for task in case.tasks if task.id == id_), case) for id_, case in page]
    more = written((lines[-1][0].offered_at, lines[-1][0].id)) if len(lines) == limit else None
    items = [{"task": tools.present.task(task), "case": tools.present.case(case)} for task, case in lines]
    return answer({"items": items, "next": more})


@router.post(
    "/{task_id}/actions/{verb}", response_model=ActionDone, responses=ACTION_REFUSALS, openapi_extra=ACTION_BODY
)
async def act(
    task_id: UUID,
    verb: Verb,
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    match: Annotated[str | None, Header(alias="If-Match")] = None,
    key: Annotated[str | None, Header(alias="Idempotency-Key")] = None,
) -> Response:
    """A department's or an inspector's verb on a task of its own. If-Match carries the case's version."""
    if verb not in ON_TASK:
        raise Refused("verb-not-allowed", "任务不支持此操作", f"{verb} is a verb of the case")
    case = await tools.views.case_of_task(task_id, who.scope)
    if case is None:
        raise NotFound("task")
    return await carry_out(tools, who, case, verb, TaskId(task_id), match, key, request)
