"""How 12345 tickets are shown: plain data in the shapes of ``api.ticket_schemas``."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.present import Plain
from domain.oversight import CallBack
from domain.ticket import Promise
from domain.ticket_events import TicketVerb
from store.views import TicketLine, TicketView


def line(seen: TicketLine | TicketView) -> Plain:
    """A ticket as lists show it (``TicketOut``)."""
    ticket = seen.ticket
    return {
        "report_id": ticket.report,
        "version": ticket.version,
        "state": ticket.state,
        "appeal": ticket.appeal,
        "tier": ticket.tier,
        "overdue": ticket.overdue,
        "received_at": ticket.received_at,
        "updated_at": ticket.updated_at,
        "due_at": ticket.due_at,
        "ended_at": ticket.ended_at,
        "reopened": ticket.reopened,
        "promises": [_promise(promise) for promise in ticket.promises],
        "call_backs": [_call_back(call_back) for call_back in ticket.call_backs],
        "origin": seen.origin,
        "text": seen.text,
    }


def whole(seen: TicketView, answers: Sequence[Mapping[str, Any]], verbs: tuple[TicketVerb, ...]) -> Plain:
    """A ticket with all around it (``TicketWhole``)."""
    told = [{"version": one["version"], "at": one["at"], "text": one["words"]} for one in answers]
    return {**line(seen), "address": seen.address, "cases": list(seen.cases), "answers": told, "verbs": verbs}


def step(event: Mapping[str, Any]) -> Plain:
    """One step of the history (``TicketStep``)."""
    named = {name: event[name] for name in ("version", "type", "at", "actor", "state", "tier", "reason")}
    return {**named, "text": event["words"]}


def _promise(promise: Promise) -> Plain:
    return {
        "kind": promise.kind,
        "limit": str(promise.limit),
        "set_at": promise.set_at,
        "due_at": promise.due_at,
        "state": promise.state,
        "ended_at": promise.ended_at,
    }


def _call_back(said: CallBack) -> Plain:
    return {"at": said.at, "contacted": said.contacted, "solved": said.solved, "satisfied": said.satisfied}
