"""The Open311 door over the real application and database: every call of GeoReport v2, in both forms."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.open311.access import Access, Description
from api.open311.desk import Open311Desk
from domain.case import State
from domain.errors import Unavailable
from domain.ids import CaseId, ReportId
from domain.report import Report
from handlers.assign import assign_many
from handlers.file import file_many
from handlers.outcomes import Done
from handlers.ports import Office, new_id
from store.pool import Pool
from tests.contract.api_city import DARK, SECRET, act, in_state
from tests.demo_city import (
    LAMP,
    NO_RULE,
    SEWER_COVER,
    case_of,
    first_of,
    spot,
)
from tests.front_door import FrontDoor
from tests.open311 import ROOT, codes_of, get, post, post_raw

KEY = "hotline-12345"
W3C = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00")


@contextmanager
def opened(city: FrontDoor, **changes: Any) -> Iterator[Open311Desk]:
    """The door as other settings would open it."""
    before = city.tools
    city.app.state.deps = replace(before, open311=replace(before.open311, **changes))
    try:
        yield city.tools.open311
    finally:
        city.app.state.deps = before


@pytest.fixture
async def feed(city: FrontDoor) -> AsyncIterator[FrontDoor]:
    """The city with its feed open to everybody."""
    with opened(city, reads=Access.EVERYONE):
        yield city


def a_request(city: FrontDoor, n: int = 0, **fields: Any) -> dict[str, Any]:
    """A report as an app posts it, in the n-th grid."""
    at = spot(n)
    whole = {"api_key": city.keys[KEY], "service_code": LAMP, "lat": at.lat, "long": at.lon, "description": "路灯不亮"}
    return {name: value for name, value in {**whole, **fields}.items() if value is not None}


async def token_of(city: FrontDoor, **fields: Any) -> ReportId:
    """A report let in; its token."""
    told = await post(city, **a_request(city, **fields))
    assert told.status == 201, told
    return ReportId(UUID(told.content[0]["token"]))


async def filed(city: FrontDoor, **fields: Any) -> tuple[ReportId, str]:
    """A report that has found its case; token and number."""
    token = await token_of(city, **fields)
    (outcome,) = await file_many(city.office, [token])
    assert isinstance(outcome, Done)
    return token, (await case_of(city.office, CaseId(outcome.subject))).no


async def one(city: FrontDoor, no: str, **query: Any) -> dict[str, Any]:
    """A service request by its number."""
    told = await get(city, f"requests/{no}", **query)
    assert told.status == 200, told
    (found,) = told.content
    return dict(found)


# discovery, services, definitions


async def test_the_discovery_says_where_the_door_is(city: FrontDoor) -> None:
    told = (await get(city, "discovery")).content
    assert set(told) == {"changeset", "contact", "key_service", "endpoints"}
    (endpoint,) = told["endpoints"]
    assert endpoint == {
        "specification": "http://wiki.open311.org/GeoReport_v2",
        "url": "http://city/open311/v2",
        "changeset": told["changeset"],
        "type": "production",
        "formats": ["text/xml", "application/json"],
    }
    with opened(city, live=False, url="https://311.yunhu.example/v2", contact="开放平台"):
        told = (await get(city, "discovery")).content
        assert (told["contact"], told["key_service"]) == ("开放平台", "开放平台")
        assert (told["endpoints"][0]["type"], told["endpoints"][0]["url"]) == ("test", "https://311.yunhu.example/v2")


async def test_every_service_of_the_list_has_its_definition(city: FrontDoor) -> None:
    listed = (await get(city, "services")).content
    assert len(listed) == 251, "table C.1 of GB/T 47678.5-2026 and «other»"
    assert len({service["service_code"] for service in listed}) == len(listed)
    for service in listed[::12] + listed[:3] + listed[-1:]:
        told = await get(city, f"services/{service['service_code']}")
        assert told.content["service_code"] == service["service_code"]
        assert bool(told.content["attributes"]) is service["metadata"]
    cover = (await get(city, f"services/{SEWER_COVER}")).content
    (attribute,) = cover["attributes"]
    assert (attribute["datatype"], attribute["required"]) == ("singlevaluelist", False)
    assert [value["key"] for value in attribute["values"]] == ["01002-1", "01002-2", "01002-3", "01002-4"]


async def test_a_service_that_is_none_is_not_found(city: FrontDoor) -> None:
    for code in ("99999", "a.b.c", "%00", "x" * 3000):
        assert codes_of(await get(city, f"services/{code}")) == (404, {"service-unknown"})


async def test_another_ending_is_told_in_the_form_everybody_must_read(city: FrontDoor) -> None:
    for path in ("discovery.csv", "services.html", "requests.JSON", f"tokens/{new_id()}.txt", "services/01002.yaml"):
        answer = await city.http.get(f"{ROOT}/{path}")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "text/xml; charset=utf-8"
        assert "format-unknown" in answer.text


# reports come in


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_a_report_becomes_a_case_and_its_token_leads_there(feed: FrontDoor, pool: Pool, form: str) -> None:
    n = 20 + len(form)
    fields = a_request(feed, n, account_id="u-77", **{"attribute[condition]": "01037-1"})
    told = await post(feed, form, **fields)
    assert told.status == 201
    (receipt,) = told.content
    assert set(receipt) == {"token", "service_notice", "account_id"}
    assert receipt["account_id"] == "u-77"
    token = receipt["token"]
    waiting = await get(feed, f"tokens/{token}")
    assert (waiting.status, waiting.content) == (200, [{"service_request_id": None, "token": token}])
    (outcome,) = await file_many(feed.office, [ReportId(UUID(token))])
    assert isinstance(outcome, Done)
    case = await case_of(feed.office, CaseId(outcome.subject))
    assert (await get(feed, f"tokens/{token}")).content == [{"service_request_id": case.no, "token": token}]
    assert case.condition is not None
    assert case.condition.id == "01037-1"
    row = await pool.fetchrow("SELECT source::text, origin, origin_key FROM reports WHERE id = $1", UUID(token))
    assert row is not None
    assert tuple(row) == ("hotline", f"open311:{KEY}", token)


async def test_a_repeat_is_answered_as_the_first(city: FrontDoor, pool: Pool) -> None:
    fields, key = a_request(city, 1), f"key-{new_id()}"
    answers = await asyncio.gather(*(post(city, headers={"Idempotency-Key": key}, **fields) for _ in range(12)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.content[0]["token"] for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert await pool.fetchval("SELECT count(*) FROM reports WHERE origin_key = $1", key) == 1
    other = await post(city, headers={"Idempotency-Key": key}, **{**fields, "description": SECRET})
    assert codes_of(other) == (400, {"idempotency-key-reused"})
    bad = await post(city, headers={"Idempotency-Key": "has space"}, **fields)
    assert codes_of(bad) == (400, {"idempotency-key-invalid"})


async def test_without_a_key_of_its_own_every_report_is_another(city: FrontDoor) -> None:
    assert await token_of(city, n=2) != await token_of(city, n=2)


async def test_two_neighbours_about_one_lamp_get_one_number(feed: FrontDoor) -> None:
    _, first = await filed(feed, n=30)
    second, no = await filed(feed, n=30, description="灯不亮，路很黑")
    assert no == first
    assert (await get(feed, f"tokens/{second}")).content[0]["service_request_id"] == first


@pytest.mark.parametrize(
    ("fields", "service", "notes"),
    [
        ({"service_code": "pothole", "description": DARK}, "other", "待受理"),
        ({"service_code": "pothole", "description": "污水井盖不见了"}, SEWER_COVER, "待派遣"),
        ({"service_code": "other", "description": DARK}, "other", "待受理"),
        ({"lat": "48.85", "long": "2.35"}, LAMP, "待受理"),
        ({"lat": None, "long": None, "address_string": "不知道在哪儿的路口"}, LAMP, "待受理"),
        ({"lat": None, "long": None, "address_id": "44010101037000001"}, LAMP, "待受理"),
        ({"lat": None, "long": None, "address_id": "439901001"}, LAMP, "待派遣"),
        ({"lat": "0", "long": "0", "address_string": "不知道在哪儿的路口"}, LAMP, "待受理"),
        ({"lat": "0", "long": "0"}, LAMP, "待受理"),
        ({"lat": "999", "long": "0"}, LAMP, "待受理"),
        ({"attribute[condition]": "01002-1"}, LAMP, "待派遣"),
        ({"attribute[color]": "red", "extensions": "true"}, LAMP, "待派遣"),
        ({"description": None}, LAMP, "待派遣"),
    ],
)
async def test_doubt_keeps_no_citizen_out(feed: FrontDoor, fields: dict[str, Any], service: str, notes: str) -> None:
    """Unknown service, a place abroad or nowhere, a condition of another service: accepted, and somebody looks."""
    _, no = await filed(feed, n=31, **fields)
    told = await one(feed, no)
    assert (told["status"], told["service_code"], told["status_notes"]) == ("open", service, notes)


async def test_who_cannot_say_what_it_is_waits_under_other(feed: FrontDoor) -> None:
    _, no = await filed(feed, n=32, service_code="other", description=DARK)
    told = await one(feed, no)
    assert (told["service_code"], told["service_name"], told["status_notes"]) == ("other", "其他诉求", "待受理")
    listed = (await get(feed, "requests", service_code="other")).content
    assert told in listed
    assert {request["service_code"] for request in listed} == {"other"}


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"service_code": None}, {"field-missing"}),
        ({"service_code": None, "lat": None, "long": None}, {"field-missing", "location-missing"}),
        ({"lat": None, "long": None}, {"location-missing"}),
        ({"lat": None}, {"field-missing"}),
        ({"service_code": "other", "description": None}, {"field-missing"}),
        ({"service_code": "pothole", "description": " "}, {"field-missing"}),
        ({"lat": "NaN"}, {"type-mismatch"}),
        ({"lat": "Infinity"}, {"type-mismatch"}),
        ({"description": "a\x00b"}, {"text-control-char"}),
        ({"description": "长" * 4001}, {"text-too-long"}),
        ({"service_code": ["01037", "01002"]}, {"field-repeated"}),
        ({"api_key": ["a", "b"]}, {"field-repeated"}),
        ({"attribute[condition][]": ["01037-1", "01037-2"]}, {"field-repeated"}),
        ({"media_url": "file:///etc/passwd"}, {"url-invalid"}),
        ({"account_id": "x" * 201}, {"text-too-long"}),
    ],
)
@pytest.mark.parametrize("form", ["json", "xml"])
async def test_a_bad_report_is_told_in_their_shape_and_leaves_nothing(
    city: FrontDoor, pool: Pool, fields: dict[str, Any], codes: set[str], form: str
) -> None:
    before = await pool.fetchval("SELECT count(*) FROM reports")
    told = await post(city, form, **a_request(city, 3, first_name=SECRET, **fields))
    assert codes_of(told) == (400, codes)
    assert SECRET not in str(told.content)
    assert await pool.fetchval("SELECT count(*) FROM reports") == before


@pytest.mark.parametrize(
    ("body", "media", "code"),
    [
        (b"", "application/x-www-form-urlencoded", "credentials-required"),
        (b"\xff\xfe", "application/x-www-form-urlencoded", "form-invalid"),
        (b"description=%ff%fe", "application/x-www-form-urlencoded", "form-invalid"),
        (b"a=1&" * 300, "application/x-www-form-urlencoded", "form-invalid"),
        (b"description=" + b"x" * 300_000, "application/x-www-form-urlencoded", "body-too-large"),
        (b"{}", "application/json", "media-type-unsupported"),
        (b"--x", "multipart/form-data; boundary=x", "media-type-unsupported"),
        (b"service_code=01037", "", "media-type-unsupported"),
    ],
)
async def test_a_body_that_is_no_form_is_told(city: FrontDoor, body: bytes, media: str, code: str) -> None:
    told = await post_raw(city, body, headers={"Content-Type": media})
    assert codes_of(told) == (403 if code.startswith("credentials") else 400, {code})


async def test_a_body_that_never_ends_is_cut_off(city: FrontDoor) -> None:
    sent = 0

    async def flood() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b"description="
        for _ in range(10_000):
            sent += 65_536
            yield b"x" * 65_536

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await city.http.post(f"{ROOT}/requests.xml", content=flood(), headers=headers)
    assert (answer.status_code, sent <= 10 * 65_536) == (400, True)


names = st.sampled_from(
    ["service_code", "lat", "long", "address_string", "address_id", "description", "email", "first_name", "phone",
     "media_url", "account_id", "jurisdiction_id", "attribute[condition]", "attribute[]", "attribute[x][y]", "é"]
)  # fmt: skip
values = st.text(max_size=60) | st.floats().map(str) | st.sampled_from(["01037", "27.96", "113.93", "0", "1e400"])
no_surrogates = st.characters(exclude_categories=["Cs"])


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=st.lists(st.tuples(names, values), max_size=8), form=st.sampled_from(["json", "xml"]))
async def test_no_form_breaks_the_door(city: FrontDoor, fields: list[tuple[str, str]], form: str) -> None:
    body = urlencode([("api_key", city.keys[KEY]), *fields], errors="replace").encode()
    assert (await post_raw(city, body, form)).status in (201, 400)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300))
async def test_no_bytes_break_the_door(city: FrontDoor, body: bytes) -> None:
    whole = f"api_key={city.keys[KEY]}&service_code=01037&address_string=x&".encode() + body
    assert (await post_raw(city, whole)).status in (201, 400)


# the feed


async def test_a_request_has_the_fields_of_the_specification(feed: FrontDoor) -> None:
    _, no = await filed(feed, n=40, first_name="三丰", last_name="张", phone="13912345678", description=SECRET)
    told = await one(feed, no)
    at = spot(40)
    assert (told["lat"], told["long"]) == (round(at.lat, 4), round(at.lon, 4))
    assert told["address"].endswith("，云湖市")
    assert (told["status"], told["service_code"], told["service_name"]) == ("open", LAMP, "路灯异常")
    assert told["description"] == "路灯异常", "the words of callers are not published"
    assert all(W3C.fullmatch(told[f"{name}_datetime"]) for name in ("requested", "updated"))
    assert [told[name] for name in ("service_notice", "address_id", "zipcode", "media_url")] == [None] * 4
    assert SECRET not in str(told)
    with opened(feed, description=Description.REPORT, decimals=2):
        other = await one(feed, no)
        assert other["description"] == SECRET, "unless the city says so"
        assert (other["lat"], other["long"]) == (round(at.lat, 2), round(at.lon, 2))
        listed = (await get(feed, "requests", service_code=LAMP)).content
        assert SECRET in {request["description"] for request in listed}


async def test_a_case_is_followed_from_open_to_closed(feed: FrontDoor, office: Office) -> None:
    case = await in_state(office, State.PENDING_DISPATCH)
    waiting = await one(feed, case.no)
    assert (waiting["status"], waiting["status_notes"], waiting["agency_responsible"]) == ("open", "待派遣", None)
    await assign_many(office, [case.id])
    case = await case_of(office, case.id)
    assert case.lead is not None
    told = await one(feed, case.no)
    assert told["agency_responsible"] == feed.tools.present.units[case.lead.unit or ""]
    assert told["status_notes"] == "待部门签收"
    for verb, who in (("accept", "unit-lighting"), ("finish", "unit-lighting"), ("pass", "officer-1")):
        case = await case_of(office, case.id)
        answer = await act(feed, who, case, verb, **({"note": "已换灯"} if verb == "finish" else {}))
        assert answer.status_code == 200, answer.text
        if verb == "accept":
            promised = (await one(feed, case.no))["expected_datetime"]
            assert datetime.fromisoformat(promised) > datetime.now(UTC)
    case = await case_of(office, case.id)
    told = await one(feed, case.no)
    assert (told["status"], told["status_notes"], told["expected_datetime"]) == ("closed", "已结案", None)
    assert case.ended_at is not None
    assert datetime.fromisoformat(told["updated_datetime"]) == case.ended_at.replace(microsecond=0)
    assert case.no in await numbers(feed, status="closed")
    assert case.no not in await numbers(feed, status="open")
    assert case.no in await numbers(feed, status="open,closed")


async def test_whoever_waits_for_the_desk_is_told_when_it_should_have_looked(feed: FrontDoor, office: Office) -> None:
    case = await in_state(office, State.REPORTED)
    told = await one(feed, case.no)
    intake = next(deadline for deadline in case.deadlines if deadline.clock == "intake")
    assert datetime.fromisoformat(told["expected_datetime"]) == intake.due_at.replace(microsecond=0)


async def numbers(city: FrontDoor, **query: Any) -> list[str]:
    """The numbers of a list."""
    told = await get(city, "requests", **query)
    assert told.status == 200, told
    return [request["service_request_id"] for request in told.content]


async def test_a_merged_case_says_where_it_went(feed: FrontDoor, office: Office) -> None:
    into, away = [await in_state(office, State.PENDING_DISPOSAL) for _ in range(2)]
    answer = await act(feed, "dispatcher-1", away, "merge", reason="the same hole", into=into.no)
    assert answer.status_code == 200, answer.text
    told = await one(feed, away.no)
    assert (told["status"], told["status_notes"]) == ("closed", f"已并单：{into.no}")
    assert told in (await get(feed, "requests", service_request_id=away.no)).content


async def test_numbers_override_all_other_filters(feed: FrontDoor) -> None:
    nos = [(await filed(feed, n=n))[1] for n in (41, 42, 43)]
    asked = ",".join([*nos[:2], "YH-261121-9999999-9", "nonsense", "%00"])
    assert await numbers(feed, service_request_id=asked, status="closed", service_code=NO_RULE) == nos[1::-1]
    assert await numbers(feed, service_request_id="nonsense") == []
    both = await feed.http.get(f"{ROOT}/requests.json?service_request_id={nos[0]}&service_request_id={nos[2]}")
    assert len(both.json()) == 2


async def test_a_list_is_of_a_span_and_of_services(feed: FrontDoor) -> None:
    _, no = await filed(feed, n=44, service_code=NO_RULE)
    assert await numbers(feed, service_code=NO_RULE) == [no]
    assert no in await numbers(feed, service_code=f"{LAMP},{NO_RULE}")
    assert no not in await numbers(feed, service_code=LAMP)
    now = datetime.now(UTC)
    ago, ahead = (now - timedelta(minutes=30)).isoformat(), (now + timedelta(minutes=30)).isoformat()
    assert no in await numbers(feed, start_date=ago, end_date=ahead)
    assert no in await numbers(feed, end_date=ahead)
    assert await numbers(feed, end_date=ago) == []
    assert await numbers(feed, start_date=ahead) == []


async def test_pages_hold_everything_once(feed: FrontDoor) -> None:
    for n in range(50, 57):
        await filed(feed, n=n)
    whole = await numbers(feed)
    assert whole == sorted(whole, reverse=True), "newest first"
    followed, path = [], "requests.json?page_size=3&status=open,closed"
    while path:
        answer = await feed.http.get(f"{ROOT}/{path}")
        followed += [request["service_request_id"] for request in answer.json()]
        link = re.fullmatch(r'<(\?[^>]+)>; rel="next"', answer.headers.get("link", ""))
        path = f"requests.json{link[1]}" if link else ""
        assert not path or ("page_size=3" in path and "status=open" in path)
    assert followed == whole
    counted = [no for page in range(1, len(whole) // 3 + 2) for no in await numbers(feed, page=page, page_size=3)]
    assert counted == whole
    assert await numbers(feed, page=500, page_size=3) == []


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-09-01T00:00:00Z"}, 400, "range-too-long"),
        ({"start_date": "2026-01-01"}, 400, "timestamp-no-offset"),
        ({"end_date": "yesterday"}, 400, "type-mismatch"),
        ({"status": "lost"}, 400, "type-mismatch"),
        ({"service_code": "99999"}, 404, "service-unknown"),
        ({"service_code": "\x00"}, 404, "service-unknown"),
        ({"page": "nonsense"}, 400, "cursor-invalid"),
        ({"page": "x" * 64}, 400, "cursor-invalid"),
        ({"page": "\x00"}, 400, "cursor-invalid"),
        ({"page_size": "5000"}, 400, "number-out-of-range"),
        ({"page": "1000000"}, 400, "number-out-of-range"),
    ],
)
async def test_a_bad_query_is_told_in_their_shape(
    feed: FrontDoor, query: dict[str, str], status: int, code: str
) -> None:
    assert codes_of(await get(feed, "requests", **query)) == (status, {code})


async def test_parameters_nobody_knows_change_nothing(feed: FrontDoor) -> None:
    assert await numbers(feed, extensions="true", page_size="2") == (await numbers(feed))[:2]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.lists(
        st.tuples(
            st.sampled_from(["service_request_id", "service_code", "start_date", "end_date", "status", "page",
                             "page_size", "jurisdiction_id", "api_key"]),
            st.text(no_surrogates, max_size=40) | st.datetimes().map(lambda at: f"{at.isoformat()}Z"),
        ),
        max_size=5,
    )
)  # fmt: skip
async def test_no_query_breaks_the_door(feed: FrontDoor, query: list[tuple[str, str]]) -> None:
    answer = await feed.http.get(f"{ROOT}/requests.xml?{urlencode(query)}")
    assert answer.status_code in (200, 400, 404), answer.text


@pytest.mark.parametrize("no", ["YH-1", "YH-261116-0000001-0", "YH-261116-9999999-1", "%00", "x" * 3000, "a.b"])
async def test_a_request_that_is_not_there_is_not_found(feed: FrontDoor, no: str) -> None:
    assert codes_of(await get(feed, f"requests/{no}")) == (404, {"not-found"})


async def test_a_token_is_of_a_report_that_came_this_way(feed: FrontDoor, office: Office) -> None:
    case = await in_state(office, State.REPORTED)
    for token in (str(new_id()), str(await first_of(office, case)), "nonsense", "%00"):
        assert codes_of(await get(feed, f"tokens/{token}")) == (404, {"not-found"})


# who may


async def test_keys_are_those_of_hotlines(city: FrontDoor) -> None:
    for key, code in (
        (None, "credentials-required"), ("cl_unknown", "credentials-invalid"), ("钥匙", "credentials-invalid"),
        (city.keys["inspector-1"], "role-not-allowed"), (city.keys["admin-1"], "role-not-allowed"),
    ):  # fmt: skip
        assert codes_of(await post(city, **a_request(city, 4, api_key=key))) == (403, {code})
    in_the_address = await city.http.post(
        f"{ROOT}/requests.json", params={"api_key": city.keys[KEY]}, data=a_request(city, 4, api_key=None)
    )
    assert in_the_address.status_code == 201


async def test_a_city_may_hear_everybody_or_nobody(city: FrontDoor, pool: Pool) -> None:
    with opened(city, posts=Access.EVERYONE):
        told = await post(city, **a_request(city, 5, api_key=None))
        assert told.status == 201
        token = UUID(told.content[0]["token"])
        assert await pool.fetchval("SELECT origin FROM reports WHERE id = $1", token) == "open311:anonymous"
        unknown = await post(city, **a_request(city, 5, api_key="cl_unknown"))
        assert codes_of(unknown) == (403, {"credentials-invalid"})
        assert (await get(city, f"tokens/{token}")).status == 200
    with opened(city, posts=Access.NOBODY):
        assert codes_of(await post(city, **a_request(city, 5))) == (403, {"door-closed"})


async def test_the_feed_is_for_whom_the_city_says(city: FrontDoor, office: Office) -> None:
    others = await in_state(office, State.PENDING_DISPATCH)
    token, own = await filed(city, n=45)
    key = city.keys[KEY]
    for path in ("requests", f"requests/{own}"):
        assert codes_of(await get(city, path)) == (403, {"credentials-required"}), "closed unless it is opened"
        assert codes_of(await get(city, path, api_key="x")) == (403, {"credentials-invalid"})
        assert codes_of(await get(city, path, api_key=city.keys["viewer-1"])) == (403, {"role-not-allowed"})
    listed = await numbers(city, api_key=key)
    assert own in listed
    assert others.no not in listed, "a client sees what its own reports became"
    assert (await one(city, own, api_key=key))["service_request_id"] == own
    assert codes_of(await get(city, f"requests/{others.no}", api_key=key)) == (404, {"not-found"})
    assert await numbers(city, api_key=key, service_request_id=f"{own},{others.no}") == [own]
    with opened(city, reads=Access.NOBODY):
        assert codes_of(await get(city, "requests", api_key=key)) == (403, {"door-closed"})
        assert (await get(city, "services")).status == 200
        assert (await get(city, f"tokens/{token}")).status == 200, "who reported may still ask for the number"
    with opened(city, reads=Access.EVERYONE):
        assert {own, others.no} <= set(await numbers(city))


async def test_a_key_is_not_repeated_in_links(city: FrontDoor) -> None:
    for n in (46, 47):
        await filed(city, n=n)
    told = await get(city, "requests", page_size=1, api_key=city.keys[KEY])
    assert city.keys[KEY] not in told.headers["link"]


async def test_a_jurisdiction_is_checked_where_there_is_one(feed: FrontDoor) -> None:
    assert (await get(feed, "services", jurisdiction_id="elsewhere")).status == 200
    with opened(feed, jurisdiction="yunhu.gov.cn"):
        for path in ("services", f"services/{LAMP}", "requests", f"tokens/{new_id()}"):
            told = await get(feed, path, jurisdiction_id="elsewhere")
            assert codes_of(told) == (404, {"jurisdiction-unknown"})
        told = await post(feed, **a_request(feed, 6, jurisdiction_id="elsewhere"))
        assert codes_of(told) == (404, {"jurisdiction-unknown"})
        assert (await post(feed, **a_request(feed, 6, jurisdiction_id="yunhu.gov.cn"))).status == 201
        assert (await get(feed, "services")).status == 200, "there is one city here: it need not be named"


async def test_who_asks_too_much_is_told_to_come_again(city: FrontDoor) -> None:
    heard: list[str] = []

    async def full(report: Report, address: str) -> None:
        heard.append(f"{report.origin} {address}")
        raise Unavailable("busy", "系统繁忙，请稍后重试")

    with opened(city, admit=full):
        told = await post(city, **a_request(city, 7))
    assert codes_of(told) == (503, {"busy"})
    assert told.headers["retry-after"] == "2"
    assert heard == [f"open311:{KEY} 127.0.0.1"]


async def test_a_page_of_another_site_may_ask(city: FrontDoor) -> None:
    headers = {"Origin": "https://311.example", "Access-Control-Request-Method": "POST",
               "Access-Control-Request-Headers": "idempotency-key"}  # fmt: skip
    answer = await city.http.options(f"{ROOT}/requests.json", headers=headers)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Idempotency-Key" in answer.headers["access-control-allow-headers"]
