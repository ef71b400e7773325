"""The flat, frozen record that dispatch rules may look at, and nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from dispatch.roster import Roster
from dispatch.rules import Ask
from dispatch.windows import Window, windows_at
from domain.asset import Asset, Body
from domain.case import Case
from domain.catalogue import Category
from domain.clock import Calendar
from domain.place import Level
from domain.task import Part, TaskState

_NONE: frozenset[str] = frozenset()
_NO_ASSETS: Mapping[str, Asset] = {}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule may ask of a case, on a local ``day``.

    ``categories`` runs from the 大类 (``class:01``) to the category's key, ``areas`` from the city down. ``owner`` and
    ``maintainer`` are unit ids of the component. ``tags`` are what its text was heard to speak of, ``windows`` the
    named times it falls in. ``sent_back`` counts earlier send-backs, and ``refused_by`` holds the units that sent it
    back as lead: it does not go to them again. ``level`` is set only for a case that was raised or lowered (提级,
    下派): who answers at that level then leads, not the rule's unit.
    """

    day: date
    categories: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    source: str = ""
    urgency: str = ""
    condition: str = ""
    owner: str = ""
    maintainer: str = ""
    caller: str = ""
    land_use: str = ""
    tags: frozenset[str] = _NONE
    windows: frozenset[str] = _NONE
    sent_back: int = 0
    refused_by: frozenset[str] = _NONE
    level: str = ""

    def answer(self, ask: Ask) -> Iterable[str]:
        """What the case says to one column of the rulebook: one word, several, or nothing."""
        if ask is Ask.CATEGORY:
            return self.categories
        if ask is Ask.AREA:
            return self.areas
        if ask is Ask.TAG:
            return self.tags
        if ask is Ask.WINDOW:
            return self.windows
        word: str = getattr(self, ask.value)
        return (word,) if word else ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a case does not say itself: the units of its component, the use of the land, the named times it falls in.

    ``land_use`` is the use of the land by area code, ``starting_level`` the policy's, where a case begins.
    """

    roster: Roster
    calendar: Calendar
    starting_level: Level
    windows: tuple[Window, ...] = ()
    land_use: Mapping[str, str] = field(default_factory=dict)

    def facts_many(self, cases: Sequence[Case], at: datetime, assets: Mapping[str, Asset] = _NO_ASSETS) -> list[Facts]:
        """The facts of filed cases at a moment (aware), in order; ``assets`` are the components they name, by code."""
        day = at.astimezone(self.calendar.zone).date()
        windows = windows_at(self.windows, at, self.calendar)
        return [self._facts(case, day, windows, assets.get(case.component)) for case in cases]

    def facts_at_first(self, case: Case, at: datetime, asset: Asset | None = None) -> Facts:
        """The facts of a case as at its first dispatch: nobody had sent it back, and no other level had it."""
        day = at.astimezone(self.calendar.zone).date()
        facts = self._facts(case, day, windows_at(self.windows, at, self.calendar), asset)
        return replace(facts, sent_back=0, refused_by=_NONE, level="")

    def imagined(self, at: datetime, category: Category | None, areas: tuple[str, ...], **said: Any) -> Facts:
        """The facts of a case that might be, at a moment (aware); ``said`` are fields of ``Facts``."""
        day = at.astimezone(self.calendar.zone).date()
        windows = windows_at(self.windows, at, self.calendar)
        return Facts(day, _path(category), areas, land_use=self._use(areas), windows=windows, **said)

    def _facts(self, case: Case, day: date, windows: frozenset[str], asset: Asset | None) -> Facts:
        category, condition, areas = case.category, case.condition, case.place.path
        return Facts(
            day=day,
            categories=_path(category),
            areas=areas,
            source=case.source,
            urgency=case.urgency,
            condition=condition.id if condition else "",
            owner=self._unit(asset.owner) if asset else "",
            maintainer=self._unit(asset.maintainer) if asset else "",
            caller=case.caller,
            land_use=self._use(areas),
            tags=frozenset(case.tags),
            windows=windows,
            sent_back=case.send_backs,
            refused_by=frozenset(
                t.unit for t in case.tasks if t.unit and t.state is TaskState.SENT_BACK and t.part is Part.LEAD
            ),
            level="" if case.level in (None, self.starting_level) else case.level,
        )

    def _use(self, areas: tuple[str, ...]) -> str:
        return next((self.land_use[area] for area in reversed(areas) if area in self.land_use), "")

    def _unit(self, body: Body) -> str:
        return self.roster.unit_of_body(body.code, body.name)


def _path(category: Category | None) -> tuple[str, ...]:
    """From the 大类 to the category's key."""
    return (f"class:{category.class_code}", category.key) if category else ()
