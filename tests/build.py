"""Builders for tests: the small city 云河, its calendar and people, and cases told as stories step by step.

A case is never put together by hand: ``Story`` brings it where a test needs it through the law itself.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.case import Case, Clock, Deadline, Judgement, State, Verdict
from domain.catalogue import Category, Condition, Kind, Urgency
from domain.clock import Calendar, Limit, TimeUnit
from domain.commands import SYSTEM, Actor, Command, Opening, Role, Verb
from domain.events import Event
from domain.evolution import evolve
from domain.ids import CaseId, CaseNo, ReportId, TaskId, UnitId
from domain.lifecycle import Decision, decide
from domain.place import Crs, Place, Point
from domain.policy import Policy
from domain.report import Report, Source
from domain.task import Part, Task

ZONE = ZoneInfo("Asia/Shanghai")
_numbers = count(1)


def an_id() -> UUID:
    """A fresh identifier."""
    return UUID(int=next(_numbers))


def at(text: str, zone: ZoneInfo = ZONE) -> datetime:
    """``"Mon 2026-11-16 09:00"`` in local time; the weekday must be the true one."""
    moment = datetime.strptime(text, "%a %Y-%m-%d %H:%M").replace(tzinfo=zone)
    assert moment.strftime("%a") == text[:3], f"{text} is a {moment:%A}"
    return moment


def days(first: str, last: str) -> frozenset[date]:
    """All days from ``first`` to ``last``, both included."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return frozenset(start + timedelta(days=n) for n in range((end - start).days + 1))


# 国务院办公厅关于2025年、2026年部分节假日安排的通知
HOLIDAYS = (
    days("2025-01-01", "2025-01-01")
    | days("2025-01-28", "2025-02-04")
    | days("2025-04-04", "2025-04-06")
    | days("2025-05-01", "2025-05-05")
    | days("2025-05-31", "2025-06-02")
    | days("2025-10-01", "2025-10-08")
    | days("2026-01-01", "2026-01-03")
    | days("2026-02-15", "2026-02-23")
    | days("2026-04-04", "2026-04-06")
    | days("2026-05-01", "2026-05-05")
    | days("2026-06-19", "2026-06-21")
    | days("2026-09-25", "2026-09-27")
    | days("2026-10-01", "2026-10-07")
)
MAKEUP_DAYS = frozenset(
    map(
        date.fromisoformat,
        [
            *("2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11"),
            *("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"),
        ],
    )
)
CALENDAR = Calendar(ZONE, holidays=HOLIDAYS, makeup_days=MAKEUP_DAYS)
MONDAY = at("Mon 2026-11-16 09:00").astimezone(UTC)

DESK = Actor("desk-1", Role.DESK)
DISPATCHER = Actor("dispatcher-1", Role.DISPATCHER)
OFFICER = Actor("officer-1", Role.OFFICER)
ROADS, DRAINS, PARKS = UnitId("roads"), UnitId("drains"), UnitId("parks")


def worker(unit: str) -> Actor:
    """Somebody who works for a unit."""
    return Actor(f"{unit}-1", Role.UNIT, UnitId(unit))


def an_actor(role: Role, unit: str | None = None) -> Actor:
    """Somebody of a role; only units have a unit."""
    return SYSTEM if role is Role.SYSTEM else Actor(f"{role}-1", role, UnitId(unit) if unit else None)


def a_policy(**changes: Any) -> Policy:
    """The city's procedure as it is by default."""
    return replace(Policy(CALENDAR), **changes)


def a_category(code: str = "01001", **changes: Any) -> Category:
    """A category: 道路破损 unless said otherwise."""
    return replace(Category("gbt", Kind.EVENT, code, "道路破损", code[:2], "道路"), **changes)


def a_condition(category: Category | None = None, **changes: Any) -> Condition:
    """A filing condition with a limit of 4 工作时."""
    key = (category or a_category()).key
    return replace(
        Condition(f"{key}/1", key, "路面破损", "修复", Limit(4, TimeUnit.WORK_HOUR), Urgency.NORMAL), **changes
    )


def a_point(lon: float = 116.40, lat: float = 39.90, crs: Crs = Crs.CGCS2000) -> Point:
    """A point in the city."""
    return Point(lon, lat, crs)


def a_place(**changes: Any) -> Place:
    """A unit grid with everything above it."""
    path = ("yh", "yh-east", "yh-east-01", "yh-east-01-001", "110101001001001")
    return replace(Place(path, path[-1]), **changes)


def a_report(**changes: Any) -> Report:
    """A hotline call about a hole in the road."""
    report_id = ReportId(an_id())
    return replace(
        Report(report_id, Source.HOTLINE, "12345", str(report_id), MONDAY, text="中山路有个大坑", point=a_point()),
        **changes,
    )


def a_verdict(lead: str | None = ROADS, assist: tuple[str, ...] = (), **changes: Any) -> Verdict:
    """What the rulebook said."""
    return replace(Verdict(lead, assist, "R-1" if lead else "", "book-1", "because"), **changes)


def an_opening(**changes: Any) -> Opening:
    """What a sure case starts from: category, condition and place are known."""
    number = next(_numbers)
    opening = Opening(
        case=CaseId(an_id()),
        no=str(CaseNo("YH", date(2026, 11, 16), number)),
        report=ReportId(an_id()),
        source=Source.HOTLINE,
        place=a_place(),
        point=a_point(),
        urgency=Urgency.NORMAL,
        what=Judgement("code", 1.0, "code given by the source"),
        category=a_category(),
        condition=a_condition(),
    )
    return replace(opening, **changes)


class Story:
    """One case on its way: every step asks the law, a minute after the one before, and is remembered."""

    def __init__(self, start: datetime = MONDAY, policy: Policy | None = None) -> None:
        self.policy = policy or a_policy()
        self.now = start
        self.happened: list[Event] = []
        self._case: Case | None = None

    @property
    def case(self) -> Case:
        """The case as it stands."""
        assert self._case is not None, "the story has not begun"
        return self._case

    def ask(self, command: Command, moment: datetime | None = None) -> Decision:
        """What the law would say; nothing happens."""
        return decide(self._case, command, moment or self.now, self.policy)

    def do(self, command: Command, moment: datetime | None = None) -> "Story":
        """A step that the law allows; by default a minute after the last."""
        self.now = moment or self.now + timedelta(minutes=1)
        decision = self.ask(command)
        self._case = decision.case
        self.happened += decision.events
        return self

    def replayed(self) -> Case:
        """The case that its history alone gives."""
        case = None
        for event in self.happened:
            case = evolve(case, event)
        assert case is not None
        return case

    def task(self, unit: str) -> Task:
        """The latest task of a unit."""
        return next(task for task in reversed(self.case.tasks) if task.unit == unit)

    # the steps of the trade, as commands

    def register(self, **changes: Any) -> Command:
        """A doubtful report goes to the desk."""
        return Command(Verb.REGISTER, SYSTEM, opening=an_opening(**changes))

    def file(self, **changes: Any) -> Command:
        """立案: of a case that waits at the desk, or at once."""
        if self._case is None:
            return Command(Verb.FILE, SYSTEM, opening=an_opening(**changes))
        command = Command(
            Verb.FILE, DESK, self.case.id, category=a_category(), condition=a_condition(), place=a_place()
        )
        return replace(command, **changes)

    def refuse(self) -> Command:
        """不予受理."""
        return Command(Verb.REFUSE, DESK, self.case.id, reason="out-of-scope")

    def join(self, report: ReportId | None = None, actor: Actor = SYSTEM) -> Command:
        """Another report about the same incident."""
        return Command(Verb.JOIN, actor, self.case.id, report=report or ReportId(an_id()))

    def dispatch(self, lead: str = ROADS, *assist: str, actor: Actor = SYSTEM) -> Command:
        """派遣 to a lead unit and its assistants."""
        tasks = tuple(TaskId(an_id()) for _ in (lead, *assist))
        return Command(Verb.DISPATCH, actor, self.case.id, verdict=a_verdict(lead, assist), new_tasks=tasks)

    def defer(self) -> Command:
        """No rule matches: the duty desk must dispatch."""
        return Command(Verb.DEFER, SYSTEM, self.case.id, verdict=a_verdict(None))

    def accept(self, unit: str = ROADS) -> Command:
        """接单."""
        return Command(Verb.ACCEPT, worker(unit), self.case.id, task=self.task(unit).id)

    def send_back(self, unit: str = ROADS, reason: str = "not-ours") -> Command:
        """退回."""
        return Command(Verb.SEND_BACK, worker(unit), self.case.id, task=self.task(unit).id, reason=reason)

    def finish(self, unit: str = ROADS, note: str = "修好了") -> Command:
        """处置完成."""
        return Command(Verb.FINISH, worker(unit), self.case.id, task=self.task(unit).id, note=note)

    def passes(self) -> Command:
        """核查通过."""
        return Command(Verb.PASS, OFFICER, self.case.id)

    def fails(self) -> Command:
        """核查不通过: rework."""
        return Command(Verb.FAIL, OFFICER, self.case.id, reason="still-broken", new_tasks=(TaskId(an_id()),))

    def expire(self) -> Command:
        """The clock finds the running deadline over."""
        running = next((d for d in self.case.deadlines if d.ended_at is None), None)
        clock, cycle = (running.clock, running.cycle) if running else (Clock.FILING, 1)
        return Command(Verb.EXPIRE, SYSTEM, self.case.id, clock=clock, cycle=cycle)


def _disposing(story: Story, *assist: str) -> Story:
    return story.do(story.file()).do(story.dispatch(ROADS, *assist)).do(story.accept(ROADS))


def _checked(story: Story, *assist: str) -> Story:
    _disposing(story, *assist).do(story.finish(ROADS))
    for unit in assist:
        story.do(story.accept(unit)).do(story.finish(unit))
    return story


_ROADS_TO: dict[State, Callable[..., Story]] = {
    State.REPORTED: lambda s, *_: s.do(s.register()),
    State.NOT_ACCEPTED: lambda s, *_: s.do(s.register()).do(s.refuse()),
    State.PENDING_DISPATCH: lambda s, *_: s.do(s.file()),
    State.PENDING_DISPOSAL: lambda s, *assist: s.do(s.file()).do(s.dispatch(ROADS, *assist)),
    State.DISPOSING: _disposing,
    State.PENDING_CHECK: _checked,
    State.CLOSED: lambda s, *assist: _checked(s, *assist).do(s.passes()),
}


def a_story(state: State | None = None, *assist: str, start: datetime = MONDAY, policy: Policy | None = None) -> Story:
    """A story whose case stands in ``state``, with the lead unit ROADS and the given assistants."""
    story = Story(start, policy)
    return story if state is None else _ROADS_TO[state](story, *assist)


def a_case(state: State = State.PENDING_DISPATCH, *assist: str) -> Case:
    """A case in a state."""
    return a_story(state, *assist).case


def part_of(case: Case, part: Part) -> Task:
    """The first task of a part."""
    return next(task for task in case.tasks if task.part is part)


def deadline(story: Story, clock: Clock, cycle: int = 1) -> Deadline:
    """The promise of a stage on a story's case, running or ended."""
    return next(d for d in story.case.deadlines if (d.clock, d.cycle) == (clock, cycle))
