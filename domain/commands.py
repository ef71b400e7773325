"""What one may ask of the law (imperative). Doors build these; ``lifecycle.decide`` answers them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.case import Clock, Judgement, Verdict
from domain.catalogue import Category, Condition, Urgency
from domain.ids import CaseId, ReportId, TaskId, UnitId
from domain.place import Place, Point
from domain.report import Source


class Role(StrEnum):
    """Who may act. ``system`` is our own advisers and clocks; the others come with an API key."""

    SYSTEM = "system"
    INSPECTOR = "inspector"
    HOTLINE = "hotline"
    DESK = "desk"
    DISPATCHER = "dispatcher"
    UNIT = "unit"
    OFFICER = "officer"
    VIEWER = "viewer"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts: the client or process, its role, and for a department its unit."""

    id: str
    role: Role
    unit: UnitId | None = None


SYSTEM = Actor("cityloop", Role.SYSTEM)


class Verb(StrEnum):
    """Everything that can be done to a case."""

    REGISTER = "register"
    FILE = "file"
    JOIN = "join"
    REFUSE = "refuse"
    DISPATCH = "dispatch"
    DEFER = "defer"
    ACCEPT = "accept"
    SEND_BACK = "send-back"
    FINISH = "finish"
    PASS = "pass"  # noqa: S105  (核查通过, not a secret)
    FAIL = "fail"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True)
class Opening:
    """What a new case starts from: the report, the advisers' judgements, and the ids it will carry."""

    case: CaseId
    no: str
    report: ReportId
    source: Source
    place: Place
    point: Point | None
    urgency: Urgency
    what: Judgement
    category: Category | None
    condition: Condition | None
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """One request to the law. Which fields a verb needs is said in the transition table's documentation.

    ``case`` is None for the two verbs that open a case. ``expected`` is the version the caller looked at; None for
    the system's own commands, which are idempotent by state. ``clock`` and ``cycle`` name the deadline to expire.
    """

    verb: Verb
    actor: Actor
    case: CaseId | None = None
    expected: int | None = None
    opening: Opening | None = None
    report: ReportId | None = None
    task: TaskId | None = None
    new_tasks: tuple[TaskId, ...] = ()
    verdict: Verdict | None = None
    category: Category | None = None
    condition: Condition | None = None
    place: Place | None = None
    reason: str = ""
    note: str = ""
    clock: Clock | None = None
    cycle: int = 0
    asked_at: datetime | None = None
