"""What the Open311 routes work with: the catalogue as services, the city's words, and what the settings allow."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from api.auth import OPEN311_CLIENTS, Gate
from api.open311.access import ANONYMOUS, Access, Description
from api.open311.render import Content
from api.open311.services import Services
from api.present import Names
from domain.case import Case, Clock, DeadlineState
from domain.errors import Invalid, Refused
from domain.report import Report
from store.views import RequestView

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"


async def everybody(report: Report, address: str) -> None:
    """Turns nobody away."""


@dataclass(frozen=True, slots=True)
class Open311Desk:
    """The door's tools.

    ``jurisdiction`` is the only ``jurisdiction_id`` that is taken; empty takes all, as the specification lets a server
    of one city do. ``url`` is the endpoint as the world sees it; empty: as the request came. ``decimals`` is how
    exact published positions are (4 are about 11 m). ``admit`` is asked before a report is taken, with the origin it
    will have and the sender's network address; it raises what the sender is then told (429, 503).
    """

    city: str
    zone: tzinfo
    changeset: str
    live: bool
    services: Services
    names: Names
    reads: Access = Access.CLIENTS
    posts: Access = Access.CLIENTS
    description: Description = Description.SERVICE
    decimals: int = 4
    jurisdiction: str = ""
    contact: str = ""
    url: str = ""
    admit: Callable[[Report, str], Awaitable[None]] = everybody

    @property
    def words(self) -> bool:
        """Whether the first reporter's words are published."""
        return self.description is Description.REPORT

    def check_jurisdiction(self, named: str) -> None:
        """Raises ``Refused`` (404) for another jurisdiction than ours."""
        if named and self.jurisdiction and named != self.jurisdiction:
            raise Refused("jurisdiction-unknown", "辖区不存在", "leave jurisdiction_id out, or name this city's")

    async def reader(self, gate: Gate, key: str) -> str | None:
        """The origin a reader is kept to; None for all. Raises ``Refused`` or ``Invalid``, told as 403."""
        return None if self.reads is Access.EVERYONE else await _client(gate, key, self.reads)

    async def sender(self, gate: Gate, key: str) -> str:
        """The origin of a report: ``open311:CLIENT``, or ``open311:anonymous``. Raises ``Refused`` or ``Invalid``."""
        if self.posts is Access.EVERYONE and not key:
            return f"open311:{ANONYMOUS}"
        return await _client(gate, key, self.posts)

    def discovery(self, url: str) -> Content:
        """The discovery document. ``url`` is the endpoint as the request came."""
        contact = self.contact or f"{self.city} 12345"
        endpoint: Content = {
            "specification": SPECIFICATION,
            "url": self.url or url,
            "changeset": self.changeset,
            "type": "production" if self.live else "test",
            "formats": ["text/xml", "application/json"],
        }
        return {"changeset": self.changeset, "contact": contact, "key_service": contact, "endpoints": [endpoint]}

    def request(self, view: RequestView) -> Content:
        """A case as the public may see it: nothing of its callers, a rounded position, the areas as its address."""
        case, lead = view.case, view.case.lead
        name = self.services.name_of(case.category)
        notes = self.names.labels.get(f"state.{case.state}", case.state)
        point = case.point
        return {
            "service_request_id": case.no,
            "status": "open" if case.open else "closed",
            "status_notes": f"{notes}：{view.merged_into_no}" if view.merged_into_no else notes,
            "service_name": name,
            "service_code": self.services.code_of(case.category),
            "description": (view.words if self.words else None) or name,
            "agency_responsible": self.names.units.get(lead.unit, lead.unit) if lead and lead.unit else None,
            "service_notice": None,
            "requested_datetime": self._written(case.opened_at),
            "updated_datetime": self._written(case.ended_at or case.updated_at),
            "expected_datetime": self._written(_expected(case)),
            "address": self._address(case),
            "address_id": None,
            "zipcode": None,
            "lat": round(point.lat, self.decimals) if point else None,
            "long": round(point.lon, self.decimals) if point else None,
            "media_url": None,
        }

    def _written(self, moment: datetime | None) -> str | None:
        return moment.astimezone(self.zone).isoformat(timespec="seconds") if moment else None

    def _address(self, case: Case) -> str | None:
        """The areas from the smallest that has a name to the city; what callers wrote is not published."""
        named = [self.names.areas.get(code, code) for code in case.place.path if code != case.place.grid]
        return "，".join(reversed(named)) or None


def _expected(case: Case) -> datetime | None:
    """When it should be done, or while nobody works on it yet, when somebody should have taken it up."""
    running = (case.running(clock) for clock in (Clock.DISPOSAL, Clock.INTAKE))
    return next((d.due_at for d in running if d and d.state is DeadlineState.RUNNING), None)


async def _client(gate: Gate, key: str, access: Access) -> str:
    if access is Access.NOBODY:
        raise Refused("door-closed", "接口未开放", "this city has not opened this side of Open311")
    if not key:
        raise Invalid("credentials-required", "需要访问凭证", "send api_key")
    caller = await gate.known(key)
    if caller.actor.role not in OPEN311_CLIENTS:
        raise Refused("role-not-allowed", "角色无权访问", f"Open311 is not for role {caller.actor.role}")
    return f"open311:{caller.actor.id}"
