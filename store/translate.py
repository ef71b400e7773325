"""Which database errors mean «away, full or busy, try again», and which are real faults."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from domain.errors import Unavailable

_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.TransactionRollbackError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,
    asyncpg.exceptions.LockNotAvailableError,
    asyncio.TimeoutError,
    OSError,
)


@contextmanager
def translated() -> Iterator[None]:
    """Turn «the database is away, full or busy» into ``Unavailable``; let real faults through as they are."""
    try:
        yield
    except asyncpg.InterfaceError as error:
        # the client library's own complaint: a closed line is a neighbour that went away, the rest is a fault of ours
        if "clos" not in str(error):
            raise
        raise Unavailable("database-unavailable", "数据库暂不可用", type(error).__name__) from error
    except _AWAY as error:
        code = "storage-full" if isinstance(error, asyncpg.exceptions.DiskFullError) else "database-unavailable"
        raise Unavailable(code, "数据库暂不可用", type(error).__name__) from error
