"""The business figures: counts, ages and what waits; part of ``store.views``. Cheap to scrape at any size."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from domain.accuracy import WEEK
from domain.case import ENDED, State
from store.pool import Pool
from store.quality import BYS, JUDGED, QualityViews
from store.read_model import ReadModel
from store.scope import Scope

_SHARE = 0.02  # of the time may be spent on counting: what took 0.1 s is good for 5 s, what took 2 s for 100 s
_RANKED = 50  # names of each kind whose accuracy is told: metrics have a bounded number of labels
_OPEN = [state for state in State if state not in ENDED]


class Figures(ReadModel):
    """The figures of one process. Raises ``Unavailable`` when the database is away, whatever is remembered.

    ``stopwatch`` tells seconds that only go forward; ``areas`` are the codes whose dispatches are told apart.
    """

    def __init__(self, pool: Pool, stopwatch: Callable[[], float] = time.monotonic, areas: Sequence[str] = ()) -> None:
        super().__init__(pool)
        self._quality = QualityViews(pool)
        self._areas = areas
        self._stopwatch = stopwatch
        self._counts: Mapping[str, Any] = {}
        self._good_until = stopwatch()

    async def now(self) -> Mapping[str, Any]:
        """Ages and what waits as they are now; counts over all cases as they were when last counted."""
        (rest,) = await self._fetch("figures_rest", _OPEN)
        if self._stopwatch() >= self._good_until:
            await self._count()
        return {**self._counts, **dict(rest)}

    async def _count(self) -> None:
        begun = self._stopwatch()
        states = await self._fetch("figures_states")
        units = await self._fetch("figures_units", _OPEN)
        (dispatch,) = await self._fetch("figures_dispatch")
        since = datetime.now(UTC) - WEEK
        accuracy = {by: await self._quality.tally(by, since, Scope(), _RANKED, self._areas) for by in BYS}
        weeks = {by: await self._quality.weeks(by, Scope()) for by in JUDGED}
        self._counts = {
            "accuracy": accuracy,
            "weeks": weeks,
            "states": {row["state"]: row["count"] for row in states},
            "units": {row["unit"]: (row["open"], row["overdue"]) for row in units},
            **dict(dispatch),
        }
        ended = self._stopwatch()
        self._good_until = ended + (ended - begun) / _SHARE

    async def account(self) -> Mapping[str, int]:
        """Where every report is: in = filed + joined + awaiting the desk + refused + not filed yet. Always exact."""
        (row,) = await self._fetch("figures_account")
        return dict(row)
