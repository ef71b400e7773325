"""Reports: the way in for phones, call centres and partners; PostgreSQL first."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response

from api.attachment_schemas import shown
from api.auth import Caller
from api.deps import Deps, answer, caller, deps, json_body
from api.naming import named
from api.schemas import Accepted, ReportIn, ReportOut, json_of, problems
from domain.actor import Role
from domain.asset import scanned
from domain.errors import Fault, Invalid, NotFound
from domain.ids import ReportId
from domain.report import Contact, Report, Source, checked_point, checked_time, clean_code, clean_text
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
    sent = ReportIn.model_validate_json(await json_body(request))
    attachments = await named(tools, who, [str(each) for each in sent.attachments], "/attachments")
    report = _showing(_report(sent, who, own, ReportId(tools.office.new_id())), attachments)
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
    whole = {**report, "asset": report["extra"].get("asset"), "attachments": attachments}
    return answer({name: whole[name] for name in ReportOut.model_fields})


def _source(who: Caller) -> Source:
    return Source.INSPECTOR if who.actor.role is Role.INSPECTOR else Source.HOTLINE


def _report(sent: ReportIn, who: Caller, key: str, new: ReportId) -> Report:
    now = datetime.now(UTC)
    place = sent.position
    text = clean_text(sent.text, "/text")
    asset = None if sent.asset is None else str(scanned(sent.asset, "/asset"))
    if not text and sent.category is None and asset is None:
        fault = Fault("/text", "text-empty")
        raise Invalid("text-empty", "缺少事件描述", "say what happened, or give a category or component code", (fault,))
    return Report(
        id=new,
        source=_source(who),
        origin=who.origin,
        origin_key=key,
        received_at=now,
        occurred_at=checked_time(sent.captured_at, now, "/captured_at") if sent.captured_at else None,
        text=text,
        address=clean_text(sent.address, "/address", limit=256),
        area_names=tuple(clean_text(name, f"/areas/{n}", limit=100) for n, name in enumerate(sent.areas)),
        point=checked_point(place.lon, place.lat, place.crs, "/position") if place else None,
        category=None if sent.category is None else clean_code(sent.category, "/category"),
        kind=sent.kind,
        condition=None if sent.condition is None else clean_code(sent.condition, "/condition"),
        urgency=sent.urgency,
        contact=_contact(sent),
        extra=_extra(sent, who, asset),
    )


def _extra(sent: ReportIn, who: Caller, asset: str | None) -> dict[str, str]:
    said = {"appeal": sent.appeal.value} if _source(who) is Source.HOTLINE else {}
    return {**said, "asset": asset} if asset else said


def _showing(report: Report, attachments: Sequence[str]) -> Report:
    return replace(report, extra={**report.extra, "attachments": " ".join(attachments)}) if attachments else report


def _contact(sent: ReportIn) -> Contact | None:
    if sent.caller is None:
        return None
    return Contact(
        clean_text(sent.caller.name, "/caller/name", limit=100),
        clean_text(sent.caller.phone, "/caller/phone", limit=40),
    )
