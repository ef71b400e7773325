"""What a command does to the tasks and deadlines of a case. Used by ``lifecycle.decide`` alone."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from domain.case import Case, Clock, Deadline, DeadlineState, State
from domain.clock import Limit
from domain.commands import Command, Verb
from domain.errors import Refused
from domain.ids import TaskId, UnitId
from domain.policy import Policy
from domain.task import Part, Task, TaskState


def task_of(case: Case, task_id: TaskId | None) -> Task:
    """The case's task with that id. Raises ``Refused``."""
    for task in case.tasks:
        if task.id == task_id:
            return task
    raise Refused("task-unknown", "案件无此任务", "take the task id from the case")


def to_expire(case: Case, command: Command) -> Deadline | None:
    """The running deadline an expiry names, if it still runs."""
    for deadline in case.deadlines:
        if (deadline.clock, deadline.cycle, deadline.state) == (
            command.clock,
            command.cycle,
            DeadlineState.RUNNING,
        ):
            return deadline
    return None


def tasks_after(case: Case | None, command: Command, at: datetime) -> tuple[Task, ...]:
    """The tasks this command makes or changes."""
    if case is None:
        return ()
    match command.verb:
        case Verb.DISPATCH if command.verdict and command.verdict.lead:
            units = (command.verdict.lead, *command.verdict.assist)
            return tuple(
                Task(task, UnitId(unit), Part.ASSIST if n else Part.LEAD, TaskState.OFFERED, at, case.reworks)
                for n, (task, unit) in enumerate(zip(command.new_tasks, units, strict=True))
            )
        case Verb.ACCEPT:
            return (replace(task_of(case, command.task), state=TaskState.ACCEPTED, accepted_at=at),)
        case Verb.SEND_BACK:
            back = replace(task_of(case, command.task), state=TaskState.SENT_BACK, ended_at=at, reason=command.reason)
            return (back, *_withdrawn(case, back, at))
        case Verb.FINISH:
            return (replace(task_of(case, command.task), state=TaskState.DONE, ended_at=at, result=command.note),)
        case Verb.FAIL:
            return _again(case, command, at)
    return ()


def _withdrawn(case: Case, back: Task, at: datetime) -> Iterable[Task]:
    """When the lead sends the case back, its assistants' open tasks end with it: the next verdict names anew."""
    if back.part is Part.ASSIST:
        return ()
    others = (t for t in case.tasks if t.open and t.id != back.id)
    return (replace(t, state=TaskState.SENT_BACK, ended_at=at, reason="lead-sent-back") for t in others)


def _again(case: Case, command: Command, at: datetime) -> tuple[Task, ...]:
    """Rework goes to the same lead unit as a new task of the next round; the first result stays as it was."""
    lead = case.lead
    if lead is None or not command.new_tasks or any(t.id == command.new_tasks[0] for t in case.tasks):
        raise Refused("task-unknown", "案件无主办任务", "a rework needs the unit that did the work")
    return (Task(command.new_tasks[0], lead.unit, Part.LEAD, TaskState.OFFERED, at, case.reworks + 1),)


STAGE_OF = {
    State.REPORTED: Clock.FILING,
    State.PENDING_DISPATCH: Clock.DISPATCH,
    State.PENDING_DISPOSAL: Clock.DISPOSAL,
    State.DISPOSING: Clock.DISPOSAL,
    State.PENDING_CHECK: Clock.CHECK,
}


def deadlines_after(
    case: Case | None, command: Command, target: State, at: datetime, policy: Policy
) -> tuple[Deadline, ...]:
    """The deadlines that end or begin with this step. A stage's clock runs while the case is in that stage."""
    if command.verb is Verb.EXPIRE and case is not None:
        missed = to_expire(case, command)
        if missed is None or missed.due_at >= at:
            raise Refused("deadline-not-due", "时限未到", "the database's clock decides")
        return (replace(missed, state=DeadlineState.MISSED, ended_at=at),)
    before, after = (STAGE_OF.get(case.state) if case else None), STAGE_OF.get(target)
    if before is after:
        return ()
    changed: list[Deadline] = []
    if case is not None and before is not None and (ending := case.running(before)):
        kept = (
            DeadlineState.STOPPED
            if command.verb is Verb.SEND_BACK and target is not State.PENDING_CHECK
            else DeadlineState.MET
        )
        state = kept if at <= ending.due_at else DeadlineState.MISSED
        changed.append(replace(ending, state=state, ended_at=at))
    if after is not None:
        limit, origin = _limit(case, after, policy)
        cycle = 1 + sum(d.clock is after for d in case.deadlines) if case else 1
        changed.append(Deadline(after, cycle, at, policy.due(at, limit), f"{origin}: {limit}"))
    return tuple(changed)


def _limit(case: Case | None, clock: Clock, policy: Policy) -> tuple[Limit, str]:
    """The limit of a stage and where it comes from: the filing condition for disposal, the policy for the rest."""
    if clock is not Clock.DISPOSAL:
        return policy.stage_limits[clock], f"policy.stage_limits.{clock}"
    condition = case.condition if case else None
    if condition is None:
        return policy.default_limit, "policy.default_limit"
    return condition.limit, f"condition {condition.id}"
