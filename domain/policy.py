"""What a city may decide for itself about the procedure. A city's differences live here, never in code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf

from domain.actor import Role
from domain.case import Clock, Deadline
from domain.catalogue import Urgency
from domain.clock import Calendar, Limit, TimeUnit, due, left, remaining, resumed, shifted, spent
from domain.commands import Verb
from domain.life_safety import LifeSafety
from domain.likeness import Likeness
from domain.petition import Matter
from domain.place import Level
from domain.plan import Plan
from domain.report import Source
from domain.ticket import TicketPolicy


@dataclass(frozen=True, slots=True)
class LimitRule:
    """How long a clock runs; the rule that names more of urgency and level wins, urgency before level.

    A rule for ``disposal`` that names a level also beats the filing condition's own limit.
    """

    clock: Clock
    limit: Limit
    urgency: Urgency | None = None
    level: Level | None = None
    calendar: str = ""


@dataclass(frozen=True, slots=True)
class Ladder:
    """When a clock rings, in shares of its limit: ``warn`` before the end, the breach at 1, ``rungs`` after it."""

    warn: float | None = None
    rungs: tuple[float, ...] = ()

    @property
    def alarms(self) -> tuple[float, ...]:
        """All shares, ascending."""
        return (*(() if self.warn is None else (self.warn,)), 1.0, *self.rungs)


@dataclass(frozen=True, slots=True)
class Steps:
    """Which steps exist beside the obligatory ones (filing, dispatch, disposal, check, closing).

    ``filing``: accepting (受理) and filing (立案) are two people's; ``confirm``: the department confirms its worker's
    result (部门确认); ``close``: closing (结案) is a step after the check; ``call_back``: somebody owes a 回访.
    """

    filing: bool = False
    confirm: bool = False
    close: bool = False
    call_back: bool = False


@dataclass(frozen=True, slots=True)
class OnSite:
    """What an inspector must bring from 核实, 核查 and 抽查: photos, and having been within metres of the place.

    ``required``: the check can only be passed on the spot, not at an officer's desk.
    """

    photos: int = 0
    within_m: float | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class SendBack:
    """退回: ``most`` times until the joint decision desk has it (推诿), only ``within`` a time of being offered."""

    most: int = 3
    within: Limit | None = None


@dataclass(frozen=True, slots=True)
class Reopening:
    """When a call-back re-opens a closed case, and how often that may happen to one case."""

    unsolved: bool = True
    dissatisfied: bool = False
    most: int = 2


_STAGES = (
    LimitRule(Clock.INTAKE, Limit(15, TimeUnit.MINUTE)),
    LimitRule(Clock.VERIFY, Limit(30, TimeUnit.MINUTE)),
    LimitRule(Clock.FILING, Limit(15, TimeUnit.MINUTE)),
    LimitRule(Clock.DISPATCH, Limit(15, TimeUnit.MINUTE)),
    LimitRule(Clock.CHECK, Limit(30, TimeUnit.MINUTE)),
    LimitRule(Clock.ON_SITE, Limit(30, TimeUnit.MINUTE)),
    LimitRule(Clock.CLOSE, Limit(30, TimeUnit.MINUTE)),
    LimitRule(Clock.REPLY, Limit(1, TimeUnit.WORK_DAY)),
    LimitRule(Clock.CALL_BACK, Limit(1, TimeUnit.WORK_DAY)),
    LimitRule(Clock.SPOT_CHECK, Limit(1, TimeUnit.WORK_DAY)),
)
_LADDERS = {clock: Ladder(0.8, (1.5, 2.0)) for clock in (Clock.DISPOSAL, Clock.ASSIST, Clock.CASE)}
_BREACH_ONLY = Ladder()
_GRANTED_BY = {
    Matter.EXTENSION: frozenset({Role.DISPATCHER, Role.CHIEF, Role.ADMIN}),
    Matter.SUSPENSION: frozenset({Role.DISPATCHER, Role.CHIEF, Role.ADMIN}),
    Matter.SEND_BACK: frozenset({Role.DISPATCHER, Role.CHIEF, Role.ADMIN}),
    Matter.VOID: frozenset({Role.CHIEF, Role.ADMIN}),
    Matter.APPEAL: frozenset({Role.DISPATCHER, Role.CHIEF, Role.SUPERVISOR, Role.ADMIN}),
}
_CONSENTS = {
    Matter.EXTENSION: 1,
    Matter.SUSPENSION: 1,
    Matter.SEND_BACK: 0,
    Matter.VOID: 1,
    Matter.APPEAL: 2,
}


@dataclass(frozen=True)
class Policy:
    """The switches of one city; every one is explained with an example in docs/policy.md.

    ``auto_file_from``: a classification at least this sure (0 to 1) is filed without the desk; ``auto_admit_from``:
    one at least this sure is accepted and waits for filing, where filing is a step of its own. ``auto_dispatch_from``:
    where no rule holds, a unit that history is at least this sure of gets the case. ``auto_verify``: reports of these
    sources are sent to an inspector first; ``auto_check``: finished work is. ``recovery_withdraws``: an incident of
    sensors that has passed by itself before it was dispatched ends there. ``may`` narrows who may use a verb;
    ``reasons`` are the reason codes a verb accepts, any words where none are given. ``consents``: how many must
    agree to a matter, 0 for no asking at all (退回 only). ``join_within_m`` and ``join_within``: a report this near
    (metres) and this soon joins an open case of its category, if ``likeness`` holds it alike enough.
    ``life_safety``: which reports go first when there is no room for all. ``exercise_pace``: above 1, limits run
    continuously and that many times faster (演练).
    """

    calendar: Calendar
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    limits: tuple[LimitRule, ...] = _STAGES
    default_limit: Limit = field(default_factory=lambda: Limit(5, TimeUnit.WORK_DAY))
    rework_limit: Limit | None = None
    cumulative: frozenset[Clock] = frozenset()
    ladders: Mapping[Clock, Ladder] = field(default_factory=lambda: dict(_LADDERS))
    verifying_pauses_intake: bool = False
    steps: Steps = Steps()
    may: Mapping[Verb, frozenset[Role]] = field(default_factory=dict)
    reasons: Mapping[Verb, frozenset[str]] = field(default_factory=dict)
    consents: Mapping[Matter, int] = field(default_factory=lambda: dict(_CONSENTS))
    granted_by: Mapping[Matter, frozenset[Role]] = field(default_factory=lambda: dict(_GRANTED_BY))
    extensions: int = 2
    suspensions: int = 1
    longest_suspension: timedelta = timedelta(days=365)
    send_back: SendBack = SendBack()
    first_accepts_leads: bool = False
    on_site: OnSite = OnSite()
    reopening: Reopening = Reopening()
    starting_level: Level = Level.DISTRICT
    plans: tuple[Plan, ...] = ()
    tickets: TicketPolicy = field(default_factory=TicketPolicy)
    auto_file_from: float = 0.6
    auto_admit_from: float | None = None
    auto_dispatch_from: float = inf
    auto_verify: frozenset[Source] = frozenset()
    auto_check: bool = False
    recovery_withdraws: bool = False
    join_within_m: float = 50.0
    join_within: timedelta = timedelta(hours=24)
    likeness: Likeness = field(default_factory=Likeness)
    life_safety: LifeSafety = field(default_factory=LifeSafety)
    exercise_pace: float = 1.0

    def limit(self, clock: Clock, urgency: Urgency, level: Level | None) -> LimitRule | None:
        """The rule that holds for a clock, the most particular one; None where the city sets no such limit."""
        held = [
            rule
            for rule in self.limits
            if rule.clock is clock and rule.urgency in (None, urgency) and rule.level in (None, level)
        ]
        return max(held, key=lambda rule: (rule.urgency is not None, rule.level is not None), default=None)

    def alarms(self, clock: Clock) -> tuple[float, ...]:
        """The shares of the limit at which a clock rings."""
        return self.ladders.get(clock, _BREACH_ONLY).alarms

    def due(self, start: datetime, limit: Limit, calendar: str = "") -> datetime:
        """When a limit started at ``start`` runs out."""
        return due(start, limit, self._calendar(calendar), self.exercise_pace)

    def alarm(self, due_at: datetime, limit: Limit, calendar: str, share: float) -> datetime:
        """When a share of the limit is used up, counted from its end so that pauses and extensions are kept."""
        if share == 1.0:
            return due_at
        return shifted(due_at, limit, self._calendar(calendar), share - 1.0, self.exercise_pace)

    def left(self, at: datetime, deadline: Deadline) -> timedelta:
        """What remains of a deadline, counted as its limit counts."""
        return left(at, deadline.due_at, deadline.limit, self._calendar(deadline.calendar), self.exercise_pace)

    def resumed(self, at: datetime, deadline: Deadline) -> datetime:
        """When a paused deadline runs out if it goes on at ``at``; never earlier than it was."""
        kept = deadline.left or timedelta()
        moved = resumed(at, kept, deadline.limit, self._calendar(deadline.calendar), self.exercise_pace)
        return max(moved, deadline.due_at)

    def visit(self, at: datetime, stays: list[tuple[datetime, datetime]], limit: Limit, calendar: str) -> datetime:
        """When a cumulative clock (累计耗时) runs out on this visit: earlier stays have used some of its limit."""
        own, pace = self._calendar(calendar), self.exercise_pace
        return resumed(at, remaining(limit, spent(stays, limit, own, pace), own), limit, own, pace)

    def extended(self, deadline: Deadline) -> datetime:
        """A deadline moved by one more of its own limits (延期)."""
        calendar = self._calendar(deadline.calendar)
        return shifted(deadline.due_at, deadline.limit, calendar, 1.0, self.exercise_pace)

    def _calendar(self, name: str) -> Calendar:
        return self.calendars.get(name, self.calendar) if name else self.calendar
