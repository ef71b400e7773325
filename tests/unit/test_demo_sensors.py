"""The sensors of the demo: the day they play is the same at any hour, and the evening's account of it can fail."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from domain.device import Device
from domain.place import Crs, Point
from runtime.demo.account import Account
from runtime.demo.sensor_account import SensorAccount
from runtime.demo.sensor_city import Sensor, sensors
from runtime.demo.sensor_day import MINUTES, UNKNOWN, Batch, SensorDay, midnight_of
from runtime.demo.sensors import Picture
from sensing.fleet import Fleet
from sensing.reading import Readings
from sensing.signal import Change, Signal
from sensing.wire import MAX_READINGS
from store.views import SensorTally
from tests.demo_city import pack

HOURS = (0.5, 4.9, 5.6, 6.0, 12.0, 19.0, 22.5)


@cache
def city() -> tuple[Sensor, ...]:
    return tuple(sensors(pack(), run="r", seed=1))


def played_at(hour: float, day: int = 22) -> SensorDay:
    begin = datetime(2026, 11, day, tzinfo=pack().policy.calendar.zone) + timedelta(hours=hour)
    return SensorDay(city(), run="r", seed=1, begin=begin)


def device(sensor: Sensor) -> Device:
    point = Point(sensor.lon, sensor.lat, Crs.WGS84)
    (place,) = pack().atlas.locate_many([sensor.lon], [sensor.lat])
    return Device(
        sensor.id, sensor.kind, sensor.gateway, sensor.name, point, Crs.WGS84, place.grid, place.path,
        network=sensor.network,
    )  # fmt: skip


@cache
def fleet_devices() -> tuple[Device, ...]:
    return tuple(map(device, city()))


def judged(batches: list[Batch]) -> list[Signal]:
    fleet = Fleet(pack().sensors.kinds, fleet_devices())
    signals: list[Signal] = []
    for batch in batches:
        known = [(row, at, value) for name, at, value in batch.readings if (row := fleet.row_of(name)) is not None]
        if not known:
            continue
        rows, at, values = (np.array(column) for column in zip(*known, strict=True))
        signals += fleet.watch(Readings(rows, at, values, at.max()))
    return signals


def alarms(signals: list[Signal]) -> Counter[str]:
    """Devices by rule that raised an alarm."""
    raised = {(signal.rule, signal.device) for signal in signals if signal.change is Change.RAISED}
    return Counter(rule for rule, _ in raised)


@pytest.mark.parametrize("hour", HOURS)
def test_the_same_happens_at_whatever_hour_the_demo_is_played(hour: float) -> None:
    day = played_at(hour)
    told = judged([*day.past(), *day.played()])
    raised = alarms(told)
    del raised["noise-unusual"]  # who shouts all night also surprises whoever has listened long enough
    assert raised == {
        "water-high": 40, "water-fast": 40, "lamp-dark": 18, "dust": 2, "noise-night": 1, "pm25-stuck": 1,
        "manhole-open": 1,
    }  # fmt: skip
    ended = Counter(signal.rule for signal in told if signal.change is Change.CLEARED)
    assert ended["water-high"] == ended["water-fast"] == 40, "the rain passes while the day is played"
    assert not ended["manhole-open"]
    assert not ended["pm25-stuck"]


def test_there_are_about_120_devices_and_every_gateway_has_one_that_is_new() -> None:
    assert len(city()) == len({sensor.id for sensor in city()}) == 120
    assert {sensor.gateway for sensor in city() if sensor.fresh} == {sensor.gateway for sensor in city()}
    assert {sensor.kind for sensor in city()} == {kind.id for kind in pack().sensors.kinds}
    networks = Counter(sensor.network for sensor in city() if sensor.kind == "street-lamp")
    assert len(networks) == 2
    places = pack().atlas.locate_many([sensor.lon for sensor in city()], [sensor.lat for sensor in city()])
    assert all(place.grid for place in places), "each stands in a unit grid"


def test_another_run_has_devices_of_its_own_at_the_same_places() -> None:
    other = sensors(pack(), run="s", seed=1)
    assert not {sensor.id for sensor in city()} & {sensor.id for sensor in other}
    assert not {sensor.gateway for sensor in city()} & {sensor.gateway for sensor in other}
    assert [(one.lon, one.lat) for one in city()] == [(one.lon, one.lat) for one in other]


@pytest.mark.parametrize("hour", HOURS)
def test_a_gateway_delivers_its_past_in_one_record_that_the_wire_carries(hour: float) -> None:
    past = played_at(hour).past()
    assert len({batch.gateway for batch in past}) == len(past) == 10
    assert all(len(batch.readings) <= MAX_READINGS for batch in past)
    fresh = {sensor.id for sensor in city() if sensor.fresh}
    assert not fresh & {name for batch in past for name, _, _ in batch.readings}


def test_what_is_played_ends_at_its_last_moment_and_falls_silent_nowhere() -> None:
    day = played_at(12)
    begin = round((datetime(2026, 11, 22, 12, tzinfo=pack().policy.calendar.zone)).timestamp() * 1000)
    sent = [(batch.minute, reading) for batch in day.played() for reading in batch.readings]
    assert max(at for _, (_, at, _) in sent) == begin + MINUTES * 60_000
    assert all(at <= begin + minute * 60_000 for minute, (_, at, _) in sent), "nothing is of the future"
    heard = {name for _, (name, _, _) in sent}
    silent = {sensor.id for sensor in city()} - heard
    assert silent == {"wl-xincheng-06.r"}
    assert heard - {sensor.id for sensor in city()} == {f"{UNKNOWN}.r"}


def test_some_come_late_and_a_gateway_repeats_its_last_records_at_the_end() -> None:
    played = played_at(12).played()
    assert [batch.minute for batch in played] == sorted(batch.minute for batch in played)
    *before, one, two, three = played
    repeated = [batch.readings for batch in (one, two, three)]
    assert [batch.readings for batch in before if batch.gateway == one.gateway][-3:] == repeated
    late = [
        (name, batch.minute)
        for batch in before
        for newest in [max(at for _, at, _ in batch.readings)]
        for name, at, _ in batch.readings
        if at < newest
    ]
    assert late == [("ns-yunhu-03.r", 12), ("ns-yunhu-04.r", 12)]


def test_a_seed_is_a_day() -> None:
    assert played_at(12).past() == played_at(12).past()
    other = SensorDay(city(), run="r", seed=2, begin=datetime(2026, 11, 22, 12, tzinfo=pack().policy.calendar.zone))
    assert other.past() != played_at(12).past()


def test_a_night_is_over_in_the_morning() -> None:
    zone = pack().policy.calendar.zone
    assert midnight_of(datetime(2026, 11, 22, 5, 59, tzinfo=zone)) == datetime(2026, 11, 21, tzinfo=zone)
    assert midnight_of(datetime(2026, 11, 22, 6, tzinfo=zone)) == datetime(2026, 11, 22, tzinfo=zone)


# --- The evening's account

GOOD = SensorTally(100, 3, 5, 9, 7, 2, 0, 1, 1, 4, 2, (uuid4(), uuid4()))


def account(tally: SensorTally = GOOD, filed: int = 2, joined: int = 0) -> SensorAccount:
    reports = Account(expected=2, sent=2, received=2, filed=filed, joined=joined)
    return SensorAccount(105, tally, reports, Picture(Path("chart.svg"), "/v1/devices/d/chart"))


def test_the_account_balances_when_everything_is_there_once() -> None:
    assert account().balanced
    assert account(filed=1, joined=1).balanced


@pytest.mark.parametrize(
    "wrong",
    [{"kept": 99}, {"kept": 101}, {"unknown": 4}, {"reported": 1}, {"noted": 0}],
    ids=["reading lost", "reading doubled", "stranger not counted", "incident untold", "recovery not noted"],
)
def test_the_account_does_not_balance_when_one_is_missing_or_too_many(wrong: dict[str, Any]) -> None:
    assert not account(replace(GOOD, **wrong)).balanced


def test_a_report_that_is_nowhere_does_not_balance() -> None:
    assert not account(filed=1).balanced
