"""Reports: the way in for phones, call centres and partners; PostgreSQL first."""

import re
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response

from api.attachment_schemas import shown
from api.auth import Caller
from api.body import json_body
from api.deps import Deps, answer, caller, deps
from api.naming import named
from api.reading import report_of
from api.schemas import Accepted, ReportIn, ReportOut, json_of, problems
from domain.errors import Invalid, NotFound
from domain.ids import ReportId
from domain.reading import check_codes, flags
from handlers.outcomes import AlreadyDone

router = APIRouter(prefix="/v1/reports", tags=["reports"])

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_REFUSALS = problems(400, 401, 403, 413, 415, 422, 503)
_BODY = json_of(ReportIn)


def idempotency_key(text: str | None) -> str:
    """A client's key. Raises ``Invalid`` (400) when missing, longer than 255, or not printable ASCII."""
    if text is None:
        raise Invalid("idempotency-key-required", "缺少 Idempotency-Key", "send a fresh key with every new report")
    if not _KEY.fullmatch(text):
        raise Invalid("idempotency-key-invalid", "Idempotency-Key 格式有误", "1 to 255 printable ASCII characters")
    return text


@router.post("", status_code=202, response_model=Accepted, responses=_REFUSALS, openapi_extra=_BODY)
async def submit(
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    key: Annotated[str | None, Header(alias="Idempotency-Key")] = None,
) -> Response:
    """Report an incident. The 202 is sent after the commit: the report is safe and can be read from that moment."""
    own = idempotency_key(key)
    sent = await json_body(request, ReportIn)
    attachments = await named(tools, who, [str(each) for each in sent.attachments], "/attachments")
    report = report_of(sent, who, own, ReportId(tools.office.new_id()), attachments)
    check_codes(report, tools.office.advisers.catalogue)
    tools.admission.reports(who.actor, [report])
    outcome = await tools.reports.submit(report)
    where = f"/v1/reports/{outcome.subject}"
    headers = {"Location": where}
    if isinstance(outcome, AlreadyDone):
        headers["Idempotent-Replayed"] = "true"
    body = {"report_id": outcome.subject, "status": "accepted", "links": {"self": where}}
    return answer(body, 202, headers)


@router.get("/{report_id}", response_model=ReportOut, responses=problems(404))
async def read(
    report_id: UUID, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]
) -> Response:
    """A report with the cases it stands behind."""
    report = await tools.views.report(report_id, who.scope)
    if report is None:
        raise NotFound("report")
    attachments = [shown(each) for each in await tools.views.attachments.of_report(report_id)]
    point, claimed = report["point"], report["occurred_at"]
    doubts = flags(
        report["extra"],
        (point["lon"], point["lat"]) if point else None,
        datetime.fromisoformat(claimed) if claimed else None,
        report["received_at"],
    )
    whole = {**report, "asset": report["extra"].get("asset"), "attachments": attachments, "flags": doubts}
    return answer({name: whole[name] for name in ReportOut.model_fields})
