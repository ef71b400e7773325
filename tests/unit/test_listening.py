"""The listening socket: a crowd is let in within a few turns of the loop, who says nothing is shown out, who cannot be
let in is told so as soon as he was heard."""

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
import uvloop

from api.admission import Refusal
from runtime.listening import Server

CROWD = 100


async def ok(_scope: dict[str, Any], _receive: Any, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


def settings(app: Any = ok) -> uvicorn.Config:
    return uvicorn.Config(app, interface="asgi3", lifespan="off", log_config=None, access_log=False, http="httptools")


async def turns_until_all_are_in(server: uvicorn.Server, listener: socket.socket, **sockets: Any) -> int:
    """How many turns a loop takes to let in a crowd that came while it was busy."""
    serving = asyncio.ensure_future(server.serve(**sockets))
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.01)
    callers = [socket.socket() for _ in range(CROWD)]
    for caller in callers:
        caller.setblocking(False)
        caller.connect_ex(listener.getsockname())
    time.sleep(0.1)  # noqa: ASYNC251  (the loop is busy, that is the point)
    turns = 0
    while len(server.server_state.connections) < CROWD and turns < 10 * CROWD:
        await asyncio.sleep(0)
        turns += 1
    for caller in callers:
        caller.close()
    server.should_exit = True
    await serving
    return turns


def test_a_crowd_is_let_in_at_once() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    assert uvloop.run(turns_until_all_are_in(Server(settings(), listener), listener)) < CROWD / 5


def test_without_it_each_of_a_crowd_costs_a_turn() -> None:
    """What the module is for. Should uvloop learn better, it can go."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2 * CROWD)
    plain = turns_until_all_are_in(uvicorn.Server(settings()), listener, sockets=[listener])
    assert uvloop.run(plain) >= CROWD - 1


@contextmanager
def listening(**more: Any) -> Iterator[tuple[Server, int]]:
    """A server that is not running yet, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Server(settings(more.pop("app", ok)), listener, **more), listener.getsockname()[1]


def visited(server: Server, visit: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run the server for as long as a visit takes."""

    async def visits() -> None:
        serving = asyncio.ensure_future(server.serve())
        while not server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        try:
            async with asyncio.timeout(60):
                await visit()
        finally:
            server.should_exit = True
            await serving

    uvloop.run(visits())


async def spoken(port: int, *words: bytes) -> bytes:
    """What somebody hears who says this, until the line is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for word in words:
        writer.write(word)
    heard = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return heard


def test_who_says_nothing_or_never_ends_is_shown_out() -> None:
    with listening(head_seconds=0.2) as (server, port):

        async def visit() -> None:
            assert await spoken(port) == b""
            assert await spoken(port, b"GET / HTTP/1.1\r\nHost: c") == b""
            whole = b"GET / HTTP/1.1\r\nHost: city\r\n\r\n"
            assert (await spoken(port, whole + b"GET / HT")).count(b"204 No Content") == 1
            assert (await spoken(port, whole + whole[:-2] + b"Connection: close\r\n\r\n")).count(b"204 No Content") == 2

        visited(server, visit)


def test_who_asks_again_while_we_are_busy_is_not_cut_off() -> None:
    """A long turn: the line's time is over when it ends, and the next request has come meanwhile."""
    with listening() as (server, port):
        server.config.timeout_keep_alive = 1

        async def visit() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            caller = socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno()))
            for again in (False, True):
                writer.write(ask("/"))
                assert b"204" in await reader.readuntil(b"\r\n\r\n")
                if not again:
                    await asyncio.sleep(0.8)
                    caller.send(ask("/"))
                    time.sleep(0.4)  # noqa: ASYNC251  (the loop is busy, that is the point)
                    assert b"204" in await reader.readuntil(b"\r\n\r\n")
            assert await reader.read() == b"", "who asks no more is shown out as ever"
            caller.close()
            writer.close()

        visited(server, visit)


# --- who is refused as soon as he is heard

FULL = Refusal(({}, {}), b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 4\r\n", b"full")


class Door:
    """Refuses what is asked of /full; remembers what it was asked with and what was let in."""

    def __init__(self) -> None:
        self.asked: list[bytes | None] = []
        self.let_in: list[str] = []

    def at_once(self, scope: dict[str, Any], body: bytes | None) -> Refusal | None:
        """As ``Doorkeeper.at_once``."""
        self.asked.append(body)
        return FULL if scope["path"] == "/full" else None

    async def app(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Reads the body and answers."""
        self.let_in.append(scope["path"])
        while (await receive()).get("more_body"):
            pass
        await ok(scope, receive, send)


def ask(path: str, body: bytes = b"", *fields: bytes, method: str = "GET", version: str = "1.1") -> bytes:
    """A request as it goes over the line."""
    length = [b"Content-Length: %d" % len(body)] if body else []
    return b"\r\n".join([f"{method} {path} HTTP/{version}".encode(), b"Host: city", *length, *fields, b"", body])


async def answers(reader: asyncio.StreamReader, count: int) -> list[int]:
    """The statuses of the next answers."""
    found = []
    for _ in range(count):
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        if status == 503:
            assert b"\r\nretry-after: 1\r\n" in head
            assert b"\r\ndate: " in head, "the server's own headers are there too"
            assert await reader.readexactly(4) == b"full"
        found.append(status)
    return found


@pytest.fixture
def door() -> Door:
    return Door()


def visit_of(
    door: Door, visit: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]
) -> None:
    """One line to a server with this door."""
    with listening(at_once=door.at_once, app=door.app) as (server, port):

        async def visits() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                await visit(reader, writer)
            finally:
                writer.close()

        visited(server, visits)


def test_a_line_is_used_again_after_a_refusal(door: Door) -> None:
    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(3):
            writer.write(ask("/full", b"a body", method="POST"))
            assert await answers(reader, 1) == [503]
            writer.write(ask("/", b"a body", method="POST"))
            assert await answers(reader, 1) == [204]

    visit_of(door, visit)
    assert door.let_in == ["/"] * 3, "who is refused never reaches the application"
    assert door.asked == [b"a body"] * 6


@pytest.mark.parametrize("chunked", [False, True])
def test_who_is_refused_in_the_middle_of_his_body_may_finish_and_ask_again(door: Door, chunked: bool) -> None:
    whole = ask("/full", b"0123456789", method="POST")
    if chunked:
        parts = (b"5\r\n01234\r\n", b"5\r\n56789\r\n0\r\n\r\n")
        whole = ask("/full", b"", b"Transfer-Encoding: chunked", method="POST") + b"".join(parts)
    cut = whole.index(b"234")

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(whole[:cut])
        assert await answers(reader, 1) == [503], "before the rest has come"
        writer.write(whole[cut:] + ask("/"))
        assert await answers(reader, 1) == [204], "what came late of the body is no request"

    visit_of(door, visit)
    assert door.asked == [None, b""]
    assert door.let_in == ["/"]


def test_a_head_that_comes_in_pieces_is_asked_about_once(door: Door) -> None:
    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        whole = ask("/full", b"body", method="POST")
        for at in range(len(whole)):
            writer.write(whole[at : at + 1])
            await writer.drain()
            await asyncio.sleep(0)
        assert await answers(reader, 1) == [503]

    visit_of(door, visit)
    assert len(door.asked) == 1


@pytest.mark.parametrize("paths", [("/full", "/", "/full"), ("/", "/full", "/"), ("/full",) * 5, ("/",) * 5])
def test_requests_sent_behind_one_another_are_answered_in_order(door: Door, paths: tuple[str, ...]) -> None:
    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"".join(ask(path, b"body", method="POST") for path in paths))
        assert await answers(reader, len(paths)) == [503 if path == "/full" else 204 for path in paths]

    visit_of(door, visit)
    assert len(door.asked) == len(paths)


def test_thousands_sent_in_one_breath_are_all_refused(door: Door) -> None:
    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(ask("/full") * 5000)
        assert await answers(reader, 5000) == [503] * 5000

    visit_of(door, visit)
    assert door.let_in == []


@pytest.mark.parametrize(
    ("fields", "version"), [((b"Connection: close",), "1.1"), ((), "1.0")], ids=["who says so", "an old client"]
)
def test_a_line_that_is_not_to_be_kept_is_closed(door: Door, fields: tuple[bytes, ...], version: str) -> None:
    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(ask("/full", b"body", *fields, method="POST", version=version))
        heard = await reader.read()
        assert heard.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nconnection: close\r\n" in heard
        assert heard.endswith(b"\r\n\r\nfull")

    visit_of(door, visit)


def test_who_waits_to_be_asked_for_his_body_is_refused_before_and_the_line_is_closed(door: Door) -> None:
    """He may send the body or not: nobody could tell where the next request begins."""
    expecting = ask("/full", b"body", b"Expect: 100-continue", method="POST")

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(expecting[:-4])
        heard = await reader.read()
        assert heard.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nconnection: close\r\n" in heard

    visit_of(door, visit)


def test_who_waits_to_be_asked_for_his_body_and_is_let_in_is_asked(door: Door) -> None:
    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(ask("/", b"body", b"Expect: 100-continue", method="POST")[:-4])
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        writer.write(b"body" + ask("/full"))
        assert await answers(reader, 2) == [204, 503]

    visit_of(door, visit)


def test_who_takes_no_answers_gets_no_more_of_them_than_a_buffer_holds(door: Door) -> None:
    """A flood of requests behind one another by somebody who reads nothing must not fill our memory with answers."""
    with listening(at_once=door.at_once, app=door.app) as (server, port):

        async def visits() -> None:
            line = socket.create_connection(("127.0.0.1", port))
            line.setblocking(False)
            loop, flood = asyncio.get_running_loop(), ask("/full") * 1000
            try:
                async with asyncio.timeout(5):
                    while len(door.asked) < 200_000:
                        await loop.sock_sendall(line, flood)
            except TimeoutError:
                pass  # nothing more is taken from him
            (held,) = server.server_state.connections
            assert held.transport.get_write_buffer_size() < 1_000_000
            assert len(door.asked) < 200_000
            line.close()

        visited(server, visits)
