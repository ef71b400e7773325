"""Readings on the wire: what is right becomes arrays as it was sent, what is wrong is told by code and place."""

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Invalid
from sensing.wire import MAX_READINGS, Observation, columns_of
from streams.raw import Raw
from streams.sensor_wire import Batch, parse, read
from streams.topics import SENSOR_READINGS
from streams.wire import MAX_VALUE

GOLDEN = Path(__file__).resolve().parents[1] / "contracts" / "sensor-readings.v1.json"
HEADERS = (("schema", b"sensor-readings.v1"),)
ONE = {"device": "lamp-0001", "at": "2026-11-22T08:00:00+08:00", "value": 3.5}
MANY = {"gateway": "gw-17", "devices": ["d1", "d2"], "at": [1763769600000, 1763769600001], "values": [1.5, 2]}
EIGHT = 1795305600000


def record(body: Any, key: bytes | None = b"gw-17", headers: tuple[tuple[str, bytes], ...] = HEADERS) -> Raw:
    value = body if isinstance(body, bytes) or body is None else json.dumps(body, ensure_ascii=False).encode()
    return Raw("cityloop.sensor.readings.v1", 0, 0, key, headers, value, 0)


def told(batch: Batch) -> tuple[str, list[str], list[int], list[float], int | None]:
    assert batch.at.dtype == np.int64
    assert batch.values.dtype == np.float64
    return batch.gateway, list(batch.devices), batch.at.tolist(), batch.values.tolist(), batch.sequence


def refused(body: Any, key: bytes | None = b"gw-17", headers: tuple[tuple[str, bytes], ...] = HEADERS) -> Invalid:
    with pytest.raises(Invalid) as caught:
        parse(record(body, key, headers))
    return caught.value


# --- What is right


def test_the_golden_record() -> None:
    batch = parse(record(GOLDEN.read_bytes()))
    devices = ["lamp-0001", "lamp-0002", "lamp-0001"]
    assert told(batch) == (
        "gw-17",
        devices,
        [1763769600000, 1763769600000, 1763769660000],
        [3.5, 0.0, -1.25],
        4711,
    )
    assert len(batch) == 3


@pytest.mark.parametrize("key", [b"gw-17", b"lamp-0001"])
def test_one_reading_belongs_to_the_gateway_its_key_names(key: bytes) -> None:
    assert told(parse(record(ONE, key))) == (key.decode(), ["lamp-0001"], [EIGHT], [3.5], None)
    assert told(parse(record(ONE | {"gateway": key.decode(), "sequence": 7}, key)))[4] == 7


@pytest.mark.parametrize(
    ("at", "ms"),
    [
        ("2026-11-22T00:00:00Z", EIGHT),
        ("2026-11-22T08:00:00.001+08:00", EIGHT + 1),
        ("2026-11-22T00:00:00.0019990Z", EIGHT + 1),
        ("1969-12-31T23:59:59.999Z", -1),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000),
    ],
)
def test_a_time_is_taken_to_the_millisecond_and_its_clock_is_not_judged(at: str, ms: int) -> None:
    assert told(parse(record(ONE | {"at": at})))[2] == [ms]


@pytest.mark.parametrize(
    "body",
    [
        MANY | {"sequence": None, "device": None, "value": None},
        MANY | {"firmware": {"version": "1.4", "since": ["2026"]}},
        {"gateway": "gw-17", "devices": ["d1", "d2"], "at": MANY["at"], "values": [1.5, 2.0]},
        json.dumps(MANY).replace("d1", "\\u0064\\u0031").encode(),
        json.dumps(MANY, indent="\t").encode(),
        b"\xef\xbb\xbf" + json.dumps(MANY).encode(),
        MANY | {"devices": [" d1", "d2 "]},
    ],
    ids=lambda body: repr(body)[:60],
)
def test_what_is_unusual_and_right_is_understood_the_same(body: Any) -> None:
    assert told(parse(record(body))) == ("gw-17", ["d1", "d2"], MANY["at"], [1.5, 2.0], None)


def test_ids_may_hold_colons_and_chinese() -> None:
    many = MANY | {"gateway": "urn:网关:17", "devices": ["urn:dev:1", "井盖:二"]}
    assert told(parse(record(many, "urn:网关:17".encode())))[1] == ["urn:dev:1", "井盖:二"]


def test_a_full_record_is_understood_at_once_and_with_care() -> None:
    n = MAX_READINGS
    full = {"gateway": "g", "devices": [f"lamp-{k:06}" for k in range(n)], "at": [EIGHT] * n, "values": [0.25] * n}
    assert len(read(json.dumps(full).encode(), "g")) == n
    careful = read(json.dumps(full | {"more": "said"}).encode(), "g")
    assert told(careful) == told(read(json.dumps(full).encode(), "g"))


def test_what_the_doors_group_is_what_is_read() -> None:
    taken = [Observation("d1", EIGHT, 1.5), Observation("d2", EIGHT + 1, -2.0), Observation("d1", EIGHT, 3.0)]
    (columns,) = columns_of(taken, {"d1": "gw-17", "d2": "gw-17"})
    assert told(parse(record(columns.record))) == (
        "gw-17", ["d1", "d2", "d1"], [EIGHT, EIGHT + 1, EIGHT], [1.5, -2.0, 3.0], None,
    )  # fmt: skip


# --- What is wrong


BAD_BODIES: list[tuple[Any, str]] = [
    (None, "json-invalid"),
    (b"", "json-invalid"),
    (b"{", "json-invalid"),
    (b"3.5", "body-not-object"),
    (b"null", "body-not-object"),
    ([ONE], "body-not-object"),
    ('{"gateway":"网关"}'.encode("gbk"), "json-invalid"),
    (json.dumps(MANY).encode("utf-16"), "json-invalid"),
    (b"[" * 100_000, "json-too-deep"),
    (b'{"x":' + b"[" * 40 + b"]" * 40 + b"," + json.dumps(MANY).encode()[1:], "json-too-deep"),
    (b'{"x":"' + b"y" * MAX_VALUE + b'"}', "too-large"),
    (b'{"x":[' + b"0," * 40_000 + b"0]}", "too-many-items"),
    (json.dumps(MANY).encode()[:-1] + b',"values":[9,9]}', "json-duplicate-key"),
    (json.dumps(MANY).encode()[:-1] + b',"v\\u0061lues":[9,9]}', "json-duplicate-key"),
    (json.dumps(MANY).encode()[:-1] + b',"values" : [9,9]}', "json-duplicate-key"),
    (b'{"devices":["a:b"],"gateway":"gw-17","devices":["ab"],"at":[1],"values":[1]}', "json-duplicate-key"),
    (b'{"devices":["a"],"gateway":"gw-17","devices":["\\u003a"],"at":[1],"values":[1]}', "json-duplicate-key"),
    (b'{"more":{"a":1,"a":2},' + json.dumps(MANY).encode()[1:], "json-duplicate-key"),
    (b'{"value":1,' + json.dumps(ONE).encode()[1:], "json-duplicate-key"),
    ({}, "field-missing"),
    ({"device": "d1", "at": ONE["at"]}, "field-missing"),
    ({"device": "d1", "value": 1}, "field-missing"),
    ({"at": ONE["at"], "value": 1}, "field-missing"),
    (MANY | ONE, "readings-mixed"),
    (MANY | {"device": "d3"}, "readings-mixed"),
    (ONE | {"values": [1.5]}, "readings-mixed"),
    (MANY | {"devices": [], "at": [], "values": []}, "readings-none"),
    (ONE | {"sequence": 1.5}, "type-mismatch"),
    (MANY | {"sequence": True}, "type-mismatch"),
    (MANY | {"sequence": -1}, "number-out-of-range"),
    (MANY | {"sequence": 2**63}, "number-out-of-range"),
]


@pytest.mark.parametrize(("body", "code"), BAD_BODIES, ids=lambda part: repr(part)[:48])
def test_a_bad_body_is_told_by_its_code(body: Any, code: str) -> None:
    assert refused(body).code == code


BAD_FIELDS: list[tuple[str, Any, str, str]] = [
    ("devices", None, "field-missing", "/devices"),
    ("at", None, "field-missing", "/at"),
    ("values", None, "field-missing", "/values"),
    ("gateway", None, "field-missing", "/gateway"),
    ("gateway", 17, "type-mismatch", "/gateway"),
    ("gateway", "", "text-empty", "/gateway"),
    ("devices", "d1", "type-mismatch", "/devices"),
    ("devices", ["d1", 2], "type-mismatch", "/devices/1"),
    ("devices", ["d1", ""], "text-empty", "/devices/1"),
    ("devices", ["d1", " "], "text-empty", "/devices/1"),
    ("devices", ["d" * 65, "d2"], "text-too-long", "/devices/0"),
    ("devices", ["d1", "d\u200b2"], "text-invisible-char", "/devices/1"),
    ("devices", ["d1", "d\x7f2"], "text-control-char", "/devices/1"),
    ("devices", ["d1", "d\x002"], "text-control-char", "/devices/1"),
    ("devices", ["d1"], "readings-uneven", ""),
    ("at", [1, 2, 3], "readings-uneven", ""),
    ("values", [], "readings-uneven", ""),
    ("at", "2026-11-22T08:00:00+08:00", "type-mismatch", "/at"),
    ("at", [1763769600000, 1763769600000.5], "type-mismatch", "/at/1"),
    ("at", [True, 1], "type-mismatch", "/at/0"),
    ("at", ["1763769600000", 1], "type-mismatch", "/at/0"),
    ("at", [2**63, 1], "number-out-of-range", "/at/0"),
    ("at", [1, 253_402_300_800_000], "timestamp-out-of-range", "/at/1"),
    ("at", [-(2**62), 1], "timestamp-out-of-range", "/at/0"),
    ("values", [1, None], "type-mismatch", "/values/1"),
    ("values", [1, "2"], "type-mismatch", "/values/1"),
    ("values", [1, False], "type-mismatch", "/values/1"),
    ("values", [[1], 2], "type-mismatch", "/values/0"),
    ("values", [1, math.nan], "number-not-finite", "/values/1"),
    ("values", [-math.inf, 1], "number-not-finite", "/values/0"),
    ("values", [1, 2**63], "number-out-of-range", "/values/1"),
    ("values", [1, 10**300], "number-out-of-range", "/values/1"),
]


@pytest.mark.parametrize(("name", "part", "code", "pointer"), BAD_FIELDS, ids=lambda part: repr(part)[:32])
def test_a_bad_column_is_told_by_its_code_and_place(name: str, part: Any, code: str, pointer: str) -> None:
    error = refused(MANY | {name: part})
    assert (error.code, [fault.pointer for fault in error.faults][:1]) == (code, [pointer] if pointer else [])


@pytest.mark.parametrize(
    ("name", "part", "code"),
    [
        ("at", "2026-11-22T08:00:00", "timestamp-no-offset"),
        ("at", "2026-11-22", "timestamp-no-offset"),
        ("at", "2026-13-22T08:00:00Z", "timestamp-invalid"),
        ("at", "", "timestamp-invalid"),
        ("at", "0001-01-01T00:00:00+08:00", "timestamp-out-of-range"),
        ("at", 1763769600000, "type-mismatch"),
        ("at", "1763769600000", "type-mismatch"),
        ("at", [1763769600000], "type-mismatch"),
        ("at", True, "type-mismatch"),
        ("value", "3.5", "type-mismatch"),
        ("value", True, "type-mismatch"),
        ("value", [3.5], "type-mismatch"),
        ("value", math.nan, "number-not-finite"),
        ("value", 2**63, "number-out-of-range"),
        ("device", 1, "type-mismatch"),
        ("device", "", "text-empty"),
        ("device", "d\u202e1", "text-invisible-char"),
        ("device", "\ud800", "text-invalid-unicode"),
    ],
)
def test_a_bad_field_of_one_reading_is_told_by_its_code(name: str, part: Any, code: str) -> None:
    error = refused(json.dumps(ONE | {name: part}).encode())
    assert (error.code, error.faults[0].pointer) == (code, f"/{name}")


def test_numbers_too_large_for_any_number() -> None:
    assert refused(json.dumps(MANY).replace("1.5", "1e999").encode()).code == "number-not-finite"
    assert refused(json.dumps(MANY).replace("1.5", "9" * 5000).encode()).code == "number-too-long"


@pytest.mark.parametrize("key", [None, b"", b"gw-18", b"gw-17 ", b"\xff"])
def test_the_key_is_the_gateway(key: bytes | None) -> None:
    assert refused(MANY, key).code == "key-mismatch"


@pytest.mark.parametrize("key", [None, b"", b"\xff"])
def test_one_reading_needs_a_key_too(key: bytes | None) -> None:
    assert refused(ONE, key).code == "key-mismatch"
    assert refused(ONE | {"gateway": "gw-18"}).code == "key-mismatch"


@pytest.mark.parametrize(
    ("headers", "code"),
    [((), "schema-missing"), ((("schema", b"sensor-readings.v2"),), "schema-unsupported")],
)
def test_the_header_names_the_contract(headers: tuple[tuple[str, bytes], ...], code: str) -> None:
    assert refused(MANY, headers=headers).code == code
    assert len(parse(record(MANY, headers=(("schema", b"sensor-readings.v1.3"),)))) == 2
    assert SENSOR_READINGS.contract == "sensor-readings.v1"


# --- Whatever is sent


_ids = st.text(min_size=1, max_size=64).filter(lambda text: text.isprintable() and text.strip() == text)
_ms = st.integers(-62_135_596_800_000, 253_402_300_799_999)
_values = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63) + 1, 2**63 - 1)
_sequences = st.none() | st.integers(0, 2**63 - 1)


@given(st.lists(st.tuples(_ids, _ms, _values), min_size=1, max_size=20), _ids, _sequences, st.booleans(), st.booleans())
@settings(max_examples=300, deadline=None)
def test_columns_come_through_as_they_were_sent(
    readings: list[tuple[str, int, float]], gateway: str, sequence: int | None, escaped: bool, spaced: bool
) -> None:
    devices, at, values = (list(column) for column in zip(*readings, strict=True))
    body: dict[str, Any] = {"gateway": gateway, "devices": devices, "at": at, "values": values}
    if sequence is not None:
        body["sequence"] = sequence
    text = json.dumps(body, ensure_ascii=escaped, separators=(" ,\n", " : ") if spaced else (",", ":"))
    again = parse(record(text.encode(), gateway.encode()))
    assert told(again) == (gateway, devices, at, [float(value) for value in values], sequence)


_zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(_ids, st.datetimes(datetime(1970, 1, 2), datetime(9998, 1, 1), timezones=_zones), _values)  # noqa: DTZ001
@settings(max_examples=200, deadline=None)
def test_one_reading_comes_through_as_it_was_sent(device: str, at: datetime, value: float) -> None:
    batch = parse(record({"device": device, "at": at.isoformat(), "value": value}, device.encode()))
    whole = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert told(batch) == (device, [device], [whole], [float(value)], None)


_spoilt: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, "1", [], {}, 1.5, -1, 2**64, "", " ", "\u200b", math.nan, math.inf, [1], ["d1"]]
)


@given(st.sampled_from([ONE, MANY]), st.dictionaries(st.sampled_from([*ONE, *MANY, "sequence", "x"]), _spoilt))
@settings(max_examples=400, deadline=None)
def test_a_body_read_at_once_says_the_same_as_one_read_with_care(good: Mapping[str, Any], spoilt: Any) -> None:
    """A field nobody knows is not heard, but has a body read the long way."""

    def verdict(body: Mapping[str, Any]) -> object:
        try:
            return told(parse(record(json.dumps(body).encode())))
        except Invalid as error:
            return error.code, error.faults

    assert verdict({**good, **spoilt}) == verdict({**good, **spoilt, "z": {"n": 0}})


_pieces = st.sampled_from(['"devices"', '"at"', '"values"', '"gateway"', '"gw-17"', ":", ",", "[1]", '["d"]', "{", "}"])


@given(st.binary(max_size=80) | st.lists(_pieces, max_size=20).map(lambda parts: "".join(parts).encode()))
@settings(max_examples=400, deadline=None)
def test_any_bytes_are_readings_or_invalid(value: bytes) -> None:
    with suppress(Invalid):
        assert len(parse(record(value))) >= 1
