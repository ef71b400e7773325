"""Reading the entities: which devices and readings a path and its options ask for, as far as the caller may see."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from api.present import Plain
from api.sensorthings.entities import (
    LEADS_TO,
    PROPERTIES,
    SINGLE,
    WAYS,
    Collection,
    Entities,
    Navigation,
    observation_key,
)
from api.sensorthings.query import MOST, Condition, Options, chosen, condition_of, descending, option_invalid
from domain.device import Device, is_device_id
from domain.errors import NotFound
from store.views import DeviceFilter, DeviceViews, Scope, Span

Page = tuple[list[Plain], int | None, int | None]
"""Entities, their number where it was asked for, and where the next page begins where there is one."""

_OF_DEVICES: Final = frozenset({Collection.THINGS, Collection.LOCATIONS, Collection.DATASTREAMS})
_ID: Final = "@iot.id"


def options_of(
    collection: Collection,
    way: Navigation | None,
    top: int,
    skip: int,
    count: bool,
    texts: Mapping[str, str | None],
) -> Options:
    """The options of what a path ends in. Raises ``Invalid`` for what is not served there."""
    if way is not None and way not in WAYS[collection]:
        raise NotFound("navigation")
    target = collection if way is None else LEADS_TO[way]
    observations = target is Collection.OBSERVATIONS
    if texts["$filter"] is not None and not observations:
        raise option_invalid("$filter", "observations only, by phenomenonTime")
    # what one device leads to is known with it; what many lead to is asked for one by one
    ways = WAYS[target] if target in _OF_DEVICES else ()
    return Options(
        top=min(top, MOST),
        skip=skip,
        count=count,
        descending=descending(texts["$orderby"], ("phenomenonTime",) if observations else ("id", _ID)),
        select=chosen("$select", texts["$select"], ("id", _ID, *PROPERTIES[target])),
        expand=chosen("$expand", texts["$expand"], [str(way) for way in ways if way is not Navigation.OBSERVATIONS]),
        condition=condition_of(texts["$filter"]),
    )


class Reader:
    """Reads for one caller. Raises ``NotFound``, ``Invalid`` and ``Unavailable``."""

    def __init__(self, views: DeviceViews, scope: Scope, entities: Entities) -> None:
        self._views = views
        self._scope = scope
        self._entities = entities

    async def many(self, collection: Collection, asked: Options) -> Page:
        """A collection."""
        if collection is Collection.OBSERVATIONS:
            if asked.condition.datastream is None:
                raise option_invalid("$filter", "name a Datastream: Datastream/id eq 'ID'")
            return await self._observations(await self._device(asked.condition.datastream), asked)
        if collection in _OF_DEVICES:
            return await self._devices(collection, asked, None)
        kinds = sorted(self._entities.kinds, reverse=asked.descending)
        page = kinds[asked.skip : asked.skip + asked.top]
        items = [_selected(self._entities.of_kind(collection, kind), asked) for kind in page]
        return items, len(kinds) if asked.count else None, _after(asked, len(kinds) - asked.skip)

    async def one(self, collection: Collection, key: str, asked: Options) -> Plain:
        """An entity by its id."""
        if collection is Collection.OBSERVATIONS:
            return _selected(await self._observation(key), asked)
        if collection in _OF_DEVICES:
            return self._of_device(collection, await self._device(key), asked)
        return _selected(await self._kind(collection, key), asked)

    async def along(self, collection: Collection, key: str, way: Navigation, asked: Options) -> Plain | Page:
        """What an entity leads to: one entity, or a collection."""
        target = LEADS_TO[way]
        if collection in (Collection.SENSORS, Collection.OBSERVED_PROPERTIES):
            await self._kind(collection, key)
            return await self._devices(target, asked, key)
        named = observation_key(key) if collection is Collection.OBSERVATIONS else (key, None)
        if named is None:
            raise NotFound("entity")
        device = await self._device(named[0])
        if target is Collection.OBSERVATIONS:
            return await self._observations(device, asked)
        if target in _OF_DEVICES:
            there = target is not Collection.LOCATIONS or device.point is not None
            items = [self._of_device(target, device, asked)] if there else []
        else:
            items = [_selected(self._entities.of_kind(target, device.kind), asked)]
        if way in SINGLE:
            return items[0]
        return items[asked.skip : asked.skip + asked.top], len(items) if asked.count else None, None

    async def _device(self, key: str) -> Device:
        device = await self._views.one(key, self._scope) if is_device_id(key) else None
        if device is None:
            raise NotFound("entity")
        return device

    async def _kind(self, collection: Collection, key: str) -> Plain:
        if key not in self._entities.kinds:
            narrowed = DeviceFilter(kind=key, limit=1)
            if not await self._views.page(narrowed, self._scope):
                raise NotFound("entity")
        return self._entities.of_kind(collection, key)

    async def _observation(self, key: str) -> Plain:
        named = observation_key(key)
        if named is None:
            raise NotFound("entity")
        device = await self._device(named[0])
        found = await self._views.readings(device, Span(named[1], named[1] + timedelta(milliseconds=1)), 1)
        if not found:
            raise NotFound("entity")
        return self._entities.of_reading(device, found[0])

    async def _devices(self, collection: Collection, asked: Options, kind: str | None) -> Page:
        if asked.descending:
            raise option_invalid("$orderby", "devices are listed by id, ascending")
        placed = collection is Collection.LOCATIONS
        narrowed = DeviceFilter(kind=kind, limit=asked.top + 1, skip=asked.skip, placed=placed)
        found = await self._views.page(narrowed, self._scope)
        number = await self._views.count(narrowed, self._scope) if asked.count else None
        items = [self._of_device(collection, device, asked) for device in found[: asked.top]]
        return items, number, _after(asked, len(found))

    async def _observations(self, device: Device, asked: Options) -> Page:
        condition = asked.condition
        if condition.empty or condition.datastream not in (None, device.id):
            return [], 0 if asked.count else None, None
        span = _span(condition)
        found = await self._views.readings(device, span, asked.top + 1, asked.skip, newest=asked.descending)
        number = await self._views.readings_count(device, span) if asked.count else None
        items = [_selected(self._entities.of_reading(device, reading), asked) for reading in found[: asked.top]]
        return items, number, _after(asked, len(found))

    def _of_device(self, collection: Collection, device: Device, asked: Options) -> Plain:
        if collection is Collection.LOCATIONS and device.point is None:
            raise NotFound("entity")
        told = _selected(self._entities.of_device(collection, device), asked)
        for name in asked.expand:
            told.pop(f"{name}@iot.navigationLink", None)
            told[name] = self._entities.expanded(collection, device, Navigation(name))
        return told


def _selected(entity: Plain, asked: Options) -> Plain:
    """The entity with what was chosen of it; with ``@iot.id`` and its own address where nothing was."""
    if not asked.select:
        return entity
    names = {_ID if name == "id" else name for name in asked.select}
    return {name: said for name, said in entity.items() if name in names}


def _after(asked: Options, left: int) -> int | None:
    """Where the next page begins, if ``left`` entities from this page's begin on are more than it holds."""
    return asked.skip + asked.top if asked.top and left > asked.top else None


def _span(condition: Condition) -> Span:
    return Span(condition.since, condition.until)
