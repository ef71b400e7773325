"""The stream workers as processes: doors on a Faust app under a watchdog. Called by ``runtime.cli``."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import uvloop

from runtime.process import expose, settle
from runtime.settings import Settings
from runtime.telemetry import Telemetry
from runtime.wiring import open_desk, sensor_desk
from streams.app import build_app, client_id, run_worker, serve
from streams.door import Door
from streams.doors import doors
from streams.offsets import prime_offsets
from streams.sensor_door import sensor_door
from streams.topics import Topic
from streams.watchdog import Watchdog


def run_stream_worker(settings: Settings, number: int) -> None:
    """Read the intake and work topics until stopped; the process ends with the worker's exit code."""
    telemetry = Telemetry()
    expose(telemetry, settings, number)
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    desk = open_desk(settings, f"cityloop-worker-{number}")
    office = loop.run_until_complete(desk.__aenter__()).office
    group = f"{settings.topic_prefix}.worker"
    app = build_app(group, settings.kafka_bootstrap, settings.home / "faust")
    _work(settings, telemetry, app, group, list(doors(office, telemetry)))


def run_sensor_worker(settings: Settings, number: int) -> None:
    """Judge the readings of devices until stopped; the process ends with the worker's exit code.

    Apart from the other workers, so that no flood of readings ever holds up a report.
    """
    telemetry = Telemetry()
    expose(telemetry, settings, 30 + number)
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    opened = open_desk(settings, f"cityloop-sensors-{number}")
    desk = loop.run_until_complete(opened.__aenter__())
    sensors = sensor_desk(settings, desk, telemetry)
    group = f"{settings.topic_prefix}.sensors"
    app = build_app(group, settings.kafka_bootstrap, settings.home / "faust")
    _work(settings, telemetry, app, group, [sensor_door(app, settings.topic_prefix, sensors, telemetry)])


def _work(
    settings: Settings, telemetry: Telemetry, app: Any, group: str, served: Sequence[tuple[Topic, Door[Any]]]
) -> NoReturn:
    """Let the app work on these doors under a watchdog, and end the process as it ends."""
    for topic, door in served:
        serve(app, door, topic.full(settings.topic_prefix))
    settle()
    topics = [topic.full(settings.topic_prefix) for topic, _ in served]
    prime_offsets(settings.kafka_bootstrap, group, topics)
    watchdog = Watchdog(
        settings.kafka_bootstrap,
        group,
        topics,
        client_id(group),
        excused_until=lambda: max(door.excused_until for _, door in served),
        observe=telemetry.lag,
    )
    watchdog.start()
    code = run_worker(app)
    watchdog.stop()
    sys.exit(code)
