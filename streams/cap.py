"""CAP 1.2 (OASIS Common Alerting Protocol): a bulletin as the XML that warning systems read. Knows no door.

The relay publishes it, the HTTP door serves it; ``runtime.wiring`` hands the one renderer to both.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from xml.etree import ElementTree as Xml

import msgspec

from domain.bulletin import Bulletin, identifier

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
RADIUS_KM = 0.5
"""How far around its place a warning reaches where the plan says nothing else."""

# A place is told to three digits, about 100 m: the circle loses nothing by it, and nobody's door is published.
_DIGITS = 3
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # not a character of XML 1.0
_EXERCISE = "演练"
_OVER = {True: "解除", False: "撤销"}


@dataclass(frozen=True, slots=True)
class Issuer:
    """The city that warns: ``sender`` without spaces and commas, unique in the world; ``zone`` for its times.

    ``areas`` are the names of areas by code.
    """

    sender: str
    name: str
    zone: tzinfo
    areas: Mapping[str, str]

    def render(self, bulletin: Bulletin) -> bytes:
        """The message as a CAP 1.2 document in UTF-8; the same bytes for the same bulletin, whenever asked."""
        alert = Xml.Element(_tag("alert"))
        over = not bulletin.standing
        _add(alert, "identifier", bulletin.identifier)
        _add(alert, "sender", self.sender)
        _add(alert, "sent", self._time(bulletin.at))
        _add(alert, "status", "Exercise" if bulletin.exercise else "Actual")
        _add(alert, "msgType", bulletin.kind)
        _add(alert, "scope", "Restricted" if bulletin.exercise else "Public")
        if bulletin.exercise:
            _add(alert, "restriction", "演练参加单位")
        if notes := [*[_EXERCISE] * bulletin.exercise, *[_OVER[bulletin.lifted]] * over]:
            _add(alert, "note", "，".join(notes))
        if bulletin.earlier:
            _add(alert, "references", " ".join(self._references(bulletin)))
        _add(alert, "incidents", bulletin.no)
        self._info(Xml.SubElement(alert, _tag("info")), bulletin)
        Xml.indent(alert)
        document: bytes = Xml.tostring(alert, "utf-8", xml_declaration=True, default_namespace=NAMESPACE)
        return document + b"\n"

    def _references(self, bulletin: Bulletin) -> list[str]:
        """``sender,identifier,sent`` of every message this one takes the place of."""
        return [
            f"{self.sender},{identifier(bulletin.no, one.version)},{self._time(one.at)}" for one in bulletin.earlier
        ]

    def _info(self, info: Xml.Element, bulletin: Bulletin) -> None:
        warning, over = bulletin.warning, not bulletin.standing
        _add(info, "language", "zh-CN")
        _add(info, "category", warning.category)
        _add(info, "event", warning.event)
        if bulletin.lifted and over:
            _add(info, "responseType", "AllClear")
        _add(info, "urgency", "Past" if over else warning.urgency)
        _add(info, "severity", warning.severity)
        _add(info, "certainty", warning.certainty)
        if bulletin.category:
            named = f"{bulletin.category.standard}:{bulletin.category.kind}"
            _pair(info, "eventCode", named, bulletin.category.code)
        _add(info, "effective", self._time(bulletin.at))
        _add(info, "expires", self._time(bulletin.expires))
        _add(info, "senderName", self.name)
        _add(info, "headline", _headline(bulletin))
        if warning.instruction and not over:
            _add(info, "instruction", warning.instruction)
        _pair(info, "parameter", "plan", bulletin.plan)
        if bulletin.level:
            _pair(info, "parameter", "level", bulletin.level)
        self._area(Xml.SubElement(info, _tag("area")), bulletin)

    def _area(self, area: Xml.Element, bulletin: Bulletin) -> None:
        # where the place is unknown the warning is for the whole city
        named = "".join(self.areas.get(code, code) for code in bulletin.path)
        _add(area, "areaDesc", named or self.name)
        if bulletin.point:
            lat, lon = round(bulletin.point.lat, _DIGITS), round(bulletin.point.lon, _DIGITS)
            _add(area, "circle", f"{lat},{lon} {RADIUS_KM}")
        if bulletin.path:
            _pair(area, "geocode", "area", bulletin.path[-1])

    def _time(self, moment: datetime) -> str:
        """CAP's own form (3.2.1): whole seconds and a numeric offset; ``Z`` is not allowed, UTC is ``-00:00``."""
        local = moment.astimezone(self.zone).replace(microsecond=0).isoformat()
        return local.removesuffix("+00:00") + "-00:00" if local.endswith("+00:00") else local


class _Carrier(msgspec.Struct, frozen=True):
    """As much of an event as the relay has to understand."""

    alert: Bulletin | None = None


_carrier = msgspec.json.Decoder(_Carrier)


def bulletin_of(document: bytes) -> Bulletin | None:
    """The message that an event (its JSON document) carries, if any."""
    # nearly no event has one, and within a text of JSON these very bytes cannot stand
    return _carrier.decode(document).alert if b'"alert":{' in document else None


def _headline(bulletin: Bulletin) -> str:
    told = bulletin.warning.headline if bulletin.standing else f"{_OVER[bulletin.lifted]}：{bulletin.warning.headline}"
    return f"【{_EXERCISE}】{told}" if bulletin.exercise else told


def _add(parent: Xml.Element, name: str, text: str) -> None:
    Xml.SubElement(parent, _tag(name)).text = _FORBIDDEN.sub("", text)


def _pair(parent: Xml.Element, name: str, key: str, value: str) -> None:
    pair = Xml.SubElement(parent, _tag(name))
    _add(pair, "valueName", key)
    _add(pair, "value", value)


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
