"""The sensors of the demo city as their platform runs them: put up in the morning, sending all day, accounted for."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from aiokafka import AIOKafkaProducer

from runtime.demo.clock import ExerciseClock
from runtime.demo.line import Line
from runtime.demo.sensor_city import Sensor
from runtime.demo.sensor_day import MINUTES, UNKNOWN, USUAL, Batch, SensorDay
from sensing.wire import Columns
from store.views import SensorTally, Views
from streams.broker import answering
from streams.sensors import TICK_SECONDS
from streams.topics import SENSOR_READINGS

SHARE = 0.6
"""How much of the day the sensors' twenty minutes take; then there is time to work off what they told."""

_BEFORE = timedelta(minutes=MINUTES + 5)
_AT_ONCE = 8
_PATIENCE = 60.0
_LOOK = 0.25
_SHOWN = "wl-wanghu-01"


@dataclass(frozen=True, slots=True)
class Picture:
    """The chart of a device: the file it is in, and its path at the API."""

    file: Path
    path: str


class Sensors:
    """``platform`` registers devices, ``viewer`` reads. ``sent`` counts the readings that the broker has taken."""

    def __init__(
        self,
        city: Sequence[Sensor],
        lines: tuple[Line, Line],
        producer: AIOKafkaProducer,
        prefix: str,
        *,
        run: str,
        seed: int,
        zone: tzinfo,
    ) -> None:
        self.city = city
        self.platform, self.viewer = lines
        self.sent = 0
        self._producer = producer
        self._topic = SENSOR_READINGS.full(prefix)
        self._run = run
        self._seed = seed
        self._zone = zone
        self._finished_at: float | None = None
        self._begin = self._end = datetime.now(UTC)

    async def install(self) -> None:
        """Register every device and wait until the worker listens to them: one of each gateway says so all the while.

        After a minute the day begins all the same. Raises ``Unavailable`` if the broker takes nothing.
        """
        await self._register(active=True)
        waiting = {sensor.gateway: sensor for sensor in self.city if sensor.fresh}
        begin = datetime.now(UTC) - _BEFORE
        for second in range(int(_PATIENCE)):
            if not waiting:
                return
            at = round((begin + timedelta(seconds=second)).timestamp() * 1000)
            said = [Batch(0, one.gateway, ((one.id, at, USUAL[one.kind]),)) for one in waiting.values()]
            await self._send(said)
            await asyncio.sleep(1)
            for sensor in list(waiting.values()):
                if await self._heard(sensor, begin):
                    del waiting[sensor.gateway]

    async def play(self, clock: ExerciseClock) -> None:
        """Deliver what the gateways remember, then twenty minutes in their share of the day. Raises ``Unavailable``."""
        loop = asyncio.get_running_loop()
        seconds, start = clock.seconds * SHARE, loop.time()
        self._end = datetime.now(self._zone) + timedelta(seconds=seconds)
        self._begin = self._end - timedelta(minutes=MINUTES)
        day = SensorDay(self.city, run=self._run, seed=self._seed, begin=self._begin)
        await self._send(day.past())
        batches = day.played()
        for minute in range(MINUTES + 1):
            await asyncio.sleep(start + seconds * minute / MINUTES - loop.time())
            await self._send([batch for batch in batches if batch.minute == minute])
        self._finished_at = loop.time()

    async def settled(self, views: Views) -> bool:
        """Whether all is sent and kept, silence was looked for after it, and every case knows what is over."""
        if self._finished_at is None or asyncio.get_running_loop().time() < self._finished_at + 2 * TICK_SECONDS:
            return False
        tally = await self.tally(views)
        return tally.kept + tally.unknown >= self.sent and tally.noted >= tally.recovered

    async def tally(self, views: Views) -> SensorTally:
        """What the record says of this run's devices."""
        return await views.sensors.tally([sensor.id for sensor in self.city], [f"{UNKNOWN}.{self._run}"])

    async def draw(self, home: Path) -> Picture:
        """Fetch the chart of a gauge that saw the cloudburst into a file below ``home``."""
        device = f"{_SHOWN}.{self._run}"
        since, until = (moment.astimezone(UTC) for moment in (self._begin - timedelta(minutes=2), self._end))
        span = {"from": f"{since:%Y-%m-%dT%H:%M:%SZ}", "to": f"{until:%Y-%m-%dT%H:%M:%SZ}"}
        path = f"/v1/devices/{device}/chart"
        file = home / f"chart-{device}.svg"
        file.write_bytes(await self.viewer.fetch(path, **span))
        return Picture(file, path + "?" + "&".join(f"{name}={value}" for name, value in span.items()))

    async def retire(self) -> None:
        """Take the devices out of service: nobody sends for them any more, and nobody need miss them."""
        await self._register(active=False)

    async def _register(self, *, active: bool) -> None:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def put(sensor: Sensor) -> None:
            async with gate:
                answer = await self.platform.put(f"/v1/devices/{sensor.id}", sensor.registered(active=active))
                answer.raise_for_status()

        await asyncio.gather(*map(put, self.city))

    async def _heard(self, sensor: Sensor, since: datetime) -> bool:
        """Whether a reading came in as this device's own: then the worker watches it."""
        span: dict[str, str | int] = {"from": since.isoformat(), "points": 1}
        said = await self.platform.ask(f"/v1/devices/{sensor.id}/readings", **span)
        return any(point["count"] for point in said["points"])

    async def _send(self, batches: Iterable[Batch]) -> None:
        """Records of different gateways at once; those of one in order."""
        by_gateway: dict[str, list[Batch]] = {}
        for batch in batches:
            by_gateway.setdefault(batch.gateway, []).append(batch)
        await asyncio.gather(*map(self._send_in_order, by_gateway.values()))

    async def _send_in_order(self, batches: Sequence[Batch]) -> None:
        for batch in batches:
            devices, at, values = (list(column) for column in zip(*batch.readings, strict=True))
            value = json.dumps(Columns(batch.gateway, devices, at, values).record).encode()
            headers = [("schema", SENSOR_READINGS.contract.encode())]
            with answering():
                await self._producer.send_and_wait(self._topic, value, key=batch.gateway.encode(), headers=headers)
            self.sent += len(batch.readings)
