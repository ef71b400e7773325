"""The listening socket: a crowd is let in within a few turns of the loop, who says nothing is shown out."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
import uvloop

from runtime.listening import Server

CROWD = 100


async def ok(_scope: dict[str, Any], _receive: Any, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


def settings() -> uvicorn.Config:
    return uvicorn.Config(ok, lifespan="off", log_config=None, access_log=False, http="httptools")


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


async def spoken(port: int, *words: bytes) -> bytes:
    """What somebody hears who says this, until the line is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for word in words:
        writer.write(word)
    heard = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return heard


def test_who_says_nothing_or_never_ends_is_shown_out() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]

    async def visits() -> None:
        server = Server(settings(), listener, head_seconds=0.2)
        serving = asyncio.ensure_future(server.serve())
        while not server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert await spoken(port) == b""
        assert await spoken(port, b"GET / HTTP/1.1\r\nHost: c") == b""
        whole = b"GET / HTTP/1.1\r\nHost: city\r\n\r\n"
        assert (await spoken(port, whole + b"GET / HT")).count(b"204 No Content") == 1
        assert (await spoken(port, whole + whole[:-2] + b"Connection: close\r\n\r\n")).count(b"204 No Content") == 2
        server.should_exit = True
        await serving

    uvloop.run(visits())
