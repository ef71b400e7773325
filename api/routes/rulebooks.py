"""The rulebook (派单目录) as a document: drafts, their check, approval by another person, and a trial on history."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from api.auth import Caller
from api.body import json_body, json_bytes, parsed, whole
from api.deps import Deps, answer, caller, deps
from api.parameters import AsWritten, Limit
from api.routes.imports import KINDS
from api.routes.paging import read as cursor_read
from api.routes.paging import written
from api.rulebook_schemas import (
    NAME,
    CheckOut,
    DispatchQuestion,
    RulebookIn,
    RulebookOut,
    RulebookPage,
    SimulationOut,
    VerdictOut,
    shown,
    simulated,
)
from api.schemas import json_of, problems
from domain.catalogue import Kind
from domain.errors import Invalid, NotFound, invalid
from domain.jsontext import wrong
from domain.rule_table import MAX_TABLE, RulebookId, RuleRow, StoredRulebook
from domain.table_import import TableKind
from handlers.rulebooks import Draft, approve, checked, draft, retire, simulate

router = APIRouter(prefix="/v1", tags=["rulebooks"])

_JSON = "application/json"
_TABLES = [media for media, kind in KINDS.items() if kind is not TableKind.TICKETS]
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            **{media: {"schema": {"type": "string", "format": "binary"}} for media in _TABLES},
            **json_of(RulebookIn)["requestBody"]["content"],
        },
    }
}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {media: {} for media in _TABLES}, "description": "the table with Chinese headers"}
}
_MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_MAX_VALUES = 500_000

Form = Annotated[Literal["csv", "xlsx"], Query(description="what kind of file")]


@router.post(
    "/rulebooks",
    status_code=201,
    response_model=RulebookOut,
    responses=problems(400, 409, 413, 415, 422, 503),
    openapi_extra=_BODY,
)
async def create(
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    name: Annotated[str | None, Query(pattern=NAME, description="of a table: what the version is called")] = None,
    effective_from: Annotated[date | None, Query(description="of a table: its first day, local")] = None,
    note: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """Hand in a draft: a CSV or XLSX with the columns of `rules.csv`, Chinese or English, or the same as JSON.

    It is kept with whatever faults it has, which the check tells; rows under columns nobody knows are refused.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == _JSON:
        sent = await _drafted(request)
        rows = await asyncio.to_thread(tools.rulebooks.rules.rows, sent.rules)
        new = Draft(who.actor.id, sent.name, rows, sent.effective_from, sent.note)
    else:
        if name is None or effective_from is None:
            raise invalid(
                "/name" if name is None else "/effective_from", "field-missing", "缺少必填字段", "a table needs both"
            )
        rows = await _rows(request, tools)
        new = Draft(who.actor.id, name, rows, effective_from, note)
    book = await draft(tools.rulebooks, new)
    return answer(shown(book), 201, {"Location": f"/v1/rulebooks/{book.id}"})


@router.get("/rulebooks", response_model=RulebookPage, responses=problems(400))
async def listed(
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    limit: Limit = 50,
    cursor: str | None = None,
) -> Response:
    """All rulebooks beside the pack's, the newest first."""
    found = await tools.views.rulebooks.page(cursor_read(cursor), limit + 1)
    page = found[:limit]
    more = written((page[-1].created_at, page[-1].id)) if len(found) > limit else None
    running = tools.rulebooks.judging.engine.rulebook.version
    return answer({"in_force": running, "items": [shown(book) for book in page], "next": more})


@router.get("/dispatch/rules", response_class=Response, responses=_FILE)
async def in_force(
    who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)], form: Form = "csv"
) -> Response:
    """The rules in force as a table: where a new draft begins."""
    return await _table(tools, tools.rulebooks.judging.rows, form, "rules")


@router.post(
    "/dispatch:explain",
    response_model=VerdictOut,
    responses=problems(400, 413, 415, 422),
    openapi_extra=json_of(DispatchQuestion),
)
async def explain(
    request: Request, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]
) -> Response:
    """What if: who would act on such a case by the rulebook in force, why, and what would have changed that."""
    asked = await json_body(request, DispatchQuestion)
    advisers, engine = tools.office.advisers, tools.rulebooks.judging.engine
    category = advisers.catalogue.find(asked.category, Kind.EVENT) if asked.category else None
    if asked.area and asked.area not in tools.area_keys:
        raise invalid("/area", "area-unknown", "区域代码不存在")
    facts = advisers.surroundings.imagined(
        asked.at or datetime.now(UTC),
        category,
        tuple(filter(None, tools.area_keys[asked.area].split("/"))) if asked.area else (),
        condition=asked.condition or "",
        urgency=asked.urgency,
        source=asked.source,
        caller=asked.caller or "",
        owner=asked.owner or "",
        maintainer=asked.maintainer or "",
        tags=frozenset(asked.tags),
        sent_back=asked.sent_back,
    )
    (verdict,) = engine.choose_many([facts])
    body: dict[str, Any] = {name: getattr(verdict, name, None) for name in VerdictOut.model_fields}
    return answer({**body, "lead_name": tools.present.units.get(verdict.lead or "")})


@router.get("/rulebooks/{rulebook_id}", response_model=RulebookOut, responses=problems(404))
async def read(
    rulebook_id: UUID, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]
) -> Response:
    """One rulebook: where it stands, and who drafted, approved and retired it."""
    return answer(shown(await _one(tools, rulebook_id)))


@router.get("/rulebooks/{rulebook_id}/table", response_class=Response, responses={**problems(404), **_FILE})
async def table(
    rulebook_id: UUID,
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    form: Form = "csv",
) -> Response:
    """Its rules as a table with Chinese headers; a workbook names units, categories and areas on a second sheet."""
    book = await _one(tools, rulebook_id)
    return await _table(tools, book.rows, form, book.version)


@router.post("/rulebooks/{rulebook_id}:check", response_model=CheckOut, responses=problems(404, 503))
async def check(
    rulebook_id: UUID, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]
) -> Response:
    """Everything that is wrong with it, each with its line and what to do."""
    remarks = await checked(tools.rulebooks, await _one(tools, rulebook_id))
    return answer({"usable": not any(one.grave for one in remarks), "remarks": remarks})


@router.post(
    "/rulebooks/{rulebook_id}:approve", response_model=RulebookOut, responses=problems(403, 404, 409, 422, 503)
)
async def approved(
    rulebook_id: UUID, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]
) -> Response:
    """Approve a draft somebody else made. From its day on it is in force, in every process within seconds."""
    return answer(shown(await approve(tools.rulebooks, RulebookId(rulebook_id), who.actor.id)))


@router.post("/rulebooks/{rulebook_id}:retire", response_model=RulebookOut, responses=problems(404, 409, 503))
async def retired(
    rulebook_id: UUID, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]
) -> Response:
    """Put away a draft, or take it out of use: the rulebook before it is in force again, at last the pack's."""
    return answer(shown(await retire(tools.rulebooks, RulebookId(rulebook_id), who.actor.id)))


@router.post("/rulebooks/{rulebook_id}:simulate", response_model=SimulationOut, responses=problems(400, 404, 422, 503))
async def tried(
    rulebook_id: UUID,
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    days: Annotated[int, AsWritten, Query(ge=1, le=366, description="so far back")] = 30,
    cases: Annotated[int, AsWritten, Query(ge=1, le=50_000, description="at most so many, the newest")] = 20_000,
) -> Response:
    """What it would have done with the cases of the last days; nothing is written. Whole years: `cityloop dispatch`."""
    book = await _one(tools, rulebook_id)
    engine = await asyncio.to_thread(tools.rulebooks.rules.engine, book.version, book.rows)
    since = datetime.now(UTC) - timedelta(days=days)
    return answer(simulated(await simulate(tools.rulebooks, engine, since, cases)))


async def _one(tools: Deps, wanted: UUID) -> StoredRulebook:
    book = await tools.views.rulebooks.one(wanted)
    if book is None:
        raise NotFound("rulebook")
    return book


async def _table(tools: Deps, rows: tuple[RuleRow, ...], form: Literal["csv", "xlsx"], name: str) -> Response:
    content = await asyncio.to_thread(tools.rulebooks.rules.written, rows, form)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{form}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(content, 200, headers, _MEDIA[form])


async def _drafted(request: Request) -> RulebookIn:
    tree, faults = parsed(await json_bytes(request, MAX_TABLE), _MAX_VALUES)
    if faults:
        raise wrong(faults)
    return RulebookIn.model_validate(tree)


async def _rows(request: Request, tools: Deps) -> tuple[RuleRow, ...]:
    """The rows of a table sent as the body."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in _TABLES:
        raise Invalid(
            "media-type-unsupported", "仅接受表格文件", f"send Content-Type: {' or '.join([*_TABLES, _JSON])}"
        )
    content = await whole(request, MAX_TABLE)
    if not content:
        raise Invalid("file-empty", "文件为空", "send the table as the request's body")
    async with _kept(content) as file:
        return await asyncio.to_thread(tools.rulebooks.rules.read, file)


@asynccontextmanager
async def _kept(content: bytes) -> AsyncIterator[Path]:
    """A file that holds it for a while; it is known by what it holds, so its name is always the same."""
    with TemporaryDirectory(prefix="cityloop-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "rules.csv"
        await asyncio.to_thread(path.write_bytes, content)
        yield path
