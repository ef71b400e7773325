"""12345 tickets: what callers are owed, for the hotline, the desk and the units behind them."""

from datetime import datetime
from hashlib import sha256
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response

from api import ticket_present as present
from api.auth import Caller
from api.body import json_body
from api.deps import Deps, answer, caller, deps
from api.parameters import Limit
from api.routes.paging import read, written
from api.routes.preconditions import changed, expected_version
from api.routes.reports import idempotency_key
from api.schemas import json_of, problems
from api.ticket_schemas import CallBackIn, TicketActionIn, TicketDone, TicketPage, TicketStep, TicketWhole
from domain.actor import Actor, Role
from domain.errors import NotFound
from domain.oversight import CallBack
from domain.report import clean_text
from domain.ticket import TicketState, Tier
from domain.ticket_events import TicketCommand, TicketVerb
from domain.ticket_law import allowed
from handlers.tickets import TicketRequest
from store.views import TicketFilter, TicketScope, TicketView

router = APIRouter(prefix="/v1/tickets", tags=["tickets"])

_MISSING = problems(404)
_REFUSALS = problems(400, 403, 404, 409, 413, 415, 422, 428, 503)
_BODY = json_of(TicketActionIn)


@router.get("", response_model=TicketPage, responses=problems(400, 422))
async def listing(
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    state: TicketState | None = None,
    tier: Tier | None = None,
    overdue: bool | None = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Response:
    """Tickets whose caller still waits, the earliest date owed first; or those of one state; pages by ``cursor``."""
    narrowed = TicketFilter(state, tier, overdue, read(cursor), limit)
    page = await tools.views.tickets.page(narrowed, _scope(who))
    more = written((page[-1].ticket.due_at, page[-1].ticket.report)) if len(page) == limit else None
    return answer({"items": [present.line(line) for line in page], "next": more})


@router.get("/{report_id}", response_model=TicketWhole, responses=_MISSING)
async def one(
    report_id: UUID, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]
) -> Response:
    """The ticket of a report, with its cases. The ETag is its version: send it back in If-Match with a verb."""
    seen = await _seen(tools, report_id, who)
    answers = await tools.views.tickets.answers(seen.ticket.report)
    body = present.whole(seen, answers, allowed(seen.ticket, who.actor))
    return answer(body, headers={"ETag": f'"{seen.ticket.version}"'})


@router.get("/{report_id}/history", response_model=list[TicketStep], responses=_MISSING)
async def history(
    report_id: UUID, who: Annotated[Caller, Depends(caller)], tools: Annotated[Deps, Depends(deps)]
) -> Response:
    """Every step of the ticket, who took it, when, and what was said."""
    seen = await _seen(tools, report_id, who)
    return answer([present.step(event) for event in await tools.views.tickets.history(seen.ticket.report)])


@router.post("/{report_id}/actions/{verb}", response_model=TicketDone, responses=_REFUSALS, openapi_extra=_BODY)
async def act(
    report_id: UUID,
    verb: TicketVerb,
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    tools: Annotated[Deps, Depends(deps)],
    match: Annotated[str | None, Header(alias="If-Match")] = None,
    key: Annotated[str | None, Header(alias="Idempotency-Key")] = None,
) -> Response:
    """Use a verb on the ticket. If-Match carries the version you looked at; 409 tells the current one."""
    ticket = (await _seen(tools, report_id, who)).ticket
    sent = await json_body(request, TicketActionIn)
    command = TicketCommand(
        verb=verb,
        actor=who.actor,
        report=ticket.report,
        expected=expected_version(match),
        tier=sent.tier,
        call_back=_said(sent.call_back, ticket.updated_at, who.actor),
        reason=clean_text(sent.reason, "/reason"),
        words=clean_text(sent.text, "/text"),
    )
    fingerprint = sha256(f"ticket {report_id} {verb} ".encode() + sent.model_dump_json().encode()).digest()
    asked = TicketRequest(command, idempotency_key(key) if key else None, fingerprint)
    outcome = await tools.tickets.submit(asked)
    return changed(outcome, {"report_id": ticket.report})


def _said(sent: CallBackIn | None, at: datetime, by: Actor) -> CallBack | None:
    # the law dates and signs it anew: what stands here only fills the value
    return CallBack(by, at, sent.contacted, sent.solved, sent.satisfied) if sent else None


def _scope(who: Caller) -> TicketScope:
    """A call centre sees what came in by its API client or by its topic, a unit what it has or had a task on.

    A hotline client speaks for the centre it is named after: ``hotline-12345``, or just ``12345``, for ``12345``.
    """
    if who.actor.role is Role.HOTLINE:
        return TicketScope(origins=(who.origin, f"hotline:{who.actor.id.removeprefix('hotline-')}"))
    return TicketScope(areas=who.scope.areas, unit=who.scope.unit)


async def _seen(tools: Deps, report: UUID, who: Caller) -> TicketView:
    seen = await tools.views.tickets.one(report, _scope(who))
    if seen is None:
        raise NotFound("ticket")
    return seen
