"""A case (案件): one incident on its way from report to verified end."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.catalogue import Category, Condition, Urgency
from domain.ids import CaseId, ReportId
from domain.place import Place, Point
from domain.report import Source
from domain.task import Part, Task, TaskState


class State(StrEnum):
    """Where a case stands. Names follow the field (domain terms in docs/glossary.md)."""

    REPORTED = "reported"
    NOT_ACCEPTED = "not_accepted"
    PENDING_DISPATCH = "pending_dispatch"
    PENDING_DISPOSAL = "pending_disposal"
    DISPOSING = "disposing"
    PENDING_CHECK = "pending_check"
    CLOSED = "closed"


ENDED = frozenset({State.NOT_ACCEPTED, State.CLOSED})


class Clock(StrEnum):
    """Which stage a deadline belongs to."""

    FILING = "filing"
    DISPATCH = "dispatch"
    DISPOSAL = "disposal"
    CHECK = "check"


class DeadlineState(StrEnum):
    """A deadline runs, was met, or was missed (a missed one stays missed), or was stopped: the work was sent back."""

    RUNNING = "running"
    MET = "met"
    MISSED = "missed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Deadline:
    """A promise with a date, frozen on the case when it is set.

    ``cycle`` counts the times this clock was set on this case; ``origin`` names the limit it came from.
    """

    clock: Clock
    cycle: int
    set_at: datetime
    due_at: datetime
    origin: str
    state: DeadlineState = DeadlineState.RUNNING
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an adviser said, how sure it was (0 to 1), and why, in words for the person who asks."""

    by: str
    confidence: float
    reason: str
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who must act, and why: the rule, its rulebook, the facts that decided, the rules that were passed over.

    ``lead`` is None where no rule matched; the case then waits at the duty desk.
    """

    lead: str | None
    assist: tuple[str, ...] = ()
    rule: str = ""
    rulebook: str = ""
    reason: str = ""
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """The aggregate: everything the law needs to decide, and the snapshots that explain it later.

    What people wrote is not here: it stays with the reports, so that it never leaves by way of an event.
    """

    id: CaseId
    no: str
    version: int
    state: State
    source: Source
    urgency: Urgency
    opened_at: datetime
    updated_at: datetime
    place: Place
    point: Point | None = None
    category: Category | None = None
    condition: Condition | None = None
    what: Judgement | None = None
    verdict: Verdict | None = None
    occurred_at: datetime | None = None
    reports: tuple[ReportId, ...] = ()
    tasks: tuple[Task, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    filed_at: datetime | None = None
    dispatched_at: datetime | None = None
    ended_at: datetime | None = None
    send_backs: int = 0
    reworks: int = 0
    escalation: int = 0
    end_reason: str = ""

    @property
    def open(self) -> bool:
        """Whether anything may still happen to it."""
        return self.state not in ENDED

    @property
    def overdue(self) -> bool:
        """Whether any promise on this case was missed; later work does not erase it."""
        return any(d.state is DeadlineState.MISSED for d in self.deadlines)

    @property
    def lead(self) -> Task | None:
        """The latest task of a lead unit; None before dispatch and after it was sent back."""
        lead = next((task for task in reversed(self.tasks) if task.part is Part.LEAD), None)
        return None if lead is None or lead.state is TaskState.SENT_BACK else lead

    def running(self, clock: Clock) -> Deadline | None:
        """The running deadline of a stage, if any."""
        for deadline in self.deadlines:
            if deadline.clock is clock and deadline.state is DeadlineState.RUNNING:
                return deadline
        return None
