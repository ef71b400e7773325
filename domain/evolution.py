"""Applying what has happened: the history alone always gives the state."""

from dataclasses import replace

from domain.case import ENDED, Case, Deadline, State
from domain.commands import Verb
from domain.errors import Refused
from domain.events import NAMES, Event
from domain.task import Task


def evolve(case: Case | None, event: Event) -> Case:
    """The case after an event. Pure book-keeping: everything was decided when the event was made."""
    if case is None:
        return _opened(event)
    ended = event.at if event.state in ENDED and case.ended_at is None else case.ended_at
    return replace(
        case,
        version=event.version,
        state=event.state,
        updated_at=event.at,
        category=event.category or case.category,
        # filing replaces what was guessed: another category's condition must not leave its limit behind
        condition=event.condition if event.type == NAMES[Verb.FILE] else case.condition,
        place=event.place or case.place,
        # a case sent back has no verdict until dispatch judges it anew
        verdict=None
        if event.type == NAMES[Verb.SEND_BACK] and event.state is State.PENDING_DISPATCH
        else event.verdict or case.verdict,
        reports=(*case.reports, event.report) if event.type == NAMES[Verb.JOIN] and event.report else case.reports,
        tasks=_merged(case.tasks, event.tasks),
        deadlines=_set(case.deadlines, event.deadlines),
        filed_at=event.at if event.type == NAMES[Verb.FILE] else case.filed_at,
        dispatched_at=case.dispatched_at or (event.at if event.state is State.PENDING_DISPOSAL else None),
        ended_at=ended,
        send_backs=case.send_backs + (event.type == NAMES[Verb.SEND_BACK]),
        reworks=case.reworks + (event.type == NAMES[Verb.FAIL]),
        escalation=case.escalation + (event.type == NAMES[Verb.EXPIRE]),
        end_reason=event.reason if event.state in ENDED else case.end_reason,
    )


def _opened(event: Event) -> Case:
    opening = event.opening
    if opening is None:
        raise Refused("filing-incomplete", "缺少上报内容", "the first event of a case opens it")
    return Case(
        id=event.case,
        no=opening.no,
        version=event.version,
        state=event.state,
        source=opening.source,
        urgency=opening.urgency,
        opened_at=event.at,
        updated_at=event.at,
        place=opening.place,
        point=opening.point,
        category=opening.category,
        condition=opening.condition,
        what=opening.what,
        occurred_at=opening.occurred_at,
        reports=(opening.report,),
        deadlines=event.deadlines,
        filed_at=event.at if event.type == NAMES[Verb.FILE] else None,
    )


def _merged(old: tuple[Task, ...], changed: tuple[Task, ...]) -> tuple[Task, ...]:
    if not changed:
        return old
    by_id = {task.id: task for task in (*old, *changed)}
    return tuple(by_id.values())


def _set(old: tuple[Deadline, ...], changed: tuple[Deadline, ...]) -> tuple[Deadline, ...]:
    if not changed:
        return old
    by_key = {(d.clock, d.cycle): d for d in (*old, *changed)}
    return tuple(by_key.values())
