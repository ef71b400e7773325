"""When a case under a plan tells the public something, and what (预警发布、更新、解除). Used by ``lifecycle.decide``.

A plan with an alert sends it when it starts. From then on every step that makes the last message untrue sends the
next one, and the end of the case takes it back: which steps those are follows from what the message says.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from domain.bulletin import Bulletin, Issued, MessageType
from domain.case import CLOSED_STATES, Case, Clock
from domain.events import Event
from domain.evolution import evolve
from domain.plan import Alert
from domain.policy import Policy

VALID = timedelta(hours=24)
"""A message that nobody renewed or took back is believed no longer than this, or than the units still have time."""

_WORK = frozenset({Clock.DISPOSAL, Clock.ASSIST})


def announced(case: Case | None, event: Event, policy: Policy) -> Event:
    """The event with the message that leaves with it; as it is, where there is nothing new for the public."""
    if case is None:
        return event
    last = case.alert if case.alert and case.alert.standing else None
    if event.plan and event.plan.alert:
        plan, warning = event.plan.plan, event.plan.alert
    elif last:
        plan, warning = last.plan, last.warning
    else:
        return event
    message = _message(evolve(case, event), last, plan, warning, policy)
    known = last is not None and message.standing and _says(message) == _says(last)
    return event if known else replace(event, alert=message)


def _message(case: Case, last: Bulletin | None, plan: str, warning: Alert, policy: Policy) -> Bulletin:
    kind = MessageType.UPDATE if last else MessageType.ALERT
    return Bulletin(
        no=case.no,
        version=case.version,
        at=case.updated_at,
        kind=kind if case.open else MessageType.CANCEL,
        plan=plan,
        warning=warning,
        expires=_expires(case),
        exercise=policy.exercise_pace != 1.0,
        lifted=case.state in CLOSED_STATES,
        level=case.level,
        category=case.category,
        path=tuple(code for code in case.place.path if code != case.place.grid),
        point=case.point,
        earlier=(*last.earlier, Issued(last.version, last.at)) if last else (),
    )


def _expires(case: Case) -> datetime:
    due = [d.due_at for d in case.deadlines if d.open and d.clock in _WORK]
    return max([case.updated_at + VALID, *due])


def _says(message: Bulletin) -> tuple[object, ...]:
    return message.plan, message.warning, message.level, message.category, message.path, message.point
