"""The form of Open311: the same values, URL-encoded, and refusals in its own shape (400 for all of them)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import urlencode

from tests.demo_city import LAMP, spot
from tests.front_door import FrontDoor
from tests.vectors.intake import Vector
from tests.vectors.texts import PHONES, names, texts
from tests.vectors.values import Manner, Value, Want

FORM = "application/x-www-form-urlencoded"


def forms(city: FrontDoor) -> Iterator[Vector]:
    """Every vector of ``POST /open311/v2/requests.json``."""
    at = spot(0)
    good = {
        "api_key": city.keys["hotline-12345"], "service_code": LAMP, "lat": f"{at.lat:.6f}", "long": f"{at.lon:.6f}",
        "description": "路灯不亮",
    }  # fmt: skip
    base = Vector(
        "POST /open311/v2/requests.json", "", "", "POST", "/open311/v2/requests.json", Want(),
        headers={"Content-Type": FORM}, accepted=201, shape="open311",
    )  # fmt: skip

    def posted(name: str, fields: Mapping[str, str], want: Want) -> Vector:
        return replace(base, name=name, content=urlencode({**good, **fields}).encode(), want=want)

    values = {"description": texts(4000), "address_string": texts(256), "first_name": names(50), "phone": PHONES}
    for field, those in values.items():
        for value in those:
            text = _text(value)
            if text is not None:
                yield posted(f"{field} {value.name}", {field: text}, value.wanted(Manner.PEOPLE))
    for name, lat, lon, code in (
        ("NaN", "NaN", "1", "type-mismatch"), ("Infinity", "Infinity", "1", "type-mismatch"),
        ("1e1", "1e1", "1", "type-mismatch"), ("1_1", "27.9", "1_1", "type-mismatch"),
        ("full-width", "１", "1", "type-mismatch"), ("4,000 digits", "1" * 4000, "1", "type-mismatch"),
        ("swapped", good["long"], good["lat"], ""), ("nought and nought", "0", "0", ""),
        ("off the globe", "27.9", "181", ""),
    ):  # fmt: skip
        yield posted(f"position: {name}", {"lat": lat, "long": lon}, Want(code))
    yield posted("service nobody knows", {"service_code": "pothole"}, Want())
    yield posted("a script as photo", {"media_url": "javascript:alert(1)"}, Want("url-invalid"))
    plain = urlencode(good).encode()
    for name, content, media, code in (
        ("not UTF-8", plain + b"&email=%ff%fe", FORM, "form-invalid"),
        ("half a character", plain + b"&email=%ed%a0%80", FORM, "form-invalid"),
        ("a million fields", b"a=1&" * 60_000, FORM, "form-invalid"),
        ("a field twice", plain + b"&description=x", FORM, "field-repeated"),
        ("too large", plain + b"&x=" + b"y" * 300_000, FORM, "body-too-large"),
        ("JSON", b"{}", "application/json", "media-type-unsupported"),
        ("multipart", b"--x", "multipart/form-data; boundary=x", "media-type-unsupported"),
        ("GBK named", plain, f"{FORM}; charset=gbk", "charset-unsupported"),
    ):
        yield replace(base, name=name, content=content, headers={"Content-Type": media}, want=Want(code))


def _text(value: Value) -> str | None:
    """The text a value is, where it is one that a form can hold; an empty field counts as none that was sent."""
    text = json.loads(value.raw)
    whole = isinstance(text, str) and not any("\ud800" <= char <= "\udfff" for char in text)
    return text if whole and text.strip() else None
