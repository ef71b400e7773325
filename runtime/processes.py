"""The processes that are no stream workers, each as one function that runs until it is told to stop."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

import uvicorn

from api.admission import Doorkeeper
from api.app import create_app
from api.deps import Deps
from domain.errors import Unavailable
from runtime.listening import Server
from runtime.process import expose, settle, until_stopped
from runtime.settings import Settings
from runtime.telemetry import Telemetry
from runtime.wiring import import_desk, issuer, open_api, open_archive, open_desk, read_pack
from store.seat import seat
from streams.broker import producing
from streams.imports import work_imports
from streams.reading_days import turn_days
from streams.relay import Publisher, follow, reactions
from streams.sweep import sweep
from streams.tidy import tidy

log = logging.getLogger(__name__)

_SEAT_PAUSE = 1.0
RELAY = "relay"


def run_api(settings: Settings, number: int) -> None:
    """Serve HTTP. Several processes may share the port: the kernel deals out the connections.

    ``/metrics`` then answers for whichever process was dealt the request; each has its own figures port beside.
    """
    telemetry = Telemetry()
    expose(telemetry, settings, 20 + number)

    async def scrape(tools: Deps) -> bytes:
        with suppress(Unavailable):
            telemetry.business(await tools.views.figures())
        telemetry["cityloop_streams"].set(tools.hub.subscribers)
        telemetry.inside(tools.admission.rooms.inside)
        return telemetry.render()

    inner = create_app(lambda: _settled(open_api(settings, telemetry.attached, telemetry.admitted)), scrape)
    app = Doorkeeper(telemetry.timed(inner), lambda: inner.state.deps.admission)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((settings.api_host, settings.api_port))
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        loop="uvloop",
        http="httptools",
        timeout_graceful_shutdown=5,
        forwarded_allow_ips=settings.trusted_proxies,
    )
    Server(config, listener, at_once=app.at_once).run()


@asynccontextmanager
async def _settled(opening: AbstractAsyncContextManager[Deps]) -> AsyncIterator[Deps]:
    """The API's tools, once they are built out of the garbage collector's way."""
    async with opening as tools:
        settle()
        yield tools


def run_relay(settings: Settings) -> None:
    """Publish settled events until stopped. Several may run; one has the seat."""
    telemetry = Telemetry()
    expose(telemetry, settings, 10)
    asyncio.run(until_stopped(lambda: _relay(settings, telemetry)))


async def _relay(settings: Settings, telemetry: Telemetry) -> None:
    async with open_desk(settings, "cityloop-relay", read_pack(settings)) as desk:
        while True:
            try:
                async with seat(desk.pool, RELAY) as taken:
                    if taken is None:
                        await asyncio.sleep(_SEAT_PAUSE)
                        continue
                    async with producing(settings.kafka_bootstrap) as producer:
                        told, render = reactions(desk.office.advisers.policy), issuer(desk.pack).render
                        publisher = Publisher(producer, settings.topic_prefix, told, render)
                        await follow(taken, publisher, telemetry["cityloop_relay_events"].inc)
            except Unavailable as error:
                log.warning("relay starts over: %s", error)
                await asyncio.sleep(_SEAT_PAUSE)


def run_sweep(settings: Settings) -> None:
    """Ring the alarms of deadlines, work off imports and tidy the attachments until stopped. Several may run."""
    telemetry = Telemetry()
    expose(telemetry, settings, 11)

    def beat(rang: int) -> None:
        telemetry["cityloop_sweep_rounds"].inc()
        telemetry["cityloop_sweep_rang"].inc(rang)

    async def run() -> None:
        async with open_desk(settings, "cityloop-sweep") as desk:
            with open_archive(settings, desk.office, telemetry.attached) as archive:
                tables = import_desk(settings, desk, archive.blobs, telemetry.imported)
                await asyncio.gather(
                    sweep(desk.office, beat),
                    tidy(archive),
                    work_imports(tables),
                    turn_days(desk.office, settings.readings_days, settings.readings_path),
                )

    asyncio.run(until_stopped(run))
