"""The MQTT bridge as a process: the door of ``streams.mqtt`` with its neighbours. It is ``cityloop bridge mqtt``."""

import asyncio
import logging
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from urllib.parse import urlsplit

from domain.errors import Invalid, Unavailable
from runtime.process import expose, until_stopped
from runtime.settings import Settings
from runtime.telemetry import Telemetry
from runtime.wiring import open_desk
from store.unit import Store
from streams.app import EXIT_UNFIT
from streams.broker import producing
from streams.door import Door, TooManyUnexpected
from streams.doors import keep
from streams.mqtt import Item, parser, publisher, raw_of, shared
from streams.mqtt_source import Broker, MqttSource

log = logging.getLogger(__name__)

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_MOST_FLIGHT = 65_535
_WITHIN = 0.02
_LOOK_EVERY = 10.0
_PAUSE = 1.0


class Gateways(Mapping[str, str]):
    """The gateway of every registered device that does not speak for itself, as the register said a moment ago."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._position = 0
        self._of: dict[str, str] = {}

    async def look(self) -> None:
        """Take over what changed in the register. Raises ``Unavailable``."""
        changes = await self._store.devices_since(self._position)
        for device in changes.devices:
            if device.gateway == device.id:
                self._of.pop(device.id, None)
            else:
                self._of[device.id] = device.gateway
        self._position = changes.position

    async def follow(self) -> None:
        """Look again and again; while the database is away what was known stays."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            try:
                await self.look()
            except Unavailable as error:
                log.warning("the register of devices cannot be read: %s", error.code)

    def __getitem__(self, device: str) -> str:
        return self._of[device]

    def __iter__(self) -> Iterator[str]:
        return iter(self._of)

    def __len__(self) -> int:
        return len(self._of)


def broker_of(settings: Settings, number: int) -> Broker:
    """The MQTT broker the settings name, and who bridge ``number`` is there. Raises ``Invalid``."""
    try:
        url = urlsplit(settings.mqtt_url)
        host, port = url.hostname or "", url.port or _PORTS[url.scheme]
    except (ValueError, KeyError):
        host, port = "", 0
    if not host or url.username or url.path.strip("/"):
        raise _unset("CITYLOOP_MQTT_URL: write mqtt://HOST:PORT or mqtts://HOST:PORT")
    if not 1 <= settings.mqtt_flight <= _MOST_FLIGHT:
        raise _unset(f"CITYLOOP_MQTT_FLIGHT: 1 to {_MOST_FLIGHT}")
    return Broker(
        host,
        port,
        client=f"{settings.mqtt_client}-{number}",
        tls=url.scheme == "mqtts",
        certificates=settings.mqtt_certificates,
        user=settings.mqtt_user,
        password=settings.mqtt_password,
        flight=settings.mqtt_flight,
    )


def _unset(says: str) -> Invalid:
    return Invalid("settings-invalid", "环境变量有误", says)


def run_mqtt_bridge(settings: Settings, number: int) -> None:
    """Bring readings to Kafka until stopped. Raises ``Invalid`` for settings that name no broker."""
    broker, telemetry = broker_of(settings, number), Telemetry()
    expose(telemetry, settings, 40 + number)
    try:
        asyncio.run(until_stopped(lambda: _insist(settings, broker, telemetry)))
    except TooManyUnexpected as reason:
        log.critical("the bridge stops: %s", reason)
        sys.exit(EXIT_UNFIT)


async def _insist(settings: Settings, broker: Broker, telemetry: Telemetry) -> None:
    """Start over when a neighbour is away at the start; the MQTT broker keeps the messages meanwhile."""
    while True:
        try:
            await _bridge(settings, broker, telemetry)
        except Unavailable as error:
            log.warning("the bridge starts over: %s", error)
            await asyncio.sleep(_PAUSE)


async def _bridge(settings: Settings, broker: Broker, telemetry: Telemetry) -> None:
    async with open_desk(settings, broker.client) as desk, producing(settings.kafka_bootstrap) as producer:
        gateways = Gateways(desk.office.store)
        await gateways.look()
        door: Door[Item] = Door(
            "mqtt",
            parser(gateways),
            publisher(producer, settings.topic_prefix, telemetry["cityloop_mqtt_records"].inc),
            partial(keep, desk.office),
            batch=broker.flight,
            within=_WITHIN,
            meter=telemetry,
        )
        source = MqttSource(
            broker,
            shared(settings.mqtt_share),
            raw_of(settings.topic_prefix),
            telemetry["cityloop_mqtt_connected"].set,
            telemetry["cityloop_mqtt_dropped"].inc,
        )
        async with source:
            following = asyncio.create_task(gateways.follow())
            try:
                await door.run(source)
            finally:
                following.cancel()
        raise source.failure or RuntimeError("the door ended without a reason")
