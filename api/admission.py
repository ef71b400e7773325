"""The doorkeeper: before anything is read, whether there is room for a request; then, how long it may take.

It works hardest when there is most to refuse. The listening socket (``runtime.listening``) asks it as soon as it has
heard a request, so that whoever cannot be let in costs no task; else it is asked as ASGI. ``runtime.processes`` puts it
around the application.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.danger import Danger
from api.errors import problem
from api.line import Line
from api.open311.access import ANONYMOUS
from api.open311.errors import refusal
from api.rates import Rates
from api.rooms import Room, Rooms, room_of
from domain.actor import Actor
from domain.errors import CityloopError, Unavailable
from domain.report import Report

REQUEST_SECONDS: Final = 10.0
"""What a request may take from its head to the end of its answer; uploads, downloads and streams are long by nature."""
IDLE_SECONDS: Final = 30.0
"""How long a line may stand still in the middle of a file."""
PEEK_SECONDS: Final = 1.0
PEEK_BYTES: Final = 64 * 1024
"""What is read of a report to see whether it is about danger to life, when there is no room for all."""

_UNLIMITED: Final = frozenset({Room.STREAMS, Room.ALWAYS})
_OPEN311: Final = "/open311/"
_DIGITS: Final = 16
_BATCH: Final = ":batch"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer made once: as ASGI messages, and as HTTP/1.1, its status and header lines and its body."""

    messages: tuple[Message, Message]
    head: bytes
    body: bytes

    @classmethod
    def of(cls, response: Response) -> "Refusal":
        """A response to be sent again and again."""
        start = {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
        status = HTTPStatus(response.status_code)
        lines = [b"HTTP/1.1 %d %s" % (status, status.phrase.encode())]
        lines += [name + b": " + value for name, value in response.raw_headers]
        body = bytes(response.body)
        messages = (start, {"type": "http.response.body", "body": body})
        return cls(messages, b"".join(line + b"\r\n" for line in lines), body)


_FULL = Unavailable("busy", "系统繁忙，请稍后重试", "there is no room for more requests of this kind")
_LATE = Unavailable("busy", "系统繁忙，请稍后重试", "the answer took too long; send the same request again")
_NO_ROOM, _NO_ROOM_JSON, _NO_ROOM_XML = (
    Refusal.of(response) for response in (problem(_FULL), refusal(_FULL, "json"), refusal(_FULL, "xml"))
)
_SLOW = Unavailable("request-timeout", "请求超时", "the body did not arrive in time; send it again, or less at once")


Doorbook = Callable[[str, str], None]
"""Hears the room and what happened: refused, reserve, slow, late."""


def _uncounted(_room: str, _outcome: str) -> None:
    return


@dataclass(frozen=True, slots=True)
class Admission:
    """What decides who is let in. ``count`` hears of everybody who was not let in as usual."""

    rooms: Rooms
    rates: Rates
    danger: Danger
    count: Doorbook = _uncounted
    seconds: float = REQUEST_SECONDS
    idle_seconds: float = IDLE_SECONDS

    def reports(self, who: Actor, reports: Sequence[Report]) -> None:
        """Count a client's reports against its rate. Raises ``RateLimited`` (429)."""
        self.rates.reported(who.id, len(reports), lambda: any(map(self.danger.of, reports)))

    async def open311(self, report: Report, address: str) -> None:
        """Count a report that came by Open311: its client's, or its network address's. Raises ``RateLimited``."""
        client = report.origin.removeprefix("open311:")
        if client == ANONYMOUS:
            self.rates.reported_by_nobody(address, lambda: self.danger.of(report))
        else:
            self.rates.reported(client, 1, lambda: self.danger.of(report))


@dataclass(frozen=True, slots=True)
class _Place:
    """A place that is held: for good, or (not ``sure``) in the reserve until the report has been looked at."""

    room: Room
    sure: bool = True


_PLACES = {room: _Place(room) for room in Room}
_LOOKED_AT = _Place(Room.RESERVE, sure=False)
_HELD: Final = "cityloop.place"
"""Where the scope of a request has the place that it was given as soon as it was heard."""


class Doorkeeper:
    """Lets requests in as far as there is room, and ends those that take too long.

    Stands before everything else: what is refused has cost next to nothing. ``admission`` is asked once a request,
    since it exists only while the application runs.
    """

    def __init__(self, app: ASGIApp, admission: Callable[[], Admission]) -> None:
        self._app = app
        self._admission = admission

    def at_once(self, scope: Scope, body: bytes | None) -> Refusal | None:
        """What to answer a request that there is no room for; None for one that shall go on to ``__call__``.

        ``body`` is the whole body, None where some of it is still to come.
        """
        if scope["method"] == "HEAD":  # its answer has no body
            return None
        admission = self._admission()
        room = room_of(scope["method"], scope["path"])
        place = _place(admission, room, scope, body)
        if place is None:
            return _refused(admission, room, scope)
        scope[_HELD] = place
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request: 503 ``busy`` at once where there is no room, 408 or 503 when its time is over."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        admission = self._admission()
        room, line = room_of(scope["method"], scope["path"]), Line(receive, send, admission.idle_seconds)
        place = scope.pop(_HELD, None) or _place(admission, room, scope, None)
        if place is not None and not place.sure:
            place = await _looked_at(admission, scope, line)
        if place is None:
            for message in _refused(admission, room, scope).messages:
                await send(message)
            return
        try:
            if room in _UNLIMITED:
                await self._app(scope, receive, send)
            elif room is Room.FILES:
                await self._file(scope, line)
            else:
                await self._in_time(admission, room, scope, line)
        finally:
            # who sends hundreds at once waits for all of them, which says nothing of our pace
            batch = scope["path"].endswith(_BATCH)
            admission.rooms.leave(place.room, None if batch else time.perf_counter() - line.received_at)

    async def _in_time(self, admission: Admission, room: Room, scope: Scope, line: Line) -> None:
        limit = asyncio.timeout(admission.seconds)
        try:
            async with limit:
                await self._app(scope, line.receive, line.send)
        except TimeoutError:
            if not limit.expired():
                raise
            admission.count(room, "late" if line.received else "slow")
            if not line.started:
                await _told(_LATE if line.received else _SLOW, scope, line)

    async def _file(self, scope: Scope, line: Line) -> None:
        try:
            await self._app(scope, line.receive_moving, line.send_moving)
        except (TimeoutError, ClientDisconnect):
            if not line.stalled:
                raise


def _place(admission: Admission, room: Room, scope: Scope, body: bytes | None) -> _Place | None:
    """A place in the room, else in the reserve for a report that seems to be about danger to life; None where all is
    taken.

    Who is being looked at holds a place in the reserve, so that never more are looked at than could be let in.
    """
    if admission.rooms.enter(room):
        return _PLACES[room]
    if room is not Room.INTAKE or _length(scope) > PEEK_BYTES or not admission.rooms.enter(Room.RESERVE):
        return None
    return _LOOKED_AT if body is None else _reserved(admission, scope, body)


async def _looked_at(admission: Admission, scope: Scope, line: Line) -> _Place | None:
    """The place held in the reserve, once the body is there; given back if it is for something else, or comes late."""
    try:
        body = await line.peek(PEEK_BYTES, PEEK_SECONDS)
    except BaseException:
        admission.rooms.leave(Room.RESERVE)
        raise
    return _reserved(admission, scope, body)


def _reserved(admission: Admission, scope: Scope, body: bytes | None) -> _Place | None:
    if body is None or len(body) > PEEK_BYTES or not _seems_urgent(admission.danger, scope["path"], body):
        admission.rooms.leave(Room.RESERVE)
        return None
    admission.count(Room.INTAKE, "reserve")
    return _PLACES[Room.RESERVE]


def _seems_urgent(danger: Danger, path: str, body: bytes) -> bool:
    """Never raises (``api.danger``)."""
    if path.startswith(_OPEN311):
        return danger.of_form(body)
    return danger.of_batch(body) if path.endswith(_BATCH) else danger.of_json(body)


def _length(scope: Scope) -> int:
    """The announced length of the body; 0 where none is announced or it is no number: then it is cut off on the way."""
    text = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(text) if text.isdigit() and len(text) < _DIGITS else 0


def _refused(admission: Admission, room: Room, scope: Scope) -> Refusal:
    admission.count(room, "refused")
    path: str = scope["path"]
    if path.startswith(_OPEN311):
        return _NO_ROOM_JSON if path.endswith(".json") else _NO_ROOM_XML
    return _NO_ROOM


async def _told(error: CityloopError, scope: Scope, line: Line) -> None:
    path: str = scope["path"]
    response = refusal(error, path.rpartition(".")[2]) if path.startswith(_OPEN311) else problem(error)
    if error is _SLOW:
        response.headers["Connection"] = "close"  # what is still to come of the body must not be waited for either
    await response(scope, line.receive, line.send)
