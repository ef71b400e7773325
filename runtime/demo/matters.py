"""What was asked, ordered and said on the cases and tickets of the day, beside the straight road."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.case import State
from domain.petition import Matter, PetitionState
from domain.ticket import PromiseKind, PromiseState, TicketState
from runtime.demo.line import Line, Plain


@dataclass(frozen=True, slots=True)
class Matters:
    """Counts over the run's cases, from the record alone."""

    extensions: int
    extended: int
    suspended: int
    resumed: int
    supervised: int
    replied: int
    merged: int
    called: int
    contacted: int
    solved: int
    satisfied: int
    reopened: int


def matters(cases: Sequence[Plain]) -> Matters:
    """What people asked of the cases, and how it was answered."""
    petitions = [petition for case in cases for petition in case["petitions"]]
    rests = [d for case in cases for d in case["deadlines"] if d["clock"] == "suspension"]
    orders = [order for case in cases for order in case["supervisions"] if order["reply_due"]]
    calls = [call for case in cases for call in case["call_backs"]]
    return Matters(
        extensions=_count(p["matter"] == Matter.EXTENSION for p in petitions),
        extended=_count((p["matter"], p["state"]) == (Matter.EXTENSION, PetitionState.GRANTED) for p in petitions),
        suspended=len(rests),
        resumed=_count(rest["ended_at"] is not None for rest in rests),
        supervised=len(orders),
        replied=_count(order["replied_at"] is not None for order in orders),
        merged=_count(case["state"] == State.MERGED for case in cases),
        called=len(calls),
        contacted=_count(call["contacted"] is True for call in calls),
        solved=_count(call["solved"] is True for call in calls),
        satisfied=_count(call["satisfied"] is True for call in calls),
        reopened=sum(case["reopened"] for case in cases),
    )


@dataclass(frozen=True, slots=True)
class Tickets:
    """The hotline's tickets of the run: ``in_time`` are those answered within their limit."""

    tickets: int
    contacted: int
    answered: int
    in_time: int


async def tickets_of(hotline: Line, since: datetime) -> Tickets:
    """What the hotline owed its callers, and what they got."""
    found: list[Plain] = []
    for state in TicketState:
        found += [one async for one in hotline.pages("/v1/tickets", state=state)]
    return tickets([one for one in found if datetime.fromisoformat(one["received_at"]) >= since])


def tickets(found: Sequence[Plain]) -> Tickets:
    """The counts over these tickets."""
    contact, answer = (
        [[p for p in ticket["promises"] if p["kind"] == kind][-1] for ticket in found] for kind in PromiseKind
    )
    return Tickets(
        tickets=len(found),
        contacted=_count(promise["ended_at"] is not None for promise in contact),
        answered=_count(promise["ended_at"] is not None for promise in answer),
        in_time=_count(promise["state"] == PromiseState.MET for promise in answer),
    )


def _count(of: Iterable[bool]) -> int:
    return sum(of)
