"""All metric names with their meaning in one table; docs/metrics.md is made of it. Recording is cheap: once a batch."""

import collections
import time
from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.rooms import Room
from runtime.quality_metrics import QUALITY, Quality
from streams.door import Count
from streams.offsets import Place, Standing

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# name: (kind, meaning, labels)
METRICS: Mapping[str, tuple[type[Any], str, tuple[str, ...]]] = {
    "cityloop_cases": (Gauge, "cases by state", ("state",)),
    "cityloop_unit_open_cases": (Gauge, "open cases by lead unit", ("unit",)),
    "cityloop_unit_overdue_cases": (Gauge, "open cases with a missed deadline by lead unit", ("unit",)),
    "cityloop_oldest_open_case_seconds": (Gauge, "age of the oldest open case", ()),
    "cityloop_dispatch_accuracy": (Gauge, "1 − sent back / dispatched, over all first dispatches", ()),
    **QUALITY,
    "cityloop_rejects_waiting": (Gauge, "records kept with a reason and not replayed", ()),
    "cityloop_alarms_late": (Gauge, "alarms of deadlines past their time that the sweep has not seen yet", ()),
    "cityloop_outbox_age_seconds": (Gauge, "age of the oldest event not published to Kafka", ()),
    "cityloop_streams": (Gauge, "open live streams of this process", ()),
    "cityloop_http_requests": (Counter, "HTTP requests", ("route", "status")),
    "cityloop_http_seconds": (Histogram, "time to answer a request", ("route",)),
    "cityloop_admission": (
        Counter,
        "requests not let in as usual: refused for want of room; reserve, let in there because a life is in danger; "
        "slow to arrive; late with their answer",
        ("room", "outcome"),
    ),
    "cityloop_requests_inside": (Gauge, "requests inside this process, by room", ("room",)),
    "cityloop_door_records": (Counter, "Kafka records read", ("door",)),
    "cityloop_door_items": (
        Counter,
        "items by outcome: done, already_done, refused, invalid, unexpected, rejected",
        ("door", "outcome"),
    ),
    "cityloop_door_retries": (Counter, "retries in place because a neighbour was away", ("door",)),
    "cityloop_door_batch_seconds": (Histogram, "time from a batch's arrival to its commit", ("door",)),
    "cityloop_lag_records": (Gauge, "records of a topic that the worker group has not finished", ("topic",)),
    "cityloop_mqtt_connected": (Gauge, "1 while this bridge is connected to the MQTT broker", ()),
    "cityloop_mqtt_records": (Counter, "records this bridge has put on Kafka; its messages are the door `mqtt`'s", ()),
    "cityloop_mqtt_dropped": (Counter, "messages sent at QoS 0 that came while the bridge had no room", ()),
    "cityloop_sensor_readings": (
        Counter,
        "readings of devices: heard, and of them judged, late, duplicate, clock_suspect, out_of_range, in_maintenance; "
        "unknown, of devices nobody registered so; odd, dated outside the days that are kept",
        ("outcome",),
    ),
    "cityloop_sensor_alarms": (
        Counter,
        "alarms of devices raised, cleared, flagged; incidents opened, grown, climbed, recovered",
        ("outcome",),
    ),
    "cityloop_relay_events": (Counter, "events published to Kafka", ()),
    "cityloop_attachments": (
        Counter,
        "attachments by what became of them: photo, video, voice, document, refused, over_quota; swept because nobody "
        "named them; orphans, files that no row knew of",
        ("outcome",),
    ),
    "cityloop_attachment_bytes": (Counter, "bytes of attachments received", ()),
    "cityloop_imports": (Counter, "imports that ended: done, refused, cancelled", ("outcome",)),
    "cityloop_import_rows": (Counter, "rows of imports by what became of them", ("outcome",)),
    "cityloop_sweep_rang": (Counter, "alarms of deadlines that rang: warnings, breaches, escalations", ()),
    "cityloop_sweep_rounds": (Counter, "rounds of the sweep", ()),
}


class Telemetry:
    """The metrics of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._metrics: dict[str, Any] = {}
        self._drifts = Quality()
        for name, (kind, meaning, labels) in METRICS.items():
            options = {"buckets": BUCKETS} if kind is Histogram else {}
            self._metrics[name] = kind(name, meaning, labels, registry=self.registry, **options)

    def __getitem__(self, name: str) -> Any:
        return self._metrics[name]

    def render(self) -> bytes:
        """Prometheus text format."""
        return generate_latest(self.registry)

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
        self._drifts.take_over(self, figures)
        self["cityloop_oldest_open_case_seconds"].set(figures["oldest_open_seconds"] or 0)
        self["cityloop_rejects_waiting"].set(figures["rejects_waiting"])
        self["cityloop_alarms_late"].set(figures["alarms_late"])
        self["cityloop_outbox_age_seconds"].set(figures["outbox_age_seconds"] or 0)

    # streams.door.Meter ------------------------------------------------------------------------------------------

    def count(self, door: str, what: Count, number: int) -> None:
        """So many more records, outcomes or retries at a door."""
        if what is Count.RECORDS:
            self["cityloop_door_records"].labels(door).inc(number)
        elif what is Count.RETRIES:
            self["cityloop_door_retries"].labels(door).inc(number)
        else:
            self["cityloop_door_items"].labels(door, what.value).inc(number)

    def took(self, door: str, seconds: float) -> None:
        """One batch from its first record in hand to its acknowledgement."""
        self["cityloop_door_batch_seconds"].labels(door).observe(seconds)

    def lag(self, standings: Mapping[Place, Standing]) -> None:
        """What the watchdog saw of every partition."""
        topics: collections.Counter[str] = collections.Counter()
        for (topic, _), standing in standings.items():
            topics[topic] += standing.lag
        for topic, records in topics.items():
            self["cityloop_lag_records"].labels(topic).set(records)

    # handlers.attach.Count ---------------------------------------------------------------------------------------

    def attached(self, what: str, number: int) -> None:
        """So many more bytes of attachments, or attachments of an outcome."""
        if what == "bytes":
            self["cityloop_attachment_bytes"].inc(number)
        else:
            self["cityloop_attachments"].labels(what).inc(number)

    # api.admission -----------------------------------------------------------------------------------------------

    def admitted(self, room: str, outcome: str) -> None:
        """One request more that was not let in as usual."""
        self["cityloop_admission"].labels(room, outcome).inc()

    def inside(self, rooms: Mapping[Room, int]) -> None:
        """How full the rooms are."""
        for room, requests in rooms.items():
            self["cityloop_requests_inside"].labels(room).set(requests)

    # handlers.imports.Count --------------------------------------------------------------------------------------

    def imported(self, what: str, number: int) -> None:
        """So many more imports came to an end, or so many more rows became accepted, repeated, refused."""
        name = "cityloop_import_rows" if what.startswith("rows_") else "cityloop_imports"
        self[name].labels(what.removeprefix("rows_")).inc(number)

    # handlers.sensors ---------------------------------------------------------------------------------------------

    def readings(self, outcome: str, number: int) -> None:
        """So many more readings of devices."""
        self["cityloop_sensor_readings"].labels(outcome).inc(number)

    def alarms(self, outcome: str, number: int) -> None:
        """So many more alarms of devices, or incidents of theirs."""
        self["cityloop_sensor_alarms"].labels(outcome).inc(number)

    # HTTP --------------------------------------------------------------------------------------------------------

    def timed(self, app: ASGIApp) -> ASGIApp:
        """The application with every request counted and timed by its route, never by its path: paths hold ids."""
        requests, seconds = self["cityloop_http_requests"], self["cityloop_http_seconds"]

        async def measured(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            start, status = time.perf_counter(), "500"

            async def noted(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = str(message["status"])
                await send(message)

            try:
                await app(scope, receive, noted)
            finally:
                route = getattr(scope.get("route"), "path", "unknown")
                requests.labels(route, status).inc()
                seconds.labels(route).observe(time.perf_counter() - start)

        return measured
