"""The HTTP door inside the test's own process: callers of every role, and listeners to the live stream."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from pkgutil import iter_modules
from tempfile import TemporaryDirectory
from typing import Any, Self
from urllib.parse import urlencode
from uuid import uuid4

import httpx
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from api import routes
from api.app import create_app
from api.batcher import Batcher
from api.deps import Deps
from api.twins import command_key, report_key
from domain.errors import Unavailable
from handlers.accept import accept_many
from handlers.perform import perform_many
from handlers.ports import Office
from handlers.tickets import act_many
from runtime.settings import Settings
from runtime.telemetry import Telemetry
from runtime.wiring import clients, open_api
from store.clients import Clients
from store.pool import connect
from store.views import Scope
from tests.demo_city import pack
from tests.files import a_photo

_EVERYWHERE = frozenset({405, 500})  # answers no route declares of itself
NOBODY = ""  # a caller without a key

_MODULES = tuple(import_module(f"{routes.__name__}.{found.name}") for found in iter_modules(routes.__path__))
ROUTERS: tuple[APIRouter, ...] = tuple(module.router for module in _MODULES if hasattr(module, "router"))


def api_routes() -> list[APIRoute]:
    """Every route of ours that answers something."""
    return [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


def route_of(method: str, path: str) -> APIRoute | None:
    """The route that a request takes."""
    bare = path.partition("?")[0]
    fits = (r for r in api_routes() if method in (r.methods or ()) and r.path_regex.match(bare))
    return next(fits, None)


@dataclass(slots=True)
class FrontDoor:
    """The running application with the keys of all clients of the demo city."""

    app: FastAPI
    telemetry: Telemetry
    keys: dict[str, str]
    http: httpx.AsyncClient
    answered: set[tuple[str, str, int]] = field(default_factory=set)

    @property
    def office(self) -> Office:
        """The application's own office, with its policy."""
        return self.tools.office

    @property
    def tools(self) -> Deps:
        """What the routes work with."""
        tools: Deps = self.app.state.deps
        return tools

    async def ask(self, who: str, method: str, path: str, **more: Any) -> httpx.Response:
        """A request by a client of the pack. Every answer is held against what the route declares of itself."""
        headers = {**more.pop("headers", {})}
        if who:
            headers.setdefault("Authorization", f"Bearer {self.keys[who]}")
        response = await self.http.request(method, path, headers=headers, **more)
        route = route_of(method, path)
        if route is not None:
            self.answered.add((method, route.path, response.status_code))
            documented = self.app.openapi()["paths"][route.path][method.lower()]["responses"]
            assert response.status_code in _EVERYWHERE or str(response.status_code) in documented, response.text[:300]
            if response.is_success and route.response_model is not None:
                as_declared(response.content, route.response_model)
        if response.status_code >= 400 and method != "HEAD" and not path.startswith("/readyz"):
            well_formed_problem(response)
        return response

    async def get(self, who: str, path: str, **more: Any) -> httpx.Response:
        """A GET request."""
        return await self.ask(who, "GET", path, **more)

    async def post(self, who: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """A POST request with a JSON body; underscores in header names stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.ask(who, "POST", path, json={} if body is None else body, headers=named)

    def listen(self, who: str, last: str | None = None, *, reads: bool = True, **query: str) -> "Listener":
        """A client of the live stream."""
        headers = {"Authorization": f"Bearer {self.keys[who]}"}
        if last is not None:
            headers["Last-Event-ID"] = last
        return Listener(self, urlencode(query), headers, reads)

    async def photo(self, who: str) -> str:
        """A photo of its own, uploaded by a client; its id."""
        headers = {"Idempotency-Key": uuid4().hex, "Content-Type": "image/jpeg"}
        answer = await self.ask(who, "POST", "/v1/attachments", content=a_photo(), headers=headers)
        assert answer.status_code == 201, answer.text
        found: str = answer.json()["id"]
        return found

    async def told(self) -> None:
        """Until the live streams have been told all that had happened when this was asked; the city may go on."""
        end = await self.tools.views.stream_end()
        async with asyncio.timeout(10):
            while waiting := await self.tools.views.stream(self.tools.hub._position, Scope(), 1):
                if waiting[0].position > end:
                    break
                await asyncio.sleep(0.02)


def as_declared(content: bytes, model: Any) -> None:
    """The answer is valid by its declared model and holds nothing that the model does not declare."""
    adapter = TypeAdapter(model)
    told = json.loads(content)
    declared = json.loads(adapter.dump_json(adapter.validate_json(content)))
    assert keys_of(told) == keys_of(declared)


def keys_of(value: Any, where: str = "") -> set[str]:
    """All object keys of a document with where they are; list positions do not count."""
    if isinstance(value, dict):
        return {f"{where}/{name}" for name in value}.union(*(keys_of(v, f"{where}/{k}") for k, v in value.items()))
    if isinstance(value, list):
        return set().union(*(keys_of(each, f"{where}[]") for each in value))
    return set()


def well_formed_problem(response: httpx.Response) -> dict[str, Any]:
    """RFC 9457 in the house's shape (reliability.md §5.0)."""
    assert response.headers["content-type"] == "application/problem+json", response.text[:200]
    assert len(response.content) <= 8192, f"{len(response.content)} bytes of refusal"
    problem: dict[str, Any] = response.json()
    assert problem["status"] == response.status_code
    assert problem["type"] == f"urn:problem:{problem['code']}"
    assert problem["code"].replace("-", "").isalpha()
    assert any("\u4e00" <= char <= "\u9fff" for char in problem["title"]), problem["title"]
    assert len(problem.get("errors", ())) <= 20
    assert all({"pointer", "code"} <= fault.keys() for fault in problem.get("errors", ()))
    return problem


class Listener:
    """One open stream at the ASGI level, which can also be a client that never reads."""

    def __init__(self, door: FrontDoor, query: str, headers: dict[str, str], reads: bool) -> None:
        self._door = door
        self._reads = reads
        self._scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
            "scheme": "http", "path": "/v1/stream", "raw_path": b"/v1/stream", "query_string": query.encode(),
            "root_path": "", "server": ("test", 80), "client": ("127.0.0.1", 1),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip
        self._gone = asyncio.Event()
        self._frames: asyncio.Queue[str] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self.status = 0
        self.headers: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        await self._door.told()
        self._task = asyncio.create_task(self._door.app(self._scope, self._receive, self._send))
        if self._reads:
            assert (await asyncio.wait_for(self._frames.get(), 5)).startswith("retry:")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._gone.set()
        assert self._task is not None
        done, _pending = await asyncio.wait([self._task], timeout=5)
        if not done:
            self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        elif not self._reads:
            await asyncio.Event().wait()
        elif message.get("body"):
            await self._frames.put(message["body"].decode())

    @property
    def ended(self) -> bool:
        """Whether the server has closed the stream."""
        return self._task is not None and self._task.done()

    async def next(self, within: float = 5.0) -> dict[str, Any]:
        """The next event: its id, its type and its data."""
        frame = await asyncio.wait_for(self._frames.get(), within)
        fields = dict(line.split(": ", 1) for line in frame.strip().splitlines())
        return {"id": fields.get("id", ""), "event": fields["event"], **json.loads(fields["data"])}

    async def take(self, number: int) -> list[dict[str, Any]]:
        """So many events."""
        return [await self.next() for _ in range(number)]

    async def silence(self, seconds: float = 0.7) -> list[dict[str, Any]]:
        """Whatever still comes within that time."""
        events = []
        with suppress(asyncio.TimeoutError):
            while True:
                events.append(await self.next(seconds))
        return events


@asynccontextmanager
async def _open(settings: Settings, changes: Mapping[str, Any], telemetry: Telemetry) -> AsyncIterator[Deps]:
    async with open_api(settings, telemetry.attached) as tools:
        if not changes:
            yield tools
            return
        own = tools.office.advisers
        office = replace(tools.office, advisers=replace(own, policy=replace(own.policy, **changes)))
        yield replace(
            tools,
            office=office,
            reports=Batcher(partial(accept_many, office), key=report_key),
            actions=Batcher(partial(perform_many, office), key=command_key),
            tickets=Batcher(partial(act_many, office), key=command_key),
        )


@asynccontextmanager
async def front_door(
    dsn: str, kafka: str, *, files: Mapping[str, Any] | None = None, **policy: Any
) -> AsyncIterator[FrontDoor]:
    """The application on a migrated database, its city pack entered and a key issued to every client.

    ``policy`` changes the pack's, ``files`` the settings: by default attachments have a folder of their own, and nobody
    is held to a rate. A database has one door at a time: another one issues the keys anew.
    """
    telemetry = Telemetry()

    async def scrape(tools: Deps) -> bytes:
        with suppress(Unavailable):
            telemetry.business(await tools.views.figures())
        telemetry["cityloop_streams"].set(tools.hub.subscribers)
        return telemetry.render()

    keys = {}
    pool = await connect(dsn, size=2, application="tests-keys")
    try:
        await Clients(pool).put(clients(pack()))
        for client in await Clients(pool).ids():
            keys[client] = str(await Clients(pool).issue(client))
    finally:
        await pool.close()
    own = TemporaryDirectory(prefix="cityloop-tests-", ignore_cleanup_errors=True)
    usual = {"attachments": own.name, "rates": 0.0}
    settings = Settings(database_url=dsn, kafka_bootstrap=kafka, **{**usual, **(files or {})})
    app = create_app(lambda: _open(settings, policy, telemetry), scrape)
    transport = httpx.ASGITransport(telemetry.timed(app), raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://city") as http,
    ):
        with own:
            yield FrontDoor(app, telemetry, keys, http)
