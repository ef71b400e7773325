"""What has happened (past participle). Events are the history, the outbox and the stream: one record for all three.

An event holds all that is needed to apply it, so that replaying a case's events gives the case. It holds no personal
data and nothing a citizen wrote.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.case import Deadline, State, Verdict
from domain.catalogue import Category, Condition
from domain.commands import Actor, Opening, Verb
from domain.ids import CaseId, ReportId, TaskId
from domain.place import Place
from domain.task import Task

NAMES: dict[Verb, str] = {
    Verb.REGISTER: "registered",
    Verb.FILE: "filed",
    Verb.JOIN: "joined",
    Verb.REFUSE: "refused",
    Verb.DISPATCH: "dispatched",
    Verb.DEFER: "deferred",
    Verb.ACCEPT: "accepted",
    Verb.SEND_BACK: "sent_back",
    Verb.FINISH: "finished",
    Verb.PASS: "passed",
    Verb.FAIL: "failed",
    Verb.EXPIRE: "expired",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One step of one case. ``state`` is the state after it; ``version`` is 1 for the first and has no gaps."""

    case: CaseId
    version: int
    type: str
    at: datetime
    actor: Actor
    state: State
    opening: Opening | None = None
    report: ReportId | None = None
    task: TaskId | None = None
    category: Category | None = None
    condition: Condition | None = None
    place: Place | None = None
    verdict: Verdict | None = None
    tasks: tuple[Task, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    reason: str = ""
    note: str = ""
