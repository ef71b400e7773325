"""A day without a line arrives in one call: many reports, each with its own key and its own outcome."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError

from api.auth import Caller
from api.body import json_bytes, parsed
from api.deps import Deps, answer, caller, deps
from api.errors import invalid_of, told
from api.naming import allowed, known
from api.reading import report_of
from api.routes.reports import idempotency_key
from api.schemas import ReportBatchIn, ReportBatchOut, ReportItemIn, json_of, problems
from domain.errors import CityloopError, Fault, Invalid, invalid
from domain.ids import ReportId
from domain.jsontext import step, wrong
from domain.reading import check_codes
from domain.report import Report
from handlers.outcomes import AlreadyDone
from store.views import Named

MAX_ITEMS = 500
MAX_BATCH = 4 * 1024 * 1024
MAX_VALUES = 50_000
_IN_ITEM = re.compile(r"/items/(\d+)(.*)")

_PATIENCE = 5.0  # seconds: who sends a day at once waits for more than one transaction

router = APIRouter(tags=["reports"])


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
    items, faults = _items(await json_bytes(request, MAX_BATCH))
    read = [_read(item, faults.get(n)) for n, item in enumerate(items)]
    named = [str(each) for item in read if isinstance(item, ReportItemIn) for each in item.report.attachments]
    found = await known(tools, named)
    reports = [_report(tools, who, item, found) for item in read]
    tools.admission.reports(who.actor, [each for each in reports if isinstance(each, Report)])
    outcomes = await asyncio.gather(*(_submitted(tools, report) for report in reports))
    told_items = zip(items, outcomes, strict=True)
    return answer({"items": [{"key": _key(item), **outcome} for item, outcome in told_items]})


def _items(body: bytes) -> tuple[list[Any], dict[int, tuple[Fault, ...]]]:
    """The items as they came, and what cannot be in which of them: one that is wrong takes no neighbours with it."""
    tree, faults = parsed(body, MAX_VALUES)
    found: dict[int, tuple[Fault, ...]] = {}
    for fault in faults:
        inside = _IN_ITEM.fullmatch(fault.pointer)
        if inside is None:
            raise wrong(faults)
        at = int(inside[1])
        found[at] = (*found.get(at, ()), replace(fault, pointer=inside[2]))
    strange = tuple(Fault(f"/{step(name)}", "field-unknown") for name in tree if name != "items")
    if strange:
        raise Invalid("field-unknown", "未知字段", "an object with a list of items", strange)
    items = tree.get("items")
    if not isinstance(items, list):
        raise invalid("/items", "type-mismatch", "请求内容有误", "an object with a list of items")
    if not 1 <= len(items) <= MAX_ITEMS:
        raise invalid("/items", "too-many-items", "项目过多", f"1 to {MAX_ITEMS} items")
    return items, found


def _read(item: object, faults: tuple[Fault, ...] | None) -> ReportItemIn | CityloopError:
    if faults:
        return wrong(faults)
    try:
        sent = ReportItemIn.model_validate(item)
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
        report = report_of(sent, who, item.key, ReportId(tools.office.new_id()), attachments)
        check_codes(report, tools.office.advisers.catalogue)
    except Invalid as error:
        faults = tuple(replace(fault, pointer=f"/report{fault.pointer}") for fault in error.faults)
        return Invalid(error.code, error.title, error.detail, faults)
    return report


async def _submitted(tools: Deps, report: Report | CityloopError) -> dict[str, Any]:
    error: CityloopError
    if isinstance(report, CityloopError):
        error = report
    else:
        try:
            outcome = await tools.reports.submit(report, patience=_PATIENCE)
        except CityloopError as refused:
            error = refused
        else:
            replayed = isinstance(outcome, AlreadyDone)
            return {"status": 202, "report_id": outcome.subject, "replayed": replayed, "problem": None}
    problem = told(error)
    return {"status": problem["status"], "report_id": None, "replayed": False, "problem": problem}


def _key(item: object) -> str:
    """The item's key, to tell the phone which one it was; empty where that is what is wrong."""
    key = item.get("key") if isinstance(item, dict) else None
    return key[:255].encode("utf-8", "replace").decode() if isinstance(key, str) else ""
