"""Categories (大类/小类) and filing conditions (立案条件): versioned tables, read from data, never from code.

Components and events share their five digits in GB/T 47678.5-2026, so the key is (standard, kind, code).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import combinations, pairwise

from domain.clock import Limit
from domain.errors import Invalid


class Kind(StrEnum):
    """部件 (a thing in the street) or 事项/事件 (something that happens, or is wrong with a thing)."""

    COMPONENT = "component"
    EVENT = "event"


class Urgency(StrEnum):
    """一般, 紧急, 非常紧急 (danger to life)."""

    NORMAL = "normal"
    URGENT = "urgent"
    CRITICAL = "critical"


URGENCIES: tuple[Urgency, ...] = tuple(Urgency)
"""From the least to the gravest."""


@dataclass(frozen=True, slots=True)
class Category:
    """One 小类 under its 大类, in one edition of one standard.

    ``component`` is set on the event «<component>异常»: the code of the component whose defect it is.
    """

    standard: str
    kind: Kind
    code: str
    name: str
    class_code: str
    class_name: str
    component: str = ""

    @property
    def key(self) -> str:
        """``gbt47678.5-2026:event:06010``: unique over standards, editions and kinds."""
        return f"{self.standard}:{self.kind}:{self.code}"


@dataclass(frozen=True, slots=True)
class Season:
    """A part of every year with a limit of its own, such as 种植季节: month and day of the first and the last day.

    Both days belong to it, and it may run over the end of the year (``(11, 15)`` to ``(3, 15)``). Raises ``Invalid``
    with code ``season-invalid`` where a day is in no calendar.
    """

    first: tuple[int, int]
    last: tuple[int, int]
    limit: Limit

    def __post_init__(self) -> None:
        for month, day in (self.first, self.last):
            try:
                date(2000, month, day)  # a leap year: the 29th of February is a day
            except ValueError:
                raise Invalid("season-invalid", "季节起止日期不存在", f"month {month}, day {day}") from None

    def covers(self, day: date) -> bool:
        """Whether ``day``, in local time, lies in the season."""
        return in_season((day.month, day.day), self.first, self.last)

    def overlaps(self, other: "Season") -> bool:
        """Whether some day lies in both."""
        return in_season(other.first, self.first, self.last) or in_season(self.first, other.first, other.last)


def in_season(day: tuple[int, int], first: tuple[int, int], last: tuple[int, int]) -> bool:
    """Whether a day of the year (month, day) lies from ``first`` to ``last``, both included, over the new year too."""
    return first <= day <= last if first <= last else day >= first or day <= last


@dataclass(frozen=True, slots=True)
class Milestone:
    """One step of a staged limit (分阶段时限): what must be done by then, counted from the start of disposal."""

    name: str
    limit: Limit


@dataclass(frozen=True, slots=True)
class Condition:
    """One filing condition (立案条件) of a category, with its own closing condition, limit and urgency (GB/T 30428.8).

    ``evidence``: closing needs a photo (结案须附照片). ``by_notice``: it may be closed by notice (告知性结案), where
    the thing itself cannot be put right now. ``calendar`` names the calendar that working time counts on, empty for
    the city's own. ``seasons`` have limits of their own; ``stages`` come before the limit, ascending, each counted
    from the start of disposal (停工 4 工作时, 处罚 7 工作日, and 拆除 in the limit of 20 工作日). ``note`` is for
    people: what the table says besides, such as how it words the limit.

    Raises ``Invalid`` with code ``season-overlap`` or ``stages-not-ascending``. Limits that run on through nights, in
    working time and in whole working days are not compared with each other: that depends on the calendar.
    """

    id: str
    category: str
    filing: str
    closing: str
    limit: Limit
    urgency: Urgency = Urgency.NORMAL
    evidence: bool = False
    by_notice: bool = False
    calendar: str = ""
    seasons: tuple[Season, ...] = ()
    stages: tuple[Milestone, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if any(one.overlaps(other) for one, other in combinations(self.seasons, 2)):
            raise Invalid("season-overlap", "季节重叠", "a day belongs to one season")
        stages = [stage.limit for stage in self.stages]
        for last in (self.limit, *(season.limit for season in self.seasons)):
            for limit, after in pairwise((*stages, last) if stages else ()):
                alike = (limit.working, limit.whole) == (after.working, after.whole)
                if alike and limit.length >= after.length:
                    raise Invalid("stages-not-ascending", "分阶段时限须递增", f"{after} does not come after {limit}")

    def limit_on(self, day: date) -> Limit:
        """The limit of a case whose disposal starts on ``day`` (local): the season's, or the condition's own."""
        return next((season.limit for season in self.seasons if season.covers(day)), self.limit)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All categories a city uses, their conditions, and the way from old codes to current ones.

    ``categories`` is keyed by ``Category.key``; ``conditions`` by the same key, in the table's order; ``legacy`` maps
    an old code, as sources still send it, to a current key: ``"event:0110"`` in the edition the city's sources wrote
    last, ``"cjt214-2007:event:0501"`` in any. ``current`` is the standard that a bare code means.
    """

    current: str
    categories: Mapping[str, Category]
    conditions: Mapping[str, tuple[Condition, ...]]
    legacy: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        current: str,
        categories: Iterable[Category],
        conditions: Iterable[Condition],
        legacy: Mapping[str, str] | None = None,
    ) -> "Catalogue":
        """Index the tables; conditions keep the order they come in."""
        grouped: dict[str, tuple[Condition, ...]] = {}
        for condition in conditions:
            grouped[condition.category] = (*grouped.get(condition.category, ()), condition)
        return cls(current, {c.key: c for c in categories}, grouped, dict(legacy or {}))

    def find(self, code: str, kind: Kind = Kind.EVENT) -> Category:
        """The category that a source means by ``code``: a full key, a current code, or an old one that is mapped.

        An old code with its edition before it (``"cjt214-2007:event:0501"``) means that edition's. The editions of
        2007 and 2013 give the same four digits to different events (突发事件 and 街面秩序 changed places).

        A component's code means the event «<component>异常» where the table has one (GB/T 47678.5-2026, table C.1,
        gives it the same digits). In the tables before, the digits of a component may belong to an event that has
        nothing to do with it: then they mean the component. Raises ``Invalid`` with code ``category-unknown``.
        """
        event, own = f"{self.current}:{Kind.EVENT}:{code}", f"{self.current}:{kind}:{code}"
        defect = event in self.categories and self.categories[event].component == code
        old = self.legacy.get(f"{kind}:{code}") or self.legacy.get(code, "")
        for key in (code, event if defect else own, own, event, old):
            if key in self.categories:
                return self.categories[key]
        raise Invalid("category-unknown", "类别代码不在现行目录中", f"{kind} code of {self.current} expected")

    def condition(self, category: Category, condition_id: str | None) -> Condition | None:
        """The named condition of the category; the first of its table where none is named; None if it has none.

        Raises ``Invalid`` with code ``condition-mismatch`` when the named one belongs to another category.
        """
        own = self.conditions.get(category.key, ())
        if condition_id is None:
            return own[0] if own else None
        for condition in own:
            if condition.id == condition_id:
                return condition
        raise Invalid("condition-mismatch", "立案条件不属于该小类", f"{category.code} has {len(own)} conditions")
