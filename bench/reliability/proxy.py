"""A TCP relay that breaks lines on command: slow, cut, reset, held, refused, or with the answer lost after the request.

Stands before PostgreSQL, Kafka and HTTP, on the drill's own event loop; the kernel's own tools for this need rights
and modules that most machines do not give.
"""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from runtime.embedded.server import free_port

HOST = "127.0.0.1"
_PIECE = 64 * 1024
_ABORT = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: closing sends RST
_GONE = (ConnectionError, asyncio.IncompleteReadError, OSError)

Judge = Callable[[bytes], bool]


class Line:
    """One connection of a client with its connection to the server."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.ends = (client, server)

    def cut(self) -> None:
        """Close both ends as a program that ends does (FIN)."""
        for end in self.ends:
            end.close()

    def reset(self) -> None:
        """Close both ends as a program that dies does (RST); what was on the way is gone."""
        for end in self.ends:
            _reset(end)


class FaultProxy:
    """Listens on a port of its own and passes on to ``upstream`` on 127.0.0.1. Not for use from several threads.

    ``delay``: seconds each piece of data is held back, either way. ``loses``: asked for every piece the server sends;
    True loses the piece and resets the line, after the server has done what it was asked. ``counts`` what was done.
    """

    def __init__(self, upstream: int = 0) -> None:
        self.upstream = upstream
        self.port = free_port()
        self.delay = 0.0
        self.loses: Judge | None = None
        self.counts: Counter[str] = Counter()
        self._open = asyncio.Event()
        self._open.set()
        self._lines: set[Line] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self.accept()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.refuse()
        self._open.set()
        for task in (*self._tasks,):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # closed sockets are let go of in the loop's next round

    @property
    def lines(self) -> int:
        """How many connections stand."""
        return len(self._lines)

    async def accept(self) -> None:
        """Let connections in (again)."""
        if self._server is None:
            self._server = await asyncio.start_server(self._come, HOST, self.port)

    async def refuse(self) -> None:
        """As if the server were gone: every line is reset, and nobody listens any more."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self.counts["refused"] += 1
        self.reset()

    def cut(self) -> int:
        """Close every line; returns how many."""
        return self._each("cut", Line.cut)

    def reset(self) -> int:
        """Reset every line; returns how many."""
        return self._each("reset", Line.reset)

    def hold(self) -> None:
        """Swallow nothing and pass nothing on, as a network does that is parted: both sides wait and hear nothing."""
        self._open.clear()
        self.counts["held"] += 1

    def go_on(self) -> None:
        """Pass on what was held, and what comes."""
        self._open.set()

    def _each(self, what: str, do: Callable[[Line], None]) -> int:
        lines = [*self._lines]
        for line in lines:
            do(line)
        self.counts[what] += len(lines)
        return len(lines)

    async def _come(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            await self._serve(reader, client)
        except asyncio.CancelledError:
            _reset(client)

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            replies, server = await asyncio.open_connection(HOST, self.upstream)
        except OSError:
            _reset(client)
            return
        line = Line(client, server)
        self._lines.add(line)
        self.counts["lines"] += 1
        try:
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._pass(reader, server, line, answers=False))
                ways.create_task(self._pass(replies, client, line, answers=True))
        finally:
            self._lines.discard(line)
            line.cut()

    async def _pass(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, line: Line, *, answers: bool
    ) -> None:
        """Pass on until one side ends; then the other is told, by the same way the first one ended."""
        try:
            while piece := await source.read(_PIECE):
                if self.delay:
                    await asyncio.sleep(self.delay)
                if not self._open.is_set():
                    await self._open.wait()
                if answers and self.loses is not None and self.loses(piece):
                    self.counts["answers lost"] += 1
                    line.reset()
                    return
                target.write(piece)
                await target.drain()
            with suppress(*_GONE):
                target.write_eof()
        except _GONE:
            line.reset()


def _reset(end: asyncio.StreamWriter) -> None:
    sock = end.get_extra_info("socket")
    if sock is not None and not end.is_closing():
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
    end.transport.abort()
