"""Who is let in when not all can be: over real sockets, with rooms of one place and people who hold them."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn

from api.admission import Doorkeeper
from api.limits import rates
from api.open311.access import Access
from api.rates import PERSON, Contract, Rates
from api.rooms import Room
from domain.errors import Unavailable
from runtime.listening import Server
from store.pool import Pool, connect
from store.translate import translated
from tests.demo_city import spot
from tests.front_door import FrontDoor, front_door, well_formed_problem

WHO = "inspector-1"
QUIET, GAS = "路灯不亮", "楼道里有燃气泄漏"


@dataclass(slots=True)
class Street:
    """The application behind a real socket, with room for one of each kind."""

    door: FrontDoor
    port: int
    http: httpx.AsyncClient

    @property
    def inside(self) -> dict[Room, int]:
        """Who is inside now, besides those who watch."""
        return {room: n for room, n in self.door.tools.admission.rooms.inside.items() if n and room is not Room.ALWAYS}

    async def report(self, text: str = QUIET, who: str = WHO, **more: Any) -> httpx.Response:
        """A report by a client of the pack."""
        return await self.http.post("/v1/reports", json=a_body(text, **more), headers=self.headers(who))

    def headers(self, who: str = WHO) -> dict[str, str]:
        """What a client sends with a report."""
        return {"Authorization": f"Bearer {self.door.keys[who]}", "Idempotency-Key": uuid4().hex}

    @asynccontextmanager
    async def held(self, path: str = "/v1/reports", method: str = "POST") -> AsyncIterator[asyncio.StreamReader]:
        """Somebody who begins a request, holds his place and never ends it; leaving hangs up."""
        before = self.inside
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        fields = {"Host": "city", "Content-Type": "application/json", "Content-Length": "100", **self.headers()}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(f'{method} {path} HTTP/1.1\r\n{head}\r\n{{"text":'.encode())
        await until(lambda: self.inside != before)
        try:
            yield reader
        finally:
            writer.close()

    @contextmanager
    def patient(self, **changes: Any) -> Iterator[None]:
        """Other times than usual, or somebody else who counts."""
        tools = self.door.tools
        self.door.app.state.deps = replace(tools, admission=replace(tools.admission, **changes))
        try:
            yield
        finally:
            self.door.app.state.deps = tools

    @contextmanager
    def held_to(self, contract: Contract, anonymous: str = "5/min|30/day") -> Iterator[None]:
        """Rates for the inspector and for people without a key."""
        tools = self.door.tools
        own = Rates({WHO: contract, "hotline-12345": contract}, rates(anonymous))
        admission = replace(tools.admission, rates=own)
        tools.gate._rates = own
        desk = replace(tools.open311, admit=admission.open311, posts=Access.EVERYONE)
        self.door.app.state.deps = replace(tools, admission=admission, open311=desk)
        try:
            yield
        finally:
            tools.gate._rates = tools.admission.rates
            self.door.app.state.deps = tools


def a_body(text: str, **more: Any) -> dict[str, Any]:
    point = spot(0)
    return {"text": text, "position": {"lon": point.lon, "lat": point.lat, "crs": point.crs}, **more}


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that must come about."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110  (what is watched has no bell)
            await asyncio.sleep(0.005)


@pytest.fixture(scope="module", params=["at the socket", "in the application"])
async def street(request: pytest.FixtureRequest, fresh_dsn: str) -> AsyncIterator[Street]:
    """Both places where the doorkeeper is asked: the same holds of both."""
    async with front_door(fresh_dsn, kafka="127.0.0.1:1", files={"room": 0.0001}) as door:
        app = Doorkeeper(door.telemetry.timed(door.app), lambda: door.tools.admission)
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, http="httptools")
        at_once = {"at_once": app.at_once} if request.param == "at the socket" else {}
        server = Server(config, listener, **at_once)
        serving = asyncio.create_task(server.serve())
        port: int = listener.getsockname()[1]
        await until(lambda: server.started)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            yield Street(door, port, http)
        server.should_exit = True
        await serving


@pytest.fixture(autouse=True)
async def _nobody_keeps_a_place(street: Street) -> AsyncIterator[None]:
    """Whatever happened, in the end everybody has left."""
    yield
    await until(lambda: not street.inside)


def busy(answer: httpx.Response) -> bool:
    """A refusal as a client needs it: the code, and when to come again."""
    assert (answer.status_code, well_formed_problem(answer)["code"]) == (503, "busy"), answer.text
    return int(answer.headers["retry-after"]) >= 1


async def test_above_the_room_a_report_is_refused_and_comes_in_when_there_is_room_again(street: Street) -> None:
    async with street.held():
        assert street.inside == {Room.INTAKE: 1}
        assert busy(await street.report())
        assert busy(await street.http.post("/v1/reports:batch", json={"items": []}, headers=street.headers()))
    await until(lambda: not street.inside)
    assert (await street.report()).status_code == 202


@pytest.mark.parametrize(
    "urgent", [{"text": GAS}, {"text": "井盖", "category": "01002"}, {"text": "快来", "urgency": "critical"}]
)
async def test_danger_to_life_comes_in_when_the_room_is_full(street: Street, urgent: dict[str, Any]) -> None:
    async with street.held():
        assert (await street.report(**urgent)).status_code == 202
        batch = [{"key": uuid4().hex, "report": a_body(**each)} for each in ({"text": QUIET}, urgent)]
        answer = await street.http.post("/v1/reports:batch", json={"items": batch}, headers=street.headers())
        assert [item["status"] for item in answer.json()["items"]] == [202, 202]
        form = {"service_code": urgent.get("category", "other"), "description": urgent["text"], "lat": "1", "long": "2"}
        form |= {"api_key": street.door.keys["hotline-12345"], "address_string": "望湖路1号"}
        answer = await street.http.post("/open311/v2/requests.json", data=form)
        assert answer.status_code == (503 if "urgency" in urgent else 201), answer.text


async def test_a_report_that_comes_whole_is_looked_at_where_it_stands(street: Street) -> None:
    """Head and body in one piece, as most senders write them, refused or let in as in many; and the line goes on."""
    heard: list[tuple[str, str]] = []
    with street.patient(count=lambda room, outcome: heard.append((room, outcome))):
        await _whole(street)
    assert heard == [("intake", "refused"), ("intake", "reserve"), ("intake", "refused")]


async def _whole(street: Street) -> None:
    async with street.held():
        reader, writer = await asyncio.open_connection("127.0.0.1", street.port)
        for text, status in ((QUIET, 503), (GAS, 202), (QUIET, 503)):
            body = json.dumps(a_body(text), ensure_ascii=False).encode()
            fields = {"Host": "city", "Content-Type": "application/json", "Content-Length": len(body)}
            head = "".join(f"{name}: {value}\r\n" for name, value in (fields | street.headers()).items())
            writer.write(f"POST /v1/reports HTTP/1.1\r\n{head}\r\n".encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            told = json.loads(await reader.readexactly(length))
            assert int(answer[9:12]) == status, told
            assert (told.get("code") == "busy") == (b"\r\nretry-after: " in answer.lower()) == (status == 503)
        writer.close()
        await until(lambda: street.inside == {Room.INTAKE: 1})


async def test_above_the_reserve_too_all_are_refused_unread(street: Street) -> None:
    async with street.held(), street.held():
        assert street.inside == {Room.INTAKE: 1, Room.RESERVE: 1}, "who is looked at holds the place he would get"
        assert busy(await street.report(GAS))


async def test_what_is_too_long_to_be_looked_at_is_refused_unread(street: Street) -> None:
    async with street.held():
        assert busy(await street.report(GAS, address="x" * 70_000))
        whole = json.dumps(a_body(GAS, address="x" * 70_000)).encode()

        async def pieces() -> AsyncIterator[bytes]:
            for at in range(0, len(whole), 1000):
                yield whole[at : at + 1000]

        answer = await street.http.post(
            "/v1/reports", content=pieces(), headers={**street.headers(), "Content-Type": "application/json"}
        )
        assert busy(answer)
        assert street.inside == {Room.INTAKE: 1}


async def test_what_was_read_ahead_is_read_again_whole(street: Street) -> None:
    """A report let in by the reserve in many pieces is the report that was sent."""
    key = uuid4().hex
    body = json.dumps(a_body(GAS + "。" * 3000), ensure_ascii=False).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 997):
            yield body[at : at + 997]
            await asyncio.sleep(0)

    headers = {**street.headers(), "Idempotency-Key": key, "Content-Type": "application/json"}
    async with street.held():
        answer = await street.http.post("/v1/reports", content=pieces(), headers=headers)
    assert answer.status_code == 202, answer.text
    again = await street.http.post("/v1/reports", content=body, headers=headers)
    assert (again.status_code, again.json()["report_id"]) == (202, answer.json()["report_id"])


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
async def test_who_watches_over_us_is_always_let_in(street: Street, path: str) -> None:
    async with street.held(), street.held(), street.held("/v1/spot-checks"):
        assert (await street.http.get(path)).status_code == 200


async def test_one_kind_takes_no_place_of_another(street: Street) -> None:
    desk = {"Authorization": f"Bearer {street.door.keys['desk-1']}"}
    async with street.held(), street.held("/v1/presence", "PUT"):
        assert busy(await street.http.put("/v1/presence", json={}, headers=street.headers()))
        assert (await street.http.get("/v1/cases", headers=desk)).status_code == 200
    assert street.door.tools.admission.rooms.enter(Room.READS)
    try:
        assert busy(await street.http.get("/v1/cases", headers=desk))
        assert (await street.report()).status_code == 202
    finally:
        street.door.tools.admission.rooms.leave(Room.READS)


async def test_streams_take_no_place_of_anybody(street: Street) -> None:
    desk = {"Authorization": f"Bearer {street.door.keys['desk-1']}"}
    async with (
        street.http.stream("GET", "/v1/stream", headers=desk) as one,
        street.http.stream("GET", "/v1/stream", headers=desk) as two,
    ):
        assert (one.status_code, two.status_code) == (200, 200)
        assert street.inside == {Room.STREAMS: 2}
        assert (await street.report()).status_code == 202
        assert (await street.http.get("/v1/cases", headers=desk)).status_code == 200


async def test_open311_is_told_in_its_own_words(street: Street) -> None:
    async with street.held():
        for form, media in (("json", "application/json"), ("xml", "text/xml")):
            answer = await street.http.post(f"/open311/v2/requests.{form}", data={"description": QUIET})
            assert answer.status_code == 503
            assert answer.headers["content-type"].startswith(media)
            assert answer.headers["retry-after"] == "2"
            assert "(busy)" in answer.text


async def test_a_body_that_does_not_arrive_is_waited_for_no_longer(street: Street) -> None:
    with street.patient(seconds=0.2):
        async with street.held() as reader:
            answer = await asyncio.wait_for(reader.read(), 10)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in head.lower()
    assert json.loads(body)["code"] == "request-timeout"
    assert (await street.report()).status_code == 202


async def test_an_answer_that_does_not_come_is_waited_for_no_longer(street: Street, pool: Pool) -> None:
    """The database is held up; the report may have taken effect all the same, so that its key makes a repeat safe."""
    headers = street.headers()
    with street.patient(seconds=0.3):
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("LOCK TABLE reports IN ACCESS EXCLUSIVE MODE")
            assert busy(await street.http.post("/v1/reports", json=a_body(QUIET), headers=headers))
    again = await street.http.post("/v1/reports", json=a_body(QUIET), headers=headers)
    assert again.status_code == 202


async def test_an_upload_that_stands_still_is_taken_for_a_broken_line(street: Street) -> None:
    async def piece() -> AsyncIterator[bytes]:
        yield b"a photo's first bytes"
        await until(lambda: not street.inside)

    made = await street.http.post(
        "/v1/attachments", headers={**street.headers(), "Tus-Resumable": "1.0.0", "Upload-Length": "100"}
    )
    where = made.headers["location"]
    own = {"Authorization": street.headers()["Authorization"], "Tus-Resumable": "1.0.0"}
    moving = {**own, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    with street.patient(idle_seconds=0.2):
        await street.http.patch(where, content=piece(), headers=moving)
    assert (await street.http.head(where, headers=own)).headers["upload-offset"] == "21", "what came is kept"


async def test_every_way_out_gives_the_place_back(street: Street) -> None:
    desk = {"Authorization": f"Bearer {street.door.keys['desk-1']}"}
    attempts: list[Callable[[], Awaitable[httpx.Response]]] = [
        lambda: street.report(),
        lambda: street.report("", who="viewer-1"),
        lambda: street.http.post("/v1/reports", content=b"{", headers=street.headers()),
        lambda: street.http.post("/v1/nothing"),
        lambda: street.http.get("/v1/cases/no-such-case", headers=desk),
        lambda: street.http.get("/v1/cases", params={"limit": "x"}, headers=desk),
    ]
    for attempt in attempts:
        answers = [await attempt() for _ in range(3)]
        assert all(answer.status_code != 503 for answer in answers), answers[0].text
        await until(lambda: not street.inside)
    for _ in range(5):
        async with street.held(), street.held():
            assert street.inside == {Room.INTAKE: 1, Room.RESERVE: 1}
        await until(lambda: not street.inside)


async def test_a_person_who_asks_too_often_is_told_when_to_come_again(street: Street) -> None:
    contract = Contract(rates("2/min"), rates("1/min"), rates("1/min"))
    with street.held_to(contract):
        answers = [await street.report() for _ in range(3)]
        assert [answer.status_code for answer in answers] == [202, 202, 429]
        problem = well_formed_problem(answers[2])
        assert problem["code"] == "rate-limited"
        assert 1 <= int(answers[2].headers["retry-after"]) <= 30
        assert answers[2].headers["ratelimit-policy"] == '"reports";q=2;w=60'
        assert (await street.report(GAS)).status_code == 202, "danger to life has a purse of its own"
        assert (await street.report(who="desk-1")).status_code == 202, "nobody pays for another"
        looks = [await street.http.get("/v1/tasks", headers=street.headers()) for _ in range(2)]
        assert [answer.status_code for answer in looks] == [200, 429]
        moves = [await street.http.put("/v1/presence", json={}, headers=street.headers()) for _ in range(2)]
        assert [answer.status_code for answer in moves] == [204, 429]


async def test_a_batch_counts_as_the_reports_in_it(street: Street) -> None:
    items = [{"key": uuid4().hex, "report": a_body(QUIET)} for _ in range(3)]
    with street.held_to(replace(PERSON, reports=rates("4/min"))):
        send = lambda: street.http.post("/v1/reports:batch", json={"items": items}, headers=street.headers())  # noqa: E731
        assert [(await send()).status_code for _ in range(2)] == [200, 429]


async def test_nobody_reports_by_open311_too_often(street: Street) -> None:
    form = {"service_code": "other", "description": QUIET, "address_string": "望湖路1号"}
    with street.held_to(PERSON, "2/min"):
        answers = [await street.http.post("/open311/v2/requests.json", data=form) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [201, 201, 429]
        assert answers[2].json()[0]["code"] == 429
        assert "(rate-limited)" in answers[2].json()[0]["description"]
        assert 1 <= int(answers[2].headers["retry-after"]) <= 30
        keyed = {**form, "api_key": street.door.keys["hotline-12345"]}
        assert (await street.http.post("/open311/v2/requests.json", data=keyed)).status_code == 201
        urgent = {**form, "description": GAS}
        assert (await street.http.post("/open311/v2/requests.json", data=urgent)).status_code == 201


async def test_who_waits_too_long_for_a_connection_is_told_so(fresh_dsn: str) -> None:
    small = await connect(fresh_dsn, size=1, application="tests-small")
    try:
        async with small.acquire():
            with pytest.raises(Unavailable) as told:
                async with small.acquire(timeout=0.1):
                    pass
        assert told.value.code == "busy"
        assert await small.fetchval("SELECT 1") == 1
    finally:
        await small.close()


async def test_a_statement_that_takes_too_long_is_ended(fresh_dsn: str, street: Street) -> None:
    assert await street.door.tools.views._pool.fetchval("SHOW statement_timeout") == "5s"
    hasty = await connect(fresh_dsn, size=1, application="tests-hasty", statement_seconds=0.1)
    try:
        with pytest.raises(Unavailable), translated():
            await hasty.execute("SELECT pg_sleep(60)")
    finally:
        await hasty.close()
