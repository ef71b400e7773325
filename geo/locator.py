"""Where a report is: its point, converted and looked up in the atlas, or else the areas it names."""

from collections.abc import Sequence

from domain.place import Crs, Place, Point
from domain.report import Report
from geo.atlas import Atlas
from geo.crs import to_wgs84_many

_PLAIN = frozenset({Crs.WGS84, Crs.CGCS2000})


class Locator:
    """Answers for one atlas; one bulk query for the points of a batch and one for its names."""

    def __init__(self, atlas: Atlas) -> None:
        self._atlas = atlas

    def places_of(self, reports: Sequence[Report]) -> list[tuple[Place, Point | None]]:
        """For each report its place, and its point in WGS-84 (CGCS2000 differs by decimetres and is kept as it is).

        A report with a point outside the city that names areas is placed by the names: people stand where they
        stand, but a hotline clerk's map click may slip.
        """
        points = self.in_wgs84([report.point for report in reports])
        places: list[Place] = [Place()] * len(reports)
        pointed = [n for n, point in enumerate(points) if point is not None]
        known = [point for point in points if point is not None]
        located = self._atlas.locate_many([point.lon for point in known], [point.lat for point in known])
        for n, place in zip(pointed, located, strict=True):
            places[n] = place
        by_name = [n for n, place in enumerate(places) if not place.path]
        named = self._atlas.locate_named_many([reports[n].area_names for n in by_name])
        for n, place in zip(by_name, named, strict=True):
            if place.path or points[n] is None:
                places[n] = place
        return list(zip(places, points, strict=True))

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
