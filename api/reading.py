"""From what a client sends to a report as the record keeps it; shared by one report and by many at once."""

from collections.abc import Sequence
from datetime import UTC, datetime

from api.auth import Caller
from api.schemas import ReportIn
from domain.actor import Role
from domain.asset import scanned
from domain.errors import Fault, Invalid
from domain.ids import ReportId
from domain.report import Contact, Report, Source, checked_point, checked_time, clean_code, clean_text


def report_of(sent: ReportIn, who: Caller, key: str, new: ReportId, attachments: Sequence[str]) -> Report:
    """The report; ``attachments`` are those it names, checked. Raises ``Invalid`` with a pointer into ``sent``."""
    now = datetime.now(UTC)
    place = sent.position
    text = clean_text(sent.text, "/text")
    asset = None if sent.asset is None else str(scanned(sent.asset, "/asset"))
    if not text and sent.category is None and asset is None:
        fault = Fault("/text", "text-empty")
        raise Invalid("text-empty", "缺少事件描述", "say what happened, or give a category or component code", (fault,))
    return Report(
        id=new,
        source=_source(who),
        origin=who.origin,
        origin_key=key,
        received_at=now,
        occurred_at=checked_time(sent.captured_at, now, "/captured_at") if sent.captured_at else None,
        text=text,
        address=clean_text(sent.address, "/address", limit=256),
        area_names=tuple(clean_text(name, f"/areas/{n}", limit=100) for n, name in enumerate(sent.areas)),
        point=checked_point(place.lon, place.lat, place.crs, "/position") if place else None,
        category=None if sent.category is None else clean_code(sent.category, "/category"),
        kind=sent.kind,
        condition=None if sent.condition is None else clean_code(sent.condition, "/condition"),
        urgency=sent.urgency,
        contact=_contact(sent),
        extra=_extra(sent, who, asset, attachments),
    )


def _source(who: Caller) -> Source:
    return Source.INSPECTOR if who.actor.role is Role.INSPECTOR else Source.HOTLINE


def _extra(sent: ReportIn, who: Caller, asset: str | None, attachments: Sequence[str]) -> dict[str, str]:
    said = {"appeal": sent.appeal.value} if _source(who) is Source.HOTLINE else {}
    if sent.position and sent.position.accuracy_m is not None:
        said["accuracy_m"] = f"{sent.position.accuracy_m:g}"
    if asset:
        said["asset"] = asset
    if attachments:
        said["attachments"] = " ".join(attachments)
    return said


def _contact(sent: ReportIn) -> Contact | None:
    if sent.caller is None:
        return None
    return Contact(
        clean_text(sent.caller.name, "/caller/name", limit=100),
        clean_text(sent.caller.phone, "/caller/phone", limit=40),
    )
