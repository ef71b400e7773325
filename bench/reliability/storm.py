"""The storm drill: it rains on hundreds of gauges at once; every reading is kept once, every alarm known, and the city
is told of one incident a drainage line, not of hundreds.

Fault: the sensors' worker is killed in the middle, with a second of records done and not acknowledged. Twenty minutes
of event time pass while it is sent: rain for a quarter of an hour, and over.
"""

import asyncio
import json
import math
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

import asyncpg
import numpy as np
from aiokafka import AIOKafkaProducer

from bench.reliability import record
from bench.reliability.reckoning import Account
from bench.reliability.schedule import Fault, carry_out
from bench.reliability.town import Ground, Town, town
from domain.device import Device
from domain.ids import UnitId
from domain.place import Crs, Point
from sensing.fleet import Fleet
from sensing.reading import Readings
from sensing.signal import Change
from sensing.wire import Columns
from store.pool import connect
from store.sensor_views import SensorTally
from store.unit import Store
from store.views import Views
from streams.topics import SENSOR_READINGS

GATEWAY = 20
"""Devices behind one gateway."""
LINES = ("439901001001", "439901002002", "439902003002")
"""Communities more than two kilometres apart, a drainage line in each."""

_SPAN = 20 * 60_000
_STEP = 15.0
_PATIENCE = 120
"""Seconds without any progress; the watchdog ends a worker that stands still after some 60."""
_CLOSELY = 0.005
"""Seconds; an offset is acknowledged up to a second after its record was kept."""
_KEY = tuple[str, str, int]

BLIND = """
    CREATE FUNCTION forget_mark() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.next_offset := 0; RETURN NEW; END';
    CREATE TRIGGER forget_mark BEFORE INSERT OR UPDATE ON reading_marks FOR EACH ROW EXECUTE FUNCTION forget_mark();"""
"""Nobody knows any more which records have been kept."""

_HEARD = """
    SELECT count(DISTINCT d.gateway) FROM devices d
    WHERE EXISTS (SELECT FROM readings r WHERE r.device = d.no AND r.flags = 0)"""
_ALARMS = "SELECT device, rule, (extract(epoch FROM since) * 1000)::bigint AS since FROM sensor_alarms"
_FLAGGED = "SELECT count(*) FROM readings WHERE flags <> 0 AND at >= to_timestamp($1)"


@dataclass(frozen=True, slots=True)
class Size:
    """How many ``devices``, readings each of them sends a second, ``seconds``, and kills of the worker.

    ``blind`` takes the memory of what was kept away.
    """

    devices: int
    rate: int
    seconds: int
    kills: int = 1
    blind: bool = False

    @property
    def readings(self) -> int:
        """All of them."""
        return self.devices * self.rate * self.seconds


SHORT = Size(50, 10, 5)
LONG = Size(500, 10, 60)
BLIND_MARKS = Size(50, 10, 5, 2, blind=True)


@dataclass(slots=True)
class Sender:
    """Gateways that send once a second; ``sent`` are the readings the broker took, ``done`` the share of the drill."""

    producer: AIOKafkaProducer
    topic: str
    sent: int = 0
    done: float = 0.0

    async def put(self, columns: Columns) -> None:
        """One record of one gateway."""
        headers = [("schema", SENSOR_READINGS.contract.encode())]
        value = json.dumps(columns.record).encode()
        await self.producer.send_and_wait(self.topic, value, key=columns.gateway.encode(), headers=headers)
        self.sent += len(columns)


def schedule(size: Size, _: int) -> list[Fault]:
    """The faults of a drill: kills evenly in the middle, whatever the seed, each when all that was sent is kept."""
    return [Fault((n + 1) / (size.kills + 1), "kill", "sensors") for n in range(size.kills)]


def gauges(size: Size, middles: Sequence[Point]) -> list[Device]:
    """The devices, lines taking turns; each line's stand some metres apart around its middle."""
    found = []
    width = math.ceil(math.sqrt(size.devices / len(middles)))
    for n in range(size.devices):
        line, place = n % len(middles), n // len(middles)
        east, north = (place % width - width / 2) * _STEP, (place // width - width / 2) * _STEP
        middle = middles[line]
        lon = middle.lon + east / (111_320 * math.cos(math.radians(middle.lat)))
        point = Point(lon, middle.lat + north / 111_320, Crs.WGS84)
        found.append(
            Device(
                f"gauge-{n:04d}", "water-level", f"gw-{n // GATEWAY}", f"液位计{n:04d}", point, Crs.WGS84,
                network=f"line-{line}", unit=UnitId("drainage"),
            )
        )  # fmt: skip
    return found


def level(minute: float, number: int) -> float:
    """Metres of water at a device: the rain reaches the last one a minute and a half after the first."""
    wet = max(0.0, min((minute - 3 - number % 90 / 60) / 4, 1.0, (16 + number % 90 / 60 - minute) / 4))
    return round(0.4 + 1.5 * wet, 4)


def records(devices: Sequence[Device], size: Size, second: int, begin: int) -> list[Columns]:
    """What the gateways send after a second: ``rate`` readings of each device, by time. ``begin`` in epoch ms."""
    each = _SPAN / (size.rate * size.seconds)
    by_gateway: dict[str, Columns] = {}
    for tick in range(second * size.rate, (second + 1) * size.rate):
        for number, device in enumerate(devices):
            columns = by_gateway.setdefault(device.gateway, Columns(device.gateway))
            columns.devices.append(device.id)
            columns.at.append(begin + round(tick * each))
            columns.values.append(level(tick * each / 60_000, number))
    return list(by_gateway.values())


async def drill(ground: Ground, size: Size, seed: int) -> Account:
    """Play it and account for it."""
    async with town(ground, apis=1, workers=1) as place:
        if size.blind:
            await _blinded(place)
        devices = await _registered(place, size)
        producer = AIOKafkaProducer(bootstrap_servers=ground.bootstrap, acks="all", enable_idempotence=True)
        await producer.start()
        try:
            sender = Sender(producer, SENSOR_READINGS.full(place.prefix))
            await _listened_to(place, devices, sender)
            begin = round((time.time() + size.seconds) * 1000) - _SPAN

            async def kill(fault: Fault) -> None:
                # where it never comes to that, the account will say so
                with suppress(TimeoutError):
                    async with asyncio.timeout(_PATIENCE):
                        while await _kept(place) < sender.sent:
                            await asyncio.sleep(_CLOSELY)
                place.kill(fault.target)

            async with asyncio.TaskGroup() as together:
                together.create_task(carry_out(schedule(size, seed), {"kill": kill}, lambda: sender.done))
                together.create_task(_rain(devices, size, sender, begin))
        finally:
            await producer.stop()
        behind = sender.sent - await _kept(place)
        ended = time.monotonic()
        tally = await _settled(place, devices, sender)
        return await _account(place, _Played(devices, size, sender, begin, behind, time.monotonic() - ended), tally)


@dataclass(frozen=True, slots=True)
class _Played:
    devices: Sequence[Device]
    size: Size
    sender: Sender
    begin: int
    behind: int
    caught_up: float


async def _blinded(place: Town) -> None:
    connection = await asyncpg.connect(place.dsn)
    try:
        await connection.execute(BLIND)
    finally:
        await connection.close()


async def _registered(place: Town, size: Size) -> list[Device]:
    atlas = place.machine.pack.atlas
    middles = [atlas.tree.areas[code].polygon.representative_point() for code in LINES]
    devices = gauges(size, [Point(middle.x, middle.y, Crs.WGS84) for middle in middles])
    pool = await connect(place.dsn, size=1, application="drill")
    try:
        async with Store(pool).unit() as unit:
            for device in devices:
                await unit.devices.put(device)
    finally:
        await pool.close()
    return devices


async def _listened_to(place: Town, devices: Sequence[Device], sender: Sender) -> None:
    """Until the worker knows every gateway; each says a word a second, of a time before the rain."""
    first = {device.gateway: device.id for device in devices}
    begin = round(time.time() * 1000) - _SPAN - 5 * 60_000
    for second in range(_PATIENCE):
        at = begin + second * 1000
        await asyncio.gather(*(sender.put(Columns(name, [one], [at], [0.4])) for name, one in first.items()))
        await asyncio.sleep(1)
        if (await record.asked(place, _HEARD))[0][0] == len(first):
            return
    raise TimeoutError("the sensors' worker does not listen")


async def _rain(devices: Sequence[Device], size: Size, sender: Sender, begin: int) -> None:
    start = time.monotonic()
    for second in range(size.seconds):
        sent = await asyncio.to_thread(records, devices, size, second, begin)
        await asyncio.sleep(start + second - time.monotonic())
        await asyncio.gather(*map(sender.put, sent))
        sender.done = (second + 1) / size.seconds


async def _kept(place: Town) -> int:
    return int((await record.asked(place, "SELECT count(*) FROM readings"))[0][0])


async def _settled(place: Town, devices: Sequence[Device], sender: Sender) -> SensorTally:
    """The record's count once all is kept and every case knows what is over, or nothing moves any more."""
    pool = await connect(place.dsn, size=1, application="drill")
    try:
        names = [device.id for device in devices]
        last, moved = None, time.monotonic()
        while True:
            tally = await Views(pool).sensors.tally(names, [])
            over = tally.kept >= sender.sent and tally.raised == tally.cleared and tally.noted == tally.incidents
            if over and tally.incidents:
                await record.settled(place)
                return tally
            if tally != last:
                last, moved = tally, time.monotonic()
            if time.monotonic() - moved > _PATIENCE:
                return tally
            await asyncio.sleep(0.25)
    finally:
        await pool.close()


def expected(place: Town, devices: Sequence[Device], size: Size, begin: int) -> set[_KEY]:
    """The alarms one worker that never dies and is never late would raise."""
    fleet = Fleet(place.machine.pack.sensors.kinds, devices)
    raised: set[_KEY] = set()
    for second in range(size.seconds):
        for columns in records(devices, size, second, begin):
            rows = np.array([fleet.row_of(device) for device in columns.devices])
            at, values = np.array(columns.at), np.array(columns.values)
            signals = fleet.watch(Readings(rows, at, values, np.full(len(rows), begin + _SPAN)))
            raised |= {signal.key for signal in signals if signal.change is Change.RAISED}
    return raised


async def _account(place: Town, played: _Played, tally: SensorTally) -> Account:
    alarms = {(row["device"], row["rule"], row["since"]) for row in await record.asked(place, _ALARMS)}
    wanted = await asyncio.to_thread(expected, place, played.devices, played.size, played.begin)
    reports = await record.reports(place)
    sent = played.sender.sent
    wrongs = {
        "readings lost": max(0, sent - (tally.kept - tally.again)),
        "readings kept twice": tally.again,
        "readings not judged": int((await record.asked(place, _FLAGGED, played.begin / 1000))[0][0]),
        "alarms missed": len(wanted - alarms),
        "alarms nobody should have raised": len(alarms - wanted),
        "alarms that never ended": tally.raised - tally.cleared,
        "incidents more or less than lines": abs(tally.incidents - tally.absorbed - len(LINES)),
        "incidents without a report": tally.incidents - tally.reported,
        "reports without exactly one home case": sum(one.homes != 1 for found in reports.values() for one in found),
        "recoveries not noted on the case": tally.incidents - tally.noted,
        "rejects": len(await record.rejects(place)),
    }
    facts = {
        "readings": sent,
        "devices": len(played.devices),
        "readings a second": played.size.devices * played.size.rate,
        **{name: value for name, value in asdict(tally).items() if name != "reports"},
        "reports": len(tally.reports),
        "readings behind when the last was sent": played.behind,
        "seconds until all had settled": round(played.caught_up, 1),
        "killed": dict(place.killed),
    }
    return Account(wrongs, facts)
