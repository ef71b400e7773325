"""The HTTP application: routes, errors, lifetime. Built by ``runtime.wiring``."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse

from api import errors
from api.auth import PUBLIC, ROUTES
from api.deps import Deps
from api.device_schemas import DeviceIn
from api.duplicate_schemas import AsideIn
from api.duty_schemas import AbsenceIn
from api.parameters import parameters
from api.routes import (
    alerts,
    assets,
    attachments,
    cases,
    devices,
    duplicates,
    duty,
    health,
    imports,
    inspection,
    open311,
    quality,
    report_batch,
    reports,
    rulebooks,
    sensors,
    sensorthings,
    stream,
    tasks,
    tickets,
)
from api.rulebook_schemas import DispatchQuestion, RulebookIn
from api.schemas import problems, request_schemas
from api.sensorthings.intake import DataArrayIn, ObservationIn
from api.ticket_schemas import TicketActionIn

_ABOUT = """The open backend for unified city operations (一网统管): reports come in, become cases, find their
department and are followed until somebody independent has verified the end. Errors are RFC 9457 problem+json."""


def create_app(
    open_deps: Callable[[], AbstractAsyncContextManager[Deps]], scrape: Callable[[Deps], Awaitable[bytes]]
) -> FastAPI:
    """The application. ``open_deps`` builds its tools at start and closes them at the end; ``scrape`` renders metrics.

    Raises ``RuntimeError`` if a route has no declared roles: nothing is open by forgetting.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_deps() as tools:
            app.state.deps = tools
            await tools.hub.start()
            try:
                yield
            finally:
                await tools.hub.stop()

    app = FastAPI(title="cityloop", version="1", description=_ABOUT, lifespan=lifespan, redoc_url=None)
    errors.install(app)
    of_cases = (reports, report_batch, cases, duplicates, tasks, tickets, inspection, alerts)
    of_sensors = (devices, sensors, sensorthings)
    for module in (*of_cases, assets, attachments, imports, rulebooks, quality, duty, *of_sensors, stream):
        app.include_router(module.router, responses=problems(401, 403, 408, 422, 429, 431, 503))
    for own in (open311, health):
        app.include_router(own.router)

    @app.get("/metrics", tags=["health"], response_class=PlainTextResponse)
    async def metrics(request: Request) -> Response:
        """Business and technical figures in Prometheus text format."""
        return Response(await scrape(request.app.state.deps), media_type="text/plain; version=0.0.4; charset=utf-8")

    app.openapi()["components"]["schemas"].update(
        request_schemas(
            TicketActionIn, AsideIn, RulebookIn, DispatchQuestion, AbsenceIn, DeviceIn, ObservationIn, DataArrayIn
        )
    )
    app.state.parameters = parameters(app.openapi())
    # by way of OpenAPI, which sees every route however deep its router is nested
    for path, operations in app.openapi()["paths"].items():
        for method in operations:
            if f"{method.upper()} {path}" not in ROUTES.keys() | PUBLIC:
                raise RuntimeError(f"{method.upper()} {path} has no declared roles (api/auth.py)")
    return app
