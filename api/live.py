"""Live streams: one reader of the events a process, many subscribers, none of whom can slow the others down."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from domain.errors import Invalid, Refused, Unavailable
from store.views import Position, Scope, StreamEntry, Views

log = logging.getLogger(__name__)

_EVERY = 0.25
_HEARTBEAT = 15.0
_PAGE = 500
_QUEUE = 1000
_FORM = re.compile(r"(\d{1,19})-(\d{1,19})")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a subscriber wants to hear of; None means all of it. ``area`` is an area key prefix."""

    area: str | None = None
    unit: str | None = None
    category: str | None = None
    state: str | None = None
    type: str | None = None

    def holds(self, entry: StreamEntry) -> bool:
        """Whether an event is wanted."""
        return (
            (self.area is None or entry.area.startswith(self.area))
            and self.unit in (None, entry.unit)
            and self.category in (None, entry.category)
            and self.state in (None, entry.state)
            and self.type in (None, entry.type)
        )


def parsed_position(text: str) -> Position:
    """A ``Last-Event-ID``. Raises ``Invalid`` (400) for anything we did not hand out."""
    match = _FORM.fullmatch(text.strip())
    if match is None or max(int(match[1]), int(match[2])) >= 2**63:
        raise Invalid("last-event-id-invalid", "续传位置有误", "send the id of the last event you have received")
    return Position(int(match[1]), int(match[2]))


class Subscriber:
    """One open stream. Falls out when it does not read: its queue is bounded and nobody waits for it."""

    def __init__(self, scope: Scope, wish: Wish) -> None:
        self.scope = scope
        self.wish = wish
        self.queue: asyncio.Queue[StreamEntry | None] = asyncio.Queue(_QUEUE)

    def offer(self, entry: StreamEntry) -> bool:
        """Hand over an event; False when the subscriber has fallen behind."""
        try:
            self.queue.put_nowait(entry)
        except asyncio.QueueFull:
            return False
        return True


class Hub:
    """Follows the events and hands them to subscribers; a returning one is filled up from the database first."""

    def __init__(self, views: Views, limit: int = 1000) -> None:
        self._views = views
        self._limit = limit
        self._subscribers: set[Subscriber] = set()
        self._position = Position()
        self._task: asyncio.Task[None] | None = None

    @property
    def subscribers(self) -> int:
        """How many streams are open."""
        return len(self._subscribers)

    async def start(self) -> None:
        """Begin to follow the events from now on."""
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """End all streams and stop following."""
        for subscriber in tuple(self._subscribers):
            self._drop(subscriber)
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _follow(self) -> None:
        started = False
        while True:
            try:
                if not started:
                    self._position, started = await self._views.stream_end(), True
                entries = await self._views.stream(self._position, Scope(), _PAGE)
            except Exception as error:  # whatever it is, the streams of everybody must not end with it
                log.log(logging.WARNING if isinstance(error, Unavailable) else logging.ERROR, "streams wait: %s", error)
                await asyncio.sleep(1.0)
                continue
            for entry in entries:
                self._position = entry.position
                for subscriber in tuple(self._subscribers):
                    if self._may_see(subscriber, entry) and not subscriber.offer(entry):
                        self._drop(subscriber)
            if len(entries) < _PAGE:
                await asyncio.sleep(_EVERY)

    def _may_see(self, subscriber: Subscriber, entry: StreamEntry) -> bool:
        scope = subscriber.scope
        in_area = not scope.areas or any(entry.area.startswith(key) for key in scope.areas)
        concerned = scope.unit is None or scope.unit in entry.units
        return in_area and concerned and subscriber.wish.holds(entry)

    def _drop(self, subscriber: Subscriber) -> None:
        self._subscribers.discard(subscriber)
        with suppress(asyncio.QueueFull, asyncio.QueueEmpty):
            if subscriber.queue.full():
                subscriber.queue.get_nowait()
            subscriber.queue.put_nowait(None)

    async def subscribe(self, scope: Scope, wish: Wish, last: Position | None) -> AsyncIterator[bytes]:
        """The stream as server-sent events, from now on or from after ``last``, without gap or repeat.

        Raises ``Refused`` (429) when too many streams are open.
        """
        if len(self._subscribers) >= self._limit:
            raise Refused("too-many-streams", "订阅数已达上限", f"at most {self._limit} streams a process")
        return self._serve(Subscriber(scope, wish), last)

    async def _serve(self, subscriber: Subscriber, last: Position | None) -> AsyncIterator[bytes]:
        # enrolled before the look-back, so that what happens meanwhile waits in the queue and nothing falls between
        self._subscribers.add(subscriber)
        try:
            yield b"retry: 2000\n\n"
            seen = last
            if seen is not None and seen > await self._views.stream_end():
                # not a position of this history: it was restored from an older one, so the client must read anew
                yield b"event: reset\ndata: {}\n\n"
                seen = None
            while seen is not None:
                page = await self._views.stream(seen, subscriber.scope, _PAGE)
                for entry in page:
                    seen = entry.position
                    if subscriber.wish.holds(entry):
                        yield _frame(entry)
                if len(page) < _PAGE:
                    break
            while True:
                try:
                    live = await asyncio.wait_for(subscriber.queue.get(), _HEARTBEAT)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if live is None:
                    return
                if seen is None or live.position > seen:
                    yield _frame(live)
        finally:
            self._subscribers.discard(subscriber)


def _frame(entry: StreamEntry) -> bytes:
    data = msgspec.json.encode(
        {
            "case": entry.case,
            "no": entry.no,
            "version": entry.version,
            "type": entry.type,
            "at": entry.at,
            "state": entry.state,
            "area": entry.area,
            "unit": entry.unit,
            "category": entry.category,
        }
    )
    return f"id: {entry.position}\nevent: {entry.type}\ndata: ".encode() + data + b"\n\n"
