"""Read models of imports for the doors: each client sees its own."""

from datetime import datetime
from uuid import UUID

from domain.errors import Fault
from domain.table_import import Import, ImportId, Remark
from store.imports import import_of
from store.read_model import ReadModel

Place = tuple[int, int]
"""Line of a remark, and its number among those on the line."""
_START: Place = (0, -1)


class ImportViews(ReadModel):
    """Imports as their clients see them. Raises ``Unavailable`` when the database is away."""

    async def one(self, wanted: ImportId, client: str) -> Import | None:
        """One import of a client."""
        rows = await self._fetch("imports_one", wanted, client)
        return import_of(rows[0]) if rows else None

    async def page(self, client: str, before: tuple[datetime, UUID] | None, limit: int) -> list[Import]:
        """A client's imports, the newest first, from a cursor on."""
        return [import_of(row) for row in await self._fetch("view_imports", client, *(before or (None, None)), limit)]

    async def remarks(self, wanted: ImportId, after: Place | None, limit: int) -> tuple[list[Remark], Place]:
        """Remarks on an import's rows after a place (None: from the first), and the place of the last of them."""
        after = after or _START
        rows = await self._fetch("view_import_remarks", wanted, *after, limit)
        remarks = [Remark(row["line"], row["outcome"], Fault(row["pointer"], row["code"], row["hint"])) for row in rows]
        return remarks, (rows[-1]["line"], rows[-1]["n"]) if rows else after
