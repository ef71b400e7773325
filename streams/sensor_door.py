"""The sensors' door on a Faust app: its handler with its table, its clock, and the register it follows."""

import logging
from functools import partial
from typing import Any

from domain.errors import Unavailable
from handlers.sensor_records import Heard, Tick
from handlers.sensors import SensorDesk
from streams.door import Door, Meter
from streams.doors import keep
from streams.sensor_state import StateTable
from streams.sensors import keep_ticking, parse_sensors
from streams.topics import SENSOR_READINGS, Topic

log = logging.getLogger(__name__)

REFRESH_SECONDS = 5.0
"""How soon a device that was registered is watched."""


def sensor_door(app: Any, prefix: str, desk: SensorDesk, meter: Meter) -> tuple[Topic, Door[Heard | Tick]]:
    """The door of a sensors' worker, to be served by the app like any other."""
    desk.memory = StateTable(app, prefix, desk.take_over)
    keep_ticking(app, SENSOR_READINGS.full(prefix))

    async def follow() -> None:
        try:
            await desk.refresh()
        except Unavailable as error:
            log.warning("the register of devices is not read: %s", error)

    app.timer(REFRESH_SECONDS)(follow)

    # behind its time a worker takes much at once: the state of a gateway is written once a batch, whatever came of it
    door = Door(
        SENSOR_READINGS.name,
        parse_sensors,
        desk.judge_many,
        partial(keep, desk.office),
        batch=2000,
        within=0.02,
        meter=meter,
    )
    return SENSOR_READINGS, door
