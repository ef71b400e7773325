"""Who may speak to us: clients of the city pack, their keys hashed. Used by the CLI and at start."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from store.pool import Pool
from store.queries import sql
from store.translate import translated


@dataclass(frozen=True, slots=True)
class Client:
    """A client as the pack names it. ``areas`` are area keys (``a/b/``); empty means the whole city."""

    id: str
    name: str
    role: str
    unit: str | None = None
    areas: tuple[str, ...] = ()


def hashed(key: str) -> bytes:
    """What is stored of a key: SHA-256 is enough, since keys are 256 random bits and cannot be guessed by trying."""
    return sha256(key.encode()).digest()


class Clients:
    """Clients on one pool. Raises ``Unavailable`` when the database is away."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def put(self, clients: Sequence[Client]) -> None:
        """Make these the clients that may call: new ones entered, known ones updated, others shut out. Keys stay."""
        with translated():
            await self._pool.execute(
                sql("clients_put"),
                [c.id for c in clients],
                [c.name for c in clients],
                [c.role for c in clients],
                [c.unit for c in clients],
                [" ".join(c.areas) for c in clients],
            )

    async def ids(self) -> list[str]:
        """Ids of all active clients."""
        with translated():
            return [row["id"] for row in await self._pool.fetch(sql("clients_ids"))]

    async def recognised(self, keys: Mapping[str, str]) -> set[str]:
        """Of the given client ids with their keys, those whose key is the current one."""
        with translated():
            rows = await self._pool.fetch(sql("clients_recognised"), list(keys), [hashed(key) for key in keys.values()])
        return {row["id"] for row in rows}

    async def issue(self, client: str) -> str | None:
        """A fresh key for a client, told once and stored hashed; None for an unknown client."""
        key = f"cl_{secrets.token_urlsafe(32)}"
        with translated():
            row = await self._pool.fetchrow(sql("clients_issue"), client, hashed(key))
        return key if row else None
