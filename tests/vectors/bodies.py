"""Bodies of JSON requests as a whole (reliability.md §5.1), made from a good one."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.vectors.values import CANARY

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent, how it is labelled, and the code that is wanted; empty for acceptance."""

    name: str
    content: bytes
    code: str
    media: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


def bodies(good: bytes, most: int, *, strict: bool = True) -> Iterator[Body]:
    """Bodies for an intake that takes ``good`` and at most ``most`` bytes; ``strict``: no unknown fields."""
    plain = json.loads(good)
    first, rest = next(iter(plain)), good[1:]
    yield Body("as it should be", good, "")
    yield Body("a byte order mark", b"\xef\xbb\xbf" + good, "")
    yield Body("escaped", json.dumps(plain, ensure_ascii=True).encode(), "")
    yield Body("blanks around", b"\n\t " + good + b" \r\n", "")
    yield Body("UTF-8 named", good, "", f"{JSON}; charset=UTF-8")
    yield Body("nothing", b"", "json-invalid")
    yield Body("blanks", b" \n", "json-invalid")
    yield Body("words", CANARY.encode(), "json-invalid")
    yield Body("cut off", good[:-2], "json-invalid")
    yield Body("two in one", good + good, "json-invalid")
    yield Body("a comma too many", good[:-1] + b",}", "json-invalid")
    yield Body("single quotes", good.replace(b'"', b"'"), "json-invalid")
    yield Body("two byte order marks", b"\xef\xbb\xbf" * 2 + good, "json-invalid")
    for name, content in (("a list", b"[]"), ("a number", b"7"), ("null", b"null"), ("a text", b'"x"')):
        yield Body(name, content, "body-not-object")
    yield Body("UTF-16", good.decode().encode("utf-16"), "charset-unsupported")
    yield Body("UTF-16 without mark", good.decode().encode("utf-16-le"), "charset-unsupported")
    yield Body("UTF-32", good.decode().encode("utf-32"), "charset-unsupported")
    yield Body("GBK", f'{{"{first}":"井盖"}}'.encode("gbk"), "charset-unsupported")
    yield Body("GBK named", good, "charset-unsupported", f"{JSON}; charset=gbk")
    yield Body("a text in halves", b'{"' + first.encode() + b'":"\xed\xa0\x80"}', "text-invalid-unicode")
    yield Body("a bare control character", b'{"' + first.encode() + b'":"a\x01b"}', "text-control-char")
    yield Body("a bare line end", b'{"' + first.encode() + b'":"a\nb"}', "text-control-char")
    yield Body("a name twice", b'{"' + first.encode() + b'":"x",' + rest, "json-duplicate-key")
    yield Body(
        "a name twice, escaped",
        b'{"\\u%04x' % ord(first[0]) + first[1:].encode() + b'":"x",' + rest,
        "json-duplicate-key",
    )
    yield Body("a name twice, deep down", b'{"x":[{"y":1,"y":1}],' + rest, "json-duplicate-key")
    if strict:
        yield Body("unknown field", b'{"is_admin":true,' + rest, "field-unknown")
        yield Body("unknown field by a person's name", f'{{"{CANARY}":1,'.encode() + rest, "field-unknown")
        yield Body(
            "a hundred unknown fields",
            b"{" + b"".join(b'"%s%d":1,' % (b"x" * 900, n) for n in range(100)) + rest,
            "field-unknown",
        )
        yield Body("brackets in a text are none", b'{"x":"' + b"[{" * 500 + b'",' + rest, "field-unknown")
    for levels in (33, 900, 100_000):
        for name, opening, closing in (("lists", b"[", b"]"), ("objects", b'{"a":', b"}")):
            deep = opening * levels + b"1" + closing * levels
            if len(deep) + len(good) < most:
                yield Body(f"{levels} {name} deep", b'{"x":' + deep + b"," + rest, "json-too-deep")
    yield Body("deep and never closed", b"[" * 100_000, "json-too-deep")
    yield Body("very many values", b'{"x":[' + b"0," * 100_000 + b"0]," + rest, "too-many-items")
    yield Body("NaN somewhere", b'{"x":{"y":[NaN]},' + rest, "number-not-finite")
    yield Body("5,000 digits somewhere", b'{"x":' + b"9" * 5000 + b"," + rest, "number-too-long")
    yield Body("too large", b'{"x":"' + b"y" * most + b'",' + rest, "body-too-large")
    for media in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/json",
        "",
    ):
        yield Body(f"said to be {media or 'nothing'}", good, "media-type-unsupported", media)
