"""What nobody could use is kept, in its own transaction, before the record that held it is acknowledged."""

from collections.abc import Sequence

from handlers.ports import Office
from store.rejects import Rejected

__all__ = ["Rejected", "keep_rejects", "note_replayed", "one_reject", "waiting_rejects"]


async def keep_rejects(office: Office, rejected: Sequence[Rejected]) -> None:
    """Keep a batch of rejects; the same one twice is kept once. Raises ``Unavailable``."""
    async with office.store.unit() as unit:
        await unit.rejects.keep(rejected)


async def waiting_rejects(office: Office, code: str | None = None, after: int = 0, limit: int = 100) -> list[Rejected]:
    """Rejects that wait for somebody, in order of arrival. Raises ``Unavailable``."""
    async with office.store.unit() as unit:
        return await unit.rejects.find(code=code, after=after, limit=limit)


async def one_reject(office: Office, reject: int) -> Rejected | None:
    """One reject whole, or None."""
    async with office.store.unit() as unit:
        return await unit.rejects.get(reject)


async def note_replayed(office: Office, ids: Sequence[int]) -> None:
    """Note that rejects were put back through their door."""
    async with office.store.unit() as unit:
        await unit.rejects.replayed(ids)
