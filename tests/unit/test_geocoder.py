"""The online geocoder against a server of this machine that speaks the services' shapes, or answers late."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from domain.errors import Invalid, Unavailable
from domain.place import Crs
from geo.address.entries import Precision
from runtime.geocoder import OnlineGeocoder, geocoder
from runtime.geocoder_shapes import Service
from runtime.settings import Settings

AMAP = {
    "status": "1",
    "geocodes": [{"formatted_address": "云湖市湖滨路12号", "level": "门牌号", "location": "113.931,27.955"}],
}
TIANDITU = {"status": "0", "location": {"keyWord": "湖滨路12号", "level": "门址", "lon": "113.931", "lat": "27.955"}}


class Desk:
    """What the server answers, and what it was asked."""

    def __init__(self, answer: object, status: int = 200) -> None:
        self.body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.status = status
        self.asked: list[dict[str, list[str]]] = []
        self.held = threading.Event()
        self.held.set()


@contextmanager
def serving(desk: Desk) -> Iterator[str]:
    """The address of a server for one desk."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            desk.asked.append(parse_qs(urlsplit(self.path).query))
            desk.held.wait(10)
            self.send_response(desk.status)
            self.send_header("Content-Length", str(len(desk.body)))
            self.end_headers()
            self.wfile.write(desk.body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/geo"
    finally:
        desk.held.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("service", "answer"), [(Service.AMAP, AMAP), (Service.TIANDITU, TIANDITU)])
async def test_an_answer_becomes_a_candidate_for_the_desk(service: Service, answer: object) -> None:
    desk = Desk(answer)
    with serving(desk) as url:
        settings = Settings(geocoder_url=url, geocoder_service=service, geocoder_key="k")
        async with geocoder(settings) as online:
            (one,) = await online.candidates("湖滨路12号")

    assert one.precision is Precision.HOUSE_NUMBER
    assert one.score < 0.8
    assert one.point is not None
    if service is Service.AMAP:
        assert one.point.crs is Crs.WGS84
        assert 0.001 < abs(one.point.lon - 113.931) < 0.01, "GCJ-02 was not converted"
        assert desk.asked == [{"address": ["湖滨路12号"], "key": ["k"], "output": ["JSON"]}]
    else:
        assert (one.point.lon, one.point.lat, one.point.crs) == (113.931, 27.955, Crs.CGCS2000)
        assert json.loads(desk.asked[0]["ds"][0]) == {"keyWord": "湖滨路12号"}


async def test_a_text_is_asked_once_while_it_is_remembered() -> None:
    desk = Desk(AMAP)
    with serving(desk) as url:
        async with httpx.AsyncClient(trust_env=False) as client:
            online = OnlineGeocoder(client, Service.AMAP, url, "k", cached=2)
            for text in ("甲", "甲", "乙", "丙", "甲"):
                await online.candidates(text)

    assert [asked["address"] for asked in desk.asked] == [["甲"], ["乙"], ["丙"], ["甲"]]


async def test_a_service_that_is_late_is_not_waited_for_and_may_be_asked_again() -> None:
    desk = Desk(AMAP)
    desk.held.clear()
    with serving(desk) as url:
        async with httpx.AsyncClient(trust_env=False) as client:
            online = OnlineGeocoder(client, Service.AMAP, url, "k", seconds=0.05)
            with pytest.raises(Unavailable) as late:
                await online.candidates("甲")
            desk.held.set()
            patient = OnlineGeocoder(client, Service.AMAP, url, "k", seconds=10)
            assert await patient.candidates("甲")

    assert late.value.code == "geocoder-unavailable"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({}, 500),
        (b"<html>", 200),
        ({"status": "0", "info": "INVALID_USER_KEY"}, 200),
        ([], 200),
        ({"status": "1", "geocodes": [{"formatted_address": "x", "level": "", "location": "nowhere"}]}, 200),
        ({"status": "1", "geocodes": [{"formatted_address": "x", "level": "", "location": "999,1"}]}, 200),
    ],
)
async def test_whatever_is_no_answer_is_told_without_the_address(answer: object, status: int) -> None:
    with serving(Desk(answer, status)) as url:
        async with geocoder(Settings(geocoder_url=url, geocoder_service=Service.AMAP, geocoder_key="secret")) as online:
            with pytest.raises(Unavailable) as away:
                await online.candidates("湖滨路12号")

    told = f"{away.value.code} {away.value.detail} {away.value}"
    assert "湖滨路" not in told
    assert "secret" not in told


async def test_it_is_off_unless_the_city_switches_it_on() -> None:
    with pytest.raises(Invalid) as off:
        async with geocoder(Settings()):
            pass

    assert off.value.code == "geocoder-off"
