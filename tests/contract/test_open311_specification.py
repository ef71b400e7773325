"""The Open311 door held against GeoReport v2's own tables and example, and the page about it against the door.

The tables are the specification's facts, written down anew: http://wiki.open311.org/GeoReport_v2/ and
http://wiki.open311.org/Service_Discovery/.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from types import NoneType
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import httpx
import pytest

from api.open311 import schemas
from api.open311.access import Access
from domain.ids import CaseId, ReportId
from handlers.file import file_many
from handlers.outcomes import Done
from runtime.settings import MEANINGS
from runtime.settings import ROOT as CHECKOUT
from tests.demo_city import LAMP, SEWER_COVER, case_of, spot
from tests.front_door import FrontDoor, keys_of
from tests.open311 import ROOT, content_of_xml, get, read

Fields = Mapping[str, tuple[type, ...]]
TEXT, MAYBE, TRUTH = (str,), (str, NoneType), (bool,)

DISCOVERY: Fields = {"changeset": TEXT, "contact": TEXT, "key_service": TEXT, "endpoints": (list,)}
ENDPOINT: Fields = {"specification": TEXT, "url": TEXT, "changeset": TEXT, "type": TEXT, "formats": (list,)}
SERVICE: Fields = {
    "service_code": TEXT, "service_name": TEXT, "description": MAYBE, "metadata": TRUTH, "type": TEXT,
    "keywords": MAYBE, "group": MAYBE,
}  # fmt: skip
DEFINITION: Fields = {"service_code": TEXT, "attributes": (list,)}
ATTRIBUTE: Fields = {
    "variable": TRUTH, "code": TEXT, "datatype": TEXT, "required": TRUTH, "datatype_description": MAYBE,
    "order": (int,), "description": MAYBE, "values": (list,),
}  # fmt: skip
VALUE: Fields = {"key": TEXT, "name": TEXT}
RECEIPT: Fields = {"token": TEXT, "service_notice": MAYBE, "account_id": MAYBE}
TOKEN: Fields = {"service_request_id": MAYBE, "token": TEXT}
REQUEST: Fields = {
    "service_request_id": TEXT, "status": TEXT, "status_notes": MAYBE, "service_name": TEXT, "service_code": TEXT,
    "description": MAYBE, "agency_responsible": MAYBE, "service_notice": MAYBE, "requested_datetime": TEXT,
    "updated_datetime": TEXT, "expected_datetime": MAYBE, "address": MAYBE, "address_id": MAYBE, "zipcode": MAYBE,
    "lat": (float, NoneType), "long": (float, NoneType), "media_url": MAYBE,
}  # fmt: skip
TYPES = {"realtime", "batch", "blackbox"}
DATATYPES = {"string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"}


def conforms(content: Mapping[str, Any], fields: Fields) -> None:
    """It has these fields and no other, each of a type the specification allows."""
    assert content.keys() == fields.keys()
    for name, kinds in fields.items():
        assert type(content[name]) in kinds, f"{name}: {content[name]!r}"


@pytest.fixture
async def feed(city: FrontDoor) -> Any:
    """The city with its feed open to everybody, as the specification has it."""
    before = city.tools
    city.app.state.deps = replace(before, open311=replace(before.open311, reads=Access.EVERYONE))
    yield city
    city.app.state.deps = before


async def test_every_answer_has_the_fields_of_its_table(feed: FrontDoor) -> None:
    discovery = (await get(feed, "discovery")).content
    conforms(discovery, DISCOVERY)
    for endpoint in discovery["endpoints"]:
        conforms(endpoint, ENDPOINT)
        assert endpoint["type"] in {"production", "test"}
        assert "text/xml" in endpoint["formats"], "XML is required"
    for service in (await get(feed, "services")).content:
        conforms(service, SERVICE)
        assert service["type"] in TYPES
    definition = (await get(feed, f"services/{SEWER_COVER}")).content
    conforms(definition, DEFINITION)
    for attribute in definition["attributes"]:
        conforms(attribute, ATTRIBUTE)
        assert attribute["datatype"] in DATATYPES
        for value in attribute["values"]:
            conforms(value, VALUE)
    assert len({attribute["order"] for attribute in definition["attributes"]}) == len(definition["attributes"])
    assert all(attribute["order"] > 0 for attribute in definition["attributes"])


def the_example(city: FrontDoor) -> dict[str, str]:
    """The specification's example of a report, moved to this city and to a service of ours."""
    at = spot(60)
    return {
        "api_key": city.keys["hotline-12345"], "jurisdiction_id": "city.gov", "service_code": LAMP, "lat": str(at.lat),
        "long": str(at.lon), "address_string": "1234 5th street", "email": "smit333@sfgov.edu",
        "device_id": "tt222111", "account_id": "123456", "first_name": "john", "last_name": "smith",
        "phone": "111111111", "description": "A large sinkhole is destroying the street",
        "media_url": "http://farm3.example.org/2002/2212426634_5ed477a060.jpg", "attribute[WHISPAWN]": "123456",
        "attribute[WHISDORN]": "COISL001",
    }  # fmt: skip


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_the_example_of_the_specification_is_taken_and_followed(feed: FrontDoor, form: str) -> None:
    answer = await feed.http.post(f"{ROOT}/requests.{form}", data=the_example(feed))
    assert answer.status_code == 201
    (receipt,) = read(answer, form)
    conforms(receipt, RECEIPT)
    assert "service_request_id" not in receipt, "a token or a number, not both"
    (waiting,) = (await get(feed, f"tokens/{receipt['token']}")).content
    conforms(waiting, TOKEN)
    (outcome,) = await file_many(feed.office, [ReportId(UUID(receipt["token"]))])
    no = (await case_of(feed.office, CaseId(outcome.subject))).no if isinstance(outcome, Done) else ""
    for path, query in ((f"requests/{no}", {}), ("requests", {"service_request_id": no}), ("requests", {})):
        for request in (await get(feed, path, **query)).content:
            conforms(request, REQUEST)
            assert request["status"] in {"open", "closed"}
            for name in ("requested_datetime", "updated_datetime", "expected_datetime"):
                assert request[name] is None or datetime.fromisoformat(request[name]).tzinfo is not None


async def test_elements_stand_as_the_specification_nests_them(feed: FrontDoor) -> None:
    for path, shape in (
        ("discovery", ["discovery", "endpoints", "endpoint", "formats", "format"]),
        ("services", ["services", "service", "group"]),
        (f"services/{SEWER_COVER}", ["service_definition", "attributes", "attribute", "values", "value", "name"]),
        ("services/99999", ["errors", "error", "description"]),
        (f"tokens/{UUID(int=1)}", ["errors", "error", "code"]),
    ):
        root = ElementTree.fromstring((await feed.http.get(f"{ROOT}/{path}.xml")).content)  # noqa: S314
        assert root.tag == shape[0]
        assert root.find("/".join([".", *shape[1:]])) is not None, path


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (schemas.DiscoveryOut, DISCOVERY), (schemas.EndpointOut, ENDPOINT), (schemas.ServiceOut, SERVICE),
        (schemas.DefinitionOut, DEFINITION), (schemas.AttributeOut, ATTRIBUTE), (schemas.ValueOut, VALUE),
        (schemas.ReceiptOut, RECEIPT), (schemas.TokenOut, TOKEN), (schemas.RequestOut, REQUEST),
        (schemas.ErrorOut, {"code": (int,), "description": TEXT}),
    ],
)  # fmt: skip
def test_openapi_tells_the_same_tables(model: Any, fields: Fields) -> None:
    assert list(model.model_fields) == list(fields)


def test_a_table_can_find_a_fault() -> None:
    good = {"key": "1", "name": "Ford"}
    conforms(good, VALUE)
    for bad in ({"key": 1, "name": "Ford"}, {"key": "1"}, {**good, "more": None}):
        with pytest.raises(AssertionError):
            conforms(bad, VALUE)


# the page

PAGE = (CHECKOUT / "docs" / "open311.md").read_text(encoding="utf-8")


def examples() -> Iterator[tuple[str, Any]]:
    """Each curl command of the page, with the answer it shows, if any."""
    for command, shown in re.findall(r"```sh\n(curl.*?)```\n(?:\n```json\n(.*?)```)?", PAGE, re.DOTALL):
        yield command.replace("\\\n", " "), json.loads(shown) if shown else None


async def run(city: FrontDoor, command: str, words: Mapping[str, str]) -> httpx.Response:
    """What a curl command does: ``-G``, ``-d``, ``--data-urlencode`` and ``-H`` are all the page needs."""
    for name, word in words.items():
        command = command.replace(f"${name}", word)
    assert "$" not in command, command
    _, *arguments = shlex.split(command)
    url, data, headers, as_query = "", [], {}, False
    while arguments:
        match arguments.pop(0):
            case "-G":
                as_query = True
            case "-d" | "--data-urlencode":
                name, _, value = arguments.pop(0).partition("=")
                data.append((name, value))
            case "-H":
                name, _, value = arguments.pop(0).partition(": ")
                headers[name] = value
            case given:
                assert given.startswith("http"), given
                url = given
    if data and not as_query:
        return await city.http.post(url, data=dict(data), headers=headers)
    return await city.http.get(url, params=dict(data) or None, headers=headers)


async def test_the_page_shows_what_the_door_does(city: FrontDoor) -> None:
    words = {"CITY": "http://city", "KEY": city.keys["hotline-12345"]}
    seen = 0
    for command, shown in examples():
        answer = await run(city, command, words)
        refused = isinstance(shown, list) and "code" in shown[0]
        assert answer.status_code == (400 if refused else 201 if "-H" in command else 200), answer.text
        told = answer.json() if ".json" in command else content_of_xml(answer.content)
        if "Idempotency-Key" in command:
            words["TOKEN"] = told[0]["token"]
            (outcome,) = await file_many(city.office, [ReportId(UUID(words["TOKEN"]))])
            assert isinstance(outcome, Done)
            words["NUMBER"] = (await case_of(city.office, CaseId(outcome.subject))).no
        if shown is not None:
            assert keys_of(told) == keys_of(shown)
            assert settled(told) == settled(shown)
            seen += 1
    assert seen == 5, "the search finds nothing any more"


def settled(content: Any) -> Any:
    """What an example shows, without what is another each time: numbers, tokens, moments."""
    if isinstance(content, dict):
        changing = ("token", "service_request_id", "requested_datetime", "updated_datetime", "expected_datetime")
        return {name: settled(value) for name, value in content.items() if name not in changing}
    return [settled(each) for each in content] if isinstance(content, list) else content


def test_the_page_names_every_setting() -> None:
    for name in MEANINGS:
        if name.startswith("open311_"):
            assert f"`CITYLOOP_{name.upper()}`" in PAGE
