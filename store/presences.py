"""Inspectors on duty: where each was seen last, what area is theirs, and how much they have to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.place import Crs, Point
from store.pool import Connection
from store.queries import sql


@dataclass(frozen=True, slots=True)
class OnDuty:
    """An inspector on duty. ``areas`` are area keys (``a/b/``), empty for the whole city; the point is in WGS-84."""

    inspector: str
    point: Point | None
    seen_at: datetime
    areas: tuple[str, ...]
    open_tasks: int


class Presences:
    """The presences of one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def put(self, client: str, point: Point | None) -> None:
        """Note that an inspector is on duty, and where."""
        lon, lat = (point.lon, point.lat) if point else (None, None)
        await self._connection.execute(sql("presences_put"), client, lon, lat)

    async def end(self, client: str) -> None:
        """An inspector goes off duty."""
        await self._connection.execute(sql("presences_end"), client)

    async def on_duty(self, within: timedelta) -> Sequence[OnDuty]:
        """Everybody on duty who was heard of ``within`` this time."""
        rows = await self._connection.fetch(sql("presences_on_duty"), within)
        return [
            OnDuty(
                r["client"],
                None if r["lon"] is None else Point(r["lon"], r["lat"], Crs.WGS84),
                r["seen_at"],
                tuple(r["areas"]),
                r["open_tasks"],
            )
            for r in rows
        ]
