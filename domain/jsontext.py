"""JSON as senders write it, judged by its form: what fast parsers let pass, or refuse without saying why.

Both doors count marks first (``check_shape``), then let a fast parser work, and come here for a second and talkative
look only where something is wrong or suspicious.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isinf

from domain.errors import Fault, Invalid

MAX_DEPTH = 32
MAX_DIGITS = 4096
BOM = b"\xef\xbb\xbf"

_CODES = (
    ("json-duplicate-key", "JSON 字段重复"),
    ("number-not-finite", "数值不是有限数"),
    ("number-out-of-range", "数值超出范围"),
    ("number-too-long", "数字过长"),
    ("text-invalid-unicode", "文本含无效字符"),
)
_TITLES = dict(_CODES)
_HINTS = {
    "json-duplicate-key": "name each field once",
    "number-not-finite": "send a finite number",
    "number-too-long": f"at most {MAX_DIGITS} digits",
    "text-invalid-unicode": "a lone surrogate is half a character",
}
_NOT_MARKS = bytes(set(range(256)) - set(b'"{}[],'))
_HALF_CHARACTER = re.compile(rb"\xed[\xa0-\xbf]")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?")
_AMOUNT = re.compile(r"[+-]?\d+(?:\.\d+)?")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}|[A-Za-z]{0,32}@iot\.[A-Za-z]{1,16}")


@dataclass(frozen=True, slots=True)
class Wrong:
    """Stands in a tree for a part that cannot be; ``code`` says why."""

    code: str


def check_shape(body: bytes, items: int) -> None:
    """Nesting and number of items, by counting marks, before anything is parsed.

    Raises ``Invalid``: ``json-too-deep`` above 32 levels, ``too-many-items`` for more than ``items`` values in all.
    """
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH and body.count(b",") < items:
        return
    marks = body
    if b"\\" in marks:  # pairs first: what is left of a run of backslashes escapes the quotation mark behind it
        marks = marks.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = b"".join(marks.translate(None, _NOT_MARKS).split(b'"')[::2])
    if marks.count(b",") >= items:
        raise Invalid("too-many-items", "项目过多", f"at most {items} values in all")
    depth = 0
    for mark in marks.replace(b",", b""):
        depth += 1 if mark in b"{[" else -1
        if depth > MAX_DEPTH:
            raise Invalid("json-too-deep", "JSON 嵌套过深", f"nest at most {MAX_DEPTH} levels")


def names_once(body: bytes, again: bytes) -> bool:
    """Whether no object of ``body`` names a field twice; False means that it has to be looked at closely.

    ``again`` is what a parser that keeps the last of equal names read, written anew. It has every colon of the body
    except those of the fields that were replaced; a colon can only hide as an escape.
    """
    return b"\\u003" not in body and body.count(b":") == again.count(b":")


def text_of(body: bytes) -> str | None:
    """The body as text, None where it is not UTF-8. Raises ``Invalid`` (``text-invalid-unicode``) for half characters.

    UTF-16 and UTF-32 show by a NUL among the first four bytes, for JSON begins with ASCII.
    """
    try:
        return None if b"\0" in body[:4] else body.decode()
    except UnicodeDecodeError:
        if _HALF_CHARACTER.search(body):
            raise _wrong("text-invalid-unicode") from None
        return None


def careful(text: str) -> object:
    """The tree of a JSON text, with ``Wrong`` for each number or object that cannot be. ``check_shape`` comes first.

    Raises ``Invalid`` with line and column: ``json-invalid``, or ``text-control-char`` for a line end or another
    control character within a text.
    """
    try:
        return json.loads(
            text, object_pairs_hook=_once, parse_int=_integer, parse_float=_real, parse_constant=_constant
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        if error.msg.startswith("Invalid control character"):
            raise Invalid("text-control-char", "文本含控制字符", f"{where}: escape it or take it out") from None
        raise Invalid("json-invalid", "无法解析 JSON", where) from None


def faults_in(tree: object, pointer: str = "") -> Iterator[Fault]:
    """What is wrong in a tree of ``careful``, each with its JSON pointer."""
    match tree:
        case Wrong(code):
            yield Fault(pointer, code, _HINTS.get(code, ""))
        case str() if _halved(tree):
            yield Fault(pointer, "text-invalid-unicode", _HINTS["text-invalid-unicode"])
        case dict():
            for name, value in tree.items():
                if _halved(name):
                    yield Fault(pointer, "text-invalid-unicode", _HINTS["text-invalid-unicode"])
                yield from faults_in(value, _below(pointer, name))
        case list():
            for place, value in enumerate(tree):
                yield from faults_in(value, _below(pointer, place))


def wrong(faults: tuple[Fault, ...]) -> Invalid:
    """The error for faults of ``faults_in``, called by the first of them."""
    return _wrong(faults[0].code, faults)


def why_no_time(value: object) -> tuple[str, str]:
    """Code and title for what is no time as RFC 3339 writes it. A bare number is none: its unit would be a guess."""
    if not isinstance(value, str) or _AMOUNT.fullmatch(value):
        return "type-mismatch", "字段类型不符"
    if _DAY.fullmatch(value) or _LOCAL.fullmatch(value):
        return "timestamp-no-offset", "时间缺少时区"
    return "timestamp-invalid", "时间格式有误"


def step(part: int | str) -> str:
    """A step of a JSON pointer; a name that is not one of a field's kind is a sender's words and is not repeated."""
    return str(part) if isinstance(part, int) or _FIELD.fullmatch(part) else "?"


def _below(pointer: str, part: int | str) -> str:
    """One step on; far down, where no field of ours is, the pointer stays: a refusal is to be short."""
    return f"{pointer}/{step(part)}" if len(pointer) < 160 else pointer


def _wrong(code: str, faults: tuple[Fault, ...] = ()) -> Invalid:
    return Invalid(code, _TITLES[code], _HINTS.get(code, ""), faults)


def _once(pairs: list[tuple[str, object]]) -> object:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Wrong("json-duplicate-key")


def _integer(digits: str) -> object:
    if len(digits) > MAX_DIGITS:
        return Wrong("number-too-long")
    # above 64 bits programs do not agree what a number is (RFC 8259 §6)
    return int(digits) if len(digits) <= 18 or abs(int(digits)) < 2**63 else Wrong("number-out-of-range")


def _real(text: str) -> object:
    if len(text) > MAX_DIGITS:
        return Wrong("number-too-long")
    value = float(text)
    return Wrong("number-not-finite") if isinf(value) else value


def _constant(_: str) -> Wrong:
    return Wrong("number-not-finite")


def _halved(text: str) -> bool:
    """Whether half of a surrogate pair stands alone in it."""
    return not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)
