"""The days of raw readings: a partition each, made ahead, and dropped when they need not be kept any longer."""

from datetime import datetime, timedelta

from store.pool import Connection
from store.queries import sql
from store.readings import AHEAD


class ReadingDays:
    """The partitions, in one unit of work that does nothing else. ``at`` is the database's clock."""

    def __init__(self, connection: Connection, at: datetime) -> None:
        self._connection = connection
        self._at = at

    async def make(self, days: int) -> int:
        """Make the partitions of today and the days ahead, and of every day within ``days`` that readings wait for.

        Returns how many were new. What waits is moved into its day; nothing else is held up by that.
        """
        await self._connection.execute(sql("lock_shortly"))
        today = self._at.date()
        oldest, last = today - timedelta(days=days), today + AHEAD
        return int(await self._connection.fetchval(sql("reading_days_make"), oldest, today, last))

    async def drop(self, days: int) -> int:
        """Drop what is older than ``days`` days; returns how many partitions. Readers and writers wait a moment."""
        await self._connection.execute(sql("lock_shortly"))
        oldest = self._at - timedelta(days=days)
        dropped = int(await self._connection.fetchval(sql("reading_days_drop"), oldest.date()))
        await self._connection.fetchval(sql("readings_forget"), oldest)
        return dropped
