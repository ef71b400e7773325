"""A seat: the right to be the one process that follows the events under a name. Lost with its connection."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from zlib import crc32

from domain.errors import Unavailable
from store.events import Entry, Events, Position
from store.pool import Connection, Pool
from store.queries import sql
from store.translate import translated

_SPACE = 0x73656174 << 32  # «seat»: keeps these locks apart from those of subjects and migrations


class Seat:
    """Reads the events in commit order and notes how far it came, on the very connection that holds the seat.

    A process that lost its connection lost its seat, and can no longer move the position: at worst its successor
    publishes a batch again, and nobody skips one.
    """

    def __init__(self, name: str, connection: Connection, position: Position) -> None:
        self._name = name
        self._events = Events(connection)
        self._position = position

    async def next(self, limit: int) -> list[Entry]:
        """The next settled events, at most ``limit``. Raises ``Unavailable`` if the seat is lost."""
        with translated():
            return await self._events.after(self._position, limit)

    async def done(self, entries: list[Entry]) -> None:
        """Note that these were dealt with; ``next`` goes on after them."""
        with translated():
            await self._events.move(self._name, entries[-1].position)
        self._position = entries[-1].position


@asynccontextmanager
async def seat(pool: Pool, name: str) -> AsyncIterator[Seat | None]:
    """Take the seat ``name`` for as long as the context lasts; None if another process sits there.

    Raises ``Unavailable`` when the database is away, or was restored from another cluster: transaction numbers then
    start again below the noted position, and going on would silently publish nothing.
    """
    key = _key(name)
    with translated():
        async with pool.acquire(timeout=10) as connection:
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", key):
                yield None
                return
            try:
                position = await Events(connection).position(name)
                horizon = await connection.fetchval(sql("events_horizon"))
                if position.tx > horizon:
                    raise Unavailable(
                        "timeline-broken",
                        "数据库似由备份恢复，发布位置失效",
                        f"reader {name} stands at {position}, the database at {horizon}: run 'cityloop republish'",
                    )
                yield Seat(name, connection, position)
            finally:
                await _leave(connection, key)


async def _leave(connection: Connection, key: int) -> None:
    """Give the seat back. A connection on which that fails must not live on with the seat taken."""
    if connection.is_closed():
        return
    try:
        await connection.execute("SELECT pg_advisory_unlock($1)", key)
    except BaseException:
        connection.terminate()
        raise


async def reposition(pool: Pool, name: str, since: datetime | None) -> Position:
    """Let the reader ``name`` go on after the events before ``since``, or after all that is settled now.

    For the time after a restore; whoever sits on the seat must have left it. Raises ``Unavailable`` if not.
    """
    async with pool.acquire(timeout=10) as connection:
        with translated():
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _key(name)):
                raise Unavailable("seat-taken", "该读者仍在运行", f"stop the {name} first")
            try:
                events = Events(connection)
                position = await events.before(since) if since else await events.end()
                await events.move(name, position)
            finally:
                await _leave(connection, _key(name))
    return position


def _key(name: str) -> int:
    return _SPACE | crc32(name.encode())
