"""A case (案件): one incident on its way from report to verified end."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.bulletin import Bulletin
from domain.catalogue import Category, Condition, Urgency
from domain.clock import Limit
from domain.ids import CaseId, ReportId, TaskId
from domain.oversight import CallBack, Supervision
from domain.petition import Matter, Petition, PetitionState
from domain.place import Level, Place, Point
from domain.plan import Activation
from domain.report import Source
from domain.task import Part, Task, TaskState


class State(StrEnum):
    """Where a case stands. Names follow the field (domain terms in docs/glossary.md)."""

    REPORTED = "reported"
    VERIFYING = "verifying"
    NOT_ACCEPTED = "not_accepted"
    WITHDRAWN = "withdrawn"
    PENDING_FILING = "pending_filing"
    NOT_FILED = "not_filed"
    PENDING_DISPATCH = "pending_dispatch"
    JOINT_DECISION = "joint_decision"
    PENDING_DISPOSAL = "pending_disposal"
    DISPOSING = "disposing"
    SUSPENDED = "suspended"
    DISPOSED = "disposed"
    PENDING_CHECK = "pending_check"
    CHECKING = "checking"
    PENDING_CLOSE = "pending_close"
    CLOSED = "closed"
    EVALUATED = "evaluated"
    FORCE_CLOSED = "force_closed"
    VOID = "void"
    MERGED = "merged"


CLOSED_STATES = frozenset({State.CLOSED, State.EVALUATED})
"""Closed in the ordinary way: disposed of and checked. Call-back, spot check and appeal still come after."""

ENDED = CLOSED_STATES | {
    State.NOT_ACCEPTED, State.WITHDRAWN, State.NOT_FILED, State.FORCE_CLOSED, State.VOID, State.MERGED
}  # fmt: skip

UNFILED = frozenset({State.REPORTED, State.VERIFYING, State.PENDING_FILING})
"""Open, and nobody has filed it (立案) yet, or the filing was taken back."""


class Clock(StrEnum):
    """What a deadline limits: a stage of the case, the whole case, or one task or promise on it."""

    INTAKE = "intake"
    VERIFY = "verify"
    FILING = "filing"
    DISPATCH = "dispatch"
    DISPOSAL = "disposal"
    ASSIST = "assist"
    MILESTONE = "milestone"
    SUSPENSION = "suspension"
    CHECK = "check"
    ON_SITE = "on_site"
    CLOSE = "close"
    CASE = "case"
    REPLY = "reply"
    CALL_BACK = "call_back"
    SPOT_CHECK = "spot_check"


class DeadlineState(StrEnum):
    """A deadline runs or is paused; it was met or missed (a missed one stays missed), or stopped with its work."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Deadline:
    """A promise with a date, frozen on the case when it is set, with the limit and calendar it counts by.

    ``cycle`` counts the times this clock was set on this case; ``origin`` names what the limit came from. ``task`` is
    the task it binds, None for a stage or the case. ``first_due_at`` is what was promised first, where an extension,
    a pause or a merge has moved it since. ``left`` is what remained when it was paused. ``alarms`` are the shares of
    the limit at which it will still ring (0.8 warns, 1 is the breach, above 1 escalates), ``alarm_at`` when the first
    of them does. A missed one ends (``ended_at``) when its work does. ``exempt``: an appeal was granted; it does not
    count against the unit, and stays missed.
    """

    clock: Clock
    cycle: int
    set_at: datetime
    due_at: datetime
    origin: str
    limit: Limit
    calendar: str = ""
    state: DeadlineState = DeadlineState.RUNNING
    task: TaskId | None = None
    first_due_at: datetime | None = None
    left: timedelta | None = None
    alarms: tuple[float, ...] = ()
    alarm_at: datetime | None = None
    ended_at: datetime | None = None
    exempt: bool = False

    @property
    def open(self) -> bool:
        """Whether the work it binds is still to be done, in time or late."""
        return self.ended_at is None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an adviser said, how sure it was (0 to 1), and why, in words for the person who asks."""

    by: str
    confidence: float
    reason: str
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A unit that history speaks for, with the probability that it is the right one (0 to 1)."""

    unit: str
    probability: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who must act, and why: the rule, its rulebook, the facts that decided, the rules that were passed over.

    ``lead`` is None where no rule matched; the case then waits at the duty desk, with ``suggested`` units if history
    knows any. ``optional`` names the assistants that need not have reported before the lead finishes. ``plan`` is the
    emergency plan the rule starts, ``limit`` replaces the condition's limit of disposal, ``instruction`` is for the
    unit, ``choice`` are the units the rule left a choice between, ``changes`` says what would have changed the outcome.
    """

    lead: str | None
    assist: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    rule: str = ""
    rulebook: str = ""
    reason: str = ""
    passed_over: tuple[str, ...] = ()
    plan: str = ""
    limit: Limit | None = None
    instruction: str = ""
    choice: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    suggested: tuple[Suggestion, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """The aggregate: everything the law needs to decide, and the snapshots that explain it later.

    What callers wrote is not here: it stays with the reports, so that it never leaves by way of an event. Nor is who
    stands behind it: ``behind`` is their number, ``domain.crowd`` knows them. ``absorbed`` are merged into this one.
    ``verified`` is the inspector's word before filing; ``jointly``: the joint decision desk has named the unit, which
    cannot send it back any more; ``resumes`` is the state a suspended case goes on in; ``level`` is who handles it.
    ``closing`` is ``met`` (the closing condition holds) or ``notice`` (告知性结案). ``alert`` is the last
    message to the public. ``component`` is the code of the component it is about, ``caller`` the kind of the first
    caller, ``tags`` what the first report's words were heard to speak of: what the rulebook may ask. ``recovered`` are
    reports of sensors that have all recovered.
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
    behind: int = 0
    tasks: tuple[Task, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    filed_at: datetime | None = None
    dispatched_at: datetime | None = None
    ended_at: datetime | None = None
    send_backs: int = 0
    reworks: int = 0
    escalation: int = 0
    urges: int = 0
    reopened: int = 0
    end_reason: str = ""
    closing: str = ""
    level: Level | None = None
    verified: bool | None = None
    jointly: bool = False
    resumes: State | None = None
    merged_into: CaseId | None = None
    absorbed: tuple[CaseId, ...] = ()
    plan: Activation | None = None
    alert: Bulletin | None = None
    petitions: tuple[Petition, ...] = ()
    supervisions: tuple[Supervision, ...] = ()
    call_backs: tuple[CallBack, ...] = ()
    component: str = ""
    caller: str = ""
    tags: tuple[str, ...] = ()
    recovered: tuple[ReportId, ...] = ()

    @property
    def open(self) -> bool:
        """Whether the loop is not closed yet."""
        return self.state not in ENDED

    @property
    def overdue(self) -> bool:
        """Whether any promise on this case was missed and not excused; later work does not erase it."""
        return any(d.state is DeadlineState.MISSED and not d.exempt for d in self.deadlines)

    @property
    def lead(self) -> Task | None:
        """The latest task of a lead unit; None before dispatch and after it went back or was taken away."""
        lead = next((task for task in reversed(self.tasks) if task.part is Part.LEAD), None)
        return None if lead is None or lead.state in (TaskState.SENT_BACK, TaskState.CANCELLED) else lead

    def running(self, clock: Clock) -> Deadline | None:
        """The deadline of a clock that still binds somebody, running, paused or missed; the latest if several."""
        return next((d for d in reversed(self.deadlines) if d.clock is clock and d.open), None)

    def asked(self, matter: Matter) -> Petition | None:
        """The petition on a matter that waits for an answer, if any."""
        return next((p for p in self.petitions if p.matter is matter and p.state is PetitionState.ASKED), None)
