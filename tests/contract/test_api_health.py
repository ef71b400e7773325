"""The HTTP door: health and figures, with and without its neighbours."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from handlers.ports import Office
from runtime.telemetry import METRICS
from tests.contract.api_city import (
    a_body,
    a_key,
    live_case,
    reported,
)
from tests.front_door import NOBODY, FrontDoor, front_door
from tests.wire import Wire, wire


async def test_without_its_broker_it_is_degraded_and_still_takes_reports(city: FrontDoor) -> None:
    answer = await city.get(NOBODY, "/readyz")
    assert answer.status_code == 200
    assert answer.json()["ready"] is True
    assert "kafka-unavailable" in answer.json()["degraded"]
    assert await reported(city)


@pytest.fixture(scope="module")
async def cut_off(fresh_dsn: str) -> AsyncIterator[tuple[FrontDoor, Wire]]:
    """An application whose line to the database can be cut."""
    async with wire(fresh_dsn) as line, front_door(line.dsn, kafka="127.0.0.1:1") as door:
        yield door, line
        await line.join() if line.is_cut else None


async def test_without_its_database_it_is_not_ready_and_says_so_everywhere(cut_off: tuple[FrontDoor, Wire]) -> None:
    door, line = cut_off
    body, key = a_body(9), a_key()
    assert (await door.get(NOBODY, "/readyz")).status_code == 200
    assert (await door.get("admin-1", "/v1/cases")).status_code == 200
    assert (await door.post("hotline-12345", "/v1/reports", body, Idempotency_Key=a_key())).status_code == 202
    await line.cut()
    assert (await door.get(NOBODY, "/readyz")).status_code == 503
    assert (await door.get(NOBODY, "/livez")).status_code == 200
    assert (await door.get(NOBODY, "/metrics")).status_code == 200
    for answer in (
        await door.get("admin-1", "/v1/cases"),
        await door.get("viewer-1", "/v1/cases"),
        await door.post("hotline-12345", "/v1/reports", body, Idempotency_Key=key),
    ):
        assert (answer.status_code, answer.json()["code"]) == (503, "database-unavailable")
        assert answer.headers["retry-after"]
    await line.join()
    assert (await door.get(NOBODY, "/readyz")).status_code == 200
    again = await door.post("hotline-12345", "/v1/reports", body, Idempotency_Key=key)
    assert again.status_code == 202
    assert "idempotent-replayed" not in again.headers, "what was answered with 503 had not been kept"


async def test_streams_survive_an_absence_of_the_database(cut_off: tuple[FrontDoor, Wire], office: Office) -> None:
    door, line = cut_off
    async with door.listen("admin-1") as listener:
        first = await live_case(office)
        assert {event["no"] for event in await listener.take(2)} == {first.no}
        await line.cut()
        missed = await live_case(office)
        await asyncio.sleep(0.4)
        await line.join()
        assert {event["no"] for event in await listener.take(2)} == {missed.no}


async def test_the_figures_hold_every_declared_name_and_the_business(city: FrontDoor, office: Office) -> None:
    case = await live_case(office)
    await city.get("viewer-1", f"/v1/cases/{case.no}")
    text = (await city.get(NOBODY, "/metrics")).text
    assert {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")} >= {
        name + ("_total" if kind.__name__ == "Counter" else "") for name, (kind, _, _) in METRICS.items()
    }
    figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(figures['cityloop_cases{state="pending_disposal"}']) >= 1
    assert float(figures['cityloop_unit_open_cases{unit="lighting"}']) >= 1
    assert 0 <= float(figures["cityloop_dispatch_accuracy"]) <= 1
    assert float(figures["cityloop_outbox_age_seconds"]) > 0, "nobody relays here"
    requests = [name for name in figures if name.startswith("cityloop_http_requests_total")]
    assert any('route="/v1/cases/{no}"' in name for name in requests)
    assert not any("YH-" in name for name in figures), "figures are by route, never by case"
