"""One report being read, at any door: strict with machines, patient with people (docs/strictness.md).

What a person says is never refused for its category or a doubtful position: it is kept as it was sent, and flagged for
the desk. A program that names categories and positions is told what is wrong, because it can be mended.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum

from domain.catalogue import Catalogue
from domain.errors import Fault, Invalid, invalid
from domain.place import Point
from domain.report import (
    AHEAD,
    MAX_TEXT,
    Contact,
    Report,
    Source,
    checked_point,
    checked_time,
    clean_name,
    clean_text,
    crs_of,
    hides,
)

DEVICE_AHEAD = timedelta(hours=24)
OFFLINE = timedelta(days=7)
"""How long a phone may have had no line before its report is worth a second look."""
WEAK_M = 500.0
_NUMBER = re.compile(r"\+?[0-9*][0-9*-]{2,22}(?:(?:转|ext|x|#)[0-9]{1,6})?")
_BETWEEN = re.compile(r"[/,;、]")
_FILLING = re.compile(r"[ \t\n().]")
_CHINA = re.compile(r"\A(?:\+|00)86-?(?=[0-9*]{10})")


class Flag(StrEnum):
    """What is doubtful about a report that was accepted; the desk looks."""

    NORMALIZED = "normalized"
    """Invisible characters were taken out of a text; as sent it is kept beside."""
    SWAPPED = "coordinate-swapped"
    """Longitude and latitude were put right."""
    PLACEHOLDER = "coordinate-placeholder"
    OUT_OF_RANGE = "coordinate-out-of-range"
    CRS_MISSING = "crs-missing"
    CRS_UNSUPPORTED = "crs-unsupported"
    COARSE = "coordinate-coarse"
    """Two decimals or fewer: about a kilometre."""
    WEAK = "position-weak"
    CLOCK = "clock-suspect"
    """The sender's clock is ahead of ours; limits run from our time of receipt."""
    LATE = "reported-late"


class Reading:
    """Reads the parts of one report of ``source``; what it finds doubtful ends up in ``extra``."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._flags: list[Flag] = []
        self._kept: dict[str, str] = {}

    @property
    def extra(self) -> dict[str, str]:
        """For ``Report.extra``: ``flags``, and under ``*_as_sent`` what was mended or could not be used."""
        return {**({"flags": " ".join(dict.fromkeys(self._flags))} if self._flags else {}), **self._kept}

    def text(self, text: str, name: str, limit: int = MAX_TEXT, *, required: bool = False) -> str:
        """Free text of a field, as ``clean_text`` gives it. Raises ``Invalid``."""
        cleaned = clean_text(text, f"/{name}", limit=limit, required=required)
        if hides(text):
            self._flags.append(Flag.NORMALIZED)
            self._kept[f"{name}_as_sent"] = text
        return cleaned

    def area(self, name: str, place: int) -> str:
        """A name of an area, at its place in the list; a person's words. Raises ``Invalid``."""
        if hides(name):
            self._flags.append(Flag.NORMALIZED)
        return clean_text(name, f"/areas/{place}", limit=100)

    def point(self, lon: float, lat: float, crs: str | None, pointer: str = "/position") -> Point | None:
        """A position; None where it cannot be one and the report is kept all the same. Raises ``Invalid``.

        A swap is put right for people, for in China it is certain. A phone may not know its coordinate system: then the
        position is kept for the desk to see, and not used.
        """
        try:
            return checked_point(lon, lat, crs_of(crs, pointer), pointer)
        except Invalid as error:
            if error.code not in _BORNE[self._source]:
                raise
            self._flags.append(Flag(error.code))
            self._kept["position_as_sent"] = f"{lon:.7f},{lat:.7f} {crs if crs and crs.isprintable() else ''}".strip()
            return self.point(lat, lon, crs, pointer) if error.code == Flag.SWAPPED else None

    def moment(self, moment: datetime, now: datetime, pointer: str) -> datetime:
        """A time the sender claims. The clock of a device may be a day ahead of ours. Raises ``Invalid``."""
        return checked_time(moment, now, pointer, AHEAD if self._source is Source.HOTLINE else DEVICE_AHEAD)


_BORNE: Mapping[Source, frozenset[str]] = {
    Source.HOTLINE: frozenset(
        {Flag.SWAPPED, Flag.PLACEHOLDER, Flag.OUT_OF_RANGE, Flag.CRS_MISSING, Flag.CRS_UNSUPPORTED}
    ),
    Source.INSPECTOR: frozenset({Flag.CRS_MISSING}),
    Source.ALARM: frozenset(),
}
"""Which faults of a position do not keep a report out, by its source."""


def flags(
    extra: Mapping[str, str], at: tuple[float, float] | None, claimed: datetime | None, received: datetime
) -> tuple[Flag, ...]:
    """All that is doubtful about a report: what was noted when it was read, and what shows by what is kept.

    ``at`` are its longitude and latitude, ``claimed`` is when it happened as the sender says.
    """
    return (*(Flag(flag) for flag in extra.get("flags", "").split()), *_showing(extra, at, claimed, received))


def _showing(
    extra: Mapping[str, str], at: tuple[float, float] | None, claimed: datetime | None, received: datetime
) -> Iterator[Flag]:
    if at and (round(at[0], 2), round(at[1], 2)) == at:
        yield Flag.COARSE
    if float(extra.get("accuracy_m", 0)) > WEAK_M:
        yield Flag.WEAK
    if claimed and claimed > received + AHEAD:
        yield Flag.CLOCK
    if claimed and claimed < received - OFFLINE:
        yield Flag.LATE


def check_codes(report: Report, catalogue: Catalogue) -> None:
    """Category and condition of a machine's report must be in the catalogue; what people name is for the desk.

    Raises ``Invalid``: ``category-unknown`` with up to three codes that look like it, or ``condition-mismatch``.
    """
    if report.source is Source.HOTLINE or report.category is None:
        return
    try:
        category = catalogue.find(report.category, report.kind)
    except Invalid as error:
        known = {c.code for c in catalogue.categories.values() if c.kind is report.kind}
        near = get_close_matches(report.category, sorted(known), n=3)
        hint = f"{report.kind} codes of {catalogue.current}" + (f"; near: {', '.join(near)}" if near else "")
        raise invalid("/category", error.code, error.title, hint) from None
    try:
        catalogue.condition(category, report.condition)
    except Invalid as error:
        raise Invalid(error.code, error.title, error.detail, (Fault("/condition", error.code),)) from None


def contact_of(name: str, phone: str, pointer: str = "/caller") -> Contact:
    """How to reach somebody. Raises ``Invalid``: as ``clean_name`` does, or ``phone-invalid``."""
    return Contact(clean_name(name, f"{pointer}/name", limit=100), clean_phone(phone, f"{pointer}/phone"))


def clean_phone(phone: str, pointer: str) -> str:
    """Telephone numbers as people here dial them: full-width digits, blanks and the country code are put right.

    Digits may be masked (``139****0000``), an extension may follow, ``/`` stands between several. Raises ``Invalid``
    as ``clean_text`` does, or ``phone-invalid``.
    """
    if phone.isascii() and phone.isdigit() and 3 <= len(phone) <= 13:
        return phone
    plain = _FILLING.sub("", unicodedata.normalize("NFKC", clean_text(phone, pointer, limit=40))).lower()
    if not plain:
        return ""
    numbers = [_CHINA.sub("", number) for number in _BETWEEN.split(plain)]
    if not all(map(_NUMBER.fullmatch, numbers)):
        raise invalid(pointer, "phone-invalid", "电话号码有误")
    return "/".join(numbers)
