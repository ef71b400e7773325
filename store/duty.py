"""People away from duty and what units have to do: what the office balances by."""

from collections.abc import Sequence

from domain.absence import Absence
from store.pool import Connection
from store.queries import sql


class DutyBook:
    """The absences and loads of one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def put(self, absence: Absence, by: str) -> None:
        """Note that somebody is away; it replaces what was noted of them."""
        values = (absence.person, absence.since, absence.until, absence.deputy, by)
        await self._connection.execute(sql("absences_put"), *values)

    async def end(self, person: str) -> None:
        """Somebody is back."""
        await self._connection.execute(sql("absences_end"), person)

    async def absences(self) -> list[Absence]:
        """Everybody's absence, past ones too: one a person."""
        return [Absence(**row) for row in await self._connection.fetch(sql("absences_all"))]

    async def open_load(self, units: Sequence[str]) -> dict[str, int]:
        """The open tasks of some units; one that has none is absent."""
        rows = await self._connection.fetch(sql("units_open"), units)
        return {row["unit"]: row["open"] for row in rows}
