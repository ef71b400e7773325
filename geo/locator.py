"""Where a report is: its point, converted and looked up in the atlas, or the areas it names, or else its address."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from domain.place import Crs, Doubt, Place, Point
from domain.report import Report
from geo.address.answers import Match
from geo.atlas import Atlas
from geo.atlases import Atlases
from geo.crs import to_wgs84_many
from geo.gazetteer import Gazetteer
from geo.names import NOT_GIVEN
from geo.suspect import Suspicion, suspicions

_PLAIN = frozenset({Crs.WGS84, Crs.CGCS2000})

Located = tuple[Place, Point | None]


class Locator:
    """Answers for a city's maps and the gazetteer over them, if there is one; each is asked once for a batch.

    A report is placed on the map that was in force on the day it was received, in the city's ``zone``.
    """

    def __init__(self, atlases: Atlases, gazetteer: Gazetteer | None = None, zone: tzinfo = UTC) -> None:
        self._atlases = atlases
        self._gazetteer = gazetteer
        self._zone = zone

    def places_of(self, reports: Sequence[Report]) -> list[Located]:
        """For each report its place, and its point in WGS-84 (CGCS2000 differs by decimetres and is kept as it is).

        A report with a point outside the city that names areas is placed by the names: people stand where they
        stand, but a hotline clerk's map click may slip. One that states an address besides is placed by that:

        - without a point, by a match that is certain and lies in the areas named; it gets the match's point where
          that is exact enough. What is not certain is AMBIGUOUS with its candidates, unless areas are named;
        - with a point that lies off the address just as another coordinate system would put it: AMBIGUOUS, both
          grids as candidates, the point as it was sent.
        """
        points = self.in_wgs84([report.point for report in reports])
        places: list[Place] = [Place()] * len(reports)
        pointed = [n for n, point in enumerate(points) if point is not None]
        known = [point for point in points if point is not None]
        days = [report.received_at.astimezone(self._zone).date() for report in reports]
        at = [days[n] for n in pointed]
        located = self._atlases.locate_many([point.lon for point in known], [point.lat for point in known], at)
        for n, place in zip(pointed, located, strict=True):
            places[n] = place
        by_name = [n for n, place in enumerate(places) if not place.path]
        named = self._atlases.locate_named_many([reports[n].area_names for n in by_name], [days[n] for n in by_name])
        for n, place in zip(by_name, named, strict=True):
            if place.path or points[n] is None:
                places[n] = place
        found = list(zip(places, points, strict=True))
        return self._with_addresses(reports, found) if self._gazetteer else found

    def standing(self, point: Point | None, grid: str | None, at: datetime) -> Located:
        """The place of a thing that stands in a unit grid, or where its point says; and the point in WGS-84.

        The grid goes before the point. A grid the map of that day does not know, or none, leaves the point's place.
        """
        day, (here,) = at.astimezone(self._zone).date(), self.in_wgs84([point])
        if grid:
            (named,) = self._atlases.locate_named_many([(grid,)], [day])
            if named.path and named.path[-1] == grid:
                return named, here
        if here is None:
            return Place(), None
        return self._atlases.locate_many([here.lon], [here.lat], [day])[0], here

    def suspicions_of(self, reports: Sequence[Report]) -> list[Suspicion | None]:
        """For each report whether its point was likely sent in another system, judged by the address it states."""
        matches = self._matches(reports, [n for n, report in enumerate(reports) if report.point and report.address])
        return self._suspicions(reports, matches)

    def in_wgs84(self, points: Sequence[Point | None]) -> list[Point | None]:
        """Points as cases keep them: in WGS-84, or CGCS2000 as it is."""
        foreign = [n for n, point in enumerate(points) if point is not None and point.crs not in _PLAIN]
        result = list(points)
        if foreign:
            sent = [point for point in points if point is not None and point.crs not in _PLAIN]
            lons, lats = to_wgs84_many([p.lon for p in sent], [p.lat for p in sent], [p.crs for p in sent])
            for n, lon, lat in zip(foreign, lons.tolist(), lats.tolist(), strict=True):
                result[n] = Point(round(lon, 7), round(lat, 7), Crs.WGS84)
        return result

    def _with_addresses(self, reports: Sequence[Report], found: list[Located]) -> list[Located]:
        matches = self._matches(reports, [n for n, report in enumerate(reports) if report.address])
        for n, match in matches.items():
            place, point = found[n]
            if point is None or not place.path:
                found[n] = self._by_address(match, place, point)
        for n, suspicion in enumerate(self._suspicions(reports, matches)):
            if suspicion:
                day = reports[n].received_at.astimezone(self._zone).date()
                found[n] = self._doubted(suspicion, self._atlases.at(day)), found[n][1]
        return found

    def _matches(self, reports: Sequence[Report], asked: Sequence[int]) -> dict[int, Match]:
        if self._gazetteer is None or not asked:
            return {}
        named = ("".join(name for name in reports[n].area_names if name.strip() not in NOT_GIVEN) for n in asked)
        texts = [areas + reports[n].address for n, areas in zip(asked, named, strict=True)]
        return dict(zip(asked, self._gazetteer.match_many(texts), strict=True))

    def _by_address(self, match: Match, place: Place, point: Point | None) -> Located:
        """The address's place where it says more than the areas named and does not contradict them."""
        if not match.candidates or (point is not None and not match.certain):
            return place, point
        stated = match.place
        if place.path and (not match.certain or stated.path[: len(place.path)] != place.path):
            return place, point
        best = match.candidates[0]
        exact = match.certain and best.uncertainty_m <= self._point_within()
        return stated, best.point if exact and point is None else point

    def _point_within(self) -> float:
        return self._gazetteer.bounds.point_within_m if self._gazetteer else 0.0

    def _suspicions(self, reports: Sequence[Report], matches: dict[int, Match]) -> list[Suspicion | None]:
        told: list[Suspicion | None] = [None] * len(reports)
        stated = [
            (n, point, best, best.point)
            for n, match in matches.items()
            if (point := reports[n].point) and match.certain and (best := match.candidates[0]).point
        ]
        lons = [spot.lon for _, _, _, spot in stated if spot]
        lats = [spot.lat for _, _, _, spot in stated if spot]
        wide = [best.uncertainty_m for _, _, best, _ in stated]
        for (n, *_), one in zip(stated, suspicions(lons, lats, wide, [p for _, p, _, _ in stated]), strict=True):
            told[n] = one
        return told

    def _doubted(self, suspicion: Suspicion, atlas: Atlas) -> Place:
        both = (suspicion.as_sent, suspicion.as_suspected)
        places = atlas.locate_many([p.lon for p in both], [p.lat for p in both])
        codes = tuple(dict.fromkeys(place.path[-1] for place in places if place.path))
        return atlas.tree.ambiguous(codes) if codes else Place(doubt=Doubt.NOWHERE)
