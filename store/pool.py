"""Connections to PostgreSQL: how they are opened, and what every one of them is told at its start."""

from typing import TYPE_CHECKING, TypeAlias

import asyncpg
from asyncpg.pool import PoolAcquireContext

from domain.errors import Unavailable
from store.queries import read_all
from store.translate import translated

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

_WAIT_SECONDS = 5.0


class _Turn(PoolAcquireContext):
    """Waiting for a connection. Raises ``Unavailable`` with code ``busy`` if all are in use for too long."""

    __slots__ = ()

    async def __aenter__(self) -> Connection:
        """The connection."""
        try:
            return await super().__aenter__()
        except TimeoutError:
            if self.pool.get_size() == self.pool.get_max_size() and not self.pool.get_idle_size():
                raise Unavailable("busy", "系统繁忙，请稍后重试", "no database connection came free") from None
            raise


if TYPE_CHECKING:
    _Base = asyncpg.Pool[asyncpg.Record]
else:
    _Base = asyncpg.Pool  # generic in its stubs only


class _Queue(_Base):
    """A pool that nobody waits for without an end."""

    def acquire(self, *, timeout: float | None = None) -> _Turn:
        """A connection, to be used in ``async with``, within ``timeout`` seconds."""
        return _Turn(self, _WAIT_SECONDS if timeout is None else timeout)


async def _prepare(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    # documents travel as the bytes they are kept as; nobody parses them on the way
    await connection.set_type_codec("json", schema="pg_catalog", format="binary", encoder=bytes, decoder=bytes)


async def _keep(_: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Nothing to tidy up between uses: nobody here changes a session, and open transactions are ended anyway.

    The default asks the server to forget what was never set, one round trip for every unit of work.
    """


async def connect(dsn: str, *, size: int, application: str, statement_seconds: float = 0.0) -> Pool:
    """A pool of at most ``size`` connections. Raises ``Unavailable`` if the database does not answer.

    ``statement_seconds`` is what one statement may take where somebody waits for its answer; 0 sets no bound.
    """
    read_all()
    with translated():
        pool = _Queue(
            dsn,
            min_size=1,
            max_size=size,
            max_queries=50_000,
            max_inactive_connection_lifetime=300.0,
            loop=None,
            connection_class=asyncpg.Connection,
            record_class=asyncpg.Record,
            command_timeout=30,
            timeout=10,
            init=_prepare,
            reset=_keep,
            server_settings={
                "application_name": application,
                # an abandoned transaction would hold back the outbox (its horizon is pg_snapshot_xmin)
                "idle_in_transaction_session_timeout": "30s",
                "timezone": "UTC",
                # a machine that vanished must not keep its seat and its locks for hours
                "tcp_keepalives_idle": "15",
                "tcp_keepalives_interval": "5",
                "tcp_keepalives_count": "3",
                "jit": "off",
                "statement_timeout": f"{round(statement_seconds * 1000)}ms",
            },
        )
        return await pool
