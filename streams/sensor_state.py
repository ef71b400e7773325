"""The memory of the sensors' worker: what it knows of each gateway's devices, in a Faust table with its changelog.

One key a gateway, so that one write carries the state of all its devices, and one a device for when few of them have
changed; both in the gateway's partition. Kept beside what was judged and never the truth about a case: lost, it is
rebuilt from the readings.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiokafka.partitioner import murmur2

from handlers.sensor_watch import States
from streams.broker import answering
from streams.topics import SENSOR_READINGS, SENSOR_STATE

__all__ = ["StateTable", "partition_of_gateway"]

Recovered = Callable[[Mapping[int, States]], Awaitable[None]]
_APART = "\n"  # no id holds a line's end


def partition_of_gateway(gateway: str) -> int:
    """The partition a gateway's readings come by and its state is kept in: Kafka's own partitioner over the key.

    Clients on librdkafka need ``partitioner=murmur2_random`` to agree.
    """
    return int(murmur2(gateway.encode()) & 0x7FFFFFFF) % SENSOR_READINGS.partitions


class StateTable:
    """The Faust table behind the sensors' door.

    ``recovered`` is called after every rebalance, once the changelog has been read: with the states of exactly the
    partitions this worker now has.
    """

    def __init__(self, app: Any, prefix: str, recovered: Recovered) -> None:
        self._app = app
        self._changelog = SENSOR_STATE.full(prefix)
        self._recovered = recovered
        self._table = app.Table(
            "sensor-state",
            partitions=SENSOR_STATE.partitions,
            key_type=bytes,
            value_type=bytes,
            on_recover=self._on_recover,
            changelog_topic=app.topic(
                self._changelog,
                key_serializer="raw",
                value_serializer="raw",
                key_type=bytes,
                value_type=bytes,
                partitions=SENSOR_STATE.partitions,
                compacting=True,
            ),
        )

    async def hold(self, states: States) -> None:
        """Write states; returns when the broker has them all. Raises ``Unavailable``."""
        written = [
            (partition_of_gateway(gateway), _key(gateway, device), state)
            for gateway, of_gateway in states.items()
            for device, state in of_gateway.items()
        ]
        # Faust's own way to write finds the partition by the event an iterator has in hand; our door has none. Its
        # buffer for writers without one ends the worker when the broker is away; the producer behind it tells us.
        with answering():
            producer = await self._app.maybe_start_producer()
            sent = [
                await producer.send(self._changelog, key, state, partition, None, None)
                for partition, key, state in written
            ]
            await asyncio.gather(*sent)
        self._table.data.update((key, state) for _, key, state in written)

    def held(self, devices: Mapping[str, Sequence[str]]) -> States:
        """What was last written of gateways with these devices."""
        asked = ((gateway, device) for gateway, names in devices.items() for device in ("", *names))
        states: dict[str, dict[str, bytes]] = {gateway: {} for gateway in devices}
        for gateway, device in asked:
            state = self._table.data.get(_key(gateway, device))
            if state is not None:
                states[gateway][device] = state
        return states

    async def _on_recover(self) -> None:
        # From here on Faust lets records in again before it has gone back to what is committed. What it reads in
        # between it throws away and counts as done. So nothing is read until it has gone back and resumes the flow.
        self._app.consumer.stop_flow()
        await self._app.consumer.wait_for_stopped_flow()
        own = {tp.partition for tp in self._app.assignor.assigned_actives() if tp.topic == self._changelog}
        states: dict[int, dict[str, dict[str, bytes]]] = {partition: {} for partition in own}
        for key, value in list(self._table.data.items()):
            gateway, _, device = key.decode().partition(_APART)
            partition = partition_of_gateway(gateway)
            if partition in own:
                states[partition].setdefault(gateway, {})[device] = value
            else:
                # written here before another worker took the partition over: its word counts now
                del self._table.data[key]
        await self._recovered(states)


def _key(gateway: str, device: str) -> bytes:
    return f"{gateway}{_APART}{device}".encode() if device else gateway.encode()
