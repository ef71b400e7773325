"""The days of raw readings, in the record or in files: made, closed, and dropped when they need be kept no longer."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from handlers.ports import Office
from store.reading_files import drop_before


async def make_days(office: Office, days: int) -> int:
    """Make the partitions of today, of the days ahead, and of days within ``days`` that readings wait for.

    Returns how many were new. Raises ``Unavailable``, also when somebody holds the readings for long: try again.
    """
    async with office.store.unit() as unit:
        return await unit.reading_days.make(days)


async def drop_days(office: Office, days: int) -> int:
    """Drop readings older than ``days`` days; returns how many partitions. Raises ``Unavailable`` as ``make_days``."""
    async with office.store.unit() as unit:
        return await unit.reading_days.drop(days)


async def close_files(office: Office, folder: Path, days: int) -> int:
    """Close the files of past days in a folder, and delete those older than ``days`` days; returns how many it closed.

    Raises ``Unavailable``.
    """
    async with office.store.unit() as unit:
        closed = await unit.reading_files.close(folder)
    oldest = datetime.now(UTC).date() - timedelta(days=days)
    await asyncio.to_thread(drop_before, folder, oldest)
    return closed
