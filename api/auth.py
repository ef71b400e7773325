"""Who is calling, and which role may use which route, as one table. A route that is not in it does not start."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from domain.commands import Actor, Role
from domain.errors import Invalid, Refused
from store.views import ClientView, Scope, Views

_REPORTERS = frozenset({Role.INSPECTOR, Role.HOTLINE, Role.DESK, Role.ADMIN})
_STAFF = frozenset({Role.DESK, Role.DISPATCHER, Role.OFFICER, Role.VIEWER, Role.ADMIN})
_ACTORS = frozenset({Role.DESK, Role.DISPATCHER, Role.UNIT, Role.OFFICER, Role.ADMIN})

# Which verb a role may use on a case is the law's business (domain.lifecycle); this table is about routes.
ROUTES: Mapping[str, frozenset[Role]] = {
    "POST /v1/reports": _REPORTERS,
    "GET /v1/reports/{report_id}": _REPORTERS | _STAFF,
    "GET /v1/cases": _STAFF | {Role.UNIT, Role.INSPECTOR},
    "GET /v1/cases/{no}": _STAFF | {Role.UNIT, Role.INSPECTOR},
    "GET /v1/cases/{no}/history": _STAFF | {Role.UNIT},
    "GET /v1/cases/{no}/explain": _STAFF | {Role.UNIT},
    "GET /v1/cases/{no}/actions": _STAFF | {Role.UNIT, Role.INSPECTOR},
    "POST /v1/cases/{no}/actions/{verb}": _ACTORS,
    "GET /v1/tasks": frozenset({Role.UNIT}),
    "POST /v1/tasks/{task_id}/actions/{verb}": frozenset({Role.UNIT}),
    "GET /v1/stream": _STAFF | {Role.UNIT},
}

PUBLIC = frozenset({"GET /livez", "GET /readyz", "GET /metrics", "GET /openapi.json", "GET /docs"})

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

    def __init__(self, views: Views) -> None:
        self._views = views
        self._known: dict[bytes, tuple[float, Caller]] = {}

    async def caller(self, authorization: str | None, route: str) -> Caller:
        """The caller behind an ``Authorization: Bearer KEY`` header, if its role may use the route.

        Raises ``Invalid`` (401) for no or an unknown key, ``Refused`` (403) for a role the route is not for.
        """
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise Invalid("credentials-required", "需要访问凭证", "send the header Authorization: Bearer KEY")
        caller = await self._recognise(sha256(key.strip().encode()).digest())
        if caller.actor.role not in ROUTES[route]:
            raise Refused("role-not-allowed", "角色无权访问", f"{route} is not for role {caller.actor.role}")
        return caller

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
    own = f"api:{client.actor.id}" if role in (Role.INSPECTOR, Role.HOTLINE) else None
    return Scope(areas=client.areas, origin=own)
