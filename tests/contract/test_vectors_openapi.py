"""The API against its own description: what OpenAPI promises and forbids, tried by schemathesis on a real server."""

import asyncio
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.auth import ROUTES
from domain.actor import Role
from tests.conftest import fresh_database
from tests.contract.api_city import CLIENTS
from tests.front_door import FrontDoor, front_door

EXAMPLES = 4
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
ENDLESS = {"/v1/stream"}


class _Server:
    """The application under uvicorn, in a thread with an event loop of its own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self.city: FrontDoor
        self._server: uvicorn.Server

    async def _serve(self) -> None:
        async with fresh_database(self._dsn) as dsn, front_door(dsn, kafka="127.0.0.1:1") as self.city:
            config = uvicorn.Config(self.city.app, port=0, log_level="error", lifespan="off")
            self._server = uvicorn.Server(config)
            serving = asyncio.create_task(self._server.serve())
            while not self._server.started and not serving.done():  # noqa: ASYNC110  (it tells nobody)
                await asyncio.sleep(0.02)
            self._started.set()
            await serving

    @contextmanager
    def running(self) -> Iterator[str]:
        """Its address."""
        self._thread.start()
        assert self._started.wait(60), "the server did not start"
        port = self._server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            self._server.should_exit = True
            self._thread.join(20)


@pytest.fixture(scope="module")
def server(postgres_dsn: str) -> Iterator[tuple[str, FrontDoor]]:
    """A server with its clients' keys."""
    own = _Server(postgres_dsn)
    with own.running() as address:
        yield address, own.city


def _who(route: str) -> str:
    roles = ROUTES.get(route, frozenset({Role.ADMIN}))
    return CLIENTS[Role.ADMIN if Role.ADMIN in roles else sorted(roles)[0]]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.name.lower())
def test_the_api_keeps_to_its_description(server: tuple[str, FrontDoor], mode: GenerationMode) -> None:
    address, city = server
    schema = schemathesis.openapi.from_dict(city.app.openapi(), config=SchemathesisConfig())
    tried, failures = 0, []
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path not in ENDLESS:
            key = city.keys[_who(f"{operation.method.upper()} {operation.path}")]
            number, failed = _tried(operation, mode, address, key)
            tried, failures = tried + number, failures + failed
    assert failures == []
    assert tried > 100, "hardly anything was tried"


def _tried(operation: APIOperation, mode: GenerationMode, address: str, key: str) -> tuple[int, list[str]]:
    """How many requests were sent to an operation, and which of them were answered as nobody was told."""
    headers, failures = {"Authorization": f"Bearer {key}"}, set[str]()
    tried = 0

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def every(case: schemathesis.Case) -> None:
        nonlocal tried
        tried += 1
        try:
            case.call_and_validate(base_url=address, headers=headers, checks=CHECKS, timeout=20)
        except (Failure, FailureGroup) as error:
            failures.update(f"{operation.label}: {each}" for each in getattr(error, "exceptions", (error,)))

    with warnings.catch_warnings(), suppress(Unsatisfiable):  # some operations can be asked in no wrong way
        warnings.simplefilter("ignore")
        every()
    return tried, sorted(failures)
