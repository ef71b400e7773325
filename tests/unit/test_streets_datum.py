"""Real Shenzhen addresses name the street their position lies in, if and only if the datum is right."""

import pytest

from bench.evaluate.streets import DATUM, Streets, named_street, present
from domain.place import Crs

NAMES = {("龙岗区", "坂田"): "01", ("罗湖区", "东门"): "02", ("龙岗区", "龙岗"): "03"}

real = pytest.mark.skipif(not present(), reason="shenzhen_points and shenzhen_streets are not beside the checkout")
LEAST, MOST_WRONG = 0.88, 0.80


@pytest.fixture(scope="module")
def city() -> Streets:
    return Streets.read()


@real
def test_in_the_right_datum_positions_lie_in_the_street_their_address_names(city: Streets) -> None:
    good, of = city.agreement(DATUM)
    assert of >= 30
    assert good / of >= LEAST


@real
@pytest.mark.parametrize("wrong", [Crs.WGS84, Crs.CGCS2000, Crs.BD09])
def test_in_a_wrong_datum_they_do_not(city: Streets, wrong: Crs) -> None:
    good, of = city.agreement(wrong)
    assert good / of <= MOST_WRONG


@real
def test_nor_if_the_polygons_are_taken_for_another_datum() -> None:
    good, of = Streets.read(Crs.WGS84).agreement(DATUM)
    assert good / of <= MOST_WRONG


@pytest.mark.parametrize(
    ("address", "district", "code"),
    [
        ("深圳市龙岗区坂田街道雪岗路1号", "龙岗区", "01"),
        ("坂田街道办事处", "龙岗区", "01"),
        ("龙岗区坂田街道", "罗湖区", None),
        ("罗湖区东门中路2047号", "罗湖区", None),
        ("某某街道与坂田街道交界", "龙岗区", "01"),
    ],
)
def test_the_street_an_address_names(address: str, district: str, code: str | None) -> None:
    assert named_street(address, district, NAMES) == code
