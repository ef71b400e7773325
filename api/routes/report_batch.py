"""A day without a line arrives in one call: many reports, each with its own key and its own outcome."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError

from api.auth import Caller
from api.deps import Deps, answer, caller, deps, json_body
from api.errors import invalid_of, told
from api.naming import allowed, known
from api.reading import report_of
from api.routes.reports import idempotency_key
from api.schemas import ReportBatchIn, ReportBatchOut, ReportItemIn, json_of, problems
from domain.errors import CityloopError, Fault, Invalid
from domain.ids import ReportId
from domain.report import Report
from handlers.outcomes import AlreadyDone
from store.views import Named

MAX_ITEMS = 500
MAX_BATCH = 4 * 1024 * 1024

router = APIRouter(tags=["reports"])


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    """The batch with its items as they came: one that is wrong must not take its neighbours with it."""

    items: list[msgspec.Raw]


class _Key(msgspec.Struct):
    """The least one can know of an item that is otherwise wrong."""

    key: str = ""


@router.post(
    "/v1/reports:batch",
    response_model=ReportBatchOut,
    responses=problems(400, 413, 415, 422),
    openapi_extra=json_of(ReportBatchIn),
)
async def submit_many(
    request: Request, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]
) -> Response:
    """Up to 500 reports at once. The answer is sent after the commit of all that were accepted.

    Each has its own key and is answered as if it had come alone: accepted, accepted before, or refused with its
    problem. Send the same batch again after a lost answer; nothing is there twice.
    """
    items = _items(await json_body(request, MAX_BATCH))
    read = [_read(item) for item in items]
    named = [str(each) for item in read if isinstance(item, ReportItemIn) for each in item.report.attachments]
    found = await known(tools, named)
    reports = [_report(tools, who, item, found) for item in read]
    outcomes = await asyncio.gather(*(_submitted(tools, report) for report in reports))
    told_items = zip(items, outcomes, strict=True)
    return answer({"items": [{"key": _key(item), **outcome} for item, outcome in told_items]})


def _items(body: bytes) -> list[msgspec.Raw]:
    try:
        items = msgspec.json.decode(body, type=_Envelope).items
    except msgspec.ValidationError:
        fault = Fault("/items", "type-mismatch")
        raise Invalid("type-mismatch", "请求内容有误", "an object with a list of items", (fault,)) from None
    if not 1 <= len(items) <= MAX_ITEMS:
        fault = Fault("/items", "too-many-items")
        raise Invalid("too-many-items", "项目过多", f"1 to {MAX_ITEMS} items", (fault,))
    return items


def _read(item: msgspec.Raw) -> ReportItemIn | CityloopError:
    try:
        sent = ReportItemIn.model_validate_json(bytes(item))
        idempotency_key(sent.key)
    except ValidationError as error:
        return invalid_of(error)
    except Invalid as error:
        return error
    return sent


def _report(
    tools: Deps, who: Caller, item: ReportItemIn | CityloopError, found: Mapping[UUID, Named]
) -> Report | CityloopError:
    if isinstance(item, CityloopError):
        return item
    sent = item.report
    try:
        attachments = allowed(found, who, [str(each) for each in sent.attachments], "/attachments")
        return report_of(sent, who, item.key, ReportId(tools.office.new_id()), attachments)
    except Invalid as error:
        faults = tuple(replace(fault, pointer=f"/report{fault.pointer}") for fault in error.faults)
        return Invalid(error.code, error.title, error.detail, faults)


async def _submitted(tools: Deps, report: Report | CityloopError) -> dict[str, Any]:
    error: CityloopError
    if isinstance(report, CityloopError):
        error = report
    else:
        try:
            outcome = await tools.reports.submit(report)
        except CityloopError as refused:
            error = refused
        else:
            replayed = isinstance(outcome, AlreadyDone)
            return {"status": 202, "report_id": outcome.subject, "replayed": replayed, "problem": None}
    problem = told(error)
    return {"status": problem["status"], "report_id": None, "replayed": False, "problem": problem}


def _key(item: msgspec.Raw) -> str:
    """The item's key, to tell the phone which one it was; empty where that is what is wrong."""
    try:
        return msgspec.json.decode(item, type=_Key).key[:255]
    except msgspec.MsgspecError:
        return ""
