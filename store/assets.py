"""The register of components: looked up by code, for a batch of reports that is being filed."""

from collections.abc import Sequence

import asyncpg
import msgspec

from domain.asset import Accuracy, Asset, AssetState, Body
from domain.place import Crs, Point
from store.pool import Connection
from store.queries import sql


class Assets:
    """The components of one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def known(self, codes: Sequence[str]) -> dict[str, Asset]:
        """The components with these codes; unknown codes are absent, and where none is asked for nobody is asked."""
        if not codes:
            return {}
        rows = await self._connection.fetch(sql("assets_known"), codes)
        return {row["code"]: asset_of(row) for row in rows}


def asset_of(row: asyncpg.Record) -> Asset:
    """A component as a row of its table has it."""
    return Asset(
        code=row["code"],
        name=row["name"],
        state=AssetState(row["state"]),
        authority=Body(row["authority_code"], row["authority_name"]),
        first_on=row["first_on"],
        category=row["category"],
        owner=Body(row["owner_code"], row["owner_name"]),
        maintainer=Body(row["maintainer_code"], row["maintainer_name"]),
        grid=row["grid"],
        grid_by_point=row["grid_by_point"],
        area=tuple(filter(None, row["area"].split("/"))),
        point=None if row["lon"] is None else Point(row["lon"], row["lat"], Crs.WGS84),
        accuracy=Accuracy(row["accuracy"]) if row["accuracy"] else None,
        changed_on=row["changed_on"],
        source=row["source"],
        street=Body(row["street_code"], row["street_name"]),
        community=Body(row["community_code"], row["community_name"]),
        note=row["note"],
        more=msgspec.json.decode(row["doc"], type=dict[str, str]),
    )
