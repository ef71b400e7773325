"""The fault proxy on real sockets: it passes on faithfully, and every fault is the one that was asked for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from bench.reliability.proxy import HOST, FaultProxy


@dataclass
class Shop:
    """A server that answers «ORDER» with «DONE ORDER», and knows what it was asked."""

    orders: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while order := await reader.readline():
                self.orders.append(order)
                writer.write(b"DONE " + order)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


@dataclass
class Customer:
    """One connection through the proxy."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, order: bytes, patience: float = 5.0) -> bytes:
        self.writer.write(order + b"\n")
        await self.writer.drain()
        return await asyncio.wait_for(self.reader.readline(), patience)


@asynccontextmanager
async def a_shop() -> AsyncIterator[tuple[Shop, FaultProxy]]:
    shop = Shop()
    server = await asyncio.start_server(shop.serve, HOST, 0)
    async with FaultProxy(server.sockets[0].getsockname()[1]) as proxy:
        yield shop, proxy
    server.close()
    await server.wait_closed()


@asynccontextmanager
async def a_customer(proxy: FaultProxy) -> AsyncIterator[Customer]:
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    try:
        yield Customer(reader, writer)
    finally:
        writer.close()


async def test_without_a_fault_it_is_a_wire() -> None:
    async with a_shop() as (shop, proxy), a_customer(proxy) as one, a_customer(proxy) as other:
        assert [await one.ask(b"lamp"), await other.ask(b"cover")] == [b"DONE lamp\n", b"DONE cover\n"]
        large = b"x" * 30_000
        assert await one.ask(large) == b"DONE " + large + b"\n"
        assert (len(shop.orders), proxy.lines) == (3, 2)


async def test_a_client_that_hangs_up_is_told_to_the_server() -> None:
    async with a_shop() as (_, proxy):
        async with a_customer(proxy) as one:
            await one.ask(b"lamp")
        async with asyncio.timeout(5):
            while proxy.lines:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_an_answer_is_lost_after_the_order_was_carried_out() -> None:
    async with a_shop() as (shop, proxy), a_customer(proxy) as one:
        proxy.loses = lambda piece: piece.startswith(b"DONE lamp")
        assert await one.ask(b"cover") == b"DONE cover\n"
        with pytest.raises(ConnectionResetError):
            await one.ask(b"lamp")
        assert shop.orders == [b"cover\n", b"lamp\n"], "the server has done what it was asked"
        assert proxy.counts["answers lost"] == 1


async def test_reset_is_no_orderly_end_and_cut_is_one() -> None:
    async with a_shop() as (_, proxy), a_customer(proxy) as one:
        await one.ask(b"lamp")
        assert proxy.reset() == 1
        with pytest.raises(ConnectionResetError):
            await one.reader.readline()
    async with a_shop() as (_, proxy), a_customer(proxy) as one:
        await one.ask(b"lamp")
        assert proxy.cut() == 1
        assert await one.reader.readline() == b""


async def test_held_nothing_is_heard_and_nothing_is_lost() -> None:
    async with a_shop() as (shop, proxy), a_customer(proxy) as one:
        await one.ask(b"lamp")
        proxy.hold()
        with pytest.raises(TimeoutError):
            await one.ask(b"cover", patience=0.2)
        assert shop.orders == [b"lamp\n"], "nor does the server hear anything"
        proxy.go_on()
        assert await asyncio.wait_for(one.reader.readline(), 5) == b"DONE cover\n"


async def test_refused_until_it_is_let_in_again() -> None:
    async with a_shop() as (_, proxy), a_customer(proxy) as one:
        await one.ask(b"lamp")
        await proxy.refuse()
        with pytest.raises(ConnectionError):
            await one.reader.readline()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(HOST, proxy.port)
        await proxy.accept()
        async with a_customer(proxy) as again:
            assert await again.ask(b"cover") == b"DONE cover\n"


async def test_a_delay_holds_back_either_way() -> None:
    async with a_shop() as (_, proxy), a_customer(proxy) as one:
        proxy.delay = 0.1
        begin = asyncio.get_running_loop().time()
        assert await one.ask(b"lamp") == b"DONE lamp\n"
        assert asyncio.get_running_loop().time() - begin >= 0.2


async def test_a_server_that_is_away_is_away_through_the_proxy() -> None:
    async with FaultProxy(upstream=1) as proxy, a_customer(proxy) as one:
        with pytest.raises(ConnectionResetError):
            await one.reader.readline()
