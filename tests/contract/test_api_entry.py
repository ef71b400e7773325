"""The HTTP door: who may enter by which route, and what is said to everybody else."""

from typing import Any

import httpx
import pytest

from api.app import create_app
from api.auth import PUBLIC, ROUTES
from domain.case import State
from handlers.ports import Office
from store.clients import Clients
from store.pool import Pool
from tests.contract.api_city import A_COMPONENT, CLIENTS, in_state, reported
from tests.front_door import NOBODY, FrontDoor, api_routes


def test_every_route_is_declared_and_every_declaration_is_a_route() -> None:
    served = {f"{method} {route.path}" for route in api_routes() for method in route.methods or ()}
    own = {"GET /metrics", "GET /openapi.json", "GET /docs"}
    assert served | own == set(ROUTES) | PUBLIC


def test_a_route_nobody_declared_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.app.ROUTES", {k: v for k, v in ROUTES.items() if k != "GET /v1/cases/{no}"})

    async def scrape(_: object) -> bytes:
        return b""

    with pytest.raises(RuntimeError, match="GET /v1/cases/"):
        create_app(lambda: pytest.fail("opened"), scrape)


@pytest.mark.parametrize("route", sorted(ROUTES))
async def test_a_route_is_open_to_its_roles_and_to_no_other(city: FrontDoor, office: Office, route: str) -> None:
    case = await in_state(office, State.PENDING_DISPOSAL)
    report = await reported(city)
    method, _, path = route.partition(" ")
    filled = path.format(
        no=case.no,
        other=case.no,
        verb="accept",
        task_id=case.tasks[0].id,
        report_id=report,
        code=A_COMPONENT,
        attachment_id=report,
        import_id=report,
        rulebook_id=report,
        device_id="water-1",
        incident=report,
        collection="Datastreams",
        key="'water-1'",
        navigation="Thing",
        person="roads-01",
        unit="roads",
    )
    for role, client in CLIENTS.items():
        if path == "/v1/stream" and role in ROUTES[route]:
            async with city.listen(client) as line:
                assert line.status == 200
            continue
        answer = await city.ask(client, method, filled, headers={"If-Match": '"99"'}, **_json(method))
        if role in ROUTES[route]:
            assert answer.status_code not in (401, 405, 500), f"{role}: {answer.text}"
            assert answer.status_code != 403 or _code(answer) != "role-not-allowed"
        else:
            assert (answer.status_code, _code(answer)) == (403, "role-not-allowed"), role
    for header in (None, "Bearer cl_unknown", "Basic abc", "Bearer", "Bearer  ", f"Token {city.keys['admin-1']}"):
        headers = {"Authorization": header} if header else {}
        answer = await city.ask(NOBODY, method, filled, headers=headers, **_json(method))
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert _code(answer).startswith("credentials-")


def _code(answer: httpx.Response) -> str:
    """The problem's code; an answer to HEAD has none to tell, only its status."""
    if answer.request.method == "HEAD":
        return {401: "credentials-", 403: "role-not-allowed"}.get(answer.status_code, "")
    found: str = answer.json()["code"]
    return found


def _json(method: str) -> dict[str, Any]:
    return {"json": {}} if method == "POST" else {}


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/openapi.json", "/docs"])
async def test_health_figures_and_docs_need_no_key(city: FrontDoor, path: str) -> None:
    assert (await city.get(NOBODY, path)).status_code == 200


async def test_a_new_key_replaces_the_old_and_is_stored_hashed(city: FrontDoor, pool: Pool) -> None:
    old = city.keys["unit-gas"]
    new = str(await Clients(pool).issue("unit-gas"))
    assert (await city.ask(NOBODY, "GET", "/v1/tasks", headers={"Authorization": f"Bearer {old}"})).status_code == 401
    assert (await city.ask(NOBODY, "GET", "/v1/tasks", headers={"Authorization": f"bearer {new}"})).status_code == 200
    city.keys["unit-gas"] = new
    rows = await pool.fetch("SELECT key_hash FROM clients")
    assert not any(key.encode() in row["key_hash"] for key in city.keys.values() for row in rows if row["key_hash"])
    assert await Clients(pool).issue("nobody") is None


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "route-unknown"),
        ("DELETE", "/v1/reports", 405, "method-not-allowed"),
        ("PUT", "/v1/cases", 405, "method-not-allowed"),
        ("POST", "/livez", 405, "method-not-allowed"),
    ],
)
async def test_what_does_not_exist_is_told_as_a_problem_too(
    city: FrontDoor, method: str, path: str, status: int, code: str
) -> None:
    answer = await city.ask("admin-1", method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
