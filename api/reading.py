"""From what a client sends to a report as the record keeps it; shared by one report and by many at once."""

from collections.abc import Sequence
from datetime import UTC, datetime

from api.auth import Caller
from api.schemas import ReportIn
from domain.actor import Role
from domain.asset import scanned
from domain.errors import invalid
from domain.ids import ReportId
from domain.reading import Reading, contact_of
from domain.report import Report, Source


def report_of(sent: ReportIn, who: Caller, key: str, new: ReportId, attachments: Sequence[str]) -> Report:
    """The report; ``attachments`` are those it names, checked. Raises ``Invalid`` with a pointer into ``sent``."""
    now = datetime.now(UTC)
    source, place = _source(who), sent.position
    reading = Reading(source)
    text = reading.text(sent.text, "text")
    asset = None if sent.asset is None else str(scanned(sent.asset, "/asset"))
    if not text and sent.category is None and asset is None:
        hint = "say what happened, or give a category or component code"
        raise invalid("/text", "text-empty", "缺少事件描述", hint)
    return Report(
        id=new,
        source=source,
        origin=who.origin,
        origin_key=key,
        received_at=now,
        occurred_at=reading.moment(sent.captured_at, now, "/captured_at") if sent.captured_at else None,
        text=text,
        address=reading.text(sent.address, "address", 256),
        area_names=tuple(reading.area(name, n) for n, name in enumerate(sent.areas)),
        point=reading.point(place.lon, place.lat, place.crs) if place else None,
        category=sent.category,
        kind=sent.kind,
        condition=sent.condition,
        urgency=sent.urgency,
        contact=contact_of(sent.caller.name, sent.caller.phone) if sent.caller else None,
        extra={**_extra(sent, source, asset, attachments), **reading.extra},
    )


def _source(who: Caller) -> Source:
    return Source.INSPECTOR if who.actor.role is Role.INSPECTOR else Source.HOTLINE


def _extra(sent: ReportIn, source: Source, asset: str | None, attachments: Sequence[str]) -> dict[str, str]:
    said = {"appeal": sent.appeal.value} if source is Source.HOTLINE else {}
    if sent.position and sent.position.accuracy_m is not None:
        said["accuracy_m"] = f"{sent.position.accuracy_m:g}"
    if asset:
        said["asset"] = asset
    if sent.caller and sent.caller.kind:
        said["caller"] = sent.caller.kind
    if attachments:
        said["attachments"] = " ".join(attachments)
    return said
