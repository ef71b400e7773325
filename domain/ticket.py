"""A 12345 ticket (热线工单): what the hotline owes the caller of one report, beside whatever case the report is behind.

The limits of the hotline run parallel to those of the case (domain/case.py): the case asks whether the thing was put
right, the ticket whether somebody spoke to the caller and answered. The law is in domain/ticket_law.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.catalogue import Category, Urgency
from domain.clock import Limit, TimeUnit
from domain.ids import ReportId
from domain.oversight import CallBack

FIRST_VERSION = 2
"""A ticket's history goes on where its report's began: version 1 of the subject is the report's acceptance."""


class Appeal(StrEnum):
    """What the caller wants: 咨询, 求助, 投诉, 举报, 建议 (北京市接诉即办工作条例)."""

    INQUIRY = "inquiry"
    HELP = "help"
    COMPLAINT = "complaint"
    TIP = "tip"
    SUGGESTION = "suggestion"


class Tier(StrEnum):
    """How soon the caller is owed an answer: 突发, 水电气热, 一般, 疑难; the gravest first."""

    EMERGENCY = "emergency"
    URGENT = "urgent"
    GENERAL = "general"
    HARD = "hard"


class TicketState(StrEnum):
    """Where a ticket stands: 待联系, 已先行联系, 已答复 (待回访), 已办结, 已撤回."""

    OPEN = "open"
    CONTACTED = "contacted"
    ANSWERED = "answered"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


OWING = frozenset({TicketState.OPEN, TicketState.CONTACTED})
"""The caller still waits for an answer."""
FINAL = frozenset({TicketState.ENDED, TicketState.WITHDRAWN})


class PromiseKind(StrEnum):
    """What was promised: 先行联系 (somebody speaks to the caller first) or 答复 (the answer)."""

    CONTACT = "contact"
    ANSWER = "answer"


class PromiseState(StrEnum):
    """A promise runs, was met, or was missed (and stays missed), or stopped: withdrawn or replaced in time."""

    RUNNING = "running"
    MET = "met"
    MISSED = "missed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise to the caller, frozen with its date when it is made.

    ``set_at`` is when its limit began to count. ``ended_at`` is when it was kept, in time or late, or stopped, or
    replaced; None while it is owed, be it missed already.
    """

    kind: PromiseKind
    limit: Limit
    set_at: datetime
    due_at: datetime
    state: PromiseState = PromiseState.RUNNING
    ended_at: datetime | None = None

    @property
    def owed(self) -> bool:
        """Whether the caller still waits for it."""
        return self.ended_at is None


@dataclass(frozen=True, slots=True)
class Ticket:
    """The aggregate. Nothing said to or by the caller is here: those words are kept apart and never leave by events.

    ``counts_from`` is what the present limits count from: the receipt of the report, or the last re-opening.
    """

    report: ReportId
    version: int
    state: TicketState
    appeal: Appeal
    tier: Tier
    received_at: datetime
    updated_at: datetime
    counts_from: datetime
    promises: tuple[Promise, ...]
    call_backs: tuple[CallBack, ...] = ()
    reopened: int = 0
    ended_at: datetime | None = None

    @property
    def overdue(self) -> bool:
        """Whether any promise was missed; keeping it late does not erase that."""
        return any(promise.state is PromiseState.MISSED for promise in self.promises)

    @property
    def next_due_at(self) -> datetime | None:
        """When the next promise that still runs is due; what the alarm clock waits for."""
        return min((p.due_at for p in self.promises if p.state is PromiseState.RUNNING), default=None)

    @property
    def due_at(self) -> datetime:
        """The earliest date still owed, in time or late; where nothing is owed, the date of the last answer."""
        return min((p.due_at for p in self.promises if p.owed), default=self.latest(PromiseKind.ANSWER).due_at)

    def latest(self, kind: PromiseKind) -> Promise:
        """The present promise of a kind: the last one made."""
        return next(promise for promise in reversed(self.promises) if promise.kind is kind)


def _limits() -> dict[Tier, Limit]:
    return {
        Tier.EMERGENCY: Limit(2, TimeUnit.HOUR),
        Tier.URGENT: Limit(24, TimeUnit.HOUR),
        Tier.GENERAL: Limit(7, TimeUnit.NATURAL_DAY),
        Tier.HARD: Limit(15, TimeUnit.NATURAL_DAY),
    }


def _tiers() -> dict[Urgency, Tier]:
    return {Urgency.NORMAL: Tier.GENERAL, Urgency.URGENT: Tier.URGENT, Urgency.CRITICAL: Tier.EMERGENCY}


_GRAVITY = tuple(Tier)


@dataclass(frozen=True)
class TicketPolicy:
    """What a city decides for itself about its hotline.

    ``limits`` are the answer's, by tier (DB11 «12345市民服务热线服务与管理规范»: 2 h, 24 h, 7 d, 15 d); ``contact`` is
    that of 先行联系 (Shanghai: one working day). ``tiers`` says which urgency means which tier; ``category_tiers``
    which category does, by its key (water, power, gas, heat); the graver of the two holds. ``hard`` is what the desk
    makes of a ticket and none begins as. A call-back re-opens a ticket if the caller says it is not solved, or not
    satisfied, as set here, at most ``reopen_most`` times. A caller who cannot be reached is tried
    ``call_back_attempts`` times.
    """

    limits: Mapping[Tier, Limit] = field(default_factory=_limits)
    contact: Limit = field(default_factory=lambda: Limit(1, TimeUnit.WHOLE_WORK_DAY))
    tiers: Mapping[Urgency, Tier] = field(default_factory=_tiers)
    category_tiers: Mapping[str, Tier] = field(default_factory=dict)
    reopen_unsolved: bool = True
    reopen_dissatisfied: bool = False
    reopen_most: int = 2
    call_back_attempts: int = 3

    def tier(self, urgency: Urgency, category: Category | None) -> Tier:
        """The tier a ticket begins in."""
        by_urgency = self.tiers.get(urgency, Tier.GENERAL)
        by_category = self.category_tiers.get(category.key, by_urgency) if category else by_urgency
        return min(by_urgency, by_category, key=_GRAVITY.index)

    def reopens(self, ticket: Ticket, said: CallBack) -> bool:
        """Whether what the caller says opens the ticket again."""
        unsolved = self.reopen_unsolved and said.solved is False
        dissatisfied = self.reopen_dissatisfied and said.satisfied is False
        return (unsolved or dissatisfied) and ticket.reopened < self.reopen_most
