"""All metric names with their meaning in one table; docs/metrics.md is made of it. Recording is cheap: once a batch."""

from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# name: (kind, meaning, labels)
METRICS: Mapping[str, tuple[type[Any], str, tuple[str, ...]]] = {
    "cityloop_cases": (Gauge, "cases by state", ("state",)),
    "cityloop_unit_open_cases": (Gauge, "open cases by lead unit", ("unit",)),
    "cityloop_unit_overdue_cases": (Gauge, "open cases with a missed deadline by lead unit", ("unit",)),
    "cityloop_oldest_open_case_seconds": (Gauge, "age of the oldest open case", ()),
    "cityloop_dispatch_accuracy": (Gauge, "1 − sent back / dispatched, over all cases", ()),
    "cityloop_rejects_waiting": (Gauge, "records kept with a reason and not replayed", ()),
    "cityloop_deadlines_late": (Gauge, "running deadlines past their time that the sweep has not seen yet", ()),
    "cityloop_outbox_age_seconds": (Gauge, "age of the oldest event not published to Kafka", ()),
    "cityloop_streams": (Gauge, "open live streams of this process", ()),
    "cityloop_http_requests": (Counter, "HTTP requests", ("route", "status")),
    "cityloop_http_seconds": (Histogram, "time to answer a request", ("route",)),
    "cityloop_door_records": (Counter, "Kafka records read", ("door",)),
    "cityloop_door_items": (Counter, "items by outcome: done, already_done, refused, rejected", ("door", "outcome")),
    "cityloop_door_retries": (Counter, "retries in place because a neighbour was away", ("door",)),
    "cityloop_door_batch_seconds": (Histogram, "time from a batch's arrival to its commit", ("door",)),
    "cityloop_relay_events": (Counter, "events published to Kafka", ()),
    "cityloop_sweep_expired": (Counter, "deadlines that expired", ()),
    "cityloop_sweep_rounds": (Counter, "rounds of the sweep", ()),
}


class Telemetry:
    """The metrics of one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._metrics: dict[str, Any] = {}
        for name, (kind, meaning, labels) in METRICS.items():
            options = {"buckets": BUCKETS} if kind is Histogram else {}
            self._metrics[name] = kind(name, meaning, labels, registry=self._registry, **options)

    def __getitem__(self, name: str) -> Any:
        return self._metrics[name]

    def render(self) -> bytes:
        """Prometheus text format."""
        return generate_latest(self._registry)

    def business(self, figures: Mapping[str, Any]) -> None:
        """Take over the figures of ``store.views.Views.figures``."""
        self["cityloop_cases"].clear()
        for state, count in figures["states"].items():
            self["cityloop_cases"].labels(state).set(count)
        for gauge, place in (("cityloop_unit_open_cases", 0), ("cityloop_unit_overdue_cases", 1)):
            self[gauge].clear()
            for unit, counts in figures["units"].items():
                self[gauge].labels(unit).set(counts[place])
        dispatched, sent_back = figures["dispatched"], figures["sent_back"]
        self["cityloop_dispatch_accuracy"].set(1 - sent_back / dispatched if dispatched else 1.0)
        self["cityloop_oldest_open_case_seconds"].set(figures["oldest_open_seconds"] or 0)
        self["cityloop_rejects_waiting"].set(figures["rejects_waiting"])
        self["cityloop_deadlines_late"].set(figures["deadlines_late"])
        self["cityloop_outbox_age_seconds"].set(figures["outbox_age_seconds"] or 0)
