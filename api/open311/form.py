"""A service request as it is posted: an URL-encoded form, cut off while it arrives, read once and strictly.

As the specification asks, an empty field counts as one that was not sent, and fields we do not know are not read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from fastapi import Request

from api.body import MAX_BODY, check_media, whole
from domain.errors import Invalid, invalid
from domain.jsontext import step

MAX_FIELDS = 200
_ATTRIBUTE = re.compile(r"attribute\[([^\[\]]{1,64})\](?:\[\])?")
_NAMES = frozenset(
    {
        "jurisdiction_id", "api_key", "service_code", "lat", "long", "address_string", "address_id", "email",
        "device_id", "account_id", "first_name", "last_name", "phone", "description", "media_url",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Posted:
    """The fields we know that are not empty, and the attributes by their code, each with all its values."""

    fields: Mapping[str, str]
    attributes: Mapping[str, tuple[str, ...]]

    def get(self, name: str) -> str:
        """A field; empty if it was not sent."""
        return self.fields.get(name, "")

    def attribute(self, code: str) -> str | None:
        """The value of an attribute with one value. Raises ``Invalid`` with code ``field-repeated`` for several."""
        values = self.attributes.get(code, ())
        if len(values) > 1:
            raise repeated(f"attribute[{code}]")
        return values[0] if values else None


async def posted(request: Request) -> Posted:
    """The request's form. Raises ``Invalid`` for another media type, too large a body, or a form that is none."""
    check_media(request, "application/x-www-form-urlencoded", "仅接受表单")
    return read(await whole(request, MAX_BODY))


def read(body: bytes) -> Posted:
    """The fields of a form. Raises ``Invalid``: ``form-invalid``, or ``field-repeated`` for a field sent twice."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise Invalid("form-invalid", "无法解析表单", f"UTF-8, at most {MAX_FIELDS} fields") from None
    fields: dict[str, str] = {}
    attributes: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        if not value.strip():
            continue
        match = _ATTRIBUTE.fullmatch(name)
        if match:
            attributes[match[1]] = (*attributes.get(match[1], ()), value)
        elif name in fields:
            raise repeated(name)
        elif name in _NAMES:
            fields[name] = value
    return Posted(fields, attributes)


def repeated(name: str) -> Invalid:
    """What is said of a field that is sent twice: which of the two would be meant?"""
    return invalid(f"/{step(name)}", "field-repeated", "字段重复")
