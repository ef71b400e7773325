"""Named times (时段): «工作日白天», «汛期», «夜间». A rule asks for one by its name."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from domain.catalogue import in_season
from domain.clock import Calendar

_MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class Window:
    """A named time: days of the week, of the working calendar and of the year, and hours of the day, all local.

    ``weekdays`` are 0 (Monday) to 6, none given means all. ``working`` True asks for a working day of the city's
    calendar (make-up days count), False for a day off. ``season`` is month and day of the first and the last day, both
    included, and may run over the new year. ``start`` to ``end`` (exclusive) are hours of the day; they may run over
    midnight, and the part after it then belongs to the day it began on.
    """

    name: str
    weekdays: frozenset[int] = frozenset()
    working: bool | None = None
    season: tuple[tuple[int, int], tuple[int, int]] | None = None
    start: time = _MIDNIGHT
    end: time = _MIDNIGHT

    def holds(self, at: datetime, calendar: Calendar) -> bool:
        """Whether ``at`` lies in it; ``at`` is aware, the calendar says which zone and which days are worked."""
        return self._began_on(at, calendar) is not None

    def span(self, at: datetime, calendar: Calendar) -> tuple[datetime, datetime] | None:
        """When the hours that ``at`` lies in begin and end (exclusive), local; None where it does not hold."""
        day = self._began_on(at, calendar)
        if day is None:
            return None
        last = day if self.start < self.end else day + timedelta(days=1)
        return datetime.combine(day, self.start, calendar.zone), datetime.combine(last, self.end, calendar.zone)

    def _began_on(self, at: datetime, calendar: Calendar) -> date | None:
        local = at.astimezone(calendar.zone)
        day, hour = local.date(), local.time()
        if self.start < self.end or self.end == _MIDNIGHT:
            if hour < self.start or (self.end != _MIDNIGHT and hour >= self.end):
                return None
        elif hour < self.end:
            day -= timedelta(days=1)
        elif hour < self.start:
            return None
        if self.weekdays and day.weekday() not in self.weekdays:
            return None
        if self.working is not None and calendar.works_on(day) is not self.working:
            return None
        if self.season is not None and not in_season((day.month, day.day), *self.season):
            return None
        return day


def windows_at(windows: Iterable[Window], at: datetime, calendar: Calendar) -> frozenset[str]:
    """The names of the windows that hold at a moment."""
    return frozenset(window.name for window in windows if window.holds(at, calendar))
