"""A report (诉求/上报): what somebody or something told us, before anyone decided what it is.

A report is kept as it came. Several reports may stand behind one case; every reporter stays on it.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import isfinite
from uuid import UUID

from domain.attachment import AttachmentId
from domain.catalogue import Kind, Urgency
from domain.errors import invalid
from domain.ids import ReportId
from domain.place import Crs, Point

MAX_TEXT = 4000
AHEAD = timedelta(minutes=5)
"""How far the clock of a sender may be ahead of ours."""
_EARLIEST_YEAR = 2000
# zero-width space, byte order mark, bidirectional controls: invisible, and they turn what people read
_INVISIBLE = dict.fromkeys([0x200B, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_HALF = re.compile("[\ud800-\udfff]")


class Source(StrEnum):
    """The three kinds of senders: the 12345 hotline, grid inspectors' phones, sensors and their platforms."""

    HOTLINE = "hotline"
    INSPECTOR = "inspector"
    ALARM = "alarm"


class CallerKind(StrEnum):
    """Who speaks, as far as a rule may care: 市民, 企业, 人大代表和政协委员, 媒体, 机关单位."""

    CITIZEN = "citizen"
    ENTERPRISE = "enterprise"
    DEPUTY = "deputy"
    MEDIA = "media"
    GOVERNMENT = "government"


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach the person who reported. Personal data: stored apart, never in events, logs or rejects."""

    name: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """One report as accepted.

    ``origin`` names the sender that guarantees ``origin_key`` to be unique for ever (a hotline, a device platform, an
    API client with its idempotency keys). ``area_names`` run from coarse to fine. ``received_at`` is our clock,
    ``occurred_at`` the sender's claim. ``condition`` and ``category`` are codes as sent. ``extra`` is what only some
    senders say, such as ``asset`` and ``attachments``.
    """

    id: ReportId
    source: Source
    origin: str
    origin_key: str
    received_at: datetime
    text: str = ""
    address: str = ""
    occurred_at: datetime | None = None
    category: str | None = None
    kind: Kind = Kind.EVENT
    condition: str | None = None
    urgency: Urgency = Urgency.NORMAL
    point: Point | None = None
    area_names: tuple[str, ...] = ()
    contact: Contact | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def asset(self) -> str | None:
        """The identifier of the component (部件标识码) it is about, if the sender names one."""
        return self.extra.get("asset")

    @property
    def caller(self) -> str:
        """The kind of whoever speaks (``CallerKind``), empty if the sender does not say."""
        return self.extra.get("caller", "")

    @property
    def attachments(self) -> tuple[AttachmentId, ...]:
        """The attachments it names: ids with blanks between, so that a report without any reads as it always did."""
        return tuple(AttachmentId(UUID(each)) for each in self.extra.get("attachments", "").split())

    @property
    def neighbourhood(self) -> str:
        """A coarse key of the place as stated (about 1 km, or the component, or the area's name).

        Reports of one neighbourhood are filed one after another, so that two reports of one incident meet.
        """
        if self.point is not None:
            return f"{self.point.lon:.2f},{self.point.lat:.2f}"
        return self.asset or "/".join(self.area_names) or self.address[:32]


def clean_text(text: str, pointer: str, *, limit: int = MAX_TEXT, required: bool = False) -> str:
    """Free text made safe to keep: invisible characters out, line ends unified, surrounding blanks cut, length checked.

    Raises ``Invalid`` with one of ``text-control-char``, ``text-invalid-unicode``, ``text-too-long``, ``text-empty``.
    """
    plain = text.isprintable()
    visible = text if plain else text.translate(_INVISIBLE).replace("\r\n", "\n").replace("\r", "\n")
    cleaned = visible.strip()
    if required and not cleaned:
        raise invalid(pointer, "text-empty", "文本不能为空")
    if len(cleaned) > limit:
        raise invalid(pointer, "text-too-long", "文本过长", f"at most {limit} characters")
    if not plain and _HALF.search(visible):
        raise invalid(pointer, "text-invalid-unicode", "文本含无效字符")
    if not plain and _CONTROL.search(visible):
        raise invalid(pointer, "text-control-char", "文本含控制字符")
    return cleaned


def hides(text: str) -> bool:
    """Whether ``clean_text`` takes out characters of it that nobody sees."""
    return not text.isprintable() and any(ord(char) in _INVISIBLE for char in text)


def clean_name(name: str, pointer: str, *, limit: int, required: bool = False) -> str:
    """A name or an identifier: one line, and nothing in it that is not seen, for two must not look alike.

    Raises ``Invalid`` as ``clean_text`` does, and ``text-invisible-char``.
    """
    if name.isprintable():
        cleaned = name.strip()
        if len(cleaned) <= limit and (cleaned or not required):
            return cleaned
    else:
        if any(unicodedata.category(char) == "Cf" for char in name):
            raise invalid(pointer, "text-invisible-char", "名称或编号含不可见字符")
        if any(char in "\n\t" for char in name.strip()):
            raise invalid(pointer, "text-control-char", "文本含控制字符")
    return clean_text(name, pointer, limit=limit, required=required)


def clean_code(code: str, pointer: str) -> str:
    """A code or number as senders write it: a name that is not empty, of at most 64 characters.

    Raises ``Invalid`` as ``clean_name`` does. Whether the code means anything is the catalogue's business.
    """
    return clean_name(code, pointer, limit=64, required=True)


def crs_of(name: str | None, pointer: str) -> Crs:
    """The coordinate system of a position, which is never guessed.

    Raises ``Invalid``: ``crs-missing``, or ``crs-unsupported`` for one we cannot convert from.
    """
    if name is None:
        raise invalid(f"{pointer}/crs", "crs-missing", "缺少坐标系", f"one of {', '.join(Crs)}")
    if name not in _SYSTEMS:
        raise invalid(f"{pointer}/crs", "crs-unsupported", "不支持的坐标系", f"one of {', '.join(Crs)}")
    return Crs(name)


_SYSTEMS = frozenset(Crs)


def checked_point(lon: float, lat: float, crs: Crs, pointer: str) -> Point:
    """A point that can be one, to seven decimals (a centimetre).

    Raises ``Invalid``: not finite, out of range, swapped, or a device's placeholder.
    """
    if not (isfinite(lon) and isfinite(lat)):
        raise invalid(pointer, "number-not-finite", "坐标不是有限数")
    # longitudes and latitudes of China do not overlap, so that a swap there is certain even below 90 degrees
    if (abs(lat) > 90 and abs(lon) <= 90) or (73 <= lat <= 136 and 3 <= lon <= 54):
        raise invalid(pointer, "coordinate-swapped", "经纬度疑似颠倒", f"lon {lat}, lat {lon}?")
    if abs(lon) > 180 or abs(lat) > 90:
        raise invalid(pointer, "coordinate-out-of-range", "坐标超出范围")
    lon, lat = round(lon, 7), round(lat, 7)
    if (lon, lat) in {(0.0, 0.0), (-1.0, -1.0), (180.0, 90.0)}:
        raise invalid(pointer, "coordinate-placeholder", "坐标为设备默认值")
    return Point(lon, lat, crs)


def checked_time(moment: datetime, received_at: datetime, pointer: str, ahead: timedelta = AHEAD) -> datetime:
    """A sender's time, taken seriously. Raises ``Invalid`` without offset, before 2000, more than ``ahead`` of us."""
    if moment.tzinfo is None:
        raise invalid(pointer, "timestamp-no-offset", "时间缺少时区")
    if moment.year < _EARLIEST_YEAR:
        raise invalid(pointer, "timestamp-out-of-range", "时间超出范围")
    if moment > received_at + ahead:
        raise invalid(pointer, "timestamp-in-future", "时间晚于当前时间")
    return moment
