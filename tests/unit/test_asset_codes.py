"""Identifiers of components, what a scan of a label says, and what a component adds to a report."""

import json
import re
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.asset import Asset, AssetState, Body, ComponentCode, completed, scanned
from domain.catalogue import Catalogue, Category, Kind
from domain.errors import Invalid
from domain.ids import ReportId
from domain.place import Crs, Point
from domain.report import Report
from streams.records import hotline_report, inspector_report
from tests.build import a_report

NEW, OLD = "43990101002000017", "4399010102000017"  # 污水井盖 number 17 of 临湖区, as printed in 2026 and before

CONTRACTS = Path(__file__).resolve().parents[1] / "contracts"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)

CODES = st.builds(
    "{}{}{}".format,
    st.sampled_from(["110101", "439901", "310115", "659001", "820001"]),
    st.from_regex(r"[0-9]{4,5}", fullmatch=True),
    st.from_regex(r"[0-9A-Z]{6}", fullmatch=True),
)


def catalogue(*more: Category) -> Catalogue:
    cover = Category("new-2026", Kind.COMPONENT, "01002", "污水井盖", "01", "市政公用设施")
    event = Category("new-2026", Kind.EVENT, "01002", "污水井盖异常", "01", "市政公用设施类", "01002")
    litter = Category("new-2026", Kind.EVENT, "06010", "暴露垃圾", "06", "市容环境类")
    return Catalogue.of("new-2026", (cover, event, litter, *more), (), {"component:0102": event.key})


def code_of(error: "pytest.ExceptionInfo[Invalid]") -> tuple[str, str]:
    return error.value.code, error.value.faults[0].pointer


@given(CODES)
def test_what_is_printed_is_read_back(printed: str) -> None:
    code = ComponentCode.parse(printed)
    assert str(code) == printed
    assert code.legacy is (len(printed) == 16)
    assert len(code.area) == len(code.serial) == 6


@given(CODES, st.sampled_from(["", " ", "\t", "\r\n"]))
def test_blanks_around_and_small_letters_do_no_harm(printed: str, blank: str) -> None:
    assert str(ComponentCode.parse(blank + printed.lower() + blank)) == printed


@given(st.text(max_size=24).filter(lambda text: not re.fullmatch(r"[0-9]{10,11}[0-9A-Z]{6}", text.strip().upper())))
def test_nothing_else_is_an_identifier(text: str) -> None:
    with pytest.raises(Invalid) as error:
        ComponentCode.parse(text, "/code")
    assert code_of(error) == ("component-code-invalid", "/code")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (NEW, ("439901", "01002", "000017")),
        (OLD, ("439901", "0102", "000017")),
        ("3205080101000001", ("320508", "0101", "000001")),  # a real one: 上水井盖, Suzhou
        ("4399010100200A1B2", ("439901", "01002", "00A1B2")),
    ],
)
def test_the_parts_of_an_identifier(text: str, parts: tuple[str, str, str]) -> None:
    code = ComponentCode.parse(text)
    assert (code.area, code.category, code.serial) == parts


@pytest.mark.parametrize(
    "text",
    [
        "",
        NEW[:-2],
        NEW + "1",
        "4399O1" + NEW[6:],  # a letter O in the area
        NEW[:6] + "01O02" + NEW[11:],
        "１２３４５６7890123456",
        "1763712345123456",  # microseconds since 1970: no province begins so
        "439901 01002 000017",
        NEW[:-1] + "ß",
    ],
)
def test_a_slip_of_the_pen_is_no_identifier(text: str) -> None:
    with pytest.raises(Invalid) as error:
        ComponentCode.parse(text)
    assert error.value.code == "component-code-invalid"


def test_both_editions_name_the_same_event() -> None:
    assert ComponentCode.parse(NEW).event(catalogue()).name == "污水井盖异常"
    assert ComponentCode.parse(OLD).event(catalogue()) == ComponentCode.parse(NEW).event(catalogue())


@pytest.mark.parametrize("text", ["43990106010000017", "43990109999000017", "4399019999000017"])
def test_a_class_that_is_no_components_names_no_event(text: str) -> None:
    """06010 is litter: an event has no label in the street."""
    with pytest.raises(Invalid, match="category-unknown"):
        ComponentCode.parse(text).event(catalogue())


@pytest.mark.parametrize(
    "said",
    [
        NEW,
        f"  {NEW}\n",
        f"https://csm.example.gov.cn/c/{NEW}",
        f"https://csm.example.gov.cn/c/{NEW}/",
        f"HTTP://CSM.EXAMPLE.GOV.CN/C/{NEW}?from=scan",
        f"https://csm.example.gov.cn/qr?code={NEW}",
        f"https://csm.example.gov.cn/qr?t=1763712345123&id={NEW}&v=2#top",
        f"https://csm.example.gov.cn/#/component/{NEW}",
        f"https://csm.example.gov.cn/app#/component?bm={NEW}",
        f"https://csm.example.gov.cn/c/{NEW}?code={NEW}",
        f"weixin://dl/business/?t={NEW}",
        "https://csm.example.gov.cn/c/%34%33%39901" + NEW[6:],
        f"https://csm.example.gov.cn/43990101002000018/{NEW}",  # only the last segment counts
    ],
)
def test_a_scan_names_its_component(said: str) -> None:
    assert str(scanned(said)) == NEW


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("", "component-code-invalid"),
        ("hello", "component-code-invalid"),
        ("https://csm.example.gov.cn/", "qr-no-code"),
        (f"https://csm.example.gov.cn/{NEW}/detail", "qr-no-code"),
        ("https://[::1", "qr-no-code"),
        (f"https://csm.example.gov.cn/c/{NEW}?code={OLD}", "qr-ambiguous"),
        ("https://csm.example.gov.cn/c/" + "9" * 2048, "text-too-long"),
        (f"https://csm.example.gov.cn/\x00/{NEW}", "text-control-char"),
        (f"https://csm.example.gov.cn/\ud800/{NEW}", "text-invalid-unicode"),
    ],
)
def test_a_scan_that_names_none_is_told_so(said: str, code: str) -> None:
    with pytest.raises(Invalid) as error:
        scanned(said)
    assert code_of(error) == (code, "/qr")


@given(st.text(max_size=80), st.sampled_from(["https://a.example/", "https://a.example/?x=", "https://a.example/#/"]))
def test_whatever_is_scanned_is_a_component_or_a_refusal(text: str, front: str) -> None:
    for said in (text, front + text):
        with suppress(Invalid):
            assert ComponentCode.parse(str(scanned(said)))


@given(CODES, st.sampled_from(["https://a.example/b/{}", "https://a.example/?k={}&n=1", "x://y#/z/{}"]))
def test_every_identifier_survives_every_label(printed: str, label: str) -> None:
    assert str(scanned(label.format(printed))) == printed


HERE = Point(113.95, 27.95, Crs.WGS84)
COVER = Asset(
    NEW, "污水井盖", AssetState.INTACT, Body("1", "住建局"), date(2024, 6, 1), grid="439901001001001", point=HERE
)


def test_a_component_says_where_the_report_is() -> None:
    told = completed(a_report(point=None, extra={"asset": NEW}), {NEW: COVER})
    assert (told.point, told.area_names) == (HERE, ("439901001001001",))


def test_who_stands_there_knows_better_where() -> None:
    report = a_report(point=Point(113.9, 27.9, Crs.GCJ02), extra={"asset": NEW})
    assert completed(report, {NEW: COVER}) == report


def test_a_component_without_a_position_gives_its_grid_or_its_area() -> None:
    report = a_report(point=None, area_names=("临湖区",), extra={"asset": NEW})
    assert completed(report, {NEW: replace(COVER, point=None)}).area_names == ("439901001001001",)
    street = replace(COVER, point=None, grid=None, area=("439900", "439901", "439901001"))
    assert completed(report, {NEW: street}).area_names == ("439901001",)
    assert completed(report, {NEW: replace(street, area=())}).area_names == ("临湖区",)


def test_a_component_nobody_knows_tells_the_advisers_nothing() -> None:
    report = a_report(point=None, extra={"asset": NEW, "appeal": "help"})
    assert completed(report, {}).extra == {"appeal": "help"}
    about_nothing = a_report()
    assert completed(about_nothing, {NEW: COVER}) is about_nothing


def test_reports_of_one_component_are_filed_one_after_another() -> None:
    """Without a point the component is the neighbourhood, whatever area each caller names."""
    one, other = (a_report(point=None, area_names=(name,), extra={"asset": NEW}) for name in ("临湖区", "望湖街道"))
    assert one.neighbourhood == other.neighbourhood == NEW


WIRE = {"hotline-ticket.v1": hotline_report, "inspector-report.v1": inspector_report}


@pytest.mark.parametrize("contract", WIRE)
def test_records_on_the_wire_may_name_a_component(contract: str) -> None:
    """As they were before, and with the identifier or the scan; anything else is refused at its field."""
    golden = json.loads((CONTRACTS / f"{contract}.json").read_text(encoding="utf-8"))
    golden.pop("asset", None)

    def read(**more: object) -> Report:
        return WIRE[contract](json.dumps({**golden, **more}).encode(), NOW, ReportId(UUID(int=7)))

    assert read().asset is None
    assert read(asset=None).asset is None
    assert read(asset=NEW).asset == read(asset=f"https://csm.example.gov.cn/c/{NEW}").asset == NEW
    assert replace(read(asset=NEW), extra=read().extra) == read()
    for wrong, code in (("", "text-empty"), (7, "type-mismatch"), ("x", "component-code-invalid")):
        with pytest.raises(Invalid) as error:
            read(asset=wrong)
        assert code_of(error) == (code, "/asset")
