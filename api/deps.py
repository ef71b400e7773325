"""What the routes work with, built by the wiring and kept on the application."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from fastapi import Request, Response

from api.admission import Admission
from api.alert_present import AlertDesk
from api.auth import Caller, Gate
from api.batcher import Batcher
from api.live import Hub
from api.open311.desk import Open311Desk
from api.parameters import check_head
from api.present import Presenter
from api.sensorthings.outlet import Outlet
from domain.place import Level
from domain.report import Report
from handlers.attach import Archive
from handlers.imports import ImportDesk
from handlers.perform import Request as Asked
from handlers.ports import Office
from handlers.rulebooks import RulebookDesk
from handlers.tickets import TicketRequest
from sensing.device import Kind
from store.views import Views


@dataclass(frozen=True, slots=True)
class Deps:
    """The API's tools. ``reports`` and ``actions`` gather concurrent requests into one transaction.

    ``areas_at`` are the codes of all areas of a level. ``kinds`` are the kinds of devices by id, ``outlet`` takes what
    they measured.
    """

    office: Office
    views: Views
    gate: Gate
    hub: Hub
    present: Presenter
    reports: Batcher[Report]
    actions: Batcher[Asked]
    tickets: Batcher[TicketRequest]
    alerts: AlertDesk
    archive: Archive
    open311: Open311Desk
    area_keys: dict[str, str]
    kafka_bootstrap: str
    admission: Admission
    imports: ImportDesk
    rulebooks: RulebookDesk
    areas_at: Mapping[Level, Sequence[str]]
    kinds: Mapping[str, Kind]
    outlet: Outlet


def deps(request: Request) -> Deps:
    """The application's tools."""
    tools: Deps = request.app.state.deps
    return tools


async def caller(request: Request) -> Caller:
    """The authenticated caller, allowed on this route, whose request has a head that can be answered."""
    route = f"{request.method} {request.scope['route'].path}"
    check_head(request, request.app.state.parameters[route])
    return await deps(request).gate.caller(request.headers.get("authorization"), route)


def answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Plain data as a JSON response."""
    return Response(msgspec.json.encode(content), status, headers, "application/json")
