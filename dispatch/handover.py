"""What one shift leaves to the next (交接班): the unit's open tasks, what presses, what waits for an answer. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.case import Case, Clock, Deadline, DeadlineState
from domain.petition import Matter, PetitionState
from domain.task import Part, Task


@dataclass(frozen=True, slots=True)
class Left:
    """One open task. ``due_at`` is its nearest promise that runs or was missed; None where none does.

    ``overdue``: a promise on it was missed and not excused; ``due_soon``: the next falls before the coming shift ends;
    ``fresh``: it came within the shift. ``asked`` are petitions that wait for an answer, ``replies_owed`` supervisions
    (督办) that the unit has not answered.
    """

    case: Case
    task: Task
    due_at: datetime | None
    overdue: bool
    due_soon: bool
    fresh: bool
    asked: tuple[Matter, ...]
    replies_owed: int


def left_over(tasks: Iterable[tuple[UUID, Case]], since: datetime, soon: datetime) -> list[Left]:
    """The open tasks of a unit, each by its id with its case, the most pressing first.

    ``since`` is when the leaving shift began, ``soon`` when the coming one ends.
    """
    found = [_left(case, task, since, soon) for id_, case in tasks for task in case.tasks if task.id == id_]
    return sorted(found, key=lambda left: (left.due_at is None, left.due_at or left.task.offered_at, left.case.no))


def _left(case: Case, task: Task, since: datetime, soon: datetime) -> Left:
    promises = _promises(case, task)
    due_at = min((promise.due_at for promise in promises), default=None)
    overdue = any(promise.state is DeadlineState.MISSED and not promise.exempt for promise in promises)
    return Left(
        case=case,
        task=task,
        due_at=due_at,
        overdue=overdue,
        due_soon=due_at is not None and not overdue and due_at <= soon,
        fresh=task.offered_at >= since,
        asked=tuple(petition.matter for petition in case.petitions if petition.state is PetitionState.ASKED),
        replies_owed=sum(one.reply_due and one.replied_at is None for one in case.supervisions),
    )


def _promises(case: Case, task: Task) -> Sequence[Deadline]:
    """What binds a task: its own deadlines, for the lead also those of disposal; what is paused presses nobody."""
    clocks = {Clock.DISPOSAL, Clock.MILESTONE} if task.part is Part.LEAD else set()
    return [
        promise
        for promise in case.deadlines
        if promise.open
        and promise.state is not DeadlineState.PAUSED
        and (promise.task == task.id or (promise.task is None and promise.clock in clocks))
    ]
