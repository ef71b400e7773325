"""What HTTP clients send and receive about devices and what they measured."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from api.case_schemas import AreaOut
from api.present import Names, Plain
from api.schemas import PositionIn, Strict
from domain.asset import ComponentCode
from domain.device import Device, device_id, device_limits
from domain.ids import UnitId
from domain.report import clean_name
from sensing.device import Kind
from store.views import Bucket, UnknownDevice

Id = Annotated[str, Field(min_length=1, max_length=64)]


class DeviceIn(Strict):
    """A device as its platform knows it; what is left out is empty afterwards.

    ``gateway`` None: it speaks for itself. One of ``position`` and ``grid`` is needed. ``limits`` are its own values of
    (raise, clear) by rule of its kind.
    """

    kind: Id = Field(examples=["water-level"])
    gateway: Id | None = Field(None, examples=["gw-17"])
    name: str = Field("", max_length=100, examples=["云栖路下穿通道水位计"])
    position: PositionIn | None = None
    grid: Id | None = Field(None, examples=["439901001001001"])
    network: Id | None = Field(None, examples=["drain-12"])
    unit: Id | None = Field(None, examples=["drainage"])
    component: Annotated[str, Field(min_length=1, max_length=17)] | None = None
    accuracy: Annotated[float, Field(ge=0)] | None = Field(None, examples=[0.01])
    limits: dict[str, Any] = Field({}, examples=[{"deep-water": [0.3, 0.2]}])
    active: bool = True

    def device(self, wanted: str) -> Device:
        """The device as sent, its point still in its own system. Raises ``Invalid`` with a pointer into the body."""
        return Device(
            id=device_id(wanted),
            kind=device_id(self.kind, "/kind"),
            gateway=device_id(self.gateway, "/gateway") if self.gateway else wanted,
            name=clean_name(self.name, "/name", limit=100),
            point=self.position.point("/position") if self.position else None,
            grid=self.grid,
            network=device_id(self.network, "/network") if self.network else None,
            unit=UnitId(self.unit) if self.unit else None,
            component=str(ComponentCode.parse(self.component, "/component")) if self.component else None,
            accuracy=self.accuracy,
            limits=device_limits(self.limits),
            active=self.active,
        )


class DeviceOut(BaseModel):
    """A device as registered; ``point`` is in WGS-84, ``crs`` the system it was given in."""

    id: str = Field(examples=["water-0001"])
    kind: str
    kind_name: str
    measure: str = Field(examples=["m"])
    gateway: str
    name: str
    point: dict[str, Any] | None
    crs: str | None
    areas: list[AreaOut]
    grid: str | None
    network: str | None
    unit: str | None
    unit_name: str | None
    component: str | None
    accuracy: float | None
    limits: dict[str, list[float]]
    active: bool
    registered_at: datetime
    updated_at: datetime


class DevicePage(BaseModel):
    """A page of devices by id; ``next`` is what to send as ``after``."""

    items: list[DeviceOut]
    next: str | None


class UnknownOut(BaseModel):
    """A device that speaks and is kept apart.

    ``reason``: ``unknown``, nobody registered it; ``gateway-mismatch``, it is registered under another gateway.
    """

    id: str
    gateway: str
    reason: str
    first_at: datetime
    last_at: datetime
    readings: int
    last_value: float


class UnknownPage(BaseModel):
    """Devices that are kept apart, the last heard first; ``next`` is what to send as ``cursor``."""

    items: list[UnknownOut]
    next: str | None


class BucketOut(BaseModel):
    """Part of a chart from ``at`` on: ``count`` readings; the values are None where all were ``flagged``."""

    at: datetime
    low: float | None
    high: float | None
    mean: float | None
    count: int
    flagged: int


class ChartOut(BaseModel):
    """The readings of a device in buckets of ``width_s`` seconds; buckets without any are absent."""

    device: str
    measure: str
    since: datetime
    until: datetime
    width_s: float
    points: list[BucketOut]


def shown(device: Device, names: Names, kinds: Mapping[str, Kind]) -> Plain:
    """A device (``DeviceOut``)."""
    kind, point = kinds.get(device.kind), device.point
    return {
        "id": device.id,
        "kind": device.kind,
        "kind_name": kind.name if kind else device.kind,
        "measure": kind.measure if kind else "",
        "gateway": device.gateway,
        "name": device.name,
        "point": None if point is None else {"lon": point.lon, "lat": point.lat, "crs": point.crs},
        "crs": device.crs,
        "areas": [{"code": code, "name": names.areas.get(code, code)} for code in device.area],
        "grid": device.grid,
        "network": device.network,
        "unit": device.unit,
        "unit_name": names.units.get(device.unit, device.unit) if device.unit else None,
        "component": device.component,
        "accuracy": device.accuracy,
        "limits": {name: list(pair) for name, pair in device.limits.items()},
        "active": device.active,
        "registered_at": device.registered_at,
        "updated_at": device.updated_at,
    }


def unknown_shown(one: UnknownDevice) -> Plain:
    """A device that is kept apart (``UnknownOut``)."""
    return {name: getattr(one, name) for name in UnknownOut.model_fields}


def bucket_shown(one: Bucket) -> Plain:
    """A part of a chart (``BucketOut``)."""
    return {name: getattr(one, name) for name in BucketOut.model_fields}
