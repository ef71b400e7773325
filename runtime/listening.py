"""The API's listening socket: takes in all who wait at the door in each turn of the loop, and waits for no slow talker.

uvloop takes one connection a turn. Under load a turn is long, and callers queue up unseen before any of our limits
could answer them; here nobody waits in the kernel for longer than a turn.
"""

import asyncio
import logging
import socket
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

log = logging.getLogger(__name__)

_A_TURN: Final = 256
HEAD_SECONDS: Final = 10.0
"""How long a connection may take to say something at first, and to finish the head of each request."""
_PAUSE: Final = 1.0


class Protocol(HttpToolsProtocol):
    """HTTP, for lines that say something: the head of each request within ``head_seconds``."""

    def __init__(self, head_seconds: float, **usual: Any) -> None:
        super().__init__(**usual)
        self._head_seconds = head_seconds

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A new line; it is closed if no head of a request comes."""
        super().connection_made(transport)
        self._silent = self.loop.call_later(self._head_seconds, transport.close)

    def on_message_begin(self) -> None:
        """The first bytes of a request, on a new line or on one that is used again."""
        self._silent.cancel()
        self._silent = self.loop.call_later(self._head_seconds, self.transport.close)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._silent.cancel()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The line is gone."""
        self._silent.cancel()
        super().connection_lost(exc)


class Server(uvicorn.Server):
    """uvicorn on one listening socket of ours."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, head_seconds: float = HEAD_SECONDS) -> None:
        super().__init__(config)
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
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
