"""A wire between us and PostgreSQL that can be counted on, in both senses: it counts, and it can be cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

_SHUTDOWN = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
_RUNS_A_STATEMENT = (b"E", b"Q")  # Execute of the extended protocol, Query of the simple one (COPY travels by it)


class Wire:
    """Stands between clients and the database at ``dsn`` and passes every byte on."""

    def __init__(self, dsn: str) -> None:
        self._there = urlsplit(dsn)
        self._port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._clients: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.statements = 0
        self.sent = self.received = 0  # bytes

    @property
    def dsn(self) -> str:
        """The database's address by way of this wire."""
        who = self._there.netloc.rpartition("@")[0]
        return self._there._replace(netloc=f"{who}@127.0.0.1:{self._port}").geturl()

    async def join(self) -> None:
        """Let connections through; the port stays the same over a cut."""
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    @property
    def is_cut(self) -> bool:
        """Whether it was cut and not joined again."""
        return self._server is None or not self._server.is_serving()

    async def cut(self) -> None:
        """Break every connection and refuse new ones."""
        if self._server is not None:
            self._server.close()
        for writer in tuple(self._writers):
            writer.transport.abort()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)

    def say_goodbye(self) -> None:
        """Tell every client, as a server does that shuts down, that its connection is about to end."""
        for writer in self._clients:
            writer.write(b"E" + (len(_SHUTDOWN) + 4).to_bytes(4, "big") + _SHUTDOWN)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        self._clients.add(writer)
        try:
            theirs, ours = await asyncio.open_connection(self._there.hostname, self._there.port)
            self._writers.add(ours)
            with suppress(OSError, asyncio.IncompleteReadError):
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._questions(reader, ours))
                    both.create_task(self._answers(theirs, writer))
        except* OSError:
            pass
        finally:
            self._tasks.discard(task)
            self._clients.discard(writer)
            for each in (writer, ours):
                self._writers.discard(each)
                each.close()

    async def _questions(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        started = False
        with suppress(asyncio.IncompleteReadError):
            while True:
                kind = await reader.readexactly(1) if started else b""
                length = await reader.readexactly(4)
                body = await reader.readexactly(int.from_bytes(length, "big") - 4)
                # SSLRequest and its like come before the start-up message, which has the protocol's version 3
                started = started or body[:2] == b"\x00\x03"
                self.statements += kind in _RUNS_A_STATEMENT
                self.sent += len(kind + length + body)
                writer.write(kind + length + body)
                await writer.drain()
        writer.close()

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            self.received += len(data)
            writer.write(data)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def wire(dsn: str) -> AsyncIterator[Wire]:
    """A wire to the database, joined; cut at the end."""
    between = Wire(dsn)
    await between.join()
    try:
        yield between
    finally:
        await between.cut()
