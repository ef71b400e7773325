"""Where the things of a batch are: positions converted, grids found or compared; and rows made of components."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import Protocol

from domain.errors import Fault
from domain.lattice import CELL
from domain.place import Crs, Doubt, Place
from geo.atlas import Atlas
from geo.crs import to_wgs84_many
from runtime.assets.judge import Judged
from store.asset_load import AssetRow
from store.cases import area_key

_NOWHERE = Place(doubt=Doubt.NOWHERE)
_SURE = frozenset({Doubt.NONE, Doubt.ON_BORDER})


class Standing(Protocol):
    """Something that stands somewhere: its position in the table's own system, the grid it is registered in."""

    lon: float | None
    lat: float | None
    notes: list[Fault]

    @property
    def registered(self) -> str:
        """The grid as the table says; empty where it says none."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where something is: WGS-84, None where no position was given; its grid, another one its position lies in."""

    lon: float | None
    lat: float | None
    grid: str | None
    other: str | None
    area: str


class Sites:
    """Finds where things are on one atlas; the table's positions are all in ``crs``."""

    def __init__(self, atlas: Atlas, crs: Crs) -> None:
        self._atlas = atlas
        self._crs = crs
        self._areas: dict[str, str] = {}

    def of(self, batch: Sequence[Standing]) -> list[Site | Fault]:
        """Where each is, in order, or what keeps it out: it lies outside the city in no known grid.

        A grid that disagrees with the position or that the map does not know is noted on it.
        """
        lons, lats = self._in_wgs84(batch)
        places = self._atlas.locate_many(lons, lats) if self._atlas.layers else [_NOWHERE] * len(batch)
        return [self._site(*each) for each in zip(batch, lons, lats, places, strict=True)]

    def _in_wgs84(self, batch: Sequence[Standing]) -> tuple[list[float], list[float]]:
        lons = [nan if one.lon is None else one.lon for one in batch]
        lats = [nan if one.lat is None else one.lat for one in batch]
        if self._crs not in (Crs.GCJ02, Crs.BD09):
            return lons, lats
        east, north = to_wgs84_many(lons, lats, self._crs)
        return east.round(7).tolist(), north.round(7).tolist()

    def _site(self, one: Standing, lon: float, lat: float, place: Place) -> Site | Fault:
        registered, positioned = one.registered, one.lon is not None
        path = self._atlas.tree.paths.get(registered) if registered else None
        other = None
        if registered and path is None:
            one.notes.append(Fault("grid", "grid-unknown", "the map has no such grid"))
        if registered and place.grid and place.doubt in _SURE and registered not in (place.grid, *place.candidates):
            other = place.grid
            one.notes.append(Fault("grid", "grid-mismatch", f"the position lies in {other}"))
        if positioned and place.doubt is Doubt.OUTSIDE:
            if path is None:
                return Fault("lon", "place-outside", "neither the position nor the grid is in the city")
            one.notes.append(Fault("lon", "position-outside", "the position is not in the city; the grid is"))
        area = self._area(path or place.path)
        return Site(lon if positioned else None, lat if positioned else None, registered or place.grid, other, area)

    def _area(self, path: tuple[str, ...]) -> str:
        if not path:
            return ""
        key = self._areas.get(path[-1])
        if key is None:
            key = self._areas[path[-1]] = area_key(path)
        return key


class Placing:
    """Places batches of components on one atlas; the table's positions are all in ``crs``."""

    def __init__(self, atlas: Atlas, crs: Crs) -> None:
        self._sites = Sites(atlas, crs)

    def place(self, batch: Sequence[Judged]) -> list[AssetRow | Fault]:
        """A row for the register for each, in order, or what keeps it out: it lies outside the city in no known grid.

        A row is kept where grid and position disagree or the map does not know the grid; that is noted on it.
        """
        return [
            site if isinstance(site, Fault) else _row(one, site)
            for one, site in zip(batch, self._sites.of(batch), strict=True)
        ]


def _row(one: Judged, site: Site) -> AssetRow:
    (
        _, name, authority, authority_name, owner, owner_name, maintainer, maintainer_name, _, _, _, _,
        source, note, street, street_name, community, community_name, _, _, _,
    ) = one.text  # fmt: skip
    cell_x, cell_y = (None, None) if site.lon is None or site.lat is None else (
        int(site.lon // CELL), int(site.lat // CELL)
    )  # fmt: skip
    return (
        one.code, name, one.category, one.state, authority, authority_name, owner, owner_name, maintainer,
        maintainer_name, site.grid, site.other, site.area, one.first_on, one.changed_on, source, street, street_name,
        community, community_name, site.lon, site.lat, one.accuracy, cell_x, cell_y, note, one.doc,
    )  # fmt: skip
