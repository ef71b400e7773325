"""Where a door gets its records, as a Protocol, and the one that is a Faust stream.

Faust's own ways to iterate are not used: ``take`` and ``noack_take`` hold a lone record for the whole of ``within``,
and every iterator acknowledges what it skips during a rebalance. The stream's queue, which Faust fills, holds back
and clears, does neither; acknowledging and committing remain Faust's.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from streams.raw import Raw


class Taken(Protocol):
    """Records taken out of a source. In the end they are finished or dropped."""

    @property
    def raws(self) -> Sequence[Raw]:
        """The records, in order within each partition."""

    def finish(self) -> None:
        """Their effects are durable: their offsets may be committed."""

    def drop(self) -> None:
        """Wait for them no longer. If not finished, they come again after the rebalance or restart at hand."""


class Source(Protocol):
    """A stream of records that can be held up and interrupted."""

    async def take(self, most: int, within: float) -> Taken:
        """Wait for a record, then at most ``within`` seconds for company; between 1 and ``most`` records.

        Raises ``StopAsyncIteration`` when there will be no more.
        """

    async def interrupted(self, seconds: float) -> bool:
        """Wait at most so long; True as soon as whatever was taken must be let go (rebalance or stop)."""

    async def fail(self, reason: Exception) -> None:
        """End the worker with this reason, in order: nothing unfinished is committed."""


class FaustSource:
    """The queue behind one agent's stream."""

    def __init__(self, stream: Any) -> None:
        self._app = stream.app
        self._queue = stream.channel.queue

    async def take(self, most: int, within: float) -> "FaustTaken":
        """Wait for records of the current assignment. What an earlier one left behind is dropped unacknowledged."""
        while True:
            events = [await self._queue.get()]
            if within > 0 and self._queue.qsize() < most - 1:
                await asyncio.sleep(within)
            while len(events) < most and not self._queue.empty():
                events.append(self._queue.get_nowait())
            current = [event for event in events if self._is_current(event)]
            if current:
                return FaustTaken(self, self._app.consumer, current)

    async def interrupted(self, seconds: float) -> bool:
        """Faust suspends the flow first thing when partitions are revoked and when the worker stops."""
        suspended: asyncio.Event = self._app.consumer.suspend_flow
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await suspended.wait()
        return suspended.is_set()

    async def fail(self, reason: Exception) -> None:
        """Crash the app, which stops the worker with this reason."""
        await self._app.crash(reason)

    def _is_current(self, event: Any) -> bool:
        generation: int = self._app.consumer_generation_id
        return self._app.flow_control.is_active() and bool(event.message.generation_id == generation)

    def acknowledge(self, events: Sequence[Any]) -> None:
        """Count them as processed, unless their partitions have been dealt out anew in the meantime.

        An offset of an old assignment beside those of the new one would let Faust commit past what is yet to be read.
        """
        for event in events:
            if event.message.generation_id == self._app.consumer_generation_id:
                event.ack()


@dataclass(slots=True)
class FaustTaken:
    """A batch in work. While it is, a rebalance or a stop waits for it."""

    source: FaustSource
    consumer: Any
    events: list[Any]

    def __post_init__(self) -> None:
        # What Faust finds here it waits for; what it does not, it is free to take away.
        self.consumer.unacked.update(event.message for event in self.events)

    @property
    def raws(self) -> Sequence[Raw]:
        """The records as they were on the broker."""
        return [_raw(event.message) for event in self.events]

    def finish(self) -> None:
        """Acknowledge in order; Faust commits within a second."""
        self.source.acknowledge(self.events)
        self.drop()

    def drop(self) -> None:
        """Let Faust wait for them no longer. Without an acknowledgement nothing behind them is committed either."""
        self.consumer.unacked.difference_update(event.message for event in self.events)
        self.events = []


def _raw(message: Any) -> Raw:
    return Raw(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key=message.key,
        headers=tuple((name, value or b"") for name, value in message.headers or ()),
        value=message.value,
        timestamp=round(message.timestamp * 1000),
    )
