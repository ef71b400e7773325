"""One report being read: machines are told what is wrong, people are let in and the desk is told."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.place import Crs, Point
from domain.reading import DEVICE_AHEAD, Flag, Reading, check_codes, clean_phone, contact_of, flags
from domain.report import Source
from tests.build import MONDAY, a_report
from tests.demo_city import LAMP, pack

PEOPLE, PHONE, MACHINE = Source.HOTLINE, Source.INSPECTOR, Source.ALARM
HERE = Point(113.934867, 27.964142, Crs.WGS84)


def code_of(error: pytest.ExceptionInfo[Invalid]) -> str:
    return error.value.code


# --- Positions


@pytest.mark.parametrize(
    ("lon", "lat", "crs", "doubt", "kept"),
    [
        (27.964142, 113.934867, "EPSG:4326", Flag.SWAPPED, HERE),
        (0, 0, "EPSG:4326", Flag.PLACEHOLDER, None),
        (181, 27, "EPSG:4326", Flag.OUT_OF_RANGE, None),
        (113.9, 27.9, "mars", Flag.CRS_UNSUPPORTED, None),
        (113.9, 27.9, None, Flag.CRS_MISSING, None),
    ],
)
def test_a_doubtful_position_is_borne_of_people_and_refused_of_machines(
    lon: float, lat: float, crs: str | None, doubt: Flag, kept: Point | None
) -> None:
    people = Reading(PEOPLE)
    assert people.point(lon, lat, crs) == kept
    assert people.extra["flags"] == doubt
    assert people.extra["position_as_sent"].startswith(f"{lon:.7f},{lat:.7f}")
    with pytest.raises(Invalid) as caught:
        Reading(MACHINE).point(lon, lat, crs)
    assert code_of(caught) == doubt
    phone = Reading(PHONE)
    if doubt is Flag.CRS_MISSING:
        assert phone.point(lon, lat, crs) is None
        assert phone.extra["flags"] == doubt
    else:
        with pytest.raises(Invalid):
            phone.point(lon, lat, crs)


@pytest.mark.parametrize("source", Source)
def test_what_is_no_number_is_nobodys_position(source: Source) -> None:
    with pytest.raises(Invalid, match="number-not-finite"):
        Reading(source).point(float("nan"), 27.9, "GCJ02")


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False), st.text())
def test_no_position_of_people_is_refused(lon: float, lat: float, crs: str) -> None:
    reading = Reading(PEOPLE)
    point = reading.point(lon, lat, crs)
    assert point is not None or reading.extra["flags"]


def test_a_good_position_leaves_no_note() -> None:
    reading = Reading(PEOPLE)
    assert reading.point(HERE.lon, HERE.lat, "EPSG:4326") == HERE
    assert reading.extra == {}


# --- Texts


def test_hidden_characters_are_taken_out_of_texts_and_kept_beside() -> None:
    reading = Reading(PEOPLE)
    assert reading.text("路灯\u202e不亮\u200b", "text") == "路灯不亮"
    assert reading.extra == {"flags": "normalized", "text_as_sent": "路灯\u202e不亮\u200b"}


@given(st.text(max_size=40))
def test_a_text_is_marked_exactly_when_something_was_hidden_in_it(text: str) -> None:
    reading = Reading(PEOPLE)
    try:
        reading.text(text, "text")
    except Invalid:
        return
    hidden = "\u200b\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    assert ("flags" in reading.extra) == any(char in text for char in hidden)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("", ""),
        (" ", ""),
        ("13800138000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("+86 138 0013 8000", "13800138000"),
        ("0086-13800138000", "13800138000"),
        ("8613800138000", "8613800138000"),
        ("（0731）8888 8888", "073188888888"),
        ("0731-88888888转801", "0731-88888888转801"),
        ("0731-88888888-801", "0731-88888888-801"),
        ("139****0000", "139****0000"),
        ("+1 212 555 0100", "+12125550100"),
        ("13800138000、13900139000", "13800138000/13900139000"),
        ("12345", "12345"),
    ],
)
def test_a_number_is_kept_as_it_is_dialled(said: str, kept: str) -> None:
    assert clean_phone(said, "/phone") == kept
    assert clean_phone(kept, "/phone") == kept


@pytest.mark.parametrize("said", ["请回电", "12", "1380013800O", "138 0013 8000 晚上", "-------", "138//139", "+"])
def test_what_nobody_can_dial_is_refused(said: str) -> None:
    with pytest.raises(Invalid, match="phone-invalid"):
        clean_phone(said, "/phone")


def test_two_names_must_not_look_alike() -> None:
    with pytest.raises(Invalid, match="text-invisible-char"):
        contact_of("张\u200b三", "")
    assert contact_of(" 张三 ", "").name == "张三"


# --- Times


def test_a_device_may_be_a_day_ahead_and_a_call_centre_five_minutes() -> None:
    ahead = MONDAY + timedelta(hours=20)
    for source in (PHONE, MACHINE):
        assert Reading(source).moment(ahead, MONDAY, "/at") == ahead
        with pytest.raises(Invalid, match="timestamp-in-future"):
            Reading(source).moment(MONDAY + DEVICE_AHEAD + timedelta(seconds=1), MONDAY, "/at")
    with pytest.raises(Invalid, match="timestamp-in-future"):
        Reading(PEOPLE).moment(ahead, MONDAY, "/at")


@pytest.mark.parametrize(
    ("extra", "at", "claimed", "doubts"),
    [
        ({}, None, None, ()),
        ({}, (113.93, 27.96), None, (Flag.COARSE,)),
        ({}, (113.934, 27.96), None, ()),
        ({"accuracy_m": "500"}, (113.934, 27.96), None, ()),
        ({"accuracy_m": "5e+03"}, (113.934, 27.96), None, (Flag.WEAK,)),
        ({}, None, timedelta(minutes=5), ()),
        ({}, None, timedelta(minutes=6), (Flag.CLOCK,)),
        ({}, None, timedelta(days=-7), ()),
        ({"flags": "normalized"}, None, timedelta(days=-8), (Flag.NORMALIZED, Flag.LATE)),
    ],
)
def test_what_is_doubtful_shows_by_what_is_kept(
    extra: dict[str, str], at: tuple[float, float] | None, claimed: timedelta | None, doubts: tuple[Flag, ...]
) -> None:
    received = datetime(2026, 11, 16, 1, tzinfo=UTC)
    assert flags(extra, at, None if claimed is None else received + claimed, received) == doubts


# --- Codes


@pytest.mark.parametrize(
    ("category", "condition", "code"),
    [
        (LAMP, None, ""),
        (None, None, ""),
        ("99999", None, "category-unknown"),
        ("路灯", None, "category-unknown"),
        (LAMP, "01002-1", "condition-mismatch"),
    ],
)
def test_a_machine_names_codes_there_are(category: str | None, condition: str | None, code: str) -> None:
    catalogue = pack().catalogue
    check_codes(a_report(source=PEOPLE, category=category, condition=condition), catalogue)
    for source in (PHONE, MACHINE):
        report = a_report(source=source, category=category, condition=condition)
        if not code:
            check_codes(report, catalogue)
            continue
        with pytest.raises(Invalid) as caught:
            check_codes(report, catalogue)
        assert code_of(caught) == code
        assert caught.value.faults[0].pointer in ("/category", "/condition")
