"""A task: one share of the work on one case, with its own acknowledgement, clock and result.

Departments carry (主办) or assist (协办); inspectors verify before filing (核实), check after disposal (核查) and
re-check at random (抽查).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.clock import Limit
from domain.ids import TaskId, UnitId
from domain.place import Point


class Part(StrEnum):
    """主办 carries the case, 协办 helps and reports to it; 核实, 核查 and 抽查 are an inspector's."""

    LEAD = "lead"
    ASSIST = "assist"
    VERIFY = "verify"
    CHECK = "check"
    SPOT_CHECK = "spot_check"


ON_SITE = frozenset({Part.VERIFY, Part.CHECK, Part.SPOT_CHECK})


class TaskState(StrEnum):
    """Life of a task. Open ones are ``offered`` and ``accepted``; a cancelled one was no longer needed."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DONE = "done"
    SENT_BACK = "sent_back"
    CANCELLED = "cancelled"


OPEN_TASKS = frozenset({TaskState.OFFERED, TaskState.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Task:
    """One share. ``unit`` is None for an inspector's task; ``worker`` is who goes there, if somebody was named.

    ``round`` is 0 at first, +1 with each rework; the first result is never overwritten. ``required`` assistants must
    have reported before the lead can finish. ``limit`` is the task's own where a plan or the policy gives one.
    ``photos`` name attachments; ``passed`` is an inspector's verdict.
    """

    id: TaskId
    unit: UnitId | None
    part: Part
    state: TaskState
    offered_at: datetime
    round: int = 0
    accepted_at: datetime | None = None
    ended_at: datetime | None = None
    result: str = ""
    reason: str = ""
    worker: str = ""
    required: bool = True
    limit: Limit | None = None
    photos: tuple[str, ...] = ()
    position: Point | None = None
    passed: bool | None = None

    @property
    def open(self) -> bool:
        """Whether somebody still owes an answer."""
        return self.state in OPEN_TASKS

    @property
    def on_site(self) -> bool:
        """Whether it is an inspector's task."""
        return self.part in ON_SITE
