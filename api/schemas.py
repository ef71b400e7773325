"""What HTTP clients send and receive. Requests are strict: unknown fields and wrong types are refused."""

import re
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from domain.catalogue import Kind, Urgency
from domain.place import Crs

Code = Annotated[str, Field(min_length=1, max_length=64)]
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:")


def _written_time(value: object) -> object:
    """RFC 3339 text only: a bare number would be taken for seconds or milliseconds by its size."""
    if isinstance(value, str) and _RFC3339.match(value):
        return value
    if isinstance(value, str) and _DATE.fullmatch(value):
        raise PydanticCustomError("timezone_aware", "a date alone is a day somewhere, not a moment")
    raise PydanticCustomError("type-mismatch", "an RFC 3339 time with offset is expected")


class Strict(BaseModel):
    """Base of requests: JSON types as they are, nothing unknown, numbers finite."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class PositionIn(Strict):
    """A position in degrees. The coordinate system is never guessed: phones and maps differ by 300–600 m in China."""

    lon: float = Field(examples=[113.934867])
    lat: float = Field(examples=[27.964142])
    crs: Annotated[Crs, Field(strict=False, examples=["EPSG:4326"])]


class CallerIn(Strict):
    """How to reach the person who reported. Stored apart from the report and never published."""

    name: str = Field("", max_length=100)
    phone: str = Field("", max_length=40)


class ReportIn(Strict):
    """An incident as somebody saw it. Give a position, or areas, or an address; a code if you know it, else words."""

    text: str = Field("", max_length=4000, examples=["路口的污水井盖不见了，很危险"])
    category: Code | None = Field(None, examples=["01002"])
    kind: Annotated[Kind, Field(strict=False)] = Kind.EVENT
    condition: Code | None = None
    urgency: Annotated[Urgency, Field(strict=False)] = Urgency.NORMAL
    position: PositionIn | None = None
    areas: list[Annotated[str, Field(max_length=100)]] = Field([], max_length=6, examples=[["临湖区"]])
    address: str = Field("", max_length=256)
    captured_at: Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_written_time)] | None = None
    caller: CallerIn | None = None


class ActionIn(Strict):
    """What a verb needs: a reason to refuse, send back or fail; a unit to dispatch; a category to file."""

    reason: str = Field("", max_length=500, examples=["not-our-duty"])
    note: str = Field("", max_length=2000, examples=["已更换井盖，现场清理完毕"])
    unit: Code | None = None
    assist: list[Code] = Field([], max_length=10)
    category: Code | None = None
    condition: Code | None = None
    area: Code | None = None


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
    cases: list[Linked]


class AreaOut(BaseModel):
    """An area on the path from the city down."""

    code: str
    name: str


class DeadlineOut(BaseModel):
    """A promise with a date and where it comes from."""

    clock: str
    cycle: int
    set_at: datetime
    due_at: datetime
    origin: str
    state: str


class TaskOut(BaseModel):
    """One unit's share of a case."""

    id: UUID
    unit: str
    unit_name: str
    part: str
    state: str
    round: int
    offered_at: datetime
    accepted_at: datetime | None
    ended_at: datetime | None
    result: str
    reason: str


class CaseOut(BaseModel):
    """A case as lists show it."""

    no: str = Field(examples=["YH-261121-0000123-4"])
    version: int
    state: str
    state_name: str
    source: str
    urgency: str
    overdue: bool
    category: dict[str, Any] | None
    condition: dict[str, Any] | None
    areas: list[AreaOut]
    grid: str | None
    doubt: str
    point: dict[str, Any] | None
    unit: str | None
    unit_name: str | None
    opened_at: datetime
    updated_at: datetime
    filed_at: datetime | None
    dispatched_at: datetime | None
    ended_at: datetime | None
    send_backs: int
    reworks: int
    deadlines: list[DeadlineOut]
    tasks: list[TaskOut]


class CaseWithReports(CaseOut):
    """A case with every report behind it."""

    reports: list[dict[str, Any]]


class CasePage(BaseModel):
    """A page of cases, newest first; ``next`` is the cursor of the following page, null at the end."""

    items: list[CaseOut]
    next: str | None


class TaskItem(BaseModel):
    """One line of a unit's work list: its task and the case it belongs to."""

    task: TaskOut
    case: CaseOut


class TaskPage(BaseModel):
    """A page of a unit's open tasks, oldest first."""

    items: list[TaskItem]
    next: str | None


class StepOut(BaseModel):
    """One step of a case's history."""

    version: int
    type: str
    at: datetime
    actor: dict[str, Any]
    state: str
    reason: str
    note: str


class Explanation(BaseModel):
    """Why this category, place, unit and deadline, in facts and in sentences."""

    no: str
    what: dict[str, Any]
    where: dict[str, Any]
    who: dict[str, Any] | None
    when: list[DeadlineOut]
    sentences: list[str]


class ActionsOut(BaseModel):
    """What the caller may do now, with the version to send in If-Match."""

    version: int
    verbs: list[str]
    tasks: dict[str, list[str]]


class ActionDone(BaseModel):
    """A verb took effect."""

    no: str
    version: int


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
REQUESTS: tuple[type[Strict], ...] = (ReportIn, ActionIn)


def json_of(model: type[Strict]) -> dict[str, Any]:
    """A request body for OpenAPI. Routes read the raw bytes themselves, so that size and form are judged first."""
    schema = {"$ref": _REF.format(model=model.__name__)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def request_schemas() -> dict[str, Any]:
    """The schemas of all request bodies and their parts, by name, for OpenAPI's components."""
    found: dict[str, Any] = {}
    for model in REQUESTS:
        schema = model.model_json_schema(ref_template=_REF)
        found.update(schema.pop("$defs", {}))
        found[model.__name__] = schema
    return found


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route, for OpenAPI."""
    return {status: {"model": Problem, "content": {"application/problem+json": {}}} for status in statuses}
