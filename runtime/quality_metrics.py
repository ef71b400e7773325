"""Metrics of first dispatches, and the drift alarm's line in the log; part of ``runtime.telemetry``."""

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from prometheus_client import Gauge

from dispatch.drift import drifting

log = logging.getLogger(__name__)

QUALITY: Mapping[str, tuple[type[Any], str, tuple[str, ...]]] = {
    "cityloop_first_dispatches": (
        Gauge,
        "first dispatches of the last seven days, by rule, unit, category and street; the 50 with the most trouble of "
        "each",
        ("by", "name"),
    ),
    "cityloop_first_dispatch_accuracy": (
        Gauge,
        "1 − sent back / dispatched, of the first dispatches of the last seven days; as above",
        ("by", "name"),
    ),
    "cityloop_dispatch_drift": (
        Gauge,
        "1 for each rule or unit whose cases came back more often this week than chance explains (docs/quality.md)",
        ("by", "name"),
    ),
}


class _Gauges(Protocol):
    def __getitem__(self, name: str) -> Any:
        """A metric."""


class Quality:
    """Remembers which alarms stand, so that each is logged when it is raised and not at every scrape."""

    def __init__(self) -> None:
        self._standing: frozenset[tuple[str, str]] = frozenset()

    def take_over(self, gauges: _Gauges, figures: Mapping[str, Any]) -> None:
        """Take over the figures of ``store.views.Views.figures``."""
        for name in QUALITY:
            gauges[name].clear()
        for by, troubles in figures["accuracy"].items():
            for trouble in troubles.ranked:
                gauges["cityloop_first_dispatches"].labels(by, trouble.name).set(trouble.tally.dispatched)
                gauges["cityloop_first_dispatch_accuracy"].labels(by, trouble.name).set(trouble.tally.accuracy)
        alarms = {(by, one.name): one for by, weeks in figures["weeks"].items() for one in drifting(weeks)}
        for (by, name), one in alarms.items():
            gauges["cityloop_dispatch_drift"].labels(by, name).set(1)
            if (by, name) not in self._standing:
                log.warning(
                    "first dispatches by %s %s drift: %d of %d came back this week, %d of %d in the weeks before",
                    by, name, one.week.sent_back, one.week.dispatched, one.past.sent_back, one.past.dispatched,
                )  # fmt: skip
        self._standing = frozenset(alarms)
