"""Observations as clients send them: one by one, or as data arrays (OGC 18-088, clauses 10.2 and 13).

What the standard allows and is not kept (FeatureOfInterest, parameters, validTime, …) is refused, not dropped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from api.errors import MAX_FAULTS, invalid_of
from api.schemas import Code, Moment, Strict
from domain.epoch import epoch_ms
from domain.errors import Fault, Invalid, invalid
from domain.reading import DEVICE_AHEAD
from domain.report import checked_time
from sensing.wire import MAX_READINGS, Observation

MAX_BODY: Final = 2 * 1024 * 1024
MAX_VALUES: Final = 4 * MAX_READINGS
"""Values in a body of data arrays: three of each observation, and what is around them."""

_KNOWN = frozenset({"phenomenonTime", "resultTime", "result"})
_moment: TypeAdapter[datetime] = TypeAdapter(Moment)


def _number(value: object) -> object:
    return float(value) if isinstance(value, bool) else value


Result = Annotated[
    float,
    Field(strict=True, allow_inf_nan=False, json_schema_extra={"type": ["number", "boolean"]}),
    BeforeValidator(_number),
]
"""A number, or a truth value, which stands for 1 and 0. One type: a fault points at it, and not into a union."""
_result: TypeAdapter[float] = TypeAdapter(Result)


class DatastreamRef(Strict):
    """The Datastream an observation belongs to, by its id."""

    id: Code = Field(alias="@iot.id", examples=["water-0001"])


class ObservationIn(Strict):
    """One observation. ``phenomenonTime`` is now where it is left out; ``resultTime`` is checked and not kept.

    A truth value stands for 1 and 0. ``Datastream`` is needed where the address does not name it.
    """

    phenomenon_time: Moment | None = Field(None, alias="phenomenonTime", examples=["2026-11-22T08:00:00+08:00"])
    result_time: Moment | None = Field(None, alias="resultTime")
    result: Result = Field(examples=[0.42])
    datastream: DatastreamRef | None = Field(None, alias="Datastream")


class DataArrayIn(Strict):
    """Observations of one Datastream: the names of the components once, then a row of values for each."""

    datastream: DatastreamRef = Field(alias="Datastream")
    components: list[str] = Field(max_length=8, examples=[["phenomenonTime", "result"]])
    count: int | None = Field(None, alias="dataArray@iot.count", ge=0)
    rows: list[list[Any]] = Field(alias="dataArray", examples=[[["2026-11-22T08:00:00+08:00", 0.42]]])


class DataArraysIn(Strict):
    """The body of ``CreateObservations``, which is the list itself."""

    value: list[DataArrayIn]


@dataclass(frozen=True, slots=True)
class Group:
    """The observations of one Datastream."""

    datastream: str
    observations: list[Observation]


def one_of(sent: ObservationIn, named: str | None, now: datetime) -> Observation:
    """An observation; ``named`` is the Datastream of the address. Raises ``Invalid``: none, or two different ones."""
    said = sent.datastream.id if sent.datastream else None
    device = named or said
    if device is None:
        raise invalid("/Datastream", "field-missing", "缺少必填字段", 'the Datastream, as {"@iot.id": …}')
    if said not in (None, device):
        raise invalid("/Datastream/@iot.id", "datastream-mismatch", "数据流不一致", "the address names another one")
    at = checked_time(sent.phenomenon_time or now, now, "/phenomenonTime", DEVICE_AHEAD)
    if sent.result_time is not None:
        checked_time(sent.result_time, now, "/resultTime", DEVICE_AHEAD)
    return Observation(device, epoch_ms(at), sent.result)


def groups_of(tree: object, now: datetime) -> list[Group]:
    """The observations of a body of data arrays, in its order.

    Raises ``Invalid`` with a fault for each value that cannot be, at most 20: nothing of such a body is taken.
    """
    if not isinstance(tree, list):
        raise Invalid("body-not-array", "请求内容须为 JSON 数组", "send a list of data arrays")
    try:
        arrays = DataArraysIn.model_validate({"value": tree}).value
    except ValidationError as error:
        raise _within_list(invalid_of(error)) from None
    if sum(len(array.rows) for array in arrays) > MAX_READINGS:
        raise Invalid("too-many-items", "项目过多", f"at most {MAX_READINGS} observations")
    faults: list[Fault] = []
    groups = [Group(array.datastream.id, list(_rows(array, f"/{n}", now, faults))) for n, array in enumerate(arrays)]
    if faults:
        raise Invalid(faults[0].code, "数据数组有误", f"{len(faults)} faults", tuple(faults[:MAX_FAULTS]))
    return groups


def _rows(array: DataArrayIn, pointer: str, now: datetime, faults: list[Fault]) -> Iterator[Observation]:
    names = array.components
    if not {"result"} <= set(names) <= _KNOWN or len(set(names)) != len(names):
        faults.append(Fault(f"{pointer}/components", "components-invalid", "result, phenomenonTime, resultTime; once"))
        return
    if array.count not in (None, len(array.rows)):
        faults.append(Fault(f"{pointer}/dataArray@iot.count", "readings-uneven", f"{len(array.rows)} rows"))
        return
    for n, row in enumerate(array.rows):
        if len(faults) >= MAX_FAULTS:
            return
        where = f"{pointer}/dataArray/{n}"
        try:
            yield _row(array.datastream.id, names, row, now, where)
        except Invalid as error:
            faults += error.faults


def _row(device: str, names: Sequence[str], row: Sequence[Any], now: datetime, where: str) -> Observation:
    if len(row) != len(names):
        raise invalid(where, "readings-uneven", "各列长度不一致", f"{len(names)} values")
    at, result = now, 0.0
    for n, (name, said) in enumerate(zip(names, row, strict=True)):
        cell = f"{where}/{n}"
        try:
            if name == "result":
                result = _result.validate_python(said)
            elif said is not None:
                moment = checked_time(_moment.validate_python(said), now, cell, DEVICE_AHEAD)
                at = moment if name == "phenomenonTime" else at
        except ValidationError as error:
            first = invalid_of(error).faults[0]
            raise invalid(cell, first.code, first.hint) from None
    return Observation(device, epoch_ms(at), result)


def _within_list(error: Invalid) -> Invalid:
    """The error with pointers into the list itself."""
    faults = tuple(Fault(fault.pointer.removeprefix("/value"), fault.code, fault.hint) for fault in error.faults)
    return Invalid(error.code, error.title, error.detail, faults)
