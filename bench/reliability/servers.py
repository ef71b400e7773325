"""Real servers for the long form: PostgreSQL, and Kafka behind a proxy that every client is sent through."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import asyncpg

from bench.reliability.proxy import FaultProxy
from bench.reliability.town import Ground
from runtime.embedded import EmbeddedKafka, EmbeddedPostgres
from runtime.embedded.server import free_port
from runtime.settings import ROOT


class ProxiedKafka(EmbeddedKafka):
    """A broker that names a proxy as its address, so that clients have no other way to it."""

    name: ClassVar[str] = "kafka"

    def __init__(self, home: Path, cache: Path, proxy: int) -> None:
        super().__init__(home, cache, free_port())
        self._proxy = proxy

    def _write_settings(self, port: int) -> None:
        super()._write_settings(port)
        text = self._settings.read_text(encoding="ascii")
        ours = f"advertised.listeners=PLAINTEXT://127.0.0.1:{port}"
        self._settings.write_text(text.replace(ours, ours.replace(f":{port}", f":{self._proxy}")), encoding="ascii")


@dataclass(slots=True)
class Servers:
    """Running servers; every drill gets a database of its own on them."""

    postgres: EmbeddedPostgres
    broker: FaultProxy
    home: Path

    async def ground(self, name: str) -> Ground:
        """An empty database, and the rest as it is."""
        keeper = await asyncpg.connect(self.postgres.dsn)
        try:
            await keeper.execute(f'CREATE DATABASE "{name}"')
        finally:
            await keeper.close()
        dsn = urlsplit(self.postgres.dsn)._replace(path=f"/{name}").geturl()
        return Ground(dsn, f"127.0.0.1:{self.broker.port}", self.home, self.broker)


@asynccontextmanager
async def servers(home: Path) -> AsyncIterator[Servers]:
    """Start both under ``home``, which the database's user must be able to reach; stop them at the end."""
    async with FaultProxy() as broker:
        kafka = ProxiedKafka(home / "kafka", ROOT / ".cache" / "kafka", broker.port)
        postgres = EmbeddedPostgres(home / "postgres")
        try:
            await asyncio.to_thread(postgres.start)
            broker.upstream = kafka.port  # known beforehand: it is asked through the proxy whether it answers
            await asyncio.to_thread(kafka.start)
            yield Servers(postgres, broker, home)
        finally:
            await asyncio.to_thread(kafka.stop)
            await asyncio.to_thread(postgres.stop)
