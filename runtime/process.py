"""What every process needs whatever it does: its figures, its way to Kafka, an end in order."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from prometheus_client import start_http_server

from domain.errors import Unavailable
from runtime.settings import Settings
from runtime.telemetry import Telemetry


def expose(telemetry: Telemetry, settings: Settings, offset: int) -> None:
    """Serve the figures on the first metrics port + ``offset``, if the settings name one."""
    if settings.metrics_port:
        start_http_server(settings.metrics_port + offset, settings.api_host, registry=telemetry.registry)


@asynccontextmanager
async def producer_of(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """A started producer that waits for all replicas. Raises ``Unavailable`` if the broker does not answer."""
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


async def until_stopped(run: Callable[[], Awaitable[None]]) -> None:
    """Run until SIGTERM or SIGINT, then end in order."""
    task = asyncio.ensure_future(run())
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


def settle() -> None:
    """Take the pack and the modules out of the garbage collector's rounds: they live as long as the process."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
