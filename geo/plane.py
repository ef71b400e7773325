"""A local plane in metres, so that distances are plain arithmetic. Used by the atlas; pure."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SEMI_MAJOR_M = 6378137.0  # GRS80, the ellipsoid of CGCS2000; that of WGS-84 agrees to 0.1 mm
_ECCENTRICITY_SQUARED = 0.00669438002290


@dataclass(frozen=True, slots=True)
class Plane:
    """Equirectangular plane around an origin in degrees, scaled by the ellipsoid's radii at that latitude.

    North-south lengths are good to 0.01 % within a degree of the origin. East-west lengths are off by
    tan(lat) x (difference in latitude): 0.5 % half a degree away at 30 degrees north, 0.25 m on 50 m. The map is
    affine, hence it keeps what lies inside what.
    """

    lon: float
    lat: float
    metres_per_lon: float
    metres_per_lat: float

    @classmethod
    def at(cls, lon: float, lat: float) -> "Plane":
        """The plane that touches the ellipsoid at ``lon``, ``lat`` (degrees)."""
        phi = math.radians(lat)
        w = 1 - _ECCENTRICITY_SQUARED * math.sin(phi) ** 2
        east = _SEMI_MAJOR_M / math.sqrt(w) * math.cos(phi)
        north = _SEMI_MAJOR_M * (1 - _ECCENTRICITY_SQUARED) / w**1.5
        return cls(lon, lat, math.radians(1) * east, math.radians(1) * north)

    def metres(self, lons: Floats, lats: Floats) -> tuple[Floats, Floats]:
        """Metres east and north of the origin for arrays of degrees."""
        return (lons - self.lon) * self.metres_per_lon, (lats - self.lat) * self.metres_per_lat

    def degrees(self, xs: Floats, ys: Floats) -> tuple[Floats, Floats]:
        """Longitudes and latitudes of arrays of metres: the way back."""
        return self.lon + xs / self.metres_per_lon, self.lat + ys / self.metres_per_lat

    def lay(self, polygons: NDArray[Any]) -> NDArray[Any]:
        """Shapely geometries in degrees, laid on the plane."""

        def to_metres(spots: Floats) -> Floats:
            return np.column_stack(self.metres(spots[:, 0], spots[:, 1]))

        laid: NDArray[Any] = shapely.transform(polygons, to_metres)
        return laid
