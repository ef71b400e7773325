"""The HTTP door: the live stream, complete for who returns and harmless for who sleeps."""

import asyncio

import pytest

from domain.case import Case
from domain.commands import Verb
from handlers.ports import Office
from store.pool import Pool
from tests.contract.api_city import (
    live_case,
)
from tests.demo_city import (
    SEWER_COVER,
    case_of,
    on_task,
    perform,
)
from tests.front_door import NOBODY, FrontDoor


async def test_what_happens_is_told_live(city: FrontDoor, office: Office) -> None:
    async with city.listen("viewer-1") as line:
        assert line.headers["content-type"].startswith("text/event-stream")
        assert line.headers["cache-control"] == "no-store"
        case = await live_case(office)
        first, second = await line.take(2)
    assert (first["event"], first["no"], first["version"]) == ("case.filed", case.no, 1)
    assert (second["event"], second["version"], second["state"]) == ("case.dispatched", 2, "pending_disposal")
    assert first["area"].startswith("439900/439901/")


@pytest.mark.parametrize(
    "wanted",
    [
        {"area": "439902"},
        {"unit": "drainage"},
        {"category": SEWER_COVER},
        {"state": "pending_disposal"},
        {"type": "case.dispatched"},
    ],
)
async def test_a_stream_can_be_narrowed(city: FrontDoor, office: Office, wanted: dict[str, str]) -> None:
    async with city.listen("viewer-1", **wanted) as line:
        lamp = await live_case(office)
        cover = await live_case(office, SEWER_COVER, "山前区", "松岭街道")
        told = await line.silence()
    assert told
    name, value = next(iter(wanted.items()))
    if name in ("area", "unit", "category"):
        assert {event["no"] for event in told} == {cover.no}
    else:
        assert {event[{"state": "state", "type": "event"}[name]] for event in told} == {value}
        assert {event["no"] for event in told} == {lamp.no, cover.no}


@pytest.mark.parametrize("query", ["state=lost", "area=999", "category=99999"])
async def test_a_wish_nobody_can_understand_is_refused(city: FrontDoor, query: str) -> None:
    assert (await city.get("viewer-1", f"/v1/stream?{query}")).status_code == 422


async def test_who_comes_back_hears_what_was_missed_without_gap_or_repeat(city: FrontDoor, office: Office) -> None:
    async with city.listen("viewer-1") as line:
        await live_case(office)
        heard = await line.take(2)
    missed = [await live_case(office) for _ in range(3)]
    stop = asyncio.Event()

    async def goes_on() -> list[Case]:
        cases = []
        while not stop.is_set():
            cases.append(await live_case(office))
        return cases

    async with asyncio.TaskGroup() as city_life:
        busy = city_life.create_task(goes_on())
        async with city.listen("viewer-1", last=heard[-1]["id"]) as line:
            told = await line.take(6)
            await asyncio.sleep(0.3)
            stop.set()
            later = await busy
            told += await line.silence(1.0)
    expected = [(case.no, version) for case in [*missed, *later] for version in (1, 2)]
    assert [(event["no"], event["version"]) for event in told] == expected
    positions = [tuple(map(int, event["id"].split("-"))) for event in told]
    assert positions == sorted(set(positions))


@pytest.mark.parametrize(
    "last", ["x", "1", "1-2-3", "-1-2", "1-", "99999999999999999999-1", "9223372036854775808-1", "1 OR 1"]
)
async def test_a_malformed_place_to_resume_is_refused(city: FrontDoor, last: str) -> None:
    answer = await city.get("viewer-1", "/v1/stream", headers={"Last-Event-ID": last})
    assert (answer.status_code, answer.json()["code"]) == (400, "last-event-id-invalid")


async def test_a_place_that_was_never_reached_does_not_silence_the_stream(city: FrontDoor, office: Office) -> None:
    async with city.listen("viewer-1", last="9223372036854775807-1") as line:
        await live_case(office)
        told = await line.silence()
    assert told, "the client waits for ever and believes that nothing happens"


async def test_a_unit_hears_of_its_own_cases_only(city: FrontDoor, office: Office) -> None:
    async with city.listen("unit-lighting") as own, city.listen("unit-gas") as other, city.listen("officer-2") as away:
        case = await live_case(office)
        await perform(office, on_task(case, Verb.ACCEPT))
        told = await own.silence()
        assert await other.silence(0.1) == []
        assert await away.silence(0.1) == []
    assert {event["no"] for event in told} == {case.no}
    assert [event["event"] for event in told][-1] == "case.accepted"


@pytest.mark.parametrize("unit", ["traffic-police", "drainage"])
async def test_a_unit_hears_live_what_it_would_hear_on_its_return(city: FrontDoor, office: Office, unit: str) -> None:
    case = await live_case(office, SEWER_COVER)
    async with city.listen(f"unit-{unit}") as line:
        before = str(await city.tools.views.stream_end())
        await perform(office, on_task(case, Verb.ACCEPT, "traffic-police"))
        case = await case_of(office, case.id)
        await perform(office, on_task(case, Verb.SEND_BACK, "drainage", reason="not-ours"))
        live = await line.silence()
    async with city.listen(f"unit-{unit}", last=before) as line:
        resumed = await line.silence()
    assert [event["event"] for event in resumed][-2:] == ["case.accepted", "case.sent_back"]
    assert [event["id"] for event in live] == [event["id"] for event in resumed]


async def test_who_never_reads_is_dropped_and_delays_nobody(city: FrontDoor, office: Office, pool: Pool) -> None:
    case = await live_case(office)
    version = 1000
    async with city.listen("viewer-1") as reader, city.listen("viewer-1", reads=False):
        async with asyncio.timeout(5):
            while city.tools.hub.subscribers < 2:  # noqa: ASYNC110  (the application's own pace)
                await asyncio.sleep(0.01)
        for _ in range(4):
            await pool.execute(
                "INSERT INTO events (subject, version, type, at, route, doc)"
                " SELECT $1, $2 + n, 'case.noted', now(), 'x', '{\"state\": \"pending_disposal\"}'"
                " FROM generate_series(1, 400) AS n",
                case.id, version,
            )  # fmt: skip
            told = await reader.take(400)
            assert [event["version"] for event in told] == list(range(version + 1, version + 401))
            version += 400
        assert city.tools.hub.subscribers == 1
        metrics = (await city.get(NOBODY, "/metrics")).text
        assert "cityloop_streams 1.0" in metrics
    async with asyncio.timeout(5):
        while city.tools.hub.subscribers:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
