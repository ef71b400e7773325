"""How messages to the public are shown: as lines for dashboards; the wiring brings the renderer of CAP documents."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from api.present import Names
from domain.bulletin import Bulletin

Plain = dict[str, Any]


class Book(Protocol):
    """The messages in the record (``store.alerts.Alerts``)."""

    async def standing(self) -> list[Bulletin]:
        """What is warned of now, the newest first."""

    async def of_case(self, no: str) -> list[Bulletin]:
        """Every message of a case, the first first."""


@dataclass(frozen=True, slots=True)
class AlertDesk:
    """What the routes of alerts work with. ``render`` gives a bulletin as CAP 1.2 in XML."""

    book: Book
    render: Callable[[Bulletin], bytes]
    names: Names

    def line(self, bulletin: Bulletin) -> Plain:
        """A message as lists show it (``AlertOut``)."""
        warning = bulletin.warning
        return {
            "identifier": bulletin.identifier,
            "no": bulletin.no,
            "type": bulletin.kind,
            "exercise": bulletin.exercise,
            "sent": bulletin.at,
            "expires": bulletin.expires,
            "event": warning.event,
            "category": warning.category,
            "urgency": warning.urgency,
            "severity": warning.severity,
            "certainty": warning.certainty,
            "headline": warning.headline,
            "instruction": warning.instruction,
            "level": bulletin.level,
            "areas": [{"code": code, "name": self.names.areas.get(code, code)} for code in bulletin.path],
            "point": msgspec.to_builtins(bulletin.point),
            "href": f"/v1/alerts/{bulletin.identifier}",
        }

    def lines(self, bulletins: Sequence[Bulletin]) -> list[Plain]:
        """Several messages in the given order."""
        return [self.line(bulletin) for bulletin in bulletins]
