"""The columns in which observations travel to the worker: many readings of one gateway a record, in order of arrival.

Every door that takes observations one by one (SensorThings over HTTP, the MQTT bridge) groups them here; pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

MAX_READINGS = 10_000
"""Readings in one record of ``sensor-readings.v1``."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One value of one device. ``at`` is its event time in epoch milliseconds UTC, ``value`` a finite number."""

    device: str
    at: int
    value: float


@dataclass(frozen=True, slots=True)
class Columns:
    """Readings of one gateway as columns of one length: the form «many» of ``sensor-readings.v1``."""

    gateway: str
    devices: list[str] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.devices)

    @property
    def record(self) -> dict[str, object]:
        """The body of the record, ready to be written as JSON. Its key is ``gateway``."""
        return {"gateway": self.gateway, "devices": self.devices, "at": self.at, "values": self.values}


def columns_of(
    observations: Iterable[Observation], gateway_of: Mapping[str, str], most: int = MAX_READINGS
) -> list[Columns]:
    """The observations as records by gateway: each at most ``most`` long, of one device always in the order given.

    ``gateway_of`` names the gateway of a device's registration; a device without one, or that nobody registered, is
    its own gateway. Records of one gateway are in order; gateways are in the order of their first observation.
    """
    filling: dict[str, list[Columns]] = {}
    for one in observations:
        gateway = gateway_of.get(one.device) or one.device
        records = filling.setdefault(gateway, [])
        if not records or len(records[-1]) == most:
            records.append(Columns(gateway))
        last = records[-1]
        last.devices.append(one.device)
        last.at.append(one.at)
        last.values.append(one.value)
    return [record for records in filling.values() for record in records]
