"""What the rules make of a city's devices: drains in a cloudburst, a manhole cover that rattles, lamps, lost lines."""

import random
from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from domain.device import Device
from sensing.device import Kind
from sensing.fleet import Fleet
from sensing.reading import Readings
from sensing.rules import Baseline, Direction, Neighbours, Rate, Rule, Silence, Stuck, Threshold
from sensing.signal import CLOCK, RANGE, Change, Signal
from sensing.times import Maintenance, Window

SHANGHAI = ZoneInfo("Asia/Shanghai")
MINUTE = 60_000

HIGH = Threshold(id="high", kind="water", level=3, alarm="water", raise_at=1.5, clear_at=1.2, hold_s=120)
BRIM = Threshold(id="brim", kind="water", level=2, alarm="water", raise_at=2.2, clear_at=1.8)
OVER = Threshold(id="over", kind="water", level=1, alarm="water", raise_at=2.8, clear_at=2.4)
OFFLINE = Silence(id="offline", kind="water", after_s=1800)


def ms(said: str) -> int:
    return round(datetime.fromisoformat(said).replace(tzinfo=SHANGHAI).timestamp() * 1000)


START = ms("2026-07-20 18:00")


def fleet(
    *rules: Rule, lateness_s: float = 0, flaps: int = 3, maintenance: Iterable[Maintenance] = (), low: float = -1
) -> Fleet:
    kind = Kind("water", "管网水位", "m", low, 12, lateness_s=lateness_s, flaps=flaps, rules=rules)
    places = ("w1", "439901001001001"), ("w2", "439901001001001"), ("w3", "439902001001001")
    devices = [Device(name, "water", "gw", grid=grid, network="line-7") for name, grid in places]
    return Fleet([kind], devices, maintenance)


def hear(city: Fleet, *readings: tuple[int, float], device: str = "w1", received: int = START + 10**10) -> list[Signal]:
    """Readings of one device: minutes after the start, and value."""
    row = city.row_of(device)
    assert row is not None
    at = np.array([START + round(minute * MINUTE) for minute, _ in readings])
    return city.watch(Readings(np.full(len(readings), row), at, np.array([v for _, v in readings], float), received))


def brief(signals: Sequence[Signal]) -> list[tuple[str, str, float]]:
    """Rule, change, and minutes from the start."""
    return [(one.rule, str(one.change), (one.at_ms - START) / MINUTE) for one in signals]


def test_a_rising_drain_is_one_alarm_that_climbs_and_ends_once() -> None:
    city = fleet(HIGH, BRIM, OVER)
    assert hear(city, (0, 0.4), (1, 1.6), (2, 1.7)) == []
    (raised,) = hear(city, (3, 1.9))
    assert (raised.rule, raised.level, raised.alarm) == ("high", 3, "water")
    assert raised.since_ms == START + MINUTE, "when it rose, not when it had lasted long enough"
    assert raised.reason == "管网水位1.9m，达到1.5m，持续2分钟"
    assert brief(hear(city, (4, 3.0))) == [("over", "raised", 4)], "two levels in one step are told as the graver"
    assert hear(city, (5, 2.3), (6, 1.4)) == [], "no alarm goes down in steps"
    assert brief(hear(city, (7, 1.0))) == [("high", "cleared", 7), ("over", "cleared", 7)]


def test_what_swings_between_the_two_limits_is_one_alarm() -> None:
    city = fleet(BRIM)
    assert brief(hear(city, *((n, (2.3, 1.9)[n % 2]) for n in range(20)))) == [("brim", "raised", 0)]


def test_a_cover_that_rattles_is_held_as_one_alarm_until_it_was_quiet() -> None:
    city = fleet(BRIM, flaps=3)
    told = hear(city, *((n, (2.3, 0)[n % 2]) for n in range(30)))
    assert brief(told) == [
        ("brim", "raised", 0), ("brim", "cleared", 1), ("brim", "raised", 2), ("brim", "cleared", 3),
        ("brim", "raised", 4), ("brim", "cleared", 5), ("brim", "raised", 6),
    ]  # fmt: skip
    assert told[-1].flapping
    assert told[-1].reason.endswith("反复报警，合并为一条")
    assert hear(city, (60, 0), (88, 0)) == [], "an hour after the last time, which was minute 29"
    assert brief(hear(city, (89, 0))) == [("brim", "cleared", 89)]


def test_a_lamp_is_dark_at_night_and_not_by_day() -> None:
    lit = Window("亮灯", 19 * 3600, 5 * 3600)
    dark = Threshold(
        id="dark", kind="water", raise_at=0.1, clear_at=0.3, direction=Direction.DOWN, hold_s=1800, active=lit
    )
    city = fleet(dark)
    assert brief(hear(city, *((n * 15, 0.0) for n in range(8)))) == [("dark", "raised", 90)]
    (raised,) = hear(fleet(dark), *((n * 15, 0.0) for n in range(8)))
    assert raised.since_ms == ms("2026-07-20 19:00"), "the hour before it was allowed to be dark"
    assert brief(hear(city, (11 * 60 - 1, 0.0), (11 * 60, 0.0))) == [("dark", "cleared", 660)], "05:00: morning"


@pytest.mark.parametrize(
    ("said", "holds"),
    [("2026-07-24 23:00", True), ("2026-07-25 01:00", True), ("2026-07-25 23:00", False), ("2026-07-26 01:00", False)],
)
def test_hours_over_midnight_belong_to_the_day_they_began_on(said: str, holds: bool) -> None:
    friday = Window("周五夜", 22 * 3600, 6 * 3600, frozenset({4}))
    assert friday.holds(np.array([ms(said)])).tolist() == [holds]


def test_a_season_runs_over_the_new_year() -> None:
    snow = Window("扫雪", season=((11, 15), (3, 15)))
    days = ["2026-11-14 12:00", "2026-11-15 00:00", "2027-01-01 12:00", "2027-03-15 23:59", "2027-03-16 00:00"]
    assert snow.holds(np.array([ms(day) for day in days])).tolist() == [False, True, True, True, False]


def test_a_line_that_was_cut_brings_its_readings_later_and_they_are_judged() -> None:
    city = fleet(HIGH, OFFLINE)
    for device in ("w1", "w2"):
        hear(city, (0, 0.5), device=device)
    silent = city.tick(START + 31 * MINUTE)
    assert [(one.device, one.rule, one.since_ms) for one in silent] == [
        ("w1", "offline", START),
        ("w2", "offline", START),
    ]
    assert city.tick(START + 60 * MINUTE) == [], "told once"
    back = hear(city, (10, 0.6), (20, 1.8), (25, 1.9), (70, 0.4))
    assert brief(back) == [("offline", "cleared", 10), ("high", "raised", 25), ("high", "cleared", 70)]
    assert city.counts.late == 0


def test_the_past_is_not_judged_twice() -> None:
    city = fleet(BRIM)
    hear(city, (5, 0.5))
    assert hear(city, (4, 9), (5, 9)) == []
    assert (city.counts.late, city.counts.duplicate, city.counts.judged) == (1, 1, 1)


def test_readings_in_disorder_wait_for_each_other() -> None:
    city = fleet(HIGH, lateness_s=180)
    assert hear(city, (3, 1.9), (1, 1.6), (2, 1.1), (4, 1.9)) == []
    assert brief(hear(city, (9, 1.9))) == [], "the dip of minute 2 came in time to count"
    assert brief(city.tick(START + 12 * MINUTE)) == [("high", "raised", 9)]


def test_the_last_readings_before_a_silence_are_judged_by_the_clock() -> None:
    city = fleet(BRIM, lateness_s=180)
    assert hear(city, (0, 2.5)) == []
    assert city.tick(START + 2 * MINUTE) == []
    assert brief(city.tick(START + 3 * MINUTE)) == [("brim", "raised", 0)]


def test_older_than_what_the_clock_let_go_is_late_and_no_duplicate() -> None:
    city = fleet(BRIM, lateness_s=180)
    hear(city, (0, 0.5), (1, 0.5))
    city.tick(START + 10 * MINUTE)
    assert hear(city, (0.5, 9), (1, 9)) == []
    assert (city.counts.late, city.counts.duplicate, city.counts.judged) == (1, 1, 2)


def test_a_device_from_the_future_is_flagged_once_and_does_not_spoil_the_present() -> None:
    city = fleet(BRIM)
    now = START + 2 * MINUTE
    flagged = hear(city, (600, 3), (601, 3), received=now)
    assert [(one.rule, one.change) for one in flagged] == [(CLOCK, Change.FLAGGED)]
    assert city.counts.clock_suspect == 2
    assert brief(hear(city, (2, 2.5), received=now)) == [("brim", "raised", 2)]


def test_an_impossible_value_is_no_flood() -> None:
    city = fleet(BRIM, Rate(id="fast", kind="water", raise_at=0.5, clear_at=0.1, direction=Direction.BOTH))
    told = hear(city, (0, 0.5), (1, 99), (2, 99), (3, 0.5))
    assert [(one.rule, one.change) for one in told] == [(RANGE, Change.FLAGGED)]
    assert city.counts.out_of_range == 2


def test_maintenance_keeps_quiet_what_ends_within_it_and_tells_what_does_not() -> None:
    window = Maintenance("m", START, START + 60 * MINUTE, grids=frozenset({"439901001001001"}))
    city = fleet(BRIM, maintenance=[window])
    assert hear(city, (10, 2.5), (20, 0.5), (30, 2.5)) == []
    assert brief(hear(city, (10, 2.5), device="w3")) == [("brim", "raised", 10)], "another grid"
    assert city.counts.in_maintenance == 3
    assert city.tick(START + 59 * MINUTE) == []
    (late,) = city.tick(START + 60 * MINUTE)
    assert (late.device, late.since_ms) == ("w1", START + 30 * MINUTE)
    assert brief(hear(city, (61, 0.1))) == [("brim", "cleared", 61)]


def test_a_window_that_ends_within_a_batch_lets_the_alarm_out_at_the_first_reading_after() -> None:
    window = Maintenance("m", START, START + 60 * MINUTE, device="w1")
    told = hear(fleet(BRIM, maintenance=[window]), (10, 2.5), (59, 2.5), (61, 2.5), (62, 2.5))
    assert brief(told) == [("brim", "raised", 61)]


def test_maintenance_called_off_lets_the_alarm_out() -> None:
    city = fleet(BRIM, maintenance=[Maintenance("m", START, START + 600 * MINUTE, device="w1")])
    assert hear(city, (10, 2.5)) == []
    city.maintain([])
    assert brief(hear(city, (11, 2.5))) == [("brim", "raised", 11)]


def test_one_gauge_may_err_two_of_one_line_are_believed() -> None:
    city = fleet(Neighbours(id="line", kind="water", raise_at=1.5, clear_at=1.2, at_least=2))
    assert hear(city, (0, 1.8), device="w1") == []
    both = hear(city, (1, 1.7), device="w3")
    assert [(one.device, one.since_ms) for one in both] == [("w1", START), ("w3", START + MINUTE)]
    assert "同一管网至少2台" in both[0].reason
    assert [one.device for one in hear(city, (2, 1.9), device="w2")] == ["w2"]
    assert [one.device for one in hear(city, (3, 0.5), device="w1")] == ["w1"]


def test_a_gauge_that_says_the_same_for_hours_is_stuck() -> None:
    city = fleet(Stuck(id="stuck", kind="water", hold_s=3600, epsilon=0.01))
    told = hear(city, (0, 0.5), (20, 0.505), (40, 0.5), (60, 0.5), (61, 0.6))
    assert [(rule, change, at) for rule, change, at in brief(told)] == [
        ("stuck", "raised", 60),
        ("stuck", "cleared", 61),
    ]
    assert told[0].since_ms == START


def test_a_level_that_shoots_up_is_told_before_it_is_high() -> None:
    city = fleet(Rate(id="fast", kind="water", raise_at=0.2, clear_at=0.05))
    assert brief(hear(city, (0, 0.2), (1, 0.3), (2, 0.6), (3, 0.9), (4, 0.92))) == [
        ("fast", "raised", 2),
        ("fast", "cleared", 4),
    ]


def test_a_series_without_limits_is_judged_by_its_own_past() -> None:
    city = fleet(Baseline(id="unusual", kind="water"))
    dice = random.Random(7)
    assert hear(city, *((n * 5, dice.gauss(2, 0.1)) for n in range(3000))) == [], "ten days like each other"
    told = hear(city, *((n * 5, dice.gauss(6, 0.1)) for n in range(3000, 3020)))
    assert [(one.rule, one.change) for one in told] == [("unusual", Change.RAISED)]


def test_a_device_may_have_limits_of_its_own() -> None:
    rule = Threshold(id="high", kind="water", raise_at=1.5, clear_at=1.2, limits={"w2": (3.0, 2.5), "w3": (3.0, 2.5)})
    city = Fleet(
        [Kind("water", "管网水位", rules=(rule,))],
        [
            Device("w1", "water", "g"),
            Device("w2", "water", "g"),
            Device("w3", "water", "g", limits={"high": (0.5, 0.4)}),
        ],
    )
    assert [bool(hear(city, (0, 2.0), device=name)) for name in ("w1", "w2", "w3")] == [True, False, True]
    city.enrol([Device("w1", "water", "g", limits={"high": (5.0, 4.0)})])
    assert brief(hear(city, (1, 2.0), device="w1")) == [("high", "cleared", 1)]


def test_kinds_are_judged_each_by_its_own_rules_and_told_in_the_order_they_came() -> None:
    loud = Threshold(id="loud", kind="noise", raise_at=65, clear_at=58)
    kinds = [Kind("water", "管网水位", rules=(BRIM,)), Kind("noise", "环境噪声", rules=(loud,))]
    city = Fleet(kinds, [Device("n1", "noise", "g"), Device("w1", "water", "g")])
    rows = np.array([0, 1, 0])
    told = city.watch(Readings(rows, START + rows * 0 + [0, 0, 1], np.array([70.0, 3.0, 10.0]), START))
    assert [(one.device, one.rule) for one in told] == [("n1", "loud"), ("w1", "brim"), ("n1", "loud")]


def test_other_rules_keep_what_they_have_in_common_and_end_what_is_no_rule_any_more() -> None:
    before = fleet(HIGH, OVER, Stuck(id="stuck", kind="water", hold_s=60))
    hear(before, (0, 1.6), (2, 1.6), (3, 1.6))
    after = fleet(Threshold(id="new", kind="water", raise_at=5, clear_at=4), OVER, HIGH)
    after.unpack([0], before.pack([0]))
    assert hear(after, (4, 1.6)) == [], "the alarm stood and stands"
    (withdrawn,) = after.tick(START + 5 * MINUTE)
    assert (withdrawn.rule, withdrawn.change) == ("stuck", Change.CLEARED)
    assert brief(hear(after, (6, 0.5))) == [("high", "cleared", 6)]
    assert after.tick(START + 7 * MINUTE) == []


def test_a_device_that_was_not_packed_begins_anew() -> None:
    before, after = fleet(BRIM), fleet(BRIM)
    hear(before, (0, 2.5), device="w1")
    hear(after, (0, 2.5), device="w2")
    after.unpack([0, 1], before.pack([0]))
    assert brief(hear(after, (1, 2.5), device="w2")) == [("brim", "raised", 1)]
    assert hear(after, (1, 2.5), device="w1") == []


@pytest.mark.parametrize("data", [b"", b"CLSR", b"XXXX\x01\x00\x00\x00\x00\x00", b"CLSR\x63\x00\x00\x00\x00\x00"])
def test_bytes_that_are_no_state_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="state"):
        fleet(BRIM).unpack([0], data)


def test_an_unknown_kind_is_not_enrolled() -> None:
    with pytest.raises(KeyError):
        fleet(BRIM).enrol([Device("x", "toaster", "g")])
