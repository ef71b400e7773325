"""One content, two forms: Open311's XML without namespace or schema, and the JSON that is its plain mapping."""

from collections.abc import Mapping
from enum import StrEnum
from xml.etree import ElementTree

import msgspec
from fastapi import Response

from domain.errors import Refused

Scalar = str | int | float | bool | None
Content = Scalar | list["Content"] | dict[str, "Content"]

# what stands in a list of that name (GeoReport v2, and Service Discovery for the last two)
_ITEMS = {
    "services": "service",
    "attributes": "attribute",
    "values": "value",
    "service_requests": "request",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
}
# XML 1.0, production [2]: no escape makes these characters legal; a bare CR would be read back as LF
_NO_XML = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF], "\ufffd")
_NO_XML[13] = "\n"

# a public interface without cookies: any site's page may read it
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Link, Retry-After, Idempotent-Replayed"}


class Form(StrEnum):
    """The forms of an answer, named by the ending of the path."""

    JSON = "json"
    XML = "xml"

    @classmethod
    def of(cls, ending: str) -> "Form":
        """The form of a path's ending. Raises ``Refused`` (404) for another one."""
        if ending not in (cls.JSON, cls.XML):
            raise Refused("format-unknown", "不支持的返回格式", "end the path in .json or .xml")
        return cls(ending)

    @property
    def media(self) -> str:
        """The media type, as GeoReport v2 spells it."""
        return "text/xml" if self is Form.XML else "application/json"


def respond(
    form: Form, root: str, content: Content, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer in its form, readable from any site. ``root`` names the outermost element; JSON does without."""
    body = as_xml(root, content) if form is Form.XML else msgspec.json.encode(content)
    # Starlette adds the charset to text types only
    return Response(body, status, {**CORS, **(headers or {}), "Content-Type": f"{form.media}; charset=utf-8"})


def as_xml(root: str, content: Content) -> bytes:
    """The content as an XML document in UTF-8: lists repeat their item's element, None is an empty element."""
    element = ElementTree.Element(root)
    _fill(element, content)
    document: bytes = ElementTree.tostring(element, encoding="utf-8", xml_declaration=True)
    return document


def _fill(element: ElementTree.Element, content: Content) -> None:
    if isinstance(content, list):
        for each in content:
            _fill(ElementTree.SubElement(element, _ITEMS[element.tag]), each)
    elif isinstance(content, dict):
        for name, value in content.items():
            _fill(ElementTree.SubElement(element, name), value)
    elif isinstance(content, bool):
        element.text = "true" if content else "false"
    elif content is not None:
        element.text = str(content).translate(_NO_XML)
