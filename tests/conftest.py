"""Fixtures shared by all tests: the real broker and the real database, started once a session."""

import os
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

with warnings.catch_warnings():
    # kafka-python reads its protocol files by deprecated calls, once, while it is imported for the first time.
    warnings.filterwarnings("ignore", "(read|open)_text is deprecated", DeprecationWarning)
    from runtime.embedded import EmbeddedKafka, EmbeddedPostgres

from handlers.ports import Office
from store.migrate import migrate
from store.pool import Pool, connect

if TYPE_CHECKING:
    from tests.front_door import FrontDoor

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def jar_cache() -> Path:
    """Where the Kafka jars are kept between runs."""
    return ROOT / ".cache" / "kafka"


@pytest.fixture(scope="session")
def server_home() -> Iterator[Path]:
    """A directory for the servers' data. Not pytest's own: that one is closed to the user PostgreSQL runs as."""
    home = Path(tempfile.mkdtemp(prefix="cityloop-tests-"))
    home.chmod(0o755)
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def kafka_bootstrap(server_home: Path, jar_cache: Path) -> Iterator[str]:
    """Address of a broker: the one CITYLOOP_KAFKA_BOOTSTRAP names, else an embedded one."""
    given = os.environ.get("CITYLOOP_KAFKA_BOOTSTRAP")
    if given:
        yield given
        return
    with EmbeddedKafka(server_home / "kafka", jar_cache) as broker:
        yield broker.bootstrap


@pytest.fixture(scope="session")
def postgres_dsn(server_home: Path) -> Iterator[str]:
    """Address of a database: the one CITYLOOP_DATABASE_URL names, else an embedded one."""
    given = os.environ.get("CITYLOOP_DATABASE_URL")
    if given:
        yield given
        return
    with EmbeddedPostgres(server_home / "postgres") as database:
        yield database.dsn


@asynccontextmanager
async def fresh_database(postgres_dsn: str) -> AsyncIterator[str]:
    """A migrated database of its own on a server, dropped at the end."""
    name = f"t_{uuid4().hex[:16]}"
    keeper = await asyncpg.connect(postgres_dsn)
    try:
        await keeper.execute(f"CREATE DATABASE {name}")
        try:
            dsn = urlsplit(postgres_dsn)._replace(path=f"/{name}").geturl()
            await migrate(dsn)
            yield dsn
        finally:
            await keeper.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await keeper.close()


@pytest.fixture(scope="module")
async def fresh_dsn(postgres_dsn: str) -> AsyncIterator[str]:
    """A migrated database of its own for each module of tests."""
    async with fresh_database(postgres_dsn) as dsn:
        yield dsn


@pytest.fixture(scope="module")
async def pool(fresh_dsn: str) -> AsyncIterator[Pool]:
    """Connections to the module's database, as our processes open them."""
    connections = await connect(fresh_dsn, size=8, application="tests")
    yield connections
    await connections.close()


@pytest.fixture(scope="module")
def office(pool: Pool) -> Office:
    """The demo city's office on the module's database."""
    from tests.demo_city import an_office  # reads a city pack: tests that need none do not pay for it

    return an_office(pool)


@pytest.fixture(scope="module")
async def city(fresh_dsn: str) -> "AsyncIterator[FrontDoor]":
    """The HTTP door on the module's database, in this process; its broker is away."""
    from tests.front_door import front_door  # imports the whole application

    async with front_door(fresh_dsn, kafka="127.0.0.1:1") as door:
        yield door
