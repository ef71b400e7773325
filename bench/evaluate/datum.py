"""How often a right position is taken for one in a wrong coordinate system, and how often a wrong one is noticed.

Positions are the real Shenzhen points, and 20 times as many anywhere in four cities with other shifts. To each an
address is made up that lies off by a two-dimensional normal error, of which ``uncertainty`` holds 95 %; one address in
twenty is grossly wrong, by up to 2 km in any direction, and still says the same uncertainty. The error is simulated:
the points' own addresses come from the same map services and name the place itself.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bench.evaluate.streets import DATUM, Streets
from domain.place import Crs, Point
from geo.crs import from_wgs84_many, to_wgs84_many
from geo.plane import Plane
from geo.suspect import suspicions

NAME = "datum"

CITIES = {
    "北京": (116.4074, 39.9042),
    "上海": (121.4737, 31.2304),
    "成都": (104.0665, 30.5723),
    "乌鲁木齐": (87.6168, 43.8256),
}
UNCERTAINTIES = (30.0, 80.0, 150.0, 300.0, 600.0)
MISTAKES = ((Crs.GCJ02, Crs.WGS84), (Crs.WGS84, Crs.GCJ02), (Crs.BD09, Crs.WGS84), (Crs.BD09, Crs.GCJ02))
GROSS, GROSS_M = 0.05, 2000.0
# the radius that holds 95 % of a two-dimensional normal error, in standard deviations
_RADIUS = 2.4477

Floats = NDArray[np.float64]


def places(city: Streets, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """True positions in WGS-84."""
    lons, lats = to_wgs84_many([p.lon for p in city.points], [p.lat for p in city.points], DATUM)
    each = 5 * len(lons)
    others = [rng.normal(spot, 0.1, (each, 2)) for spot in CITIES.values()]
    return np.concatenate([lons, *(o[:, 0] for o in others)]), np.concatenate([lats, *(o[:, 1] for o in others)])


def addresses(lons: Floats, lats: Floats, uncertainty: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Where the addresses of these positions are taken to lie."""
    off = rng.normal(0, uncertainty / _RADIUS, (2, len(lons)))
    gross = rng.random(len(lons)) < GROSS
    bearing, far = rng.uniform(0, 2 * np.pi, gross.sum()), rng.uniform(0, GROSS_M, gross.sum())
    off[:, gross] = np.cos(bearing) * far, np.sin(bearing) * far
    planes = [Plane.at(lon, lat) for lon, lat in zip(lons, lats, strict=True)]
    east = off[0] / np.array([plane.metres_per_lon for plane in planes])
    north = off[1] / np.array([plane.metres_per_lat for plane in planes])
    return lons + east, lats + north


def points(lons: Floats, lats: Floats, actual: Crs, declared: Crs) -> list[Point]:
    """What a sender sends who speaks ``actual`` and says ``declared``."""
    sent = from_wgs84_many(lons, lats, actual)
    return [Point(lon, lat, declared) for lon, lat in zip(*(each.tolist() for each in sent), strict=True)]


def _share(found: Sequence[object]) -> float:
    return sum(each is not None for each in found) / len(found)


def _named_street(city: Streets) -> str:
    """The same question asked of the named street only, as far as addresses name one."""
    said = [n for n, street in enumerate(city.named) if street]
    streets = {crs: city.streets(crs) for crs in (Crs.WGS84, Crs.GCJ02)}

    def told(declared: Crs, rival: Crs) -> int:
        return sum(streets[declared][n] != city.named[n] == streets[rival][n] for n in said)

    right, wrong = told(DATUM, Crs.WGS84), told(Crs.WGS84, DATUM)
    return (
        f"The named street as a witness (outside of it as sent, inside in the other system), {len(said)} real "
        f"addresses: {right} right ones suspected, {wrong} of {len(said)} wrong ones noticed. A street is some "
        "kilometres wide: it can speak for a suspicion and hardly raise one."
    )


def run() -> str:
    """The table, as Markdown."""
    rng = np.random.default_rng(11)
    city = Streets.read()
    lons, lats = places(city, rng)
    heads = [
        f"{actual.removeprefix('EPSG:')} said to be {declared.removeprefix('EPSG:')}" for actual, declared in MISTAKES
    ]
    lines = [
        " ".join((__doc__ or "").split()) + "\n",
        f"{len(lons):,} positions; 4326 is WGS-84. «Taken for wrong»: the worst of WGS-84, GCJ-02 and BD-09 rightly "
        "declared. The other columns: mistakes noticed, with the right system named.\n",
        f"| uncertainty of the address, m | taken for wrong | {' | '.join(heads)} |",
        "|---:|" + "---:|" * (1 + len(heads)),
    ]
    for uncertainty in UNCERTAINTIES:
        around = addresses(lons, lats, uncertainty, rng)
        false = max(
            _share(suspicions(*around, uncertainty, points(lons, lats, crs, crs)))
            for crs in (Crs.WGS84, Crs.GCJ02, Crs.BD09)
        )
        noticed = []
        for actual, declared in MISTAKES:
            found = suspicions(*around, uncertainty, points(lons, lats, actual, declared))
            noticed.append(sum(each is not None and each.crs is actual for each in found) / len(found))
        cells = " | ".join(f"{share:.0%}" for share in noticed)
        lines.append(f"| {uncertainty:.0f} | {false:.2%} | {cells} |")
    return "\n".join([*lines, "", _named_street(city)])
