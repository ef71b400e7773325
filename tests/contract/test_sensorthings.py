"""The SensorThings door: devices and readings in the standard's words, observations on the broker before we say so."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from aiokafka import AIOKafkaConsumer

from domain.device import Device, ReadingFlag
from handlers.devices import register
from handlers.ports import Office, new_id
from sensing.wire import MAX_READINGS
from store.pool import Pool
from store.readings import RawReadings
from streams.topics import SENSOR_READINGS, create_topics
from tests.conftest import fresh_database
from tests.contract.api_city import LINHU
from tests.demo_city import spot
from tests.devices import a_device
from tests.front_door import FrontDoor, front_door

ROOT = "/sta/v1.1"
PLATFORM = "devices-1"
OBSERVED = "Datastreams('water-1')/Observations"
AT = datetime(2026, 11, 20, 8, tzinfo=UTC)


async def read(city: FrontDoor, path: str, who: str = "viewer-1") -> dict[str, Any]:
    answer = await city.get(who, f"{ROOT}/{path}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def refused(city: FrontDoor, path: str) -> tuple[int, str]:
    answer = await city.get("viewer-1", f"{ROOT}/{path}")
    return answer.status_code, answer.json()["code"]


def results(page: dict[str, Any]) -> list[float]:
    return [one["result"] for one in page["value"]]


@pytest.fixture(scope="module")
async def gauge(pool: Pool, office: Office) -> Device:
    """A gauge with 240 readings, a minute apart from ``AT`` on, the value their number; the 100th out of range."""
    device, _ = await register(office, a_device("water-1", LINHU, name="下穿通道", unit="drainage", accuracy=0.01))
    number = np.arange(240)
    flags = np.where(number == 100, ReadingFlag.OUT_OF_RANGE, 0).astype(np.int16)
    at = np.int64(AT.timestamp() * 1000) + number * 60_000
    async with office.store.unit() as unit:
        numbers, values = np.full(240, device.no, np.int32), number.astype(np.float64)
        await unit.readings.keep(RawReadings(numbers, at, values, flags), 10_000)
    return device


async def test_the_root_names_the_collections_and_each_of_them_answers(city: FrontDoor, gauge: Device) -> None:
    root = (await city.get("viewer-1", ROOT)).json()
    names = [each["name"] for each in root["value"]]
    assert names == ["Things", "Locations", "Sensors", "ObservedProperties", "Datastreams", "Observations"]
    assert len(root["serverSettings"]["conformance"]) > 5
    for each in root["value"][:-1]:
        assert each["url"] == f"http://city{ROOT}/{each['name']}"
        assert (await read(city, each["name"]))["value"]


async def test_every_link_of_an_entity_leads_where_it_says(city: FrontDoor, gauge: Device) -> None:
    """From one observation along all links until nothing new is found: every entity is met, none is a dead end."""
    start = f"{ROOT}/Observations('water-1@{int(AT.timestamp() * 1000)}')"
    todo, met = [start], set[str]()
    while todo:
        path = todo.pop()
        if path in met:
            continue
        met.add(path)
        answer = await city.get("viewer-1", path)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        told = answer.json()
        for entity in (told.get("value", [told]))[:2]:
            links = [link for name, link in entity.items() if name.endswith(("selfLink", "navigationLink"))]
            assert len(links) >= 2
            todo += [link.removeprefix("http://city") for link in links]
            own = (await city.get("viewer-1", entity["@iot.selfLink"].removeprefix("http://city"))).json()
            assert own == entity
    kinds = {path.removeprefix(ROOT).split("(")[0].strip("/") for path in met}
    assert kinds == {"Things", "Locations", "Sensors", "ObservedProperties", "Datastreams", "Observations"}


async def test_a_device_is_told_in_the_words_of_the_standard(city: FrontDoor, gauge: Device) -> None:
    thing = await read(city, "Things('water-1')?$expand=Datastreams,Locations")
    assert (thing["@iot.id"], thing["name"], thing["properties"]["unit"]) == ("water-1", "下穿通道", "drainage")
    (stream,), (place,) = thing["Datastreams"], thing["Locations"]
    assert stream["unitOfMeasurement"]["symbol"] == "m"
    assert stream["observationType"].endswith("OM_Measurement")
    assert place["location"] == {"type": "Point", "coordinates": [spot(LINHU).lon, spot(LINHU).lat]}
    assert "Datastreams@iot.navigationLink" not in thing
    sensor = await read(city, "Datastreams('water-1')/Sensor")
    assert (sensor["@iot.id"], sensor["name"]) == ("water-level", "管网水位")
    assert [one["@iot.id"] for one in (await read(city, "Sensors('water-level')/Datastreams"))["value"]] == ["water-1"]
    only = await read(city, "Things('water-1')?$select=name,id")
    assert only == {"@iot.id": "water-1", "name": "下穿通道"}


async def test_observations_are_filtered_by_time_ordered_paged_and_counted(city: FrontDoor, gauge: Device) -> None:
    path = "Datastreams('water-1')/Observations"
    first = await read(city, f"{path}?$count=true&$top=3")
    assert (first["@iot.count"], results(first)) == (240, [0.0, 1.0, 2.0])
    one = first["value"][0]
    assert (one["phenomenonTime"], one["resultTime"]) == ("2026-11-20T08:00:00.000Z", None)
    newest = await read(city, f"{path}?$orderby=phenomenonTime desc&$top=2")
    assert results(newest) == [239.0, 238.0]
    noon = "2026-11-20T16:10:00%2B08:00"
    for condition, wanted in (
        (f"phenomenonTime lt {noon}", list(range(10))),
        (f"phenomenonTime le {noon}", list(range(11))),
        (f"phenomenonTime eq {noon}", [10]),
        (f"phenomenonTime eq {noon.replace('%2B', '+')}", [10]),
        (f"phenomenonTime gt {noon} and phenomenonTime lt 2026-11-20T08:13:00Z", [11, 12]),
        (f"phenomenonTime ge {noon} and phenomenonTime lt {noon}", []),
        ("phenomenonTime ge 2030-01-01T00:00:00Z", []),
    ):
        page = await read(city, f"{path}?$filter={condition}&$count=true&$top=500")
        assert (results(page), page["@iot.count"]) == (wanted, len(wanted)), condition
    flagged = (await read(city, f"{path}?$skip=100&$top=1"))["value"][0]
    assert flagged["parameters"] == {"flags": ["out-of-range"]}
    named = await read(
        city, "Observations?$filter=Datastream/id eq 'water-1' and phenomenonTime lt 2026-11-20T08:02:00Z"
    )
    assert results(named) == [0.0, 1.0]


async def test_the_next_link_leads_through_all_of_them_once(city: FrontDoor, gauge: Device) -> None:
    path = f"{ROOT}/Datastreams('water-1')/Observations?$top=70&$orderby=phenomenonTime desc&$select=result"
    found: list[float] = []
    while path:
        page = (await city.get("viewer-1", path)).json()
        assert all(set(one) == {"result"} for one in page["value"])
        found += results(page)
        path = page.get("@iot.nextLink", "").removeprefix("http://city")
    assert found == [float(n) for n in range(239, -1, -1)]
    assert (await read(city, "Datastreams('water-1')/Observations?$top=0&$count=true")) == {
        "@iot.count": 240,
        "value": [],
    }
    assert "@iot.nextLink" not in await read(city, "Datastreams('water-1')/Observations?$top=240")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("Observations", 422, "query-option-invalid"),
        ("Nothing", 422, "type-mismatch"),
        ("Things('none')", 404, "not-found"),
        ("Things(water-1)", 404, "not-found"),
        ("Things('')", 404, "not-found"),
        ("Things('%00a')", 404, "not-found"),
        ("Things('a'' or ''b')", 404, "not-found"),
        ("Things('water-1')/Sensor", 404, "not-found"),
        ("Observations('water-1')", 404, "not-found"),
        ("Observations('water-1@1')", 404, "not-found"),
        ("Observations('water-1@99999999999999')", 404, "not-found"),
        ("Sensors('none')", 404, "not-found"),
        ("Things?$filter=name eq 'a'", 422, "query-option-invalid"),
        ("Things?$expand=Observations", 422, "query-option-invalid"),
        ("Things?$orderby=name", 422, "query-option-invalid"),
        ("Things?$select=secret", 422, "query-option-invalid"),
        ("Things?$top=-1", 422, "number-out-of-range"),
        ("Things?$top=x", 422, "type-mismatch"),
        ("Things?$count=yes", 422, "type-mismatch"),
        ("Things?$search=a", 422, "parameter-unknown"),
        (f"{OBSERVED}?$filter=result gt 5", 422, "query-option-invalid"),
        (
            "Datastreams('water-1')/Observations?$filter=phenomenonTime gt 2026-13-01T00:00:00Z",
            422,
            "timestamp-invalid",
        ),
        (
            "Datastreams('water-1')/Observations?$filter=phenomenonTime gt 2026-11-01T00:00:00",
            422,
            "query-option-invalid",
        ),
    ],
)
async def test_what_is_not_served_is_refused_and_never_ignored(
    city: FrontDoor, gauge: Device, path: str, status: int, code: str
) -> None:
    assert await refused(city, path) == (status, code)


async def test_a_unit_reads_its_own_only(city: FrontDoor, gauge: Device) -> None:
    assert [one["@iot.id"] for one in (await read(city, "Things", "unit-drainage"))["value"]] == ["water-1"]
    assert (await read(city, "Things?$count=true", "unit-lighting")) == {"@iot.count": 0, "value": []}
    for path in ("Things('water-1')", "Datastreams('water-1')/Observations", "Locations('water-1')/Things"):
        assert (await city.get("unit-lighting", f"{ROOT}/{path}")).status_code == 404


async def test_observations_are_turned_away_while_the_broker_is_away(city: FrontDoor, gauge: Device) -> None:
    answer = await city.post(PLATFORM, f"{ROOT}/Datastreams('water-1')/Observations", {"result": 1.0})
    assert (answer.status_code, answer.json()["code"]) == (503, "kafka-unavailable")
    assert int(answer.headers["retry-after"]) > 0


@pytest.fixture(scope="module")
async def line(postgres_dsn: str, kafka_bootstrap: str) -> AsyncIterator["Line"]:
    """A city whose broker is there, with two devices on one gateway and one that speaks for itself."""
    prefix = f"t{new_id().hex[-12:]}"
    await create_topics(kafka_bootstrap, prefix)
    topic = SENSOR_READINGS.full(prefix)
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka_bootstrap, auto_offset_reset="earliest")
    async with (
        fresh_database(postgres_dsn) as dsn,
        front_door(dsn, kafka=kafka_bootstrap, files={"topic_prefix": prefix}) as door,
    ):
        for name, gateway in (("w-1", "gw-1"), ("w-2", "gw-1"), ("w-3", "w-3")):
            await register(door.office, a_device(name, LINHU, gateway=gateway))
        await consumer.start()
        try:
            yield Line(door, consumer)
        finally:
            await consumer.stop()


class Line:
    """A city and what its broker has."""

    def __init__(self, door: FrontDoor, consumer: AIOKafkaConsumer) -> None:
        self.door = door
        self._consumer = consumer

    async def send(self, path: str, body: Any, who: str = PLATFORM) -> httpx.Response:
        """A POST below the root."""
        return await self.door.ask(who, "POST", f"{ROOT}/{path}", json=body)

    async def published(self, readings: int) -> dict[str, list[tuple[str, int, float]]]:
        """So many readings that the broker has, by gateway, in order."""
        found: dict[str, list[tuple[str, int, float]]] = {}
        while readings > 0:
            record = await asyncio.wait_for(self._consumer.getone(), 10)
            assert dict(record.headers)["schema"] == b"sensor-readings.v1"
            told = json.loads(record.value)
            assert record.key == told["gateway"].encode()
            rows = list(zip(told["devices"], told["at"], told["values"], strict=True))
            found.setdefault(told["gateway"], []).extend(rows)
            readings -= len(rows)
        assert not await self._consumer.getmany(timeout_ms=300), "more than was sent"
        return found


async def test_an_observation_is_on_the_broker_when_we_say_so(line: Line) -> None:
    now = datetime.now(UTC).replace(microsecond=123_000)
    sent = {"phenomenonTime": now.isoformat(), "result": 0.42}
    answer = await line.send("Datastreams('w-1')/Observations", sent)
    assert (answer.status_code, answer.content) == (201, b"")
    ms = round(now.timestamp() * 1000)
    assert urlsplit(answer.headers["location"]).path == f"{ROOT}/Observations('w-1@{ms}')"
    linked = {"Datastream": {"@iot.id": "w-3"}, "resultTime": now.isoformat(), **sent, "result": 7}
    assert (await line.send("Observations", linked)).status_code == 201
    assert await line.published(2) == {"gw-1": [("w-1", ms, 0.42)], "w-3": [("w-3", ms, 7.0)]}
    before = datetime.now(UTC)
    assert (await line.send("Datastreams('w-2')/Observations", {"result": True})).status_code == 201
    ((device, at, value),) = (await line.published(1))["gw-1"]
    assert (device, value) == ("w-2", 1.0)
    assert abs(at / 1000 - before.timestamp()) < 10, "without a time it is of now"


async def test_data_arrays_become_one_record_a_gateway_in_their_order(line: Line) -> None:
    begin = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)

    def array(name: str, first: int, **more: Any) -> dict[str, Any]:
        rows = [[n + 0.5, (begin + timedelta(seconds=n)).isoformat()] for n in range(first, first + 3)]
        return {
            "Datastream": {"@iot.id": name}, "components": ["result", "phenomenonTime"], "dataArray": rows,
            "dataArray@iot.count": 3, **more,
        }  # fmt: skip

    sent = [array("w-1", 0), array("nobody", 0), array("w-3", 0), array("w-2", 3), array("w-1", 3)]
    answer = await line.send("CreateObservations", sent)
    assert answer.status_code == 201, answer.text
    links = answer.json()
    assert [link == "error" for link in links] == [False] * 3 + [True] * 3 + [False] * 9
    base = round(begin.timestamp() * 1000)
    assert urlsplit(links[0]).path == f"{ROOT}/Observations('w-1@{base}')"
    found = await line.published(12)
    assert [(device, value) for device, _, value in found["gw-1"]] == [
        *(("w-1", n + 0.5) for n in range(3)), *(("w-2", n + 0.5) for n in range(3, 6)),
        *(("w-1", n + 0.5) for n in range(3, 6)),
    ]  # fmt: skip
    assert [at - base for _, at, _ in found["w-3"]] == [0, 1000, 2000]
    unknown = (await line.door.get(PLATFORM, "/v1/devices/unknown")).json()["items"]
    assert [(one["id"], one["readings"], one["last_value"]) for one in unknown] == [("nobody", 3, 2.5)]


async def test_ten_thousand_observations_are_one_request(line: Line) -> None:
    begin = datetime.now(UTC) - timedelta(hours=3)
    rows = [[(begin + timedelta(milliseconds=n)).isoformat(timespec="milliseconds"), n] for n in range(MAX_READINGS)]
    array = {"Datastream": {"@iot.id": "w-1"}, "components": ["phenomenonTime", "result"], "dataArray": rows}
    answer = await line.send("CreateObservations", [array])
    assert answer.status_code == 201, answer.text[:300]
    assert len(answer.json()) == MAX_READINGS
    assert [value for _, _, value in (await line.published(MAX_READINGS))["gw-1"]] == list(range(MAX_READINGS))
    answer = await line.send("CreateObservations", [{**array, "dataArray": [*rows, rows[0]]}])
    assert (answer.status_code, answer.json()["code"]) == (422, "too-many-items")


GOOD: dict[str, Any] = {"Datastream": {"@iot.id": "w-1"}, "result": 1.0}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"result": 1.0}, 422, "field-missing"),
        ({"Datastream": {"@iot.id": "w-1"}}, 422, "field-missing"),
        ({**GOOD, "Datastream": {"@iot.id": "nobody-2"}}, 404, "not-found"),
        ({**GOOD, "Datastream": "w-1"}, 422, "type-mismatch"),
        ({**GOOD, "result": "1.0"}, 422, "type-mismatch"),
        ({**GOOD, "result": None}, 422, "type-mismatch"),
        ({**GOOD, "result": [1.0]}, 422, "type-mismatch"),
        ({**GOOD, "FeatureOfInterest": {"@iot.id": "x"}}, 422, "field-unknown"),
        ({**GOOD, "phenomenonTime": 1763769600000}, 422, "type-mismatch"),
        ({**GOOD, "phenomenonTime": "2026-11-20T08:00:00"}, 422, "timestamp-no-offset"),
        ({**GOOD, "phenomenonTime": "1970-01-01T00:00:00Z"}, 422, "timestamp-out-of-range"),
        ({**GOOD, "phenomenonTime": "2099-01-01T00:00:00Z"}, 422, "timestamp-in-future"),
        ({**GOOD, "phenomenonTime": "2026-11-20T08:00:00Z/2026-11-20T09:00:00Z"}, 422, "timestamp-invalid"),
        ([GOOD], 422, "body-not-object"),
    ],
)
async def test_an_observation_that_cannot_be_is_refused(line: Line, body: Any, status: int, code: str) -> None:
    answer = await line.send("Observations", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b'{"Datastream":{"@iot.id":"w-1"},"result":NaN}', 422, "number-not-finite"),
        (b'{"Datastream":{"@iot.id":"w-1"},"result":1e999}', 422, "number-not-finite"),
        (b'{"Datastream":{"@iot.id":"w-1"},"result":1,"result":2}', 400, "json-duplicate-key"),
        (b'{"Datastream":{"@iot.id":"w-1\\u0000"},"result":1}', 422, "text-control-char"),
        (b"", 400, "json-invalid"),
    ],
)
async def test_bytes_that_are_no_observation_are_refused(line: Line, raw: bytes, status: int, code: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await line.door.ask(PLATFORM, "POST", f"{ROOT}/Observations", content=raw, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


ARRAY: dict[str, Any] = {"Datastream": {"@iot.id": "w-1"}, "components": ["result"], "dataArray": [[1.0]]}


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({}, "body-not-array", None),
        ([{**ARRAY, "components": ["phenomenonTime"]}], "components-invalid", "/0/components"),
        ([{**ARRAY, "components": ["result", "result"]}], "components-invalid", "/0/components"),
        ([{**ARRAY, "components": ["result", "FeatureOfInterest/id"]}], "components-invalid", "/0/components"),
        ([ARRAY, {**ARRAY, "dataArray": [[1.0], [1.0, 2.0]]}], "readings-uneven", "/1/dataArray/1"),
        ([{**ARRAY, "dataArray@iot.count": 2}], "readings-uneven", "/0/dataArray@iot.count"),
        ([{**ARRAY, "dataArray": [["a"]]}], "type-mismatch", "/0/dataArray/0/0"),
        ([{**ARRAY, "dataArray": 5}], "type-mismatch", "/0/dataArray"),
        ([{**ARRAY, "extra": 1}], "field-unknown", "/0/extra"),
        ([{"components": ["result"], "dataArray": []}], "field-missing", "/0/Datastream"),
    ],
)
async def test_a_data_array_that_cannot_be_is_refused_as_a_whole(
    line: Line, body: Any, code: str, pointer: str | None
) -> None:
    answer = await line.send("CreateObservations", body)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    if pointer:
        assert answer.json()["errors"][0]["pointer"] == pointer


async def test_nothing_that_was_refused_is_on_the_broker(line: Line) -> None:
    assert await line.published(0) == {}


async def test_only_platforms_send(line: Line) -> None:
    for who in ("viewer-1", "unit-drainage", "hotline-12345"):
        answer = await line.send("Observations", GOOD, who)
        assert (answer.status_code, answer.json()["code"]) == (403, "role-not-allowed")
