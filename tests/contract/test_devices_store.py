"""Devices in the record: registered one by one or by table, followed by their changes, and those nobody registered."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from domain.device import Device, UnknownReason
from domain.errors import Invalid, NotFound, Unavailable
from domain.place import Crs, Point
from handlers.devices import heard_unknown, register
from handlers.ports import Office
from sensing.wire import Observation
from store.device_load import DeviceLoad, loading_devices
from store.devices import Heard, changed_since
from store.pool import Pool
from store.views import DeviceFilter, DeviceViews, Scope
from tests.demo_city import grid, in_district, spot
from tests.devices import a_device, a_row, brought, remarks

INSERT = "INSERT INTO devices (id, kind, gateway, name, area, limits, active) VALUES ($1, 'k', 'g', '', '', '{}', true)"


@pytest.fixture
async def register_of(fresh_dsn: str, pool: Pool) -> AsyncIterator[DeviceLoad]:
    """An empty register, for one load."""
    await pool.execute("TRUNCATE devices, unknown_devices")
    async with loading_devices(fresh_dsn) as one:
        yield one


async def test_what_a_table_says_of_a_device_can_be_read_back(
    register_of: DeviceLoad, pool: Pool, tmp_path: Path
) -> None:
    limits = '{"deep": [0.3, 0.2]}'
    row = a_row(
        "water-1", n=5, gateway="gw-1", network="drain-1", unit="云湖市排水管理处", accuracy="0.01", limits=limits
    )
    tally = await brought(register_of, tmp_path / "d.csv", row)
    assert (tally.rows, tally.refused, tally.fates.added) == (1, 0, 1)
    one = await DeviceViews(pool).one("water-1", Scope())
    assert one is not None
    assert (one.kind, one.gateway, one.network, one.unit) == ("water-level", "gw-1", "drain-1", "drainage")
    assert (one.point, one.crs, one.grid, one.area[-1]) == (spot(5), Crs.WGS84, grid(5), grid(5))
    assert (one.accuracy, one.limits, one.active) == (0.01, {"deep": (0.3, 0.2)}, True)
    assert one.no > 0


async def test_a_table_given_again_writes_nothing_and_the_last_one_holds(
    register_of: DeviceLoad, pool: Pool, tmp_path: Path
) -> None:
    rows = [a_row(f"lamp-{n}", n=n) for n in range(40)]
    assert (await brought(register_of, tmp_path / "d.csv", *rows)).fates.added == 40
    before = await pool.fetch("SELECT id, no, xmin, ctid FROM devices ORDER BY id")
    assert (await brought(register_of, tmp_path / "d.csv", *rows)).fates.unchanged == 40
    assert await pool.fetch("SELECT id, no, xmin, ctid FROM devices ORDER BY id") == before
    moved = {**rows[7], "网关": "gw-9"}
    assert (await brought(register_of, tmp_path / "d.csv", moved)).fates.changed == 1
    after = await DeviceViews(pool).one("lamp-7", Scope())
    assert after is not None
    assert (after.gateway, after.no) == ("gw-9", next(row["no"] for row in before if row["id"] == "lamp-7"))


async def test_rows_that_cannot_be_are_listed_and_the_rest_comes_in(
    register_of: DeviceLoad, pool: Pool, tmp_path: Path
) -> None:
    rows = [
        a_row("ok-1"),
        a_row("bad id"),
        a_row("x-1", kind=""),
        a_row("x-2", unit="nobody"),
        a_row("x-3", accuracy="fine"),
        a_row("x-4", limits="{"),
        a_row("x-5", active="maybe"),
        {**a_row("x-6"), "经度": "1.0", "纬度": "1.0"},
        {**a_row("x-7"), "经度": "", "纬度": ""},
        a_row("ok-1", name="again"),
    ]
    tally = await brought(register_of, tmp_path / "d.csv", *rows)
    assert (tally.rows, tally.refused, tally.repeated, tally.fates.added) == (10, 8, 1, 1)
    assert remarks(tmp_path / "d.csv") == [
        ["2", "repeated", "设备编号", "code-repeated"],
        ["3", "refused", "设备编号", "device-id-invalid"],
        ["4", "refused", "设备类型", "cell-empty"],
        ["5", "refused", "责任单位", "unit-unknown"],
        ["6", "refused", "测量精度", "number-invalid"],
        ["7", "refused", "限值", "device-limits-invalid"],
        ["8", "refused", "启用", "word-unknown"],
        ["9", "refused", "经度", "place-outside"],
        ["10", "refused", "所在单元网格", "place-missing"],
    ]
    assert [one.name for one in await DeviceViews(pool).page(DeviceFilter(), Scope())] == ["again"]


async def test_one_load_at_a_time(register_of: DeviceLoad, fresh_dsn: str) -> None:
    with pytest.raises(Unavailable) as caught:
        async with loading_devices(fresh_dsn):
            pass
    assert caught.value.code == "devices-load-running"


async def test_a_device_is_registered_changed_and_known_by_its_number(pool: Pool, office: Office) -> None:
    first, new = await register(office, a_device("d-1", n=3))
    assert new
    again, new = await register(office, a_device("d-1", n=3))
    assert (again, new) == (first, False)
    gone, new = await register(office, a_device("d-1", n=3, active=False))
    assert not new
    assert (gone.no, gone.active, gone.registered_at) == (first.no, False, first.registered_at)
    assert gone.updated_at is not None
    assert first.updated_at is not None
    assert gone.updated_at > first.updated_at


async def test_a_position_in_another_system_is_converted_and_its_system_kept(office: Office) -> None:
    at = spot(4)
    shifted = Point(at.lon + 0.005, at.lat - 0.003, Crs.GCJ02)
    kept, _ = await register(office, a_device("d-gcj", point=shifted))
    assert kept.crs is Crs.GCJ02
    assert kept.point is not None
    assert kept.point.crs is Crs.WGS84
    assert 50 < abs(kept.point.lon - shifted.lon) * 98_000 < 1000, "hundreds of metres lie between the systems"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"unit": "nobody"}, "unit-unknown"),
        ({"point": None}, "place-missing"),
        ({"grid": "439901001001999"}, "grid-unknown"),
        ({"point": Point(100.0, 30.0, Crs.WGS84)}, "place-outside"),
    ],
)
async def test_what_cannot_be_registered_is_told(office: Office, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as caught:
        await register(office, a_device("d-wrong", **changes))
    assert caught.value.code == code


async def test_a_platform_of_some_areas_registers_within_them_only(office: Office) -> None:
    here, elsewhere = a_device("d-area", n=in_district("439901")), a_device("d-area", n=in_district("439902"))
    kept, _ = await register(office, here)
    own = "/".join(kept.area[:2]) + "/"
    assert (await register(office, here, [own]))[1] is False
    assert (await register(office, elsewhere))[0].area[1] != kept.area[1], "another district"
    for sent in (here, elsewhere):
        with pytest.raises(NotFound):
            await register(office, sent, [own])


async def test_changes_are_told_once_committed_however_long_they_took(pool: Pool, office: Office) -> None:
    position = (await changed_since(pool)).position
    late = await pool.acquire()
    turn = late.transaction()
    await turn.start()
    insert = (
        "INSERT INTO devices (id, kind, gateway, name, area, limits, active) VALUES ($1, 'k', 'g', '', '', '{}', true)"
    )
    await late.execute(insert, "slow")
    await register(office, a_device("quick"))
    first = await changed_since(pool, position)
    assert "quick" in {device.id for device in first.devices}
    await turn.commit()
    await pool.release(late)
    second = await changed_since(pool, first.position)
    assert "slow" in {device.id for device in second.devices}, "it began before the first look and ended after it"
    third = await changed_since(pool, second.position)
    assert (await changed_since(pool, third.position)).devices == ()
    assert {"slow", "quick"} <= {device.id for device in (await changed_since(pool)).devices}


async def test_unknown_devices_are_counted_until_somebody_registers_them(pool: Pool, office: Office) -> None:
    await pool.execute("TRUNCATE unknown_devices")
    views = DeviceViews(pool)
    for value in (1.0, 2.0):
        async with office.store.unit() as unit:
            await unit.devices.heard(
                [
                    Heard("new-1", "gw-1", UnknownReason.UNKNOWN, 10, value),
                    Heard("moved-1", "gw-2", UnknownReason.GATEWAY_MISMATCH, 5, value),
                ]
            )
    found = {one.id: one for one in await views.unknown(None, 10)}
    assert {name: (one.reason, one.readings, one.last_value) for name, one in found.items()} == {
        "new-1": ("unknown", 20, 2.0), "moved-1": ("gateway-mismatch", 10, 2.0),
    }  # fmt: skip
    assert found["new-1"].first_at < found["new-1"].last_at
    await register(office, a_device("new-1", gateway="gw-1"))
    await register(office, a_device("moved-1", gateway="gw-1"))
    assert [one.id for one in await views.unknown(None, 10)] == ["moved-1"], "it still speaks by another gateway"
    await heard_unknown(office, [Observation("solo", 0, 3.0), Observation("solo", 1, 4.0), Observation("", 1, 4.0)])
    page = await views.unknown(None, 1)
    assert [(one.id, one.gateway, one.readings, one.last_value) for one in page] == [("solo", "solo", 2, 4.0)]
    rest = await views.unknown((page[0].last_at, page[0].id, page[0].gateway), 10)
    assert [one.id for one in rest] == ["moved-1"]


async def test_two_batches_that_hear_the_same_strangers_never_block_each_other_for_good(
    pool: Pool, office: Office
) -> None:
    names = [f"stranger-{n}" for n in range(200)]

    async def hear(order: list[str]) -> None:
        for _ in range(5):
            async with office.store.unit() as unit:
                await unit.devices.heard([Heard(name, "gw", UnknownReason.UNKNOWN, 1, 0.0) for name in order])

    await asyncio.gather(hear(names), hear(names[::-1]))
    counted = await pool.fetchval("SELECT sum(readings) FROM unknown_devices WHERE gateway = 'gw'")
    assert counted == 200 * 10


async def test_a_unit_sees_its_own_devices_and_an_area_its_own(pool: Pool, office: Office) -> None:
    await pool.execute("TRUNCATE devices")
    one, _ = await register(office, a_device("s-1", n=in_district("439901"), unit="drainage"))
    await register(office, a_device("s-2", n=in_district("439902"), unit="lighting"))
    views = DeviceViews(pool)

    async def seen(scope: Scope) -> list[str]:
        found = [device.id for device in await views.page(DeviceFilter(), scope)]
        assert set(await views.many(["s-1", "s-2"], scope)) == set(found)
        assert [name for name in ("s-1", "s-2") if await views.one(name, scope)] == found
        assert await views.count(DeviceFilter(), scope) == len(found)
        return found

    assert await seen(Scope()) == ["s-1", "s-2"]
    assert await seen(Scope(unit="lighting")) == ["s-2"]
    assert await seen(Scope(areas=("/".join(one.area[:2]) + "/",))) == ["s-1"]
    assert await seen(Scope(areas=("nowhere/",))) == []


async def test_the_database_refuses_a_device_without_a_name(pool: Pool) -> None:
    insert = (
        "INSERT INTO devices (id, kind, gateway, name, area, limits, active) VALUES ('', 'k', 'g', '', '', '{}', true)"
    )
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute(insert)


def test_a_device_of_the_tests_is_one() -> None:
    assert isinstance(a_device("d-1"), Device)
