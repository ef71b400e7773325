"""What a city may decide for itself about the procedure. A city's differences live here, never in code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.case import Clock
from domain.clock import Calendar, Limit, TimeUnit, due

_STAGES = {
    Clock.FILING: Limit(15, TimeUnit.MINUTE),
    Clock.DISPATCH: Limit(15, TimeUnit.MINUTE),
    Clock.CHECK: Limit(30, TimeUnit.MINUTE),
}


@dataclass(frozen=True)
class Policy:
    """The switches of one city.

    ``auto_file_from``: a classification at least this sure (0 to 1) is filed without the desk. ``join_within_m`` and
    ``join_within``: a report this near (metres) and this soon after an open case of its category joins it.
    ``exercise_pace``: above 1, limits run continuously and that many times faster (演练).
    """

    calendar: Calendar
    stage_limits: Mapping[Clock, Limit] = field(default_factory=lambda: dict(_STAGES))
    default_limit: Limit = field(default_factory=lambda: Limit(5, TimeUnit.WORK_DAY))
    auto_file_from: float = 0.6
    join_within_m: float = 50.0
    join_within: timedelta = timedelta(hours=24)
    exercise_pace: float = 1.0

    def due(self, start: datetime, limit: Limit) -> datetime:
        """When a limit started now runs out under this city's calendar."""
        return due(start, limit, self.calendar, self.exercise_pace)
