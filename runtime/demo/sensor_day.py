"""What the sensors of Yunhu measure: a night their gateways remember, and twenty minutes as they happen. Seeded.

Every moment is an event time. The gateways deliver the past in one record each, from the evening before the last whole
night on, and then send minute by minute; the last reading is of the moment it is sent at.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from itertools import groupby
from random import Random

from runtime.demo.sensor_city import Sensor

MINUTES = 20
"""How many minutes are played. Shorter than the shortest silence that is an alarm (half an hour), because what is
played lies that far back when it begins."""

HELD_BACK = (4, 12)
"""Two noise meters keep the reading of the first of these minutes until the second."""

UNKNOWN = "mh-unlisted"
"""A device that speaks by the covers' gateway and that nobody registered."""

USUAL = {"water-level": 0.45, "manhole": 2.0, "noise": 50.0, "pm25": 35.0, "street-lamp": 0.0}
"""What each kind reads when nothing is the matter, in its measure."""

_MINUTE, _HOUR = 60_000, 3_600_000
_GAP = 60_000
_PAST = {"water-level": 10, "manhole": 30, "noise": 5, "pm25": 10, "street-lamp": 15}
_NOW = {"water-level": 1, "manhole": 2, "noise": 1, "pm25": 2, "street-lamp": 5}
"""Minutes between the readings of each kind, in the past and while the day is played."""
_AGAIN = 3

Reading = tuple[str, int, float]
"""Device, epoch milliseconds UTC, value."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a gateway sends at once, ``minute`` after the play began; readings in order of time."""

    minute: int
    gateway: str
    readings: tuple[Reading, ...]


def midnight_of(now: datetime) -> datetime:
    """The midnight of the last night that is over; ``now`` is in the city's zone."""
    today = datetime.combine(now.date(), time(), now.tzinfo)
    return today if now >= today + timedelta(hours=6) else today - timedelta(days=1)


class SensorDay:
    """The story. ``begin`` is the first moment that is played, ``MINUTES`` before the last; in the city's zone."""

    def __init__(self, sensors: Sequence[Sensor], *, run: str, seed: int, begin: datetime) -> None:
        self._sensors = sensors
        self._run = run
        self._dice = Random(f"{seed} readings")  # noqa: S311  (chance for a play)
        self._begin = _ms(begin)
        self._midnight = _ms(midnight_of(begin))
        self._offset = (begin.utcoffset() or timedelta()) // timedelta(milliseconds=1)

    def past(self) -> list[Batch]:
        """What each gateway stored, one record each: a tick of the clock between two would call all of them silent."""
        first, last = self._midnight - 5 * _HOUR, self._begin - _GAP
        readings = [
            (sensor.gateway, (sensor.id, at, self._measured(sensor, at)))
            for sensor in self._sensors
            if not sensor.fresh
            for at in range(last, first, -_PAST[sensor.kind] * _MINUTE)
            if not self._silent(sensor, at)
        ]
        return list(_batches(0, readings))

    def played(self) -> list[Batch]:
        """What is sent while the day is played, in order; at the end a gateway repeats its last records."""
        sent: list[Batch] = []
        kept_back: list[tuple[str, Reading]] = []
        for minute in range(MINUTES + 1):
            now = [(sensor, self._reading(sensor, minute)) for sensor in self._sensors if self._speaks(sensor, minute)]
            if minute == HELD_BACK[0]:
                kept_back = [(s.gateway, reading) for s, reading in now if _holds_back(s)]
                now = [(sensor, reading) for sensor, reading in now if not _holds_back(sensor)]
            readings = [(sensor.gateway, reading) for sensor, reading in now]
            if minute == HELD_BACK[1]:
                readings += kept_back
            if minute % 5 == 0:
                covers = next(sensor for sensor in self._sensors if sensor.kind == "manhole")
                readings.append((covers.gateway, (f"{UNKNOWN}.{self._run}", self._begin + minute * _MINUTE, 3.0)))
            sent += _batches(minute, readings)
        gateway = sent[-1].gateway
        last = [one for one in sent if one.gateway == gateway][-_AGAIN:]
        return [*sent, *(replace(one, minute=MINUTES) for one in last)]

    def _reading(self, sensor: Sensor, minute: int) -> Reading:
        at = self._begin + minute * _MINUTE
        return sensor.id, at, self._measured(sensor, at)

    def _speaks(self, sensor: Sensor, minute: int) -> bool:
        return minute % _NOW[sensor.kind] == 0 and not self._silent(sensor, self._begin)

    def _silent(self, sensor: Sensor, at: int) -> bool:
        """The dry line's last gauge has not been heard for three hours."""
        return (sensor.group, sensor.number) == ("wl-xincheng", 5) and at > self._begin - 3 * _HOUR

    def _measured(self, sensor: Sensor, at: int) -> float:
        measure = {
            "water-level": self._water_level, "manhole": self._manhole, "noise": self._noise, "pm25": self._pm25,
            "street-lamp": self._street_lamp,
        }[sensor.kind]  # fmt: skip
        return round(max(0.0, measure(sensor, at)), 3)

    def _water_level(self, sensor: Sensor, at: int) -> float:
        usual = USUAL[sensor.kind] + self._dice.uniform(-0.02, 0.02)
        if sensor.group == "wl-xincheng" or sensor.fresh:
            return usual
        # it begins to rain where the two lines are close, the one's southern and the other's northern end
        far = 19 - sensor.number if sensor.group == "wl-wanghu" else sensor.number
        return usual + _cloudburst((at - self._begin) / _MINUTE - far / 10, 1.4 + sensor.number % 5 / 20)

    def _manhole(self, sensor: Sensor, at: int) -> float:
        moved = sensor.number == 4 and at >= self._begin + 6 * _MINUTE
        return (47.0 if moved else USUAL[sensor.kind]) + self._dice.uniform(-0.5, 0.5)

    def _noise(self, sensor: Sensor, at: int) -> float:
        past_midnight = (at - self._midnight) / _MINUTE
        if sensor.number == 0 and -30 <= past_midnight < 70:
            return 71.0 + self._dice.uniform(-3, 3)
        hour = (at + self._offset) / _HOUR % 24
        return USUAL[sensor.kind] - 6 * math.cos(math.tau * (hour - 2) / 24) + self._dice.uniform(-1.5, 1.5)

    def _pm25(self, sensor: Sensor, at: int) -> float:
        before = (self._begin - at) / _HOUR
        if sensor.number < 2 and 4.5 <= before < 6:
            return 190.0 + self._dice.uniform(-15, 15)
        if sensor.number == 7 and before < 8:
            return 38.0
        return USUAL[sensor.kind] + self._dice.uniform(-8, 8)

    def _street_lamp(self, sensor: Sensor, at: int) -> float:
        past_midnight = (at - self._midnight) / _HOUR
        dark = sensor.group == "lamp-dukou" and 1 <= past_midnight < 3.5
        hour = (at + self._offset) / _HOUR % 24
        lit = not 5.25 <= hour < 18.75
        return 0.5 + self._dice.uniform(-0.05, 0.05) if lit and not dark else 0.0


def _cloudburst(minute: float, depth: float) -> float:
    """What the rain adds to a level: it comes within four minutes, stays for six, and is gone after five more."""
    return depth * max(0.0, min((minute - 2) / 4, 1.0, (17 - minute) / 5))


def _holds_back(sensor: Sensor) -> bool:
    return sensor.kind == "noise" and sensor.number in (2, 3)


def _batches(minute: int, readings: Sequence[tuple[str, Reading]]) -> Iterator[Batch]:
    """One batch a gateway, in the order of their names; in each in order of time, what came late last."""
    by_gateway = sorted(readings, key=lambda one: one[0])
    for gateway, own in groupby(by_gateway, key=lambda one: one[0]):
        rows = [reading for _, reading in own]
        yield Batch(minute, gateway, tuple(sorted(rows, key=lambda reading: reading[1]) if not minute else rows))


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
