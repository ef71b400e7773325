"""Components for the doors: one by its code, those near a point, the open cases on them. Part of ``store.views``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, cos, radians

from domain.asset import Asset
from domain.lattice import CELL, cell
from domain.place import Point
from store.assets import asset_of
from store.read_model import ReadModel
from store.scope import Scope

_METRES_A_CELL = 111_320.0 * CELL


@dataclass(frozen=True, slots=True)
class AssetCase:
    """An open case about a component; ``category`` is a key."""

    asset: str
    no: str
    state: str
    category: str | None
    unit: str | None
    overdue: bool
    opened_at: datetime


class AssetViews(ReadModel):
    """Components for the doors. They are no secret among those who may ask; the cases on them are scoped."""

    async def one(self, code: str) -> Asset | None:
        """The component with this code."""
        rows = await self._fetch("assets_known", [code])
        return asset_of(rows[0]) if rows else None

    async def near(self, point: Point, radius_m: float, limit: int) -> list[tuple[Asset, float]]:
        """At most ``limit`` components within ``radius_m`` metres of a point in WGS-84, the nearest first, with metres.

        Every cell that may hold one is looked at, so the radius should stay within a few hundred metres.
        """
        x, y = cell(point)
        rows_away = ceil(radius_m / _METRES_A_CELL)
        # near the poles a column is no wider than nothing: the cosine is kept from zero
        columns_away = ceil(radius_m / (_METRES_A_CELL * max(cos(radians(abs(point.lat) + CELL * rows_away)), 0.01)))
        rows = await self._fetch(
            "assets_near",
            point.lon,
            point.lat,
            x - columns_away,
            x + columns_away,
            y - rows_away,
            y + rows_away,
            radius_m,
            limit,
        )
        return [(asset_of(row), row["metres"]) for row in rows]

    async def open_cases(self, codes: Sequence[str], scope: Scope) -> dict[str, list[AssetCase]]:
        """Open cases about these components that the caller may see, the oldest first; one query for all."""
        rows = await self._fetch(
            "view_cases_of_assets", codes, scope.areas, scope.unit, scope.worker, scope.origin, scope.reporter
        )
        found: dict[str, list[AssetCase]] = {}
        for row in rows:
            found.setdefault(row["asset"], []).append(AssetCase(**dict(row)))
        return found
