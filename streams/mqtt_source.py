"""Where the MQTT door gets its messages: a session at the city's MQTT 5 broker that outlives its connections.

A message is acknowledged (PUBACK) only when the door has finished it. Until then it counts against the receive maximum,
so a door that waits stops the broker; and whatever was not acknowledged comes again, in order, by the next connection.
"""

import asyncio
import logging
import ssl
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from streams.raw import Raw

log = logging.getLogger(__name__)

_KEEPALIVE = 15
_SESSION_SECONDS = 7 * 86_400
_LONGEST_PAUSE = 10
_LOOK_EVERY = 5.0
_MOST_BYTES = 8 * 1024 * 1024
"""Payloads in one batch; one message more may be among them."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the MQTT broker is, who we are there, and how many unacknowledged messages it may send us (``flight``).

    ``client`` names the session: one bridge at a time may use it. ``certificates`` is a file of trusted authorities,
    empty for the system's. ``tls`` without a user is as good as anonymous.
    """

    host: str
    port: int
    client: str
    tls: bool = False
    certificates: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    flight: int = 1000


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message as it came: by which connection, counted from 1, and under which packet id (0 for QoS 0)."""

    connection: int
    packet: int
    topic: str
    payload: bytes
    at: int


class MqttSource:
    """Messages of some topic filters as a door's source. ``raw`` says how a message looks to the door.

    Open it within a running loop. ``connected`` hears whether there is a connection, ``dropped`` of messages sent at
    QoS 0 that found no room: nobody promised them anything.
    """

    def __init__(
        self,
        broker: Broker,
        filters: Sequence[str],
        raw: Callable[[Arrived], Raw],
        connected: Callable[[bool], None],
        dropped: Callable[[], None],
    ) -> None:
        self._broker, self._filters, self._raw = broker, filters, raw
        self._connected, self._dropped = connected, dropped
        self._loop = asyncio.get_running_loop()
        self._arrived: deque[Arrived] = deque()
        self._any, self._told = asyncio.Event(), False
        self._broken = asyncio.Event()
        self._connection = self._in_hand = 0
        # held while packet ids are used: they belong to one connection
        self._line = threading.RLock()
        self.failure: Exception | None = None
        self._client = self._build()

    def _build(self) -> Client:
        broker = self._broker
        client = Client(CallbackAPIVersion.VERSION2, broker.client, protocol=MQTTv5, manual_ack=True)
        if broker.user:
            client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            client.tls_set_context(ssl.create_default_context(cafile=broker.certificates or None))
        client.reconnect_delay_set(1, _LONGEST_PAUSE)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_message, client.on_subscribe = self._on_message, self._on_subscribe
        client.on_connect_fail = self._on_connect_fail
        return client

    async def __aenter__(self) -> "MqttSource":
        """Begin to connect, for as long as it takes."""
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = _SESSION_SECONDS
        properties.ReceiveMaximum = self._broker.flight
        self._client.connect_async(
            self._broker.host, self._broker.port, _KEEPALIVE, clean_start=False, properties=properties
        )
        self._client.loop_start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Say good-bye; the session stays, and with it what is not acknowledged."""
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    # streams.source.Source -----------------------------------------------------------------------------------------

    async def take(self, most: int, within: float) -> "MqttTaken":
        """Wait for a message, then for company; those of a connection that is gone will come again and are left out."""
        while True:
            await self._message()
            if within > 0 and len(self._arrived) < most:
                await asyncio.sleep(within)
            self._told = False  # first, so that what comes meanwhile is told again
            self._any.clear()
            messages: list[Arrived] = []
            size = 0
            while self._arrived and len(messages) < most and size < _MOST_BYTES:
                messages.append(self._arrived.popleft())
                size += len(messages[-1].payload)
            if self._arrived:
                self._any.set()
            self._in_hand = self._connection
            current = [each for each in messages if each.connection == self._in_hand]
            if current:
                return MqttTaken(self, [self._raw(each) for each in current], current)

    async def _message(self) -> None:
        """Wait until one is there. Raises ``RuntimeError`` if nobody reads from the broker any more."""
        while not self._any.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY):
                    await self._any.wait()
            # paho's thread ends at an error it did not foresee, and does not say so
            if not any(thread.name.endswith(self._broker.client) for thread in threading.enumerate()):
                raise RuntimeError("the MQTT client has stopped by itself")

    async def interrupted(self, seconds: float) -> bool:
        """A connection that breaks takes the batch in hand with it: all of it comes again, and must not overtake."""
        self._broken.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(0 if self._in_hand != self._connection else seconds):
                await self._broken.wait()
        return self._in_hand != self._connection

    async def fail(self, reason: Exception) -> None:
        """Remember why the door gave up; whoever runs it asks."""
        self.failure = reason

    def acknowledge(self, messages: Sequence[Arrived]) -> None:
        """Tell the broker that these are safe. Packet ids of another connection may mean other messages by now."""
        with self._line:
            for each in messages:
                if each.packet and each.connection == self._connection:
                    self._client.ack(each.packet, 1)

    # paho calls these in its own thread ------------------------------------------------------------------------------

    def _on_connect(self, client: Client, _: Any, flags: ConnectFlags, reason: ReasonCode, *__: Any) -> None:
        if reason.is_failure:
            log.error("the MQTT broker refuses %s: %s", self._broker.client, reason)
            return
        with self._line:
            self._connection += 1
        log.info("connected to the MQTT broker, session %s", "resumed" if flags.session_present else "new")
        client.subscribe([(name, 1) for name in self._filters])
        self._loop.call_soon_threadsafe(self._connected, True)

    def _on_connect_fail(self, *_: Any) -> None:
        reason = str(sys.exc_info()[1])  # paho calls while it handles it: away, or TLS that nobody vouches for
        log.warning("no connection to the MQTT broker at %s:%s: %s", self._broker.host, self._broker.port, reason)

    def _on_subscribe(self, client: Client, _: Any, __: int, reasons: Sequence[ReasonCode], *___: Any) -> None:
        for name, reason in zip(self._filters, reasons, strict=False):
            if reason.is_failure:
                log.error("the MQTT broker does not let us read %s: %s", name, reason)

    def _on_disconnect(self, _: Client, __: Any, ___: DisconnectFlags, reason: ReasonCode, *____: Any) -> None:
        with self._line:
            self._connection += 1
        log.warning("disconnected from the MQTT broker: %s", reason)
        with suppress(RuntimeError):  # the loop may have ended first
            self._loop.call_soon_threadsafe(self._connected, False)
            self._loop.call_soon_threadsafe(self._broken.set)

    def _on_message(self, _: Client, __: Any, message: MQTTMessage) -> None:
        if not message.qos and len(self._arrived) > self._broker.flight:
            self._loop.call_soon_threadsafe(self._dropped)
            return
        packet = message.mid if message.qos else 0
        try:
            topic = message.topic
        except UnicodeDecodeError:  # a broker that lets this pass is not ours to mend
            topic = ""
        now = time.time_ns() // 1_000_000
        self._arrived.append(Arrived(self._connection, packet, topic, bytes(message.payload), now))
        if not self._told:
            self._told = True
            self._loop.call_soon_threadsafe(self._any.set)


@dataclass(slots=True)
class MqttTaken:
    """A batch of messages in work."""

    source: MqttSource
    raws: Sequence[Raw]
    messages: Sequence[Arrived]

    def finish(self) -> None:
        """Acknowledge them in the order they came."""
        self.source.acknowledge(self.messages)

    def drop(self) -> None:
        """Nothing: what is not acknowledged comes again."""
