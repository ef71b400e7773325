"""An emergency plan from the call to the all-clear: what the public, the commander and the broker are told of it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree as Xml

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from domain.actor import Actor, Role
from domain.case import Case
from domain.catalogue import Urgency
from domain.commands import Verb
from domain.place import Level
from handlers.announce import announce
from handlers.overdue import ring_due
from handlers.ports import Office
from runtime.wiring import issuer
from store.pool import Pool
from store.seat import seat
from streams.relay import Publisher
from streams.topics import ALERTS, create_topics, partition_of
from tests.demo_city import (
    DISPATCHER,
    LAMP,
    OFFICER,
    a_call,
    an_office,
    case_of,
    dispatched,
    on_case,
    on_task,
    pack,
    perform,
    spot,
)
from tests.front_door import FrontDoor, front_door
from tests.unit.test_cap import by_the_standard, text

CHIEF = Actor("chief-1", Role.CHIEF)
GAS, WATER = "01011", "01073"
CAP = "application/cap+xml"
HURRY = 2000.0  # half an hour in a second


@pytest.fixture(scope="module")
async def drill(city: FrontDoor, fresh_dsn: str, pool: Pool) -> AsyncIterator[tuple[FrontDoor, Office]]:
    """The same city while it exercises: limits run faster. Asks after ``city``, whose keys it uses."""
    async with front_door(fresh_dsn, kafka="127.0.0.1:1", exercise_pace=HURRY) as door:
        city.keys.update(door.keys)
        yield door, an_office(pool, exercise_pace=HURRY)


async def emergency(office: Office, n: int, category: str = GAS, said: str = "有煤气味") -> Case:
    """A call about danger to life; what becomes of it is the rulebook's and the plan's business."""
    (case,) = await dispatched(office, a_call(n, category, urgency=Urgency.CRITICAL, text=said))
    return await case_of(office, case)


async def done(office: Office, case: Case, verb: Verb, unit: str, **more: Any) -> Case:
    """A unit's step, which the law took."""
    await perform(office, on_task(case, verb, unit, **more))
    return await later(office, case)


async def later(office: Office, case: Case) -> Case:
    """The case as it is now."""
    return await case_of(office, case.id)


async def all_clear(office: Office, case: Case) -> Case:
    """Every unit does its share, the lead last, and an officer finds it well."""
    for task in sorted((task for task in case.tasks if task.open), key=lambda task: task == case.lead):
        case = await later(office, case)
        if case.tasks[case.tasks.index(task)].accepted_at is None:
            case = await done(office, case, Verb.ACCEPT, str(task.unit))
        case = await done(office, case, Verb.FINISH, str(task.unit), note="险情已处置")
    await perform(office, on_case(case, Verb.PASS, OFFICER))
    return await later(office, case)


async def document(door: FrontDoor, address: str, who: str = "viewer-1") -> tuple[bytes, Xml.Element]:
    """A message as it is served, and its root; it keeps to the standard."""
    response = await door.get(who, f"/v1/alerts/{address}")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == CAP
    root = by_the_standard(response.content)
    assert response.headers["etag"] == f'"{text(root, "identifier")}"'
    return response.content, root


async def standing(door: FrontDoor) -> list[dict[str, Any]]:
    """What the big screen shows."""
    items: list[dict[str, Any]] = (await door.get("viewer-1", "/v1/alerts")).json()["items"]
    return items


async def test_a_gas_leak_from_the_call_to_the_all_clear(city: FrontDoor, office: Office) -> None:
    case = await emergency(office, 3)
    assert case.plan is not None
    lines = [line for line in await standing(city) if line["no"] == case.no]
    assert [(line["type"], line["headline"], line["exercise"]) for line in lines] == [
        ("Alert", "附近发生燃气泄漏，请远离现场", False)
    ]
    first, root = await document(city, case.no)
    assert (text(root, "status"), text(root, "scope"), text(root, "sender")) == ("Actual", "Public", pack().id)
    areas = pack().atlas.tree.areas
    assert text(root, "areaDesc") == "".join(areas[code].name for code in case.place.path[:-1])
    lat, lon = (float(part) for part in (text(root, "circle") or "").partition(" ")[0].split(","))
    assert (lat, lon) == pytest.approx((spot(3).lat, spot(3).lon), abs=0.0006)
    assert (await city.get("viewer-1", lines[0]["href"])).content == first, "the line leads to the message"

    await perform(office, on_case(case, Verb.RAISE, DISPATCHER, level=Level.CITY, reason="spreads"))
    second, root = await document(city, case.no)
    assert (text(root, "msgType"), text(root, "identifier")) == ("Update", f"{case.no}.{case.version + 1}")
    assert [line["level"] for line in await standing(city) if line["no"] == case.no] == ["city"]
    assert second != first

    case = await later(office, case)
    await perform(office, on_case(case, Verb.FORCE_CLOSE, CHIEF, reason="other-city"))
    last, root = await document(city, case.no)
    assert text(root, "msgType") == "Cancel"
    assert len((text(root, "references") or "").split()) == 2
    assert case.no not in {line["no"] for line in await standing(city)}
    told = (await city.get("unit-gas", f"/v1/cases/{case.no}/alerts")).json()["items"]
    assert [line["type"] for line in told] == ["Alert", "Update", "Cancel"]
    again = [(await document(city, line["identifier"], "inspector-1"))[0] for line in told]
    assert again == [first, second, last], "whatever was told can be read again as it was"


async def test_when_the_units_have_done_their_work_the_danger_is_over(city: FrontDoor, office: Office) -> None:
    case = await all_clear(office, await emergency(office, 4, WATER, "立交桥下积水没过车轮"))
    assert case.state == "closed"
    _, root = await document(city, case.no)
    assert (text(root, "msgType"), text(root, "responseType")) == ("Cancel", "AllClear")


async def test_what_the_caller_said_and_what_the_units_wrote_stays_inside(city: FrontDoor, office: Office) -> None:
    case = await emergency(office, 5, said="我是三单元李阿姨，电话13800000000，楼道里有煤气味")
    case = await all_clear(office, case)
    for line in (await city.get("viewer-1", f"/v1/cases/{case.no}/alerts")).json()["items"]:
        served, _ = await document(city, line["identifier"])
        assert not any(words in served.decode() for words in ("李阿姨", "13800000000", "楼道", "险情已处置"))


@pytest.mark.parametrize("address", ["{no}", "{no}.1", "{no}.x", "{no}.99999999999999999999999"])
async def test_an_ordinary_case_has_no_message(city: FrontDoor, office: Office, address: str) -> None:
    (case,) = await dispatched(office, a_call(6, LAMP))
    no = (await case_of(office, case)).no
    assert (await city.get("viewer-1", f"/v1/alerts/{address.format(no=no)}")).status_code == 404
    assert (await city.get("viewer-1", f"/v1/cases/{no}/alerts")).status_code == 404
    assert (await city.get("viewer-1", f"/v1/cases/{no}/command")).status_code == 404


async def test_a_number_misheard_is_refused_and_not_another_cases_message(city: FrontDoor) -> None:
    for path in ("/v1/alerts/YH-261121-0000123-9", "/v1/cases/nonsense/command", "/v1/cases/nonsense/alerts"):
        assert (await city.get("viewer-1", path)).json()["code"] == "case-no-invalid"


async def test_the_command_record_tells_who_was_called_who_answered_and_who_did_not(
    city: FrontDoor, office: Office
) -> None:
    case = await emergency(office, 8)
    case = await done(office, case, Verb.ACCEPT, "fire")
    case = await done(office, case, Verb.FINISH, "fire", note="警戒线已拉")
    case = await done(office, case, Verb.ACCEPT, "gas")
    await perform(office, on_case(case, Verb.URGE, DISPATCHER))
    await perform(office, on_case(await later(office, case), Verb.SUPERVISE, DISPATCHER, reason="市领导关注"))
    record = (await city.get("dispatcher-1", f"/v1/cases/{case.no}/command")).json()
    shares = {share["unit"]: share for share in record["shares"]}
    assert {unit: share["state"] for unit, share in shares.items() if unit in ("gas", "fire", "power")} == {
        "gas": "accepted", "fire": "done", "power": "offered",
    }  # fmt: skip
    assert (shares["fire"]["result"], shares["fire"]["minutes_left"]) == ("警戒线已拉", None)
    assert (shares["gas"]["part"], shares["power"]["required"]) == ("lead", False)
    assert all(share["planned"] and share["accepted_after"] is None for share in record["unanswered"])
    waiting = [(share["unit"], round(share["minutes_left"])) for share in record["unanswered"]]
    assert [minutes for _, minutes in waiting] == [20, 20, 30], "who has the least time comes first"
    assert {unit for unit, _ in waiting} == set(shares) - {"gas", "fire"}
    assert [(step["type"], step["units"][:1]) for step in record["timeline"][1:]] == [
        ("accepted", ["fire"]), ("finished", ["fire"]), ("accepted", ["gas"]), ("urged", []), ("supervised", []),
    ]  # fmt: skip
    started = record["timeline"][0]
    assert (started["type"], started["after"], set(started["units"])) == ("activated", 0, set(shares))
    assert started["alert"] == f"{case.no}.{started['version']}"
    assert (record["urges"], len(record["supervisions"]), record["plan"]["id"]) == (1, 1, "gas-leak")
    assert record["started_by"]["role"] == "system"


async def test_a_unit_reads_the_record_of_its_own_case_only(city: FrontDoor, office: Office) -> None:
    case = await emergency(office, 9)
    assert (await city.get("unit-fire", f"/v1/cases/{case.no}/command")).status_code == 200
    assert (await city.get("unit-parks", f"/v1/cases/{case.no}/command")).status_code == 404
    assert (await city.get("unit-parks", f"/v1/alerts/{case.no}")).status_code == 200, "a warning is for everybody"


async def test_a_plan_nobody_answers_climbs_to_the_city_and_tells_so(drill: tuple[FrontDoor, Office]) -> None:
    door, office = drill
    case = await emergency(office, 10)
    assert str(case.level) == "district"
    async with asyncio.timeout(30):
        while case.level is not Level.CITY:
            await ring_due(office)
            await asyncio.sleep(0.05)
            case = await later(office, case)
    record = (await door.get("dispatcher-1", f"/v1/cases/{case.no}/command")).json()
    assert record["escalations"] >= 1
    waiting = record["unanswered"]
    assert (waiting[0]["unit"], waiting[0]["overdue"]) == ("fire", True), "the shortest promise was missed first"
    assert [share["due_at"] for share in waiting] == sorted(share["due_at"] for share in waiting)
    (climbed,) = [step for step in record["timeline"] if step["level"]]
    assert (climbed["type"], climbed["level"], climbed["actor"]["role"]) == ("escalated", "city", "system")
    _, root = await document(door, climbed["alert"])
    assert (text(root, "msgType"), text(root, "status"), text(root, "scope")) == ("Update", "Exercise", "Restricted")
    assert (text(root, "headline") or "").startswith("【演练】")


async def test_a_warning_that_has_expired_is_not_shown_as_standing(city: FrontDoor, office: Office, pool: Pool) -> None:
    case = await emergency(office, 12)
    assert case.no in {line["no"] for line in await standing(city)}
    past = case.alert.at.isoformat() if case.alert else ""
    await pool.execute(
        "UPDATE cases SET doc = jsonb_set(doc::jsonb, '{alert,expires}', to_jsonb($2::text))::json WHERE id = $1",
        case.id,
        past,
    )
    assert case.no not in {line["no"] for line in await standing(city)}
    assert (await document(city, case.no))[1] is not None, "it can still be read"


async def read(bootstrap: str, prefix: str) -> list[ConsumerRecord]:
    """Everything on the topic of alerts."""
    parts = [TopicPartition(ALERTS.full(prefix), number) for number in range(ALERTS.partitions)]
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False) as consumer:
        consumer.assign(parts)
        await consumer.seek_to_beginning(*parts)
        wanted = sum((await consumer.end_offsets(parts)).values())
        found: list[ConsumerRecord] = []
        async with asyncio.timeout(20):
            while len(found) < wanted:
                found += [each for batch in (await consumer.getmany(timeout_ms=200)).values() for each in batch]
    return found


async def test_the_relay_publishes_each_message_in_order_as_the_door_serves_it(
    city: FrontDoor, office: Office, pool: Pool, kafka_bootstrap: str
) -> None:
    prefix = f"alerts-{uuid4().hex[:8]}"
    await create_topics(kafka_bootstrap, prefix)
    async with seat(pool, prefix) as reader:
        assert reader is not None
        while entries := await reader.next(5000):
            await reader.done(entries)
        cases = [await emergency(office, n) for n in (14, 15)]
        await dispatched(office, a_call(16, LAMP))
        for case in cases:
            await perform(office, on_case(case, Verb.RAISE, DISPATCHER, level=Level.CITY, reason="spreads"))
        async with AIOKafkaProducer(bootstrap_servers=kafka_bootstrap, acks="all") as producer:
            await announce(reader, Publisher(producer, prefix, render=issuer(pack()).render).publish)
    records = await read(kafka_bootstrap, prefix)
    assert {record.key.decode() for record in records} == {case.no for case in cases}
    for case in cases:
        own = [record for record in records if record.key.decode() == case.no]
        headers = [{name: value.decode() for name, value in record.headers} for record in own]
        assert [each["type"] for each in headers] == ["Alert", "Update"]
        assert {each["schema"] for each in headers} == {"cap.1.2"}
        assert {record.partition for record in own} == {partition_of(case.no, ALERTS)}
        assert [(await document(city, each["id"]))[0] for each in headers] == [record.value for record in own]
