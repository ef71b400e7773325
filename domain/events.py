"""What has happened (past participle). Events are the history, the outbox and the stream: one record for all three.

An event holds all that is needed to apply it, so that replaying a case's events gives the case. It holds no personal
data and nothing a citizen wrote.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.actor import Actor
from domain.bulletin import Bulletin
from domain.case import Deadline, State, Verdict
from domain.catalogue import Category, Condition
from domain.commands import Opening, Verb
from domain.ids import CaseId, ReportId, TaskId
from domain.oversight import CallBack, Supervision
from domain.petition import Petition
from domain.place import Level, Place
from domain.plan import Activation
from domain.task import Task

NAMES: dict[Verb, str] = {
    Verb.REGISTER: "registered",
    Verb.ADMIT: "admitted",
    Verb.FILE: "filed",
    Verb.JOIN: "joined",
    Verb.VERIFY: "sent_to_verify",
    Verb.REFUSE: "refused",
    Verb.DECLINE: "declined",
    Verb.WITHDRAW: "withdrawn",
    Verb.RETURN: "returned",
    Verb.DISPATCH: "dispatched",
    Verb.DEFER: "deferred",
    Verb.RECALL: "recalled",
    Verb.REINFORCE: "reinforced",
    Verb.ACTIVATE: "activated",
    Verb.ACCEPT: "accepted",
    Verb.ASSIGN: "assigned",
    Verb.UNASSIGN: "unassigned",
    Verb.SEND_BACK: "sent_back",
    Verb.REACH: "reached",
    Verb.FINISH: "finished",
    Verb.CONFIRM: "confirmed",
    Verb.CHECK: "sent_to_check",
    Verb.PASS: "passed",
    Verb.FAIL: "failed",
    Verb.CLOSE: "closed",
    Verb.CALL_BACK: "called_back",
    Verb.REOPEN: "reopened",
    Verb.SPOT_CHECK: "drawn",
    Verb.EXTEND: "extension_requested",
    Verb.SUSPEND: "suspension_requested",
    Verb.CANCEL: "void_requested",
    Verb.APPEAL: "appealed",
    Verb.GRANT: "granted",
    Verb.DENY: "denied",
    Verb.RESUME: "resumed",
    Verb.URGE: "urged",
    Verb.SUPERVISE: "supervised",
    Verb.REPLY: "replied",
    Verb.MERGE: "merged",
    Verb.ABSORB: "absorbed",
    Verb.SPLIT: "split",
    Verb.RELEASE: "released",
    Verb.RAISE: "raised",
    Verb.LOWER: "lowered",
    Verb.FORCE_CLOSE: "force_closed",
    Verb.RECOVER: "recovered",
    Verb.WARN: "warned",
    Verb.EXPIRE: "expired",
    Verb.ESCALATE: "escalated",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One step of one case. ``state`` is the state after it; ``version`` is 1 for the first and has no gaps.

    ``tasks``, ``deadlines`` and ``petitions`` are those the step made or changed, as they are after it. ``reports``
    are those that came (join, absorb) or went (withdraw, release), or whose sensors are well (recover); ``other`` is
    the second case of a merge or split. ``alert`` is the message to the public that leaves with the step, whole.
    """

    case: CaseId
    version: int
    type: str
    at: datetime
    actor: Actor
    state: State
    opening: Opening | None = None
    reports: tuple[ReportId, ...] = ()
    task: TaskId | None = None
    category: Category | None = None
    condition: Condition | None = None
    place: Place | None = None
    verdict: Verdict | None = None
    tasks: tuple[Task, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    petitions: tuple[Petition, ...] = ()
    supervision: Supervision | None = None
    call_back: CallBack | None = None
    plan: Activation | None = None
    level: Level | None = None
    alert: Bulletin | None = None
    other: CaseId | None = None
    closing: str = ""
    reason: str = ""
    note: str = ""
