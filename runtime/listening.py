"""The API's listening socket: takes in all who wait at the door in each turn of the loop, and waits for no slow talker.

uvloop takes one connection a turn. Under load a turn is long, and callers queue up unseen before any of our limits
could answer them; here nobody waits in the kernel for longer than a turn, and who cannot be let in is told so as soon
as he has been heard.
"""

import asyncio
import logging
import select
import socket
from collections.abc import Callable
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.admission import Refusal

log = logging.getLogger(__name__)

_A_TURN: Final = 256
HEAD_SECONDS: Final = 10.0
"""How long a connection may take to say something at first, and to finish the head of each request."""
_PAUSE: Final = 1.0

AtOnce = Callable[[Any, bytes | None], Refusal | None]
"""Asked of every request as soon as it was heard, with its ASGI scope and its body, None where more is to come of it:
the answer where it is refused, None where it goes on to the application (``Doorkeeper.at_once``)."""


def everybody(_scope: Any, _body: bytes | None) -> Refusal | None:
    """Refuses nobody."""
    return None


class Protocol(HttpToolsProtocol):
    """HTTP, for lines that say something: the head of each request within ``head_seconds``.

    uvicorn makes a task of each request once its head is there. Here what has come with the head is read first, and
    ``at_once`` is asked: a request that is refused is answered with no task made. What comes of its body later is read
    and thrown away, as after any early answer.
    """

    def __init__(self, head_seconds: float, at_once: AtOnce, **usual: Any) -> None:
        super().__init__(**usual)
        self._head_seconds = head_seconds
        self._at_once = at_once
        self._silent: asyncio.TimerHandle | None = None
        self._in_head = False
        self._heard: tuple[RequestResponseCycle, Any] | None = None
        self._busy = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A new line; it is closed if no head of a request comes."""
        super().connection_made(transport)
        self._waits()

    def data_received(self, data: bytes) -> None:
        """What was said; then what becomes of the request that was heard."""
        self._busy = True
        try:
            super().data_received(data)
        finally:
            self._busy = False
        if self._in_head and self._silent is None:
            self._waits()
        self._decide()

    def on_message_begin(self) -> None:
        """The first bytes of a request, on a new line or on one that is used again."""
        self._heeds()
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._heeds()
        self._in_head = False
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The line is gone."""
        self._heeds()
        super().connection_lost(exc)

    def timeout_keep_alive_handler(self) -> None:
        """Nobody has asked again for a while, unless he has and waits to be heard: after a long turn timers ring before
        the lines are read."""
        if not _speaks(self.transport):
            super().timeout_keep_alive_handler()

    def _waits(self) -> None:
        self._silent = self.loop.call_later(self._head_seconds, self.transport.close)

    def _heeds(self) -> None:
        if self._silent is not None:
            self._silent.cancel()
            self._silent = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """uvicorn's turn to begin with a request: now, or when what came with it has been read."""
        self._heard = (cycle, app)
        if not self._busy:
            self._decide()

    def _decide(self) -> None:
        """Begin with the request that was heard, or refuse it and go on to the next of those sent behind one another.

        Who does not take the answers gets no more of them this way: the usual one waits for him.
        """
        self._busy = True
        try:
            while self._heard is not None:
                (cycle, app), self._heard = self._heard, None
                body = None if cycle.more_body else bytes(cycle.body)
                refusal = None if self.flow.write_paused else self._at_once(cycle.scope, body)
                if refusal is None:
                    super()._start_asgi_task(cycle, app)
                else:
                    self._refuse(cycle, refusal)
        finally:
            self._busy = False

    def _refuse(self, cycle: RequestResponseCycle, refusal: Refusal) -> None:
        # who waits to be asked for the body may send it now or not at all: after that nobody knows where a head begins
        keep = cycle.keep_alive and not (cycle.waiting_for_100_continue and cycle.more_body)
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        if not self.transport.is_closing():
            usual = b"".join(b"%b: %b\r\n" % header for header in self.server_state.default_headers)
            end = b"\r\n" if keep else b"connection: close\r\n\r\n"
            self.transport.write(refusal.head + usual + end + refusal.body)
            if not keep:
                self.transport.close()
        cycle.on_response()


def _speaks(transport: asyncio.Transport) -> bool:
    """Whether something has come on a line that was not read yet."""
    line = transport.get_extra_info("socket")
    if line is None or transport.is_closing():
        return False
    look = select.poll()
    look.register(line.fileno(), select.POLLIN)
    return bool(look.poll(0))


class Server(uvicorn.Server):
    """uvicorn on one listening socket of ours."""

    def __init__(
        self,
        config: uvicorn.Config,
        listener: socket.socket,
        head_seconds: float = HEAD_SECONDS,
        at_once: AtOnce = everybody,
    ) -> None:
        super().__init__(config)
        self._at_once = at_once
        self._listener = listener
        self._head_seconds = head_seconds
        self._opening: set[asyncio.Task[Any]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then listen."""
        await super().startup(sockets=[])
        self._listener.setblocking(False)
        self._listener.listen(self.config.backlog)
        self._listen()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, then end in order."""
        asyncio.get_running_loop().remove_reader(self._listener)
        self._listener.close()
        await super().shutdown(sockets=[])

    def _listen(self) -> None:
        if self._listener.fileno() >= 0:
            asyncio.get_running_loop().add_reader(self._listener, self._take)

    def _take(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(_A_TURN):
            try:
                line, _ = self._listener.accept()
            except BlockingIOError:
                return
            except ConnectionError:  # gone again while it waited
                continue
            except OSError as error:  # no more file handles: those who wait, wait until others have left
                log.warning("takes in nobody for a second: %s", error)
                loop.remove_reader(self._listener)
                loop.call_later(_PAUSE, self._listen)
                return
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opening = loop.create_task(loop.connect_accepted_socket(self._protocol, line))
            self._opening.add(opening)
            opening.add_done_callback(self._opening.discard)

    def _protocol(self) -> Protocol:
        return Protocol(
            self._head_seconds,
            self._at_once,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
