"""The doorkeeper: before anything is read, whether there is room for a request; then, how long it may take.

Plain ASGI and cheap, because it works hardest when there is most to refuse. ``runtime.processes`` puts it around the
application.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


def _messages(response: Response) -> tuple[Message, Message]:
    """A response as it is sent, made once."""
    start = {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
    return start, {"type": "http.response.body", "body": response.body}


_FULL = Unavailable("busy", "系统繁忙，请稍后重试", "there is no room for more requests of this kind")
_LATE = Unavailable("busy", "系统繁忙，请稍后重试", "the answer took too long; send the same request again")
_NO_ROOM, _NO_ROOM_JSON, _NO_ROOM_XML = (
    _messages(response) for response in (problem(_FULL), refusal(_FULL, "json"), refusal(_FULL, "xml"))
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


class Doorkeeper:
    """Lets requests in as far as there is room, and ends those that take too long.

    Stands before everything else: what is refused has cost next to nothing. ``admission`` is asked once a request,
    since it exists only while the application runs.
    """

    def __init__(self, app: ASGIApp, admission: Callable[[], Admission]) -> None:
        self._app = app
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request: 503 ``busy`` at once where there is no room, 408 or 503 when its time is over."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        admission = self._admission()
        room, line = room_of(scope["method"], scope["path"]), Line(receive, send, admission.idle_seconds)
        taken = room if admission.rooms.enter(room) else await _reserved(admission, room, scope, line)
        if taken is None:
            admission.count(room, "refused")
            await _full(scope, send)
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
            admission.rooms.leave(taken, None if batch else time.perf_counter() - line.received_at)

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


async def _reserved(admission: Admission, room: Room, scope: Scope, line: Line) -> Room | None:
    """A place in the reserve for a report that seems to be about danger to life; None for everything else.

    Who is being looked at holds a place there, so that never more are looked at than could be let in.
    """
    if room is not Room.INTAKE or _length(scope) > PEEK_BYTES or not admission.rooms.enter(Room.RESERVE):
        return None
    urgent = False
    try:
        body = await line.peek(PEEK_BYTES, PEEK_SECONDS)
        urgent = body is not None and _seems_urgent(admission.danger, scope["path"], body)
    finally:
        if not urgent:
            admission.rooms.leave(Room.RESERVE)
    if not urgent:
        return None
    admission.count(room, "reserve")
    return Room.RESERVE


def _seems_urgent(danger: Danger, path: str, body: bytes) -> bool:
    if path.startswith(_OPEN311):
        return danger.of_form(body)
    return danger.of_batch(body) if path.endswith(_BATCH) else danger.of_json(body)


def _length(scope: Scope) -> int:
    """The announced length of the body; 0 where none is announced or it is no number: then it is cut off on the way."""
    text = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(text) if text.isdigit() and len(text) < _DIGITS else 0


async def _full(scope: Scope, send: Send) -> None:
    path: str = scope["path"]
    if path.startswith(_OPEN311):
        head, body = _NO_ROOM_JSON if path.endswith(".json") else _NO_ROOM_XML
    else:
        head, body = _NO_ROOM
    await send(head)
    await send(body)


async def _told(error: CityloopError, scope: Scope, line: Line) -> None:
    path: str = scope["path"]
    response = refusal(error, path.rpartition(".")[2]) if path.startswith(_OPEN311) else problem(error)
    if error is _SLOW:
        response.headers["Connection"] = "close"  # what is still to come of the body must not be waited for either
    await response(scope, line.receive, line.send)
