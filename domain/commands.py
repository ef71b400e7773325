"""What one may ask of the law (imperative). Doors build these; ``lifecycle.decide`` answers them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.actor import Actor
from domain.case import Case, Clock, Judgement, Verdict
from domain.catalogue import Category, Condition, Urgency
from domain.ids import CaseId, ReportId, TaskId
from domain.petition import PetitionId
from domain.place import Level, Place, Point
from domain.plan import Activation
from domain.report import Source
from domain.standing import STRANGER, Standing


class Verb(StrEnum):
    """Everything that can be done to a case; the Chinese word of trade stands in the transition table."""

    REGISTER = "register"
    ADMIT = "admit"
    FILE = "file"
    JOIN = "join"
    VERIFY = "verify"
    REFUSE = "refuse"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    RETURN = "return"
    DISPATCH = "dispatch"
    DEFER = "defer"
    RECALL = "recall"
    REINFORCE = "reinforce"
    ACTIVATE = "activate"
    ACCEPT = "accept"
    ASSIGN = "assign"
    UNASSIGN = "unassign"
    SEND_BACK = "send-back"
    REACH = "reach"
    FINISH = "finish"
    CONFIRM = "confirm"
    CHECK = "check"
    PASS = "pass"  # noqa: S105  (核查通过, not a secret)
    FAIL = "fail"
    CLOSE = "close"
    CALL_BACK = "call-back"
    REOPEN = "reopen"
    SPOT_CHECK = "spot-check"
    EXTEND = "request-extension"
    SUSPEND = "request-suspension"
    CANCEL = "request-void"
    APPEAL = "appeal"
    GRANT = "grant"
    DENY = "deny"
    RESUME = "resume"
    URGE = "urge"
    SUPERVISE = "supervise"
    REPLY = "reply"
    MERGE = "merge"
    ABSORB = "absorb"
    SPLIT = "split"
    RELEASE = "release"
    RAISE = "raise"
    LOWER = "lower"
    FORCE_CLOSE = "force-close"
    RECOVER = "recover"
    WARN = "warn"
    EXPIRE = "expire"
    ESCALATE = "escalate"


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
    component: str = ""
    caller: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What a caller answered to a 回访: three verdicts kept apart, None where they could not say."""

    contacted: bool | None = None
    solved: bool | None = None
    satisfied: bool | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """One request to the law. Which fields a verb needs is said in the transition table's documentation.

    ``case`` is None for the verbs that open a case. ``expected`` is the version the caller looked at; None for
    the system's own commands, which are idempotent by state. ``clock``, ``cycle`` and ``share`` name the alarm that
    rings, ``clock`` and ``cycle`` also the deadline of an appeal. ``new_tasks`` are fresh ids, one for each task the
    verb makes; ``new_id`` is one for the petition it makes. ``worker`` is whom a unit assigns, or the inspector who
    is sent. ``other`` is the second case of a merge or split, as it is at that moment. ``replies`` with a supervision
    means that a reply is owed. ``standing`` is how ``report`` stands to the case, ``reports`` those that come or go
    with an absorbed or released case: what only the rows beside the cases know (``domain.crowd``).
    """

    verb: Verb
    actor: Actor
    case: CaseId | None = None
    expected: int | None = None
    opening: Opening | None = None
    report: ReportId | None = None
    task: TaskId | None = None
    new_tasks: tuple[TaskId, ...] = ()
    new_id: UUID | None = None
    verdict: Verdict | None = None
    category: Category | None = None
    condition: Condition | None = None
    place: Place | None = None
    reason: str = ""
    note: str = ""
    clock: Clock | None = None
    cycle: int = 0
    share: float = 1.0
    worker: str = ""
    photos: tuple[str, ...] = ()
    position: Point | None = None
    closing: str = ""
    petition: PetitionId | None = None
    until: datetime | None = None
    said: Said | None = None
    level: Level | None = None
    replies: bool = False
    plan: Activation | None = None
    other: Case | None = None
    standing: Standing = STRANGER
    reports: tuple[ReportId, ...] = ()
