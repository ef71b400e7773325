"""Records nobody can use, and the code of docs/errors.md that each must be rejected with."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.reliability.sayings import HEADERS, Saying

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Poison:
    """One record: its bytes, its headers, and the code of its reject."""

    value: bytes | None
    code: str
    headers: Headers = HEADERS


Maker = Callable[[Saying], Poison]


def _bytes(code: str, value: bytes | None) -> Maker:
    return lambda _: Poison(value, code)


def _headed(code: str, *headers: tuple[str, bytes]) -> Maker:
    return lambda saying: Poison(saying.record(), code, headers)


def _with(code: str, **changes: Any) -> Maker:
    """The ticket with fields changed; all else is as it should be."""
    return lambda saying: Poison(json.dumps(json.loads(saying.record()) | changes).encode(), code)


def _without(name: str) -> Maker:
    def make(saying: Saying) -> Poison:
        said = json.loads(saying.record())
        del said[name]
        return Poison(json.dumps(said).encode(), "field-missing")

    return make


def _spoilt(code: str, spoil: Callable[[bytes], bytes]) -> Maker:
    return lambda saying: Poison(spoil(saying.record()), code)


def _in_text(code: str, spoilt: bytes) -> Maker:
    """The ticket with these bytes at the beginning of its text."""
    return _spoilt(code, lambda value: value.replace(b'"text": "', b'"text": "' + spoilt))


def _beside(code: str, more: bytes) -> Maker:
    """The ticket with one more field."""
    return _spoilt(code, lambda value: value[:-1] + b"," + more + b"}")


KINDS: Mapping[str, Maker] = {
    "no value": _bytes("json-invalid", None),
    "words": _bytes("json-invalid", b"not json"),
    "an empty object": _bytes("field-missing", b"{}"),
    "UTF-16": _spoilt("json-invalid", lambda value: value.decode().encode("utf-16")),
    "GBK": _in_text("json-invalid", "井盖".encode("gbk")),
    "cut off": _spoilt("json-invalid", lambda value: value[:-2]),
    "rubbish behind": _spoilt("json-invalid", lambda value: value + b"}"),
    "too deep": _beside("json-too-deep", b'"x":' + b"[" * 40 + b"]" * 40),
    "too large": _beside("too-large", b'"x":"' + b"a" * 600_000 + b'"'),
    "a field twice": _beside("json-duplicate-key", b'"text":"twice"'),
    "not a number": _beside("number-not-finite", b'"x":NaN'),
    "half a character": _in_text("text-invalid-unicode", b"\\ud800"),
    "a bare line end": _in_text("text-control-char", b"\n"),
    "NUL in the text": _in_text("text-control-char", b"\\u0000"),
    "no schema": _headed("schema-missing"),
    "an unknown schema": _headed("schema-unsupported", ("schema", b"hotline-ticket.v9")),
    "another's schema": _headed("schema-unsupported", ("schema", b"sensor-alarm.v1")),
    "an empty schema": _headed("schema-unsupported", ("schema", b"")),
    "NUL in a header": _headed("header-invalid", *HEADERS, ("trace", b"a\0b")),
    "headers too large": _headed("header-invalid", *HEADERS, ("trace", b"a" * 70_000)),
    "no centre": _without("centre"),
    "no number": _without("ticket_no"),
    "no time": _without("called_at"),
    "no text": _without("text"),
    "a blank text": _with("text-empty", text="   "),
    "a text too long": _with("text-too-long", text="长" * 4001),
    "a text that is a number": _with("type-mismatch", text=7),
    "an address too long": _with("text-too-long", address="x" * 257),
    "a bell in the address": _with("text-control-char", address="a\x07"),
    "areas that are one": _with("type-mismatch", areas="临湖区"),
    "NUL in the centre": _with("text-control-char", centre="dri\x00ll"),
    "a blank number": _with("text-empty", ticket_no=" "),
    "a number that is a number": _with("type-mismatch", ticket_no=7),
    "no offset": _with("timestamp-no-offset", called_at="2026-03-02T08:00:00"),
    "seconds": _with("type-mismatch", called_at=1763712000),
    "the future": _with("timestamp-in-future", called_at="2099-01-01T00:00:00Z"),
    "1970": _with("timestamp-out-of-range", called_at="1970-01-01T00:00:00Z"),
    "degrees as text": _with("type-mismatch", position={"lon": "113.9", "lat": 27.9, "crs": "EPSG:4326"}),
    "a position that is a list": _with("type-mismatch", position=[113.9, 27.9]),
    "an unknown urgency": _with("type-mismatch", urgency="yesterday"),
    "an unknown kind": _with("type-mismatch", kind="thing"),
    "a caller without sense": _with("type-mismatch", caller={"phone": 139}),
}
