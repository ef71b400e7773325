"""Imports: a table handed in whole, worked off in the background, with a report on its rows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.auth import Caller
from api.body import arriving
from api.deps import Deps, answer, caller, deps
from api.import_schemas import ImportOut, ImportPage, ImportWhole, shown, told
from api.parameters import Limit
from api.routes.paging import read as cursor_read
from api.routes.paging import written
from api.routes.reports import idempotency_key
from api.schemas import problems
from domain.actor import Role
from domain.errors import Invalid, NotFound, Refused
from domain.place import Crs
from domain.table_import import MAX_BYTES, Import, ImportId, ImportMode, TableKind, TableOrder
from handlers.imports import Delivery, cancel, hand_in
from handlers.row_report import header, lines

router = APIRouter(prefix="/v1/imports", tags=["imports"])

KINDS = {
    "text/csv": TableKind.CSV,
    "application/gzip": TableKind.CSV,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": TableKind.XLSX,
    "application/x-ndjson": TableKind.TICKETS,
}
_BYTES = {
    "requestBody": {
        "required": True,
        "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in KINDS},
    }
}
_FIRST = 20
_CHUNK = 2_000
_SOURCE = r"^[0-9A-Za-z._-]{1,64}$"


@router.post(
    "",
    status_code=202,
    response_model=ImportOut,
    responses=problems(400, 403, 413, 415, 422, 429, 503),
    openapi_extra=_BYTES,
)
async def create(
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    encoding: Annotated[Literal["utf-8", "gb18030"] | None, Query(description="of a CSV; never guessed")] = None,
    delimiter: Annotated[Literal[",", ";", "\t", "，"] | None, Query(description="of a CSV")] = None,
    mapping: Annotated[str, Query(max_length=64, description="one of the city pack's; none: column names")] = "",
    source: Annotated[str | None, Query(pattern=_SOURCE, description="whose numbers they are; default: yours")] = None,
    crs: Annotated[Crs | None, Query(description="of positions whose column names no system")] = None,
    mode: Annotated[ImportMode, Query(description="good rows only, or all rows or none")] = ImportMode.PARTIAL,
    dry_run: Annotated[bool, Query(description="judge all rows, let none in")] = False,
    key: Annotated[str | None, Header(alias="Idempotency-Key")] = None,
) -> Response:
    """Hand in a CSV (plain or gzip), an XLSX, or NDJSON of `hotline-ticket.v1`: at most 50,000 rows and 50 MiB.

    The 202 is sent when the file and what was asked of it are safe; what keeps the whole file out is refused at once.
    Rows become reports of ``hotline:SOURCE`` under their own numbers, however often and by whatever door they come.
    """
    own = idempotency_key(key)
    kind = _kind(request)
    order = TableOrder(kind, _source(tools, who, mapping, source), encoding, delimiter, mapping, crs, mode, dry_run)
    async with _received(request) as (file, digest):
        job, fresh = await hand_in(tools.imports, Delivery(who.actor.id, own, order, file, digest))
    headers = {"Location": f"/v1/imports/{job.id}"}
    if not fresh:
        headers["Idempotent-Replayed"] = "true"
    return answer(shown(job), 202, headers)


@router.get("", response_model=ImportPage, responses=problems(400))
async def listed(
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    limit: Limit = 50,
    cursor: str | None = None,
) -> Response:
    """The caller's own imports, the newest first."""
    found = await tools.views.imports.page(who.actor.id, cursor_read(cursor), limit + 1)
    page = found[:limit]
    more = written((page[-1].created_at, page[-1].id)) if len(found) > limit else None
    return answer({"items": [shown(job) for job in page], "next": more})


@router.get("/{import_id}", response_model=ImportWhole, responses=problems(404))
async def read(
    import_id: UUID, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]
) -> Response:
    """How far an import has come, with the first remarks on its rows."""
    job = await _own(tools, who, import_id)
    remarks, _ = await tools.views.imports.remarks(job.id, None, _FIRST)
    return answer({**shown(job), "remarks": [told(remark) for remark in remarks]})


@router.get(
    "/{import_id}/report",
    response_class=Response,
    responses={**problems(404), 200: {"content": {"text/csv": {}}, "description": "line, outcome, column, code, hint"}},
)
async def report(
    import_id: UUID, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]
) -> Response:
    """Every remark on the import's rows so far, as a CSV that is safe to open in a spreadsheet."""
    job = await _own(tools, who, import_id)
    headers = {
        "Content-Disposition": f'attachment; filename="{job.id}.csv"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_report(tools, job.id), 200, headers, "text/csv; charset=utf-8")


@router.post("/{import_id}:cancel", response_model=ImportOut, responses=problems(404, 409))
async def stop(
    import_id: UUID, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]
) -> Response:
    """Cancel an import that has not come to its end. Rows that came in before stay."""
    return answer(shown(await cancel(tools.imports, ImportId(import_id), who.actor.id)))


async def _own(tools: Deps, who: Caller, wanted: UUID) -> Import:
    job = await tools.views.imports.one(ImportId(wanted), who.actor.id)
    if job is None:
        raise NotFound("import")
    return job


async def _report(tools: Deps, wanted: ImportId) -> AsyncIterator[str]:
    yield header()
    place = None
    while True:
        remarks, place = await tools.views.imports.remarks(wanted, place, _CHUNK)
        if not remarks:
            return
        yield lines(remarks)


def _kind(request: Request) -> TableKind:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if "macroenabled" in media:
        raise Invalid("file-macro", "不接受含宏的工作簿", "save it as .xlsx, or as CSV in UTF-8")
    if media not in KINDS:
        raise Invalid("media-type-unsupported", "仅接受表格文件", f"send Content-Type: {' or '.join(KINDS)}")
    return KINDS[media]


def _source(tools: Deps, who: Caller, mapping: str, source: str | None) -> str:
    """Whose numbers the rows have: the mapping's, the one asked for, or the caller.

    Raises ``Refused`` where a client other than an administrator asks for another's: it could occupy its numbers.
    """
    known = tools.imports.sources
    wanted = known.get(mapping) or source or who.actor.id
    if wanted not in (who.actor.id, *known.values()) and who.actor.role is not Role.ADMIN:
        raise Refused("source-not-yours", "不得以他人来源导入", "leave `source` out, or use a mapping of the city pack")
    return wanted


@asynccontextmanager
async def _received(request: Request) -> AsyncIterator[tuple[Path, bytes]]:
    """The body as a file, cut off while it arrives, with its SHA-256. Its name, if any, is nobody's business."""
    with TemporaryDirectory(prefix="cityloop-", ignore_cleanup_errors=True) as folder:
        path, digest, size = Path(folder) / "table", sha256(), 0
        with await asyncio.to_thread(path.open, "wb") as file:
            async for chunk in arriving(request, MAX_BYTES, ": send the table in parts"):
                size += len(chunk)
                digest.update(chunk)
                await asyncio.to_thread(file.write, chunk)
        if not size:
            raise Invalid("file-empty", "文件为空", "send the table as the request's body")
        yield path, digest.digest()
