"""Bytes on the wire become typed records, or ``Invalid`` says what is wrong and where. Shared by all wire contracts.

Strict on what is missing or of the wrong type, deaf to what is extra. What msgspec lets pass and we do not (a field
named twice, endless nesting) is looked for by counting bytes; only what looks suspicious is parsed with care
(``domain.jsontext``).
"""

import json
import re
from typing import TypeVar

import msgspec
import orjson

from domain.errors import Invalid, invalid
from domain.jsontext import BOM, careful, check_shape, faults_in, names_once, text_of, why_no_time, wrong

T = TypeVar("T")
Headers = tuple[tuple[str, bytes], ...]

MAX_VALUE = 512 * 1024
MAX_HEADERS = 64 * 1024
MAX_ITEMS = 20_000

_VERSION = re.compile(r"(.+\.v\d+)\.\d+")
_WHERE = re.compile(r" - at `(?:key in )?\$?(.*)`$")
_PLACE = re.compile(r"\[(\d+)\]")
_LENGTH = re.compile(r"Expected `(str|array)` of length (<=|>=) (\d+)")
_LENGTHS = {
    ("str", "<="): ("text-too-long", "文本过长"),
    ("str", ">="): ("text-empty", "文本不能为空"),
    ("array", "<="): ("too-many-items", "项目过多"),
}
_MISSING = re.compile(r"missing required field `(\w+)`")


def checked_schema(headers: Headers, *contracts: str) -> str:
    """Which of the topic's contracts the ``schema`` header names; a newer minor version counts as the one known.

    Raises ``Invalid``: ``header-invalid`` (NUL, or more than 64 KiB together), ``schema-missing``,
    ``schema-unsupported``.
    """
    size = 0
    given = None
    for name, value in headers:
        size += len(name) + len(value)
        if "\0" in name or b"\0" in value:
            raise Invalid("header-invalid", "消息头无效", "headers are text without NUL")
        if name == "schema" and given is None:
            given = value.decode("ascii", "replace")
    if size > MAX_HEADERS:
        raise Invalid("header-invalid", "消息头过大", f"at most {MAX_HEADERS} bytes of headers")
    if given is None:
        raise Invalid("schema-missing", "缺少版本标识", f"send the header schema={' or '.join(contracts)}")
    if given not in contracts:
        newer = _VERSION.fullmatch(given)
        given = newer[1] if newer else given
    if given not in contracts:
        raise Invalid("schema-unsupported", "不支持的版本", f"this topic takes {' or '.join(contracts)}")
    return given


def decode(decoder: msgspec.json.Decoder[T], value: bytes | None) -> T:
    """A record's value by its contract. Raises ``Invalid``."""
    if not value:
        raise Invalid("json-invalid", "消息为空", "a record holds one JSON object")
    if len(value) > MAX_VALUE:
        raise Invalid("too-large", "消息过大", f"at most {MAX_VALUE} bytes")
    value = value.removeprefix(BOM)
    check_shape(value, MAX_ITEMS)
    try:
        decoded = decoder.decode(value)
        sure = names_once(value, orjson.dumps(orjson.loads(value)))
    except msgspec.ValidationError as error:
        _check_form(value)
        raise _unfit(str(error), value) from error
    except ValueError:  # msgspec's DecodeError and orjson's are such, and so is text that is not UTF-8
        sure = False
    if not sure:
        _check_form(value)
        decoded = decoder.decode(value)  # only looked suspicious
    return decoded


def _check_form(value: bytes) -> None:
    """A second parse, slow and talkative. Raises ``Invalid`` for what is no JSON, or holds what cannot be."""
    text = text_of(value)
    if text is None:
        raise Invalid("json-invalid", "无法解析 JSON", "the value is not UTF-8")
    faults = tuple(faults_in(careful(text)))
    if faults:
        raise wrong(faults)


def _unfit(message: str, value: bytes) -> Invalid:
    """What a type that does not fit is called. The message may quote what somebody wrote: only parts of it are told."""
    where, missing = _WHERE.search(message), _MISSING.search(message)
    path = (where[1] if where else "").replace("[...]", "")
    pointer = _PLACE.sub(r"/\1", path).replace(".", "/")
    if missing:
        return invalid(f"{pointer}/{missing[1]}", "field-missing", "缺少必填字段")
    if not pointer and message.startswith("Expected `object`"):
        return Invalid("body-not-object", "请求内容须为 JSON 对象", "a record holds one JSON object")
    length = _LENGTH.search(message)
    if length:
        code, title = _LENGTHS[length[1], length[2]]
        return invalid(pointer, code, title, f"length {length[2]} {length[3]}")
    if message.startswith(("Invalid RFC3339", "Expected `datetime`")):
        return invalid(pointer, *why_no_time(_at(value, pointer)), "an RFC 3339 time with offset")
    # an unknown word is quoted by the message, and may be anything a person typed
    hint = "unknown word" if message.startswith("Invalid enum") else message.split(" - at")[0]
    return invalid(pointer, "type-mismatch", "字段类型不符", hint)


def _at(value: bytes, pointer: str) -> object:
    """What stands at a pointer of ours."""
    found = json.loads(value)
    for part in pointer.split("/")[1:]:
        found = found[int(part) if isinstance(found, list) else part]
    return found
