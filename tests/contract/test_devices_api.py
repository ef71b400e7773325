"""The HTTP door: devices are registered, found by whom they concern, and their readings drawn."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import pytest

from domain.device import UnknownReason
from handlers.devices import register
from handlers.ports import Office
from store.devices import Heard
from store.pool import Pool
from store.readings import RawReadings
from tests.contract.api_city import LINHU, SHANQIAN, position
from tests.demo_city import grid, spot
from tests.devices import a_device
from tests.front_door import FrontDoor

PLATFORM = "devices-1"


def body(n: int = LINHU, **changes: Any) -> dict[str, Any]:
    """A water gauge as its platform registers it."""
    return {"kind": "water-level", "gateway": "gw-1", "position": position(n), "unit": "drainage", **changes}


async def put(city: FrontDoor, name: str, sent: dict[str, Any], who: str = PLATFORM) -> httpx.Response:
    return await city.ask(who, "PUT", f"/v1/devices/{name}", json=sent)


async def listed(city: FrontDoor, query: str = "", who: str = "viewer-1") -> list[str]:
    answer = await city.get(who, f"/v1/devices?{query}")
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


@pytest.fixture(autouse=True)
async def nothing(pool: Pool) -> None:
    """No devices."""
    await pool.execute("TRUNCATE devices, unknown_devices, readings_waiting")


async def test_a_platform_registers_a_device_once_and_says_anew_what_it_is(city: FrontDoor) -> None:
    sent = body(name="下穿通道水位计", limits={"water-high": [0.3, 0.2]}, accuracy=0.01, network="drain-1")
    answer = await put(city, "water-1", sent)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["kind_name"], told["measure"], told["unit_name"]) == ("管网水位", "m", "云湖市排水管理处")
    assert (told["point"]["lon"], told["areas"][-1]["code"]) == (spot(LINHU).lon, grid(LINHU))
    assert told["limits"] == {"water-high": [0.3, 0.2]}
    again = await put(city, "water-1", sent)
    assert (again.status_code, again.json()) == (200, told)
    changed = await put(city, "water-1", body(gateway=None))
    assert (changed.status_code, changed.json()["gateway"], changed.json()["limits"]) == (200, "water-1", {})
    assert (await city.get("viewer-1", "/v1/devices/water-1")).json() == changed.json()


@pytest.mark.parametrize(
    ("name", "changes", "code", "pointer"),
    [
        ("bad*id", {}, "device-id-invalid", "/id"),
        ("unknown", {}, "device-id-invalid", "/id"),
        ("d", {"kind": "水位"}, "device-id-invalid", "/kind"),
        ("d", {"gateway": "a/b"}, "device-id-invalid", "/gateway"),
        ("d", {"position": None}, "place-missing", "/position"),
        ("d", {"position": {"lon": 116.4, "lat": 39.9, "crs": "EPSG:4326"}}, "place-outside", "/position"),
        ("d", {"position": {"lon": 27.9, "lat": 113.9, "crs": "EPSG:4326"}}, "coordinate-swapped", "/position"),
        ("d", {"position": {"lon": 113.9, "lat": 27.9}}, "crs-missing", "/position/crs"),
        ("d", {"grid": "439901001001999"}, "grid-unknown", "/grid"),
        ("d", {"unit": "nobody"}, "unit-unknown", "/unit"),
        ("d", {"component": "12"}, "component-code-invalid", "/component"),
        ("d", {"limits": {"a": 1.0}}, "device-limits-invalid", "/limits"),
        ("d", {"limits": {"a": [1.0, True]}}, "device-limits-invalid", "/limits"),
        ("d", {"accuracy": -1.0}, "number-out-of-range", "/accuracy"),
        ("d", {"no": 5}, "field-unknown", "/no"),
        ("d", {"active": "yes"}, "type-mismatch", "/active"),
        ("d", {"name": "a\u0000"}, "text-control-char", "/name"),
    ],
)
async def test_what_cannot_be_registered_is_told_with_its_place(
    city: FrontDoor, name: str, changes: dict[str, Any], code: str, pointer: str
) -> None:
    answer = await put(city, quote(name), body(**changes))
    assert answer.status_code == 422, answer.text
    fault = answer.json()["errors"][0]
    assert (fault["pointer"], fault["code"]) == (pointer, code)


async def test_devices_are_listed_by_kind_area_gateway_and_network_and_paged_by_id(city: FrontDoor) -> None:
    for n in range(5):
        sent = body(LINHU + n, gateway=f"gw-{n % 2}", network="drain-1" if n < 2 else None)
        assert (await put(city, f"d-{n}", sent)).status_code == 201
    await put(city, "lamp-1", body(SHANQIAN, kind="street-lamp"))
    assert await listed(city) == ["d-0", "d-1", "d-2", "d-3", "d-4", "lamp-1"]
    assert await listed(city, "kind=street-lamp") == ["lamp-1"]
    assert await listed(city, "gateway=gw-1") == ["d-1", "d-3", "lamp-1"]
    assert await listed(city, "network=drain-1&gateway=gw-0") == ["d-0"]
    assert await listed(city, "area=439902") == ["lamp-1"]
    page = (await city.get("viewer-1", "/v1/devices?limit=4")).json()
    assert page["next"] == "d-3"
    assert await listed(city, f"limit=4&after={page['next']}") == ["d-4", "lamp-1"]
    refused = await city.get("viewer-1", "/v1/devices?area=1")
    assert (refused.status_code, refused.json()["code"]) == (422, "area-unknown")
    for query in ("kind=%00", "after=a%00b", "limit=0", "colour=red"):
        assert (await city.get("viewer-1", f"/v1/devices?{query}")).status_code == 422


async def test_a_unit_sees_its_own_devices_and_none_of_others(city: FrontDoor) -> None:
    await put(city, "ours", body())
    await put(city, "theirs", body(unit="lighting"))
    assert await listed(city, who="unit-drainage") == ["ours"]
    for path in ("/v1/devices/theirs", "/v1/devices/theirs/readings", "/v1/devices/nothing", "/v1/devices/%00"):
        answer = await city.get("unit-drainage", path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), path
    assert (await put(city, "ours", body(), who="unit-drainage")).json()["code"] == "role-not-allowed"
    assert (await city.get("inspector-1", "/v1/devices")).json()["code"] == "role-not-allowed"
    assert (await city.get(PLATFORM, "/v1/cases")).json()["code"] == "role-not-allowed"


async def test_who_speaks_unregistered_is_listed_the_last_heard_first(city: FrontDoor, office: Office) -> None:
    for name in ("a", "b", "c"):
        async with office.store.unit() as unit:
            await unit.devices.heard([Heard(name, "gw-9", UnknownReason.UNKNOWN, 3, 1.5)])
    first = (await city.get(PLATFORM, "/v1/devices/unknown?limit=2")).json()
    assert [(one["id"], one["readings"], one["last_value"]) for one in first["items"]] == [("c", 3, 1.5), ("b", 3, 1.5)]
    rest = (await city.get(PLATFORM, f"/v1/devices/unknown?limit=2&cursor={first['next']}")).json()
    assert ([one["id"] for one in rest["items"]], rest["next"]) == (["a"], None)
    await register(office, a_device("c", gateway="gw-9"))
    left = (await city.get("viewer-1", "/v1/devices/unknown")).json()
    assert [one["id"] for one in left["items"]] == ["b", "a"]
    for cursor in ("x", "YQ", "MjAyNi0wMS0wMQpiCmM", "\u4e00"):
        answer = await city.get(PLATFORM, f"/v1/devices/unknown?cursor={quote(cursor)}")
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor-invalid"), cursor


async def test_a_chart_has_at_most_the_points_asked_for_and_every_reading_is_in_one(
    city: FrontDoor, office: Office
) -> None:
    device, _ = await register(office, a_device("w-1"))
    end = datetime.now(UTC).replace(microsecond=0)
    seconds = np.arange(3600)
    at = np.int64(end.timestamp() * 1000) - 3_600_000 + seconds * 1000
    batch = RawReadings(np.full(3600, device.no, np.int32), at, np.sin(seconds / 60), np.zeros(3600, np.int16))
    async with office.store.unit() as unit:
        await unit.readings.keep(batch, 30)
    span = f"from={quote((end - timedelta(hours=1)).isoformat())}&to={quote(end.isoformat())}"
    for points in (1, 7, 500, 5000):
        answer = await city.get("viewer-1", f"/v1/devices/w-1/readings?{span}&points={points}")
        assert answer.status_code == 200, answer.text
        chart = answer.json()
        assert 0 < len(chart["points"]) <= points
        assert sum(point["count"] for point in chart["points"]) == 3600
        assert min(point["low"] for point in chart["points"]) == pytest.approx(-1, abs=1e-3)
        assert (chart["measure"], chart["width_s"] * points >= 3600) == ("m", True)
    day = (await city.get("viewer-1", "/v1/devices/w-1/readings?points=24")).json()
    assert sum(point["count"] for point in day["points"]) == 3600, "the last day is what nobody has to ask for"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "interval-empty"),
        ("from=2026-01-02T00:00:00", "timestamp-no-offset"),
        ("from=2026-01-02", "timestamp-no-offset"),
        ("from=1763769600000", "type-mismatch"),
        ("to=1999-01-01T00:00:00Z", "timestamp-out-of-range"),
        ("points=0", "number-out-of-range"),
        ("points=1e3", "type-mismatch"),
        ("points=5001", "number-out-of-range"),
        ("since=1", "parameter-unknown"),
        ("points=5&points=6", "parameter-repeated"),
    ],
)
async def test_times_and_numbers_are_read_strictly(city: FrontDoor, office: Office, query: str, code: str) -> None:
    await register(office, a_device("w-2"))
    answer = await city.get("viewer-1", f"/v1/devices/w-2/readings?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, code)
