"""Readings judged against the real database: told once, taken back, and seen by those who may, through HTTP."""

import gzip
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from domain.case import State
from domain.device import Device, Keeping
from domain.errors import Unavailable
from domain.ids import ReportId
from handlers.file import file_many
from handlers.outcomes import Done
from handlers.ports import Office
from handlers.recoveries import note_recoveries
from handlers.sensor_records import Heard, Tick
from handlers.sensors import Kept, SensorDesk
from store.pool import Pool
from store.reading_files import ReadingFiles
from streams.sensor_state import partition_of_gateway
from tests.demo_city import an_office, pack
from tests.front_door import FrontDoor
from tests.sensors import MINUTE, Memory, Reading, a_gauge

TOPIC = "city.sensor.readings.v1"


class Room:
    """A sensors' worker without Kafka: records are handed to it, and it can die between any two."""

    _offsets = iter(range(1_000_000))

    def __init__(self, office: Office, kept: Kept | None = None) -> None:
        self.office = office
        self.kept = kept or Kept(Keeping.DATABASE, 30, ReadingFiles(Path("unused")))
        self.memory = Memory()

    async def begin(self) -> "Room":
        """A worker that starts from what is remembered."""
        self.desk = SensorDesk(self.office, pack().sensors, self.kept, TOPIC, partition_of_gateway)
        self.desk.memory = self.memory
        states: dict[int, dict[str, Mapping[str, bytes]]] = {number: {} for number in range(4)}
        for gateway, state in self.memory.states.items():
            states[partition_of_gateway(gateway)][gateway] = state
        await self.desk.take_over(states)
        return self

    async def hear(self, gateway: str, rows: Sequence[Reading]) -> Heard:
        """One record of a gateway."""
        at = np.array([at for _, at, _ in rows])
        values = np.array([value for _, _, value in rows])
        received = int(time.time() * 1000)
        heard = Heard(
            partition_of_gateway(gateway),
            next(self._offsets),
            received,
            gateway,
            [name for name, _, _ in rows],
            at,
            values,
        )
        await self.desk.judge_many([heard])
        return heard


async def registered(office: Office, *devices: Device) -> None:
    async with office.store.unit() as unit:
        for device in devices:
            await unit.devices.put(device)


def now_ms() -> int:
    return int(time.time() * 1000)


async def flood(room: Room, devices: Sequence[Device], level: float, minutes: Sequence[int], start: int) -> None:
    for minute in minutes:
        for gateway in dict.fromkeys(device.gateway for device in devices):
            own = [device.id for device in devices if device.gateway == gateway]
            await room.hear(gateway, [(name, start + minute * MINUTE, level) for name in own])


async def filed_case(office: Office, pool: Pool, name: str) -> Done:
    """The case of the incident that this device is a witness of."""
    report = await pool.fetchval(
        "SELECT i.report FROM sensor_alarms a JOIN sensor_incidents i ON i.id = a.incident WHERE a.device = $1", name
    )
    (filed,) = await file_many(office, [ReportId(report)])
    assert isinstance(filed, Done)
    return filed


async def test_what_died_between_database_and_table_is_done_again_to_the_same_end(office: Office, pool: Pool) -> None:
    drains = [a_gauge(f"again-{n}", gateway="again", east_m=10.0 * n) for n in range(3)]
    await registered(office, *drains)
    room, start = await Room(office).begin(), now_ms() - 30 * MINUTE
    await flood(room, drains, 0.5, range(3), start)
    room.memory.away = True
    heard = Heard(
        partition_of_gateway("again"), next(Room._offsets), now_ms(), "again",
        [d.id for d in drains for _ in range(6)],
        np.array([start + (5 + minute) * MINUTE for _ in drains for minute in range(6)]), np.full(18, 1.7),
    )  # fmt: skip
    with pytest.raises(Unavailable):
        await room.desk.judge_many([heard])
    room.memory.away = False
    for _ in range(2):
        await room.desk.judge_many([heard])
    again = await Room(office).begin()  # and a worker that remembers nothing reads it all once more
    again.memory = room.memory
    again = await again.begin()
    await again.desk.judge_many([heard])
    alarms = await pool.fetch("SELECT incident FROM sensor_alarms WHERE device LIKE 'again-%'")
    assert (len(alarms), len({alarm["incident"] for alarm in alarms})) == (3, 1)
    reports = "SELECT count(*) FROM reports WHERE doc ->> 'text' LIKE '%again-%'"
    assert await pool.fetchval(reports) == 1
    kept = "SELECT count(*) FROM readings r JOIN devices d ON d.no = r.device WHERE d.id LIKE 'again-%'"
    assert await pool.fetchval(kept) == 3 * 3 + 18


async def test_an_incident_that_climbs_is_told_again_and_its_report_says_so(office: Office, pool: Pool) -> None:
    drain = a_gauge("climbs", gateway="climbs", east_m=50_000)
    await registered(office, drain)
    room, start = await Room(office).begin(), now_ms() - 30 * MINUTE
    await flood(room, [drain], 1.7, range(5), start)
    await flood(room, [drain], 2.9, range(5, 9), start)
    texts = await pool.fetch(
        "SELECT doc ->> 'text' AS text FROM reports WHERE doc ->> 'text' LIKE '%climbs%' ORDER BY id"
    )
    assert len(texts) >= 2
    assert "三级" in texts[0]["text"]
    assert "一级，升级" in texts[-1]["text"]
    assert await pool.fetchval("SELECT level FROM sensor_incidents WHERE name LIKE '%/climbs/%'") == 1


async def test_two_incidents_that_turn_out_to_be_one_go_on_as_one(office: Office, pool: Pool) -> None:
    ends = [a_gauge("west", gateway="bridge", east_m=90_000), a_gauge("east", gateway="bridge", east_m=91_400)]
    middle = a_gauge("middle", gateway="bridge", east_m=90_700)
    await registered(office, *ends, middle)
    room, start = await Room(office).begin(), now_ms() - 50 * MINUTE
    await flood(room, ends, 1.7, range(5), start)
    before = await pool.fetch("SELECT DISTINCT incident FROM sensor_alarms WHERE device IN ('west', 'east')")
    assert len(before) == 2
    await flood(room, [middle], 1.7, range(5, 10), start)
    after = await pool.fetch("SELECT DISTINCT incident FROM sensor_alarms WHERE device IN ('west', 'middle', 'east')")
    assert len(after) == 1
    cases = {(await filed_case(office, pool, "west")).subject}
    await flood(room, [*ends, middle], 0.4, range(10, 14), start)
    absorbed = await pool.fetchval("SELECT report FROM sensor_incidents WHERE absorbed_by IS NOT NULL")
    (filed,) = await file_many(office, [ReportId(absorbed)])
    assert isinstance(filed, Done)
    cases.add(filed.subject)
    await note_recoveries(office)
    told = await pool.fetch(
        "SELECT subject FROM events WHERE type = 'case.recovered' AND subject = ANY ($1)", list(cases)
    )
    assert {event["subject"] for event in told} == cases, "both cases know that it has passed"


async def test_what_passes_before_anybody_is_sent_ends_where_the_city_wants_it(pool: Pool) -> None:
    office = an_office(pool, recovery_withdraws=True)
    drain = a_gauge("passes", gateway="passes", east_m=70_000)
    await registered(office, drain)
    room, start = await Room(office).begin(), now_ms() - 30 * MINUTE
    await flood(room, [drain], 1.7, range(5), start)
    filed = await filed_case(office, pool, "passes")
    await flood(room, [drain], 0.4, range(5, 9), start)
    assert await note_recoveries(office) == 1
    async with office.store.unit() as unit:
        (case,) = (await unit.cases.load([filed.subject])).values()
    assert (case.state, case.behind) == (State.WITHDRAWN, 1)


async def test_a_device_taken_out_of_use_leaves_no_alarm_behind(office: Office, pool: Pool) -> None:
    drain = a_gauge("retired", gateway="retired", east_m=120_000)
    await registered(office, drain)
    room, start = await Room(office).begin(), now_ms() - 30 * MINUTE
    await flood(room, [drain], 1.7, range(5), start)
    await registered(office, a_gauge("retired", gateway="retired", east_m=120_000, active=False))
    await room.desk.refresh()
    alarm = await pool.fetchrow("SELECT cleared_at, incident FROM sensor_alarms WHERE device = 'retired'")
    assert alarm is not None
    assert alarm["cleared_at"] is not None
    assert await pool.fetchval("SELECT recovered_at FROM sensor_incidents WHERE id = $1", alarm["incident"])
    await room.desk.judge_many([Tick(partition_of_gateway("retired"), next(Room._offsets), now_ms() + 999 * MINUTE)])
    assert await pool.fetchval("SELECT count(*) FROM sensor_alarms WHERE device = 'retired'") == 1, "nor is it silent"


async def test_a_device_registered_a_moment_ago_is_judged_from_its_first_record(office: Office, pool: Pool) -> None:
    room, start = await Room(office).begin(), now_ms() - 30 * MINUTE
    await room.hear("fresh", [("fresh", start - MINUTE, 0.5)])
    assert await pool.fetchval("SELECT readings FROM unknown_devices WHERE id = 'fresh'") == 1
    await registered(office, a_gauge("early", gateway="fresh", east_m=180_000))
    await room.hear("fresh", [("early", start + minute * MINUTE, 1.7 if minute > 3 else 0.5) for minute in range(12)])
    kept = await pool.fetch("SELECT flags FROM readings JOIN devices d ON d.no = device WHERE d.id = 'early'")
    assert [row["flags"] for row in kept] == [0] * 12
    assert await pool.fetchval("SELECT rule FROM sensor_alarms WHERE device = 'early'") == "water-high"
    assert await pool.fetchval("SELECT count(*) FROM unknown_devices WHERE id = 'early'") == 0


async def test_readings_are_kept_in_files_where_the_city_wants_that(office: Office, pool: Pool, tmp_path: Path) -> None:
    drain = a_gauge("filed", gateway="filed", east_m=140_000)
    await registered(office, drain)
    room = await Room(office, Kept(Keeping.FILES, 30, ReadingFiles(tmp_path))).begin()
    start = now_ms() - 30 * MINUTE
    heard = await room.hear("filed", [("filed", start, 0.25)])
    await room.desk.judge_many([heard])
    await room.hear("filed", [("filed", start + MINUTE, 0.5)])
    (file,) = tmp_path.glob("*")  # noqa: ASYNC240  (a file of three lines)
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    assert content.decode().splitlines()[1:] == [f"filed,{start},0.25,0", f"filed,{start + MINUTE},0.5,0"]


async def test_the_wall_and_the_unit_see_an_incident_with_its_witnesses_and_a_chart(
    city: FrontDoor, office: Office, pool: Pool
) -> None:
    ours = a_gauge("seen-1", gateway="seen", east_m=160_000, unit="drainage", name="云栖路下穿通道")
    theirs = a_gauge("seen-2", gateway="seen", east_m=160_100, unit="roads")
    await registered(office, ours, theirs)
    room, start = await Room(office).begin(), now_ms() - 30 * MINUTE
    await flood(room, [ours, theirs], 0.5, range(3), start)
    await flood(room, [ours, theirs], 1.7, range(3, 9), start)
    page = (await city.get("viewer-1", "/v1/sensor-incidents?standing=true")).json()["items"]
    (incident,) = [one for one in page if one["cause"] == "暴雨内涝" and one["witnesses"] == 2 and one["standing"] == 2]
    witnesses = f"/v1/sensor-incidents/{incident['id']}/witnesses"
    assert {one["device"] for one in (await city.get("viewer-1", witnesses)).json()["items"]} == {"seen-1", "seen-2"}
    assert [one["device"] for one in (await city.get("unit-drainage", witnesses)).json()["items"]] == ["seen-1"]
    own = (await city.get("unit-gas", "/v1/sensor-incidents")).json()["items"]
    assert own == []
    alarms = (await city.get("unit-drainage", "/v1/devices/seen-1/alarms")).json()["items"]
    assert [(one["rule"], one["cleared_at"]) for one in alarms] == [("water-high", None)]
    assert (await city.get("unit-drainage", "/v1/devices/seen-2/alarms")).status_code == 404
    answer = await city.get("unit-drainage", "/v1/devices/seen-1/chart")
    assert answer.headers["content-type"] == "image/svg+xml"
    picture = ElementTree.fromstring(answer.content)  # noqa: S314  (our own)
    assert "云栖路下穿通道" in "".join(picture.itertext())
    assert alarms[0]["reason"] in "".join(picture.itertext())
    await flood(room, [ours, theirs], 0.4, range(9, 13), start)
    over = (await city.get("viewer-1", "/v1/sensor-incidents?standing=false")).json()["items"]
    assert incident["id"] in {one["id"] for one in over}
