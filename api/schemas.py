"""What HTTP clients send and receive. Requests are strict: unknown fields and wrong types are refused."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from api.attachment_schemas import AttachmentOut
from domain.asset import MAX_SCANNED
from domain.case import Clock
from domain.catalogue import Kind, Urgency
from domain.errors import Invalid
from domain.jsontext import why_no_time
from domain.place import Crs, Level, Point
from domain.reading import Flag
from domain.report import CallerKind, checked_point, clean_code, crs_of
from domain.ticket import Appeal


def _clean(code: str) -> str:
    """A code of one line, in which nothing hides."""
    try:
        return clean_code(code, "")
    except Invalid as error:
        raise PydanticCustomError(error.code, error.title) from None


Code = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_clean)]
_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:")


def _written_time(value: object) -> object:
    """RFC 3339 text only: a bare number would be taken for seconds or milliseconds by its size."""
    if isinstance(value, str) and _RFC3339.match(value):
        return value
    raise PydanticCustomError(*why_no_time(value))


Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_written_time)]
"""A time as RFC 3339 writes it, with its offset."""


class Strict(BaseModel):
    """Base of requests: JSON types as they are, nothing unknown, numbers finite."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class PositionIn(Strict):
    """A position in degrees. The coordinate system is never guessed: phones and maps differ by 300–600 m in China."""

    lon: float = Field(examples=[113.934867])
    lat: float = Field(examples=[27.964142])
    crs: Annotated[str, Field(json_schema_extra={"enum": list(Crs)})] | None = Field(None, examples=["EPSG:4326"])
    accuracy_m: float | None = Field(None, gt=0, le=100_000, description="as the phone says, metres", examples=[8.0])

    def point(self, pointer: str) -> Point:
        """The position as a point that can be one. Raises ``Invalid``."""
        return checked_point(self.lon, self.lat, crs_of(self.crs, pointer), pointer)


class CallerIn(Strict):
    """How to reach who reported: stored apart from the report and never published. ``kind`` is who speaks."""

    name: str = Field("", max_length=100)
    phone: str = Field("", max_length=40, examples=["13900000000"])
    kind: CallerKind | None = None


class ReportIn(Strict):
    """An incident as somebody saw it. Say where (position, areas, address or component), and a code if you know it."""

    text: str = Field("", max_length=4000, examples=["路口的污水井盖不见了，很危险"])
    category: Code | None = Field(None, examples=["01002"])
    kind: Annotated[Kind, Field(strict=False)] = Kind.EVENT
    condition: Code | None = None
    urgency: Annotated[Urgency, Field(strict=False)] = Urgency.NORMAL
    position: PositionIn | None = None
    appeal: Annotated[Appeal, Field(strict=False)] = Appeal.HELP
    areas: list[Annotated[str, Field(max_length=100)]] = Field([], max_length=6, examples=[["临湖区"]])
    address: str = Field("", max_length=256)
    asset: Annotated[str, Field(min_length=1, max_length=MAX_SCANNED)] | None = Field(
        None, description="identifier of the component (部件标识码), or what its QR code says"
    )
    captured_at: Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_written_time)] | None = None
    caller: CallerIn | None = None
    attachments: list[Annotated[UUID, Field(strict=False)]] = Field([], description="uploaded before by this client")


class ActionIn(Strict):
    """What a verb needs; which field is for which verb stands in docs/lifecycle.md, others are refused with it.

    ``photos`` name attachments this client has uploaded. ``closing`` is ``met`` (the closing condition holds) or
    ``notice`` (告知性结案). ``into`` is the number of the case to merge into; ``until`` the end of a suspension;
    ``clock`` and ``cycle`` name the deadline of an appeal; the three verdicts of a call-back are null where the caller
    could not say.
    """

    reason: str = Field("", max_length=500, examples=["not-our-duty"])
    note: str = Field("", max_length=2000, examples=["已更换井盖，现场清理完毕"])
    unit: Code | None = None
    assist: list[Code] = Field([], max_length=10)
    optional: list[Code] = Field([], max_length=10)
    category: Code | None = None
    condition: Code | None = None
    area: Code | None = None
    report: Annotated[UUID, Field(strict=False)] | None = None
    worker: Code | None = None
    photos: list[Code] = Field([], max_length=20)
    position: PositionIn | None = None
    closing: Literal["met", "notice"] | None = None
    until: Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_written_time)] | None = None
    clock: Annotated[Clock, Field(strict=False)] | None = None
    cycle: int = Field(0, ge=0, le=10_000)
    petition: Annotated[UUID, Field(strict=False)] | None = None
    replies: bool = False
    contacted: bool | None = None
    solved: bool | None = None
    satisfied: bool | None = None
    plan: Code | None = None
    level: Annotated[Level, Field(strict=False)] | None = None
    into: Code | None = None


class PresenceIn(Strict):
    """An inspector's phone: on duty, and where."""

    position: PositionIn | None = None


class SpotCheckIn(Strict):
    """A draw of closed cases (抽查): the same seed over the same record draws the same cases."""

    seed: str = Field(min_length=1, max_length=64, examples=["2026-11"])
    quota: int = Field(ge=1, le=100, description="cases of each lead unit")
    since: Moment
    until: Moment


class ReportItemIn(Strict):
    """One report of a batch under its own key, which is its Idempotency-Key for ever."""

    key: str = Field(min_length=1, max_length=255, examples=["phone-7-000123"])
    report: ReportIn


class ReportBatchIn(Strict):
    """What a phone has gathered while it had no line: up to 500 reports, each judged on its own."""

    items: list[ReportItemIn] = Field(min_length=1, max_length=500)


class ReportItemOut(BaseModel):
    """What became of one report: ``status`` is what it would have been answered alone."""

    key: str
    status: int
    report_id: UUID | None
    replayed: bool
    problem: dict[str, Any] | None


class ReportBatchOut(BaseModel):
    """One outcome an item, in order."""

    items: list[ReportItemOut]


class Accepted(BaseModel):
    """The receipt: from now on the report is in the record and can be read."""

    report_id: UUID
    status: str = Field(examples=["accepted"])
    links: dict[str, str]


class Linked(BaseModel):
    """A case a report stands behind."""

    no: str = Field(examples=["YH-261121-0000123-4"])
    state: str
    opened: bool


class ReportOut(BaseModel):
    """A report as it came, with its cases."""

    id: UUID
    source: str
    received_at: datetime
    occurred_at: datetime | None
    text: str
    address: str
    category: str | None
    urgency: str
    point: dict[str, Any] | None
    area_names: list[str]
    asset: str | None
    cases: list[Linked]
    attachments: list[AttachmentOut]
    flags: list[Flag] = Field(description="what is doubtful about it: docs/strictness.md")


class Drawn(BaseModel):
    """A draw for 抽查: every case drawn, with the inspector who is sent, or why nobody was."""

    seed: str
    cases: list[dict[str, Any]]


class Problem(BaseModel):
    """RFC 9457 problem details, with our stable code and the fields at fault."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    current_version: int | None = None
    errors: list[dict[str, str]] | None = None


_REF = "#/components/schemas/{model}"
REQUESTS: tuple[type[Strict], ...] = (ReportIn, ReportBatchIn, ActionIn, PresenceIn, SpotCheckIn)


def json_of(model: type[Strict]) -> dict[str, Any]:
    """A request body for OpenAPI. Routes read the raw bytes themselves, so that size and form are judged first."""
    schema = {"$ref": _REF.format(model=model.__name__)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def request_schemas(*more: type[Strict]) -> dict[str, Any]:
    """The schemas of all request bodies and their parts, by name, for OpenAPI's components."""
    found: dict[str, Any] = {}
    for model in (*REQUESTS, *more):
        schema = model.model_json_schema(ref_template=_REF)
        found.update(schema.pop("$defs", {}))
        found[model.__name__] = schema
    return found


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route, for OpenAPI."""
    return {status: {"model": Problem, "content": {"application/problem+json": {}}} for status in statuses}
