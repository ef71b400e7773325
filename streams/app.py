"""The Faust app of a worker process: made here, given its doors, run until it stops. Called by runtime.wiring."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import faust

from streams.damping import damp_clients
from streams.door import Door, TooManyUnexpected
from streams.source import FaustSource

T = TypeVar("T")

EXIT_UNFIT = 76
"""The worker stopped itself because of too many unexpected errors. Starting it again will not help by itself."""

_DAY = 86_400.0


def build_app(
    name: str,
    bootstrap: str,
    data_dir: Path,
    *,
    session_timeout: float = 10.0,
    request_timeout: float = 20.0,
    buffer: int = 4096,
) -> Any:
    """A Faust app for the consumer group ``name``; nothing is connected yet.

    ``bootstrap`` is one or more ``host:port`` with commas between. Timeouts are in seconds: a worker that dies is
    replaced after ``session_timeout``, a request to a silent broker is given up after ``request_timeout``.
    ``buffer`` is how many records a door may have waiting.
    """
    return faust.App(
        name,
        broker=[f"kafka://{server.strip()}" for server in bootstrap.split(",")],
        broker_client_id=client_id(name),
        datadir=str(data_dir),
        store="memory://",
        # Effects happen once because of PostgreSQL. Kafka's own "exactly once" lost its place on recovery.
        processing_guarantee="at_least_once",
        broker_commit_interval=1.0,
        broker_session_timeout=session_timeout,
        broker_heartbeat_interval=1.0,
        broker_request_timeout=request_timeout,
        producer_request_timeout=request_timeout,
        # a table's value of a gateway with hundreds of devices is larger than Faust's 16 KiB for all that go together
        producer_max_batch_size=1 << 20,
        # While a neighbour is away a full buffer stops all fetching. That is patience and no reason to leave the group.
        broker_max_poll_interval=_DAY,
        # A rebalance waits for the batch in work: without it, done work would come twice as often.
        stream_wait_empty=True,
        stream_buffer_maxsize=buffer,
        # Faust's own detectors of stalls only log, and they watch iterators we do not use. Ours is streams.watchdog.
        stream_processing_timeout=_DAY,
        broker_commit_livelock_soft_timeout=_DAY,
        # Source topics are made by streams.topics with the partitions they are meant to have.
        topic_allow_declare=False,
        topic_disable_leader=True,
        # A second copy of a table in another worker would be read on as it grows; recovery reads the changelog instead.
        table_standby_replicas=0,
        web_enabled=False,
        worker_redirect_stdouts=False,
        autodiscover=False,
    )


def client_id(name: str) -> str:
    """What this process calls itself before the broker; a watchdog finds its own partitions by it."""
    return f"{name}-{os.uname().nodename}-{os.getpid()}"


def serve(app: Any, door: Door[T], topic: str) -> None:
    """Let the door work on every partition of that topic this process is given; one batch at a time, in order."""

    async def agent(stream: Any) -> None:
        with suppress(StopAsyncIteration):  # Faust's way to tell an agent that the worker stops
            await door.run(FaustSource(stream))

    source = app.topic(topic, key_serializer="raw", value_serializer="raw", value_type=bytes, key_type=bytes)
    app.agent(source, name=door.name, concurrency=1)(agent)


def run_worker(app: Any, loglevel: str = "INFO") -> int:
    """Work until SIGTERM or SIGINT and return the exit code: 0, 1 after a crash, ``EXIT_UNFIT``.

    Unfinished batches are not committed. ``loglevel`` must be INFO or lower: above it Faust sets the root logger to
    DEBUG for a progress spinner.
    """
    damp_clients()
    worker = faust.Worker(app, loglevel=loglevel, quiet=True, redirect_stdouts=False)
    code = 0
    try:
        worker.execute_from_commandline()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    return EXIT_UNFIT if isinstance(app.crash_reason, TooManyUnexpected) else code
