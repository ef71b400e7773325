"""Messages to the public, for the doors. Not scoped as other views are: what was told to everybody is no secret."""

import msgspec

from domain.bulletin import Bulletin
from store.read_model import ReadModel

_bulletins = msgspec.json.Decoder(Bulletin)


class Alerts(ReadModel):
    """The messages on one pool. Raises ``Unavailable`` when the database is away."""

    async def standing(self) -> list[Bulletin]:
        """What is warned of now: of each open case its last message, unless that was cancelled or has expired."""
        return await self._told("view_alerts")

    async def of_case(self, no: str) -> list[Bulletin]:
        """Every message of a case, the first first; none where there is no such case or it has told nothing."""
        return await self._told("view_alerts_of_case", no)

    async def _told(self, name: str, *values: object) -> list[Bulletin]:
        return [_bulletins.decode(row["alert"]) for row in await self._fetch(name, *values)]
