"""Cases: lists for desks and dashboards, one case whole, its history, why it is as it is, and every verb on it."""

import re
from dataclasses import replace
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from api.auth import Caller
from api.deps import Deps, answer, caller, deps, json_body
from api.present import rows
from api.routes.paging import read, written
from api.routes.reports import idempotency_key
from api.schemas import (
    ActionDone,
    ActionIn,
    ActionsOut,
    CasePage,
    CaseWithReports,
    Explanation,
    StepOut,
    json_of,
    problems,
)
from domain.case import Case, State, Verdict
from domain.catalogue import Category, Condition
from domain.commands import Command, Verb
from domain.errors import Fault, Invalid, NotFound, Refused
from domain.ids import CaseNo, TaskId
from domain.lifecycle import allowed
from domain.place import Place
from domain.report import clean_text
from domain.task import Task
from handlers.outcomes import AlreadyDone
from handlers.perform import Request as Asked
from store.views import MAX_PAGE, Filter, Scope

router = APIRouter(prefix="/v1/cases", tags=["cases"])

_MISSING = problems(404)
_ACTION_REFUSALS = problems(400, 403, 404, 409, 422, 428, 503)
ACTION_BODY = json_of(ActionIn)
_ETAG = re.compile(r'(?:W/)?"(\d{1,9})"')


@router.get("", response_model=CasePage, responses=problems(400, 422))
async def listing(
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    area: str | None = None,
    unit: str | None = None,
    category: str | None = None,
    state: State | None = None,
    overdue: bool | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> Response:
    """Cases, newest first, narrowed by area code, lead unit, category code, state, overdue; pages by ``cursor``."""
    narrowed = Filter(
        area=area_key(tools, area),
        unit=known_unit(tools, unit),
        category=tools.office.advisers.catalogue.find(category).key if category else None,
        state=state,
        overdue=overdue,
        before=read(cursor),
        limit=limit,
    )
    page = await tools.views.cases(narrowed, case_scope(who))
    more = written((page[-1].opened_at, page[-1].id)) if len(page) == limit else None
    return answer({"items": [tools.present.case(case) for case in page], "next": more})


@router.get("/{no}", response_model=CaseWithReports, responses=_MISSING)
async def whole(no: str, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]) -> Response:
    """One case with the reports behind it. The ETag is its version: send it back in If-Match with a verb."""
    view = await tools.views.case(_number(no), case_scope(who))
    if view is None:
        raise NotFound("case")
    body = {**tools.present.case(view.case), "reports": rows(view.reports)}
    return answer(body, headers={"ETag": f'"{view.case.version}"'})


@router.get("/{no}/history", response_model=list[StepOut], responses=_MISSING)
async def history(no: str, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]) -> Response:
    """Every step of the case, who took it, when and why."""
    case = await _case(tools, no, who)
    return answer([tools.present.step(event) for event in await tools.views.history(case.id)])


@router.get("/{no}/explain", response_model=Explanation, responses=_MISSING)
async def explain(no: str, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]) -> Response:
    """Why this category, this place, this unit and this deadline."""
    return answer(tools.present.explanation(await _case(tools, no, who)))


@router.get("/{no}/actions", response_model=ActionsOut, responses=_MISSING)
async def actions(no: str, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]) -> Response:
    """What the caller may do on the case now."""
    case = await _case(tools, no, who)
    verbs = allowed(case, who.actor)
    tasks = {str(task.id): [v for v in verbs if v in TASK_VERBS] for task in case.tasks if _mine(task, who)}
    body = {"version": case.version, "verbs": [v for v in verbs if v not in TASK_VERBS], "tasks": tasks}
    return answer(body, headers={"ETag": f'"{case.version}"'})


@router.post("/{no}/actions/{verb}", response_model=ActionDone, responses=_ACTION_REFUSALS, openapi_extra=ACTION_BODY)
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
    case = await _case(tools, no, who)
    return await carry_out(tools, who, case, verb, None, match, key, await json_body(request))


TASK_VERBS = frozenset({Verb.ACCEPT, Verb.SEND_BACK, Verb.FINISH})


async def carry_out(
    tools: Deps,
    who: Caller,
    case: Case,
    verb: Verb,
    task: TaskId | None,
    match: str | None,
    key: str | None,
    body: bytes,
) -> Response:
    """The common end of both action routes: understand the body, ask the office, answer with the new version."""
    sent = ActionIn.model_validate_json(body)
    command = Command(
        verb=verb,
        actor=who.actor,
        case=case.id,
        expected=_version(match),
        task=task or _own_task(case, verb, who),
        reason=clean_text(sent.reason, "/reason"),
        note=clean_text(sent.note, "/note"),
    )
    command = _completed(tools, case, command, sent)
    fingerprint = sha256(f"{case.id} {verb} {task} ".encode() + sent.model_dump_json().encode()).digest()
    asked = Asked(command, idempotency_key(key) if key else None, fingerprint)
    outcome = await tools.actions.submit(asked)
    headers = {"ETag": f'"{outcome.version}"'}
    if isinstance(outcome, AlreadyDone):
        headers["Idempotent-Replayed"] = "true"
    return answer({"no": case.no, "version": outcome.version}, headers=headers)


def _completed(tools: Deps, case: Case, command: Command, sent: ActionIn) -> Command:
    """The command with what this verb needs beyond reason and note. Raises ``Invalid`` for unknown codes."""
    office = tools.office
    if command.verb is Verb.FILE:
        category = office.advisers.catalogue.find(sent.category) if sent.category else case.category
        return replace(
            command,
            category=category,
            condition=_condition(tools, case, category, sent),
            place=_place(tools, case, sent.area),
        )
    if command.verb is Verb.DISPATCH and sent.unit:
        _check_units(tools, (sent.unit, *sent.assist))
        verdict = Verdict(sent.unit, tuple(sent.assist), "by hand", "", sent.reason or "chosen by the dispatcher")
        tasks = tuple(TaskId(office.new_id()) for _ in (sent.unit, *sent.assist))
        return replace(command, verdict=verdict, new_tasks=tasks)
    if command.verb is Verb.FAIL:
        return replace(command, new_tasks=(TaskId(office.new_id()),))
    return command


def _condition(tools: Deps, case: Case, category: Category | None, sent: ActionIn) -> Condition | None:
    """The condition named; else the one heard at intake, if the category stays; else the first of the category."""
    if category is None or (sent.condition is None and category == case.category and case.condition is not None):
        return case.condition
    return tools.office.advisers.catalogue.condition(category, sent.condition)


def _place(tools: Deps, case: Case, area: str | None) -> Place:
    if area is None:
        return case.place
    path = tuple(area_key(tools, area, "/area").rstrip("/").split("/"))  # type: ignore[union-attr]
    return Place(path=path, grid=path[-1] if len(path[-1]) == 15 else None)


def _check_units(tools: Deps, units: tuple[str, ...]) -> None:
    unknown = [n for n, unit in enumerate(units) if unit not in tools.present.units]
    if unknown or len(set(units)) < len(units):
        pointers = ["/unit" if n == 0 else f"/assist/{n - 1}" for n in unknown] or ["/assist"]
        faults = tuple(Fault(pointer, "unit-unknown") for pointer in pointers)
        raise Invalid("unit-unknown", "单位不存在或重复", "use unit codes of the city pack, each once", faults)


def area_key(tools: Deps, code: str | None, pointer: str = "/area") -> str | None:
    """The area key of a code. Raises ``Invalid`` for a code the atlas does not know."""
    if code is None:
        return None
    if code not in tools.area_keys:
        raise Invalid("area-unknown", "区域代码不存在", faults=(Fault(pointer, "area-unknown"),))
    return tools.area_keys[code]


def known_unit(tools: Deps, unit: str | None) -> str | None:
    """A unit code to filter by. Raises ``Invalid`` for one the city pack does not know."""
    if unit is not None and unit not in tools.present.units:
        raise Invalid("unit-unknown", "单位不存在", faults=(Fault("/unit", "unit-unknown"),))
    return unit


def case_scope(who: Caller) -> Scope:
    """The caller's scope over cases; own reports are the business of the report routes."""
    return replace(who.scope, origin=None)


def _version(match: str | None) -> int:
    if match is None:
        raise Refused("precondition-required", "缺少 If-Match", "send If-Match with the version you looked at")
    found = _ETAG.fullmatch(match.strip())
    if found is None:
        raise Refused("precondition-required", "If-Match 格式有误", 'If-Match holds one quoted version, like "3"')
    return int(found[1])


def _own_task(case: Case, verb: Verb, who: Caller) -> TaskId | None:
    """The task a unit means when it names only the case: its own open one."""
    if verb not in TASK_VERBS:
        return None
    return next((task.id for task in case.tasks if _mine(task, who)), None)


def _mine(task: Task, who: Caller) -> bool:
    return task.open and task.unit == who.actor.unit


async def _case(tools: Deps, no: str, who: Caller) -> Case:
    view = await tools.views.case(_number(no), case_scope(who))
    if view is None:
        raise NotFound("case")
    return view.case


def _number(no: str) -> str:
    return str(CaseNo.parse(no))
