"""The register of devices (感知设备): one registered or changed, and those kept apart that nobody registered."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.device import Device, UnknownReason, is_device_id
from domain.errors import NotFound, invalid
from handlers.ports import Office
from sensing.wire import Observation
from store.cases import area_key
from store.devices import Heard


async def register(office: Office, sent: Device, areas: Sequence[str] = ()) -> tuple[Device, bool]:
    """Register a device or change what is known of it; the device as kept, and whether it is new.

    ``sent.point`` is in the system it was given in. ``areas`` are the keys of areas within which the caller may
    register, empty for the whole city; elsewhere nothing is found. Raises ``Invalid`` with code ``unit-unknown``,
    ``place-missing``, ``grid-unknown`` or ``place-outside``; ``NotFound``; ``Unavailable``.
    """
    if sent.unit is not None and sent.unit not in office.advisers.roster.units:
        raise invalid("/unit", "unit-unknown", "单位不存在", "a unit of the city pack")
    async with office.store.unit() as unit:
        device = _placed(office, sent, unit.at)
        known = (await unit.devices.known([device.id])).get(device.id)
        if not _within(device, areas) or (known is not None and not _within(known, areas)):
            raise NotFound("device")
        new = await unit.devices.put(device)
        kept = await unit.devices.known([device.id])
    return kept[device.id], new


async def heard_unknown(office: Office, observations: Sequence[Observation]) -> None:
    """Note devices that spoke for themselves and that nobody registered. Raises ``Unavailable``."""
    heard: dict[str, Heard] = {}
    for one in observations:
        number = heard[one.device].readings if one.device in heard else 0
        heard[one.device] = Heard(one.device, one.device, UnknownReason.UNKNOWN, number + 1, one.value)
    able = [each for each in heard.values() if is_device_id(each.id)]
    if able:
        async with office.store.unit() as unit:
            await unit.devices.heard(able)


def _placed(office: Office, sent: Device, at: datetime) -> Device:
    if sent.point is None and sent.grid is None:
        raise invalid("/position", "place-missing", "缺少位置", "a position or a unit grid")
    place, point = office.advisers.where.standing(sent.point, sent.grid, at)
    if sent.grid is not None and (not place.path or place.path[-1] != sent.grid):
        raise invalid("/grid", "grid-unknown", "网格不存在", "a unit grid of the city's map")
    if not place.path:
        raise invalid("/position", "place-outside", "位置不在本市", "a position in the city, or a unit grid")
    crs = sent.point.crs if sent.point else None
    return replace(sent, point=point, crs=crs, grid=sent.grid or place.grid, area=place.path)


def _within(device: Device, areas: Sequence[str]) -> bool:
    return not areas or area_key(device.area).startswith(tuple(areas))
