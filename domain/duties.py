"""What a command does to the tasks of a case. Used by ``lifecycle.decide`` alone."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from domain.case import CLOSED_STATES, Case, State, Verdict
from domain.clock import Limit
from domain.commands import Command, Verb
from domain.errors import Refused
from domain.guards import named_petition, named_task
from domain.ids import TaskId, UnitId
from domain.petition import Matter
from domain.plan import Share
from domain.task import Part, Task, TaskState

_WORK = frozenset({Part.LEAD, Part.ASSIST})
# Whose open tasks a state may hold; what is open elsewhere when the case gets there was in vain and is cancelled.
_HOLDS: dict[State, frozenset[Part]] = {
    State.VERIFYING: frozenset({Part.VERIFY}),
    State.PENDING_DISPOSAL: _WORK,
    State.DISPOSING: _WORK,
    State.SUSPENDED: _WORK,
    State.CHECKING: frozenset({Part.CHECK}),
    **dict.fromkeys(CLOSED_STATES, frozenset({Part.SPOT_CHECK})),
}


def task_of(case: Case, command: Command) -> Task:
    """The case's task that the command names. Raises ``Refused``."""
    task = named_task(case, command)
    if task is None:
        raise Refused("task-unknown", "案件无此任务", "take the task id from the case")
    return task


def tasks_after(case: Case | None, command: Command, target: State, at: datetime) -> tuple[Task, ...]:
    """The tasks this command makes or changes, and those that end because the case leaves their stage."""
    if case is None:
        return ()
    changed = {task.id: task for task in _done(case, command, target, at)}
    kept = _HOLDS.get(target, frozenset())
    for task in case.tasks:
        now = changed.get(task.id, task)
        if now.open and now.part not in kept:
            changed[now.id] = replace(now, state=TaskState.CANCELLED, ended_at=at, reason=command.verb)
    return tuple(changed.values())


def _done(case: Case, command: Command, target: State, at: datetime) -> Iterable[Task]:
    match command.verb:
        case Verb.DISPATCH | Verb.REINFORCE if command.verdict:
            return _named(case, command, _shares(command.verdict, command.verb), at)
        case Verb.ACTIVATE if command.plan:
            return _named(case, command, _planned(case, command.plan.shares), at)
        case Verb.VERIFY | Verb.CHECK | Verb.SPOT_CHECK:
            return (_sent(case, command, _PARTS[command.verb], at),)
        case Verb.PASS | Verb.FAIL:
            return (*_judged(case, command, at), *_again(case, command, target, at))
        case Verb.ACCEPT:
            return _accepted(case, command, target, at)
        case Verb.ASSIGN:
            task = task_of(case, command)
            since = task.accepted_at or at
            return (replace(task, state=TaskState.ACCEPTED, accepted_at=since, worker=command.worker),)
        case Verb.UNASSIGN:
            task = task_of(case, command)
            return (replace(task, state=TaskState.OFFERED, accepted_at=None, worker=""),)
        case Verb.SEND_BACK if target is not case.state or task_of(case, command).part is Part.ASSIST:
            task = task_of(case, command)
            return (replace(task, state=TaskState.SENT_BACK, ended_at=at, reason=command.reason),)
        case Verb.GRANT if target is not case.state:
            return _sent_back_by_consent(case, command, at)
        case Verb.FINISH:
            task = task_of(case, command)
            return (_reported(task, command, at),)
        case Verb.RETURN if case.state is State.DISPOSED and case.lead:
            return (replace(case.lead, state=TaskState.ACCEPTED, ended_at=None),)
    return ()


_PARTS = {Verb.VERIFY: Part.VERIFY, Verb.CHECK: Part.CHECK, Verb.SPOT_CHECK: Part.SPOT_CHECK}


def _shares(verdict: Verdict, verb: Verb) -> Iterator[tuple[str, Part, bool, Limit | None]]:
    if verb is Verb.DISPATCH and verdict.lead:
        yield verdict.lead, Part.LEAD, True, None
    for unit in verdict.assist:
        yield unit, Part.ASSIST, unit not in verdict.optional, None


def _planned(case: Case, shares: Iterable[Share]) -> Iterator[tuple[str, Part, bool, Limit | None]]:
    """A plan's shares, each unit once, for those that have no open task yet.

    Where a lead is at work the plan's lead assists; a plan that names no lead is led by its first unit.
    """
    busy = {task.unit for task in case.tasks if task.open}
    led = case.lead is not None and case.lead.open
    for share in sorted(shares, key=lambda share: share.part is not Part.LEAD):
        if share.unit not in busy:
            busy.add(UnitId(share.unit))
            yield share.unit, Part.ASSIST if led else Part.LEAD, share.required, share.limit
            led = True


def _named(
    case: Case, command: Command, shares: Iterable[tuple[str, Part, bool, Limit | None]], at: datetime
) -> list[Task]:
    known = {task.id for task in case.tasks}
    ids = iter(command.new_tasks)
    tasks = []
    for unit, part, required, limit in shares:
        fresh = next(ids, None)
        if fresh is None or fresh in known:
            raise Refused("task-ids-invalid", "任务编号数量不符", "each unit needs a new task id")
        known.add(fresh)
        tasks.append(
            Task(fresh, UnitId(unit), part, TaskState.OFFERED, at, case.reworks, required=required, limit=limit)
        )
    return tasks


def _sent(case: Case, command: Command, part: Part, at: datetime) -> Task:
    return Task(_fresh(case, command), None, part, TaskState.OFFERED, at, case.reworks, worker=command.worker)


def _fresh(case: Case, command: Command) -> TaskId:
    if not command.new_tasks or any(task.id == command.new_tasks[0] for task in case.tasks):
        raise Refused("task-ids-invalid", "任务编号数量不符", f"{command.verb} needs one new task id")
    return command.new_tasks[0]


def _judged(case: Case, command: Command, at: datetime) -> Iterable[Task]:
    """An inspector's verdict from the spot; none where an officer judges at the desk."""
    task = named_task(case, command)
    if task is None or not task.on_site:
        return ()
    return (replace(_reported(task, command, at), passed=command.verb is Verb.PASS),)


def _reported(task: Task, command: Command, at: datetime) -> Task:
    """The task, done, with what was said and shown of it."""
    return replace(
        task,
        state=TaskState.DONE,
        ended_at=at,
        result=command.note,
        reason=command.reason,
        photos=command.photos,
        position=command.position,
    )


def _again(case: Case, command: Command, target: State, at: datetime) -> Iterable[Task]:
    """Rework goes to the same lead unit as a new task of the next round; the first result stays as it was."""
    if command.verb is not Verb.FAIL or target is not State.PENDING_DISPOSAL:
        return ()
    if case.lead is None:
        raise Refused("task-unknown", "案件无主办任务", "a rework needs the unit that did the work")
    return (Task(_fresh(case, command), case.lead.unit, Part.LEAD, TaskState.OFFERED, at, case.reworks + 1),)


def _accepted(case: Case, command: Command, target: State, at: datetime) -> Iterable[Task]:
    """The unit takes its task. An assistant that moves the case by it has become the lead (首接负责)."""
    task = replace(task_of(case, command), state=TaskState.ACCEPTED, accepted_at=at)
    if task.part is Part.ASSIST and target is not case.state and case.lead:
        return (replace(task, part=Part.LEAD), replace(case.lead, part=Part.ASSIST))
    return (task,)


def _sent_back_by_consent(case: Case, command: Command, at: datetime) -> Iterable[Task]:
    petition = named_petition(case, command)
    if petition is None or petition.matter is not Matter.SEND_BACK or case.lead is None:
        return ()
    return (replace(case.lead, state=TaskState.SENT_BACK, ended_at=at, reason=petition.reason),)
