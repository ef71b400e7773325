"""Forward-only migrations: ``store/migrations/NNNN_words.sql``, each applied once, in order, in its own transaction."""

from pathlib import Path

import asyncpg

from domain.errors import Unavailable
from store.translate import translated

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x636C6F6F70  # "cloop": two processes that start together migrate one after the other
_LEDGER = """CREATE TABLE IF NOT EXISTS migrations (
    name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now()
)"""


def available() -> list[Path]:
    """All migrations this version brings, in order."""
    return sorted(_FOLDER.glob("[0-9][0-9][0-9][0-9]_*.sql"))


async def migrate(dsn: str) -> list[str]:
    """Bring the database to this version's schema; returns the names applied now.

    Raises ``Unavailable`` if the database is away, or holds migrations this version does not know (a newer program
    has been here: going on could damage its data).
    """
    with translated():
        connection = await asyncpg.connect(dsn, timeout=10)
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
            await connection.execute(_LEDGER)
            missing = await _missing(connection)
            for path in missing:
                async with connection.transaction():
                    await connection.execute("SET LOCAL lock_timeout = '5s'")
                    await connection.execute(path.read_text(encoding="utf-8"))
                    await connection.execute("INSERT INTO migrations (name) VALUES ($1)", path.stem)
            return [path.stem for path in missing]
        finally:
            await connection.close()


async def pending(dsn: str) -> list[str]:
    """Names of migrations this version brings and the database lacks. Raises as ``migrate`` does; changes nothing."""
    with translated():
        connection = await asyncpg.connect(dsn, timeout=10)
        try:
            if await connection.fetchval("SELECT to_regclass('migrations')") is None:
                return [path.stem for path in available()]
            return [path.stem for path in await _missing(connection)]
        finally:
            await connection.close()


async def _missing(connection: "asyncpg.Connection[asyncpg.Record]") -> list[Path]:
    done = {row["name"] for row in await connection.fetch("SELECT name FROM migrations")}
    unknown = sorted(done - {path.stem for path in available()})
    if unknown:
        raise Unavailable("schema-newer", "数据库结构比程序新", f"start the version that made {unknown[-1]}")
    return [path for path in available() if path.stem not in done]
