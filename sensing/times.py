"""Times of the day and year at which a rule holds, and maintenance windows, over columns of event times."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from sensing.reading import Mask, Times

DAY_MS: Final = 86_400_000
_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Window:
    """A named time (时段): hours of the local day on some days. Hours over midnight belong to the day they began on.

    ``start_s`` and ``end_s`` are seconds of the day; equal: the whole day. No ``weekdays`` (0 is Monday) are all of
    them. ``season`` is the first and the last day, each month and day, and may run over the new year. ``offset_s`` is
    the local time's distance from UTC.
    """

    name: str
    start_s: int = 0
    end_s: int = 0
    weekdays: frozenset[int] = frozenset()
    season: tuple[tuple[int, int], tuple[int, int]] | None = None
    offset_s: int = 8 * 3600

    def holds(self, at: Times) -> Mask:
        """Which of these times (epoch milliseconds) lie in it."""
        local = at + self.offset_s * 1000
        day, second = local // DAY_MS, local % DAY_MS // 1000
        if self.start_s == self.end_s:
            return self._days(day)
        if self.start_s < self.end_s:
            return (second >= self.start_s) & (second < self.end_s) & self._days(day)
        return ((second >= self.start_s) & self._days(day)) | ((second < self.end_s) & self._days(day - 1))

    def _days(self, days: Times) -> Mask:
        if not self.weekdays and self.season is None:
            return np.ones(len(days), bool)
        different, where = np.unique(days, return_inverse=True)
        return np.array([self._day(int(day)) for day in different], bool)[where]

    def _day(self, number: int) -> bool:
        day = _EPOCH + timedelta(number)
        if self.weekdays and day.weekday() not in self.weekdays:
            return False
        if self.season is None:
            return True
        first, last = self.season
        today = day.month, day.day
        return first <= today <= last if first <= last else today >= first or today <= last


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A maintenance window (检修): alarms of these devices are not raised from ``first_ms`` until ``last_ms``.

    A device is meant that fits all that is said of ``device``, ``kind`` and ``grids``; nothing said fits every one.
    """

    id: str
    first_ms: int
    last_ms: int
    device: str = ""
    kind: str = ""
    grids: frozenset[str] = frozenset()
    note: str = ""

    def means(self, device: str, kind: str, grid: str) -> bool:
        """Whether a device is meant."""
        fits = self.device in ("", device) and self.kind in ("", kind)
        return fits and (not self.grids or grid in self.grids)
