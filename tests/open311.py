"""An Open311 client of our own for tests: it reads both forms by the tables of GeoReport v2, not by our renderer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import httpx

from tests.front_door import FrontDoor

LISTS = {"services", "attributes", "values", "service_requests", "errors", "endpoints", "formats"}
BOOLEANS = {"metadata", "variable", "required"}
NUMBERS = {"code": int, "order": int, "lat": float, "long": float}
ROOT = "/open311/v2"


def content_of_xml(document: bytes | str) -> Any:
    """What an XML answer says, in the types that GeoReport v2 gives its fields."""
    return _content(ElementTree.fromstring(document))  # noqa: S314  (our own answer)


def _content(element: ElementTree.Element, inside: str = "") -> Any:
    if element.tag in LISTS:
        return [_content(child, element.tag) for child in element]
    if len(element):
        return {child.tag: _content(child, element.tag) for child in element}
    text = element.text
    if text is None:
        return None
    if element.tag in BOOLEANS:
        return {"true": True, "false": False}[text]
    if element.tag in NUMBERS and (element.tag != "code" or inside == "error"):
        return NUMBERS[element.tag](text)
    return text


@dataclass(frozen=True, slots=True)
class Told:
    """An answer in both forms: status, headers and content."""

    status: int
    headers: Mapping[str, str]
    content: Any


def read(answer: httpx.Response, form: str) -> Any:
    """An answer's content; its headers are those every answer has."""
    media = {"json": "application/json", "xml": "text/xml"}[form]
    assert answer.headers["content-type"] == f"{media}; charset=utf-8", answer.text[:300]
    assert answer.headers["access-control-allow-origin"] == "*"
    text = answer.content.decode("utf-8")
    if form == "json":
        return json.loads(text)
    assert text.lower().startswith("<?xml version='1.0' encoding='utf-8'?>")
    assert "<!DOCTYPE" not in text
    assert "xmlns" not in text
    return content_of_xml(answer.content)


async def get(city: FrontDoor, path: str, **query: Any) -> Told:
    """A GET in both forms, whose contents are held against each other."""
    answers = {}
    for form in ("json", "xml"):
        answer = await city.http.get(f"{ROOT}/{path}.{form}", params={k: v for k, v in query.items() if v is not None})
        answers[form] = Told(answer.status_code, answer.headers, read(answer, form))
    assert answers["json"].status == answers["xml"].status
    assert answers["json"].content == answers["xml"].content
    told = answers["json"]
    if told.status >= 400:
        well_formed_errors(told)
    return told


async def post(city: FrontDoor, form: str = "json", *, headers: Mapping[str, str] | None = None, **fields: Any) -> Told:
    """A report as an app sends it; lists are sent as repeated fields."""
    return await post_raw(city, urlencode(fields, doseq=True).encode(), form, headers)


async def post_raw(city: FrontDoor, body: bytes, form: str = "json", headers: Mapping[str, str] | None = None) -> Told:
    """A body as it is."""
    own = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", **(headers or {})}
    answer = await city.http.post(f"{ROOT}/requests.{form}", content=body, headers=own)
    told = Told(answer.status_code, answer.headers, read(answer, form))
    if told.status >= 400:
        well_formed_errors(told)
    return told


def well_formed_errors(told: Told) -> list[str]:
    """Open311's own shape of errors; returns our stable codes in them."""
    assert told.status in (400, 403, 404, 429, 503), told
    assert isinstance(told.content, list)
    assert told.content, "at least one error"
    codes = []
    for error in told.content:
        assert error.keys() == {"code", "description"}
        assert error["code"] == told.status
        assert any("\u4e00" <= char <= "\u9fff" for char in error["description"])
        codes.append(error["description"].partition(" (")[2].partition(")")[0])
        assert codes[-1].replace("-", "").isalpha()
    assert len(json.dumps(told.content)) <= 8192
    return codes


def codes_of(told: Told) -> tuple[int, set[str]]:
    """Status and our codes of a refusal."""
    return told.status, set(well_formed_errors(told))
