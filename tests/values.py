"""Values for tests: the small city 云河, its calendar and people, and what the advisers say of a report."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.actor import SYSTEM, Actor, Role
from domain.case import Judgement, Verdict
from domain.catalogue import Category, Condition, Kind, Milestone, Urgency
from domain.clock import Calendar, Limit, TimeUnit
from domain.commands import Opening
from domain.ids import CaseId, CaseNo, ReportId, TaskId, UnitId
from domain.place import Crs, Place, Point
from domain.plan import Activation, Share
from domain.policy import Policy
from domain.report import Report, Source
from domain.task import Part

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
CHIEF = Actor("chief-1", Role.CHIEF)
INSPECTOR = Actor("inspector-1", Role.INSPECTOR)
HOTLINE = Actor("hotline-1", Role.HOTLINE)
CALLBACK = Actor("callback-1", Role.CALLBACK)
SUPERVISOR = Actor("supervisor-1", Role.SUPERVISOR)
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


def task_ids(count: int = 1) -> tuple[TaskId, ...]:
    """Fresh ids, as the office hands them to the law."""
    return tuple(TaskId(an_id()) for _ in range(count))


def a_share(unit: str, minutes: int = 15, part: Part = Part.ASSIST, **changes: Any) -> Share:
    """What a plan asks of one unit."""
    return replace(Share(unit, part, Limit(minutes, TimeUnit.MINUTE)), **changes)


def an_activation(*shares: Share, **changes: Any) -> Activation:
    """暴雨内涝: the drains lead, the roads help, in minutes."""
    given = shares or (a_share(DRAINS, 20, Part.LEAD), a_share(ROADS))
    return replace(Activation("flood", "暴雨内涝", given), **changes)


def a_category(code: str = "01001", **changes: Any) -> Category:
    """A category: 道路破损 unless said otherwise."""
    return replace(Category("gbt", Kind.EVENT, code, "道路破损", code[:2], "道路"), **changes)


def a_milestone(hours: float, name: str = "停工") -> Milestone:
    """A stage to be done within so many 工作时 of dispatch."""
    return Milestone(name, Limit(hours, TimeUnit.WORK_HOUR))


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
    said = Verdict(lead, assist, rule="R-1" if lead else "", rulebook="book-1", reason="because")
    return replace(said, **changes)


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
