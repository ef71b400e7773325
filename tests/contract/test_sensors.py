"""Sensors on the real broker and the real database: one alarm, one incident, one report, whatever dies when."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from domain.device import Device, ReadingFlag
from domain.ids import ReportId
from handlers.file import file_many
from handlers.outcomes import Done
from handlers.recoveries import note_recoveries
from handlers.sensor_records import Heard
from handlers.sensor_watch import Watch
from sensing.signal import Change
from store.pool import connect
from streams.raw import Raw
from streams.sensor_state import partition_of_gateway
from streams.sensors import parse_sensors
from streams.topics import SENSOR_READINGS
from tests.conftest import fresh_database
from tests.demo_city import an_office, pack
from tests.sensors import MINUTE, Reading, SensorCity, a_gauge, sensor_city

DEATHS = 4


@pytest.fixture
async def city(postgres_dsn: str, kafka_bootstrap: str, server_home: Path) -> AsyncIterator[SensorCity]:
    """A city of its own for each story."""
    async with fresh_database(postgres_dsn) as dsn:
        pool = await connect(dsn, size=4, application="tests")
        database = await asyncpg.connect(dsn)
        try:
            async with sensor_city(dsn, kafka_bootstrap, server_home, an_office(pool), database) as city:
                yield city
        finally:
            await database.close()
            await pool.close()


def now_ms() -> int:
    return int(time.time() * 1000)


async def test_a_cloudburst_over_fifty_drains_is_one_case_with_fifty_witnesses_and_passes(city: SensorCity) -> None:
    drains = [a_gauge(f"drain-{n}", gateway=f"gw-{n % 5}", east_m=20.0 * n, network="main-7") for n in range(50)]
    await city.register(*drains)
    start = now_ms() - 40 * MINUTE
    for minute in range(40):
        level = 0.5 if minute < 5 or minute > 25 else 1.7
        city.send({f"gw-{g}": [(d.id, start + minute * MINUTE, level) for d in drains if d.gateway == f"gw-{g}"]
                   for g in range(5)})  # fmt: skip
    city.start()
    await city.until_finished()
    alarms = await city.alarms()
    water = [alarm for alarm in alarms if alarm["rule"] == "water-high"]
    assert (len(water), len({alarm["incident"] for alarm in alarms})) == (50, 1)
    assert all(alarm["cleared_at"] for alarm in alarms)
    assert await city.kept() == 2000
    (report,) = await city.database.fetch("SELECT id, origin, doc ->> 'text' AS text FROM reports")
    assert report["origin"] == "sensors"
    assert "50 处" in report["text"]
    (filed,) = await file_many(city.office, [ReportId(report["id"])])
    assert isinstance(filed, Done)
    assert await note_recoveries(city.office) == 1
    assert await note_recoveries(city.office) == 0
    async with city.office.store.unit() as unit:
        cases = await unit.cases.load([filed.subject])
    (case,) = cases.values()
    assert case.open, "the house's policy notes a recovery; people decide"
    events = await city.database.fetch("SELECT type FROM events WHERE subject = $1 ORDER BY version", case.id)
    assert [event["type"] for event in events][-1] == "case.recovered"


async def test_no_alarm_is_missed_or_doubled_by_kills_and_a_second_worker(city: SensorCity) -> None:
    dice = random.Random(7)
    devices = [a_gauge(f"d-{n}", gateway=f"gw-{n % 8}", east_m=2000.0 * n) for n in range(40)]
    await city.register(*devices)
    start = now_ms() - 600 * MINUTE
    records: list[tuple[str, list[Reading]]] = []
    for minute in range(0, 500, 2):
        for gateway in range(8):
            own = [device.id for device in devices if device.gateway == f"gw-{gateway}"]
            values = [2.0 if dice.random() < 0.3 else 0.5 for _ in own]
            rows = [(name, start + minute * MINUTE, value) for name, value in zip(own, values, strict=True)]
            records.append((f"gw-{gateway}", rows))
    city.start()
    for part in range(DEATHS + 1):
        for gateway, rows in _part(records, part):
            city.send({gateway: rows})
        city.producer.flush()
        if part < DEATHS:
            await asyncio.sleep(dice.uniform(1.0, 6.0))
            if part == 1:
                city.start()  # a second worker joins while the first is at work
            city.kill(city.workers[-1])
            city.start()
    await city.until_finished()
    told = {(a["device"], a["rule"], round(a["since"].timestamp() * 1000)) for a in await city.alarms()}
    for worker in city.workers:
        await asyncio.to_thread(worker.stop)
    finished = city.finished()
    expected = alarms_without_deaths(devices, [raw for raw in city.log() if raw.offset < finished[raw.partition]])
    assert len(expected) > 100
    assert told == expected
    assert await city.kept() == len(city.sent)


def _part(records: list[tuple[str, list[Reading]]], part: int) -> list[tuple[str, list[Reading]]]:
    size = len(records) // (DEATHS + 1)
    return records[part * size : (part + 1) * size] if part < DEATHS else records[part * size :]


def alarms_without_deaths(devices: list[Device], log: list[Raw]) -> set[tuple[str, str, int]]:
    """What one worker that never dies would raise, from what was written, ticks of the clock among it."""
    watch = Watch(pack().sensors.kinds, (), partition_of_gateway, "log")
    watch.enrol(devices)
    raised: set[tuple[str, str, int]] = set()
    for raw in sorted(log, key=lambda raw: (raw.partition, raw.offset)):
        (record,) = parse_sensors(raw)
        signals, _ = watch.judge([record], watch.look_up([record] if isinstance(record, Heard) else []))
        raised |= {signal.key for signal in signals if signal.change is Change.RAISED}
    return raised


async def test_who_falls_silent_is_found_and_a_worker_that_was_away_calls_nobody_silent(city: SensorCity) -> None:
    await city.register(a_gauge("silent", "manhole"), a_gauge("talks", "manhole", "gw-2"))
    city.send({"gw-1": [("silent", now_ms() - 1500 * MINUTE, 0.5)], "gw-2": [("talks", now_ms() - 1500 * MINUTE, 0.5)]})
    city.send({"gw-2": [("talks", now_ms(), 0.5)]})
    city.start()

    async def found() -> bool:
        return bool(await city.alarms())

    await city.until(found, "the silence is found")
    assert [(alarm["device"], alarm["rule"]) for alarm in await city.alarms()] == [("silent", "manhole.silence")]
    city.send({"gw-1": [("silent", now_ms(), 0.5)]})

    async def back() -> bool:
        return all(alarm["cleared_at"] for alarm in await city.alarms())

    await city.until(back, "it is heard again")


async def test_what_cannot_be_used_is_kept_apart_with_its_reason(city: SensorCity) -> None:
    await city.register(a_gauge("known"), a_gauge("moved", gateway="gw-9"))
    at = now_ms()
    city.send({"gw-1": [("known", at, 0.4), ("stranger", at, 7.5), ("moved", at, 0.4)]})
    city.send_raw("gw-1", b"{not json")
    wrong = (partition_of_gateway("gw-1") + 1) % SENSOR_READINGS.partitions
    city.send_raw("gw-1", json.dumps({"device": "known", "at": "2026-11-22T08:00:00Z", "value": 1}).encode(), wrong)
    city.start()
    await city.until_finished()
    unknown = await city.database.fetch(
        "SELECT id, gateway, reason, readings, last_value FROM unknown_devices ORDER BY id"
    )
    assert [tuple(row) for row in unknown] == [
        ("moved", "gw-1", "gateway-mismatch", 1, 0.4),
        ("stranger", "gw-1", "unknown", 1, 7.5),
    ]
    kept = await city.database.fetch("SELECT d.id, flags FROM readings JOIN devices d ON d.no = device ORDER BY d.id")
    assert [tuple(row) for row in kept] == [("known", 0), ("moved", ReadingFlag.WRONG_GATEWAY)]
    rejects = await city.database.fetch("SELECT code FROM rejects ORDER BY code")
    assert [row["code"] for row in rejects] == ["json-invalid", "partition-wrong"]


async def test_a_gateway_whose_clock_runs_ahead_does_not_vouch_for_itself(city: SensorCity) -> None:
    await city.register(a_gauge("ahead"), a_gauge("right"))
    hour = now_ms() + 60 * MINUTE
    body = {"gateway": "gw-1", "devices": ["ahead", "right"], "at": [hour, now_ms()], "values": [0.4, 0.4]}
    city.send_raw("gw-1", json.dumps(body).encode(), clock=hour)
    city.start()
    await city.until_finished()
    kept = await city.database.fetch("SELECT d.id, flags FROM readings JOIN devices d ON d.no = device ORDER BY d.id")
    assert [tuple(row) for row in kept] == [("ahead", ReadingFlag.CLOCK_SUSPECT), ("right", 0)]


async def test_readings_of_a_topic_made_anew_are_kept_and_judged(city: SensorCity) -> None:
    await city.register(a_gauge("gauge"))
    for minute in range(40, 20, -1):
        city.send({"gw-1": [("gauge", now_ms() - minute * MINUTE, 0.5)]})
    worker = city.start()
    await city.until_finished()
    await asyncio.to_thread(worker.stop)
    await city.make_anew()
    for minute in range(15, 0, -1):
        city.send({"gw-1": [("gauge", now_ms() - minute * MINUTE, 1.9)]})
    city.start()
    await city.until_finished()
    assert await city.kept() == len(city.sent) == 35
    assert {alarm["rule"] for alarm in await city.alarms()} == {"water-high"}


async def test_a_device_registered_while_it_speaks_is_watched_from_then_on(city: SensorCity) -> None:
    await city.register(a_gauge("first"))
    city.start()
    city.send({"gw-1": [("late", now_ms(), 0.4)]})
    await city.until_finished()
    await city.register(a_gauge("late"))

    async def heard() -> bool:
        city.send({"gw-1": [("late", now_ms(), 0.4)]})
        return await city.kept() > 0

    await city.until(heard, "it is heard")
