"""The broker as our own processes write to it, and what they call it when it does not answer."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import aiokafka.errors
import kafka.errors
from aiokafka import AIOKafkaProducer
from faust.exceptions import ProducerSendError

from domain.errors import Unavailable

_PATIENCE = 15.0

# a time limit of our own that ran out is an OSError too
_SILENCE = (aiokafka.errors.KafkaError, kafka.errors.KafkaError, ProducerSendError, OSError)


@contextmanager
def answering(hint: str = "") -> Iterator[None]:
    """Within, a broker that does not answer is ``Unavailable``, whichever library finds it out; ``hint`` says more."""
    try:
        yield
    except _SILENCE as error:
        # the kind alone: messages quote what was to be sent
        raise Unavailable("kafka-unavailable", "消息服务暂不可用", hint or type(error).__name__) from error


async def started_producer(bootstrap: str, patience: float = _PATIENCE) -> AIOKafkaProducer:
    """A producer to be stopped by the caller. What in-sync replicas all have is acknowledged, and nothing earlier.

    ``patience`` are the seconds after which a record that is not taken is given up. Raises ``Unavailable``.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        linger_ms=2,
        max_batch_size=256 * 1024,
        request_timeout_ms=round(patience * 1000),
    )
    try:
        with answering():
            await producer.start()
    except BaseException:
        await producer.stop()
        raise
    return producer


@asynccontextmanager
async def producing(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    """A producer for as long as it is needed. Raises ``Unavailable``, at the start and for what is sent within."""
    producer = await started_producer(bootstrap)
    try:
        with answering():
            yield producer
    finally:
        await producer.stop()
