"""Devices: looked up and put for those who register them, read whole and by their changes for those who watch them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import asyncpg
import msgspec

from domain.device import Device, UnknownReason
from domain.ids import UnitId
from domain.place import Crs, Point
from store.cases import area_key
from store.codec import encode
from store.pool import Connection, Pool
from store.queries import sql
from store.translate import translated

_limits = msgspec.json.Decoder(dict[str, tuple[float, float]])

DeviceRow = tuple[
    str, str, str, str, float | None, float | None, str | None, str | None, str, str | None, str | None, str | None,
    float | None, str, bool,
]  # fmt: skip
"""A device as it is copied into the register, in the order of ``COLUMNS``."""
COLUMNS = (
    "id", "kind", "gateway", "name", "lon", "lat", "crs", "grid", "area", "network", "unit", "component", "accuracy",
    "limits", "active",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Changes:
    """Devices, and the position after them: what is registered or changed later is asked for by it."""

    devices: tuple[Device, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Heard:
    """An unknown device as one batch heard it: by which gateway, how many readings, and the last value."""

    id: str
    gateway: str
    reason: UnknownReason
    readings: int
    last_value: float


class Devices:
    """The devices of one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def known(self, ids: Sequence[str]) -> dict[str, Device]:
        """The devices with these ids; unknown ones are absent, and where none is asked for nobody is asked."""
        if not ids:
            return {}
        rows = await self._connection.fetch(sql("devices_known"), list(ids))
        return {row["id"]: device_of(row) for row in rows}

    async def put(self, device: Device) -> bool:
        """Register a device or change it; True where it is new. What changes nothing is not written."""
        new = await self._connection.fetchval(sql("devices_put"), *row_of(device))
        return bool(new)

    async def heard(self, unknown: Iterable[Heard]) -> None:
        """Note unknown devices, one statement a batch; a device and gateway stand in it once."""
        rows = sorted(unknown, key=lambda each: (each.id, each.gateway))  # one order, so that two batches never wait
        if not rows:
            return
        await self._connection.execute(
            sql("unknown_devices_heard"),
            [each.id for each in rows],
            [each.gateway for each in rows],
            [each.reason for each in rows],
            [each.readings for each in rows],
            [each.last_value for each in rows],
        )


async def changed_since(pool: Pool, position: int = 0) -> Changes:
    """The devices registered or changed after a position, by default all; none is missed, some are told twice.

    A position is a transaction's number, as for events: a load that commits after a younger one was read is still
    found. Raises ``Unavailable`` when the database is away.
    """
    with translated():
        async with pool.acquire(timeout=10) as connection:
            # first how far everything is settled, then what there is: the other way round would miss what came between
            settled = await connection.fetchval(sql("devices_settled"))
            rows = await connection.fetch(sql("devices_since"), position, timeout=300)
    return Changes(tuple(map(device_of, rows)), settled)


def row_of(device: Device) -> DeviceRow:
    """The device as its row."""
    point = device.point
    return (
        device.id, device.kind, device.gateway, device.name, point.lon if point else None, point.lat if point else None,
        device.crs.value if device.crs else None, device.grid, area_key(device.area) if device.area else "",
        device.network, device.unit, device.component, device.accuracy, encode(device.limits).decode(), device.active,
    )  # fmt: skip


def device_of(row: asyncpg.Record) -> Device:
    """A device as a row of its table has it."""
    return Device(
        id=row["id"],
        kind=row["kind"],
        gateway=row["gateway"],
        name=row["name"],
        point=None if row["lon"] is None else Point(row["lon"], row["lat"], Crs.WGS84),
        crs=Crs(row["crs"]) if row["crs"] else None,
        grid=row["grid"],
        area=tuple(filter(None, row["area"].split("/"))),
        network=row["network"],
        unit=UnitId(row["unit"]) if row["unit"] else None,
        component=row["component"],
        accuracy=row["accuracy"],
        limits=_limits.decode(row["limits"]) if row["limits"] != "{}" else {},
        active=row["active"],
        no=row["no"],
        registered_at=row["registered_at"],
        updated_at=row["updated_at"],
    )
