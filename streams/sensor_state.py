"""The memory of the sensors' worker: what it knows of each gateway's devices, in a Faust table with its changelog.

One key a gateway, so that one write carries the state of all its devices. Kept beside what was judged and never the
truth about a case: lost, it is rebuilt from the readings.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiokafka.partitioner import murmur2

from streams.broker import answering
from streams.topics import SENSOR_READINGS, SENSOR_STATE

__all__ = ["StateTable", "partition_of_gateway"]

Recovered = Callable[[Mapping[int, Mapping[str, bytes]]], Awaitable[None]]


def partition_of_gateway(gateway: str) -> int:
    """The partition a gateway's readings come by and its state is kept in: Kafka's own partitioner over the key.

    Clients on librdkafka need ``partitioner=murmur2_random`` to agree.
    """
    return int(murmur2(gateway.encode()) & 0x7FFFFFFF) % SENSOR_READINGS.partitions


class StateTable:
    """The Faust table behind the sensors' door.

    ``recovered`` is called after every rebalance, once the changelog has been read: with the states of exactly the
    partitions this worker now has, by gateway.
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

    async def hold(self, states: Mapping[str, bytes]) -> None:
        """Write the states of gateways; returns when the broker has them all. Raises ``Unavailable``."""
        # Faust's own way to write finds the partition by the event an iterator has in hand; our door has none. Its
        # buffer for writers without one ends the worker when the broker is away; the producer behind it tells us.
        with answering():
            producer = await self._app.maybe_start_producer()
            sent = [
                await producer.send(self._changelog, gateway.encode(), state, partition_of_gateway(gateway), None, None)
                for gateway, state in states.items()
            ]
            await asyncio.gather(*sent)
        for gateway, state in states.items():
            self._table.data[gateway.encode()] = state

    def held(self, gateway: str) -> bytes | None:
        """The state of a gateway as it was last written."""
        found: bytes | None = self._table.data.get(gateway.encode())
        return found

    async def _on_recover(self) -> None:
        # From here on Faust lets records in again before it has gone back to what is committed. What it reads in
        # between it throws away and counts as done. So nothing is read until it has gone back and resumes the flow.
        self._app.consumer.stop_flow()
        await self._app.consumer.wait_for_stopped_flow()
        own = {tp.partition for tp in self._app.assignor.assigned_actives() if tp.topic == self._changelog}
        states: dict[int, dict[str, bytes]] = {partition: {} for partition in own}
        for key, value in list(self._table.data.items()):
            gateway = key.decode()
            partition = partition_of_gateway(gateway)
            if partition in own:
                states[partition][gateway] = value
            else:
                # written here before another worker took the partition over: its word counts now
                del self._table.data[key]
        await self._recovered(states)
