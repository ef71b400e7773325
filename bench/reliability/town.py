"""A machine under drill: the product's own processes, kept going by its supervisor, behind proxies that break lines."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from bench.reliability.careless import CarelessWorker
from bench.reliability.proxy import FaultProxy
from runtime.machine import Machine, machine
from runtime.settings import Settings
from runtime.supervisor import Process
from streams.topics import HOTLINE


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a drill takes place: servers that run, an empty database on one of them, a folder, the broker's proxy."""

    dsn: str
    bootstrap: str
    home: Path
    broker: FaultProxy | None = None


@dataclass(slots=True)
class Town:
    """The running machine. ``dsn`` leads to the database directly, ``url`` to the API through its proxy."""

    machine: Machine
    dsn: str
    database: FaultProxy
    http: FaultProxy
    broker: FaultProxy | None
    killed: dict[str, int] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """The machine's settings, whose database is behind the proxy."""
        return self.machine.settings

    @property
    def url(self) -> str:
        """The API through its proxy."""
        return f"http://127.0.0.1:{self.http.port}"

    @property
    def prefix(self) -> str:
        """First part of the names of its topics."""
        return self.settings.topic_prefix

    @property
    def group(self) -> str:
        """The workers' consumer group."""
        return f"{self.prefix}.worker"

    @property
    def hotline(self) -> str:
        """The topic of hotline tickets."""
        return HOTLINE.full(self.prefix)

    @property
    def workers(self) -> list[Process]:
        """The stream workers that are kept going now."""
        return [process for process in self.machine.supervisor.processes if process.command[0] == "worker"]

    def kill(self, name: str) -> None:
        """SIGKILL; the supervisor brings it back. A process that is down already is left to it."""
        for process in self.machine.supervisor.processes:
            pid = process.pid
            if process.name == name and pid is not None:
                os.kill(pid, signal.SIGKILL)
                self.killed[name] = self.killed.get(name, 0) + 1

    async def without_workers(self) -> list[Process]:
        """Stop the workers in order; nobody starts them again until they are handed to ``employ``."""
        stopped = self.workers
        for process in stopped:
            self.machine.supervisor.processes.remove(process)
        await asyncio.gather(*(asyncio.to_thread(process.stop) for process in stopped))
        return stopped

    async def employ(self, workers: Sequence[Process]) -> None:
        """Start workers and keep them going."""
        for process in workers:
            await asyncio.to_thread(process.start)
            self.machine.supervisor.processes.append(process)


@asynccontextmanager
async def town(ground: Ground, *, apis: int, workers: int, careless: str = "") -> AsyncIterator[Town]:
    """Start everything, and stop it at the end. ``careless`` names the worker a control employs instead of ours."""
    async with AsyncExitStack() as stack:
        address = urlsplit(ground.dsn)
        database = await stack.enter_async_context(FaultProxy(address.port or 5432))
        http = await stack.enter_async_context(FaultProxy())
        name = f"drill-{uuid4().hex[:8]}"
        given = Settings(
            home=ground.home / name,
            database_url=address._replace(netloc=_through(address.netloc, database.port)).geturl(),
            kafka_bootstrap=ground.bootstrap,
            topic_prefix=name,
            api_processes=apis,
            workers=workers,
        )
        running = machine(given, lambda _: None)
        found = await asyncio.to_thread(running.__enter__)
        stack.push_async_callback(asyncio.to_thread, running.__exit__, None, None, None)
        http.upstream = found.settings.api_port
        place = Town(found, ground.dsn, database, http, ground.broker)
        if careless:
            ours = await place.without_workers()
            fields = ("name", "command", "environment", "home")
            others = [CarelessWorker(**{each: getattr(one, each) for each in fields}) for one in ours]
            for one in others:
                one.environment = {**one.environment, CarelessWorker.VARIABLE: careless}
            await place.employ(others)
        yield place


def _through(netloc: str, port: int) -> str:
    user, at, _ = netloc.rpartition("@")
    return f"{user}{at}127.0.0.1:{port}"


def in_home(town: Town, name: str) -> Path:
    """A file of the drill's own beside the machine's."""
    return town.settings.home / name
