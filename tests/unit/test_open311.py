"""The Open311 door by itself: one content in two forms, what a form says, what a report is made of, what is asked."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from fastapi.datastructures import QueryParams
from hypothesis import given
from hypothesis import strategies as st

from api.open311.errors import refusal
from api.open311.filters import MAX_SKIPPED, asked, span
from api.open311.form import MAX_FIELDS, Posted, read
from api.open311.intake import account_of, report_of
from api.open311.render import Form, respond
from api.open311.services import CONDITION, OTHER, Services
from domain.catalogue import Catalogue, Category, Condition, Kind
from domain.clock import Limit, TimeUnit
from domain.errors import Invalid, NotFound, Refused, Unavailable
from domain.ids import ReportId
from domain.place import Crs
from domain.report import Report
from tests.open311 import content_of_xml

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TODAY = "gbt:event:06010"


def a_catalogue() -> Catalogue:
    """A lamp's event with a condition and its component, an event without conditions, a component of an old table."""
    lamp = Category("gbt", Kind.EVENT, "01037", "路灯异常", "01", "公用设施", component="01037")
    post = Category("gbt", Kind.COMPONENT, "01037", "路灯", "01", "公用设施")
    noise = Category("gbt", Kind.EVENT, "06010", "噪声 <扰民> & 其他", "06", "环境")
    old = Category("cjt", Kind.COMPONENT, "0101", "上水井盖", "01", "公用设施")
    limit = Limit(4, TimeUnit.WORK_HOUR)
    conditions = [
        Condition("01037-1", lamp.key, "灯杆倾斜", "扶正", limit),
        Condition("01037-2", lamp.key, "灯不亮", "换新", limit),
        Condition("0101-1", old.key, "井盖丢失", "复位", limit),
    ]
    return Catalogue.of("gbt", [lamp, post, noise, old], conditions, {"event:0110": noise.key})


SERVICES = Services(a_catalogue())


def filled(**fields: Any) -> Posted:
    """A form as it is sent."""
    return read(urlencode(fields, doseq=True).encode())


def report(posted: Posted, **areas: str) -> Report:
    """The report of a form."""
    return report_of(posted, SERVICES, areas, ReportId(UUID(int=1)), "open311:app", "k", NOW)


def faults(error: Invalid) -> set[tuple[str, str]]:
    """What is at fault, and how."""
    return {(fault.pointer, fault.code) for fault in error.faults}


# rendering


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1)
lines = st.one_of(st.none(), texts, texts.map(lambda text: f"{text}\n\t{text}"))
somewhere = st.floats(-180, 180, allow_nan=False)
requests = st.fixed_dictionaries(
    {
        "service_request_id": texts, "description": lines, "lat": st.none() | somewhere, "long": somewhere,
        "agency_responsible": lines,
    }
)  # fmt: skip


@given(st.lists(requests, max_size=4))
def test_both_forms_say_the_same(content: list[Any]) -> None:
    as_json = respond(Form.JSON, "service_requests", content)
    as_xml = respond(Form.XML, "service_requests", content)
    assert content_of_xml(bytes(as_xml.body)) == json.loads(bytes(as_json.body)) == content
    assert as_json.headers["content-type"] == "application/json; charset=utf-8"
    assert as_xml.headers["content-type"] == "text/xml; charset=utf-8"


@given(st.text())
def test_no_text_spoils_the_document(text: str) -> None:
    told = content_of_xml(bytes(respond(Form.XML, "errors", [{"code": 400, "description": text}]).body))
    assert len(told) == 1
    assert len(told[0]["description"] or "") == len(text)


@pytest.mark.parametrize("text", ["<b>&amp;</b>", "]]>", '"', "'", "<!DOCTYPE x [<!ENTITY e 'x'>]>&e;"])
def test_markup_is_text(text: str) -> None:
    body = bytes(respond(Form.XML, "services", [{"service_name": text}]).body)
    assert content_of_xml(body) == [{"service_name": text}]
    assert b"<!DOCTYPE" not in body


def test_lists_and_truth_are_written_as_the_specification_writes_them() -> None:
    body = bytes(respond(Form.XML, "service_definition", SERVICES.definition("01037")).body).decode()
    assert body.partition("\n")[2] == (
        "<service_definition><service_code>01037</service_code><attributes><attribute><variable>true</variable>"
        "<code>condition</code><datatype>singlevaluelist</datatype><required>false</required><datatype_description />"
        "<order>1</order><description>现场符合哪一项立案条件？不清楚可不选</description><values>"
        "<value><key>01037-1</key><name>灯杆倾斜</name></value><value><key>01037-2</key><name>灯不亮</name></value>"
        "</values></attribute></attributes></service_definition>"
    )


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Invalid("credentials-required", "需要访问凭证"), 403, "credentials-required"),
        (Invalid("credentials-invalid", "访问凭证无效"), 403, "credentials-invalid"),
        (Refused("role-not-allowed", "角色无权访问"), 403, "role-not-allowed"),
        (NotFound("token"), 404, "not-found"),
        (Invalid("body-too-large", "请求内容过大"), 400, "body-too-large"),
        (Invalid("text-too-long", "文本过长"), 400, "text-too-long"),
        (Refused("idempotency-key-reused", "同一编号已用于不同内容"), 400, "idempotency-key-reused"),
        (Unavailable("database-unavailable", "数据库不可用"), 503, "database-unavailable"),
    ],
)
@pytest.mark.parametrize("ending", ["json", "xml", "csv"])
def test_errors_are_told_with_the_statuses_of_the_specification(
    error: Invalid, status: int, code: str, ending: str
) -> None:
    answer = refusal(error, ending)
    assert answer.status_code == status
    body = bytes(answer.body)
    (told,) = json.loads(body) if ending == "json" else content_of_xml(body)
    assert told["code"] == status
    assert f"({code})" in told["description"]
    assert ("retry-after" in answer.headers) == (status == 503)


# services


def test_every_service_can_be_asked_for_by_its_code() -> None:
    listed: Any = SERVICES.listing()
    codes = [service["service_code"] for service in listed]
    assert codes == ["01037", "06010", "cjt:component:0101", OTHER], "components only where they have conditions"
    assert [service["metadata"] for service in listed] == [True, False, True, False]
    for service in listed:
        told: Any = SERVICES.definition(service["service_code"])
        assert bool(told["attributes"]) == service["metadata"]
        assert SERVICES.code_of(SERVICES.find(service["service_code"])) == service["service_code"]


def test_old_and_full_codes_mean_the_same_service() -> None:
    assert SERVICES.find("0110") == SERVICES.find(TODAY) == SERVICES.find("06010")
    with pytest.raises(Refused, match="service-unknown"):
        SERVICES.find("99999")


# forms


def test_a_form_is_read_as_the_specification_writes_it() -> None:
    body = (
        b"api_key=xyz&jurisdiction_id=city.gov&service_code=06010&lat=37.76524078&long=-122.4212043"
        b"&address_string=1234+5th+street&email=smit333%40sfgov.edu&device_id=tt222111&account_id=123456"
        b"&first_name=john&last_name=smith&phone=111111111&description=A+large+sinkhole+is+destroying+the+street"
        b"&media_url=http%3A%2F%2Fexample.org%2F2212426634_5ed477a060.jpg&attribute[WHISPAWN]=123456"
        b"&attribute[WHISDORN]=COISL001"
    )
    sent = read(body)
    assert sent.attributes == {"WHISPAWN": ("123456",), "WHISDORN": ("COISL001",)}
    made = report(sent)
    assert (made.text, made.address) == ("A large sinkhole is destroying the street", "1234 5th street")
    assert made.point is not None
    assert (made.point.lat, made.point.lon, made.point.crs) == (37.7652408, -122.4212043, Crs.WGS84)
    assert made.contact is not None
    assert (made.contact.name, made.contact.phone) == ("john smith", "111111111 / smit333@sfgov.edu")
    assert made.extra == {"media_url": "http://example.org/2212426634_5ed477a060.jpg"}
    assert made.category == TODAY
    assert account_of(sent) == "123456"


def test_empty_is_as_good_as_not_sent() -> None:
    bare = filled(service_code="06010", address_string="人民路")
    empty = filled(service_code="06010", address_string="人民路", lat="", long=" ", email="", media_url="", phone="")
    assert empty == bare
    assert report(empty) == report(bare)
    assert report(bare).contact is None


@pytest.mark.parametrize("field", ["service_code", "lat", "description", "api_key", "attribute[condition]"])
def test_a_field_sent_twice_is_refused(field: str) -> None:
    with pytest.raises(Invalid, match="field-repeated"):
        report(filled(**{"service_code": "01037", "description": "x", "address_string": "y", field: ["1", "2"]}))


def test_one_value_of_a_list_may_be_written_either_way() -> None:
    for name in ("attribute[condition]", "attribute[condition][]"):
        made = report(filled(**{"service_code": "01037", "address_string": "y", name: "01037-2"}))
        assert made.condition == "01037-2"
        assert CONDITION in name


def test_fields_nobody_knows_are_not_read() -> None:
    strange = filled(service_code="06010", address_string="y", is_admin=["1", "2"], origin="me", extensions="true")
    assert report(strange) == report(filled(service_code="06010", address_string="y"))


@pytest.mark.parametrize(
    "body", [b"\xff=1", b"description=%ff", b"description=%ED%A0%80", "描述=井盖".encode("gbk"), b"a=1&" * MAX_FIELDS]
)
def test_what_is_no_form_is_told(body: bytes) -> None:
    with pytest.raises(Invalid, match="form-invalid"):
        read(body)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_form_or_refused(body: bytes) -> None:
    try:
        made = report(read(body))
    except Invalid:
        return
    assert made.category or made.text


# reports


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({}, {("/service_code", "field-missing"), ("/lat", "location-missing")}),
        ({"service_code": "06010"}, {("/lat", "location-missing")}),
        ({"address_string": "人民路"}, {("/service_code", "field-missing")}),
        ({"service_code": OTHER, "address_string": "人民路"}, {("/description", "field-missing")}),
        ({"service_code": "pothole", "address_string": "人民路"}, {("/description", "field-missing")}),
        (
            {"service_code": "pothole", "description": "  \n"},
            {("/description", "field-missing"), ("/lat", "location-missing")},
        ),
    ],
)
def test_everything_that_is_missing_is_named_at_once(fields: dict[str, str], missing: set[tuple[str, str]]) -> None:
    with pytest.raises(Invalid) as caught:
        report(filled(**fields))
    assert caught.value.code == "form-incomplete"
    assert faults(caught.value) == missing


def test_a_service_nobody_knows_keeps_no_report_out() -> None:
    made = report(filled(service_code="pothole", description="路上有坑", address_string="人民路"))
    assert (made.category, made.text) == ("pothole", "路上有坑"), "the code stays as it came, for who files it"
    other = report(filled(service_code=OTHER, description="路上有坑", address_string="人民路"))
    assert other.category is None


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"lat": "27.9"}, "/long", "field-missing"),
        ({"long": "113.9"}, "/lat", "field-missing"),
        ({"lat": "NaN", "long": "1"}, "/lat", "type-mismatch"),
        ({"lat": "1e1", "long": "1"}, "/lat", "type-mismatch"),
        ({"lat": "１", "long": "1"}, "/lat", "type-mismatch"),
        ({"lat": "27.9", "long": "1_1"}, "/long", "type-mismatch"),
        ({"address_string": "x" * 257}, "/address_string", "text-too-long"),
        ({"description": "a\x00b"}, "/description", "text-control-char"),
        ({"description": "长" * 4001}, "/description", "text-too-long"),
        ({"first_name": "a" * 51}, "/first_name", "text-too-long"),
        ({"phone": "1" * 41}, "/phone", "text-too-long"),
        ({"phone": "call me"}, "/phone", "phone-invalid"),
        ({"first_name": "a\u200b"}, "/first_name", "text-invisible-char"),
        ({"address_id": "a\tb"}, "/address_id", "text-control-char"),
        ({"media_url": "javascript:alert(1)"}, "/media_url", "url-invalid"),
        ({"media_url": "http://x/a b"}, "/media_url", "url-invalid"),
        ({"media_url": "http://x/" + "a" * 2048}, "/media_url", "url-invalid"),
    ],
)
def test_a_field_that_cannot_be_read_is_named(fields: dict[str, str], pointer: str, code: str) -> None:
    whole = {"service_code": "06010", **({} if "lat" in fields or "long" in fields else {"address_string": "人民路"})}
    with pytest.raises(Invalid) as caught:
        report(filled(**{**whole, **fields}))
    assert faults(caught.value) == {(pointer, code)}


def test_a_device_without_a_fix_is_where_its_address_is() -> None:
    made = report(filled(service_code="06010", lat="0.0", long="0.0", address_string="人民路 1 号"))
    assert (made.point, made.address) == (None, "人民路 1 号")


@pytest.mark.parametrize(
    ("lat", "long", "flag"),
    [
        ("27.9", "999", "coordinate-out-of-range"),
        ("0", "0", "coordinate-placeholder"),
        ("113.93", "27.96", "coordinate-swapped"),
    ],
)
def test_a_doubtful_position_keeps_nobody_out(lat: str, long: str, flag: str) -> None:
    made = report(filled(service_code="06010", lat=lat, long=long))
    assert made.extra["flags"] == flag
    assert made.extra["position_as_sent"].startswith(f"{float(long):.7f},{float(lat):.7f}")
    assert (made.point is not None) == (flag == "coordinate-swapped")


def test_an_address_id_is_a_component_an_area_or_words() -> None:
    lamp = report(filled(service_code="06010", address_id="44010101037000001"), **{"439901": "c/439901/"})
    assert (lamp.asset, lamp.address, lamp.area_names) == ("44010101037000001", "", ())
    street = report(filled(service_code="06010", address_id="439901"), **{"439901": "c/439901/"})
    assert (street.asset, street.area_names) == (None, ("439901",))
    unknown = report(filled(service_code="06010", address_id="house-7"))
    assert (unknown.asset, unknown.address) == (None, "house-7"), "kept, for the desk to read"


@pytest.mark.parametrize(
    ("first", "last", "name"), [("三丰", "张", "张三丰"), ("john", "smith", "john smith"), ("", "张", "张")]
)
def test_a_name_is_written_as_its_owner_would(first: str, last: str, name: str) -> None:
    made = report(filled(service_code="06010", address_string="y", first_name=first, last_name=last))
    assert made.contact is not None
    assert made.contact.name == name


def test_devices_and_accounts_are_not_kept() -> None:
    with_them = filled(service_code="06010", address_string="y", device_id="D-1", account_id="A-1")
    assert report(with_them) == report(filled(service_code="06010", address_string="y"))


# what is asked


def wanted(**query: Any) -> Any:
    """A query as it is asked."""
    return asked(QueryParams(urlencode(query, doseq=True)), SERVICES, NOW)


def test_without_a_span_it_is_the_last_ninety_days() -> None:
    assert span("", "", NOW) == (NOW - timedelta(days=90), NOW)
    start, end = "2026-01-01T00:00:00Z", "2026-01-31T00:00:00+08:00"
    first = datetime(2026, 1, 1, tzinfo=UTC)
    assert span(start, "", NOW) == (first, first + timedelta(days=90))
    assert span("", end, NOW)[1] - span("", end, NOW)[0] == timedelta(days=90)
    assert span(start, "2026-04-01T00:00:00Z", NOW)[0] == first, "ninety days are allowed"


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ({"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-04-01T00:00:01Z"}, "/start_date", "range-too-long"),
        ({"start_date": "2026-02-01T00:00:00Z", "end_date": "2026-01-01T00:00:00Z"}, "/start_date", "interval-empty"),
        ({"start_date": "2026-01-01"}, "/start_date", "timestamp-no-offset"),
        ({"end_date": "2026-01-01T00:00:00"}, "/end_date", "timestamp-no-offset"),
        ({"start_date": "yesterday"}, "/start_date", "type-mismatch"),
        ({"start_date": "2026-13-01T00:00:00Z"}, "/start_date", "type-mismatch"),
        ({"start_date": "1763712000"}, "/start_date", "type-mismatch"),
        ({"start_date": "0001-01-01T00:00:00+14:00"}, "/start_date", "timestamp-out-of-range"),
        ({"start_date": "9999-12-31T23:59:59-14:00"}, "/start_date", "timestamp-out-of-range"),
        ({"start_date": ["2026-01-01T00:00:00Z"] * 2}, "/start_date", "field-repeated"),
        ({"status": "lost"}, "/status", "type-mismatch"),
        ({"status": "open,lost"}, "/status", "type-mismatch"),
        ({"page": "0"}, "/page", "cursor-invalid"),
        ({"page": "-1"}, "/page", "cursor-invalid"),
        ({"page": "12"}, "/page", "number-out-of-range"),
        ({"page_size": "0"}, "/page_size", "number-out-of-range"),
        ({"page_size": "1001"}, "/page_size", "number-out-of-range"),
        ({"page_size": "1_0"}, "/page_size", "number-out-of-range"),
        ({"service_request_id": ",".join(map(str, range(1001)))}, "/service_request_id", "too-many-items"),
    ],
)
def test_a_query_that_cannot_be_understood_is_told(query: dict[str, Any], pointer: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        wanted(**query)
    assert faults(caught.value) == {(pointer, code)}


def test_a_plus_that_was_not_escaped_is_a_plus() -> None:
    plain = asked(QueryParams("start_date=2026-11-01T00:00:00+08:00"), SERVICES, NOW)
    assert plain == wanted(start_date="2026-11-01T00:00:00+08:00")
    assert plain.filter.since == datetime(2026, 10, 31, 16, tzinfo=UTC)


def test_lists_may_have_commas_or_be_repeated() -> None:
    assert wanted(status="open").filter.open is True
    assert wanted(status="closed").filter.open is False
    assert wanted(status=["open", "closed"]).filter.open is None
    assert wanted(status="open,closed").filter.open is None
    codes = wanted(service_code=["01037,06010", "other"]).filter.categories
    assert codes == ("gbt:event:01037", TODAY, "")
    with pytest.raises(Refused, match="service-unknown"):
        wanted(service_code="06010,99999")


def test_numbers_that_cannot_be_one_are_nobodys() -> None:
    assert wanted(service_request_id="YH-1, yh-261116-0000001-5 ,\x00").nos == ("YH-261116-0000001-5",)
    assert wanted(service_request_id="nothing").nos == (), "not everything, then"
    assert wanted().nos is None


def test_a_page_is_a_number_or_where_the_last_one_ended() -> None:
    assert wanted(page="3", page_size="50").filter.skip == 100
    assert wanted(page=str(MAX_SKIPPED // 1000 + 1)).filter.skip == MAX_SKIPPED
    assert wanted(page_size="").filter.limit == 1000
