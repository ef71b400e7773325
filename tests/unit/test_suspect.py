"""Positions sent in the wrong coordinate system: told by where they lie beside their address, not by being off."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.place import Crs, Point
from geo.crs import from_wgs84_many
from geo.suspect import LEAST_M, Suspicion, suspicions

SHENZHEN, BEIJING, URUMQI = (114.0579, 22.5431), (116.4074, 39.9042), (87.6168, 43.8256)


def moved(spot: tuple[float, float], metres: float, bearing: float) -> tuple[float, float]:
    """A place so many metres off, on the sphere."""
    north, east = metres * math.cos(math.radians(bearing)), metres * math.sin(math.radians(bearing))
    return spot[0] + east / 111_320 / math.cos(math.radians(spot[1])), spot[1] + north / 110_900


def sent(spot: tuple[float, float], actual: Crs, declared: Crs) -> Point:
    lon, lat = from_wgs84_many([spot[0]], [spot[1]], actual)
    return Point(float(lon[0]), float(lat[0]), declared)


def judged(address: tuple[float, float], point: Point, uncertainty: float = 80) -> Suspicion | None:
    (found,) = suspicions([address[0]], [address[1]], uncertainty, [point])
    return found


def test_a_click_on_a_gcj02_map_declared_as_wgs84() -> None:
    found = judged(moved(SHENZHEN, 40, 200), sent(SHENZHEN, Crs.GCJ02, Crs.WGS84))
    assert found is not None
    assert found.crs is Crs.GCJ02
    assert found.as_suspected.lon == pytest.approx(SHENZHEN[0], abs=1e-6)
    assert found.as_suspected.lat == pytest.approx(SHENZHEN[1], abs=1e-6)
    assert (found.as_sent.lon, found.as_sent.lat) == pytest.approx((114.063014, 22.540383), abs=1e-6)
    assert found.suspected_m == pytest.approx(40, rel=0.02)
    assert 560 < found.sent_m < 660
    assert found.turn < 5


@pytest.mark.parametrize("city", [SHENZHEN, BEIJING, URUMQI])
@pytest.mark.parametrize(
    ("actual", "declared"),
    [
        (Crs.GCJ02, Crs.WGS84),
        (Crs.GCJ02, Crs.CGCS2000),
        (Crs.WGS84, Crs.GCJ02),
        (Crs.BD09, Crs.WGS84),
        (Crs.BD09, Crs.GCJ02),
        (Crs.GCJ02, Crs.BD09),
    ],
)
def test_every_mix_up_is_told(city: tuple[float, float], actual: Crs, declared: Crs) -> None:
    found = judged(city, sent(city, actual, declared), 30)
    assert found is not None
    assert found.crs is actual
    assert found.suspected_m < 1


@pytest.mark.parametrize("crs", list(Crs))
def test_what_is_declared_rightly_is_not_suspect(crs: Crs) -> None:
    assert judged(moved(SHENZHEN, 60, 90), sent(SHENZHEN, crs, crs)) is None


def test_a_position_as_far_off_in_another_direction_is_no_mix_up() -> None:
    wrong = sent(SHENZHEN, Crs.GCJ02, Crs.WGS84)  # east-southeast
    assert judged(SHENZHEN, wrong) is not None
    for bearing in (0, 180, 225, 270, 315):
        assert judged(SHENZHEN, Point(*moved(SHENZHEN, 606, bearing), Crs.WGS84)) is None


def test_an_address_known_to_the_district_only_tells_nothing() -> None:
    assert judged(SHENZHEN, sent(SHENZHEN, Crs.GCJ02, Crs.WGS84), 3000) is None


def test_without_an_address_nothing_is_suspected() -> None:
    point = sent(SHENZHEN, Crs.GCJ02, Crs.WGS84)
    found = suspicions([math.nan, SHENZHEN[0]], [math.nan, SHENZHEN[1]], [80, 80], [point, point])
    assert found[0] is None
    assert found[1] is not None
    assert suspicions([], [], 80, []) == []


def test_outside_china_no_system_shifts() -> None:
    assert judged((-118.24, 34.05), Point(-118.235, 34.048, Crs.WGS84)) is None


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="lengths differ"):
        suspicions([114.0], [22.5, 22.6], 80, [])


@given(
    lon=st.floats(75, 134), lat=st.floats(4, 53),
    error=st.floats(0, 2000), bearing=st.floats(0, 360), uncertainty=st.floats(0, 1000),
    actual=st.sampled_from(Crs), declared=st.sampled_from(Crs),
)  # fmt: skip
def test_a_suspicion_keeps_its_promises(
    lon: float, lat: float, error: float, bearing: float, uncertainty: float, actual: Crs, declared: Crs
) -> None:
    address = moved((lon, lat), error, bearing)
    found = judged(address, sent((lon, lat), actual, declared), uncertainty)
    if found is not None:
        assert found.crs not in (declared, Crs.CGCS2000)
        assert found.sent_m >= max(LEAST_M, uncertainty)
        assert found.suspected_m <= uncertainty + 10
        assert found.suspected_m < found.sent_m / 2
        assert found.turn <= 25


@given(seed=st.integers(0, 2**32 - 1))
def test_in_bulk_as_one_at_a_time(seed: int) -> None:
    rng = np.random.default_rng(seed)
    spots = [(float(a), float(b)) for a, b in rng.uniform((75, 4), (134, 53), (12, 2))]
    systems = [*Crs]
    points = [sent(spot, systems[rng.integers(4)], systems[rng.integers(4)]) for spot in spots]
    around = [moved(spot, float(rng.uniform(0, 150)), float(rng.uniform(0, 360))) for spot in spots]
    bulk = suspicions([a[0] for a in around], [a[1] for a in around], 100, points)
    assert bulk == [judged(a, p, 100) for a, p in zip(around, points, strict=True)]
