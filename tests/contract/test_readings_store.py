"""Raw readings in the record: each kept once, in its day, however days come and go; and charts of them."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from domain.device import Device, ReadingFlag
from store.device_views import Span
from store.pool import Pool
from store.readings import AHEAD, RawReadings
from store.unit import Store
from store.views import DeviceViews

DAY = timedelta(days=1)
KEPT = 30
TOPIC = "t.sensor.readings.v1"


@pytest.fixture(autouse=True)
async def no_readings(pool: Pool) -> None:
    """No readings, and no days."""
    await pool.execute("SELECT drop_reading_days('9999-12-31')")
    await pool.execute("TRUNCATE readings_waiting, readings_odd, reading_marks, unknown_devices")


def columns(
    at: Sequence[datetime], device: int | Sequence[int] = 1, values: Sequence[float] | None = None, flags: int = 0
) -> RawReadings:
    """Readings at these times; of one device unless one is named for each."""
    devices = [device] * len(at) if isinstance(device, int) else device
    return RawReadings(
        np.array(devices, np.int32),
        np.array([round(moment.timestamp() * 1000) for moment in at], np.int64),
        np.array(values if values is not None else np.arange(len(at)), np.float64),
        np.full(len(at), flags, np.int16),
    )


async def keep(pool: Pool, batch: RawReadings, days: int = KEPT) -> int:
    async with Store(pool).unit() as unit:
        return await unit.readings.keep(batch, days)


async def turn(pool: Pool, days: int = KEPT) -> tuple[int, int]:
    async with Store(pool).unit() as unit:
        made = await unit.reading_days.make(days)
    async with Store(pool).unit() as unit:
        return made, await unit.reading_days.drop(days)


async def partitions(pool: Pool) -> list[str]:
    rows = await pool.fetch(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = 'readings'::regclass ORDER BY c.relname"
    )
    return [row[0] for row in rows]


async def where(pool: Pool) -> dict[str, int]:
    """How many readings each table holds."""
    rows = await pool.fetch("SELECT tableoid::regclass::text AS held, count(*) FROM readings GROUP BY 1")
    odd = await pool.fetchval("SELECT count(*) FROM readings_odd")
    return {row["held"]: row["count"] for row in rows} | ({"readings_odd": odd} if odd else {})


def named(moment: datetime) -> str:
    return f"readings_{moment:%Y%m%d}"


async def test_what_is_kept_is_what_was_sent(pool: Pool) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    at = [now, now - timedelta(milliseconds=1), now - 3 * DAY]
    batch = columns(at, [7, 8, 9], [0.1, -1e300, 5e-324], flags=ReadingFlag.CLOCK_SUSPECT | ReadingFlag.WRONG_GATEWAY)
    assert await keep(pool, batch) == 0
    rows = await pool.fetch("SELECT at, value, device, flags FROM readings ORDER BY device")
    assert [tuple(row) for row in rows] == [(at[0], 0.1, 7, 5), (at[1], -1e300, 8, 5), (at[2], 5e-324, 9, 5)]
    assert await keep(pool, columns([])) == 0


async def test_no_reading_is_lost_for_want_of_its_day_and_moves_there_when_it_is_made(pool: Pool) -> None:
    now = datetime.now(UTC)
    at = [now, now - DAY, now - 20 * DAY, now + DAY]
    await keep(pool, columns(at))
    assert await where(pool) == {"readings_waiting": 4}
    made, dropped = await turn(pool)
    assert (made, dropped) == (1 + AHEAD.days + 2, 0), "today, the days ahead, and two days that were waited for"
    assert await where(pool) == {named(moment): 1 for moment in at}
    await keep(pool, columns(at))
    assert await where(pool) == {named(moment): 2 for moment in at}
    assert await turn(pool) == (0, 0), "there is nothing left to do"


async def test_a_day_older_than_the_policy_says_is_dropped_and_no_other(pool: Pool) -> None:
    now = datetime.now(UTC)
    await keep(pool, columns([now - n * DAY for n in range(10)]))
    await turn(pool)
    assert len(await partitions(pool)) == 10 + AHEAD.days + 1
    assert (await turn(pool, days=5))[1] == 4
    assert min(await partitions(pool)) == named(now - 5 * DAY)
    assert sum((await where(pool)).values()) == 6


async def test_readings_of_clocks_that_are_wrong_are_kept_apart_for_as_long_as_others(pool: Pool) -> None:
    now = datetime.now(UTC)
    odd = [
        datetime(1970, 1, 1, tzinfo=UTC),
        now - (KEPT + 1) * DAY,
        now + AHEAD + DAY,
        datetime(9999, 12, 31, tzinfo=UTC),
    ]
    assert await keep(pool, columns([now, *odd])) == len(odd)
    await turn(pool)
    assert await where(pool) == {named(now): 1, "readings_odd": len(odd)}
    beyond = columns([now, now])
    beyond.at[:] = [-(2**62), 2**62]
    assert await keep(pool, beyond) == 2, "what no calendar holds is held at its ends"
    await pool.execute("UPDATE readings_odd SET kept_at = kept_at - interval '31 days'")
    await turn(pool)
    assert await where(pool) == {named(now): 1}


async def test_marks_move_with_what_they_mark_and_never_back(pool: Pool) -> None:
    store = Store(pool)
    async with store.unit() as unit:
        assert await unit.readings.marks(TOPIC, [0, 3]) == {0: 0, 3: 0}
        await unit.readings.advance(TOPIC, {0: 10, 3: 5})

    async def dies() -> None:
        async with store.unit() as unit:
            await unit.readings.keep(columns([datetime.now(UTC)]), KEPT)
            await unit.readings.marks(TOPIC, [0])
            await unit.readings.advance(TOPIC, {0: 20})
            raise RuntimeError("gone")

    with pytest.raises(RuntimeError, match="gone"):
        await dies()
    async with store.unit() as unit:
        assert await unit.readings.marks(TOPIC, [3, 0, 0]) == {0: 10, 3: 5}
        await unit.readings.advance(TOPIC, {0: 7})
        assert await unit.readings.marks(TOPIC, [0]) == {0: 10}
        assert await unit.readings.marks("another", [0]) == {0: 0}
    assert await where(pool) == {}, "what was not committed is not there"


async def test_a_worker_that_lost_its_partition_waits_and_then_sees_what_the_other_kept(pool: Pool) -> None:
    """Two workers hold one record: the second sees the first's mark, and keeps nothing twice."""
    store, record = Store(pool), columns([datetime.now(UTC)])
    kept = 0

    async def work() -> None:
        nonlocal kept
        async with store.unit() as unit:
            marks = await unit.readings.marks(TOPIC, [1])
            if marks[1] <= 41:
                await unit.readings.keep(record, KEPT)
                await unit.readings.advance(TOPIC, {1: 42})
                kept += 1

    await asyncio.gather(*(work() for _ in range(4)))
    assert kept == 1
    assert sum((await where(pool)).values()) == 1


async def test_a_chart_is_made_of_the_readings_of_its_device_and_time(pool: Pool) -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    device, views = Device("d", "k", "d", no=5), DeviceViews(pool)
    at = [begin + timedelta(seconds=n) for n in range(-10, 130)]
    await keep(pool, columns(at, 5, list(range(-10, 130))), days=10_000)
    await keep(pool, columns(at, 6, [1e9] * 140), days=10_000)
    await keep(pool, columns(at[15:16], 5, [-1e9], flags=ReadingFlag.OUT_OF_RANGE), days=10_000)
    await keep(pool, columns(at[16:17], 5, [50.0]), days=10_000)
    span = Span(begin, begin + timedelta(minutes=2))
    found = await views.chart(device, span, timedelta(minutes=1))
    assert [(one.at, one.low, one.high, one.count, one.flagged) for one in found] == [
        (begin, 0.0, 59.0, 61, 1), (begin + timedelta(minutes=1), 60.0, 119.0, 60, 0),
    ]  # fmt: skip
    assert found[1].mean == pytest.approx(89.5)
    only = Span(begin + timedelta(seconds=5), begin + timedelta(seconds=6))
    assert await views.readings_count(device, only) == 2
    newest = await views.readings(device, span, 3, 1, newest=True)
    assert [one.value for one in newest] == [118.0, 117.0, 116.0]
    assert [one.value for one in await views.readings(device, span, 2, 1)] == [1.0, 2.0]
