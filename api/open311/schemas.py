"""The shapes of GeoReport v2 for OpenAPI. Answers in XML hold the same fields; null is an empty element there."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

Responses = dict[int | str, dict[str, Any]]


class EndpointOut(BaseModel):
    """One endpoint of this city."""

    specification: str = Field(examples=["http://wiki.open311.org/GeoReport_v2"])
    url: str
    changeset: str
    type: Literal["production", "test"]
    formats: list[str]


class DiscoveryOut(BaseModel):
    """Where the interface is, in which forms, and whom to ask."""

    changeset: str
    contact: str
    key_service: str
    endpoints: list[EndpointOut]


class ServiceOut(BaseModel):
    """A kind of incident that can be reported: a category (小类) of the city's catalogue."""

    service_code: str = Field(examples=["01002"])
    service_name: str
    description: str
    metadata: bool
    type: Literal["realtime", "batch", "blackbox"]
    keywords: str
    group: str


class ValueOut(BaseModel):
    """A choice."""

    key: str = Field(examples=["01002-1"])
    name: str


class AttributeOut(BaseModel):
    """What one may add to a report: which filing condition (立案条件) holds."""

    variable: bool
    code: str
    datatype: Literal["singlevaluelist"]
    required: bool
    datatype_description: str | None
    order: int
    description: str
    values: list[ValueOut]


class DefinitionOut(BaseModel):
    """A service with its attributes."""

    service_code: str
    attributes: list[AttributeOut]


class ReceiptOut(BaseModel):
    """A report was let in. The token leads to the number of its case."""

    token: UUID
    service_notice: str
    account_id: str | None


class TokenOut(BaseModel):
    """The number of the case a report found, null until it has."""

    service_request_id: str | None
    token: UUID


class RequestOut(BaseModel):
    """A case as the public sees it: no caller, no photos, no exact position."""

    service_request_id: str = Field(examples=["YH-261121-0000123-4"])
    status: Literal["open", "closed"]
    status_notes: str
    service_name: str
    service_code: str
    description: str
    agency_responsible: str | None
    service_notice: None
    requested_datetime: datetime
    updated_datetime: datetime
    expected_datetime: datetime | None
    address: str | None
    address_id: None
    zipcode: None
    lat: float | None
    long: float | None
    media_url: None


class ErrorOut(BaseModel):
    """What was wrong: the HTTP status, and a sentence with our stable code."""

    code: int
    description: str


def answers(model: Any, status: int = 200) -> Responses:
    """The answers of a route: its own in both forms, and errors in both."""
    both: dict[str, Any] = {"text/xml": {}}
    return {
        status: {"model": model, "content": both, "description": "In the form the path ends in."},
        "default": {"model": list[ErrorOut], "content": both, "description": "400, 403, 404, 429 or 503."},
    }


def _named(name: str, says: str, kind: str = "string") -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": says, "schema": {"type": kind}}


JURISDICTION = {"parameters": [_named("jurisdiction_id", "this city, where the settings name it")]}
FILTERS = {
    "parameters": [
        *JURISDICTION["parameters"],
        _named("service_request_id", "case numbers, with commas between; overrides all other filters"),
        _named("service_code", "service codes, with commas between"),
        _named("start_date", "first moment, with offset; at most 90 days before end_date"),
        _named("end_date", "last moment, with offset"),
        _named("status", "open, closed, or both with a comma between"),
        _named("page", "1, 2, …, or the cursor of a Link header"),
        _named("page_size", "1 to 1000", "integer"),
        _named("api_key", "the client's key, where the feed is not open to everybody"),
    ]
}
_FIELDS = {
    "jurisdiction_id": "this city",
    "api_key": "the client's key",
    "service_code": "from the service list",
    "lat": "WGS-84, with long",
    "long": "WGS-84, with lat",
    "address_string": "the place in words",
    "address_id": "a component's code (部件标识码) or an area's code",
    "description": "what happened, at most 4000 characters",
    "attribute[condition]": "a filing condition of the definition",
    "email": "how to reach who reports",
    "first_name": "who reports",
    "last_name": "who reports",
    "phone": "how to reach who reports",
    "device_id": "not kept",
    "account_id": "sent back, not kept",
    "media_url": "address of a photo; kept with the report, never fetched",
}
_PROPERTIES = {name: {"type": "string", "description": says} for name, says in _FIELDS.items()}
REPORT = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {"type": "object", "required": ["service_code"], "properties": _PROPERTIES}
            }
        },
    }
}
