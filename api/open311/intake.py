"""From a posted form to a report: strict about its form, patient with what a citizen may not know.

An unknown service, a place nobody finds or a device without a fix do not keep a report out as long as something is
left that a person can act on; what cannot be read at all is told.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from api.open311.form import Posted
from api.open311.services import CONDITION, Services
from domain.asset import ComponentCode
from domain.catalogue import Category, Kind
from domain.errors import Fault, Invalid, Refused, invalid
from domain.ids import ReportId
from domain.place import Crs, Point
from domain.reading import Reading, clean_phone
from domain.report import Contact, Report, Source, clean_code, clean_name, clean_text

_DEGREES = re.compile(r"[+-]?[0-9]{1,4}(?:\.[0-9]{0,20})?")
_URL = re.compile(r"https?://[^\s\"<>\\^`{|}]+", re.IGNORECASE)
_MAX_URL = 2048
_MAX_ACCOUNT = 200
_PLACES = "lat and long, address_string or address_id"
_WORDS = "this service_code alone does not say what happened"


def report_of(
    sent: Posted, services: Services, areas: Mapping[str, str], report: ReportId, origin: str, key: str, now: datetime
) -> Report:
    """The report of a form. ``areas`` has the codes of areas; ``origin`` and ``key`` are what it is known by.

    Raises ``Invalid`` with a fault for each of: no service code, no place, nothing that says what happened (no words,
    and a service nobody knows), and for fields that cannot be read.
    """
    service = clean_code(sent.get("service_code"), "/service_code") if sent.get("service_code") else ""
    reading = Reading(Source.HOTLINE)
    text = reading.text(sent.get("description"), "description")
    point = _point(sent, reading)
    placed = sent.get("lat") and sent.get("long")  # where the position is doubtful, the desk asks
    address, area_names, asset = _address(sent, areas, reading)
    category, known = _category(services, service)
    faults = (
        *([] if service else [Fault("/service_code", "field-missing")]),
        *([] if placed or address or area_names or asset else [Fault("/lat", "location-missing", _PLACES)]),
        *([] if text or category or not service else [Fault("/description", "field-missing", _WORDS)]),
    )
    if faults:
        raise Invalid("form-incomplete", "缺少必填内容", faults=faults)
    condition = sent.attribute(CONDITION)
    return Report(
        id=report,
        source=Source.HOTLINE,
        origin=origin,
        origin_key=key,
        received_at=now,
        text=text,
        address=address,
        area_names=area_names,
        point=point,
        category=(category.key if category else None) if known else service,
        kind=category.kind if category else Kind.EVENT,
        condition=clean_code(condition, f"/attribute[{CONDITION}]") if condition else None,
        contact=_contact(sent),
        extra={**({"asset": asset} if asset else {}), **_media(sent), **reading.extra},
    )


def account_of(sent: Posted) -> str | None:
    """The sender's own account, to be sent back with the receipt. Raises ``Invalid``."""
    return clean_text(sent.get("account_id"), "/account_id", limit=_MAX_ACCOUNT) or None


def _category(services: Services, code: str) -> tuple[Category | None, bool]:
    """The category, and whether the code is one of a service."""
    try:
        return services.find(code), True
    except Refused:
        return None, False


def _point(sent: Posted, reading: Reading) -> Point | None:
    lat, lon = sent.get("lat").strip(), sent.get("long").strip()
    if not lat and not lon:
        return None
    for name, text in (("lat", lat), ("long", lon)):
        if not text:
            raise invalid(f"/{name}", "field-missing", "缺少必填字段")
        if not _DEGREES.fullmatch(text):
            raise invalid(f"/{name}", "type-mismatch", "请求内容有误", "degrees as a decimal number")
    return reading.point(float(lon), float(lat), Crs.WGS84, "/lat")


def _address(sent: Posted, areas: Mapping[str, str], reading: Reading) -> tuple[str, tuple[str, ...], str | None]:
    """Address in words, area codes, and the component: an ``address_id`` is a component's code or an area's."""
    words = reading.text(sent.get("address_string"), "address_string", 256)
    if not sent.get("address_id"):
        return words, (), None
    named = clean_code(sent.get("address_id"), "/address_id")
    if named in areas:
        return words, (named,), None
    try:
        return words, (), str(ComponentCode.parse(named))
    except Invalid:
        return words or named, (), None


def _contact(sent: Posted) -> Contact | None:
    """How to reach the sender. Of the ways the form has, telephone and e-mail stand in one field."""
    first, last = (clean_name(sent.get(name), f"/{name}", limit=50) for name in ("first_name", "last_name"))
    phone = clean_phone(sent.get("phone"), "/phone")
    email = clean_name(sent.get("email"), "/email", limit=254)
    name = f"{first} {last}".strip() if (first + last).isascii() else last + first
    reach = " / ".join(way for way in (phone, email) if way)
    return Contact(name, reach) if name or reach else None


def _media(sent: Posted) -> dict[str, str]:
    """The address of a photo as the sender gives it. It is kept for the desk to look at, and never fetched by us."""
    url = sent.get("media_url").strip()
    if not url:
        return {}
    if len(url) > _MAX_URL or not url.isascii() or not _URL.fullmatch(url):
        raise invalid("/media_url", "url-invalid", "网址格式有误", "http or https, at most 2048 characters")
    return {"media_url": url}
