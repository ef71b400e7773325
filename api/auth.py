"""Who is calling, and which role may use which route, as one table. A route that is not in it does not start."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from api.rates import Rates
from domain.actor import Actor, Role
from domain.errors import Invalid, Refused
from store.views import ClientView, Scope, Views

_REPORTERS = frozenset({Role.INSPECTOR, Role.HOTLINE, Role.DESK, Role.ADMIN})
_DRAWERS = frozenset({Role.SUPERVISOR, Role.ADMIN})
# they merge and split cases too
_COMPARERS = frozenset({Role.DESK, Role.CHIEF, Role.DISPATCHER, Role.ADMIN})
_STAFF = frozenset(
    {Role.DESK, Role.CHIEF, Role.DISPATCHER, Role.OFFICER, Role.CALLBACK, Role.SUPERVISOR, Role.VIEWER, Role.ADMIN}
)
# a device platform has devices and readings, and sees no case
_EVERYBODY = frozenset(Role) - {Role.SYSTEM, Role.DEVICE}
_ACTORS = _EVERYBODY - {Role.VIEWER}
_FIELD = frozenset({Role.UNIT, Role.INSPECTOR})
# what was said to a caller is for those who speak to callers, and the units that must
_TICKETS = frozenset({Role.HOTLINE, Role.DESK, Role.CALLBACK, Role.UNIT, Role.ADMIN})
_IMPORTERS = frozenset({Role.HOTLINE, Role.ADMIN})
# who dispatches keeps the rulebook; who is answerable for it approves
_RULE_KEEPERS = frozenset({Role.DISPATCHER, Role.CHIEF, Role.ADMIN})
_RULE_APPROVERS = frozenset({Role.CHIEF, Role.ADMIN})
_DEVICE_KEEPERS = frozenset({Role.DEVICE, Role.ADMIN})
# a unit sees its own devices, and what they measure
_DEVICE_READERS = _STAFF | {Role.UNIT, Role.DEVICE}
# the screens on the wall need no telephone numbers
_ROSTER = (_STAFF - {Role.VIEWER}) | {Role.UNIT}
_ROSTER_KEEPERS = frozenset({Role.CHIEF, Role.DISPATCHER, Role.UNIT, Role.ADMIN})

# Which verb a role may use on a case is the law's business (domain.lifecycle); this table is about routes.
ROUTES: Mapping[str, frozenset[Role]] = {
    "POST /v1/reports": _REPORTERS,
    "POST /v1/reports:batch": _REPORTERS,
    "GET /v1/reports/{report_id}": _REPORTERS | _STAFF,
    "GET /v1/cases": _STAFF | _FIELD,
    "GET /v1/cases/{no}": _STAFF | _FIELD | {Role.HOTLINE},
    "GET /v1/cases/{no}/reports": _STAFF | _FIELD | {Role.HOTLINE},
    "GET /v1/cases/{no}/history": _STAFF | {Role.UNIT},
    "GET /v1/cases/{no}/explain": _STAFF | {Role.UNIT},
    "GET /v1/cases/{no}/actions": _STAFF | _FIELD | {Role.HOTLINE},
    "POST /v1/cases/{no}/actions/{verb}": _ACTORS,
    "GET /v1/cases/{no}/duplicates": _STAFF,
    "PUT /v1/cases/{no}/duplicates/{other}": _COMPARERS,
    "GET /v1/duplicates": _STAFF,
    "GET /v1/tasks": _FIELD,
    "POST /v1/tasks/{task_id}/actions/{verb}": _FIELD,
    "PUT /v1/presence": frozenset({Role.INSPECTOR}),
    "DELETE /v1/presence": frozenset({Role.INSPECTOR}),
    "POST /v1/spot-checks": _DRAWERS,
    "GET /v1/tickets": _TICKETS,
    "GET /v1/tickets/{report_id}": _TICKETS,
    "GET /v1/tickets/{report_id}/history": _TICKETS,
    "POST /v1/tickets/{report_id}/actions/{verb}": _TICKETS,
    "GET /v1/alerts": _EVERYBODY,
    "GET /v1/alerts/{no}": _EVERYBODY,
    "GET /v1/cases/{no}/alerts": _EVERYBODY,
    "GET /v1/cases/{no}/command": _STAFF | {Role.UNIT},
    "POST /v1/attachments": _ACTORS,
    "HEAD /v1/attachments/{attachment_id}": _ACTORS,
    "PATCH /v1/attachments/{attachment_id}": _ACTORS,
    "GET /v1/attachments/{attachment_id}": _EVERYBODY,
    "GET /v1/attachments/{attachment_id}/about": _EVERYBODY,
    "GET /v1/attachments/{attachment_id}/thumbnail": _EVERYBODY,
    "POST /v1/imports": _IMPORTERS,
    "GET /v1/imports": _IMPORTERS,
    "GET /v1/imports/{import_id}": _IMPORTERS,
    "GET /v1/imports/{import_id}/report": _IMPORTERS,
    "POST /v1/imports/{import_id}:cancel": _IMPORTERS,
    "GET /v1/dispatch/rules": _STAFF,
    "POST /v1/dispatch:explain": _STAFF,
    "POST /v1/rulebooks": _RULE_KEEPERS,
    "GET /v1/rulebooks": _STAFF,
    "GET /v1/rulebooks/{rulebook_id}": _STAFF,
    "GET /v1/rulebooks/{rulebook_id}/table": _STAFF,
    "POST /v1/rulebooks/{rulebook_id}:check": _RULE_KEEPERS,
    "POST /v1/rulebooks/{rulebook_id}:approve": _RULE_APPROVERS,
    "POST /v1/rulebooks/{rulebook_id}:retire": _RULE_APPROVERS,
    "POST /v1/rulebooks/{rulebook_id}:simulate": _RULE_KEEPERS,
    "GET /v1/dispatch/quality": _STAFF,
    "GET /v1/duty": _ROSTER,
    "GET /v1/duty/handover": _ROSTER,
    "PUT /v1/duty/{person}": _ROSTER_KEEPERS,
    "DELETE /v1/duty/{person}": _ROSTER_KEEPERS,
    "GET /v1/units/{unit}/load": _STAFF | {Role.UNIT},
    "GET /v1/assets": _EVERYBODY,
    "GET /v1/assets/{code}": _EVERYBODY,
    "GET /v1/devices": _DEVICE_READERS,
    "GET /v1/devices/unknown": _STAFF | {Role.DEVICE},
    "GET /v1/devices/{device_id}": _DEVICE_READERS,
    "PUT /v1/devices/{device_id}": _DEVICE_KEEPERS,
    "GET /v1/devices/{device_id}/readings": _DEVICE_READERS,
    "GET /v1/devices/{device_id}/alarms": _DEVICE_READERS,
    "GET /v1/devices/{device_id}/chart": _DEVICE_READERS,
    "GET /v1/sensor-incidents": _DEVICE_READERS,
    "GET /v1/sensor-incidents/{incident}/witnesses": _DEVICE_READERS,
    "GET /sta/v1.1": _DEVICE_READERS,
    "GET /sta/v1.1/{collection}": _DEVICE_READERS,
    "GET /sta/v1.1/{collection}({key})": _DEVICE_READERS,
    "GET /sta/v1.1/{collection}({key})/{navigation}": _DEVICE_READERS,
    "POST /sta/v1.1/Observations": _DEVICE_KEEPERS,
    "POST /sta/v1.1/CreateObservations": _DEVICE_KEEPERS,
    "POST /sta/v1.1/Datastreams({key})/Observations": _DEVICE_KEEPERS,
    "GET /v1/stream": _STAFF | {Role.UNIT},
}

# asks for a key itself, by the rules of Open311, where the settings want one; its answers are no problem+json
OPEN311 = frozenset(
    {
        "GET /open311/v2/discovery.{form}",
        "GET /open311/v2/services.{form}",
        "GET /open311/v2/services/{service_code}.{form}",
        "GET /open311/v2/requests.{form}",
        "POST /open311/v2/requests.{form}",
        "OPTIONS /open311/v2/requests.{form}",
        "GET /open311/v2/requests/{service_request_id}.{form}",
        "GET /open311/v2/tokens/{token}.{form}",
    }
)
OPEN311_CLIENTS = frozenset({Role.HOTLINE})

PUBLIC = OPEN311 | frozenset(
    {"GET /livez", "GET /readyz", "GET /metrics", "GET /openapi.json", "GET /docs", "OPTIONS /v1/attachments"}
)

_REMEMBERED_SECONDS = 30.0
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Caller:
    """A known client with what it may see."""

    actor: Actor
    scope: Scope

    @property
    def origin(self) -> str:
        """The origin its reports carry; its Idempotency-Keys are unique within it."""
        return f"api:{self.actor.id}"


class Gate:
    """Recognises API keys. A key's owner is remembered for 30 s, so that a revoked key is out within that time."""

    def __init__(self, views: Views, rates: Rates) -> None:
        self._views = views
        self._rates = rates
        self._known: dict[bytes, tuple[float, Caller]] = {}

    async def caller(self, authorization: str | None, route: str) -> Caller:
        """The caller behind an ``Authorization: Bearer KEY`` header, if its role may use the route.

        Raises ``Invalid`` (401) for no or an unknown key, ``Refused`` (403) for a role the route is not for, and
        ``RateLimited`` (429) for one that asks too often.
        """
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise Invalid("credentials-required", "需要访问凭证", "send the header Authorization: Bearer KEY")
        caller = await self._recognise(sha256(key.strip().encode()).digest())
        if caller.actor.role not in ROUTES[route]:
            raise Refused("role-not-allowed", "角色无权访问", f"{route} is not for role {caller.actor.role}")
        self._rates.asked(caller.actor, route)
        return caller

    async def known(self, key: str) -> Caller:
        """The caller behind a bare key, whatever its role may do. Raises ``Invalid`` (401) for an unknown key."""
        return await self._recognise(sha256(key.strip().encode()).digest())

    async def _recognise(self, key_hash: bytes) -> Caller:
        now = time.monotonic()
        since, caller = self._known.get(key_hash, (0.0, None))
        if caller is not None and now - since < _REMEMBERED_SECONDS:
            return caller
        client = await self._views.client(key_hash)
        if client is None:
            raise Invalid("credentials-invalid", "访问凭证无效", "the key is unknown or was revoked")
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        found = Caller(client.actor, _scope(client))
        self._known[key_hash] = (now, found)
        return found


def _scope(client: ClientView) -> Scope:
    role = client.actor.role
    if role is Role.UNIT:
        return Scope(unit=client.actor.unit)
    own = f"api:{client.actor.id}"
    if role is Role.HOTLINE:
        return Scope(areas=client.areas, origin=own, reporter=own)
    if role is Role.INSPECTOR:
        return Scope(areas=client.areas, origin=own, worker=client.actor.id)
    return Scope(areas=client.areas)
