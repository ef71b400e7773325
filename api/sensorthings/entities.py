"""The entities of SensorThings (OGC 18-088, clause 8) made of devices, kinds and readings.

A device is a Thing with one Datastream and, where its position is known, one Location, all three under its id; a kind
of device is a Sensor and an ObservedProperty; a reading is an Observation under ``DEVICE@EPOCH_MS``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import quote

from api.present import Names, Plain
from domain.device import Device, ReadingFlag
from domain.epoch import epoch_ms, moment
from sensing.device import Kind
from store.views import ReadingView

_MEASUREMENT = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"


class Collection(StrEnum):
    """The entity sets that are served."""

    THINGS = "Things"
    LOCATIONS = "Locations"
    SENSORS = "Sensors"
    OBSERVED_PROPERTIES = "ObservedProperties"
    DATASTREAMS = "Datastreams"
    OBSERVATIONS = "Observations"


class Navigation(StrEnum):
    """The ways from an entity to others; in the singular where there is one."""

    THING = "Thing"
    THINGS = "Things"
    LOCATIONS = "Locations"
    SENSOR = "Sensor"
    OBSERVED_PROPERTY = "ObservedProperty"
    DATASTREAM = "Datastream"
    DATASTREAMS = "Datastreams"
    OBSERVATIONS = "Observations"


WAYS: Mapping[Collection, tuple[Navigation, ...]] = {
    Collection.THINGS: (Navigation.DATASTREAMS, Navigation.LOCATIONS),
    Collection.LOCATIONS: (Navigation.THINGS,),
    Collection.SENSORS: (Navigation.DATASTREAMS,),
    Collection.OBSERVED_PROPERTIES: (Navigation.DATASTREAMS,),
    Collection.DATASTREAMS: (
        Navigation.THING, Navigation.SENSOR, Navigation.OBSERVED_PROPERTY, Navigation.OBSERVATIONS,
    ),
    Collection.OBSERVATIONS: (Navigation.DATASTREAM,),
}  # fmt: skip
LEADS_TO: Mapping[Navigation, Collection] = {
    Navigation.THING: Collection.THINGS,
    Navigation.THINGS: Collection.THINGS,
    Navigation.LOCATIONS: Collection.LOCATIONS,
    Navigation.SENSOR: Collection.SENSORS,
    Navigation.OBSERVED_PROPERTY: Collection.OBSERVED_PROPERTIES,
    Navigation.DATASTREAM: Collection.DATASTREAMS,
    Navigation.DATASTREAMS: Collection.DATASTREAMS,
    Navigation.OBSERVATIONS: Collection.OBSERVATIONS,
}
SINGLE = frozenset({Navigation.THING, Navigation.SENSOR, Navigation.OBSERVED_PROPERTY, Navigation.DATASTREAM})
PROPERTIES: Mapping[Collection, tuple[str, ...]] = {
    Collection.THINGS: ("name", "description", "properties"),
    Collection.LOCATIONS: ("name", "description", "encodingType", "location"),
    Collection.SENSORS: ("name", "description", "encodingType", "metadata"),
    Collection.OBSERVED_PROPERTIES: ("name", "definition", "description"),
    Collection.DATASTREAMS: ("name", "description", "observationType", "unitOfMeasurement", "properties"),
    Collection.OBSERVATIONS: ("phenomenonTime", "resultTime", "result", "parameters"),
}


@dataclass(frozen=True, slots=True)
class Entities:
    """Makes the entities; ``base`` is the address of the service's root, without a slash at its end."""

    base: str
    names: Names
    kinds: Mapping[str, Kind]

    def of_device(self, collection: Collection, device: Device) -> Plain:
        """A Thing, Location or Datastream."""
        if collection is Collection.THINGS:
            told = self._thing(device)
        elif collection is Collection.LOCATIONS:
            told = self._location(device)
        else:
            told = self._datastream(device)
        return self._linked(collection, device.id, told)

    def of_kind(self, collection: Collection, kind: str) -> Plain:
        """A Sensor or ObservedProperty."""
        known = self.kind(kind)
        about = f"{known.name}, {known.measure}" if known.measure else known.name
        told: Plain = {"name": known.name, "description": about}
        if collection is Collection.SENSORS:
            told |= {"encodingType": "application/json", "metadata": {"kind": kind}}
        else:
            told |= {"definition": f"urn:cityloop:device-kind:{kind}"}
        return self._linked(collection, kind, told)

    def of_reading(self, device: Device, reading: ReadingView) -> Plain:
        """An Observation; ``parameters`` name what was found doubtful about it."""
        told: Plain = {"phenomenonTime": instant(reading.at), "resultTime": None, "result": reading.value}
        if reading.flags:
            told["parameters"] = {"flags": flags_of(reading.flags)}
        return self._linked(Collection.OBSERVATIONS, f"{device.id}@{epoch_ms(reading.at)}", told)

    def kind(self, kind: str) -> Kind:
        """A kind, by its id where the city's pack does not know it."""
        return self.kinds.get(kind) or Kind(kind, kind)

    def link(self, collection: Collection, key: str) -> str:
        """The address of an entity."""
        return f"{self.base}/{collection}('{quote(key, safe=':@~')}')"

    def expanded(self, collection: Collection, device: Device, way: Navigation) -> Plain | list[Plain]:
        """What a way from a device's entity leads to: others of the same device, or its kind."""
        target = LEADS_TO[way]
        if target in (Collection.SENSORS, Collection.OBSERVED_PROPERTIES):
            return self.of_kind(target, device.kind)
        if target is Collection.LOCATIONS and device.point is None:
            return []
        one = self.of_device(target, device)
        return one if way in SINGLE else [one]

    def _linked(self, collection: Collection, key: str, told: Plain) -> Plain:
        own = self.link(collection, key)
        ways = {f"{way}@iot.navigationLink": f"{own}/{way}" for way in WAYS[collection]}
        return {"@iot.id": key, "@iot.selfLink": own, **told, **ways}

    def _thing(self, device: Device) -> Plain:
        owned = {
            "kind": device.kind,
            "gateway": device.gateway,
            "grid": device.grid,
            "network": device.network,
            "unit": device.unit,
            "component": device.component,
            "active": device.active,
        }
        return {**self._named(device), "properties": {name: said for name, said in owned.items() if said is not None}}

    def _location(self, device: Device) -> Plain:
        point = device.point
        place = None if point is None else {"type": "Point", "coordinates": [point.lon, point.lat]}
        return {**self._named(device), "encodingType": "application/geo+json", "location": place}

    def _datastream(self, device: Device) -> Plain:
        kind = self.kind(device.kind)
        told = {
            **self._named(device),
            "observationType": _MEASUREMENT,
            "unitOfMeasurement": {"name": kind.measure or None, "symbol": kind.measure or None, "definition": None},
        }
        return told if device.accuracy is None else {**told, "properties": {"accuracy": device.accuracy}}

    def _named(self, device: Device) -> Plain:
        kind = self.kind(device.kind).name
        areas = "".join(self.names.areas.get(code, "") for code in device.area[1:3])
        return {"name": device.name or device.id, "description": f"{areas}{kind}"}


def flags_of(flags: int) -> list[str]:
    """The names of flags, as ``clock-suspect``."""
    return [str(flag.name).lower().replace("_", "-") for flag in ReadingFlag if flag & flags]


def instant(at: datetime) -> str:
    """A time as the standard writes it, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def observation_key(key: str) -> tuple[str, datetime] | None:
    """The device and the time an Observation's id names; None where it names none."""
    device, _, ms = key.rpartition("@")
    if not device or not (ms.isascii() and ms.isdecimal() and len(ms) <= 14):
        return None
    return device, moment(int(ms))
