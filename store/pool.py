"""Connections to PostgreSQL: how they are opened, and what every one of them is told at its start."""

from typing import TypeAlias

import asyncpg

from store.queries import read_all
from store.translate import translated

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


async def _prepare(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    # documents travel as the bytes they are kept as; nobody parses them on the way
    await connection.set_type_codec("json", schema="pg_catalog", format="binary", encoder=bytes, decoder=bytes)


async def _keep(_: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Nothing to tidy up between uses: nobody here changes a session, and open transactions are ended anyway.

    The default asks the server to forget what was never set, one round trip for every unit of work.
    """


async def connect(dsn: str, *, size: int, application: str) -> Pool:
    """A pool of at most ``size`` connections. Raises ``Unavailable`` if the database does not answer."""
    read_all()
    with translated():
        pool: Pool = await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size,
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
            },
        )
        return pool
