"""The unit of work: one connection, one transaction, and the repositories inside it. Handlers get it from ``Store``."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from store.assets import Assets
from store.attachments import Attachments
from store.cases import Cases
from store.devices import Changes, Devices, changed_since
from store.dispatch_replay import FiledBatch, filed_since
from store.dispatches import Dispatches
from store.duplicates import Duplicates
from store.duty import DutyBook
from store.events import Events
from store.imports import Imports
from store.messages import Messages
from store.pool import Connection, Pool
from store.presences import Presences
from store.queries import sql
from store.reading_days import ReadingDays
from store.reading_files import FiledReadings
from store.readings import Readings
from store.rejects import Rejects
from store.reports import Reports
from store.rulebooks import Rulebooks
from store.sensor_alarms import SensorAlarms
from store.tickets import Tickets
from store.translate import translated


def _lock_keys(subjects: Sequence[UUID]) -> list[int]:
    return sorted({subject.int & 0x7FFF_FFFF_FFFF_FFFF for subject in subjects})


class Unit:
    """What a handler may touch inside its one transaction. ``at`` is the database's clock at the start."""

    def __init__(self, connection: Connection, at: datetime) -> None:
        self.at = at
        self._connection = connection
        self.reports = Reports(connection)
        self.cases = Cases(connection)
        self.duplicates = Duplicates(connection)
        self.events = Events(connection)
        self.rejects = Rejects(connection)
        self.tickets = Tickets(connection)
        self.messages = Messages(connection)
        self.presences = Presences(connection)
        self.attachments = Attachments(connection)
        self.assets = Assets(connection)
        self.imports = Imports(connection)
        self.rulebooks = Rulebooks(connection)
        self.dispatches = Dispatches(connection)
        self.duty = DutyBook(connection)
        self.devices = Devices(connection)
        self.readings = Readings(connection, at)
        self.sensor_alarms = SensorAlarms(connection)
        self.reading_days = ReadingDays(connection, at)
        self.reading_files = FiledReadings(connection, at)

    async def lock(self, subjects: Sequence[UUID]) -> None:
        """Lock further cases, found only now. Allowed before the unit's first write, and only once (see ``Store``)."""
        if subjects:
            await self._connection.fetchval(sql("begin_unit"), _lock_keys(subjects))


class Store:
    """Opens units of work on a pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def intake(self) -> AsyncIterator[Reports]:
        """Reports alone, with no transaction around: letting in is one statement, and durable when it returns.

        Raises ``Unavailable`` when the database is away.
        """
        with translated():
            async with self._pool.acquire(timeout=10) as connection:
                yield Reports(connection)

    def filed_since(self, since: datetime, most: int) -> AsyncIterator[FiledBatch]:
        """The newest filed cases, batch by batch, in a transaction that only reads; see ``dispatch_replay``."""
        return filed_since(self._pool, since, most)

    async def devices_since(self, position: int = 0) -> Changes:
        """All devices, or those changed since a position; see ``store.devices``. Raises ``Unavailable``."""
        return await changed_since(self._pool, position)

    @asynccontextmanager
    async def unit(self, lock: Sequence[UUID] = ()) -> AsyncIterator[Unit]:
        """One transaction, committed on a clean exit. Raises ``Unavailable`` when the database is away.

        ``lock`` names the reports or cases it will change. They are locked before the first write, in one order, by
        advisory locks: these draw no transaction id, so that of two transactions on one case the later one always
        has the higher id. That is what lets readers follow the events by (tx, seq) without ever seeing version 3
        before version 2.
        """
        with translated():
            async with self._pool.acquire(timeout=10) as connection, connection.transaction():
                at = await connection.fetchval(sql("begin_unit"), _lock_keys(lock))
                yield Unit(connection, at)
