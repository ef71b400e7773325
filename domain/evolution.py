"""Applying what has happened: the history alone always gives the state."""

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import TypeVar

from domain.case import ENDED, UNFILED, Case, State
from domain.commands import Verb
from domain.errors import Refused
from domain.events import NAMES, Event
from domain.ids import CaseId
from domain.task import Part

T = TypeVar("T")

_COMES = frozenset({NAMES[Verb.JOIN], NAMES[Verb.ABSORB]})
_GOES = frozenset({NAMES[Verb.WITHDRAW], NAMES[Verb.RELEASE]})
_SENT_BACK = frozenset({NAMES[Verb.SEND_BACK], NAMES[Verb.GRANT]})
_MOVES = frozenset({NAMES[Verb.RAISE], NAMES[Verb.LOWER]})
_LATER = frozenset({NAMES[Verb.EXPIRE], NAMES[Verb.ESCALATE]})
_JOINTLY = (State.JOINT_DECISION, State.PENDING_DISPOSAL)
_TO_DISPATCH = frozenset({State.PENDING_DISPATCH, State.JOINT_DECISION})


def evolve(case: Case | None, event: Event) -> Case:
    """The case after an event. Pure book-keeping: everything was decided when the event was made."""
    if case is None:
        return _opened(event)
    kind, before, after = event.type, case.state, event.state
    ends, begins_again = after in ENDED and before not in ENDED, after not in ENDED and before in ENDED
    moves, goes_back = kind in _MOVES, after in _TO_DISPATCH and before not in _TO_DISPATCH
    moved = event.other if kind == NAMES[Verb.MERGE] else None
    return replace(
        case,
        version=event.version,
        state=after,
        updated_at=event.at,
        category=event.category or case.category,
        # filing replaces what was guessed: another category's condition must not leave its limit behind
        condition=event.condition if kind == NAMES[Verb.FILE] else case.condition,
        place=event.place or case.place,
        # a case that comes back to dispatch, or waits there for another level, has no verdict until it is judged anew
        verdict=event.verdict if goes_back or (moves and after in _TO_DISPATCH) else event.verdict or case.verdict,
        behind=case.behind + (len(event.reports) if kind in _COMES else -len(event.reports) if kind in _GOES else 0),
        tasks=_merged(case.tasks, event.tasks, lambda task: task.id),
        deadlines=_merged(case.deadlines, event.deadlines, lambda d: (d.clock, d.cycle)),
        petitions=_merged(case.petitions, event.petitions, lambda petition: petition.id),
        supervisions=_merged(
            case.supervisions, (event.supervision,) if event.supervision else (), lambda supervision: supervision.no
        ),
        call_backs=(*case.call_backs, event.call_back) if event.call_back else case.call_backs,
        filed_at=event.at if kind == NAMES[Verb.FILE] else None if after in UNFILED else case.filed_at,
        dispatched_at=case.dispatched_at or (event.at if after is State.PENDING_DISPOSAL else None),
        ended_at=event.at if ends else None if begins_again else case.ended_at,
        send_backs=case.send_backs + (kind in _SENT_BACK and goes_back),
        reworks=case.reworks + (kind == NAMES[Verb.FAIL] and _adds_round(event)),
        reopened=case.reopened + (begins_again and kind != NAMES[Verb.SPLIT]),
        escalation=case.escalation + (kind in _LATER),
        urges=case.urges + (kind == NAMES[Verb.URGE]),
        end_reason=event.reason if ends else case.end_reason,
        closing=event.closing or case.closing,
        level=event.level or case.level,
        verified=_verified(case, event),
        # it binds the unit it named; taken from it, the case is dispatched anew
        jointly=(case.jointly and not goes_back) or (before, after) == _JOINTLY,
        resumes=before if after is State.SUSPENDED and before is not State.SUSPENDED else case.resumes,
        merged_into=moved or (None if kind == NAMES[Verb.SPLIT] else case.merged_into),
        absorbed=_absorbed(case, event),
        plan=event.plan or case.plan,
        alert=event.alert or case.alert,
        recovered=(*case.recovered, *event.reports) if kind == NAMES[Verb.RECOVER] else case.recovered,
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
        behind=1,
        component=opening.component,
        caller=opening.caller,
        tags=opening.tags,
        deadlines=event.deadlines,
        level=event.level,
        filed_at=event.at if event.type == NAMES[Verb.FILE] else None,
    )


def _absorbed(case: Case, event: Event) -> tuple[CaseId, ...]:
    if event.type == NAMES[Verb.ABSORB] and event.other:
        return (*case.absorbed, event.other)
    if event.type == NAMES[Verb.RELEASE]:
        return tuple(absorbed for absorbed in case.absorbed if absorbed != event.other)
    return case.absorbed


def _verified(case: Case, event: Event) -> bool | None:
    said = next((task.passed for task in event.tasks if task.part is Part.VERIFY and task.passed is not None), None)
    return case.verified if said is None else said


def _adds_round(event: Event) -> bool:
    return any(task.part is Part.LEAD for task in event.tasks)


def _merged(old: tuple[T, ...], changed: tuple[T, ...], key: Callable[[T], Hashable]) -> tuple[T, ...]:
    """What was there with the changed ones in their place, and the new ones at the end."""
    if not changed:
        return old
    return tuple({key(one): one for one in (*old, *changed)}.values())
