"""The four kinds of processes, each as one function that runs until it is told to stop."""

import asyncio
import gc
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

import uvicorn
import uvloop
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from prometheus_client import start_http_server

from api.admission import Doorkeeper
from api.app import create_app
from api.deps import Deps
from domain.errors import Unavailable
from runtime.listening import Server
from runtime.settings import Settings
from runtime.telemetry import Telemetry
from runtime.wiring import import_desk, issuer, open_api, open_archive, open_desk, read_pack
from store.seat import seat
from streams.app import build_app, client_id, run_worker, serve
from streams.doors import doors
from streams.imports import work_imports
from streams.offsets import prime_offsets
from streams.relay import Publisher, follow, reactions
from streams.sweep import sweep
from streams.tidy import tidy
from streams.watchdog import Watchdog

log = logging.getLogger(__name__)

_SEAT_PAUSE = 1.0
RELAY = "relay"


def run_api(settings: Settings, number: int) -> None:
    """Serve HTTP. Several processes may share the port: the kernel deals out the connections.

    ``/metrics`` then answers for whichever process was dealt the request; each has its own figures port beside.
    """
    telemetry = Telemetry()
    _expose(telemetry, settings, 20 + number)

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
    Server(config, listener).run()


def run_stream_worker(settings: Settings, number: int) -> None:
    """Read the intake and work topics until stopped; the process ends with the worker's exit code."""
    telemetry = Telemetry()
    _expose(telemetry, settings, number)
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    desk = open_desk(settings, f"cityloop-worker-{number}")
    office = loop.run_until_complete(desk.__aenter__()).office
    group = f"{settings.topic_prefix}.worker"
    app = build_app(group, settings.kafka_bootstrap, settings.home / "faust")
    served = list(doors(office, telemetry))
    for topic, door in served:
        serve(app, door, topic.full(settings.topic_prefix))
    _settle()
    topics = [topic.full(settings.topic_prefix) for topic, _ in served]
    prime_offsets(settings.kafka_bootstrap, group, topics)
    watchdog = Watchdog(
        settings.kafka_bootstrap,
        group,
        topics,
        client_id(group),
        excused_until=lambda: max(door.excused_until for _, door in served),
        observe=telemetry.lag,
    )
    watchdog.start()
    code = run_worker(app)
    watchdog.stop()
    sys.exit(code)


def run_relay(settings: Settings) -> None:
    """Publish settled events until stopped. Several may run; one has the seat."""
    telemetry = Telemetry()
    _expose(telemetry, settings, 10)
    asyncio.run(_until_stopped(lambda: _relay(settings, telemetry)))


async def _relay(settings: Settings, telemetry: Telemetry) -> None:
    async with open_desk(settings, "cityloop-relay", read_pack(settings)) as desk:
        while True:
            try:
                async with seat(desk.pool, RELAY) as taken:
                    if taken is None:
                        await asyncio.sleep(_SEAT_PAUSE)
                        continue
                    async with _producer(settings) as producer:
                        told, render = reactions(desk.office.advisers.policy), issuer(desk.pack).render
                        publisher = Publisher(producer, settings.topic_prefix, told, render)
                        await follow(taken, publisher, telemetry["cityloop_relay_events"].inc)
            except Unavailable as error:
                log.warning("relay starts over: %s", error)
                await asyncio.sleep(_SEAT_PAUSE)


@asynccontextmanager
async def _producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap,
        acks="all",
        enable_idempotence=True,
        linger_ms=2,
        max_batch_size=256 * 1024,
        request_timeout_ms=15_000,
    )
    try:
        await producer.start()
        yield producer
    except (KafkaError, OSError) as error:
        raise Unavailable("kafka-unavailable", "消息服务暂不可用", type(error).__name__) from error
    finally:
        await producer.stop()


def run_sweep(settings: Settings) -> None:
    """Ring the alarms of deadlines, work off imports and tidy the attachments until stopped. Several may run."""
    telemetry = Telemetry()
    _expose(telemetry, settings, 11)

    def beat(rang: int) -> None:
        telemetry["cityloop_sweep_rounds"].inc()
        telemetry["cityloop_sweep_rang"].inc(rang)

    async def run() -> None:
        async with open_desk(settings, "cityloop-sweep") as desk:
            with open_archive(settings, desk.office, telemetry.attached) as archive:
                tables = import_desk(settings, desk, archive.blobs, telemetry.imported)
                await asyncio.gather(sweep(desk.office, beat), tidy(archive), work_imports(tables))

    asyncio.run(_until_stopped(run))


async def _until_stopped(run: Callable[[], Awaitable[None]]) -> None:
    """Run until SIGTERM or SIGINT, then end in order."""
    task = asyncio.ensure_future(run())
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


@asynccontextmanager
async def _settled(opening: AbstractAsyncContextManager[Deps]) -> AsyncIterator[Deps]:
    """The API's tools, once they are built out of the garbage collector's way."""
    async with opening as tools:
        _settle()
        yield tools


def _settle() -> None:
    """Take the pack and the modules out of the garbage collector's rounds: they live as long as the process."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _expose(telemetry: Telemetry, settings: Settings, offset: int) -> None:
    if settings.metrics_port:
        start_http_server(settings.metrics_port + offset, settings.api_host, registry=telemetry.registry)
