"""What people and devices send, made safe to keep or refused with a reason that never repeats what they wrote.

The vectors are those of the catalogue of bad input: text, coordinates, times.
"""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.place import Crs, Point
from domain.report import MAX_TEXT, checked_point, checked_time, clean_text
from tests.build import MONDAY, ZONE, a_point, a_report


def code_of(error: Invalid) -> str:
    """The one fault of an error, which carries the same code and points at the field."""
    (fault,) = error.faults
    assert (fault.code, fault.pointer) == (error.code, "/field")
    assert any("\u4e00" <= char <= "\u9fff" for char in error.title), "people read Chinese"
    return error.code


def refused_text(text: str, **rules: object) -> str:
    with pytest.raises(Invalid) as caught:
        clean_text(text, "/field", **rules)  # type: ignore[arg-type]
    return code_of(caught.value)


# --- Text


@pytest.mark.parametrize(
    "text",
    [
        "中山路有个大坑",
        "𠮷野家门口",
        "👨‍👩‍👧 在路边",
        "'; drop table cases; --",
        "<script>alert(1)</script>",
        "{{7*7}} =cmd()",
        "第一行\n第二行\t缩进",
    ],
    ids=["plain", "rare character", "family with joiners", "sql", "html", "template", "lines"],
)
def test_text_is_kept_as_it_was_written(text: str) -> None:
    assert clean_text(text, "/field") == text


def test_line_ends_become_one_kind_and_blanks_around_are_cut() -> None:
    assert clean_text(" \t一\r\n二\r三\n　", "/field") == "一\n二\n三"


@pytest.mark.parametrize("char", ["\x00", "\x01", "\x08", "\x0b", "\x1b", "\x1f", "\x7f", "\x85", "\x9f"])
@pytest.mark.parametrize("text", ["坑{}洼", "{}坑洼", "坑洼{}"], ids=["within", "before", "after"])
def test_control_characters_are_refused_wherever_they_stand(char: str, text: str) -> None:
    assert refused_text(text.format(char)) == "text-control-char"


@pytest.mark.parametrize("text", ["\ud800", "坑\udfff洼", "\ude00\ud83d"])
def test_half_a_character_is_refused(text: str) -> None:
    assert refused_text(text) == "text-invalid-unicode"


def test_text_over_the_limit_is_refused_and_its_length_counts_characters() -> None:
    assert clean_text("坑" * MAX_TEXT, "/field") == "坑" * MAX_TEXT
    assert clean_text(f"  {'𠮷' * 8}  ", "/field", limit=8) == "𠮷" * 8
    assert refused_text("坑" * (MAX_TEXT + 1)) == "text-too-long"
    assert refused_text("坑" * 9, limit=8) == "text-too-long"


@pytest.mark.parametrize("text", ["", " ", "\t\r\n", "　", "\u200b", "\ufeff"])
def test_nothing_is_not_a_text_where_one_is_needed(text: str) -> None:
    assert refused_text(text, required=True) == "text-empty"
    assert clean_text(text, "/field") == ""


@pytest.mark.parametrize("char", [*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", "\u200b", "\ufeff"])
def test_what_nobody_can_see_but_everybody_is_fooled_by_is_taken_out(char: str) -> None:
    assert clean_text(f"照片{char}gpj.exe", "/field") == "照片gpj.exe"


@given(st.text(), st.booleans())
def test_cleaning_twice_is_cleaning_once_and_what_is_kept_can_be_stored(text: str, required: bool) -> None:
    try:
        cleaned = clean_text(text, "/field", required=required)
    except Invalid:
        return
    assert clean_text(cleaned, "/field", required=required) == cleaned
    assert "\r" not in cleaned
    assert "\x00" not in cleaned
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned
    assert cleaned or not required


@given(st.text(min_size=30))
def test_a_refusal_never_repeats_what_was_written(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        clean_text(text + "\x00end", "/field", limit=20)
    said = [str(caught.value), caught.value.detail, *(fault.hint for fault in caught.value.faults)]
    assert not any(text in sentence for sentence in said)


# --- Points


def refused_point(lon: float, lat: float) -> str:
    with pytest.raises(Invalid) as caught:
        checked_point(lon, lat, Crs.WGS84, "/field")
    return code_of(caught.value)


@pytest.mark.parametrize("crs", Crs)
def test_a_point_keeps_its_system_and_seven_decimals(crs: Crs) -> None:
    assert checked_point(116.397428123456789, 39.90923, crs, "/field") == Point(116.3974281, 39.90923, crs)


@pytest.mark.parametrize("lon", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_no_coordinate(lon: float) -> None:
    assert refused_point(lon, 39.9) == refused_point(116.4, lon) == "number-not-finite"


@pytest.mark.parametrize(
    ("lon", "lat"),
    [(39.9, 116.4), (43.8, 87.6), (29.65, 91.1), (34.05, -118.24)],
    ids=["北京", "乌鲁木齐", "拉萨", "LA"],
)
def test_latitude_and_longitude_swapped_is_told_as_such(lon: float, lat: float) -> None:
    assert refused_point(lon, lat) == "coordinate-swapped"


@given(st.floats(73, 136), st.floats(3, 54))
def test_every_place_in_china_is_a_point_and_never_one_swapped(lon: float, lat: float) -> None:
    assert checked_point(lon, lat, Crs.CGCS2000, "/field") == Point(round(lon, 7), round(lat, 7), Crs.CGCS2000)
    assert refused_point(lat, lon) == "coordinate-swapped"


@pytest.mark.parametrize(("lon", "lat"), [(180.1, 39.9), (-181, 0.5), (200, 100), (1e300, 1e300)])
def test_there_is_no_such_place_on_earth(lon: float, lat: float) -> None:
    assert refused_point(lon, lat) == "coordinate-out-of-range"


@pytest.mark.parametrize(("lon", "lat"), [(0, 0), (-0.0, 0.0), (-1, -1), (180, 90), (1e-9, -1e-9)])
def test_the_default_of_a_device_is_not_where_it_is(lon: float, lat: float) -> None:
    assert refused_point(lon, lat) == "coordinate-placeholder"


@given(st.floats(), st.floats())
def test_a_point_lies_on_the_globe_or_is_refused(lon: float, lat: float) -> None:
    try:
        point = checked_point(lon, lat, Crs.WGS84, "/field")
    except Invalid as error:
        code_of(error)
        return
    assert abs(point.lon) <= 180
    assert abs(point.lat) <= 90
    assert checked_point(point.lon, point.lat, Crs.WGS84, "/field") == point


# --- Times


def refused_time(moment: datetime) -> str:
    with pytest.raises(Invalid) as caught:
        checked_time(moment, MONDAY, "/field")
    return code_of(caught.value)


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (datetime(2026, 11, 16, 9), "timestamp-no-offset"),  # noqa: DTZ001
        (datetime(1970, 1, 1, tzinfo=UTC), "timestamp-out-of-range"),
        (datetime(1, 1, 1, tzinfo=UTC), "timestamp-out-of-range"),
        (datetime(1, 1, 1, tzinfo=ZONE), "timestamp-out-of-range"),
        (datetime(2099, 1, 1, tzinfo=UTC), "timestamp-in-future"),
        (datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-14))), "timestamp-in-future"),
    ],
    ids=["no offset", "zero", "year one", "year one, before UTC", "2099", "the last minute"],
)
def test_a_time_that_cannot_be_is_refused(moment: datetime, code: str) -> None:
    assert refused_time(moment) == code


def test_a_clock_may_be_five_minutes_ahead() -> None:
    ahead = MONDAY + timedelta(minutes=5)
    assert checked_time(ahead, MONDAY, "/field") == ahead
    assert refused_time(ahead + timedelta(microseconds=1)) == "timestamp-in-future"


@given(st.datetimes(datetime(2000, 1, 2), MONDAY.replace(tzinfo=None), timezones=st.timezones()))  # noqa: DTZ001
def test_a_past_time_is_kept_in_any_zone(moment: datetime) -> None:
    assume(moment <= MONDAY)
    assert checked_time(moment, MONDAY, "/field") is moment


# --- Neighbourhoods


def test_reports_of_one_street_corner_are_filed_one_after_another() -> None:
    here, there = a_point(116.4012, 39.9012), a_point(116.4049, 39.9049)
    assert a_report(point=here).neighbourhood == a_report(point=there).neighbourhood == "116.40,39.90"
    assert a_report(point=here).neighbourhood != a_report(point=a_point(116.42, 39.90)).neighbourhood


def test_without_a_point_the_names_or_the_address_say_where() -> None:
    assert a_report(point=None, area_names=("坪山区", "坑梓街道")).neighbourhood == "坪山区/坑梓街道"
    assert a_report(point=None, address="坪山大道" * 20).neighbourhood == ("坪山大道" * 20)[:32]
