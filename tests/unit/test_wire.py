"""Bytes on the wire: what is no good JSON is told apart by name, and what is good comes through."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.jsontext import MAX_DEPTH, MAX_DIGITS
from streams.wire import MAX_HEADERS, MAX_VALUE, Headers, checked_schema, decode


class Deaf(msgspec.Struct):
    """A contract that reads nothing: whatever is refused here is refused for its form."""


class Point(msgspec.Struct):
    lon: float
    name: str = ""


_deaf = msgspec.json.Decoder(Deaf)
_point = msgspec.json.Decoder(Point)


def code_of(value: bytes | None, decoder: msgspec.json.Decoder[Any] = _deaf) -> str:
    with pytest.raises(Invalid) as caught:
        decode(decoder, value)
    return caught.value.code


def test_what_msgspec_alone_would_let_pass() -> None:
    """The reason for the second look; if this fails the second look may go."""
    assert msgspec.json.decode(b'{"lon":1,"lon":2}', type=Point) == Point(2)
    assert msgspec.json.decode(b'{"lon":1,"x":' + b"[" * 900 + b"]" * 900 + b"}", type=Point) == Point(1)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "json-invalid"),
        (b"", "json-invalid"),
        (b"{", "json-invalid"),
        (b"{}{}", "json-invalid"),
        (b'{"x":01}', "json-invalid"),
        ("井盖".encode("gbk"), "json-invalid"),
        ('{"text":"井盖"}'.encode("utf-16"), "json-invalid"),
        (b'{"x":1,"x":2}', "json-duplicate-key"),
        (b'{"x":1,"\\u0078":2}', "json-duplicate-key"),
        (b'{"x":":","x":"\\u003a"}', "json-duplicate-key"),
        (b'{"x" : 1 ,\n"x" : 1}', "json-duplicate-key"),
        (b'{"a":[{"b":{"x":1,"x":1}}]}', "json-duplicate-key"),
        (b'{"x":"\xff","x":1}', "json-invalid"),
        (b'{"x":1,"x":' + b"9" * 5000 + b"}", "json-duplicate-key"),
        (b'{"x":' + b"9" * (MAX_DIGITS + 1) + b"}", "number-too-long"),
        (b'{"x":' + b"9" * 4000 + b"}", "number-out-of-range"),
        (b'{"x":1e999}', "number-not-finite"),
        (b'{"x":[' + b"1," * 20_000 + b"1]}", "too-many-items"),
        (b'{"x":NaN}', "number-not-finite"),
        (b'{"x":-Infinity}', "number-not-finite"),
        (b'{"x":"\x00"}', "text-control-char"),
        (b'{"x":"a\x1fb"}', "text-control-char"),
        (b'{"x":"\\ud800"}', "text-invalid-unicode"),
        (b"[" * 100_000, "json-too-deep"),
        (b'{"a":' * 100_000, "json-too-deep"),
        (b'{"x":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}", "json-too-deep"),
        (b'{"x":"' + b"y" * MAX_VALUE + b'"}', "too-large"),
    ],
    ids=lambda value: repr(value)[:32],
)
def test_what_is_wrong_with_a_value_is_told_by_its_code(value: bytes | None, code: str) -> None:
    assert code_of(value) == code


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b'{"lon":1e999}', "number-not-finite"),
        (b'{"lon":NaN}', "number-not-finite"),
        (b'{"lon":"116.3"}', "type-mismatch"),
        (b'{"lon":true}', "type-mismatch"),
        (b'{"lon":1,"name":"\\ud800"}', "text-invalid-unicode"),
        ('{"lon":1,"name":"\ud800"}'.encode("utf-8", "surrogatepass"), "text-invalid-unicode"),
        (b'{"lon":1,"name":"\x85"}', "json-invalid"),
    ],
)
def test_what_is_wrong_with_a_field_is_told_by_its_code(value: bytes, code: str) -> None:
    assert code_of(value, _point) == code


@pytest.mark.parametrize(
    "value",
    [
        b"\xef\xbb\xbf{}",
        b'{"x":{"a":1},"y":{"a":1}}',
        b'{"x":"\\u003a","y":"12:30:00"}',
        b'{"x":"' + b"[{" * 100 + b'"}',
        b'{"x":' + b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1) + b"}",
        b'{"x":[' + b"{}," * 500 + b"{}]}",
        b'{"x":' + b"9" * 30 + b"}",
        '{"x":"𠮷👨‍👩‍👧"}'.encode(),
        b'{"x":"\\u0000"}',
    ],
    ids=lambda value: repr(value)[:32],
)
def test_what_is_unusual_and_right_comes_through(value: bytes) -> None:
    assert decode(_deaf, value) == Deaf()


_leaf = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_trees = st.dictionaries(
    st.text(max_size=5),
    st.recursive(_leaf, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner), max_leaves=10),
)


@given(_trees, st.booleans(), st.booleans())
@settings(max_examples=300, deadline=None)
def test_no_good_object_is_suspected(tree: Mapping[str, Any], escaped: bool, spaced: bool) -> None:
    text = json.dumps(tree, ensure_ascii=escaped, separators=(" , ", " : ") if spaced else (",", ":"))
    assert decode(_deaf, text.encode("utf-8", "replace")) == Deaf()


_colons = st.text(':\\"{},a', max_size=6)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", ":", "\\", '"']), _colons), min_size=2, max_size=5), st.booleans())
@settings(max_examples=400, deadline=None)
def test_a_name_twice_is_found_whatever_stands_around_it(pairs: list[tuple[str, str]], hidden: bool) -> None:
    text = "{" + ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in pairs) + "}"
    value = text.replace('a"', '\\u0061"').encode() if hidden else text.encode()
    if len({name for name, _ in pairs}) == len(pairs):
        assert decode(_deaf, value) == Deaf()
    else:
        assert code_of(value) == "json-duplicate-key"


@given(st.binary(max_size=120))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_understood_or_invalid(value: bytes) -> None:
    with suppress(Invalid):
        assert decode(_deaf, value) == Deaf()


# --- Headers


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ((), "schema-missing"),
        ((("schemata", b"work.v1"),), "schema-missing"),
        ((("schema", b""),), "schema-unsupported"),
        ((("schema", b"work.v2"),), "schema-unsupported"),
        ((("schema", b"work.v2.1"),), "schema-unsupported"),
        ((("schema", b"work.v11"),), "schema-unsupported"),
        ((("schema", b"work.v1."),), "schema-unsupported"),
        ((("schema", b"work.v1.x"),), "schema-unsupported"),
        ((("schema", b"\xff\xfe"),), "schema-unsupported"),
        ((("schema", b"work.v1\0"),), "header-invalid"),
        ((("schema", b"work.v1"), ("a\0b", b"")), "header-invalid"),
        ((("trace", b"a\0b"), ("schema", b"work.v1")), "header-invalid"),
        ((("schema", b"work.v1"), ("note", b"x" * MAX_HEADERS)), "header-invalid"),
        ((("schema", b"work.v1"), ("note", b"x" * 1_048_577)), "header-invalid"),
        ((("schema", b"work.v1"), *((f"h{n}", b"x" * 100) for n in range(1000))), "header-invalid"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_the_headers_are_checked_before_the_bytes(headers: Headers, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        checked_schema(headers, "work.v1")
    assert caught.value.code == code


def test_a_newer_minor_version_is_read_as_the_one_known() -> None:
    assert checked_schema((("trace", b"1"), ("schema", b"work.v1")), "work.v1") == "work.v1"
    assert checked_schema((("schema", b"urge.v1.12"),), "work.v1", "urge.v1") == "urge.v1"
