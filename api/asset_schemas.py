"""What HTTP clients ask and receive about components of the register."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from api.case_schemas import AreaOut
from api.parameters import AsWritten
from api.schemas import Strict
from domain.asset import MAX_SCANNED
from domain.place import Crs

FARTHEST_M, MOST = 500.0, 100


class AssetQuery(Strict):
    """One of two questions: ``qr`` is what a scan said; ``near`` is ``lon,lat`` in ``crs``, with a radius in metres."""

    qr: Annotated[str, Field(min_length=1, max_length=MAX_SCANNED)] | None = None
    near: Annotated[str, Field(min_length=3, max_length=64)] | None = Field(None, examples=["113.934867,27.964142"])
    crs: Annotated[str, Field(json_schema_extra={"enum": list(Crs)})] | None = None
    radius_m: Annotated[float, AsWritten, Field(strict=False, ge=1, le=FARTHEST_M)] = 50.0
    limit: Annotated[int, AsWritten, Field(strict=False, ge=1, le=MOST)] = 20


class BodyOut(BaseModel):
    """An organisation; both fields empty where the register names none."""

    code: str
    name: str


class ConditionOut(BaseModel):
    """A filing condition (立案条件): what must be true, and what must be done by when."""

    id: str
    filing: str
    closing: str
    limit: str = Field(examples=["2 urgent_work_hour"])
    urgency: str


class CandidateOut(BaseModel):
    """A category a report about the component may be of, with its filing conditions."""

    code: str
    name: str
    class_code: str
    class_name: str
    conditions: list[ConditionOut]


class AssetCaseOut(BaseModel):
    """An open case about the component, as far as the caller may see it."""

    no: str
    state: str
    state_name: str
    category: str | None
    unit: str | None
    overdue: bool
    opened_at: datetime
    href: str


class AssetOut(BaseModel):
    """A component: where it is, whose it is, what may be wrong with it, and what is open on it.

    ``authority`` supervises (主管部门), ``owner`` owns (权属单位), ``maintainer`` keeps it up (养护单位).
    ``grid_by_point`` is set where the position lies in another grid than the register says. ``report`` is a body for
    ``POST /v1/reports``: add a text, or one of the conditions. ``distance_m`` is set in answers to ``near``.
    """

    code: str = Field(examples=["43990101002000017"])
    name: str
    state: str
    state_name: str
    categories: list[CandidateOut]
    authority: BodyOut
    owner: BodyOut
    maintainer: BodyOut
    areas: list[AreaOut]
    grid: str | None
    grid_by_point: str | None
    street: BodyOut
    community: BodyOut
    point: dict[str, Any] | None
    accuracy: str | None
    first_on: date
    changed_on: date | None
    source: str
    note: str
    more: dict[str, str]
    cases: list[AssetCaseOut]
    report: dict[str, Any]
    distance_m: float | None


class AssetList(BaseModel):
    """Components: the one that was scanned, or those near a point, the nearest first."""

    items: list[AssetOut]
