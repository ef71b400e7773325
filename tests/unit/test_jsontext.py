"""JSON judged by its form: what is too deep or too much is seen before it is parsed, and each fault where it stands."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.jsontext import MAX_DEPTH, MAX_DIGITS, careful, check_shape, faults_in, names_once, text_of, why_no_time

ITEMS = 50


def shape(body: bytes, items: int = ITEMS) -> str:
    """The code a body is refused with by its shape, empty if it is not."""
    try:
        check_shape(body, items)
    except Invalid as error:
        return error.code
    return ""


def depth(tree: Any) -> int:
    if isinstance(tree, dict):
        return 1 + max(map(depth, tree.values()), default=0)
    if isinstance(tree, list):
        return 1 + max(map(depth, tree), default=0)
    return 0


def commas(tree: Any) -> int:
    """Commas between the members of a tree's lists and objects."""
    inside = list(tree.values()) if isinstance(tree, dict) else tree if isinstance(tree, list) else []
    return max(0, len(inside) - 1) + sum(map(commas, inside))


_leaf = st.none() | st.integers() | st.text(st.sampled_from('[]{}",\\:a'), max_size=8)
_trees = st.recursive(
    _leaf,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(st.sampled_from('"\\[,a'), max_size=3), inner),
    max_leaves=60,
)


@given(_trees, st.integers(0, 40))
@settings(max_examples=400, deadline=None)
def test_marks_in_texts_do_not_count(tree: Any, wrapped: int) -> None:
    for _ in range(wrapped):
        tree = [tree]
    code = shape(json.dumps(tree).encode())
    if commas(tree) >= ITEMS:
        assert code == "too-many-items"
    else:
        assert code == ("json-too-deep" if depth(tree) > MAX_DEPTH else "")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[" * MAX_DEPTH, ""),
        (b"[" * (MAX_DEPTH + 1), "json-too-deep"),
        (b'{"a":' * 100_000, "json-too-deep"),
        (b'"' + b"[" * 1000, ""),
        (b'"\\\\' + b"[" * 1000 + b'"' + b"[" * 40, "json-too-deep"),
        (b'"\\\\\\"' + b"[" * 1000 + b'"', ""),
        (b"]" * 1000 + b"[" * 20, ""),
        (b"[" + b"0," * (ITEMS - 1) + b"0]", ""),
        (b"[" + b"0," * ITEMS + b"0]", "too-many-items"),
        (b'["' + b"," * 1000 + b'"]', ""),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_shape_is_seen_without_parsing(body: bytes, code: str) -> None:
    assert shape(body) == code


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ('{"a":[1,NaN]}', [("/a/1", "number-not-finite")]),
        ('{"a":{"b":-Infinity},"c":1e999}', [("/a/b", "number-not-finite"), ("/c", "number-not-finite")]),
        ('{"a":-9223372036854775808}', [("/a", "number-out-of-range")]),
        ('{"a":' + "1" * 41 + "}", [("/a", "number-out-of-range")]),
        ('{"a":' + "1" * (MAX_DIGITS + 1) + "}", [("/a", "number-too-long")]),
        ('{"a":0.' + "1" * MAX_DIGITS + "}", [("/a", "number-too-long")]),
        ('{"a":[{"b":1,"b":1}]}', [("/a/0", "json-duplicate-key")]),
        ('{"a":1,"a":1}', [("", "json-duplicate-key")]),
        ('{"a":"\\ud800"}', [("/a", "text-invalid-unicode")]),
        ('{"\\udc00":1}', [("", "text-invalid-unicode")]),
        ('{"张三 139":NaN}', [("/?", "number-not-finite")]),
        ('{"a":"\\ud842\\udfb7 \\u0000"}', []),
        ('{"a":9223372036854775807}', []),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_fault_is_named_where_it_stands(text: str, faults: list[tuple[str, str]]) -> None:
    assert [(each.pointer, each.code) for each in faults_in(careful(text))] == faults


def test_far_down_the_pointer_stays_short() -> None:
    (fault,) = faults_in(careful('{"averylongnameindeed":' * 30 + "NaN" + "}" * 30))
    assert len(fault.pointer) <= 200


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("", "json-invalid", "line 1, column 1"),
        ('{"a":1,\n "b" 2}', "json-invalid", "line 2, column 6"),
        ('{"a":"x\ny"}', "text-control-char", "line 1, column 8"),
        ("{} {}", "json-invalid", "line 1, column 4"),
    ],
)
def test_what_is_no_json_is_told_by_line_and_column(text: str, code: str, where: str) -> None:
    with pytest.raises(Invalid) as caught:
        careful(text)
    assert caught.value.code == code
    assert caught.value.detail.startswith(where)


@given(st.dictionaries(st.sampled_from("abc:"), st.text(st.sampled_from('a:"\\'), max_size=4), max_size=4))
def test_an_object_with_each_name_once_is_not_suspected(tree: dict[str, str]) -> None:
    body = json.dumps(tree).encode()
    assert names_once(body, body)


def test_a_replaced_name_is_missed() -> None:
    assert not names_once(b'{"a":1,"a":2}', b'{"a":2}')
    assert not names_once(b'{"a":":","a":"\\u003a"}', b'{"a":":"}')


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_other_encodings_are_seen_and_not_guessed(encoding: str) -> None:
    assert text_of('{"a":"井盖"}'.encode(encoding)) is None


def test_bytes_are_text_or_not() -> None:
    assert text_of('{"a":"井盖"}'.encode()) == '{"a":"井盖"}'
    assert text_of('{"a":"井盖"}'.encode("gb18030")) is None
    with pytest.raises(Invalid, match="text-invalid-unicode"):
        text_of('{"a":"\ud800"}'.encode("utf-8", "surrogatepass"))


@given(st.text(max_size=30) | st.integers() | st.none() | st.datetimes().map(str))
def test_why_it_is_no_time_is_always_one_of_three(value: object) -> None:
    assert why_no_time(value)[0] in {"type-mismatch", "timestamp-no-offset", "timestamp-invalid"}
