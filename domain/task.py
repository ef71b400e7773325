"""A task: what one unit is asked to do on one case, as lead (主办) or assisting (协办)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.ids import TaskId, UnitId


class Part(StrEnum):
    """主办 carries the case; 协办 helps and reports to it."""

    LEAD = "lead"
    ASSIST = "assist"


class TaskState(StrEnum):
    """Life of a task. Open ones are ``offered`` and ``accepted``."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DONE = "done"
    SENT_BACK = "sent_back"


OPEN_TASKS = frozenset({TaskState.OFFERED, TaskState.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Task:
    """One unit's share. ``round`` is 0 at first, +1 with each rework; the first result is never overwritten."""

    id: TaskId
    unit: UnitId
    part: Part
    state: TaskState
    offered_at: datetime
    round: int = 0
    accepted_at: datetime | None = None
    ended_at: datetime | None = None
    result: str = ""
    reason: str = ""

    @property
    def open(self) -> bool:
        """Whether the unit still owes an answer."""
        return self.state in OPEN_TASKS
