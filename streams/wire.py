"""Bytes on the wire become typed records, or ``Invalid`` says what is wrong and where. Shared by all wire contracts.

Strict on what is missing or of the wrong type, deaf to what is extra. What msgspec lets pass and we do not (a field
named twice, endless nesting) is looked for by counting bytes; only what looks suspicious is parsed with care.
"""

import json
import re
from typing import Any, NoReturn, TypeVar

import msgspec
import orjson

from domain.errors import Fault, Invalid

T = TypeVar("T")
Headers = tuple[tuple[str, bytes], ...]

MAX_VALUE = 512 * 1024
MAX_HEADERS = 64 * 1024
MAX_DEPTH = 32

_VERSION = re.compile(r"(.+\.v\d+)\.\d+")
_WHERE = re.compile(r" - at `(?:key in )?\$?(.*)`$")
_PLACE = re.compile(r"\[(\d+)\]")
_MISSING = re.compile(r"missing required field `(\w+)`")
_BOM = b"\xef\xbb\xbf"
_HALF_CHARACTER = re.compile(rb"\xed[\xa0-\xbf]")


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
    value = value.removeprefix(_BOM)
    if value.count(b"{") + value.count(b"[") > MAX_DEPTH:
        _check_depth(value)
    try:
        decoded = decoder.decode(value)
    except msgspec.ValidationError as error:
        raise _unfit(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _diagnosed(value) from error
    if not _names_differ(value):
        _check_names(value)
    return decoded


def _unfit(message: str) -> Invalid:
    """What a type that does not fit is called. The message may quote what somebody wrote: only parts of it are told."""
    where, missing = _WHERE.search(message), _MISSING.search(message)
    path = (where[1] if where else "").replace("[...]", "")
    pointer = _PLACE.sub(r"/\1", path).replace(".", "/")
    if missing:
        return invalid(f"{pointer}/{missing[1]}", "field-missing", "缺少必填字段")
    if message.startswith("Number out of range"):
        return invalid(pointer, "number-not-finite", "数值不是有限数")
    # an unknown word is quoted by the message, and may be anything a person typed
    hint = "unknown word" if message.startswith("Invalid enum") else message.split(" - at")[0]
    return invalid(pointer, "type-mismatch", "字段类型不符", hint)


def _names_differ(value: bytes) -> bool:
    """Whether no object names a field twice; False means that it has to be looked at closely.

    Read and written again, a text keeps every colon, except those of the fields that a later one of the same name
    replaced; a colon can only hide as an escape. A third of what a parser with a hook costs.
    """
    if b"\\u003" in value:
        return False
    try:
        again = orjson.dumps(orjson.loads(value))
    except ValueError:  # what msgspec skips need not be text
        return False
    return value.count(b":") == again.count(b":")


def _check_names(value: bytes) -> None:
    """A second parse, slow and sure. Raises ``Invalid``."""
    try:
        _parse_strictly(value.decode("utf-8", "replace"))
    except ValueError as error:
        raise _malformed() from error


def _check_depth(value: bytes) -> None:
    depth = 0
    for text, nested in re.findall(rb'("(?:[^"\\]|\\.)*+")|([][{}])', value):
        if text:
            continue
        depth += 1 if nested in b"[{" else -1
        if depth > MAX_DEPTH:
            raise Invalid("json-too-deep", "JSON 嵌套过深", f"nest at most {MAX_DEPTH} levels")


def _diagnosed(value: bytes) -> Invalid:
    """Why a value is no JSON for us, by a second and more talkative parser."""
    try:
        _parse_strictly(value.decode())
    except Invalid as error:
        return error
    except UnicodeDecodeError:
        if _HALF_CHARACTER.search(value):
            return Invalid("text-invalid-unicode", "文本含无效字符", "a lone surrogate is half a character")
    except ValueError as error:
        if "control character" in str(error):
            return Invalid("text-control-char", "文本含控制字符", "escape line ends, take out other control characters")
    except RecursionError:
        return Invalid("json-too-deep", "JSON 嵌套过深", f"nest at most {MAX_DEPTH} levels")
    else:
        # all else that it takes and the fast one does not is an escaped half of a surrogate pair
        return Invalid("text-invalid-unicode", "文本含无效字符", "a lone surrogate is half a character")
    return _malformed()


def _malformed() -> Invalid:
    return Invalid("json-invalid", "无法解析 JSON", "the value is not well-formed UTF-8 JSON")


def _parse_strictly(text: str) -> None:
    # numbers are left as they are: making them is dear, and impossible for the longest
    json.loads(text, object_pairs_hook=_once, parse_int=str, parse_float=str, parse_constant=_no_number)


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise Invalid("json-duplicate-key", "JSON 字段重复", "name each field once")


def _no_number(_: str) -> NoReturn:
    raise Invalid("number-not-finite", "数值不是有限数", "send a finite number")


def invalid(pointer: str, code: str, title: str, hint: str = "") -> Invalid:
    """The error for one field."""
    return Invalid(code, title, f"at {pointer}" if pointer else "", (Fault(pointer, code, hint),))
