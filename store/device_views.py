"""Devices and their readings for the doors: one, a page, what nobody registered, a chart. Part of ``store.views``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.device import Device
from store.devices import device_of
from store.read_model import ReadModel
from store.scope import Scope


@dataclass(frozen=True, slots=True)
class DeviceFilter:
    """What a list is narrowed to. ``area`` is an area key prefix; ``after`` is the last id of the page before.

    ``placed`` are those whose position is known.
    """

    kind: str | None = None
    area: str | None = None
    gateway: str | None = None
    network: str | None = None
    after: str | None = None
    limit: int = 50
    skip: int = 0
    placed: bool = False


@dataclass(frozen=True, slots=True)
class UnknownDevice:
    """A device that speaks and is kept apart; times are ours."""

    id: str
    gateway: str
    reason: str
    first_at: datetime
    last_at: datetime
    readings: int
    last_value: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """A part of a chart: ``count`` readings from ``at`` on, with their least, greatest and mean value.

    The values are None where all of its readings were ``flagged``, which are counted apart.
    """

    at: datetime
    low: float | None
    high: float | None
    mean: float | None
    count: int
    flagged: int


@dataclass(frozen=True, slots=True)
class ReadingView:
    """One reading as kept; ``flags`` are bits of ``domain.device.ReadingFlag``."""

    at: datetime
    value: float
    flags: int


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment to before another."""

    since: datetime
    until: datetime


class DeviceViews(ReadModel):
    """Devices for the doors. Raises ``Unavailable``."""

    async def one(self, wanted: str, scope: Scope) -> Device | None:
        """A device by its id."""
        rows = await self._fetch("view_device", wanted, list(scope.areas), scope.unit)
        return device_of(rows[0]) if rows else None

    async def page(self, narrowed: DeviceFilter, scope: Scope) -> list[Device]:
        """A page of devices in the order of their ids."""
        rows = await self._fetch(
            "view_devices",
            narrowed.kind,
            narrowed.area,
            narrowed.gateway,
            narrowed.network,
            narrowed.after,
            list(scope.areas),
            scope.unit,
            narrowed.limit,
            narrowed.skip,
            narrowed.placed,
        )
        return list(map(device_of, rows))

    async def count(self, narrowed: DeviceFilter, scope: Scope) -> int:
        """How many devices of its kind, or all, a list would have."""
        values = (narrowed.kind, narrowed.placed, list(scope.areas), scope.unit)
        rows = await self._fetch("view_devices_count", *values)
        return int(rows[0]["number"])

    async def many(self, ids: Sequence[str], scope: Scope) -> dict[str, Device]:
        """The devices with these ids that the caller may see."""
        rows = await self._fetch("view_devices_named", list(ids), list(scope.areas), scope.unit)
        return {row["id"]: device_of(row) for row in rows}

    async def unknown(self, before: tuple[datetime, str, str] | None, limit: int) -> list[UnknownDevice]:
        """A page of devices nobody registered, the last heard first."""
        rows = await self._fetch("view_unknown_devices", *(before or (None, None, None)), limit)
        return [UnknownDevice(**dict(row)) for row in rows]

    async def chart(self, device: Device, span: Span, width: timedelta) -> list[Bucket]:
        """The readings in buckets of a width, counted from the span's begin; empty ones are absent."""
        rows = await self._fetch("view_readings_chart", device.no, span.since, span.until, width)
        return [Bucket(*row) for row in rows]

    async def readings(
        self, device: Device, span: Span, limit: int, skip: int = 0, *, newest: bool = False
    ) -> list[ReadingView]:
        """A page of readings, the oldest first unless ``newest``."""
        name = "view_readings_newest" if newest else "view_readings"
        rows = await self._fetch(name, device.no, span.since, span.until, limit, skip)
        return [ReadingView(**dict(row)) for row in rows]

    async def readings_count(self, device: Device, span: Span) -> int:
        """How many readings there are."""
        rows = await self._fetch("view_readings_count", device.no, span.since, span.until)
        return int(rows[0]["count"])
