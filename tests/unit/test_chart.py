"""The chart of a device: well-formed whatever the data, everything inside the picture, gaps and alarms seen."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from api.chart import Shade, chart
from store.views import Bucket, Span

START = datetime(2026, 7, 1, 8, tzinfo=UTC)
END = START + timedelta(hours=2)
SVG = "{http://www.w3.org/2000/svg}"


def drawn(buckets: list[Bucket], shades: list[Shade], title: str = "井下液位计 3 号") -> ElementTree.Element:
    document = chart(title, "米", Span(START, END), buckets, shades)
    return ElementTree.fromstring(document)  # noqa: S314  (our own)


def level(minute: int, low: float, high: float) -> Bucket:
    return Bucket(START + timedelta(minutes=minute), low, high, (low + high) / 2, 5, 0)


def test_a_cloudburst_is_seen_as_a_rising_line_with_its_alarm_shaded() -> None:
    rising = [level(minute, minute / 100, minute / 100 + 0.1) for minute in range(0, 120, 5)]
    alarm = Shade(START + timedelta(minutes=60), None, 1, "水位 ≥ 0.6 米")
    picture = drawn(rising, [alarm])
    points = next(picture.iter(f"{SVG}polyline")).attrib["points"].split()
    heights = [float(point.split(",")[1]) for point in points]
    assert heights == sorted(heights, reverse=True)
    shade = [each for each in picture.iter(f"{SVG}rect") if each.find(f"{SVG}title") is not None]
    assert [each.findtext(f"{SVG}title") for each in shade] == ["水位 ≥ 0.6 米"]
    assert float(shade[0].attrib["x"]) > 400


def test_a_device_that_fell_silent_leaves_a_gap() -> None:
    talked = [level(minute, 1.0, 1.1) for minute in (0, 5, 10, 15, 90, 95, 100)]
    assert len(list(drawn(talked, []).iter(f"{SVG}polyline"))) == 2


def test_doubtful_readings_are_not_drawn() -> None:
    doubtful = Bucket(START + timedelta(minutes=10), None, None, None, 0, 3)
    (line,) = drawn([level(5, 1.0, 1.1), doubtful, level(15, 1.0, 1.2)], []).iter(f"{SVG}polyline")
    assert len(line.attrib["points"].split()) == 2


def test_nothing_measured_is_an_empty_chart_and_names_are_no_markup() -> None:
    picture = drawn([], [], "<script>&")
    assert picture.findtext(f"{SVG}title") == "<script>&"
    assert not list(picture.iter(f"{SVG}polyline"))


values = st.floats(-1e12, 1e12)


@given(st.lists(st.tuples(st.integers(-30, 150), values, values), max_size=30).map(sorted))
def test_every_point_lies_inside_the_picture(rows: list[tuple[int, float, float]]) -> None:
    picture = drawn([level(minute, min(a, b), max(a, b)) for minute, a, b in rows], [])
    for line in picture.iter(f"{SVG}polyline"):
        for point in line.attrib["points"].split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= 960
            assert 0 <= y <= 320
