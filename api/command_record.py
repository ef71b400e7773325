"""The joint command record (联合指挥记录): what a plan set going and how each unit answered, from case and history."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import dropwhile
from typing import Any

import msgspec

from domain.bulletin import identifier
from domain.case import Case, Clock, Deadline, DeadlineState
from domain.commands import Verb
from domain.events import NAMES
from domain.task import Part, Task, TaskState

Plain = dict[str, Any]
History = Sequence[Mapping[str, Any]]

_STARTED = NAMES[Verb.ACTIVATE]
_MINUTE = 60.0


def command_record(case: Case, history: History, at: datetime, units: Mapping[str, str]) -> Plain | None:
    """The record as it stands at ``at`` (``api.alert_schemas.CommandRecord``); None where no plan was ever started.

    ``history`` are the case's events in order, as plain data; ``units`` the names of units by code.
    """
    since = list(dropwhile(lambda event: event["type"] != _STARTED, history))
    if case.plan is None or not since:
        return None
    start = _moment(since[0])
    shares = list(_shares(case, start, at, units))
    waiting = [share for share in shares if share["state"] is TaskState.OFFERED]
    return {
        "no": case.no,
        "plan": {"id": case.plan.plan, "name": case.plan.name, "levels": list(case.plan.levels)},
        "started_at": start,
        "started_by": since[0]["actor"],
        "at": at,
        "minutes": _minutes(start, case.ended_at or at),
        "state": case.state,
        "level": case.level,
        "ended_at": case.ended_at,
        "escalations": sum(event["type"] == NAMES[Verb.ESCALATE] for event in since),
        "urges": sum(event["type"] == NAMES[Verb.URGE] for event in since),
        "supervisions": msgspec.to_builtins([each for each in case.supervisions if each.at >= start]),
        "shares": shares,
        "unanswered": sorted(waiting, key=lambda share: (share["minutes_left"] is None, share["due_at"] or at)),
        "timeline": list(_timeline(case, since, start)),
    }


def _shares(case: Case, start: datetime, at: datetime, units: Mapping[str, str]) -> Iterator[Plain]:
    """Each unit's task that was open when the plan started, or was given since."""
    planned = {share.unit: share for share in case.plan.shares} if case.plan else {}
    for task in case.tasks:
        if task.unit is None or (task.ended_at is not None and task.ended_at < start):
            continue
        share, deadline = planned.get(task.unit), _deadline(case, task)
        yield {
            "unit": task.unit,
            "unit_name": units.get(task.unit, task.unit),
            "part": task.part,
            "planned": share is not None,
            "required": task.required,
            "task": task.id,
            "state": task.state,
            "limit": msgspec.to_builtins(share.limit) if share else None,
            "accepted_at": task.accepted_at,
            "accepted_after": _minutes(start, task.accepted_at),
            "ended_at": task.ended_at,
            "ended_after": _minutes(start, task.ended_at),
            "result": task.result,
            "reason": task.reason,
            "due_at": deadline.due_at if deadline else None,
            "minutes_left": _left(deadline, at),
            "overdue": deadline is not None and deadline.state is DeadlineState.MISSED,
        }


def _deadline(case: Case, task: Task) -> Deadline | None:
    """The promise a unit works by: an assistant's own, the lead's that of the disposal set while it had the task."""
    own = [d for d in case.deadlines if d.task == task.id]
    if task.part is Part.LEAD:
        end = task.ended_at
        own = [d for d in case.deadlines if d.clock is Clock.DISPOSAL and (end is None or d.set_at < end)]
    return own[-1] if own else None


def _left(deadline: Deadline | None, at: datetime) -> float | None:
    """Minutes by the clock on the wall until it is due, below zero when it is over; None where nothing runs."""
    if deadline is None or not deadline.open or deadline.state is DeadlineState.PAUSED:
        return None
    return _minutes(at, deadline.due_at)


def _timeline(case: Case, since: History, start: datetime) -> Iterator[Plain]:
    unit_of = {str(task.id): task.unit for task in case.tasks if task.unit}
    for event in since:
        about = [task["id"] for task in event["tasks"]] or [event["task"]]
        about += [deadline["task"] for deadline in event["deadlines"]]
        moment = _moment(event)
        yield {
            "version": event["version"],
            "type": event["type"],
            "at": moment,
            "after": _minutes(start, moment),
            "actor": event["actor"],
            "state": event["state"],
            "units": list(dict.fromkeys(unit_of[task] for task in about if task in unit_of)),
            "clocks": list(dict.fromkeys(deadline["clock"] for deadline in event["deadlines"])),
            "level": event["level"],
            "alert": identifier(case.no, event["version"]) if event.get("alert") else None,
            "reason": event["reason"],
            "note": event["note"],
        }


def _moment(event: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(event["at"])


def _minutes(start: datetime, end: datetime | None) -> float | None:
    return None if end is None else round((end - start).total_seconds() / _MINUTE, 1)
