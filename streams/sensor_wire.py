"""Readings on the wire, contract ``sensor-readings.v1``: one reading, or columns of many from one gateway, as arrays.

msgspec parses the columns and numpy takes them over without a loop of ours. One colon for every field, and no more than
the ids hold, proves that no field is named twice; a record that does not add up so is read again with care, and slowly.
"""

import struct
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
import numpy as np
import orjson
from numpy.typing import NDArray

from domain.epoch import epoch_ms
from domain.errors import Invalid, invalid
from domain.jsontext import BOM, careful, check_shape, faults_in, names_once, text_of, why_no_time, wrong
from domain.report import clean_code
from sensing.wire import MAX_READINGS
from streams.raw import Raw
from streams.records import Code
from streams.topics import SENSOR_READINGS
from streams.wire import MAX_VALUE, checked_schema

MAX_VALUES = 3 * MAX_READINGS + 1000
"""Values of any kind in one record: three columns, and room for fields nobody knows."""

# years 1 to 9999: whether a device's clock can be believed is for its rules to judge, one reading at a time
_FIRST, _LAST = -62_135_596_800_000, 253_402_300_799_999
_WHOLE = 2.0**63
_COLON = ord(":")

Whole = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class SensorReadings(msgspec.Struct, frozen=True, kw_only=True):
    """``sensor-readings.v1``: one reading, or columns of many from one gateway. The key is the gateway.

    One: ``device``, ``at`` as a time, ``value``; the key of a device without gateway is the device. Many: ``gateway``,
    ``devices``, ``at`` as epoch milliseconds UTC and ``values``, columns of one length from 1 to 10,000, in the order
    the readings were taken; ``sequence`` may count the gateway's records. A state is a number as the kind says.
    """

    device: Code | None = None
    gateway: Code | None = None
    devices: list[Code] | None = None
    at: datetime | list[int]
    value: float | None = None
    values: list[float] | None = None
    sequence: Whole | None = None


class Batch(msgspec.Struct, frozen=True, eq=False):
    """At least one reading of one gateway in the order sent. All [n]: ids, ``at`` in ms UTC, ``values`` finite."""

    gateway: str
    devices: list[str]
    at: NDArray[np.int64]
    values: NDArray[np.float64]
    sequence: int | None = None

    def __len__(self) -> int:
        return len(self.devices)


_decoder = msgspec.json.Decoder(SensorReadings)


def parse(raw: Raw) -> Batch:
    """The readings of a Kafka record. Raises ``Invalid`` as ``read`` does, and for its headers and key."""
    checked_schema(raw.headers, SENSOR_READINGS.contract)
    if not raw.key:
        raise _other_key()
    try:
        return read(raw.value, raw.key.decode())
    except UnicodeDecodeError:
        raise _other_key() from None


def read(value: bytes | None, gateway: str) -> Batch:
    """The readings of a body that came by way of ``gateway``. One that cannot be used refuses them all.

    Raises ``Invalid``: what every body may be refused for (``streams.wire``), ``key-mismatch``, ``readings-mixed``,
    ``readings-none``, ``readings-uneven``; ``timestamp-out-of-range`` only for what no calendar has.
    """
    if not value:
        raise Invalid("json-invalid", "消息为空", "a record holds one JSON object")
    if len(value) > MAX_VALUE:
        raise Invalid("too-large", "消息过大", f"at most {MAX_VALUE} bytes")
    body = value.removeprefix(BOM)
    batch = _at_once(body, gateway) or _with_care(body, gateway)
    if batch.gateway != gateway:
        raise _other_key()
    return batch


def _other_key() -> Invalid:
    return Invalid("key-mismatch", "消息键与内容不符", "the key is the gateway: its readings keep their order")


def _at_once(body: bytes, gateway: str) -> Batch | None:
    """The readings of a body in which nothing is wrong or unusual; None asks for a closer look."""
    try:
        sent = _decoder.decode(body)
    except (ValueError, RecursionError):  # msgspec's errors are such, and so is text that is not UTF-8
        return None
    if sent.devices is None:
        return _one(sent, gateway) if _named_once(body) else None
    n = len(sent.devices)
    if not (isinstance(sent.at, list) and sent.values is not None and sent.gateway is not None):
        return None
    ids = "".join(sent.devices) + sent.gateway
    colons = 4 + (sent.sequence is not None) + ids.count(":")
    if b"\\" in body or np.count_nonzero(np.frombuffer(body, np.uint8) == _COLON) != colons or not _plain(ids):
        return None
    if not 1 <= n <= MAX_READINGS or len(sent.at) != n or len(sent.values) != n:
        return None
    try:
        at = np.fromiter(sent.at, np.int64, n)
    except OverflowError:
        return None
    values = np.frombuffer(struct.pack(f"{n}d", *sent.values))  # floats for sure: half the time of np.fromiter
    if np.minimum.reduce(at) < _FIRST or np.maximum.reduce(at) > _LAST or np.maximum.reduce(np.abs(values)) >= _WHOLE:
        return None
    return Batch(sent.gateway, sent.devices, at, values, sent.sequence)


def _named_once(body: bytes) -> bool:
    """Whether one reading's body names nothing twice, whatever stands in fields nobody knows. Raises ``Invalid``."""
    check_shape(body, MAX_VALUES)  # the parser below goes down as deep as it is led
    try:
        return names_once(body, orjson.dumps(orjson.loads(body)))
    except ValueError:  # numbers that msgspec passes over where nobody reads them
        return False


def _one(sent: SensorReadings, gateway: str) -> Batch | None:
    device, at, value = sent.device, sent.at, sent.value
    if device is None or value is None or sent.values is not None or not isinstance(at, datetime):
        return None
    if sent.gateway not in (None, gateway) or not _plain(device + gateway):
        return None
    if at.tzinfo is None or abs(value) >= _WHOLE:
        return None
    ms = epoch_ms(at)
    return _batch(gateway, [device], [ms], [value], sent.sequence) if _FIRST <= ms <= _LAST else None


def _plain(ids: str) -> bool:
    """Whether nothing about these letters needs a closer look."""
    seen = "\x7f" not in ids if ids.isascii() else ids.isprintable()  # JSON has no other bare control character
    return seen and " " not in ids


def _batch(gateway: str, devices: list[str], at: list[int], values: list[float], sequence: int | None) -> Batch:
    return Batch(gateway, devices, np.array(at, np.int64), np.array(values, np.float64), sequence)


def _with_care(body: bytes, gateway: str) -> Batch:
    """The same readings the long way, or what is wrong with them and where. Raises ``Invalid``."""
    check_shape(body, MAX_VALUES)
    text = text_of(body)
    if text is None:
        raise Invalid("json-invalid", "无法解析 JSON", "the value is not UTF-8")
    tree = careful(text)
    if faults := tuple(faults_in(tree)):
        raise wrong(faults)
    if not isinstance(tree, dict):
        raise Invalid("body-not-object", "请求内容须为 JSON 对象", "a record holds one JSON object")
    given = {name: part for name, part in tree.items() if part is not None}
    sequence = _whole(given["sequence"], "/sequence") if "sequence" in given else None
    if sequence is not None and sequence < 0:
        raise invalid("/sequence", "number-out-of-range", "数值超出范围", "a count from 0")
    if not given.keys() & {"devices", "values"}:
        named = _id(given.get("gateway", gateway), "/gateway")
        device, value = _id(_there(given, "device"), "/device"), _number(_there(given, "value"), "/value")
        return _batch(named, [device], [_moment(_there(given, "at"))], [value], sequence)
    if given.keys() & {"device", "value"}:
        raise Invalid("readings-mixed", "单条与批量格式混用", "send `device` and `value`, or `devices` and `values`")
    return _batch(_id(_there(given, "gateway"), "/gateway"), *_columns(given), sequence)


def _columns(given: Mapping[str, Any]) -> tuple[list[str], list[int], list[float]]:
    columns = {name: _there(given, name) for name in ("devices", "at", "values")}
    for name, column in columns.items():
        if not isinstance(column, list):
            raise invalid(f"/{name}", "type-mismatch", "字段类型不符", "a list")
        if len(column) > MAX_READINGS:
            raise invalid(f"/{name}", "too-many-items", "项目过多", f"at most {MAX_READINGS} readings")
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        told = ", ".join(f"{name} {len(column)}" for name, column in columns.items())
        raise Invalid("readings-uneven", "各列长度不一致", told)
    if lengths == {0}:
        raise invalid("/devices", "readings-none", "没有读数", "at least one reading")
    devices, at, values = columns.values()
    return (
        [_id(each, f"/devices/{place}") for place, each in enumerate(devices)],
        [_ms(_whole(each, f"/at/{place}"), f"/at/{place}") for place, each in enumerate(at)],
        [_number(each, f"/values/{place}") for place, each in enumerate(values)],
    )


def _there(given: Mapping[str, Any], name: str) -> Any:
    if name not in given:
        raise invalid(f"/{name}", "field-missing", "缺少必填字段")
    return given[name]


def _id(part: object, pointer: str) -> str:
    if not isinstance(part, str):
        raise invalid(pointer, "type-mismatch", "字段类型不符", "a text")
    return clean_code(part, pointer)


def _number(part: object, pointer: str) -> float:
    if isinstance(part, bool) or not isinstance(part, int | float):
        raise invalid(pointer, "type-mismatch", "字段类型不符", "a number")
    return float(part)


def _whole(part: object, pointer: str) -> int:
    if isinstance(part, bool) or not isinstance(part, int):
        raise invalid(pointer, "type-mismatch", "字段类型不符", "a whole number")
    return part


def _moment(part: object) -> int:
    """Epoch milliseconds of a time as text."""
    try:
        at = msgspec.convert(part, datetime)
    except msgspec.ValidationError:
        raise invalid("/at", *why_no_time(part), "an RFC 3339 time with offset") from None
    return moment_ms(at, "/at")


def moment_ms(at: datetime, pointer: str) -> int:
    """Milliseconds since 1970. Raises ``Invalid``: ``timestamp-no-offset``, or years nobody can write in UTC."""
    if at.tzinfo is None:
        raise invalid(pointer, "timestamp-no-offset", "时间缺少时区", "an RFC 3339 time with offset")
    return _ms(epoch_ms(at), pointer)


def _ms(at: int, pointer: str) -> int:
    if not _FIRST <= at <= _LAST:
        raise invalid(pointer, "timestamp-out-of-range", "时间超出范围", "years 1 to 9999, in UTC")
    return at
