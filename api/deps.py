"""What the routes work with, built by the wiring and kept on the application."""

import json
from dataclasses import dataclass
from typing import Any

import msgspec
from fastapi import Request, Response

from api.alert_present import AlertDesk
from api.auth import Caller, Gate
from api.batcher import Batcher
from api.live import Hub
from api.open311.desk import Open311Desk
from api.present import Presenter
from domain.errors import Invalid
from domain.report import Report
from handlers.attach import Archive
from handlers.perform import Request as Asked
from handlers.ports import Office
from handlers.tickets import TicketRequest
from store.views import Views

MAX_BODY = 256 * 1024


@dataclass(frozen=True, slots=True)
class Deps:
    """The API's tools. ``reports`` and ``actions`` gather concurrent requests into one transaction."""

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


def deps(request: Request) -> Deps:
    """The application's tools."""
    tools: Deps = request.app.state.deps
    return tools


async def caller(request: Request) -> Caller:
    """The authenticated caller, allowed on this route."""
    route = f"{request.method} {request.scope['route'].path}"
    return await deps(request).gate.caller(request.headers.get("authorization"), route)


async def json_body(request: Request, most: int = MAX_BODY) -> bytes:
    """The request's JSON, cut off at ``most`` bytes while it arrives. Raises ``Invalid`` (413, 415)."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise Invalid("media-type-unsupported", "仅接受 JSON", "send Content-Type: application/json in UTF-8")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise Invalid("body-too-large", "请求内容过大", f"at most {most} bytes")
    _check_json(body)
    return bytes(body)


def _check_json(body: bytearray) -> None:
    """What the models cannot see: not JSON at all, a field named twice, endless nesting."""
    try:
        json.loads(body, object_pairs_hook=_once)
    except RecursionError:
        raise Invalid("json-too-deep", "JSON 嵌套过深", "nest at most a few levels") from None
    except ValueError as error:
        where = f"line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else "not UTF-8"
        raise Invalid("json-invalid", "无法解析 JSON", where) from None


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise Invalid("json-duplicate-key", "JSON 字段重复", "name each field once")


def answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Plain data as a JSON response."""
    return Response(msgspec.json.encode(content), status, headers, "application/json")
