"""Rulebooks as documents in the record: drafts, their approval, and which one is in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg
import msgspec

from domain.rule_table import NewRulebook, RulebookId, RulebookState, RuleRow, StoredRulebook
from store.codec import encode
from store.pool import Connection, Pool
from store.queries import sql
from store.read_model import ReadModel
from store.translate import translated

_rows = msgspec.json.Decoder(tuple[dict[str, str], ...])


@dataclass(frozen=True, slots=True)
class InForce:
    """The rulebook in force; ``rows`` is None where the caller knows them already."""

    id: RulebookId
    version: str
    rows: tuple[RuleRow, ...] | None


class Rulebooks:
    """The rulebooks of one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def draft(self, new: NewRulebook) -> bool:
        """Keep a draft; False if a rulebook of this version, and so of these rows, is known."""
        values = (new.name, new.version, encode(new.rows), len(new.rows), new.note, new.author, new.effective_from)
        return await self._connection.fetchval(sql("rulebooks_draft"), new.id, *values) is not None

    async def locked(self, wanted: RulebookId) -> StoredRulebook | None:
        """A rulebook that nobody else changes until the transaction ends."""
        row = await self._connection.fetchrow(sql("rulebooks_lock"), wanted)
        return _stored(row) if row else None

    async def approve(self, wanted: RulebookId, by: str, effective_from: date) -> None:
        """Approve a draft; the database refuses its author."""
        await self._connection.execute(sql("rulebooks_approve"), wanted, by, effective_from)

    async def retire(self, wanted: RulebookId, by: str) -> None:
        """Take a rulebook out of use."""
        await self._connection.execute(sql("rulebooks_retire"), wanted, by)


class RulebookViews(ReadModel):
    """Rulebooks for those who keep them. Raises ``Unavailable``."""

    async def page(self, before: tuple[datetime, UUID] | None, limit: int) -> Sequence[StoredRulebook]:
        """A page without rows, the newest first."""
        return [_stored(row) for row in await self._fetch("view_rulebooks", *(before or (None, None)), limit)]

    async def one(self, wanted: UUID) -> StoredRulebook | None:
        """One with its rows."""
        rows = await self._fetch("view_rulebook", wanted)
        return _stored(rows[0]) if rows else None


async def in_force(pool: Pool, zone: str, known: RulebookId | None = None) -> InForce | None:
    """The rulebook in force today in a time zone, by the database's clock; None where the pack's is.

    Raises ``Unavailable`` when the database is away.
    """
    with translated():
        row = await pool.fetchrow(sql("rulebooks_in_force"), zone, known)
    if row is None:
        return None
    return InForce(row["id"], row["version"], None if row["rows"] is None else _rows.decode(row["rows"]))


def _stored(row: asyncpg.Record) -> StoredRulebook:
    values = dict(row)
    rows = values.pop("rows", None)
    state = RulebookState(values.pop("state"))
    return StoredRulebook(**values, state=state, rows=_rows.decode(rows) if rows is not None else ())
