"""Keeps the processes of one machine running: servers first, then api, workers, relay and sweep; restarts what ends."""

import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

from domain.errors import Unavailable
from runtime.embedded import EmbeddedKafka, EmbeddedPostgres
from runtime.embedded.child import Child, stop_recorded
from runtime.embedded.server import EmbeddedServer, free_port, port_is_free
from runtime.settings import ROOT, Settings

log = logging.getLogger(__name__)

Progress = Callable[[str], None]

_STEPS = ((signal.SIGTERM, 12.0),)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0
_STABLE_AFTER = 30.0
_LOOK_EVERY = 0.2


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the real servers are, and those of them that are ours to keep alive."""

    settings: Settings
    embedded: tuple[EmbeddedServer, ...]


@contextmanager
def servers(settings: Settings, say: Progress) -> Iterator[Servers]:
    """Settings with the addresses of real servers: those given, else embedded ones that live as long as this.

    Raises ``Unavailable`` with the remedy when a server cannot be started.
    """
    if settings.api_port and not port_is_free(settings.api_port):
        raise Unavailable(
            "api-port-taken",
            "接口端口被占用",
            f"port {settings.api_port} is taken; stop the program that listens there or set CITYLOOP_API_PORT",
        )
    embedded: list[EmbeddedServer] = []
    with contextlib.ExitStack() as stack:
        if not settings.database_url:
            postgres = EmbeddedPostgres(settings.home / "postgres", settings.postgres_port or None, say)
            embedded.append(stack.enter_context(postgres))
            settings = replace(settings, database_url=postgres.dsn)
        if not settings.kafka_bootstrap:
            cache = ROOT / ".cache" / "kafka"
            kafka = EmbeddedKafka(settings.home / "kafka", cache, settings.kafka_port or None, say)
            embedded.append(stack.enter_context(kafka))
            settings = replace(settings, kafka_bootstrap=kafka.bootstrap)
        if not settings.api_port:
            settings = replace(settings, api_port=free_port())
        yield Servers(settings, tuple(embedded))


@dataclass(slots=True)
class Process:
    """One supervised process: how it is started and how its last starts went."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]
    home: Path
    child: Child | None = None
    started: float = 0.0
    pause: float = _FIRST_PAUSE
    restarts: int = field(default=-1)

    def start(self) -> None:
        """Start it; its output goes to its log."""
        logs = self.home / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        record = self.home / f"{self.name}.pid"
        stop_recorded(record, ["runtime.cli", *self.command], _STEPS)
        self.child = Child(
            [sys.executable, "-m", "runtime.cli", *self.command],
            env={**os.environ, **self.environment, "PYTHONPATH": str(ROOT)},
            log=logs / f"{self.name}.log",
            pid_file=record,
            # when we are killed nobody is left to wait for it, and every process is safe to kill
            parting=signal.SIGKILL,
        )
        self.child.spawn()
        self.started = time.monotonic()
        self.restarts += 1

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self.child.pid if self.child is not None else None

    def stop(self) -> None:
        """Stop it in order, within a bounded time."""
        if self.child is not None:
            self.child.stop(_STEPS)

    def look(self) -> None:
        """Restart it if it ended, the sooner the longer it had run."""
        if self.child is None or self.child.pid is not None:
            return
        ran = time.monotonic() - self.started
        if ran > _STABLE_AFTER:
            self.pause = _FIRST_PAUSE
        if ran > self.pause:
            self.pause = min(self.pause * 2, _LONGEST_PAUSE)
            self.start()


class Supervisor:
    """Starts the kinds of processes and keeps them, and the embedded servers, going until it is stopped."""

    def __init__(self, settings: Settings, embedded: Sequence[EmbeddedServer] = ()) -> None:
        self.embedded = tuple(embedded)
        environment = settings.environment()
        wanted = [
            ("api", settings.api_processes),
            ("worker", settings.workers),
            ("sensors", settings.sensor_workers),
            ("relay", 1),
            ("sweep", 1),
        ]
        self.processes = [
            Process(
                f"{kind}-{n}" if count > 1 else kind,
                (kind,) if count == 1 else (kind, "--number", str(n)),
                environment,
                settings.home,
            )
            for kind, count in wanted
            for n in range(count)
        ]

    def start(self) -> None:
        """Start them all."""
        for process in self.processes:
            process.start()

    def stop(self) -> None:
        """Stop them all, the doors first, so that nothing new comes in while the rest finishes."""
        for process in self.processes:
            process.stop()

    def keep(self, until: Event) -> None:
        """Restart what ends, until told otherwise. Runs in a thread of its own."""
        while not until.wait(_LOOK_EVERY):
            for server in self.embedded:
                if not server.alive:
                    try:
                        server.start()
                    except Unavailable as error:
                        log.error("%s does not come back: %s", server.name, error)
            for process in self.processes:
                process.look()
